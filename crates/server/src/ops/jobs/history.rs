//! What happened to a job, and by whom.

use custody::line::Entry;
use model::ids::JobId;

use crate::access::{Action, Caller};
use crate::jobstore::{HistoryLine, JobStoreError, LedgerLine};
use crate::ops::{Admin, Refused};

/// A job's history, the oldest first.
///
/// # Errors
/// [`Refused::NoSuchJob`], or the job store's failure.
pub async fn history(
    admin: &Admin,
    caller: &Caller,
    id: JobId,
) -> Result<Vec<HistoryLine>, Refused> {
    let stored = admin.jobs.job(id).await?;
    let stored = stored.ok_or_else(|| Refused::no_such_job(id))?;
    super::permit(caller, Action::ReadHistory, &stored.job, id.as_str())?;
    Ok(admin.jobs.history(id).await?)
}

/// The same as the log of custody tells it, which begins where that log does.
///
/// # Errors
/// As of [`history`].
pub async fn told(admin: &Admin, caller: &Caller, id: JobId) -> Result<Vec<Entry>, Refused> {
    let stored = admin.jobs.job(id).await?;
    let stored = stored.ok_or_else(|| Refused::no_such_job(id))?;
    super::permit(caller, Action::ReadHistory, &stored.job, id.as_str())?;
    let lines = admin.jobs.told_of(Some(id)).await?;
    let read = |line: LedgerLine| {
        Entry::parse(line.line.as_bytes())
            .map_err(|error| JobStoreError::Corrupt(format!("an event of job {id}: {error}")))
    };
    Ok(lines.into_iter().map(read).collect::<Result<_, _>>()?)
}
