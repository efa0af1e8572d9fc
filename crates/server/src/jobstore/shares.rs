//! Shares: what each run of a station may use of the rate of a store. Only of stores that have a limit.

use async_trait::async_trait;
use model::ids::{Boot, StationName};
use model::share::{Asker, Held};
use model::time::Timestamp;

use super::JobStoreError;

/// A share as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredShare {
    /// Of which store.
    pub store: String,
    /// Whose it is.
    pub station: StationName,
    /// Of which run of the station's program.
    pub boot: Boot,
    /// What was wanted, and what may be used at most.
    pub held: Held,
    /// What was given.
    pub granted: u64,
    /// When it ends.
    pub until: Timestamp,
}

/// What is given to one who asks, from what all have whose share has not ended.
pub type Decide<'a> = &'a (dyn Fn(&[StoredShare]) -> StoredShare + Send + Sync);

/// Keeps shares. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Shares: Send + Sync + 'static {
    /// Keeps the share that `decide` makes of all shares of a store that have not ended before `now`, in the place of an
    /// earlier one of the same run. Of several that ask at once each is decided after the one before was kept. How many
    /// there are then is returned too.
    async fn share(
        &self,
        store: &str,
        now: Timestamp,
        decide: Decide<'_>,
    ) -> Result<(StoredShare, usize), JobStoreError>;

    /// How many shares of a store have not ended before `now`.
    async fn share_count(&self, store: &str, now: Timestamp) -> Result<usize, JobStoreError>;

    /// The shares of a station that have not ended before `now`.
    async fn shares_of(
        &self,
        station: &StationName,
        now: Timestamp,
    ) -> Result<Vec<StoredShare>, JobStoreError>;

    /// Ends the shares of a station: those of one store if that is given, else all.
    async fn end_shares(
        &self,
        station: &StationName,
        store: Option<&str>,
    ) -> Result<(), JobStoreError>;
}

/// Whoever comes next waits here until the transaction is over.
pub(super) const TAKE_TURN: &str = "
    INSERT INTO share_turns (store, turn) VALUES ($1, 1)
    ON CONFLICT (store) DO UPDATE SET turn = share_turns.turn + 1";

pub(super) const FORGET_ENDED: &str = "DELETE FROM shares WHERE store = $1 AND until < $2";

pub(super) const SHARES: &str = "
    SELECT store, station, boot, loading, wants, granted, counted, until FROM shares
    WHERE store = $1 AND until >= $2 ORDER BY station, boot";

pub(super) const SHARE_COUNT: &str = "SELECT COUNT(*) FROM shares WHERE store = $1 AND until >= $2";

pub(super) const SHARES_OF: &str = "
    SELECT store, station, boot, loading, wants, granted, counted, until FROM shares
    WHERE station = $1 AND until >= $2 ORDER BY store, boot";

pub(super) const KEEP_SHARE: &str = "
    INSERT INTO shares (store, station, boot, loading, wants, granted, counted, until)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (store, station, boot) DO UPDATE
    SET loading = excluded.loading, wants = excluded.wants, granted = excluded.granted,
        counted = excluded.counted, until = excluded.until";

pub(super) const END_SHARES: &str = "
    DELETE FROM shares WHERE station = $1 AND (store = $2 OR $2 = '')";

/// `store, station, boot, loading, wants, granted, counted, until`.
pub(super) type ShareRow = (String, String, String, i64, i64, i64, i64, i64);

pub(super) fn share(row: ShareRow) -> Result<StoredShare, JobStoreError> {
    let (store, station, boot, loading, wants, granted, counted, until) = row;
    let loading =
        u32::try_from(loading).map_err(|_| JobStoreError::Corrupt(format!("{loading} devices")))?;
    Ok(StoredShare {
        store,
        station: StationName::new(station)?,
        boot: Boot::new(boot)?,
        held: Held {
            asker: Asker {
                loading,
                wants: wants.unsigned_abs(),
            },
            counted: counted.unsigned_abs(),
        },
        granted: granted.unsigned_abs(),
        until: Timestamp::from_unix(until),
    })
}

/// A rate as databases keep it: what stands for no limit is the largest of their numbers.
pub(super) fn number(rate: u64) -> i64 {
    i64::try_from(rate).unwrap_or(i64::MAX)
}

/// Implements [`Shares`] for the store of a database.
macro_rules! implement_shares {
    ($store:ident) => {
        const _: () = {
            use model::ids::StationName;
            use model::time::Timestamp;
            use sqlx::{query, query_as, query_scalar};
            use $crate::jobstore::shares::{self, Decide, Shares, StoredShare};
            use $crate::jobstore::{JobStoreError, error};

            #[async_trait::async_trait]
            impl Shares for $store {
                async fn share(
                    &self,
                    store: &str,
                    now: Timestamp,
                    decide: Decide<'_>,
                ) -> Result<(StoredShare, usize), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(shares::TAKE_TURN)
                        .bind(store)
                        .execute(&mut *tx)
                        .await?;
                    query(shares::FORGET_ENDED)
                        .bind(store)
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    let rows: Vec<shares::ShareRow> = query_as(shares::SHARES)
                        .bind(store)
                        .bind(now.unix())
                        .fetch_all(&mut *tx)
                        .await?;
                    let all: Result<Vec<StoredShare>, _> =
                        rows.into_iter().map(shares::share).collect();
                    let all = all?;
                    let share = decide(&all);
                    let is_own = |other: &&StoredShare| {
                        other.station == share.station && other.boot == share.boot
                    };
                    let count = all.iter().filter(|other| !is_own(other)).count() + 1;
                    query(shares::KEEP_SHARE)
                        .bind(store)
                        .bind(share.station.as_str())
                        .bind(share.boot.as_str())
                        .bind(i64::from(share.held.asker.loading))
                        .bind(shares::number(share.held.asker.wants))
                        .bind(shares::number(share.granted))
                        .bind(shares::number(share.held.counted))
                        .bind(share.until.unix())
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, "", share.station.as_str()))?;
                    tx.commit().await?;
                    Ok((share, count))
                }

                async fn share_count(
                    &self,
                    store: &str,
                    now: Timestamp,
                ) -> Result<usize, JobStoreError> {
                    let count: i64 = query_scalar(shares::SHARE_COUNT)
                        .bind(store)
                        .bind(now.unix())
                        .fetch_one(self.readers())
                        .await?;
                    Ok(usize::try_from(count).unwrap_or_default())
                }

                async fn shares_of(
                    &self,
                    station: &StationName,
                    now: Timestamp,
                ) -> Result<Vec<StoredShare>, JobStoreError> {
                    let rows: Vec<shares::ShareRow> = query_as(shares::SHARES_OF)
                        .bind(station.as_str())
                        .bind(now.unix())
                        .fetch_all(self.readers())
                        .await?;
                    rows.into_iter().map(shares::share).collect()
                }

                async fn end_shares(
                    &self,
                    station: &StationName,
                    store: Option<&str>,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(shares::END_SHARES)
                        .bind(station.as_str())
                        .bind(store.unwrap_or_default())
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }
            }
        };
    };
}
pub(super) use implement_shares;
