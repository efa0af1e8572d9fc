//! `CancelJob`: takes a job back. It stays in the list, and its status can still be asked.

use awsquery::params::Params;
use model::event::Event;

use super::{Context, Fault, input, own_job};
use crate::change;
use crate::identity::Identity;

/// A request to cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelJob {
    job_id: String,
}

impl CancelJob {
    /// Reads the parameters.
    ///
    /// # Errors
    /// `MissingJobId`, `InvalidVersion`.
    pub fn read(params: &Params) -> Result<Self, Fault> {
        let job_id = input::job_id(params)?;
        input::check_api_version(params)?;
        Ok(Self { job_id })
    }
}

/// Cancels a job that has not begun, or one that runs if the operator allows it.
///
/// # Errors
/// [`Fault`]; the job is unchanged then.
pub async fn cancel_job(
    context: &Context,
    caller: &Identity,
    CancelJob { job_id }: CancelJob,
) -> Result<(), Fault> {
    let job = own_job(context, caller, &job_id).await?;
    let event = Event::Canceled {
        running: context.rules.cancel_in_progress,
    };
    change::apply(context, job.id, &caller.actor(), &event, Fault::of_cancel)
        .await?
        .ok_or_else(|| Fault::no_such_job(&job_id))?;
    tracing::info!(job = %job.id, account = %job.account, "job canceled");
    Ok(())
}
