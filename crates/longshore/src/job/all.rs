//! `longshore job list --all` and `job history`: the jobs of all accounts, for the people who run the service.

use std::path::Path;

use anyhow::Context as _;
use model::ids::JobId;
use model::operator::rates::{JobRates, RateLine};
use model::operator::{History, HistoryEntry, JobDetail, JobLine, JobsPage};
use model::readable;
use paper::ShelfTag;
use serde_json::Value;

use crate::cli::{HistoryArgs, ListArgs, ServerArgs};
use crate::exit::{Exit, Failure};
use crate::way::Way;
use crate::{new_file, output};

/// Most characters of a name on a tag.
const TAG_CHARS: usize = 400;

/// Lists the jobs of all accounts.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(super) fn list(args: &ListArgs) -> Result<Exit, Failure> {
    let page: JobsPage = Way::open(&args.store())?.get("jobs", &query(args))?;
    if args.api.json {
        output::json(&page)?;
        return Ok(Exit::Ok);
    }
    output::data(&table(&page.jobs))?;
    if let Some(next) = &page.next {
        output::note(&format!(
            "There are more: --before {next} goes on, --limit N shows more at once."
        ));
    }
    Ok(Exit::Ok)
}

fn query(args: &ListArgs) -> Vec<(String, String)> {
    let wanted = &args.wanted;
    let pairs = [
        ("state", wanted.state.clone()),
        ("held", wanted.held.then(|| true.to_string())),
        ("account", wanted.account.clone()),
        ("station", wanted.station.as_ref().map(ToString::to_string)),
        ("search", wanted.search.clone()),
        ("before", wanted.before.map(|job| job.to_string())),
        ("limit", wanted.limit.map(|limit| limit.to_string())),
    ];
    let named = pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    named.collect()
}

fn table(jobs: &[JobLine]) -> String {
    let row = |job: &JobLine| {
        let errors = job.error_count.filter(|errors| *errors > 0);
        let place = match &job.station {
            Some(station) => station.to_string(),
            None => job.location_code.clone(),
        };
        [
            job.job_id.to_string(),
            job.job_type.to_string(),
            job.creation_date.to_string(),
            job.account_name
                .clone()
                .unwrap_or_else(|| job.account.to_string()),
            place,
            job.progress_code.clone(),
            errors.map(|errors| errors.to_string()).unwrap_or_default(),
            job.held
                .as_ref()
                .map(|held| match held.overdue {
                    true => format!("{} (overdue)", held.code),
                    false => held.code.clone(),
                })
                .unwrap_or_default(),
        ]
    };
    let rows: Vec<[String; 8]> = jobs.iter().map(row).collect();
    let header = [
        "JOB", "TYPE", "CREATED", "ACCOUNT", "WHERE", "PROGRESS", "ERRORS", "HELD",
    ];
    output::table(header, &rows)
}

/// Shows what happened to a job.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(super) fn history(args: &HistoryArgs) -> Result<Exit, Failure> {
    let history: History =
        Way::open(&args.store)?.get(&format!("jobs/{}/history", args.job), &[])?;
    if args.json {
        output::json(&history)?;
    } else {
        output::data(&lines(&history.history))?;
    }
    Ok(Exit::Ok)
}

/// Shows how fast a job went.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(super) fn rates(args: &HistoryArgs) -> Result<Exit, Failure> {
    let told: JobRates = Way::open(&args.store)?.get(&format!("jobs/{}/rates", args.job), &[])?;
    if args.json {
        output::json(&told)?;
        return Ok(Exit::Ok);
    }
    let row = |line: &RateLine| {
        [
            line.from.to_string(),
            line.until.to_string(),
            line.bytes.map(readable::bytes).unwrap_or_default(),
            line.rate
                .map_or_else(|| "not known".to_owned(), readable::rate),
        ]
    };
    let rows: Vec<[String; 4]> = told.rates.iter().map(row).collect();
    output::data(&output::table(["FROM", "UNTIL", "SENT", "RATE"], &rows))?;
    Ok(Exit::Ok)
}

/// Writes a tag for the device of a job.
///
/// # Errors
/// If the service cannot be asked, or the file is there or cannot be written.
pub(super) fn tag(job: JobId, file: &Path, server: &ServerArgs) -> Result<Exit, Failure> {
    let told: JobDetail = Way::beside(server)?.get(&format!("jobs/{job}"), &[])?;
    let tag = ShelfTag {
        job,
        about: told.shelf_lines(|name| readable::name(name, TAG_CHARS)),
    };
    let pdf = paper::shelf_tags(&[tag]).context("could not draw the tag")?;
    new_file::write(file, &pdf).with_context(|| format!("could not write `{}`", file.display()))?;
    output::note(&format!("The tag of job {job} is in {}.", file.display()));
    Ok(Exit::Ok)
}

fn lines(history: &[HistoryEntry]) -> String {
    let row = |entry: &HistoryEntry| {
        [
            entry.at.to_string(),
            entry.actor.to_string(),
            entry.event.clone(),
            entry.details.as_ref().map(told).unwrap_or_default(),
        ]
    };
    let rows: Vec<[String; 4]> = history.iter().map(row).collect();
    output::table(["TIME", "WHO", "WHAT", "DETAILS"], &rows)
}

/// One of them, for whoever sees them as they come.
pub(super) fn one_line(entry: &HistoryEntry) -> String {
    let HistoryEntry {
        at, actor, event, ..
    } = entry;
    let details = entry.details.as_ref().map(told).unwrap_or_default();
    let line = format!("{at}  {actor}  {event}  {details}");
    output::printable(&format!("{}\n", line.trim_end()))
}

/// What is told of an event beside its name: `errors 3, log.bucket logs`.
fn told(details: &Value) -> String {
    let mut all = Vec::new();
    collect("", details, &mut all);
    all.retain(|(name, _)| name != "event");
    let all: Vec<String> = all
        .into_iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    all.join(", ")
}

fn collect(name: &str, value: &Value, all: &mut Vec<(String, String)>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = match name {
                    "" => field.clone(),
                    name => format!("{name}.{field}"),
                };
                collect(&name, value, all);
            }
        }
        // In quotes, so that no text passes for something else.
        Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            all.push((name.to_owned(), value.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::actor::Actor;
    use model::event::Event;
    use model::progress::LogLocation;

    #[test]
    fn a_history_is_a_table_with_all_that_is_known() {
        let at = "2026-01-02T03:04:05Z".parse().unwrap();
        let finished = Event::TransferFinished {
            errors: 3,
            log: LogLocation {
                bucket: "logs".to_owned().try_into().unwrap(),
                key: "k".to_owned().try_into().unwrap(),
            },
            remark: None,
            files: Vec::new(),
            sums: None,
        };
        let station = Actor::Station("dock-1".parse().unwrap());
        let history = [
            HistoryEntry::of(at, Actor::Service, None),
            HistoryEntry::of(at, station, Some(&finished)),
        ];
        assert_eq!(
            lines(&history),
            "TIME                  WHO             WHAT              DETAILS\n\
             2026-01-02T03:04:05Z  service         Created\n\
             2026-01-02T03:04:05Z  station:dock-1  TransferFinished  errors 3, log.bucket \"logs\", log.key \"k\"\n"
        );
    }
}
