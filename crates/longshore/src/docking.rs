//! Docks a device at a station with progress on the screen, and says how it went: shared by `import`
//! and `dock`.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bay::FormatError;
use bay::luks::LuksError;
use model::ids::{BucketName, JobId};
use model::readable;
use model::report::lines::Work;
use objectstore::StoreError;
use serde::Serialize;
use station::control::ControlError;
use station::dock::{DockError, Docking, Done, Station};
use transfer::export::planner::PlanFailure;
use transfer::progress::Progress;
use transfer::report::DeliveryError;
use transfer::stop::{Halt, Stop};

use crate::exit::{Exit, Failure};
use crate::{interrupt, output, progress_bar, raw};

/// Objects that are named on the screen of those that were replaced; the report names more.
const REPLACED: usize = 5;

/// A device that was loaded.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// What the station says.
    pub(crate) done: Done,
    /// How long it took.
    pub(crate) time: Duration,
    /// Files that an earlier attempt had stored.
    pub(crate) resumed: u64,
    /// Bytes sent in this attempt.
    pub(crate) sent_bytes: u64,
}

/// Docks a device until its job is done or cannot go on; Ctrl-C stops it in order.
///
/// # Errors
/// [`DockError`], or that signals cannot be listened for.
pub(crate) fn load(
    station: &Station,
    device: &Path,
    docking: &Docking,
) -> Result<Result<Loaded, DockError>, Failure> {
    load_watched(station, device, docking, &Progress::default())
}

/// The same for somebody who wants to know how far it came.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_watched(
    station: &Station,
    device: &Path,
    docking: &Docking,
    progress: &Progress,
) -> Result<Result<Loaded, DockError>, Failure> {
    load_by(progress, |stop| {
        station.dock(device, docking, progress, stop)
    })
}

/// The same by whatever docks it.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_by(
    progress: &Progress,
    dock: impl FnOnce(&Stop) -> Result<Done, DockError>,
) -> Result<Result<Loaded, DockError>, Failure> {
    let stop = Stop::default();
    interrupt::stops(stop.clone()).context("could not listen for signals")?;
    let begun = Instant::now();
    let docked = progress_bar::beside(progress, || dock(&stop));
    let snapshot = progress.snapshot();
    Ok(docked.map(|done| Loaded {
        done,
        time: begun.elapsed(),
        resumed: snapshot.resumed,
        sent_bytes: snapshot.sent_bytes,
    }))
}

impl Loaded {
    /// How the program ends.
    pub(crate) fn exit(&self) -> Exit {
        if self.done.errors > 0 {
            Exit::SomeFailed
        } else {
            Exit::Ok
        }
    }

    /// What was loaded, what was not, and what proves it.
    pub(crate) fn summary(&self) -> String {
        let (tally, work) = (self.done.tally, self.done.work);
        let findings = &self.done.report.findings;
        let totals = findings.totals;
        let unchanged = (totals.unchanged, totals.unchanged_bytes);
        let stored = tally.stored.saturating_sub(unchanged.0);
        let bytes = tally.bytes.saturating_sub(unchanged.1);
        let (done, to) = match work {
            Work::Export => ("Wrote", "to"),
            Work::Import | Work::Snapshot | Work::Archive => ("Loaded", "into"),
        };
        let mut text = format!(
            "{done} {} ({}) {to} {} in {}, {}. {}, {} left out.\n",
            output::count(stored, "file"),
            output::bytes(bytes),
            self.done.place,
            output::span(self.time),
            output::rate(self.sent_bytes, self.time),
            output::count(self.done.errors, "error"),
            readable::number(tally.ignored),
        );
        if totals.unchanged > 0 {
            text.push_str(&format!(
                "Unchanged {} ({}): in the bucket already, not sent again.\n",
                output::count(unchanged.0, "file"),
                output::bytes(unchanged.1)
            ));
        }
        if totals.sent_again > 0 {
            let (objects, were) = match totals.sent_again {
                1 => ("object was", "was"),
                _ => ("objects were", "were"),
            };
            text.push_str(&format!(
                "{} {objects} not in the bucket any more and {were} sent again.\n",
                totals.sent_again
            ));
        }
        if totals.replaced > 0 {
            text.push_str(&format!(
                "Replaced {}: other objects were there before.\n{}",
                totals.replaced,
                findings.replaced(REPLACED)
            ));
        }
        if self.resumed > 0 {
            let resumed = output::count(self.resumed, "file");
            text.push_str(&format!(
                "Of these {resumed} had been {} by an earlier attempt.\n",
                work.done()
            ));
        }
        let report = &self.done.report;
        let failures = report.findings.failures();
        if !failures.is_empty() {
            text.push_str(&format!("Not {}:\n{failures}", work.done()));
        }
        let partial = report.findings.partial();
        if !partial.is_empty() {
            text.push_str(&format!("Loaded in part:\n{partial}"));
        }
        let left_out = report.findings.left_out();
        if !left_out.is_empty() {
            text.push_str(&format!("Left out:\n{left_out}"));
        }
        text.push_str(&report.findings.proof(work, &report.attempts));
        if let Some(remark) = &self.done.remark {
            text.push_str(&format!("\n{remark}"));
        }
        if work == Work::Import && tally.stored == 0 && self.done.errors == 0 && tally.ignored <= 1
        {
            text.push_str(" Is it the right one, and is its file system mounted?");
        }
        text + "\n"
    }

