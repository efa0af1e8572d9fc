//! A person has a job wait, and lets one go on that waits: who runs the service any job, a customer its own. What one of
//! them has said the other does not take back.

use model::control::{HoldRequest, ResumeRequest};
use model::event::Event;
use model::hold::Mended;
use model::ids::JobId;
use model::job::Job;
use model::stopped::{StopCause, Stopped};

use super::decision::sentence;
use super::permit;
use crate::access::{Action, Caller};
use crate::change::{Committed, Draft, tries};
use crate::jobstore::JobStoreError;
use crate::ops::{Context, DockingFault, Refused};

/// Puts a job on hold until [`resume`]. A station that is at work on it stops with its next sign of life, and keeps what
/// it has loaded. The same message again is answered alike. A customer needs not say why.
///
/// # Errors
/// [`Refused`]; the job is unchanged then. [`DockingFault::HeldByOther`] for a customer, if the operator holds it.
pub async fn hold(
    context: &Context,
    caller: &Caller,
    HoldRequest { job: id, because }: HoldRequest,
) -> Result<(), Refused> {
    let cause = cause_of(caller);
    let words = match cause == StopCause::ByCustomer && because.trim().is_empty() {
        true => None,
        false => Some(sentence(&because)?),
    };
    let held = Event::Stopped {
        cause,
        bucket: None,
        words,
        detail: String::new(),
        untouched: false,
    };
    let may = |job: &Job| match job.hold() {
        Some(hold) if cause == StopCause::ByCustomer && hold.is_held_by_operator() => {
            Err(held_by_other(id, hold.cause))
        }
        _ => Ok(()),
    };
    if change(context, caller, (id, Action::HoldJob), &held, may).await? {
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

/// Lets a job go on that is on hold, whatever it is for: the next claim shows whether it is mended. A customer lets go on
/// what it has said itself, and what is about what is on its device. The same message again is answered alike.
///
/// # Errors
/// [`Refused`]; the job is unchanged then. [`DockingFault::HeldByOther`] if somebody else lets it go on.
pub async fn resume(
    context: &Context,
    caller: &Caller,
    ResumeRequest { job: id }: ResumeRequest,
) -> Result<(), Refused> {
    let is_customer = cause_of(caller) == StopCause::ByCustomer;
    let may = |job: &Job| {
        let Some(Stopped { cause, .. }) = job.hold() else {
            return Ok(());
        };
        let is_theirs = match is_customer {
            true => cause.is_let_go_by_customer(),
            false => *cause != StopCause::ByCustomer,
        };
        match is_theirs {
            true => Ok(()),
            false => Err(held_by_other(id, *cause)),
        }
    };
    let resumed = Event::Resumed { how: Mended::Told };
    if change(context, caller, (id, Action::ResumeJob), &resumed, may).await? {
        tracing::info!(actor = %caller.actor(), job = %id, "job let go on");
    }
    Ok(())
}

/// What a job is on hold for by the word of a caller.
fn cause_of(caller: &Caller) -> StopCause {
    match caller {
        Caller::Customer(_) => StopCause::ByCustomer,
        Caller::Station(_) | Caller::Person(_) | Caller::Operator => StopCause::ByOperator,
    }
}

fn held_by_other(job: JobId, cause: StopCause) -> Refused {
    let who = match cause {
        StopCause::ByCustomer => "its customer alone",
        _ => "the operator alone",
    };
    DockingFault::HeldByOther { job, who }.into()
}

/// Lets something happen to a job as it stands, if the caller `may`; `false` if it has happened already.
async fn change(
    context: &Context,
    caller: &Caller,
    (id, action): (JobId, Action),
    event: &Event,
    may: impl Fn(&Job) -> Result<(), Refused>,
) -> Result<bool, Refused> {
    for _ in tries() {
        let draft = Draft::open(context, id).await?;
        let mut draft = draft.ok_or_else(|| Refused::no_such_job(id))?;
        permit(caller, action, draft.job(), id.as_str())?;
        may(draft.job())?;
        let is_resumed = draft
            .job()
            .stopped
            .as_ref()
            .is_some_and(|it| it.mended.is_some());
        let is_done = match event {
            Event::Resumed { .. } => is_resumed,
            _ => draft.job().knows(event),
        };
        if is_done {
            return Ok(false);
        }
        draft
            .apply(event)
            .map_err(|why| Refused::State { job: id, why })?;
        if let Committed::Saved(_) = draft.commit(context, &caller.actor()).await? {
            return Ok(true);
        }
    }
    Err(JobStoreError::Conflict.into())
}
