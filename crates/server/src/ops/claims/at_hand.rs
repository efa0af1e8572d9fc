//! What is at hand when a job is claimed: whether it is the device that was loaded, and whether a bay has it.

use model::bay::BayState;
use model::ids::{BayName, JobId, StationName};
use model::presence::SILENT_SECONDS;

use super::{DenialWords, Docked};
use crate::jobstore::JobStoreError;
use crate::ops::Context;
use crate::ops::disposal::facts::loaded;

/// Says it of a device for which nothing is to be done since its job is over, where another one was loaded: one SIGNATURE may
/// be on two, and the files of the second are nowhere else.
pub(super) async fn told_of_another(
    context: &Context,
    job: JobId,
    docked: &Docked,
    denied: DenialWords,
) -> Result<DenialWords, JobStoreError> {
    let (true, Some(found)) = (denied.code.starts_with("Over"), &docked.device) else {
        return Ok(denied);
    };
    let loaded = loaded(&context.jobs.history(job).await?);
    let Some(loaded) = loaded.filter(|loaded| loaded.is_another(found)) else {
        return Ok(denied);
    };
    Ok(DenialWords {
        message: format!(
            "{}. This is another device than the one that was loaded ({loaded}): nothing of it was loaded",
            denied.message
        ),
        hint: "keep it and ask the customer: it needs a job and a SIGNATURE of its own".to_owned(),
        ..denied
    })
}

/// The bay of a station that has the device of a job, as it said a moment ago.
pub(super) async fn bay_with(
    context: &Context,
    station: &StationName,
    job: JobId,
) -> Result<Option<BayName>, JobStoreError> {
    let now = context.clock.now();
    let heard = context.jobs.station(station).await?.and_then(|it| it.heard);
    if heard.is_none_or(|last| last.at <= now.plus_seconds(-SILENT_SECONDS)) {
        return Ok(None);
    }
    let told = context.jobs.told(station).await?.unwrap_or_default();
    let found = told.bays.into_iter().find(|bay| {
        let is_there = !matches!(
            bay.state,
            BayState::Empty | BayState::PulledOut | BayState::Reconnecting
        );
        is_there && bay.job == Some(job)
    });
    Ok(found.map(|bay| bay.name))
}