    /// Where the report is, in the store and on this machine.
    pub(crate) fn report(&self) -> String {
        let Done { log, report, .. } = &self.done;
        format!(
            "s3://{}/{}  (and .jsonl, .txt; also {})",
            log.bucket,
            log.key,
            report.csv.display()
        )
    }

    /// The summary for machines: everything exact.
    pub(crate) fn json(&self) -> Summary<'_> {
        let Done {
            job,
            attempt,
            work,
            bucket,
            place,
            remark,
            errors,
            tally,
            log,
            report,
        } = &self.done;
        Summary {
            job: *job,
            attempt: *attempt,
            work: *work,
            bucket: bucket.as_ref().map(BucketName::as_str),
            place,
            remark: remark.as_deref(),
            files: tally.stored,
            bytes: tally.bytes,
            left_out: tally.ignored,
            errors: *errors,
            resumed: self.resumed,
            sent_bytes: self.sent_bytes,
            seconds: self.time.as_secs_f64(),
            report: format!("s3://{}/{}", log.bucket, log.key),
            report_file: &report.csv,
            lines_file: &report.lines,
            read_back: report.findings.totals.read_back,
            unchanged: report.findings.totals.unchanged,
            replaced: report.findings.totals.replaced,
            sent_again: report.findings.totals.sent_again,
        }
    }
}

/// What `--json` prints.
#[derive(Debug, Serialize)]
pub(crate) struct Summary<'a> {
    job: JobId,
    attempt: u32,
    work: Work,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<&'a str>,
    place: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<&'a str>,
    files: u64,
    bytes: u64,
    left_out: u64,
    errors: u64,
    resumed: u64,
    sent_bytes: u64,
    seconds: f64,
    report: String,
    report_file: &'a Path,
    lines_file: &'a Path,
    read_back: u64,
    unchanged: u64,
    replaced: u64,
    sent_again: u64,
}

