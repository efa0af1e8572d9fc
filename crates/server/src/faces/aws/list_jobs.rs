//! `ListJobs` on the wire.

use awsproto::params::Params;
use awsproto::xml::Element;
use model::job::Job;
use model::progress::Progress;

use super::{Fault, input};
use crate::jobstore::JobPage;
use crate::ops::jobs::ListJobs;

/// Most jobs of one page (API reference, `ListJobs`); as many are given if none are asked for.
const MAX_JOBS: u32 = 1000;

/// Reads the parameters.
///
/// # Errors
/// `InvalidParameter`, `InvalidVersion`.
pub(super) fn read(params: &Params) -> Result<ListJobs, Fault> {
    let max_jobs = input::optional(params, "MaxJobs").map_or(Ok(MAX_JOBS), max_jobs)?;
    let marker = input::optional(params, "Marker").map(str::to_owned);
    input::check_api_version(params)?;
    Ok(ListJobs { max_jobs, marker })
}

fn max_jobs(text: &str) -> Result<u32, Fault> {
    text.trim()
        .parse()
        .ok()
        .filter(|number| *number <= MAX_JOBS)
        .ok_or_else(|| Fault::InvalidParameter(format!("MaxJobs must be between 0 and {MAX_JOBS}")))
}

/// The elements of `ListJobsResult`.
pub(super) fn elements(page: &JobPage) -> Vec<Element> {
    vec![
        Element::list("Jobs", page.jobs.iter().map(member)),
        Element::leaf("IsTruncated", page.truncated.to_string()),
    ]
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
