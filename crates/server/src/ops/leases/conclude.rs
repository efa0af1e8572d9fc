//! The end of a lease, with or without an outcome of its job.
//!
//! The job is changed first and the lease ended after: a crash in between leaves a job with its
//! outcome and a lease that nobody needs, and the station, which got no answer, concludes again.
//! The job is read before the lease: had another attempt taken over in between, it would have
//! changed the job, and the swap would fail.

use model::control::{Conclusion, Ending};
use model::delivered::{Delivered, FILES};
use model::event::{self, Event};
use model::ids::{JobId, StationName};
use model::job::{Job, Refusal};
use model::limits::COUNT_MAX;
use model::manifest::Manifest;
use model::progress::{AbortReason, LogLocation, Progress};
use model::report;
use model::stopped::StopCause;

use super::in_one_line;
use crate::access::{Action, Caller, Resource, authorize};
use crate::change::{Committed, Draft, tries};
use crate::jobstore::JobStoreError;
use crate::ops::{Context, DockingFault, Refused};

/// Longest remark in bytes: some sentences with a key of a kilobyte in them.
const REMARK_BYTES: usize = 2048;

/// Characters that the history keeps of what stopped a transfer: an error with its causes.
const DETAIL_CHARS: usize = 2048;

/// Concludes. The same conclusion under the same token is answered alike however often it comes.
///
/// # Errors
/// [`DockingFault::LeaseLost`] if another attempt has the job, [`Refused::State`] if the job cannot have
/// this outcome: the lease has ended then all the same.
pub async fn conclude(
    context: &Context,
    caller: &Caller,
    conclusion: Conclusion,
) -> Result<(), Refused> {
    let station = caller.station(Action::UseLease)?;
    let Conclusion {
        job: id,
        lease: token,
        ending,
    } = &conclusion;
    for _ in tries() {
        let draft = Draft::open(context, *id).await?;
        let mut draft = draft.ok_or_else(|| Refused::no_such_job(*id))?;
        let lease = context.jobs.lease(*id).await?;
        // Whoever has the token of another station's lease has no right by it.
        let lease = lease.filter(|lease| {
            lease.token == *token
                && authorize(caller, Action::UseLease, Resource::Lease(lease)).is_ok()
        });
        let lease = lease.ok_or(DockingFault::LeaseLost(*id))?;
        check(draft.job(), ending)?;
        if is_done(draft.job(), ending) || (lease.ended && is_given_back(ending)) {
            return end(context, station, &conclusion).await;
        }
        if lease.ended {
            return Err(DockingFault::LeaseLost(*id).into());
        }
        let untouched = is_untouched(context, ending, *id).await?;
        if let Err(why) = draft.apply(&event(ending, untouched)) {
            if is_given_back(ending) {
                return end(context, station, &conclusion).await;
            }
            return refuse(context, station, &conclusion, why).await;
        }
        match draft.commit(context, &caller.actor()).await? {
            Committed::Saved(_) => return end(context, station, &conclusion).await,
            Committed::Overtaken => {}
        }
    }
    Err(JobStoreError::Conflict.into())
}

/// Whether the report is where the customer asked for it, since `GetStatus` sends her there, and
/// whether the remark can stand in its message.
fn check(job: &Job, ending: &Ending) -> Result<(), DockingFault> {
    let Ending::Finished {
        errors,
        log,
        remark,
        files,
        sums: _,
    } = ending
    else {
        return Ok(());
    };
    if *errors > COUNT_MAX {
        return Err(DockingFault::Field {
            field: "errors",
            wrong: format!("is more than {COUNT_MAX}"),
        });
    }
    check_remark(remark.as_deref().unwrap_or_default())?;
    check_files(files, log)?;
    match Manifest::parse_accepted(&job.manifest, job.job_type) {
        Ok(manifest) if *log == manifest.log_location(job.id) => Ok(()),
        _ => Err(DockingFault::Field {
            field: "log",
            wrong: format!("is not where the manifest of job {} puts it", job.id),
        }),
    }
}

fn check_remark(remark: &str) -> Result<(), DockingFault> {
    let wrong = if remark.len() > REMARK_BYTES {
        format!("has more than {REMARK_BYTES} bytes")
    } else if remark.contains(char::is_control) {
        "has control characters".to_owned()
    } else {
        return Ok(());
    };
    let field = "remark";
    Err(DockingFault::Field { field, wrong })
}

/// Whether they are files of the report that lies there.
fn check_files(files: &[Delivered], log: &LogLocation) -> Result<(), DockingFault> {
    let keys = report::keys(log);
    let is_other = |file: &&Delivered| !keys.are_of_the_report(&file.key);
    let wrong = if files.len() > FILES {
        format!("are more than {FILES}")
    } else if let Some(other) = files.iter().find(is_other) {
        format!(
            "have the key {:?}, which is not of the report",
            other.key.as_str()
        )
    } else {
        return Ok(());
    };
    let field = "files";
    Err(DockingFault::Field { field, wrong })
}

