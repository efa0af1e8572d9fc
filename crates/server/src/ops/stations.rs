//! Stations: the hosts that have the devices.

mod overview;
mod waiting;

use model::actor::Actor;
use model::ids::StationName;
use model::presence::{Presence, SILENT_SECONDS, StationState};
use model::time::Timestamp;

pub(crate) use overview::counts;
pub use overview::{StationLine, StationOverview, bays, list, show, with_metrics};
pub use waiting::waited_for;

use super::{AccountFault, Admin, Refused};
use crate::access::{Action, BearerToken, Caller, Resource, authorize};
use crate::jobstore::{JobStoreError, Station};

/// Seconds that a station is taken as watched after somebody looked: some looks long.
const WATCHED_SECONDS: i64 = 15;

/// Admits a station under a new token, which is not shown again. An earlier token of it is void.
///
/// # Errors
/// [`Refused`] if the caller has no right to it, or the job store fails.
pub async fn admit(
    admin: &Admin,
    caller: &Caller,
    name: &StationName,
) -> Result<BearerToken, Refused> {
    authorize(caller, Action::ManageStations, Resource::Service)?;
    let token = BearerToken::draw();
    let (actor, now) = (caller.actor(), admin.clock.now());
    let put = admin.jobs.put_station(name, token.sha256(), &actor, now);
    put.await?;
    tracing::info!(%actor, station = %name, "station admitted");
    Ok(token)
}

/// Which station has a token, unless it was revoked.
pub(crate) async fn known_by(
    admin: &Admin,
    token: &BearerToken,
) -> Result<Option<StationName>, JobStoreError> {
    admin.jobs.station_by_token(token.sha256()).await
}

/// Whether a station of this name was heard a moment ago, and has its right still.
pub(crate) async fn is_heard(admin: &Admin, name: &StationName) -> Result<bool, JobStoreError> {
    let now = admin.clock.now();
    Ok(admin.jobs.station(name).await?.is_some_and(|it| {
        let heard = it.heard.map(|last| last.at);
        it.revoked.is_none() && heard.is_some_and(|at| at > now.plus_seconds(-SILENT_SECONDS))
    }))
}

/// When a station was heard last that ought to have been heard since: what is ordered of it now it may never hear of. None
/// also where that cannot be said, since an order is given all the same.
pub(crate) async fn unheard_since(admin: &Admin, name: &StationName) -> Option<Timestamp> {
    let (station, state) = state(admin, name).await.ok()?;
    let is_unheard = matches!(state, StationState::Silent | StationState::Late);
    station.heard.filter(|_| is_unheard).map(|last| last.at)
}

/// Ends what a station of this host was called before it got another name: nobody has its token any more.
pub(crate) async fn rename(admin: &Admin, old: &StationName) -> Result<(), JobStoreError> {
    let now = admin.clock.now();
    admin.jobs.revoke_station(old, now).await?;
    admin.jobs.end_leases_of(old, now).await?;
    admin.jobs.drop_orders(old).await?;
    admin.jobs.end_shares(old, None).await
}

/// Writes down which token a station has, of whom no other is known. One that was revoked stays so: a start of the service
/// is nobody's decision.
pub(crate) async fn register(
    admin: &Admin,
    name: &StationName,
    token: &BearerToken,
) -> Result<(), JobStoreError> {
    if admin.jobs.is_void(name, token.sha256()).await? {
        tracing::warn!(station = %name, "the station of this host is revoked");
        return Ok(());
    }
    let now = admin.clock.now();
    let actor = Actor::Service;
    let put = admin.jobs.put_station(name, token.sha256(), &actor, now);
    put.await
}

/// Revokes a station: its token is void from the next message on, its leases end, and what was ordered of it is
/// dropped, and so are its shares of the rates of stores. Its jobs stand still until their disks are docked anywhere else. Doing it again finishes what was cut off.
///
/// # Errors
/// [`AccountFault::NoSuchStation`], or [`Refused`] if the caller has no right to it or the job store fails.
pub async fn revoke(admin: &Admin, caller: &Caller, name: &StationName) -> Result<(), Refused> {
    authorize(caller, Action::RevokeStation, Resource::Station(name))?;
    let now = admin.clock.now();
    let marked = admin.jobs.revoke_station(name, now).await;
    marked.map_err(|error| no_such(name, error))?;
    // After the token: a claim that was under way then looks again whether it still may.
    admin.jobs.end_leases_of(name, now).await?;
    admin.jobs.drop_orders(name).await?;
    admin.jobs.end_shares(name, None).await?;
    tracing::warn!(actor = %caller.actor(), station = %name, "station revoked");
    Ok(())
}

/// Lets a station begin nothing new; what it has begun it goes on with.
///
/// # Errors
/// As [`revoke`].
pub async fn drain(admin: &Admin, caller: &Caller, name: &StationName) -> Result<(), Refused> {
    authorize(caller, Action::DrainStation, Resource::Station(name))?;
    let found = find(admin, name).await?;
    let since = found.draining.unwrap_or(admin.clock.now());
    let marked = admin.jobs.drain_station(name, Some(since)).await;
    marked.map_err(|error| no_such(name, error))?;
    tracing::info!(actor = %caller.actor(), station = %name, "station is drained");
    Ok(())
}

/// Lets a station that was drained begin again.
///
/// # Errors
/// As [`revoke`].
pub async fn undrain(admin: &Admin, caller: &Caller, name: &StationName) -> Result<(), Refused> {
    authorize(caller, Action::DrainStation, Resource::Station(name))?;
    let marked = admin.jobs.drain_station(name, None).await;
    marked.map_err(|error| no_such(name, error))?;
    tracing::info!(actor = %caller.actor(), station = %name, "station is drained no more");
    Ok(())
}

/// Says that somebody looks at a station, which then tells every second how it is.
///
/// # Errors
/// As [`revoke`].
pub async fn watch(admin: &Admin, caller: &Caller, name: &StationName) -> Result<(), Refused> {
    authorize(caller, Action::LookAtStations, Resource::Service)?;
    let until = admin.clock.now().plus_seconds(WATCHED_SECONDS);
    let marked = admin.jobs.watch_station(name, until).await;
    marked.map_err(|error| no_such(name, error))
}

/// The station of this name.
pub(super) async fn find(admin: &Admin, name: &StationName) -> Result<Station, Refused> {
    let found = admin.jobs.station(name).await?;
    Ok(found.ok_or_else(|| AccountFault::NoSuchStation(name.clone()))?)
}

/// The station of this name, and whether it is heard; whether it is at work is not looked at.
pub(crate) async fn state(
    admin: &Admin,
    name: &StationName,
) -> Result<(Station, StationState), Refused> {
    let station = find(admin, name).await?;
    let state = presence(&station, false).state(admin.clock.now());
    Ok((station, state))
}

/// What is known of a station's presence.
pub(super) fn presence(station: &Station, is_at_work: bool) -> Presence {
    let heard = station.heard.as_ref();
    Presence {
        revoked: station.revoked,
        draining: station.draining,
        heard: heard.map(|last| last.at),
        clock_ahead: heard.map_or(0, |last| last.clock_ahead),
        runs: heard.map(|last| last.runs.clone()).unwrap_or_default(),
        is_at_work,
    }
}

fn no_such(name: &StationName, error: JobStoreError) -> Refused {
    match error {
        JobStoreError::Missing(_) => AccountFault::NoSuchStation(name.clone()).into(),
        error => error.into(),
    }
}
