//! Devices after they were loaded: released, erased, destroyed.
//!
//! Whether a device may be erased is decided by [`model::disposal::gate`], from what is asked of the job, its history, its
//! bucket and its station at that moment. Nothing else lets a station begin:
//!
//! 1. The station asks, and the gate opens or says everything that stands against it. Who asks has the right to erase for
//!    the term of a lease then; the job is as it was.
//! 2. Right before its first write the station says that it begins. Only now the job changes, by the same compare and swap as
//!    ever: who objected meanwhile was in time.
//! 3. It says how far it is, which extends its right, and how it ends.
//!
//! A crash between 1 and 2 leaves a right that lapses. A crash after 2 leaves a job that is being erased: its station asks
//! again, with the grant that stands in its journal.

mod ask;
mod end;
pub(super) mod facts;
mod release;
mod verified;

pub use ask::ask;
pub use end::{begin, end, renew};
pub use release::{destroyed, object, release, withdraw};
pub use verified::verified;

use model::bay::BayStatus;
use model::disposal::gate::released_after;
use model::disposal::rules::{Confirm, ReleaseRule};
use model::disposal::{Disposal, Unerased};
use model::heartbeat::BAYS;
use model::ids::{JobId, StationName};
use model::job::Job;
use model::limits::BECAUSE_CHARS;

use super::{Context, DockingFault};
use crate::config::EraseConfig;
use crate::jobstore::JobStoreError;

/// The station that has the right to erase the device of a job, if one has.
///
/// # Errors
/// The job store's failure.
pub(super) async fn eraser(
    context: &Context,
    job: JobId,
) -> Result<Option<StationName>, JobStoreError> {
    let term = context.rules.lease_seconds;
    let found = context.jobs.erase(job).await?;
    let found = found.filter(|erase| erase.is_in_force(context.clock.now(), term));
    Ok(found.map(|erase| erase.station))
}

/// What a person answers for, in words that stay on their line.
pub(super) fn answered_for(what: Unerased) -> Result<Unerased, DockingFault> {
    Ok(Unerased {
        authority: words("authority", &what.authority)?,
        reason: words("reason", &what.reason)?,
    })
}

/// A sentence of a person: something, and on one line.
fn words(field: &'static str, text: &str) -> Result<String, DockingFault> {
    let text = text.trim();
    let chars = text.chars().count();
    if chars == 0 || chars > BECAUSE_CHARS || text.chars().any(char::is_control) {
        let wrong = format!("must have 1 to {BECAUSE_CHARS} characters, and no control characters");
        return Err(DockingFault::Field { field, wrong });
    }
    Ok(text.to_owned())
}

/// Jobs of these bays whose devices their station may ask to erase by itself: where that is the rule, and nobody has to say
/// anything any more. Whether the gate is open is asked then.
///
/// # Errors
/// The job store's failure.
pub(super) async fn erasable(
    context: &Context,
    station: &StationName,
    bays: &[BayStatus],
) -> Result<Vec<JobId>, JobStoreError> {
    if context.erase.confirm != Confirm::Station {
        return Ok(Vec::new());
    }
    let mut erasable = Vec::new();
    let jobs = bays.iter().take(BAYS).filter(|bay| !bay.state.is_at_work());
    for id in jobs.filter_map(|bay| bay.job) {
        let job = context.jobs.job(id).await?.map(|stored| stored.job);
        if job.is_some_and(|job| may_ask(context, &job, station)) {
            erasable.push(id);
        }
    }
    Ok(erasable)
}

fn may_ask(context: &Context, job: &Job, station: &StationName) -> bool {
    let EraseConfig {
        release,
        hold_hours,
        ..
    } = context.erase;
    let now = context.certain.now(&*context.clock);
    let is_released = match (&job.disposal, release) {
        (Disposal::Released(_), _) => true,
        (Disposal::Kept, ReleaseRule::Manifest) => {
            job.wants_erase()
                && released_after(&job.progress, hold_hours).is_some_and(|at| at <= now)
        }
        (Disposal::Kept, ReleaseRule::Aws) => released_after(&job.progress, 0).is_some(),
        (Disposal::Kept, ReleaseRule::Customer) => false,
        // Gone on with by its journal, which its station knows of.
        (Disposal::Erasing { .. } | Disposal::EraseFailed { .. }, _) => false,
        (Disposal::Erased { .. } | Disposal::Destroyed { .. }, _) => false,
    };
    is_released && job.objection.is_none() && job.custody.station() == Some(station)
}