/// A device that was not loaded, in the user's terms. `again` is the command that goes on.
pub(crate) fn failure(error: DockError, again: &str) -> Failure {
    let (exit, hint) = match &error {
        DockError::Denied { hint, .. } => (Exit::Refused, hint.clone()),
        DockError::Busy(_) => (
            Exit::Refused,
            "wait until it is done, or stop it".to_owned(),
        ),
        DockError::NoJournal(_) => (
            Exit::Refused,
            "say it at the station that began it, or dock its device".to_owned(),
        ),
        DockError::WrongView { hint, .. } => (Exit::Refused, (*hint).to_owned()),
        DockError::NotEmpty { .. } => (
            Exit::Refused,
            "an export fills an empty device: dock the block device itself with --format, which \
             destroys what is on it"
                .to_owned(),
        ),
        DockError::NoRoom { .. } => (
            Exit::Refused,
            "dock a larger device; `longshore plan-export` says how many of which size it takes"
                .to_owned(),
        ),
        DockError::TooSmall { .. } => (
            Exit::Refused,
            "it was not formatted; dock a larger one, or let `longshore plan-export` split the \
             export over several, or fill this one as far as it goes with --partly"
                .to_owned(),
        ),
        DockError::OtherSignature { .. } | DockError::Changed(_) => (
            Exit::Refused,
            "the boxes may have been mixed up; compare label and device".to_owned(),
        ),
        DockError::SignatureNoFile { .. } => (
            Exit::Refused,
            "it was not opened, and no job was changed; ask the customer for the SIGNATURE, and \
             dock the device again with --signature and what a scanner types"
                .to_owned(),
        ),
        DockError::SignatureMisnamed { found, .. } => (Exit::Refused, rename(found)),
        DockError::NothingMounted(_) => (
            Exit::Refused,
            "no job was changed; mount the device there, and dock it again".to_owned(),
        ),
        DockError::NotMounted(_) => (
            Exit::Refused,
            "no job was changed; mount the device there, and dock it again, or say --folder if \
             the folder itself is meant"
                .to_owned(),
        ),
        DockError::OtherDevice { .. } => (
            Exit::Refused,
            "nothing was loaded; dock the one that it was begun on. If that one is dead and this \
             one has all its files, --other-device goes on with this one"
                .to_owned(),
        ),
        DockError::NotAsItIs { hint, .. } => (Exit::Refused, hint.clone()),
        DockError::WrongCapacity { .. } => (
            Exit::Refused,
            "is it the device of this job? The job was not ended: `longshore job abort` does that"
                .to_owned(),
        ),
        DockError::TwoSignatures { .. } => (
            Exit::Refused,
            "no job was changed; `--volume N` does not choose between them: name the job that is meant with \
             --signature and what a scanner types"
                .to_owned(),
        ),
        DockError::NothingReadable { hint, .. } => (Exit::Refused, hint.clone()),
        DockError::Raw(error) => {
            let (exit, hint) = raw::how(error);
            (exit, hint.to_owned())
        }
        DockError::Format(error)
            if matches!(
                **error,
                FormatError::Refused(_) | FormatError::Changed { .. }
            ) =>
        {
            (Exit::Refused, String::new())
        }
        DockError::Format(error) if matches!(**error, FormatError::NoMapper { .. }) => (
            Exit::Refused,
            "`modprobe dm_crypt` loads what is missing, where this kernel has it; a container needs /dev/mapper and \
             CAP_SYS_ADMIN. Otherwise dock the device at another station; or, if the device encrypts by itself, say so with \
             --encrypted-by"
                .to_owned(),
        ),
        DockError::NotEncrypted { hint, .. } => (Exit::Refused, (*hint).to_owned()),
        DockError::Luks(LuksError::Wrong { .. } | LuksError::Busy { .. }) => {
            (Exit::Refused, String::new())
        }
        DockError::OntoDevice { .. } | DockError::Mount(_) | DockError::Luks(_) => {
            (Exit::Error, format!("`{again}` goes on where it stopped"))
        }
        DockError::Planning(PlanFailure::Store { .. }) => {
            (Exit::Unavailable, format!("`{again}` tries again"))
        }
        DockError::Control(error) => control_exit(error),
        DockError::Stopped { why, .. } => (halt_exit(why), on_again(why, again)),
        DockError::Undelivered { why, .. } => {
            let exit = match why {
                DeliveryError::Store(_) => Exit::Unavailable,
                DeliveryError::Read(_) => Exit::Error,
            };
            (exit, format!("`{again}` tries again"))
        }
        DockError::Device { .. }
        | DockError::Manifest { .. }
        | DockError::Folder { .. }
        | DockError::Store { .. }
        | DockError::Facts(_)
        | DockError::Probe(_)
        | DockError::Format(_)
        | DockError::Planning(_)
        | DockError::Export(_)
        | DockError::Image(_)
        | DockError::Journal(_) => (Exit::Error, String::new()),
    };
    Failure::new(exit, error).hint(hint)
}

/// What to do about a file that was meant as the SIGNATURE.
fn rename(found: &[String]) -> String {
    let name = found.first().map_or("", String::as_str);
    if let Some((folder, _)) = name.rsplit_once('/') {
        return format!(
            "no job was changed; if `{folder}` is the root of the device, dock that; otherwise move \
             `{name}` to `SIGNATURE` in the root and dock it again"
        );
    }
    format!(
        "no job was changed; if it is this job's, rename `{name}` to `SIGNATURE` in the root of the \
         device and dock it again"
    )
}

/// How the program ends when the server does not play along, and what to do.
pub(crate) fn control_exit(error: &ControlError) -> (Exit, String) {
    match error {
        ControlError::Unreachable { url, .. } if url.starts_with("http:") => (
            Exit::Unavailable,
            "is `longshore serve` running there, and without TLS? Else its URL begins with `https`"
                .to_owned(),
        ),
        ControlError::Unreachable { .. } => (
            Exit::Unavailable,
            "is `longshore serve` running there?".to_owned(),
        ),
        ControlError::Stranger { .. } => (
            Exit::Unavailable,
            "is the URL right, or does a proxy stand between?".to_owned(),
        ),
        ControlError::Trouble { .. } => (Exit::Unavailable, "try again later".to_owned()),
        ControlError::Refused(fault) if fault.code == "Unauthorized" => (
            Exit::Refused,
            "`longshore station token NAME` makes a new token, and ends the one that the station has"
                .to_owned(),
        ),
        ControlError::Refused(fault) if fault.code == "OtherStation" => (
            Exit::Refused,
            "name the station as its token was made for: --station and the name above; without it \
             the name is this host's"
                .to_owned(),
        ),
        ControlError::Refused(_) => (Exit::Refused, String::new()),
    }
}

fn halt_exit(why: &Halt) -> Exit {
    match why {
        Halt::Interrupted => Exit::Interrupted,
        Halt::Canceled | Halt::LeaseLost | Halt::OnHold => Exit::Refused,
        Halt::Store(_) | Halt::Service(_) => Exit::Unavailable,
        Halt::Device(_) | Halt::Failing(_) | Halt::Journal(_) | Halt::Rescue(_) => Exit::Error,
    }
}

