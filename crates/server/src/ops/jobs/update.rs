//! Replaces a job's manifest, perhaps its type, before the transfer begins.

use model::event::Event;
use model::job::{Job, Refusal};

use super::find;
use super::submission::{Submission, ValidateOnly, warning_message};
use crate::access::{Action, Caller};
use crate::artifact::{ArtifactLink, Taken, links};
use crate::change;
use crate::ops::{Context, Refused};

/// An update that was made, or could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdatedJob {
    /// Notices about the manifest.
    pub warning: Option<String>,
    /// The job's sheets; none if it was not changed.
    pub artifacts: Vec<ArtifactLink>,
}

/// Replaces a job's manifest. The SIGNATURE stays valid.
///
/// # Errors
/// [`Refused`]; the job is unchanged then.
pub async fn update(
    context: &Context,
    caller: &Caller,
    id: &str,
    submission: Submission,
) -> Result<UpdatedJob, Refused> {
    let customer = caller.customer(Action::UpdateJob)?;
    let job = find(context, caller, Action::UpdateJob, id).await?;
    let refused = |why| Refused::State { job: job.id, why };
    let event = Event::Updated {
        job_type: submission.job_type,
        manifest: submission.manifest.clone(),
    };
    must_be_valid(&job, &event, context)?;
    let parsed = submission.check(context, customer, job.id).await?;
    let artifacts = match submission.validate_only {
        ValidateOnly::Yes => {
            job.apply(&event, context.clock.now()).map_err(refused)?;
            Vec::new()
        }
        ValidateOnly::No => {
            change::apply(context, job.id, &caller.actor(), &event, refused)
                .await?
                .ok_or_else(|| Refused::no_such_job(job.id))?;
            tracing::info!(job = %job.id, account = %job.account, "job updated");
            links(context, job.id, Taken::of_manifest(&parsed.manifest))
        }
    };
    Ok(UpdatedJob {
        warning: warning_message(&parsed),
        artifacts,
    })
}

/// A job that was canceled or has expired is said to be so before its manifest is looked at; one
/// that is merely past updating only after.
fn must_be_valid(job: &Job, event: &Event, context: &Context) -> Result<(), Refused> {
    match job.apply(event, context.clock.now()) {
        Err(why @ (Refusal::Canceled | Refusal::Expired)) => {
            Err(Refused::State { job: job.id, why })
        }
        _ => Ok(()),
    }
}
