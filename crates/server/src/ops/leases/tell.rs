//! What a station tells of the device of its lease: it goes into the receipt, and changes nothing.

use custody::by::By;
use custody::event::{
    Docked, Encrypted, EncryptedHow, Event, Examined, Planned, Probed, Undocked, Unlocked, What,
};
use custody::line::Entry;
use custody::told::Told;
use model::handling::{EncryptedDevice, Handling, Telling, UnlockedVolume};
use model::limits::{COUNT_MAX, UNLOCKED_VOLUMES};

use crate::access::{Action, Caller, Resource, authorize};
use crate::jobstore::LedgerLine;
use crate::ops::{Context, DockingFault, Refused};

/// Events of a job from which on a station tells nothing more of its device: a disk that comes and goes for days has room in
/// its receipt for what becomes of it.
const MOST_EVENTS: usize = 1_000;

/// Tells it, once in each attempt. Whoever has the last lease of the job may, also when that has ended.
///
/// # Errors
/// [`DockingFault::LeaseLost`] if another attempt has the job, [`DockingFault::Field`] for a number that cannot be, or the
/// job store's failure.
pub async fn tell(context: &Context, caller: &Caller, telling: Telling) -> Result<(), Refused> {
    let station = caller.station(Action::UseLease)?;
    let Telling {
        job,
        lease,
        bay,
        what,
    } = telling;
    let last = context.jobs.lease(job).await?;
    let is_its_own = last.is_some_and(|last| {
        last.token == lease && authorize(caller, Action::UseLease, Resource::Lease(&last)).is_ok()
    });
    if !is_its_own {
        return Err(DockingFault::LeaseLost(job).into());
    }
    let whats = events(what)?;
    let told = context.jobs.told_of(Some(job)).await?;
    // A job of before the ledger has no chain that more could stand in.
    if told.is_empty() {
        return Ok(());
    }
    if told.len() >= MOST_EVENTS {
        tracing::warn!(%station, %job, events = told.len(), "a job with so many events is told no more of its device");
        return Ok(());
    }
    let event = |what| Event {
        at: context.clock.now().into(),
        what,
        by: By::usual(&caller.actor()),
        station: Some(station.clone()),
        bay: bay.clone(),
    };
    let news = whats.into_iter().filter(|what| !is_known(&told, what));
    let news: Vec<Event> = news.map(event).collect();
    context.jobs.tell(Some(job), &news).await?;
    let events: Vec<&str> = news.iter().map(|event| event.what.name()).collect();
    tracing::info!(%station, %job, ?events, "told of a device");
    Ok(())
}

/// What is told, as events: of volumes one each.
fn events(what: Handling) -> Result<Vec<What>, DockingFault> {
    Ok(vec![match what {
        Handling::Docked { read_only } => Docked { read_only }.into(),
        Handling::Unlocked { volumes } => {
            if volumes.len() > UNLOCKED_VOLUMES {
                return Err(DockingFault::Field {
                    field: "volumes",
                    wrong: format!("are more than {UNLOCKED_VOLUMES}"),
                });
            }
            let unlocked = |volume: UnlockedVolume| {
                let event = Unlocked {
                    volume: volume.number,
                    method: Told::from(&volume.method),
                    key_id: volume.key_id.as_ref().map(Told::from),
                };
                event.into()
            };
            return Ok(volumes.into_iter().map(unlocked).collect());
        }
        Handling::Encrypted(device) => encrypted(&device).into(),
        Handling::Examined(health) => Examined::of(&health.tidied()).into(),
        Handling::Probed { read_back, store } => Probed {
            read_back,
            store_findings: *store,
        }
        .into(),
        Handling::Planned { entries, bytes } => {
            if entries > COUNT_MAX || bytes > COUNT_MAX {
                return Err(DockingFault::Field {
                    field: "planned",
                    wrong: format!("is more than {COUNT_MAX}"),
                });
            }
            Planned { entries, bytes }.into()
        }
        Handling::Undocked { read_only } => Undocked { read_only }.into(),
    }])
}

fn encrypted(device: &EncryptedDevice) -> Encrypted {
    let (how, method, key_id, words) = match device {
        EncryptedDevice::Made { method, key_id } => {
            (EncryptedHow::Made, Some(method), Some(key_id), None)
        }
        EncryptedDevice::Found { method, key_id } => {
            (EncryptedHow::Found, Some(method), Some(key_id), None)
        }
        EncryptedDevice::Told { words } => (EncryptedHow::Told, None, None, Some(words)),
    };
    Encrypted {
        how,
        method: method.map(Told::from),
        key_id: key_id.map(Told::from),
        words: words.map(Told::from),
    }
}

/// Whether the same was told since the last attempt began: a station that lost an answer tells again.
fn is_known(told: &[LedgerLine], what: &What) -> bool {
    let entries = told.iter().rev().filter_map(|line| {
        let entry = Entry::parse(line.line.as_bytes());
        entry.ok()?.what
    });
    entries
        .take_while(|told| !matches!(told, What::Attempt(_)))
        .any(|told| told == *what)
}
