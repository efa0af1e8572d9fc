//! Jobs: made, changed, told, ended and reopened.

mod abort;
mod cancel;
mod create;
mod decision;
mod failed;
mod get_status;
mod give_up;
mod history;
mod hold;
mod list;
mod look;
mod manifest;
mod rates;
mod report;
mod retry;
mod search;
mod submission;
mod update;

use model::ids::JobId;
use model::job::Job;

pub use abort::abort;
pub use cancel::cancel;
pub use create::{CreatedJob, create};
pub(crate) use failed::failed;
pub use get_status::{JobBeside, JobStatus, beside, get_status, show};
pub use give_up::{finish_without, give_up};
pub use history::{history, told};
pub use hold::{hold, resume};
pub use list::{ListJobs, list};
pub use look::look;
pub(crate) use manifest::manifest;
pub(crate) use rates::rates;
pub use report::{JobReport, report};
pub use retry::retry;
pub use search::{JOBS, MOST_JOBS, Search, own, search};
pub use submission::{Submission, ValidateOnly};
pub use update::{UpdatedJob, update};

use super::{Context, Refused};
use crate::access::{Action, Caller, Resource, authorize};
use crate::change;

/// The job of this id as it stands at this moment, if the caller may do this to it.
///
/// # Errors
/// [`Refused::NoSuchJob`] for a text that is no id and an unknown job; else as [`permit`].
pub(super) async fn find(
    context: &Context,
    caller: &Caller,
    action: Action,
    id: &str,
) -> Result<Job, Refused> {
    let job = match JobId::new(id) {
        Ok(id) => change::look(context, id).await?,
        Err(_) => None,
    };
    let job = job.ok_or_else(|| Refused::NoSuchJob(id.to_owned()))?;
    permit(caller, action, &job, id)?;
    Ok(job)
}

/// Whether the caller may do this to a job that is there.
///
/// # Errors
/// [`Refused::Denied`]; but [`Refused::NoSuchJob`], with the id as given, to whoever may not even look at it: that it
/// is there is not told.
pub(super) fn permit(
    caller: &Caller,
    action: Action,
    job: &Job,
    given: &str,
) -> Result<(), Refused> {
    let resource = Resource::Job(job);
    authorize(caller, action, resource).map_err(|denied| {
        match authorize(caller, Action::LookAtJob, resource) {
            Ok(()) => denied.into(),
            Err(_) => Refused::NoSuchJob(given.to_owned()),
        }
    })
}
