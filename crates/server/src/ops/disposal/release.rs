//! The account of a device says what may be done to it, or somebody says so for it; and what was done by hand.

use model::custody::Custody;
use model::disposal::gate::{BayFacts, job_gate};
use model::disposal::rules::ReleaseRule;
use model::disposal::{Disposal, Release, Unerased};
use model::event::Event;
use model::ids::StationName;
use model::job::Job;
use model::signature::SignatureSeen;

use super::{answered_for, eraser, facts, words};
use crate::access::{Action, Caller};
use crate::change;
use crate::ops::jobs::find;
use crate::ops::{Context, DockingFault, Refused};

/// Releases a device to be erased. The account itself may give up lines of its report, by their number; who speaks for it
/// says why. The same again is answered alike.
///
/// # Errors
/// [`Refused`]; the job is unchanged then.
pub async fn release(
    context: &Context,
    caller: &Caller,
    id: &str,
    gives_up: u64,
    statement: Option<&str>,
) -> Result<Job, Refused> {
    let job = find(context, caller, Action::ReleaseDevice, id).await?;
    let by_the_account = matches!(caller, Caller::Customer(_));
    let statement = match (statement, by_the_account) {
        (Some(text), _) => Some(words("Because", text)?),
        (None, true) => None,
        (None, false) => {
            let wrong = "must say why: the customer reads it in the receipt".to_owned();
            let field = "Because";
            return Err(DockingFault::Field { field, wrong }.into());
        }
    };
    if !by_the_account && gives_up > 0 {
        let wrong = "must be 0: only the account itself gives up lines of its report".to_owned();
        let field = "GiveUpLines";
        return Err(DockingFault::Field { field, wrong }.into());
    }
    check_lines(&job, gives_up)?;
    let release = Release {
        rule: ReleaseRule::Customer,
        at: context.clock.now(),
        gives_up,
        statement,
        by_the_account,
    };
    if is_released(&job, &release) {
        return Ok(job);
    }
    happen(context, caller, &job, Event::Released(release)).await
}

/// Whether it is released like that already.
fn is_released(job: &Job, release: &Release) -> bool {
    matches!(&job.disposal, Disposal::Released(before)
        if Release { at: release.at, ..before.clone() } == *release)
}

/// A number that is not that of the report would be found at the gate: who says it should learn so at once.
fn check_lines(job: &Job, gives_up: u64) -> Result<(), DockingFault> {
    let errors = job.progress.error_count();
    if !job.progress.is_terminal() || gives_up == errors {
        return Ok(());
    }
    let wrong = format!(
        "is {gives_up}, and {errors} lines of the report were not stored whole: the account gives them up by their number"
    );
    let field = "GiveUpLines";
    Err(DockingFault::Field { field, wrong })
}

/// Shuts the gate until [`withdraw`]. The same again is answered alike.
///
/// # Errors
/// [`Refused`]; the job is unchanged then.
pub async fn object(
    context: &Context,
    caller: &Caller,
    id: &str,
    because: &str,
) -> Result<Job, Refused> {
    let job = find(context, caller, Action::HoldDevice, id).await?;
    let because = words("Because", because)?;
    let stands = job.objection.as_ref();
    if stands.is_some_and(|objection| objection.because == because) {
        return Ok(job);
    }
    happen(context, caller, &job, Event::Objected { because }).await
}

/// Takes an objection back. Where there is none, that is refused.
///
/// # Errors
/// [`Refused`]; the job is unchanged then.
pub async fn withdraw(context: &Context, caller: &Caller, id: &str) -> Result<Job, Refused> {
    let job = find(context, caller, Action::HoldDevice, id).await?;
    happen(context, caller, &job, Event::ObjectionWithdrawn).await
}

/// Writes down that somebody has destroyed a device: one that could have been erased, or whose erase failed.
///
/// # Errors
/// [`Refused`]; [`DockingFault::Shut`] with everything that would have stood against its erase.
pub async fn destroyed(
    context: &Context,
    caller: &Caller,
    id: &str,
    what: Unerased,
) -> Result<Job, Refused> {
    let job = find(context, caller, Action::DestroyDevice, id).await?;
    let what = answered_for(what)?;
    if is_destroyed(&job, &what) {
        return Ok(job);
    }
    if let Some(holder) = eraser(context, job.id).await? {
        let job = job.id;
        return Err(DockingFault::Leased { job, holder }.into());
    }
    let is_gone_already = job.disposal.is_gone() || job.disposal.begun().is_some();
    if !is_gone_already {
        let facts = facts::collect(context, &job, nothing_seen(&job)).await?;
        job_gate(&facts).map_err(|shut| DockingFault::shut(job.id, &shut))?;
    }
    happen(context, caller, &job, Event::Destroyed(what)).await
}

fn is_destroyed(job: &Job, what: &Unerased) -> bool {
    matches!(&job.disposal, Disposal::Destroyed { authority, reason, .. }
        if *authority == what.authority && *reason == what.reason)
}

/// There is no bay about which anything would be asked.
fn nothing_seen(job: &Job) -> BayFacts {
    let nowhere = || StationName::new("none").expect("four letters");
    let device = match &job.custody {
        Custody::AtStation { device, .. } => device.clone(),
        Custody::NotReceived | Custody::Returned { .. } => None,
    };
    BayFacts {
        station: job.custody.station().cloned().unwrap_or_else(nowhere),
        device: device.unwrap_or_default(),
        signature: SignatureSeen::Missing,
        in_use: Vec::new(),
        confirmation: None,
        persons: Vec::new(),
        stayed: false,
        resumes: None,
    }
}

async fn happen(
    context: &Context,
    caller: &Caller,
    job: &Job,
    event: Event,
) -> Result<Job, Refused> {
    let id = job.id;
    let refused = |why| Refused::State { job: id, why };
    let changed = change::apply(context, id, &caller.actor(), &event, refused).await?;
    let job = changed.ok_or_else(|| Refused::no_such_job(id))?;
    tracing::warn!(actor = %caller.actor(), job = %id, what = event.name(), now = job.disposal.code(), "decided about a device");
    Ok(job)
}
