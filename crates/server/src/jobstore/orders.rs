//! Orders: what persons want of the bays of stations, until each was told and answered.

use async_trait::async_trait;
use model::actor::Actor;
use model::disposal::messages::Confirmation;
use model::ids::{BayName, JobId, OrderId, StationName};
use model::order::{Acknowledgement, Order, OrderOutcome, OrderVerb};
use model::secret::DeviceSecret;
use model::time::Timestamp;

use super::JobStoreError;
use crate::sealing::{Purpose, Sealer};

/// An order as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOrder {
    /// What is wanted.
    pub order: Order,
    /// When the station answered, and what.
    pub answered: Option<(Timestamp, OrderOutcome)>,
    /// The job whose sheet was scanned, or whose device is to be erased; the sheet itself is not kept, for it is a proof.
    pub job: Option<JobId>,
}

/// Keeps orders. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Orders: Send + Sync + 'static {
    /// Keeps an order for a station. If the same is wanted of the same bay and not yet answered, that one stays, and is
    /// returned; but one with the sheet of another job, or another word on what is to be erased, takes its place. What was wanted at or before `stale` is forgotten. `Missing` if there is no such station.
    async fn insert_order(
        &self,
        station: &StationName,
        order: &Order,
        stale: Timestamp,
    ) -> Result<Order, JobStoreError>;

    /// Has another person than the one who wanted it confirm an order that needs a second, if the same is said of the same
    /// bay, and it was wanted after `stale`; from `now` on it is told. The order as it is then; `None` if no such order waits.
    async fn second_order(
        &self,
        station: &StationName,
        bay: &BayName,
        said: &Confirmation,
        by: &Actor,
        (now, stale): (Timestamp, Timestamp),
    ) -> Result<Option<Order>, JobStoreError>;

    /// A station's orders that were wanted after `stale`, answered or not, oldest first.
    async fn orders(
        &self,
        station: &StationName,
        stale: Timestamp,
    ) -> Result<Vec<StoredOrder>, JobStoreError>;

    /// Keeps what a station answered, and forgets the secret of such an order. An order that is not the station's, or was answered, stays as it is.
    async fn answer_orders(
        &self,
        station: &StationName,
        done: &[Acknowledgement],
        now: Timestamp,
    ) -> Result<(), JobStoreError>;

    /// The secret of an order that is not answered; nothing of one without, or that was answered.
    async fn order_secret(&self, id: &OrderId) -> Result<Option<DeviceSecret>, JobStoreError>;

    /// Drops all orders of a station.
    async fn drop_orders(&self, station: &StationName) -> Result<(), JobStoreError>;

    /// Forgets what was wanted of any station at or before `stale`.
    async fn forget_orders(&self, stale: Timestamp) -> Result<(), JobStoreError>;

    /// Counts what was wanted after `stale` and is not answered.
    async fn pending_orders(&self, stale: Timestamp) -> Result<u64, JobStoreError>;
}

pub(super) const FORGET_ORDERS_OF: &str = "DELETE FROM orders WHERE station = $1 AND at <= $2";

/// The same, once more, is the same order.
pub(super) const INSERT_ORDER: &str = "
    INSERT INTO orders (id, station, bay, verb, actor, at, job, serial_end, secret, needs_second, stay)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (station, bay, verb) WHERE answered IS NULL DO UPDATE
    SET id = excluded.id, actor = excluded.actor, at = excluded.at, job = excluded.job,
        serial_end = excluded.serial_end, secret = excluded.secret,
        needs_second = excluded.needs_second, second = NULL, stay = excluded.stay
    WHERE excluded.job <> COALESCE(orders.job, '')
       OR excluded.serial_end <> COALESCE(orders.serial_end, '')
       OR excluded.stay <> COALESCE(orders.stay, -1)
       OR excluded.secret IS NOT NULL";

pub(super) const SAME_ORDER: &str = "
    SELECT id, bay, verb, actor, at, answered, outcome, job, serial_end, needs_second, second, stay FROM orders
    WHERE station = $1 AND bay = $2 AND verb = $3 AND answered IS NULL";

pub(super) const ORDERS: &str = "
    SELECT id, bay, verb, actor, at, answered, outcome, job, serial_end, needs_second, second, stay FROM orders
    WHERE station = $1 AND at > $2 ORDER BY seq";

