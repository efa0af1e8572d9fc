//! Shares of the rates of stores: what a station may use until it asks again.

use model::heartbeat::BAYS;
use model::ids::{Boot, StationName};
use model::share::{
    Asker, Held, Measure, RateShare, RateWants, SHARE_SECONDS, Share, ShareAnswer, ShareRequest,
    StoreWants, UNLIMITED, afterwards, grant,
};
use model::time::Timestamp;

use super::{Context, DockingFault, Refused};
use crate::access::{Action, Caller, Resource, authorize};
use crate::jobstore::{HeldShares, JobStoreError, SharesOf, StoredShare};

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
    let held = context.jobs.shares(SharesOf::Station(station), now).await?;
    for HeldShares {
        store, boot: of, ..
    } in held
    {
        let is_wanted = wanted.iter().any(|wants| wants.store == store);
        if of == *boot && !is_wanted {
            let ended = Some((store.as_str(), boot));
            context.jobs.end_shares(station, ended).await?;
        }
    }
    let mut shares = Vec::new();
    for wants in wanted {
        let Some(limits) = context.stores.limits(&wants.store) else {
            continue;
        };
        let asking = Asking {
            station,
            boot,
            store: &wants.store,
            loading: wants.loading,
            now,
        };
        let mut given = [None; Measure::ALL.len()];
        for (measure, given) in Measure::ALL.into_iter().zip(&mut given) {
            if let Some(of) = wants.of(measure) {
                let limit = limits.limit_at(measure, now);
                *given = Some(asking.share(context, measure, limit, of).await?);
            }
        }
        let [bytes, requests] = given;
        shares.push(Share::new(wants.store, bytes.unwrap_or_default(), requests));
    }
    Ok(shares)
}

/// What a station may use of a rate of a store that comes to those who have a share, if it is never given one.
pub(super) async fn without_share(
    context: &Context,
    store: &str,
    measure: Measure,
) -> Result<Option<u64>, JobStoreError> {
    let now = context.clock.now();
    let limits = context.stores.limits(store);
    let Some(limit) = limits.and_then(|limits| limits.limit_at(measure, now)) else {
        return Ok(None);
    };
    let stations = context.jobs.share_count(measure, store, now).await? + 1;
    Ok(Some(afterwards(limit, stations, limit)))
}

/// A run of a station's program that asks for its shares of a store.
struct Asking<'a> {
    station: &'a StationName,
    boot: &'a Boot,
    store: &'a str,
    loading: u32,
    now: Timestamp,
}

impl Asking<'_> {
    /// Its share of one `limit`, or of none, which is none at this hour.
    async fn share(
        &self,
        context: &Context,
        measure: Measure,
        limit: Option<u64>,
        wants: RateWants,
    ) -> Result<RateShare, JobStoreError> {
        let Some(limit) = limit else {
            return Ok(RateShare::default());
        };
        let decide = |all: &[StoredShare]| self.decide(all, limit, wants);
        let jobs = &context.jobs;
        let done = jobs.share(measure, self.store, self.now, &decide).await;
        let (StoredShare { granted, .. }, stations) = done?;
        Ok(RateShare {
            per_second: Some(granted),
            afterwards: Some(afterwards(limit, stations, granted)),
        })
    }

    fn decide(&self, all: &[StoredShare], limit: u64, wants: RateWants) -> StoredShare {
        let is_own =
            |share: &&StoredShare| share.station == *self.station && share.boot == *self.boot;
        let counted = all.iter().find(is_own).map_or(0, |own| own.held.counted);
        let others: Vec<Held> = all
            .iter()
            .filter(|share| !is_own(share))
            .map(|share| share.held)
            .collect();
        let asker = Asker {
            loading: self.loading,
            wants: wants.wants.unwrap_or(UNLIMITED).min(UNLIMITED),
        };
        // No more than is counted already: what a station says costs the others nothing.
        let has = wants.has.unwrap_or(UNLIMITED).min(counted);
        let given = grant(limit, &others, asker, has);
        StoredShare {
            store: self.store.to_owned(),
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
