//! A person has a job wait, and lets one go on that waits.

use model::control::{HoldRequest, ResumeRequest};
use model::event::Event;
use model::hold::Mended;
use model::job::Refusal;
use model::stopped::StopCause;

use super::decision::sentence;
use super::find;
use crate::access::{Action, Caller};
use crate::change;
use crate::ops::{Context, Refused};

/// Puts a job on hold until [`resume`]. A station that is at work on it stops with its next sign of life, and keeps what
/// it has loaded. The same message again is answered alike.
///
/// # Errors
/// [`Refused`]; the job is unchanged then.
pub async fn hold(
    context: &Context,
    caller: &Caller,
    HoldRequest { job: id, because }: HoldRequest,
) -> Result<(), Refused> {
    let held = Event::Stopped {
        cause: StopCause::ByOperator,
        bucket: None,
        words: Some(sentence(&because)?),
        detail: String::new(),
        untouched: false,
    };
    let job = find(context, caller, Action::HoldJob, id.as_str()).await?;
    if !job.knows(&held) {
        let refused = |why| Refused::State { job: id, why };
        change::apply(context, id, &caller.actor(), &held, refused)
            .await?
            .ok_or_else(|| Refused::no_such_job(id))?;
        tracing::info!(actor = %caller.actor(), job = %id, "job put on hold");
    }
    // The job first: whoever claims from now on is told to wait, so no other lease is ended than that of before.
    if let Some(lease) = context.jobs.lease(id).await?.filter(|lease| !lease.ended) {
        context.jobs.end_lease(id, &lease.token).await?;
        context.metrics.concluded(id, "Held");
        tracing::info!(job = %id, station = %lease.station, "lease ended: the job is on hold");
    }
    Ok(())
}

/// Lets a job go on that is on hold, whatever it is for: the next claim shows whether it is mended. The same message
/// again is answered alike.
///
/// # Errors
/// [`Refused`]; the job is unchanged then.
pub async fn resume(
    context: &Context,
    caller: &Caller,
    ResumeRequest { job: id }: ResumeRequest,
) -> Result<(), Refused> {
    let job = find(context, caller, Action::ResumeJob, id.as_str()).await?;
    let resumed = job.stopped.as_ref().and_then(|stopped| stopped.mended);
    if resumed.is_some() {
        return Ok(());
    }
    let (how, refused) = (Mended::Told, |why: Refusal| Refused::State { job: id, why });
    change::apply(
        context,
        id,
        &caller.actor(),
        &Event::Resumed { how },
        refused,
    )
    .await?
    .ok_or_else(|| Refused::no_such_job(id))?;
    tracing::info!(actor = %caller.actor(), job = %id, "job let go on");
    Ok(())
}
