//! How stations are: for whoever looks, and for the counters.

use std::collections::{BTreeMap, BTreeSet};

use model::heartbeat::Told;
use model::ids::{JobId, StationName};
use model::metrics_address::MetricsAddress;
use model::order::stale_since;
use model::presence::{NoClaims, StationState};

use super::{find, presence};
use crate::access::{Action, Caller, Resource, authorize};
use crate::jobstore::{HeldShares, JobStoreError, SharesOf, Station, StoredOrder};
use crate::ops::{Admin, Refused};

/// Stations that are read at a time to be counted.
const PAGE: u32 = 1000;

/// A station in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationLine {
    /// What is kept of it.
    pub station: Station,
    /// How it is.
    pub state: StationState,
    /// Why it gets no new job, if it gets none.
    pub no_claims: Option<NoClaims>,
    /// How many bays it has.
    pub bays: usize,
    /// In how many of them something is at work.
    pub at_work: usize,
    /// In how many of them something waits for a person.
    pub waiting: usize,
}

impl StationLine {
    /// The line of a station that is in this state and has told this.
    #[must_use]
    pub fn of(
        station: Station,
        state: StationState,
        no_claims: Option<NoClaims>,
        told: &Told,
    ) -> Self {
        let bays = || told.bays.iter();
        Self {
            state,
            no_claims,
            bays: told.bays.len(),
            at_work: bays().filter(|bay| bay.state.is_at_work()).count(),
            waiting: bays().filter(|bay| bay.state.waits_for_person()).count(),
            station,
        }
    }
}

/// All that is known of a station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationOverview {
    /// What is kept of it.
    pub station: Station,
    /// How it is.
    pub state: StationState,
    /// Why it gets no new job, if it gets none.
    pub no_claims: Option<NoClaims>,
    /// What it told last, however long that is ago.
    pub told: Told,
    /// The jobs whose leases it has, lapsed or not.
    pub jobs: Vec<JobId>,
    /// What was ordered in the last ten minutes, answered or not, oldest first.
    pub orders: Vec<StoredOrder>,
    /// What it may use of the rates of stores that several stations share.
    pub shares: Vec<HeldShares>,
}

/// Stations in the order of their names, after the station `after`.
///
/// # Errors
/// [`Refused`] if the caller has no right to it, or the job store fails.
pub async fn list(
    admin: &Admin,
    caller: &Caller,
    after: Option<&StationName>,
    limit: u32,
) -> Result<Vec<StationLine>, Refused> {
    authorize(caller, Action::LookAtStations, Resource::Service)?;
    let page = admin.jobs.stations(after, limit).await?;
    let Some(last) = page.last() else {
        return Ok(Vec::new());
    };
    let told = admin.jobs.told_until(after, &last.name).await?;
    let told: BTreeMap<StationName, Told> = told.into_iter().collect();
    let (now, holders) = (admin.clock.now(), holders(admin).await?);
    let nothing = Told::default();
    let line = |station: Station| {
        let told = told.get(&station.name).unwrap_or(&nothing);
        let presence = presence(&station, holders.contains(&station.name));
        let (state, no_claims) = (presence.state(now), presence.no_claims(now));
        StationLine::of(station, state, no_claims, told)
    };
    Ok(page.into_iter().map(line).collect())
}

/// All that is known of a station.
///
/// # Errors
/// [`AccountFault::NoSuchStation`](crate::ops::AccountFault::NoSuchStation), or [`Refused`] if the caller has no right
/// to it or the job store fails.
pub async fn show(
    admin: &Admin,
    caller: &Caller,
    name: &StationName,
) -> Result<StationOverview, Refused> {
    authorize(caller, Action::LookAtStations, Resource::Service)?;
    let station = find(admin, name).await?;
    let now = admin.clock.now();
    let held = admin.jobs.leases_of(name).await?;
    let presence = presence(&station, !held.is_empty());
    Ok(StationOverview {
        state: presence.state(now),
        no_claims: presence.no_claims(now),
        told: admin.jobs.told(name).await?.unwrap_or_default(),
        jobs: held.into_iter().map(|held| held.lease.job).collect(),
        orders: admin.jobs.orders(name, stale_since(now)).await?,
        shares: admin.jobs.shares(SharesOf::Station(name), now).await?,
        station,
    })
}

/// How each station of a page is and what it told last, in the order of their names; those that told nothing are in it
/// too.
///
/// # Errors
/// As [`list`].
pub async fn bays(
    admin: &Admin,
    caller: &Caller,
    after: Option<&StationName>,
    limit: u32,
) -> Result<Vec<(Station, StationState, Told)>, Refused> {
    authorize(caller, Action::LookAtStations, Resource::Service)?;
    let page = admin.jobs.stations(after, limit).await?;
    let Some(last) = page.last() else {
        return Ok(Vec::new());
    };
    let told = admin.jobs.told_until(after, &last.name).await?;
    let mut told: BTreeMap<StationName, Told> = told.into_iter().collect();
    let (now, holders) = (admin.clock.now(), holders(admin).await?);
    let of = |station: Station| {
        let told = told.remove(&station.name).unwrap_or_default();
        let presence = presence(&station, holders.contains(&station.name));
        (station, presence.state(now), told)
    };
    Ok(page.into_iter().map(of).collect())
}

/// Where the figures of stations can be fetched, of all that said so; one that was revoked is believed no more.
///
/// # Errors
/// As [`list`].
pub async fn with_metrics(
    admin: &Admin,
    caller: &Caller,
) -> Result<Vec<(StationName, MetricsAddress)>, Refused> {
    authorize(caller, Action::LookAtStations, Resource::Service)?;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = admin.jobs.stations(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(found);
        };
        let told = admin.jobs.told_until(after.as_ref(), &last.name).await?;
        let revoked = page.iter().filter(|station| station.revoked.is_some());
        let revoked: BTreeSet<&StationName> = revoked.map(|station| &station.name).collect();
        let told = told.into_iter().filter(|(name, _)| !revoked.contains(name));
        found.extend(told.filter_map(|(name, told)| Some((name, told.metrics?))));
        after = Some(last.name.clone());
    }
}

/// How many stations are in each state.
pub(crate) async fn counts(admin: &Admin) -> Result<Vec<(StationState, u64)>, JobStoreError> {
    let (now, holders) = (admin.clock.now(), holders(admin).await?);
    let mut counts: BTreeMap<StationState, u64> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = admin.jobs.stations(after.as_ref(), PAGE).await?;
        for station in &page {
            let is_at_work = holders.contains(&station.name);
            let state = presence(station, is_at_work).state(now);
            *counts.entry(state).or_default() += 1;
        }
        match page.into_iter().next_back() {
            Some(last) => after = Some(last.name),
            None => return Ok(counts.into_iter().collect()),
        }
    }
}

/// The stations that have a lease that has not ended.
async fn holders(admin: &Admin) -> Result<BTreeSet<StationName>, JobStoreError> {
    Ok(admin.jobs.holders().await?.into_iter().collect())
}
