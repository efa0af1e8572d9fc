//! A job that ended with failures is resumed for those files alone.

use model::control::RetryRequest;
use model::event::Event;
use model::manifest::Manifest;
use model::progress::Progress;
use model::stopped::StopCause;

use super::find;
use crate::access::{Action, Caller};
use crate::change;
use crate::ops::{Context, DockingFault, Refused};

/// Reopens a job. The same message again is answered alike.
///
/// # Errors
/// [`Refused`]; the job is unchanged then.
pub async fn retry(
    context: &Context,
    caller: &Caller,
    RetryRequest { job: id }: RetryRequest,
) -> Result<(), Refused> {
    let job = find(context, caller, Action::RetryJob, id.as_str()).await?;
    let waits = job.stopped.as_ref().map(|stopped| stopped.cause) == Some(StopCause::Retry);
    if waits && matches!(job.progress, Progress::InProgress { .. }) {
        return Ok(());
    }
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type);
    if !matches!(manifest, Ok(Manifest::S3Import(_))) {
        return Err(DockingFault::NoRetry(id).into());
    }
    let refused = |why| Refused::State { job: id, why };
    change::apply(context, id, &caller.actor(), &Event::Reopened, refused)
        .await?
        .ok_or_else(|| Refused::no_such_job(id))?;
    tracing::info!(actor = %caller.actor(), job = %id, "job reopened for what failed");
    Ok(())
}
