//! A person gives a job up, in so many words. Nothing else ends a job whose data has no outcome.
//!
//! The message carries what the person was shown: whose job it is and how it stood. A job of another
//! account, or one that has moved on since, is left alone; so is one that a station is at work on.

use model::control::AbortRequest;
use model::custody::Custody;
use model::event::Event;
use model::limits::BECAUSE_CHARS;
use model::progress::{AbortReason, Progress};

use crate::access::{Action, Caller, Resource, authorize};
use crate::change::{Committed, Draft, tries};
use crate::jobstore::JobStoreError;
use crate::ops::leases::holder;
use crate::ops::{Context, DockingFault, Refused};

/// Ends a job. The same message again is answered alike.
///
/// # Errors
/// [`Refused`]; the job is unchanged then.
pub async fn abort(
    context: &Context,
    caller: &Caller,
    request: AbortRequest,
) -> Result<(), Refused> {
    check(&request)?;
    let AbortRequest {
        job: id,
        reason,
        because,
        account,
        shown,
    } = request;
    let because = because.trim().to_owned();
    for _ in tries() {
        let draft = Draft::open(context, id).await?;
        let mut draft = draft.ok_or_else(|| Refused::no_such_job(id))?;
        authorize(caller, Action::AbortJob, Resource::Job(draft.job()))
            .map_err(|_| Refused::no_such_job(id))?;
        if is_done(&draft.job().progress, reason, &because) {
            return Ok(());
        }
        if draft.job().account != account || draft.job().progress.code() != shown {
            return Err(DockingFault::Changed(id).into());
        }
        if let Some(holder) = holder(context, id).await? {
            return Err(DockingFault::Leased { job: id, holder }.into());
        }
        let is_here = draft.job().custody != Custody::NotReceived;
        let aborted = Event::TransferAborted {
            reason,
            because: Some(because.clone()),
        };
        let events = match caller {
            // Who gives a job up at a station has the device in front of him.
            Caller::Station(station) if !is_here => {
                let station = station.clone();
                vec![
                    Event::DeviceArrived {
                        station,
                        device: None,
                    },
                    aborted,
                ]
            }
            _ => vec![aborted],
        };
        for event in &events {
            draft
                .apply(event)
                .map_err(|why| Refused::State { job: id, why })?;
        }
        if let Committed::Saved(_) = draft.commit(context, &caller.actor()).await? {
            let reason = reason.code();
            tracing::warn!(actor = %caller.actor(), job = %id, %account, reason, ?because, "job aborted by the operator");
            return Ok(());
        }
    }
    Err(JobStoreError::Conflict.into())
}

fn check(request: &AbortRequest) -> Result<(), DockingFault> {
    let because = request.because.trim();
    let chars = because.chars().count();
    if chars == 0 || chars > BECAUSE_CHARS || because.chars().any(char::is_control) {
        let wrong = format!("must have 1 to {BECAUSE_CHARS} characters, and no control characters");
        let field = "because";
        return Err(DockingFault::Field { field, wrong });
    }
    Ok(())
}

fn is_done(progress: &Progress, reason: AbortReason, because: &str) -> bool {
    matches!(progress, Progress::Aborted { reason: r, because: b, .. }
        if *r == reason && b.as_deref() == Some(because))
}
