//! A sign of life: extends a lease, and tells a station whether to go on.

use model::control::{KNOWS_ON_HOLD, LeaseState, LeaseToken, Renewal, Tally};
use model::event::Event;
use model::ids::{JobId, StationName};
use model::job::Job;
use model::limits::COUNT_MAX;
use model::loading::Figures;
use model::progress::Progress;
use model::stopped::{StopCause, Stopped};

use crate::access::{Action, Caller};
use crate::change;
use crate::jobstore::JobStoreError;
use crate::ops::{Context, Refused};

/// Characters that are kept of the entry a station is at: as many as a key has bytes.
const CURRENT_CHARS: usize = 1024;

/// Extends a lease, which the job store does for its holder alone.
///
/// # Errors
/// [`Refused::Denied`] for a caller that is no station, or the job store's failure.
pub async fn renew(
    context: &Context,
    caller: &Caller,
    renewal: Renewal,
) -> Result<LeaseState, Refused> {
    let station = caller.station(Action::UseLease)?;
    let Renewal {
        version,
        job: id,
        lease,
        figures,
    } = renewal;
    let figures = tidied(figures);
    let tally = figures.tally;
    let now = context.clock.now();
    let until = now.plus_seconds(context.rules.lease_seconds.into());
    let held = context
        .jobs
        .renew_lease(id, station, &lease, until, &figures, now)
        .await?;
    if !held {
        tracing::warn!(%station, job = %id, "lease lost");
        return state_of_lost(context, id, version).await;
    }
    context.metrics.loaded(id, tally);
    // Progress that cannot be read does not stop a transfer; the next sign of life asks again.
    let job = context.jobs.job(id).await?.map(|stored| stored.job);
    if job.as_ref().is_some_and(is_held) {
        end_of_held(context, station, id, &lease).await?;
        return Ok(on_hold(version));
    }
    let was_silent = |stopped: &Stopped| stopped.cause == StopCause::StationSilent;
    if job
        .as_ref()
        .and_then(|job| job.stopped.as_ref())
        .is_some_and(was_silent)
    {
        go_on(context, caller, id).await?;
    }
    let state = match job.map(|job| job.progress) {
        Some(Progress::Canceled { .. }) => LeaseState::Canceled,
        Some(Progress::Pending | Progress::InProgress { .. }) => LeaseState::Held,
        Some(Progress::Finished { .. } | Progress::Aborted { .. } | Progress::Expired { .. })
        | None => LeaseState::Lost,
    };
    tracing::debug!(%station, job = %id, ?state, stored = tally.stored, "lease renewed");
    Ok(state)
}

/// Whether a person has put a job on hold.
pub(super) fn is_held(job: &Job) -> bool {
    job.hold().is_some_and(Stopped::is_held_by_person)
}

/// What a station is told whose lease has ended: that a person has put the job on hold, if it is so.
pub(super) async fn state_of_lost(
    context: &Context,
    id: JobId,
    version: u32,
) -> Result<LeaseState, Refused> {
    let job = context.jobs.job(id).await?;
    Ok(match job.is_some_and(|stored| is_held(&stored.job)) {
        true => on_hold(version),
        false => LeaseState::Lost,
    })
}

/// What a station that speaks in this version is told of a job on hold.
pub(super) fn on_hold(version: u32) -> LeaseState {
    match version >= KNOWS_ON_HOLD {
        true => LeaseState::OnHold,
        false => LeaseState::Lost,
    }
}

/// Ends the lease of a job that is on hold: whoever put it on hold died before that.
pub(super) async fn end_of_held(
    context: &Context,
    station: &StationName,
    id: JobId,
    lease: &LeaseToken,
) -> Result<(), JobStoreError> {
    context.jobs.end_lease(id, lease).await?;
    tracing::info!(%station, job = %id, "lease ended: the job is on hold");
    Ok(())
}

/// Writes down that a job goes on whose station was silent.
pub(super) async fn go_on(context: &Context, caller: &Caller, id: JobId) -> Result<(), Refused> {
    let refused = |why| Refused::State { job: id, why };
    let actor = caller.actor();
    change::apply(context, id, &actor, &Event::TransferStarted, refused).await?;
    tracing::info!(%actor, job = %id, "job goes on");
    Ok(())
}

/// The figures as they are kept, whatever a station says.
pub(in crate::ops) fn tidied(mut figures: Figures) -> Figures {
    if let Some(current) = &mut figures.current {
        *current = current.chars().take(CURRENT_CHARS).collect();
    }
    clamp(&mut figures);
    figures
}

/// Numbers that no device has are not kept: whoever reads them would calculate with them.
fn clamp(figures: &mut Figures) {
    let Figures {
        tally,
        found,
        found_bytes,
        sent_bytes,
        rate,
        seconds_left,
        ..
    } = figures;
    let Tally {
        stored,
        bytes,
        ignored,
        failed,
    } = tally;
    let counts = [
        stored,
        bytes,
        ignored,
        failed,
        found,
        found_bytes,
        sent_bytes,
    ];
    let known = [rate, seconds_left].into_iter().flatten();
    for count in counts.into_iter().chain(known) {
        *count = (*count).min(COUNT_MAX);
    }
}
