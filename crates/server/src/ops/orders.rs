//! Orders: what a person wants a station to do with a bay. The station hears of it with its next heartbeat.

use model::ids::{BayName, OrderId, StationName};
use model::order::{Order, OrderVerb, stale_since};

use super::{AccountFault, Admin, Refused, stations};
use crate::access::{Action, Caller, Resource, authorize};
use crate::change::tries;
use crate::jobstore::JobStoreError;
use crate::sealing::random;

/// Orders something of a bay. If the same is ordered already and not yet answered, that order is meant.
///
/// # Errors
/// [`AccountFault::NoSuchStation`], [`AccountFault::StationRevoked`]; [`AccountFault::NoSuchBay`] if the station's last
/// heartbeat told of no such bay; or the job store's failure.
pub async fn order(
    admin: &Admin,
    caller: &Caller,
    station: &StationName,
    bay: &BayName,
    verb: OrderVerb,
) -> Result<Order, Refused> {
    authorize(caller, Action::OrderStation, Resource::Station(station))?;
    if stations::find(admin, station).await?.revoked.is_some() {
        return Err(AccountFault::StationRevoked(station.clone()).into());
    }
    let told = admin.jobs.told(station).await?.unwrap_or_default();
    if !told.bays.iter().any(|told| told.name == *bay) {
        return Err(AccountFault::NoSuchBay {
            station: station.clone(),
            bay: bay.clone(),
        }
        .into());
    }
    let now = admin.clock.now();
    let order = Order {
        id: draw_id(),
        bay: bay.clone(),
        verb,
        by: caller.actor(),
        at: now,
    };
    for _ in tries() {
        let kept = admin.jobs.insert_order(station, &order, stale_since(now));
        match kept.await {
            Ok(kept) => {
                tracing::info!(actor = %caller.actor(), %station, %bay, %verb, order = %kept.id, "ordered");
                return Ok(kept);
            }
            // The same, which was there, was answered in that moment.
            Err(JobStoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(JobStoreError::Conflict.into())
}

fn draw_id() -> OrderId {
    OrderId::new(hex::encode(random::<8>())).expect("sixteen digits")
}
