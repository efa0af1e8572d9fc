//! `ListJobs`: an account's jobs, the newest first, page by page.

use awsquery::params::Params;
use awsquery::xml::Element;
use model::ids::JobId;
use model::job::Job;
use model::progress::Progress;

use super::fault::echo;
use super::{Context, Fault, input};
use crate::identity::Identity;
use crate::jobstore::JobPage;

/// Most jobs of one page (API reference, `ListJobs`); as many are given if none are asked for.
const MAX_JOBS: u32 = 1000;

/// A question for a page of jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListJobs {
    max_jobs: u32,
    marker: Option<String>,
}

/// A page of jobs.
#[derive(Debug, Clone)]
pub struct JobList(JobPage);

impl ListJobs {
    /// Reads the parameters.
    ///
    /// # Errors
    /// `InvalidParameter`, `InvalidVersion`.
    pub fn read(params: &Params) -> Result<Self, Fault> {
        let max_jobs = input::optional(params, "MaxJobs").map_or(Ok(MAX_JOBS), max_jobs)?;
        let marker = input::optional(params, "Marker").map(str::to_owned);
        input::check_api_version(params)?;
        Ok(Self { max_jobs, marker })
    }
}

fn max_jobs(text: &str) -> Result<u32, Fault> {
    text.trim()
        .parse()
        .ok()
        .filter(|number| *number <= MAX_JOBS)
        .ok_or_else(|| Fault::InvalidParameter(format!("MaxJobs must be between 0 and {MAX_JOBS}")))
}

/// Lists the caller's jobs, canceled and expired ones included.
///
/// # Errors
/// [`Fault::InvalidParameter`] if the marker is not a job of the caller's.
pub async fn list_jobs(
    context: &Context,
    caller: &Identity,
    ListJobs { max_jobs, marker }: ListJobs,
) -> Result<JobList, Fault> {
    let after = match marker {
        Some(marker) => Some(own_marker(context, caller, &marker).await?),
        None => None,
    };
    // A page that promised more after nothing would be asked for for ever.
    if max_jobs == 0 {
        return Ok(JobList(JobPage {
            jobs: Vec::new(),
            truncated: false,
        }));
    }
    Ok(JobList(
        context
            .jobs
            .list_jobs(&caller.account.id, after, max_jobs)
            .await?,
    ))
}

async fn own_marker(context: &Context, caller: &Identity, marker: &str) -> Result<JobId, Fault> {
    let invalid = || {
        Fault::InvalidParameter(format!(
            "Marker `{}` is not a job of your account",
            echo(marker)
        ))
    };
    let id = JobId::new(marker.trim()).map_err(|_| invalid())?;
    let stored = context.jobs.job(id).await?;
    stored
        .filter(|stored| stored.job.account == caller.account.id)
        .ok_or_else(invalid)?;
    Ok(id)
}

impl JobList {
    /// The elements of `ListJobsResult`.
    #[must_use]
    pub fn elements(&self) -> Vec<Element> {
        vec![
            Element::list("Jobs", self.0.jobs.iter().map(member)),
            Element::leaf("IsTruncated", self.0.truncated.to_string()),
        ]
    }
}

fn member(job: &Job) -> Vec<Element> {
    let is_canceled = matches!(job.progress, Progress::Canceled { .. });
    vec![
        Element::leaf("JobId", job.id.as_str()),
        Element::leaf("CreationDate", job.created.to_string()),
        Element::leaf("IsCanceled", is_canceled.to_string()),
        Element::leaf("JobType", job.job_type.as_str()),
    ]
}
