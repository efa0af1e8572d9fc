//! A station says which volumes of the device it has opened.

use custody::by::By;
use custody::event::{Event, Unlocked, What};
use custody::line::Entry;
use custody::told::Told;
use model::control::{UnlockedRequest, UnlockedVolume};
use model::ids::JobId;
use model::limits::UNLOCKED_VOLUMES;

use crate::access::{Action, Caller, Resource, authorize};
use crate::jobstore::JobStoreError;
use crate::ops::{Context, DockingFault, Refused};

/// Tells it in the ledger, once in an attempt: it changes no job.
///
/// # Errors
/// [`DockingFault::LeaseLost`] if another attempt has the job.
pub async fn unlocked(
    context: &Context,
    caller: &Caller,
    UnlockedRequest {
        job: id,
        lease: token,
        volumes,
    }: UnlockedRequest,
) -> Result<(), Refused> {
    let station = caller.station(Action::UseLease)?;
    let lease = context.jobs.lease(id).await?;
    let lease = lease.filter(|lease| {
        lease.token == token
            && !lease.ended
            && authorize(caller, Action::UseLease, Resource::Lease(lease)).is_ok()
    });
    lease.ok_or(DockingFault::LeaseLost(id))?;
    if volumes.len() > UNLOCKED_VOLUMES {
        let field = "volumes";
        let wrong = format!("are more than {UNLOCKED_VOLUMES}");
        return Err(DockingFault::Field { field, wrong }.into());
    }
    let known = known(context, id).await?;
    let event = |unlocked: Unlocked| Event {
        at: context.clock.now().into(),
        what: unlocked.into(),
        by: By::usual(&caller.actor()),
        station: Some(station.clone()),
        bay: None,
    };
    let news = volumes.into_iter().map(told);
    let news = news.filter(|volume| !known.contains(volume)).map(event);
    let news: Vec<Event> = news.collect();
    context.jobs.tell(Some(id), &news).await?;
    tracing::info!(%station, job = %id, volumes = news.len(), "volumes unlocked");
    Ok(())
}

fn told(volume: UnlockedVolume) -> Unlocked {
    Unlocked {
        volume: volume.number,
        method: Told::from(&volume.method),
        key_id: volume.key_id.as_ref().map(Told::from),
    }
}

/// What was told as unlocked in the attempt that runs: an answer may have been lost.
async fn known(context: &Context, id: JobId) -> Result<Vec<Unlocked>, JobStoreError> {
    let lines = context.jobs.told_of(Some(id)).await?;
    let mut known = Vec::new();
    for stored in lines.iter().rev() {
        let entry = Entry::parse(stored.line.as_bytes());
        match entry.map_err(JobStoreError::corrupt)?.what {
            Some(What::Unlocked(it)) => known.push(it),
            Some(What::Attempt(_)) => break,
            _ => {}
        }
    }
    Ok(known)
}
