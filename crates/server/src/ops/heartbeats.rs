//! A station's heartbeat: what it tells is kept, the leases it names are renewed, and it is told what it is to do.
//!
//! The order is this, so that a heartbeat that is cut off anywhere may be sent again:
//!
//! 1. What it says of orders is kept: whatever number it has, an order that is done is done.
//! 2. It is kept itself, if it is the next of its run. Of two that come at once, at two servers, one is first.
//! 3. Its leases are renewed, unless it was heard before: one that comes late is no sign of life.
//! 4. It is given shares of the rates of stores, if it is the next of its run.
//! 5. It is answered from what the job store then has.

use model::bay::{BayState, BayStatus};
use model::heartbeat::{ACKNOWLEDGEMENTS, BAYS, Heartbeat, HeartbeatAnswer, MendedJob};
use model::ids::StationName;
use model::order::{Acknowledgement, Order, OrderVerb, stale_since};
use model::presence::{self, Heard};
use model::share::Share;
use model::time::Timestamp;

use super::orders::sheet_of;
use super::{AccountFault, Context, DockingFault, Refused, disposal, leases, shares, stations};
use crate::access::{Action, Caller, Resource, authorize};
use crate::change::tries;
use crate::jobstore::{self, JobStoreError, Station, StoredOrder};

/// Milliseconds between heartbeats.
const EVERY_MS: u32 = presence::EVERY_SECONDS * 1000;

/// The same while somebody waits for what the next one says.
const WATCHED_MS: u32 = 1000;

/// What the job store has of the station after a heartbeat.
enum Known {
    /// The heartbeat is the last.
    Now(Station),
    /// It was heard before.
    Before(Station),
}

/// Hears a heartbeat and answers it. The same, again, has the same answer and changes nothing.
///
/// # Errors
/// [`DockingFault::OtherStation`] for a station that speaks for another, or the job store's failure.
pub async fn heartbeat(
    context: &Context,
    caller: &Caller,
    mut heartbeat: Heartbeat,
) -> Result<HeartbeatAnswer, Refused> {
    let station = caller.station(Action::SendHeartbeat)?;
    authorize(
        caller,
        Action::SendHeartbeat,
        Resource::Station(&heartbeat.station),
    )
    .map_err(|_| DockingFault::OtherStation {
        token: station.clone(),
        says: heartbeat.station.clone(),
    })?;
    let now = context.clock.now();
    answer_orders(context, station, std::mem::take(&mut heartbeat.done), now).await?;
    let mut named = std::mem::take(&mut heartbeat.leases);
    named.truncate(BAYS);
    let wanted = std::mem::take(&mut heartbeat.stores);
    let (found, is_new) = match keep(context, station, &heartbeat, now).await? {
        Known::Now(found) => (found, true),
        Known::Before(found) => (found, false),
    };
    let held = leases::keep(context, caller, named, is_new).await?;
    // One that comes late says what the station wanted then.
    let shares = match is_new {
        true => shares::give(context, station, &heartbeat.boot, wanted).await?,
        false => Vec::new(),
    };
    let orders = pending(context, station, now).await?;
    let mended = mended(context, station, &heartbeat.bays).await?;
    let erasable = disposal::erasable(context, station, &heartbeat.bays).await?;
    context.metrics.heartbeat(is_new);
    tracing::debug!(%station, seq = heartbeat.seq, is_new, orders = orders.len(), "heartbeat");
    let presence = stations::presence(&found, !held.is_empty());
    let is_watched = found.watched_until.is_some_and(|until| until > now);
    // Others make room with their next heartbeats.
    let waits = shares.iter().any(Share::waits);
    Ok(HeartbeatAnswer {
        next_ms: match is_watched || waits || !orders.is_empty() {
            true => WATCHED_MS,
            false => EVERY_MS,
        },
        clock: now,
        orders,
        leases: held,
        mended,
        erasable,
        shares,
        no_claims: presence.no_claims(now),
        clock_ahead_seconds: presence::worth_a_word(presence.clock_ahead),
    })
}

