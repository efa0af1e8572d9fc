//! `UpdateJob`: replaces a job's manifest, perhaps its type, before the transfer begins.

use awsquery::params::Params;
use awsquery::xml::Element;
use model::event::Event;
use model::job::{Job, Refusal};

use super::submission::{Submission, ValidateOnly, warning_message};
use super::{ArtifactLink, Context, Fault, artifact_links, artifact_list, input, own_job};
use crate::artifact::Taken;
use crate::change;
use crate::identity::Identity;

/// A request to replace a manifest.
#[derive(Debug, Clone)]
pub struct UpdateJob {
    job_id: String,
    submission: Submission,
}

/// An update that was made, or could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdatedJob {
    /// Notices about the manifest.
    pub warning: Option<String>,
    /// The job's sheets; none if it was not changed.
    pub artifacts: Vec<ArtifactLink>,
}

impl UpdateJob {
    /// Reads the parameters.
    ///
    /// # Errors
    /// `MissingJobId`, `MissingParameter`, `InvalidParameter`, `InvalidVersion`, in this order.
    pub fn read(params: &Params) -> Result<Self, Fault> {
        let job_id = input::job_id(params)?;
        Ok(Self {
            job_id,
            submission: Submission::read(params, ["Manifest", "JobType"])?,
        })
    }
}

impl UpdatedJob {
    /// The elements of `UpdateJobResult`.
    #[must_use]
    pub fn elements(&self) -> Vec<Element> {
        let mut elements = vec![Element::leaf("Success", "true")];
        elements.extend(
            self.warning
                .as_deref()
                .map(|w| Element::leaf("WarningMessage", w)),
        );
        elements.push(artifact_list(&self.artifacts));
        elements
    }
}

/// Replaces a job's manifest. The SIGNATURE stays valid.
///
/// # Errors
/// [`Fault`]; the job is unchanged then.
pub async fn update_job(
    context: &Context,
    caller: &Identity,
    UpdateJob { job_id, submission }: UpdateJob,
) -> Result<UpdatedJob, Fault> {
    let job = own_job(context, caller, &job_id).await?;
    let event = Event::Updated {
        job_type: submission.job_type,
        manifest: submission.manifest.clone(),
    };
    must_be_valid(&job, &event, context)?;
    let parsed = submission.check(context, caller, job.id).await?;
    let artifacts = match submission.validate_only {
        ValidateOnly::Yes => {
            job.apply(&event, context.clock.now())
                .map_err(Fault::of_update)?;
            Vec::new()
        }
        ValidateOnly::No => {
            change::apply(context, job.id, &caller.actor(), &event, Fault::of_update)
                .await?
                .ok_or_else(|| Fault::no_such_job(&job_id))?;
            tracing::info!(job = %job.id, account = %job.account, "job updated");
            artifact_links(context, job.id, Taken::of_manifest(&parsed.manifest))
        }
    };
    Ok(UpdatedJob {
        warning: warning_message(&parsed),
        artifacts,
    })
}

/// A job that was canceled or has expired is said to be so before its manifest is looked at; one
/// that is merely past updating only after.
fn must_be_valid(job: &Job, event: &Event, context: &Context) -> Result<(), Fault> {
    match job.apply(event, context.clock.now()) {
        Err(gone @ (Refusal::Canceled | Refusal::Expired)) => Err(Fault::of_update(gone)),
        _ => Ok(()),
    }
}
