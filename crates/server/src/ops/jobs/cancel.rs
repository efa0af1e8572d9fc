//! Takes a job back. It stays in the list, and its status can still be asked.

use model::event::Event;

use super::find;
use crate::access::{Action, Caller};
use crate::change;
use crate::ops::{Context, Refused};

/// Cancels a job that has not begun, or one that runs if the operator allows it.
///
/// # Errors
/// [`Refused`]; the job is unchanged then.
pub async fn cancel(context: &Context, caller: &Caller, id: &str) -> Result<(), Refused> {
    let job = find(context, caller, Action::CancelJob, id).await?.id;
    let event = Event::Canceled {
        running: context.rules.cancel_in_progress,
        because: None,
    };
    let refused = |why| Refused::State { job, why };
    let canceled = change::apply(context, job, &caller.actor(), &event, refused).await?;
    let account = canceled.ok_or_else(|| Refused::no_such_job(job))?.account;
    tracing::info!(%job, %account, "job canceled");
    Ok(())
}