fn on_again(why: &Halt, again: &str) -> String {
    match why {
        Halt::Canceled => "return the device with `longshore device return`".to_owned(),
        Halt::Store(StoreError::Full(_)) => {
            format!("make room in the store; then `{again}` goes on where it stopped")
        }
        Halt::LeaseLost => "another attempt has the job; see `longshore job status`".to_owned(),
        Halt::OnHold => {
            format!(
                "when `longshore job resume` has let it go on, `{again}` goes on where it stopped"
            )
        }
        Halt::Interrupted
        | Halt::Device(_)
        | Halt::Failing(_)
        | Halt::Store(_)
        | Halt::Service(_)
        | Halt::Journal(_)
        | Halt::Rescue(_) => {
            format!("`{again}` goes on where it stopped")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::control::{ControlFault, Tally};
    use model::entry::EntryPath;
    use model::ids::ObjectKey;
    use model::outcome::{EntryRecord, Failure, Outcome};
    use model::progress::LogLocation;
    use model::report::summary::Summary;
    use transfer::report::Report;

    #[test]
    fn a_full_store_is_told_to_be_given_room() {
        let of_store = |status| {
            let answer = awshttp::Answer::new(status, "", "");
            Halt::Store(StoreError::from_answer(answer, None))
        };
        let hint = on_again(&of_store(507), "longshore dock /mnt");
        assert!(hint.starts_with("make room in the store"), "{hint}");
        assert!(!on_again(&of_store(500), "longshore dock /mnt").contains("room"));
    }

    fn findings() -> Summary {
        let failure = Failure::unreadable("bad block".into(), None);
        let at = model::time::Timestamp::from_unix(0);
        let path = EntryPath::new("a.txt");
        let mut summary = Summary::default();
        summary.add(&EntryRecord::new(&path, 1, at, Outcome::Failed(failure)));
        summary
    }

    fn loaded(failed: u64) -> Loaded {
        let bucket = BucketName::new("photos").unwrap();
        let key = ObjectKey::new("import-log-ABCDE").unwrap();
        let log = LogLocation {
            bucket: bucket.clone(),
            key,
        };
        let done = Done {
            job: JobId::new("ABCDE").unwrap(),
            attempt: 1,
            work: Work::Import,
            bucket: Some(bucket.clone()),
            place: format!("bucket {bucket}"),
            remark: None,
            errors: failed,
            tally: Tally {
                stored: 12,
                bytes: 1_400_000,
                ignored: 1,
                failed,
            },
            report: Report {
                csv: "/d/report.csv".into(),
                lines: "/d/report.jsonl".into(),
                summary: "/d/report.txt".into(),
                map: None,
                findings: findings(),
                attempts: Vec::new(),
                keys: model::report::keys(&log),
                log_type: model::report::csv::CONTENT_TYPE,
            },
            log,
        };
        let time = Duration::from_millis(300);
        Loaded {
            done,
            time,
            resumed: 0,
            sent_bytes: 1_400_000,
        }
    }

    #[test]
    fn the_summary_says_what_was_loaded() {
        assert_eq!(
            loaded(1).summary(),
            "Loaded 12 files (1.4 MB) into bucket photos in 0.3 s, 4.7 MB/s. 1 error, 1 left out.\n\
             Not loaded:\n  1 with 500 ReadError\n    a.txt: bad block\n\
             The store was not probed.\nNothing was read back.\n"
        );
        assert_eq!(
            loaded(0).report(),
            "s3://photos/import-log-ABCDE  (and .jsonl, .txt; also /d/report.csv)"
        );
        assert_eq!(
            (loaded(0).exit(), loaded(1).exit()),
            (Exit::Ok, Exit::SomeFailed)
        );
    }

    #[test]
    fn every_end_has_its_code_and_a_way_on() {
        let job = JobId::new("ABCDE").unwrap();
        let ends = [
            (Halt::Interrupted, Exit::Interrupted, "goes on"),
            (Halt::Canceled, Exit::Refused, "return"),
            (Halt::LeaseLost, Exit::Refused, "another attempt"),
            (Halt::OnHold, Exit::Refused, "job resume"),
        ];
        for (why, exit, words) in ends {
            let failure = failure(
                DockError::Stopped {
                    job,
                    why,
                    store: None,
                },
                "longshore dock X",
            );
            assert_eq!(failure.exit, exit);
            assert!(failure.hint.unwrap().contains(words));
        }
        let fault = ControlFault {
            code: "Unauthorized".into(),
            message: "no".into(),
        };
        let failure = failure(DockError::Control(ControlError::Refused(fault)), "");
        assert_eq!(failure.exit, Exit::Refused);
        assert!(failure.hint.unwrap().contains("station token"));
    }
}