/// Keeps the heartbeat until nobody else has kept one meanwhile.
async fn keep(
    context: &Context,
    name: &StationName,
    heartbeat: &Heartbeat,
    now: Timestamp,
) -> Result<Known, Refused> {
    for _ in tries() {
        let found = context.jobs.station(name).await?;
        let mut found = found.ok_or_else(|| AccountFault::NoSuchStation(name.clone()))?;
        let runs = found.heard.as_ref().map(|last| last.runs.clone());
        let Heard::New(runs) = runs
            .unwrap_or_default()
            .hear(&heartbeat.boot, heartbeat.seq, now)
        else {
            return Ok(Known::Before(found));
        };
        let next = jobstore::Heartbeat {
            version: found.heard.as_ref().map_or(0, |last| last.version) + 1,
            at: now,
            release: heartbeat.release(),
            clock_ahead: heartbeat.clock.unix().saturating_sub(now.unix()),
            runs,
        };
        let told = heartbeat.told();
        match context.jobs.keep_heartbeat(name, &next, &told).await {
            Ok(()) => {
                tell_changes(name, found.heard.as_ref(), &next);
                found.heard = Some(next);
                return Ok(Known::Now(found));
            }
            Err(JobStoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(JobStoreError::Conflict.into())
}

/// Says once, and not with every heartbeat, what an operator should know.
fn tell_changes(
    station: &StationName,
    before: Option<&jobstore::Heartbeat>,
    next: &jobstore::Heartbeat,
) {
    let (now, release, ahead) = (next.at, &next.release, next.clock_ahead);
    match before {
        None => tracing::info!(%station, release, "station is heard for the first time"),
        Some(last) if last.at <= now.plus_seconds(-presence::SILENT_SECONDS) => {
            tracing::info!(%station, release, silent_since = %last.at, "station is heard again");
        }
        Some(_) => {}
    }
    if next.runs.are_two(now) && !before.is_some_and(|last| last.runs.are_two(now)) {
        tracing::error!(%station, "two hosts are heard under one name: neither gets a new job");
    }
    let was_wrong = before.is_some_and(|last| presence::worth_a_word(last.clock_ahead).is_some());
    match (was_wrong, presence::worth_a_word(ahead).is_some()) {
        (false, true) => tracing::warn!(%station, clock_ahead_seconds = ahead, "clock is wrong"),
        (true, false) => tracing::info!(%station, clock_ahead_seconds = ahead, "clock is right"),
        (true, true) | (false, false) => {}
    }
}

async fn answer_orders(
    context: &Context,
    station: &StationName,
    mut done: Vec<Acknowledgement>,
    now: Timestamp,
) -> Result<(), JobStoreError> {
    done.truncate(ACKNOWLEDGEMENTS);
    if done.is_empty() {
        return Ok(());
    }
    for word in &mut done {
        word.outcome = word.outcome.clone().tidied();
        tracing::info!(%station, order = %word.id, outcome = ?word.outcome, "order answered");
    }
    context.jobs.answer_orders(station, &done, now).await
}

/// Which jobs of the bays that are held are not on hold any more: their station need not wait until it asks. It is said
/// until the bay is not held any more.
async fn mended(
    context: &Context,
    station: &StationName,
    bays: &[BayStatus],
) -> Result<Vec<MendedJob>, JobStoreError> {
    let is_held = |bay: &&BayStatus| bay.state == BayState::Held;
    let waiting = bays.iter().take(BAYS).filter(is_held);
    let waiting: Vec<_> = waiting.filter_map(|bay| bay.job).collect();
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    let mut mended = context.jobs.mended_jobs(station).await?;
    mended.retain(|found| waiting.contains(&found.job));
    Ok(mended)
}

/// What the station is to do and has not answered.
async fn pending(
    context: &Context,
    station: &StationName,
    now: Timestamp,
) -> Result<Vec<Order>, JobStoreError> {
    let all = context.jobs.orders(station, stale_since(now)).await?;
    let mut pending = Vec::new();
    for StoredOrder { order, job, .. } in all
        .into_iter()
        .filter(|it| it.answered.is_none() && !it.order.waits())
    {
        let sheet = match job.filter(|_| order.erase.is_none()) {
            Some(job) => context.jobs.job(job).await?,
            None => None,
        };
        let sheet = sheet.map(|stored| sheet_of(context, &stored.job));
        let secret = match order.verb {
            OrderVerb::Unlock => context.jobs.order_secret(&order.id).await?,
            _ => None,
        };
        pending.push(Order {
            sheet,
            secret,
            ..order
        });
    }
    Ok(pending)
}