/// From the second person on it counts anew how long it is told.
pub(super) const SECOND_ORDER: &str = "
    UPDATE orders SET second = $1, at = $2
    WHERE station = $3 AND bay = $4 AND verb = $5 AND job = $6 AND serial_end = $7
      AND answered IS NULL AND needs_second AND second IS NULL AND actor <> $1 AND at > $8
    RETURNING id, bay, verb, actor, at, answered, outcome, job, serial_end, needs_second, second, stay";

pub(super) const ANSWER_ORDER: &str = "
    UPDATE orders SET answered = $3, outcome = $4, secret = NULL
    WHERE station = $1 AND id = $2 AND answered IS NULL";

pub(super) const ORDER_SECRET: &str =
    "SELECT secret FROM orders WHERE id = $1 AND secret IS NOT NULL";

pub(super) const DROP_ORDERS: &str = "DELETE FROM orders WHERE station = $1";

pub(super) const FORGET_ORDERS: &str = "DELETE FROM orders WHERE at <= $1";

pub(super) const PENDING_ORDERS: &str =
    "SELECT COUNT(*) FROM orders WHERE answered IS NULL AND at > $1";

/// `id, bay, verb, actor, at, answered, outcome, job, serial_end, needs_second, second, stay`.
pub(super) type OrderRow = (
    String,
    String,
    String,
    String,
    i64,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<String>,
    bool,
    Option<String>,
    Option<i64>,
);

pub(super) fn order(row: OrderRow) -> Result<StoredOrder, JobStoreError> {
    let (id, bay, verb, actor, at, answered, outcome, job, serial_end, needs_second, second, stay) =
        row;
    let id = OrderId::new(id)?;
    let job = job.as_deref().map(JobId::new).transpose()?;
    let erase = job.zip(serial_end);
    let erase = erase.map(|(job, serial_end)| Confirmation {
        order: Some(id.clone()),
        ..Confirmation::of(job, serial_end)
    });
    let answered = match (answered, outcome) {
        (Some(at), Some(outcome)) => {
            Some((Timestamp::from_unix(at), serde_json::from_str(&outcome)?))
        }
        _ => None,
    };
    Ok(StoredOrder {
        order: Order {
            id,
            bay: bay.parse()?,
            verb: OrderVerb::of(&verb),
            by: actor.parse()?,
            at: Timestamp::from_unix(at),
            stay: stay
                .map(u32::try_from)
                .transpose()
                .map_err(JobStoreError::corrupt)?,
            sheet: None,
            erase,
            secret: None,
            needs_second,
            second: second.as_deref().map(str::parse).transpose()?,
        },
        answered,
        job,
    })
}

pub(super) fn sealed_secret(sealer: &Sealer, order: &Order) -> Option<Vec<u8>> {
    let secret = order.secret.as_ref()?;
    Some(sealer.seal(Purpose::OrderSecret(&order.id), secret.expose().as_bytes()))
}

pub(super) fn secret(
    sealer: &Sealer,
    id: &OrderId,
    sealed: &[u8],
) -> Result<DeviceSecret, JobStoreError> {
    let text = sealer.open_text(Purpose::OrderSecret(id), sealed)?;
    DeviceSecret::new(text).map_err(JobStoreError::corrupt)
}

/// What a person gave of a device, in one form however it was typed: two say the same, whatever the database takes for a
/// capital.
pub(super) fn mark(said: &Confirmation) -> String {
    said.serial_end.trim().to_uppercase()
}

/// The job that an order names.
pub(super) fn job_of(order: &Order) -> Option<JobId> {
    let of_sheet = order.sheet.as_ref().map(|sheet| sheet.job);
    of_sheet.or(order.erase.as_ref().map(|said| said.job))
}

