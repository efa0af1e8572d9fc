//! Shares: what each run of a station may use of the rates of a store, of its bytes and of its requests. Only of rates that
//! have a limit.

use std::collections::BTreeMap;

use async_trait::async_trait;
use model::ids::{Boot, StationName};
use model::share::{Asker, Held, Measure};
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

/// What a run of a station's program has of a store: a share of each rate of it that is limited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldShares {
    /// Of which store.
    pub store: String,
    /// Whose they are.
    pub station: StationName,
    /// Of which run of the station's program.
    pub boot: Boot,
    /// The share of its bytes.
    pub bytes: Option<StoredShare>,
    /// The share of its requests.
    pub requests: Option<StoredShare>,
}

/// Whose shares are looked at.
#[derive(Debug, Clone, Copy)]
pub enum SharesOf<'a> {
    /// Those of all stations in a store.
    Store(&'a str),
    /// Those of a station in all stores.
    Station(&'a StationName),
}

/// Keeps shares. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Shares: Send + Sync + 'static {
    /// Keeps the share that `decide` makes of all shares of a store that have not ended before `now`, in the place of an
    /// earlier one of the same run. Of several that ask at once each is decided after the one before was kept. How many
    /// there are then is returned too. Those of another measure are others.
    async fn share(
        &self,
        measure: Measure,
        store: &str,
        now: Timestamp,
        decide: Decide<'_>,
    ) -> Result<(StoredShare, usize), JobStoreError>;

    /// How many shares of a store have not ended before `now`.
    async fn share_count(
        &self,
        measure: Measure,
        store: &str,
        now: Timestamp,
    ) -> Result<usize, JobStoreError>;

    /// The shares that have not ended before `now`, by store, station and run.
    async fn shares(
        &self,
        of: SharesOf<'_>,
        now: Timestamp,
    ) -> Result<Vec<HeldShares>, JobStoreError>;

    /// Ends the shares of a station: those of one of its runs in one store if that is given, else all.
    async fn end_shares(
        &self,
        station: &StationName,
        of: Option<(&str, &Boot)>,
    ) -> Result<(), JobStoreError>;
}

/// Whoever comes next waits here until the transaction is over.
pub(super) const TAKE_TURN: &str = "
    INSERT INTO share_turns (store, turn) VALUES ($1, 1)
    ON CONFLICT (store) DO UPDATE SET turn = share_turns.turn + 1";

/// The statements about shares of one measure. Each measure has a table, and all are alike.
pub(super) struct Statements {
    pub(super) forget_ended: &'static str,
    pub(super) of_store: &'static str,
    pub(super) of_station: &'static str,
    pub(super) count: &'static str,
    pub(super) keep: &'static str,
    pub(super) end: &'static str,
}

macro_rules! statements {
    ($table:literal) => {
        Statements {
            forget_ended: concat!("DELETE FROM ", $table, " WHERE store = $1 AND until < $2"),
            of_store: concat!(
                "SELECT store, station, boot, loading, wants, granted, counted, until FROM ",
                $table,
                " WHERE store = $1 AND until >= $2 ORDER BY station, boot"
            ),
            of_station: concat!(
                "SELECT store, station, boot, loading, wants, granted, counted, until FROM ",
                $table,
                " WHERE station = $1 AND until >= $2 ORDER BY store, boot"
            ),
            count: concat!(
                "SELECT COUNT(*) FROM ",
                $table,
                " WHERE store = $1 AND until >= $2"
            ),
            keep: concat!(
                "INSERT INTO ",
                $table,
                " (store, station, boot, loading, wants, granted, counted, until)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                ON CONFLICT (store, station, boot) DO UPDATE
                SET loading = excluded.loading, wants = excluded.wants,
                    granted = excluded.granted, counted = excluded.counted, until = excluded.until"
            ),
            end: concat!(
                "DELETE FROM ",
                $table,
                " WHERE station = $1 AND (store = $2 OR $2 = '') AND (boot = $3 OR $3 = '')"
            ),
        }
    };
}

