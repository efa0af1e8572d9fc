//! Lets jobs expire whose device did not come in time, notes which stand still because their station sends no
//! heartbeat or was revoked, forgets orders that are stale, and thins what plots are made of.
//!
//! Nothing depends on when it runs: an overdue job counts as expired from the moment it is, and a job
//! whose lease has lapsed is told as standing still. The sweeper writes that down, so that the
//! history has it and lists and counters show it.

use model::actor::Actor;
use model::event::Event;
use model::ids::JobId;
use model::order::stale_since;
use model::stopped::StopCause;
use tokio_util::sync::CancellationToken;

use crate::app::Context;
use crate::change::{Committed, Draft, overdue_since};
use crate::jobstore::{JobStoreError, Lease};

/// Jobs read at a time.
const BATCH: u32 = 100;

/// Writes down what time it surely is, for the next start.
pub(super) async fn note_time(context: &Context) -> Result<(), JobStoreError> {
    let certain = context.certain.now(&*context.clock);
    context.jobs.note_time(certain).await
}

/// Lets every overdue job expire; after a batch no other if the service is to stop.
pub(super) async fn expire_overdue(
    context: &Context,
    stop: &CancellationToken,
) -> Result<(), JobStoreError> {
    while !stop.is_cancelled() {
        let certain = context.certain.now(&*context.clock);
        let since = overdue_since(&context.rules, certain);
        let overdue = context.jobs.expirable_jobs(since, BATCH).await?;
        let mut expired = 0;
        for id in &overdue {
            if expire(context, *id).await? {
                expired += 1;
                tracing::info!(job = %id, "job expired");
            }
        }
        // A batch of which nothing expired would come again.
        if expired == 0 || overdue.len() < BATCH.try_into().unwrap_or(usize::MAX) {
            break;
        }
    }
    Ok(())
}

/// Writes down that a job has expired; `false` if its device has come or the customer was faster.
async fn expire(context: &Context, id: JobId) -> Result<bool, JobStoreError> {
    match Draft::open(context, id).await? {
        Some(draft) if draft.is_changed() => Ok(matches!(
            draft.commit(context, &Actor::Service).await?,
            Committed::Saved(_)
        )),
        _ => Ok(false),
    }
}

/// Notes the jobs whose station sends no heartbeat; after a batch no other if the service is to stop. The lease stays as it is: the station may come
/// back to it as long as nobody else took it.
pub(super) async fn note_silent(
    context: &Context,
    stop: &CancellationToken,
) -> Result<(), JobStoreError> {
    while !stop.is_cancelled() {
        let silent = context
            .jobs
            .lapsed_leases(context.clock.now(), BATCH)
            .await?;
        let mut noted = 0;
        for id in &silent {
            if note_stopped(context, *id).await? {
                noted += 1;
            }
        }
        if noted == 0 || silent.len() < BATCH.try_into().unwrap_or(usize::MAX) {
            break;
        }
    }
    Ok(())
}

/// Why the holder of a lease gives no sign of life, if it gives none. Only the leases of a station that was revoked end
/// while their jobs are in progress and not known to stand still.
async fn why_silent(context: &Context, lease: &Lease) -> Result<Option<String>, JobStoreError> {
    let station = &lease.station;
    let lapsed = lease.until < context.clock.now();
    if lapsed && !lease.ended {
        return Ok(Some(format!("no sign of life of station `{station}`")));
    }
    let found = context.jobs.station(station).await?;
    let is_revoked = found.is_some_and(|found| found.revoked.is_some());
    Ok((lapsed && is_revoked).then(|| format!("station `{station}` was revoked")))
}

/// Forgets orders that nobody is told any more.
pub(super) async fn forget_orders(context: &Context) -> Result<(), JobStoreError> {
    let stale = stale_since(context.clock.now());
    context.jobs.forget_orders(stale).await
}

/// Thins the samples of how much was sent by when.
pub(super) async fn thin_rates(context: &Context) -> Result<(), JobStoreError> {
    context.jobs.thin_rates(context.clock.now()).await
}

/// Writes down that a job stands still; `false` if it has moved on meanwhile.
async fn note_stopped(context: &Context, id: JobId) -> Result<bool, JobStoreError> {
    let Some(mut draft) = Draft::open(context, id).await? else {
        return Ok(false);
    };
    // Read after the job: had another attempt begun since, it would have changed the job.
    let Some(lease) = context.jobs.lease(id).await? else {
        return Ok(false);
    };
    let Some(detail) = why_silent(context, &lease).await? else {
        return Ok(false);
    };
    let event = Event::Stopped {
        cause: StopCause::StationSilent,
        bucket: None,
        words: None,
        detail,
        untouched: false,
    };
    if draft.apply(&event).is_err() {
        return Ok(false);
    }
    let saved = matches!(
        draft.commit(context, &Actor::Service).await?,
        Committed::Saved(_)
    );
    if saved {
        let (station, cause) = (lease.station, StopCause::StationSilent.code());
        tracing::warn!(job = %id, %station, cause, until = %lease.until, "job stands still");
    }
    Ok(saved)
}
