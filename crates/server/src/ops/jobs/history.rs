//! What happened to a job, and by whom.

use model::ids::JobId;

use crate::access::{Action, Caller};
use crate::jobstore::HistoryLine;
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