/// Those of a measure.
pub(super) fn statements(measure: Measure) -> &'static Statements {
    const BYTES: Statements = statements!("shares");
    const REQUESTS: Statements = statements!("request_shares");
    match measure {
        Measure::Bytes => &BYTES,
        Measure::Requests => &REQUESTS,
    }
}

/// Shares of bytes and of requests, by what has both.
pub(super) fn joined(bytes: Vec<StoredShare>, requests: Vec<StoredShare>) -> Vec<HeldShares> {
    let mut all: BTreeMap<(String, StationName, String), HeldShares> = BTreeMap::new();
    for (measure, shares) in Measure::ALL.into_iter().zip([bytes, requests]) {
        for share in shares {
            let key = (
                share.store.clone(),
                share.station.clone(),
                share.boot.as_str().to_owned(),
            );
            let held = all.entry(key).or_insert_with(|| HeldShares {
                store: share.store.clone(),
                station: share.station.clone(),
                boot: share.boot.clone(),
                bytes: None,
                requests: None,
            });
            match measure {
                Measure::Bytes => held.bytes = Some(share),
                Measure::Requests => held.requests = Some(share),
            }
        }
    }
    all.into_values().collect()
}

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
            use model::ids::{Boot, StationName};
            use model::share::Measure;
            use model::time::Timestamp;
            use sqlx::{query, query_as, query_scalar};
            use $crate::jobstore::shares::{
                self, Decide, HeldShares, Shares, SharesOf, StoredShare,
            };
            use $crate::jobstore::{JobStoreError, error};

            #[async_trait::async_trait]
            impl Shares for $store {
                async fn share(
                    &self,
                    measure: Measure,
                    store: &str,
                    now: Timestamp,
                    decide: Decide<'_>,
                ) -> Result<(StoredShare, usize), JobStoreError> {
                    let of = shares::statements(measure);
                    let mut tx = self.begin().await?;
                    query(shares::TAKE_TURN)
                        .bind(store)
                        .execute(&mut *tx)
                        .await?;
                    query(of.forget_ended)
                        .bind(store)
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    let rows: Vec<shares::ShareRow> = query_as(of.of_store)
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
                    query(of.keep)
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
                    measure: Measure,
                    store: &str,
                    now: Timestamp,
                ) -> Result<usize, JobStoreError> {
                    let count: i64 = query_scalar(shares::statements(measure).count)
                        .bind(store)
                        .bind(now.unix())
                        .fetch_one(self.readers())
                        .await?;
                    Ok(usize::try_from(count).unwrap_or_default())
                }

                async fn shares(
                    &self,
                    of: SharesOf<'_>,
                    now: Timestamp,
                ) -> Result<Vec<HeldShares>, JobStoreError> {
                    let mut found = [Vec::new(), Vec::new()];
                    for (measure, found) in Measure::ALL.into_iter().zip(&mut found) {
                        let statements = shares::statements(measure);
                        let (statement, name) = match of {
                            SharesOf::Store(store) => (statements.of_store, store),
                            SharesOf::Station(station) => (statements.of_station, station.as_str()),
                        };
                        let rows: Vec<shares::ShareRow> = query_as(statement)
                            .bind(name)
                            .bind(now.unix())
                            .fetch_all(self.readers())
                            .await?;
                        let rows: Result<Vec<StoredShare>, _> =
                            rows.into_iter().map(shares::share).collect();
                        *found = rows?;
                    }
                    let [bytes, requests] = found;
                    Ok(shares::joined(bytes, requests))
                }

                async fn end_shares(
                    &self,
                    station: &StationName,
                    of: Option<(&str, &Boot)>,
                ) -> Result<(), JobStoreError> {
                    let (store, boot) = of.map_or(("", ""), |(store, boot)| (store, boot.as_str()));
                    let mut tx = self.begin().await?;
                    for measure in Measure::ALL {
                        query(shares::statements(measure).end)
                            .bind(station.as_str())
                            .bind(store)
                            .bind(boot)
                            .execute(&mut *tx)
                            .await?;
                    }
                    Ok(tx.commit().await?)
                }
            }
        };
    };
}
pub(super) use implement_shares;
