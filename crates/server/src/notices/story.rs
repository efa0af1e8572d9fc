//! What is known of a notice when it is told: the job, its manifest, the event, and where what was left lies.
//!
//! Nothing secret is in a story: of the manifest it has what the customer calls the device, and who is to hear of it.

use custody::event::What;
use custody::installation::InstallationName;
use custody::line::Entry;
use model::ids::{JobId, NoticeId};
use model::job::Job;
use model::manifest::Manifest;
use model::notice::{NOBODY, NoticeKind};
use model::progress::{LogLocation, Progress};
use model::time::Timestamp;

use super::table;
use crate::custody_key;
use crate::jobstore::{JobStore, JobStoreError, LedgerLine, Notice};

/// What is known of a notice.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    /// What receivers know it by.
    pub(crate) id: NoticeId,
    /// What happened.
    pub(crate) kind: NoticeKind,
    /// When.
    pub(crate) at: Timestamp,
    /// The job as it stands now, without its manifest.
    pub(crate) job: Job,
    /// What the customer calls the device.
    pub(crate) device_id: Option<String>,
    /// Who is to hear of it.
    pub(crate) addresses: Vec<String>,
    /// The event, where it is one and this release knows it.
    pub(crate) what: Option<What>,
    /// The edition of the receipt, where it is about one.
    pub(crate) edition: Option<u64>,
    /// Where the report lies, or will.
    pub(crate) log: Option<LogLocation>,
    /// Whether there is a report.
    pub(crate) report: HasReport,
    /// When the job expires if its device has not come.
    pub(crate) expires: Timestamp,
    /// Who tells it.
    pub(crate) installation: InstallationName,
    /// The head of the log of custody, signed.
    pub(crate) checkpoint: String,
}

/// Whether a job has a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HasReport {
    /// It lies in its bucket.
    There,
    /// It does not yet.
    NotYet,
}

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// Finds out what is known of a notice.
pub(crate) async fn of(
    jobs: &dyn JobStore,
    expire_after_days: u32,
    notice: &Notice,
) -> Result<Story, JobStoreError> {
    let stored = jobs.job(notice.job).await?;
    let job = stored
        .ok_or_else(|| JobStoreError::Missing(notice.job.to_string()))?
        .job;
    let lines = jobs.told_of(Some(notice.job)).await?;
    let key = custody_key::in_force(jobs).await?;
    let (_, checkpoint) = key.head(jobs).await?;
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type).ok();
    let common = manifest.as_ref().map(Manifest::common);
    Ok(Story {
        id: notice.id.clone(),
        kind: notice.kind,
        at: Timestamp::from_unix(notice.at.unix()),
        device_id: common.map(|it| it.device_id.clone()),
        addresses: manifest.as_ref().map(hearers).unwrap_or_default(),
        what: what(&lines, notice)?,
        edition: (notice.kind == NoticeKind::ReceiptIssued).then_some(notice.about),
        log: manifest.as_ref().map(|it| it.log_location(job.id)),
        report: match job.progress {
            Progress::Finished { .. } => HasReport::There,
            Progress::Pending
            | Progress::InProgress { .. }
            | Progress::Aborted { .. }
            | Progress::Canceled { .. }
            | Progress::Expired { .. } => HasReport::NotYet,
        },
        expires: job.created.plus_seconds(i64::from(expire_after_days) * DAY),
        installation: key.installation,
        checkpoint: checkpoint.to_string(),
        job: Job {
            manifest: String::new(),
            ..job
        },
    })
}

/// Who is to hear of a job by its manifest.
pub(crate) fn hearers(manifest: &Manifest) -> Vec<String> {
    let addresses = manifest.common().notification_email.iter();
    let somebody = addresses.filter(|address| address.as_str() != NOBODY);
    somebody.cloned().collect()
}

/// The event that a notice is about.
fn what(lines: &[LedgerLine], notice: &Notice) -> Result<Option<What>, JobStoreError> {
    for line in lines {
        let entry = Entry::parse(line.line.as_bytes()).map_err(corrupt)?;
        if entry.seq == notice.about {
            let is_it = |what: &What| {
                let kind = table::notice_of(what).map(|(kind, _)| kind);
                kind == Some(notice.kind)
            };
            return Ok(entry.what.filter(is_it));
        }
    }
    Ok(None)
}

fn corrupt(error: impl std::fmt::Display) -> JobStoreError {
    JobStoreError::Corrupt(error.to_string())
}

/// The last notice of a kind that a job has had, or would have now, if it never had one.
pub(crate) async fn last(
    jobs: &dyn JobStore,
    job: JobId,
    kind: NoticeKind,
    now: Timestamp,
) -> Result<Notice, JobStoreError> {
    let mut notice = Notice {
        id: table::id_of_kind(job, kind),
        job,
        kind,
        about: u64::MAX,
        at: now.into(),
    };
    for line in jobs.told_of(Some(job)).await? {
        let entry = Entry::parse(line.line.as_bytes()).map_err(corrupt)?;
        let told = entry.what.as_ref().and_then(table::notice_of);
        if let Some((_, how_often)) = told.filter(|(told, _)| *told == kind) {
            if how_often != table::HowOften::Once {
                notice.id = table::id_of_event(job, entry.seq);
            }
            (notice.about, notice.at) = (entry.seq, entry.at);
        }
    }
    Ok(notice)
}
