//! An account's jobs, the newest first, page by page.

use model::ids::JobId;

use crate::access::{Action, Caller, Resource, authorize};
use crate::jobstore::JobPage;
use crate::ops::{Context, Refused, SubmissionFault};

/// A question for a page of jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListJobs {
    /// Most jobs of the page.
    pub max_jobs: u32,
    /// The id of the job behind which the page begins; the first page without one.
    pub marker: Option<String>,
}

/// Lists the caller's jobs, canceled and expired ones included.
///
/// # Errors
/// [`SubmissionFault::Marker`] if the marker is not a job of the caller's.
pub async fn list(
    context: &Context,
    caller: &Caller,
    ListJobs { max_jobs, marker }: ListJobs,
) -> Result<JobPage, Refused> {
    let account = &caller.customer(Action::ListJobs)?.account.id;
    authorize(caller, Action::ListJobs, Resource::JobsOf(account))?;
    let after = match marker {
        Some(marker) => Some(own_marker(context, caller, &marker).await?),
        None => None,
    };
    // A page that promised more after nothing would be asked for for ever.
    if max_jobs == 0 {
        return Ok(JobPage {
            jobs: Vec::new(),
            truncated: false,
        });
    }
    Ok(context.jobs.list_jobs(account, after, max_jobs).await?)
}

async fn own_marker(context: &Context, caller: &Caller, marker: &str) -> Result<JobId, Refused> {
    let invalid = || SubmissionFault::Marker(marker.to_owned());
    let id = JobId::new(marker.trim()).map_err(|_| invalid())?;
    let stored = context.jobs.job(id).await?;
    stored
        .filter(|stored| authorize(caller, Action::ListJobs, Resource::Job(&stored.job)).is_ok())
        .ok_or_else(invalid)?;
    Ok(id)
}
