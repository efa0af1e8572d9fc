//! Replaces a job's manifest, perhaps its type, before the transfer begins.

use model::event::Event;
use model::hold::Mended;
use model::job::{Job, Refusal};
use model::stopped::StopCause;

use super::find;
use super::submission::{Submission, ValidateOnly, warning_message};
use crate::access::{Action, Caller};
use crate::artifact::{ArtifactLink, Taken, links};
use crate::change::{Committed, Draft, tries};
use crate::jobstore::JobStoreError;
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
    let mut job = find(context, caller, Action::UpdateJob, id).await?;
    let event = Event::Updated {
        job_type: submission.job_type,
        manifest: submission.manifest.clone(),
    };
    must_be_valid(&job, &event, context)?;
    let parsed = submission.check(context, customer, job.id).await?;
    let artifacts = match submission.validate_only {
        ValidateOnly::Yes => {
            let applied = job.apply(&event, context.clock.now());
            applied.map_err(|why| Refused::State { job: job.id, why })?;
            Vec::new()
        }
        ValidateOnly::No => {
            let has_password = parsed.manifest.common().true_crypt_password.is_some();
            job = store(context, caller, &job, (&event, has_password)).await?;
            tracing::info!(job = %job.id, account = %job.account, "job updated");
            links(context, job.id, Taken::of_manifest(&parsed.manifest))
        }
    };
    let warnings = [
        warning_message(&parsed),
        job.hold().map(ToString::to_string),
    ];
    let warnings: Vec<String> = warnings.into_iter().flatten().collect();
    Ok(UpdatedJob {
        warning: (!warnings.is_empty()).then(|| warnings.join("\n")),
        artifacts,
    })
}

/// Stores the new manifest, and that the job is no longer on hold if that mends it: it was read, and its buckets were
/// tried, a moment ago.
async fn store(
    context: &Context,
    caller: &Caller,
    job: &Job,
    (event, has_password): (&Event, bool),
) -> Result<Job, Refused> {
    let refused = |why| Refused::State { job: job.id, why };
    for _ in tries() {
        let draft = Draft::open(context, job.id).await?;
        let mut draft = draft.ok_or_else(|| Refused::no_such_job(job.id))?;
        draft.apply(event).map_err(refused)?;
        let how = Mended::Updated;
        let hold = draft.job().hold().map(|hold| hold.cause);
        let is_mended = |cause: StopCause| {
            // A station tries it, and whatever was not the right one holds the job again.
            cause.is_mended_by_update() || (cause.waits_for_secret() && has_password)
        };
        if hold.is_some_and(is_mended) {
            draft.apply(&Event::Resumed { how }).map_err(refused)?;
        }
        if let Committed::Saved(job) = draft.commit(context, &caller.actor()).await? {
            return Ok(*job);
        }
    }
    Err(JobStoreError::Conflict.into())
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
