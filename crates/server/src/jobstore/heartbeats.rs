//! Heartbeats: what each station said last. One row a station, for it is written every few seconds.

use async_trait::async_trait;
use model::heartbeat::Told;
use model::ids::StationName;
use model::presence::Runs;
use model::time::Timestamp;

use super::JobStoreError;

/// A station's last heartbeat, without what it told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// From 1, and one more with every heartbeat; what compare-and-swap compares.
    pub version: i64,
    /// When it came.
    pub at: Timestamp,
    /// The release of the station's program.
    pub release: String,
    /// By how many seconds the station's clock was ahead of the server's.
    pub clock_ahead: i64,
    /// The runs of the station's program, with this one.
    pub runs: Runs,
}

/// Keeps the last heartbeat of each station. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Heartbeats: Send + Sync + 'static {
    /// Replaces the last heartbeat, whose version is one less; there is none before version 1. `Conflict` if another
    /// came meanwhile, `Missing` if there is no such station.
    async fn keep_heartbeat(
        &self,
        station: &StationName,
        heartbeat: &Heartbeat,
        told: &Told,
    ) -> Result<(), JobStoreError>;

    /// What a station told last.
    async fn told(&self, station: &StationName) -> Result<Option<Told>, JobStoreError>;

    /// What each station told last whose name comes after `after` and not after `last`, in the order of their names.
    async fn told_until(
        &self,
        after: Option<&StationName>,
        last: &StationName,
    ) -> Result<Vec<(StationName, Told)>, JobStoreError>;
}

pub(super) const FIRST_HEARTBEAT: &str = "
    INSERT INTO heartbeats (station, version, at, release, clock_ahead, runs, told)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (station) DO NOTHING";

/// The compare-and-swap.
pub(super) const NEXT_HEARTBEAT: &str = "
    UPDATE heartbeats
    SET version = $2, at = $3, release = $4, clock_ahead = $5, runs = $6, told = $7
    WHERE station = $1 AND version = $2 - 1";

pub(super) const FORGET_HEARTBEAT: &str = "DELETE FROM heartbeats WHERE station = $1";

pub(super) const TOLD: &str = "SELECT told FROM heartbeats WHERE station = $1";

pub(super) const TOLD_UNTIL: &str = "
    SELECT station, told FROM heartbeats WHERE station > $1 AND station <= $2 ORDER BY station";

/// `version, at, release, clock_ahead, runs`.
pub(super) type HeartbeatColumns = (i64, i64, String, i64, String);

pub(super) fn heartbeat(columns: HeartbeatColumns) -> Result<Heartbeat, JobStoreError> {
    let (version, at, release, clock_ahead, runs) = columns;
    Ok(Heartbeat {
        version,
        at: Timestamp::from_unix(at),
        release,
        clock_ahead,
        runs: serde_json::from_str(&runs)?,
    })
}

/// Implements [`Heartbeats`] for the store of a database.
macro_rules! implement_heartbeats {
    ($store:ident) => {
        const _: () = {
            use model::heartbeat::Told;
            use model::ids::StationName;
            use sqlx::{query, query_as};
            use $crate::jobstore::heartbeats::{self, Heartbeat, Heartbeats};
            use $crate::jobstore::{JobStoreError, error};

            #[async_trait::async_trait]
            impl Heartbeats for $store {
                async fn keep_heartbeat(
                    &self,
                    station: &StationName,
                    heartbeat: &Heartbeat,
                    told: &Told,
                ) -> Result<(), JobStoreError> {
                    let statement = match heartbeat.version {
                        1 => heartbeats::FIRST_HEARTBEAT,
                        _ => heartbeats::NEXT_HEARTBEAT,
                    };
                    let mut tx = self.begin().await?;
                    let done = query(statement)
                        .bind(station.as_str())
                        .bind(heartbeat.version)
                        .bind(heartbeat.at.unix())
                        .bind(&heartbeat.release)
                        .bind(heartbeat.clock_ahead)
                        .bind(serde_json::to_string(&heartbeat.runs)?)
                        .bind(serde_json::to_string(told)?)
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, "", station.as_str()))?;
                    if done.rows_affected() == 0 {
                        return Err(JobStoreError::Conflict);
                    }
                    Ok(tx.commit().await?)
                }

                async fn told(&self, station: &StationName) -> Result<Option<Told>, JobStoreError> {
                    let row: Option<(String,)> =
                        self.row(heartbeats::TOLD, station.as_str()).await?;
                    let told = row.map(|(told,)| serde_json::from_str(&told));
                    Ok(told.transpose()?)
                }

                async fn told_until(
                    &self,
                    after: Option<&StationName>,
                    last: &StationName,
                ) -> Result<Vec<(StationName, Told)>, JobStoreError> {
                    let rows: Vec<(String, String)> = query_as(heartbeats::TOLD_UNTIL)
                        .bind(after.map_or("", StationName::as_str))
                        .bind(last.as_str())
                        .fetch_all(self.readers())
                        .await?;
                    let read = |(station, told): (String, String)| {
                        Ok((StationName::new(station)?, serde_json::from_str(&told)?))
                    };
                    rows.into_iter().map(read).collect()
                }
            }
        };
    };
}
pub(super) use implement_heartbeats;
