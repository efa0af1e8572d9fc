//! Whose a job is and how it stands, for an operator who is about to do something to it.

use model::control::{JobFacts, JobRequest};
use model::manifest::Manifest;
use model::stopped::Stopped;

use super::find;
use crate::access::{Action, Caller};
use crate::ops::leases::holder;
use crate::ops::{Context, Refused};

/// Answers without the manifest, which may hold a device's password.
///
/// # Errors
/// [`Refused::NoSuchJob`], or the job store's failure.
pub async fn look(
    context: &Context,
    caller: &Caller,
    JobRequest { job: id }: JobRequest,
) -> Result<JobFacts, Refused> {
    let job = find(context, caller, Action::LookAtJob, id.as_str()).await?;
    let account = context.jobs.account(&job.account).await?;
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type).ok();
    let now = context.clock.now();
    let is_overdue = |hold: &Stopped| hold.is_overdue(now, context.rules.hold_days);
    Ok(JobFacts {
        job: id,
        overdue: job.stopped.as_ref().is_some_and(is_overdue),
        job_type: job.job_type,
        as_it_is: job.as_it_is,
        account_name: account.map(|account| account.name),
        account: job.account,
        device_id: manifest.map(|manifest| manifest.common().device_id.clone()),
        created: job.created,
        custody: job.custody,
        progress: job.progress,
        disposal: job.disposal,
        objection: job.objection,
        stopped: job.stopped,
        held_by: holder(context, id).await?,
    })
}
