//! Whose a job is and how it stands, for an operator who is about to do something to it.

use model::control::{JobFacts, JobRequest};
use model::manifest::Manifest;

use super::{StationFault, holder};
use crate::api::Context;
use crate::change;

/// Answers without the manifest, which may hold a device's password.
pub(super) async fn look(
    context: &Context,
    JobRequest { job: id }: JobRequest,
) -> Result<JobFacts, StationFault> {
    let job = change::look(context, id).await?;
    let job = job.ok_or(StationFault::UnknownJob(id))?;
    let account = context.jobs.account(&job.account).await?;
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type).ok();
    Ok(JobFacts {
        job: id,
        job_type: job.job_type,
        account_name: account.map(|account| account.name),
        account: job.account,
        device_id: manifest.map(|manifest| manifest.common().device_id.clone()),
        created: job.created,
        custody: job.custody,
        progress: job.progress,
        stopped: job.stopped,
        held_by: holder(context, id).await?,
    })
}
