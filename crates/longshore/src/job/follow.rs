//! `longshore job watch`: tells what happens to a job as it happens, and how far it is, until it is over. What
//! `job status --watch` is for a customer, this is for who runs the service: by the same ways as `job history`.

use std::time::{Duration, Instant};

use model::operator::stations::FiguresLine;
use model::operator::{History, HistoryEntry, JobDetail};
use model::readable;

use super::all;
use super::watch::ending;
use crate::cli::HistoryArgs;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::progress_bar::LINE_EVERY;
use crate::way::Way;

/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_secs(2);

/// Tells what happens until the job is over.
///
/// # Errors
/// If the operation is refused, the service cannot be asked at the beginning, or stdout cannot be written.
pub(super) fn follow(args: &HistoryArgs) -> Result<Exit, Failure> {
    let ways = Ways::find(args)?;
    let mut told = Told::default();
    loop {
        match ways.ask(args) {
            Ok((job, history)) => {
                told.tell(&job, &history, args.json)?;
                if is_over(&job) {
                    return Ok(ending(Some(job.line.progress_code.as_str())));
                }
            }
            Err(failure) if told.entries > 0 && failure.exit == Exit::Unavailable => {
                tracing::warn!(error = output::chain(&failure.error), "not known how it is");
            }
            Err(failure) => return Err(failure),
        }
        std::thread::sleep(ASK_EVERY);
    }
}

/// The ways to what is told.
struct Ways {
    history: Way,
    /// The way to the service that runs here: how far a job is, only that knows.
    service: Option<Way>,
}

impl Ways {
    fn find(args: &HistoryArgs) -> Result<Self, Failure> {
        let store = &args.store;
        let service = match store.remote.server {
            Some(_) => None,
            None => Some(Way::on(&store.data)?),
        };
        Ok(Self {
            history: Way::open(store)?,
            service,
        })
    }

    /// How a job is, and then what happened to it: nothing that has ended it is missing.
    fn ask(&self, args: &HistoryArgs) -> Result<(JobDetail, Vec<HistoryEntry>), Failure> {
        let of_job = self.service.as_ref().unwrap_or(&self.history);
        let job = of_job.get(&format!("jobs/{}", args.job), &[])?;
        let path = format!("jobs/{}/history", args.job);
        let History { history, .. } = self.history.get(&path, &[])?;
        Ok((job, history))
    }
}

fn is_over(job: &JobDetail) -> bool {
    !matches!(job.line.progress_code.as_str(), "Pending" | "InProgress")
}

/// What was told.
#[derive(Debug, Default)]
struct Told {
    entries: usize,
    figures: Option<(FiguresLine, Instant)>,
}

impl Told {
    fn tell(
        &mut self,
        job: &JobDetail,
        history: &[HistoryEntry],
        json: bool,
    ) -> Result<(), Failure> {
        for entry in history.get(self.entries..).unwrap_or_default() {
            match json {
                true => output::json(entry)?,
                false => output::data(&all::one_line(entry))?,
            }
        }
        self.entries = self.entries.max(history.len());
        let figures = job.figures.as_ref().filter(|_| !json);
        if let Some(figures) = figures.filter(|figures| self.is_worth_a_line(figures)) {
            output::data(&format!("    {}\n", line(figures)))?;
            self.figures = Some((figures.clone(), Instant::now()));
        }
        Ok(())
    }

    /// Whether figures are other than the last, and those are a while ago.
    fn is_worth_a_line(&self, now: &FiguresLine) -> bool {
        let last = self.figures.as_ref();
        last.is_none_or(|(before, at)| before != now && at.elapsed() >= LINE_EVERY)
    }
}

fn line(figures: &FiguresLine) -> String {
    let FiguresLine {
        thousandths,
        files,
        files_found,
        failed,
        bytes,
        rate,
        ..
    } = figures;
    let percent = thousandths / 10;
    let bytes = readable::bytes(*bytes);
    let rate = rate.map(|rate| format!(", {}", readable::rate(rate)));
    let failed = match failed {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    format!(
        "{percent} %: {files} of {files_found} files, {bytes}{}{failed}",
        rate.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(files: u64) -> FiguresLine {
        FiguresLine {
            thousandths: 425,
            files,
            files_found: 40,
            failed: 0,
            bytes: 2_000_000,
            bytes_found: 5_000_000,
            rate: Some(1_500_000),
            seconds_left: None,
            current: None,
        }
    }

    #[test]
    fn figures_are_a_line_and_told_now_and_then() {
        let told = line(&figures(17));
        assert!(told.starts_with("42 %: 17 of 40 files, "), "{told}");
        assert!(!told.contains("failed"), "{told}");
        let failed = FiguresLine {
            failed: 2,
            ..figures(17)
        };
        assert!(line(&failed).ends_with(", 2 failed"));
        let mut told = Told::default();
        assert!(told.is_worth_a_line(&figures(1)));
        told.figures = Some((figures(1), Instant::now()));
        assert!(!told.is_worth_a_line(&figures(2)), "it was just told");
    }
}
