//! Jobs: made, changed, told, ended and reopened.

mod abort;
mod cancel;
mod create;
mod decision;
mod get_status;
mod give_up;
mod hold;
mod list;
mod look;
mod retry;
mod submission;
mod update;

use model::ids::JobId;
use model::job::Job;

pub use abort::abort;
pub use cancel::cancel;
pub use create::{CreatedJob, create};
pub use get_status::{JobStatus, get_status};
pub use give_up::give_up;
pub use hold::{hold, resume};
pub use list::{ListJobs, list};
pub use look::look;
pub use retry::retry;
pub use submission::{Submission, ValidateOnly};
pub use update::{UpdatedJob, update};

use super::{Context, Refused};
use crate::access::{Action, Caller, Resource, authorize};
use crate::change;

/// The job of this id as it stands at this moment, if the caller may do this to it.
///
/// # Errors
/// [`Refused::NoSuchJob`] for a text that is no id, an unknown job, and one that the caller has no
/// right to: that it is there is not told.
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
    job.filter(|job| authorize(caller, action, Resource::Job(job)).is_ok())
        .ok_or_else(|| Refused::NoSuchJob(id.to_owned()))
}
