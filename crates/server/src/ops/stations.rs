//! Stations: the hosts that have the devices.

use model::ids::StationName;

use super::{Admin, Refused};
use crate::access::{Action, Caller, Resource, StationToken, authorize};
use crate::jobstore::JobStoreError;

/// Admits a station under a new token, which is not shown again. An earlier token of it is void.
///
/// # Errors
/// [`Refused`] if the caller has no right to it, or the job store fails.
pub async fn admit(
    admin: &Admin,
    caller: &Caller,
    name: &StationName,
) -> Result<StationToken, Refused> {
    authorize(caller, Action::ManageStations, Resource::Service)?;
    let token = StationToken::draw();
    register(admin, name, &token).await?;
    tracing::info!(actor = %caller.actor(), station = %name, "station admitted");
    Ok(token)
}

/// Writes down which token a station has, unless that is known.
pub(crate) async fn register(
    admin: &Admin,
    name: &StationName,
    token: &StationToken,
) -> Result<(), JobStoreError> {
    let known = admin.jobs.station_by_token(token.sha256()).await?;
    if known.as_ref() == Some(name) {
        return Ok(());
    }
    let now = admin.clock.now();
    admin.jobs.put_station(name, token.sha256(), now).await
}
