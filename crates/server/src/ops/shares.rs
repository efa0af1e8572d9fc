//! Shares of the rates of stores: what a station may use until it asks again.

use model::heartbeat::BAYS;
use model::ids::{Boot, StationName};
use model::share::{
    Asker, Held, SHARE_SECONDS, Share, ShareAnswer, ShareRequest, StoreWants, UNLIMITED,
    afterwards, grant,
};
use model::time::Timestamp;

use super::{Context, DockingFault, Refused};
use crate::access::{Action, Caller, Resource, authorize};
use crate::jobstore::{JobStoreError, StoredShare};

/// Gives shares to a docking whose station sends no heartbeats.
///
/// # Errors
/// [`DockingFault::OtherStation`] for a station that speaks for another, or the job store's failure.
pub async fn shares(
    context: &Context,
    caller: &Caller,
    request: ShareRequest,
) -> Result<ShareAnswer, Refused> {
    let station = caller.station(Action::SendHeartbeat)?;
    authorize(
        caller,
        Action::SendHeartbeat,
        Resource::Station(&request.station),
    )
    .map_err(|_| DockingFault::OtherStation {
        token: station.clone(),
        says: request.station.clone(),
    })?;
    let shares = give(context, station, &request.boot, request.stores).await?;
    Ok(ShareAnswer { shares })
}

/// Gives a run of a station's program what it may use of each store that it loads into. What it had of others it has
/// given back by not naming them. Stores without a limit are not shared.
pub(super) async fn give(
    context: &Context,
    station: &StationName,
    boot: &Boot,
    mut wanted: Vec<StoreWants>,
) -> Result<Vec<Share>, JobStoreError> {
    let now = context.clock.now();
    if !context.stores.are_shared() {
        return Ok(Vec::new());
    }
    wanted.truncate(BAYS);
    for held in context.jobs.shares_of(station, now).await? {
        let is_wanted = wanted.iter().any(|wants| wants.store == held.store);
        if held.boot == *boot && !is_wanted {
            let store = Some(held.store.as_str());
            context.jobs.end_shares(station, store).await?;
        }
    }
    let mut shares = Vec::new();
    for wants in wanted {
        let share = match context.stores.limit(&wants.store, now) {
            None => continue,
            Some(None) => unlimited(wants.store),
            Some(Some(limit)) => {
                let of = Asking {
                    station,
                    boot,
                    limit,
                    now,
                };
                of.share(context, wants).await?
            }
        };
        shares.push(share);
    }
    Ok(shares)
}

/// What a station may use of a store's rate that comes to those who have a share, if it is never given one.
pub(super) async fn without_share(
    context: &Context,
    store: &str,
) -> Result<Option<u64>, JobStoreError> {
    let now = context.clock.now();
    let Some(Some(limit)) = context.stores.limit(store, now) else {
        return Ok(None);
    };
    let stations = context.jobs.share_count(store, now).await? + 1;
    Ok(Some(afterwards(limit, stations, limit)))
}

/// The share of a store that has no limit at this hour.
fn unlimited(store: String) -> Share {
    Share {
        store,
        bytes_per_second: None,
        seconds: SHARE_SECONDS,
        afterwards: None,
    }
}

/// A share that is asked for.
struct Asking<'a> {
    station: &'a StationName,
    boot: &'a Boot,
    limit: u64,
    now: Timestamp,
}

impl Asking<'_> {
    async fn share(&self, context: &Context, wants: StoreWants) -> Result<Share, JobStoreError> {
        let decide = |all: &[StoredShare]| self.decide(all, &wants);
        let done = context.jobs.share(&wants.store, self.now, &decide).await;
        let (StoredShare { granted, .. }, stations) = done?;
        Ok(Share {
            store: wants.store,
            bytes_per_second: Some(granted),
            seconds: SHARE_SECONDS,
            afterwards: Some(afterwards(self.limit, stations, granted)),
        })
    }

    fn decide(&self, all: &[StoredShare], wants: &StoreWants) -> StoredShare {
        let is_own =
            |share: &&StoredShare| share.station == *self.station && share.boot == *self.boot;
        let counted = all.iter().find(is_own).map_or(0, |own| own.held.counted);
        let others: Vec<Held> = all
            .iter()
            .filter(|share| !is_own(share))
            .map(|share| share.held)
            .collect();
        let asker = Asker {
            loading: wants.loading,
            wants: wants.wants.unwrap_or(UNLIMITED).min(UNLIMITED),
        };
        // No more than is counted already: what a station says costs the others nothing.
        let has = wants.has.unwrap_or(UNLIMITED).min(counted);
        let given = grant(self.limit, &others, asker, has);
        StoredShare {
            store: wants.store.clone(),
            station: self.station.clone(),
            boot: self.boot.clone(),
            held: Held {
                asker,
                counted: given.counted,
            },
            granted: given.granted,
            until: self.now.plus_seconds(SHARE_SECONDS.into()),
        }
    }
}