/// Implements [`Orders`] for the store of a database.
macro_rules! implement_orders {
    ($store:ident) => {
        const _: () = {
            use model::actor::Actor;
            use model::disposal::messages::Confirmation;
            use model::ids::{BayName, OrderId, StationName};
            use model::order::{Acknowledgement, Order, OrderVerb};
            use model::secret::DeviceSecret;
            use model::time::Timestamp;
            use sqlx::{query, query_as, query_scalar};
            use $crate::jobstore::orders::{self, Orders, StoredOrder};
            use $crate::jobstore::{JobStoreError, error};

            #[async_trait::async_trait]
            impl Orders for $store {
                async fn insert_order(
                    &self,
                    station: &StationName,
                    order: &Order,
                    stale: Timestamp,
                ) -> Result<Order, JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(orders::FORGET_ORDERS_OF)
                        .bind(station.as_str())
                        .bind(stale.unix())
                        .execute(&mut *tx)
                        .await?;
                    query(orders::INSERT_ORDER)
                        .bind(order.id.as_str())
                        .bind(station.as_str())
                        .bind(order.bay.as_str())
                        .bind(order.verb.code())
                        .bind(order.by.to_string())
                        .bind(order.at.unix())
                        .bind(orders::job_of(order).map(|job| job.to_string()))
                        .bind(order.erase.as_ref().map(orders::mark))
                        .bind(orders::sealed_secret(&self.sealer, order))
                        .bind(order.needs_second)
                        .bind(order.stay.map(i64::from))
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| {
                            error::refused(error, order.id.as_str(), station.as_str())
                        })?;
                    let row: Option<orders::OrderRow> = query_as(orders::SAME_ORDER)
                        .bind(station.as_str())
                        .bind(order.bay.as_str())
                        .bind(order.verb.code())
                        .fetch_optional(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    // Another's that was in the way may have been answered in between.
                    let row = row.ok_or(JobStoreError::Conflict)?;
                    Ok(orders::order(row)?.order)
                }

                async fn second_order(
                    &self,
                    station: &StationName,
                    bay: &BayName,
                    said: &Confirmation,
                    by: &Actor,
                    (now, stale): (Timestamp, Timestamp),
                ) -> Result<Option<Order>, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let row: Option<orders::OrderRow> = query_as(orders::SECOND_ORDER)
                        .bind(by.to_string())
                        .bind(now.unix())
                        .bind(station.as_str())
                        .bind(bay.as_str())
                        .bind(OrderVerb::Erase.code())
                        .bind(said.job.as_str())
                        .bind(orders::mark(said))
                        .bind(stale.unix())
                        .fetch_optional(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    row.map(|row| Ok(orders::order(row)?.order)).transpose()
                }

                async fn orders(
                    &self,
                    station: &StationName,
                    stale: Timestamp,
                ) -> Result<Vec<StoredOrder>, JobStoreError> {
                    let rows: Vec<orders::OrderRow> = query_as(orders::ORDERS)
                        .bind(station.as_str())
                        .bind(stale.unix())
                        .fetch_all(self.readers())
                        .await?;
                    rows.into_iter().map(orders::order).collect()
                }

                async fn answer_orders(
                    &self,
                    station: &StationName,
                    done: &[Acknowledgement],
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    for Acknowledgement { id, outcome } in done {
                        query(orders::ANSWER_ORDER)
                            .bind(station.as_str())
                            .bind(id.as_str())
                            .bind(now.unix())
                            .bind(serde_json::to_string(outcome)?)
                            .execute(&mut *tx)
                            .await?;
                    }
                    Ok(tx.commit().await?)
                }

                async fn order_secret(
                    &self,
                    id: &OrderId,
                ) -> Result<Option<DeviceSecret>, JobStoreError> {
                    let row: Option<(Vec<u8>,)> =
                        self.row(orders::ORDER_SECRET, id.as_str()).await?;
                    row.map(|(sealed,)| orders::secret(&self.sealer, id, &sealed))
                        .transpose()
                }

                async fn drop_orders(&self, station: &StationName) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(orders::DROP_ORDERS)
                        .bind(station.as_str())
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }

                async fn forget_orders(&self, stale: Timestamp) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(orders::FORGET_ORDERS)
                        .bind(stale.unix())
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }

                async fn pending_orders(&self, stale: Timestamp) -> Result<u64, JobStoreError> {
                    let pending: i64 = query_scalar(orders::PENDING_ORDERS)
                        .bind(stale.unix())
                        .fetch_one(self.readers())
                        .await?;
                    Ok(pending.unsigned_abs())
                }
            }
        };
    };
}
pub(super) use implement_orders;
