//! What a person decides about a job, having been shown it, and what cannot be taken back.
//!
//! The message carries what the person was shown: whose job it is and how it stood. A job of another
//! account, or one that has moved on since, is left alone; so is one that a station is at work on.

use model::custody::Custody;
use model::event::Event;
use model::ids::{AccountId, JobId};
use model::job::Job;
use model::limits::BECAUSE_CHARS;

use crate::access::{Action, Caller};
use crate::change::{Committed, Draft, tries};
use crate::jobstore::JobStoreError;
use crate::ops::leases::holder;
use crate::ops::{Context, DockingFault, Refused};

/// What was decided, and what the person knew.
#[derive(Debug)]
pub(super) struct Decision<'a> {
    pub(super) action: Action,
    pub(super) job: JobId,
    /// Whose job the person was shown.
    pub(super) account: &'a AccountId,
    /// The code of the progress that the person was shown.
    pub(super) shown: &'a str,
}

impl Decision<'_> {
    /// Does what was decided, unless `is_done`; `events` says what happens to the job as it stands.
    ///
    /// # Errors
    /// [`Refused`]; the job is unchanged then.
    pub(super) async fn carry_out(
        &self,
        context: &Context,
        caller: &Caller,
        is_done: impl Fn(&Job) -> bool,
        events: impl Fn(&Job) -> Result<Vec<Event>, Refused>,
    ) -> Result<(), Refused> {
        let id = self.job;
        for _ in tries() {
            let draft = Draft::open(context, id).await?;
            let mut draft = draft.ok_or_else(|| Refused::no_such_job(id))?;
            super::permit(caller, self.action, draft.job(), id.as_str())?;
            if is_done(draft.job()) {
                return Ok(());
            }
            if draft.job().account != *self.account || draft.job().progress.code() != self.shown {
                return Err(DockingFault::Changed(id).into());
            }
            if let Some(holder) = holder(context, id).await? {
                return Err(DockingFault::Leased { job: id, holder }.into());
            }
            let happens = events(draft.job())?;
            for event in arrival(caller, draft.job()).iter().chain(&happens) {
                draft
                    .apply(event)
                    .map_err(|why| Refused::State { job: id, why })?;
            }
            if let Committed::Saved(job) = draft.commit(context, &caller.actor()).await? {
                let (now, account) = (job.progress.code(), self.account);
                tracing::warn!(actor = %caller.actor(), job = %id, %account, action = ?self.action, now, "decided by the operator");
                return Ok(());
            }
        }
        Err(JobStoreError::Conflict.into())
    }
}

/// Who decides at a station has the device in front of him.
fn arrival(caller: &Caller, job: &Job) -> Option<Event> {
    match caller {
        Caller::Station(station) if job.custody == Custody::NotReceived => {
            Some(Event::DeviceArrived {
                station: station.clone(),
                device: None,
                signature: None,
            })
        }
        Caller::Station(_) | Caller::Customer(_) | Caller::Person(_) | Caller::Operator => None,
    }
}

/// A sentence that the customer reads: something, and on one line.
pub(super) fn sentence(because: &str) -> Result<String, DockingFault> {
    let because = because.trim();
    let chars = because.chars().count();
    if chars == 0 || chars > BECAUSE_CHARS || because.chars().any(char::is_control) {
        let wrong = format!("must have 1 to {BECAUSE_CHARS} characters, and no control characters");
        let field = "because";
        return Err(DockingFault::Field { field, wrong });
    }
    Ok(because.to_owned())
}
