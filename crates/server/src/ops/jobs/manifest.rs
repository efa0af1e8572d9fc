//! The manifest of a job for whoever may see how it is, without its secrets.

use model::ids::JobId;
use model::manifest::shown;
use model::operator::reports::JobManifest;

use super::permit;
use crate::access::{Action, Caller};
use crate::ops::{Admin, Refused};
use crate::work::Work;

/// Shows the manifest of a job, each line with what is to be said of it. It is read in a turn of `work`.
///
/// # Errors
/// [`Refused::NoSuchJob`], or a right that is missing; [`Refused::Busy`] if there was no turn.
pub(crate) async fn manifest(
    admin: &Admin,
    work: &Work,
    caller: &Caller,
    id: JobId,
) -> Result<JobManifest, Refused> {
    let stored = admin.jobs.job(id).await?;
    let job = stored.ok_or_else(|| Refused::no_such_job(id))?.job;
    permit(caller, Action::GetStatus, &job, id.as_str())?;
    let (id, job_type) = (job.id, job.job_type);
    let read = work.run(move || shown(&job.manifest, job_type));
    Ok(JobManifest::of(id, job_type, read.await?))
}
