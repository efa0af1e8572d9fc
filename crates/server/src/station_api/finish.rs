//! The end of a lease, with or without an outcome of its job.
//!
//! The job is changed first and the lease ended after: a crash in between leaves a job with its
//! outcome and a lease that nobody needs, and the station, which got no answer, concludes again.
//! The job is read before the lease: had another attempt taken over in between, it would have
//! changed the job, and the swap would fail.

use model::control::{Conclusion, Ending};
use model::event::Event;
use model::ids::{JobId, StationName};
use model::job::{Job, Refusal};
use model::limits::COUNT_MAX;
use model::manifest::Manifest;
use model::progress::{AbortReason, Progress};
use model::stopped::StopCause;

use super::{StationFault, actor};
use crate::change::{Committed, Draft, tries};
use crate::http::App;
use crate::jobstore::JobStoreError;

/// Longest remark in bytes: some sentences with a key of a kilobyte in them.
const REMARK_BYTES: usize = 2048;

/// Characters that the history keeps of what stopped a transfer: an error with its causes.
const DETAIL_CHARS: usize = 2048;

/// Concludes. The same conclusion under the same token is answered alike however often it comes.
pub(super) async fn finish(
    app: &App,
    station: &StationName,
    conclusion: Conclusion,
) -> Result<(), StationFault> {
    let Conclusion {
        job: id,
        lease: token,
        ending,
    } = &conclusion;
    let jobs = &app.context.jobs;
    for _ in tries() {
        let draft = Draft::open(&app.context, *id).await?;
        let mut draft = draft.ok_or(StationFault::UnknownJob(*id))?;
        let lease = jobs.lease(*id).await?;
        // Whoever has the token of another station's lease has no right by it.
        let lease = lease.filter(|lease| lease.token == *token && lease.station == *station);
        let lease = lease.ok_or(StationFault::LeaseLost(*id))?;
        check(draft.job(), ending)?;
        if is_done(draft.job(), ending) || (lease.ended && is_given_back(ending)) {
            return end(app, station, &conclusion).await;
        }
        if lease.ended {
            return Err(StationFault::LeaseLost(*id));
        }
        if let Err(why) = draft.apply(&event(ending)) {
            if is_given_back(ending) {
                return end(app, station, &conclusion).await;
            }
            return refuse(app, station, &conclusion, why).await;
        }
        match draft.commit(&app.context, &actor(station)).await? {
            Committed::Saved(_) => return end(app, station, &conclusion).await,
            Committed::Overtaken => {}
        }
    }
    Err(JobStoreError::Conflict.into())
}

/// Whether the report is where the customer asked for it, since `GetStatus` sends her there, and
/// whether the remark can stand in its message.
fn check(job: &Job, ending: &Ending) -> Result<(), StationFault> {
    let Ending::Finished {
        errors,
        log,
        remark,
    } = ending
    else {
        return Ok(());
    };
    if *errors > COUNT_MAX {
        return Err(StationFault::BadField {
            field: "errors",
            wrong: format!("is more than {COUNT_MAX}"),
        });
    }
    check_remark(remark.as_deref().unwrap_or_default())?;
    match Manifest::parse_accepted(&job.manifest, job.job_type) {
        Ok(manifest) if *log == manifest.log_location(job.id) => Ok(()),
        _ => Err(StationFault::BadField {
            field: "log",
            wrong: format!("is not where the manifest of job {} puts it", job.id),
        }),
    }
}

fn check_remark(remark: &str) -> Result<(), StationFault> {
    let wrong = if remark.len() > REMARK_BYTES {
        format!("has more than {REMARK_BYTES} bytes")
    } else if remark.contains(char::is_control) {
        "has control characters".to_owned()
    } else {
        return Ok(());
    };
    let field = "remark";
    Err(StationFault::BadField { field, wrong })
}

/// Whether the job has this outcome already.
fn is_done(job: &Job, ending: &Ending) -> bool {
    match (ending, &job.progress) {
        (
            Ending::Finished {
                errors,
                log,
                remark,
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

fn event(ending: &Ending) -> Event {
    match ending {
        Ending::Finished {
            errors,
            log,
            remark,
        } => Event::TransferFinished {
            errors: *errors,
            log: log.clone(),
            remark: remark.clone(),
        },
        Ending::Released {
            reason,
            cause,
            bucket,
        } => Event::Stopped {
            cause: cause.unwrap_or(StopCause::Other),
            bucket: bucket.clone(),
            detail: reason.chars().take(DETAIL_CHARS).collect(),
        },
        Ending::Aborted { reason } => Event::Stopped {
            cause: cause_of(*reason),
            bucket: None,
            detail: format!("the station wanted to abort it as {}", reason.code()),
        },
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
    app: &App,
    station: &StationName,
    Conclusion { job, lease, ending }: &Conclusion,
) -> Result<(), StationFault> {
    app.context.jobs.end_lease(*job, lease).await?;
    app.metrics.concluded(*job, name(ending));
    match ending {
        Ending::Finished { errors, log, .. } => tracing::info!(
            %station, %job, errors, log_bucket = %log.bucket, log_key = ?log.key.as_str(), "job finished"
        ),
        Ending::Aborted { reason } => {
            tracing::warn!(%station, %job, reason = reason.code(), "lease given back");
        }
        Ending::Released { reason, cause, .. } => {
            let cause = cause.unwrap_or(StopCause::Other).code();
            tracing::warn!(%station, %job, cause, ?reason, "lease given back: job stands still");
        }
    }
    Ok(())
}

/// The job cannot have this outcome, for instance because it was canceled: the lease ends all the
/// same, so that the device may go home.
async fn refuse(
    app: &App,
    station: &StationName,
    Conclusion { job, lease, ending }: &Conclusion,
    why: Refusal,
) -> Result<(), StationFault> {
    app.context.jobs.end_lease(*job, lease).await?;
    app.metrics.concluded(*job, "Refused");
    tracing::warn!(%station, %job, ending = name(ending), %why, "conclusion refused");
    Err(refused(*job, why))
}

fn refused(job: JobId, why: Refusal) -> StationFault {
    StationFault::Refused { job, why }
}

fn name(ending: &Ending) -> &'static str {
    match ending {
        Ending::Finished { .. } => "Finished",
        Ending::Aborted { .. } => "Aborted",
        Ending::Released { .. } => "Released",
    }
}
