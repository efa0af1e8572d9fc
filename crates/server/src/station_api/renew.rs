//! A sign of life: extends a lease, and tells a station whether to go on.

use model::control::{LeaseState, Renewal};
use model::ids::StationName;
use model::progress::Progress;

use super::StationFault;
use crate::http::App;

/// Characters that are kept of the entry a station is at: as many as a key has bytes.
const CURRENT_CHARS: usize = 1024;

/// Answers a renewal.
pub(super) async fn renew(
    app: &App,
    station: &StationName,
    renewal: Renewal,
) -> Result<LeaseState, StationFault> {
    let context = &app.context;
    let Renewal {
        job: id,
        lease,
        mut figures,
    } = renewal;
    if let Some(current) = &mut figures.current {
        *current = current.chars().take(CURRENT_CHARS).collect();
    }
    let tally = figures.tally;
    let until = context
        .clock
        .now()
        .plus_seconds(context.rules.lease_seconds.into());
    let held = context
        .jobs
        .renew_lease(id, &lease, until, &figures)
        .await?;
    if !held {
        tracing::warn!(%station, job = %id, "lease lost");
        return Ok(LeaseState::Lost);
    }
    app.metrics.loaded(id, tally);
    // Progress that cannot be read does not stop a transfer; the next sign of life asks again.
    let job = context.jobs.job(id).await?.map(|stored| stored.job);
    let state = match job.map(|job| job.progress) {
        Some(Progress::Canceled { .. }) => LeaseState::Canceled,
        Some(Progress::Pending | Progress::InProgress { .. }) => LeaseState::Held,
        Some(Progress::Finished { .. } | Progress::Aborted { .. } | Progress::Expired { .. })
        | None => LeaseState::Lost,
    };
    tracing::debug!(%station, job = %id, ?state, stored = tally.stored, "lease renewed");
    Ok(state)
}