/// Whether the job has this outcome already.
fn is_done(job: &Job, ending: &Ending) -> bool {
    match (ending, &job.progress) {
        (
            Ending::Finished {
                errors,
                log,
                remark,
                ..
            },
            Progress::Finished {
                errors: e,
                log: l,
                remark: r,
                ..
            },
        ) => errors == e && log == l && remark == r,
        _ => false,
    }
}

/// Whether the job stays open: what a station says ends no job but by its report.
fn is_given_back(ending: &Ending) -> bool {
    matches!(ending, Ending::Released { .. } | Ending::Aborted { .. })
}

/// Whether nothing of the job was moved: neither in this attempt, as its station says, nor in one before.
async fn is_untouched(
    context: &Context,
    ending: &Ending,
    job: JobId,
) -> Result<bool, JobStoreError> {
    let Ending::Released {
        untouched: true, ..
    } = ending
    else {
        return Ok(false);
    };
    let history = context.jobs.history(job).await?;
    let events = history.iter().filter_map(|line| line.event.as_ref());
    Ok(event::moved_nothing_before(events))
}

fn event(ending: &Ending, untouched: bool) -> Event {
    match ending {
        Ending::Finished {
            errors,
            log,
            remark,
            files,
            sums,
        } => Event::TransferFinished {
            errors: *errors,
            log: log.clone(),
            remark: remark.clone(),
            files: files.clone(),
            sums: sums.clone(),
        },
        Ending::Released {
            reason,
            cause,
            bucket,
            words,
            untouched: _,
        } => Event::Stopped {
            cause: told_by_a_station(*cause),
            bucket: bucket.clone(),
            words: words.as_deref().map(in_one_line),
            detail: reason.chars().take(DETAIL_CHARS).collect(),
            untouched,
        },
        Ending::Aborted { reason } => Event::Stopped {
            cause: cause_of(*reason),
            bucket: None,
            words: None,
            detail: format!("the station wanted to abort it as {}", reason.code()),
            untouched,
        },
    }
}

/// Why a station stopped. One of an earlier release that was itself stopped says that its operator did it, and has no
/// say in whether the job goes on.
fn told_by_a_station(cause: Option<StopCause>) -> StopCause {
    match cause {
        Some(StopCause::ByOperator | StopCause::ByCustomer) => StopCause::Interrupted,
        cause => cause.unwrap_or(StopCause::Other),
    }
}

/// Why a job stands still that a station of an earlier release wants to end.
fn cause_of(reason: AbortReason) -> StopCause {
    match reason {
        AbortReason::DeviceError => StopCause::CapacityWrong,
        AbortReason::InvalidSignature => StopCause::SignatureWrong,
        AbortReason::MissingSignature => StopCause::SignatureMissing,
        AbortReason::UnsupportedFileFormat => StopCause::FileSystemUnsupported,
        AbortReason::MissingDevice
        | AbortReason::UnsupportedDeviceType
        | AbortReason::UnsupportedPowerSupply => StopCause::Other,
    }
}

async fn end(
    context: &Context,
    station: &StationName,
    Conclusion { job, lease, ending }: &Conclusion,
) -> Result<(), Refused> {
    context.jobs.end_lease(*job, lease).await?;
    context.metrics.concluded(*job, name(ending));
    match ending {
        Ending::Finished { errors, log, .. } => tracing::info!(
            %station, %job, errors, log_bucket = %log.bucket, log_key = ?log.key.as_str(), "job finished"
        ),
        Ending::Aborted { reason } => {
            tracing::warn!(%station, %job, reason = reason.code(), "lease given back");
        }
        Ending::Released { reason, cause, .. } => {
            let cause = told_by_a_station(*cause).code();
            tracing::warn!(%station, %job, cause, ?reason, "lease given back: job stands still");
        }
    }
    Ok(())
}

/// The job cannot have this outcome, for instance because it was canceled: the lease ends all the
/// same, so that the device may go home.
async fn refuse(
    context: &Context,
    station: &StationName,
    Conclusion { job, lease, ending }: &Conclusion,
    why: Refusal,
) -> Result<(), Refused> {
    context.jobs.end_lease(*job, lease).await?;
    context.metrics.concluded(*job, "Refused");
    tracing::warn!(%station, %job, ending = name(ending), %why, "conclusion refused");
    Err(Refused::State { job: *job, why })
}

fn name(ending: &Ending) -> &'static str {
    match ending {
        Ending::Finished { .. } => "Finished",
        Ending::Aborted { .. } => "Aborted",
        Ending::Released { .. } => "Released",
    }
}
