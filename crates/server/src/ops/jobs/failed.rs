//! What the report of a job says, and which files failed.

use std::sync::Arc;

use model::ids::JobId;
use model::operator::reports::{JobFailures, ReportState};
use model::progress::Progress;

use super::permit;
use crate::access::{Action, Caller};
use crate::digests::{Digests, ReportKnown};
use crate::ops::{Admin, Refused};
use crate::stores::Stores;

/// Tells what the report of a job says. With `digests` one that is long is read meanwhile, and whoever asks again is told;
/// without, it is read to its end.
///
/// # Errors
/// [`Refused::NoSuchJob`], or a right that is missing.
pub(crate) async fn failed(
    admin: &Admin,
    stores: &Arc<Stores>,
    digests: Option<&Digests>,
    caller: &Caller,
    id: JobId,
) -> Result<JobFailures, Refused> {
    let stored = admin.jobs.job(id).await?;
    let job = stored.ok_or_else(|| Refused::no_such_job(id))?.job;
    permit(caller, Action::MakeReceipt, &job, id.as_str())?;
    let Progress::Finished { log, at, .. } = &job.progress else {
        return Ok(JobFailures::silent(job.id, ReportState::None, None));
    };
    let silent = |state| JobFailures::silent(job.id, state, Some(log));
    let known = match digests {
        Some(digests) => digests.of(stores, log, *at).await,
        None => Digests::read(stores, log).await,
    };
    Ok(match known {
        ReportKnown::NotYet => silent(ReportState::BeingRead),
        ReportKnown::Lost => silent(ReportState::Lost),
        ReportKnown::Told(digest, map) => JobFailures::of(job.id, log, &digest, map.as_deref()),
    })
}
