//! A person gives a job up, in so many words. Nothing else ends a job whose data has no outcome.
//!
//! The message carries what the person was shown: whose job it is and how it stood. A job of another
//! account, or one that has moved on since, is left alone; so is one that a station is at work on.

use model::control::AbortRequest;
use model::custody::Custody;
use model::event::Event;
use model::ids::StationName;
use model::limits::BECAUSE_CHARS;
use model::progress::{AbortReason, Progress};

use super::{StationFault, actor, holder};
use crate::change::{Committed, Draft, tries};
use crate::http::App;
use crate::jobstore::JobStoreError;

/// Ends a job. The same message again is answered alike.
pub(super) async fn abort(
    app: &App,
    station: &StationName,
    request: AbortRequest,
) -> Result<(), StationFault> {
    check(&request)?;
    let AbortRequest {
        job: id,
        reason,
        because,
        account,
        shown,
    } = request;
    let because = because.trim().to_owned();
    for _ in tries() {
        let draft = Draft::open(&app.context, id).await?;
        let mut draft = draft.ok_or(StationFault::UnknownJob(id))?;
        if is_done(&draft.job().progress, reason, &because) {
            return Ok(());
        }
        if draft.job().account != account || draft.job().progress.code() != shown {
            return Err(StationFault::Changed(id));
        }
        if let Some(holder) = holder(&app.context, id).await? {
            return Err(StationFault::Leased { job: id, holder });
        }
        let arrived = Event::DeviceArrived {
            station: station.clone(),
        };
        let aborted = Event::TransferAborted {
            reason,
            because: Some(because.clone()),
        };
        // Who gives a job up for its device has the device.
        let is_here = draft.job().custody != Custody::NotReceived;
        let events = if is_here {
            vec![aborted]
        } else {
            vec![arrived, aborted]
        };
        for event in &events {
            draft
                .apply(event)
                .map_err(|why| StationFault::Refused { job: id, why })?;
        }
        if let Committed::Saved(_) = draft.commit(&app.context, &actor(station)).await? {
            let reason = reason.code();
            tracing::warn!(%station, job = %id, %account, reason, ?because, "job aborted by the operator");
            return Ok(());
        }
    }
    Err(JobStoreError::Conflict.into())
}

fn check(request: &AbortRequest) -> Result<(), StationFault> {
    let because = request.because.trim();
    let chars = because.chars().count();
    if chars == 0 || chars > BECAUSE_CHARS || because.chars().any(char::is_control) {
        let wrong = format!("must have 1 to {BECAUSE_CHARS} characters, and no control characters");
        let field = "because";
        return Err(StationFault::BadField { field, wrong });
    }
    Ok(())
}

fn is_done(progress: &Progress, reason: AbortReason, because: &str) -> bool {
    matches!(progress, Progress::Aborted { reason: r, because: b, .. }
        if *r == reason && b.as_deref() == Some(because))
}
