//! How fast a job went.

use model::ids::JobId;
use model::operator::rates::{JobRates, RateLine};
use model::pace::stretches;

use super::permit;
use crate::access::{Action, Caller};
use crate::ops::{Admin, Refused};

/// Stretches of time that are told at most: a plot has no more room.
const MOST: usize = 240;

/// Tells how fast a job went, from what its stations told now and then.
///
/// # Errors
/// [`Refused::NoSuchJob`], or a right that is missing.
pub(crate) async fn rates(admin: &Admin, caller: &Caller, id: JobId) -> Result<JobRates, Refused> {
    let stored = admin.jobs.job(id).await?;
    let job = stored.ok_or_else(|| Refused::no_such_job(id))?.job;
    // Its customer sees how it stands, and whoever runs the service that it is there.
    permit(caller, Action::LookAtJob, &job, id.as_str())
        .or_else(|_| permit(caller, Action::GetStatus, &job, id.as_str()))?;
    let samples = admin.jobs.rates(id).await?;
    let counts: Vec<_> = samples
        .iter()
        .map(|sample| (sample.at, sample.sent))
        .collect();
    let rates = stretches(&counts, MOST);
    Ok(JobRates {
        job_id: id,
        rates: rates.iter().map(RateLine::from).collect(),
    })
}
