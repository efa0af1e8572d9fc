//! Stations: their names, the hashes of the tokens that they show, and whether they may work.

use async_trait::async_trait;
use custody::by::By;
use custody::event::{Event, StationAdmitted};
use model::actor::Actor;
use model::ids::StationName;
use model::time::Timestamp;

use super::JobStoreError;
use super::heartbeats::{Heartbeat, HeartbeatColumns, heartbeat};

/// A station, and when it was last heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Station {
    /// Its name.
    pub name: StationName,
    /// When it was admitted, the last time.
    pub registered: Timestamp,
    /// When its token became void.
    pub revoked: Option<Timestamp>,
    /// Since when it is to begin nothing new.
    pub draining: Option<Timestamp>,
    /// Until when somebody looks at it.
    pub watched_until: Option<Timestamp>,
    /// Its last heartbeat.
    pub heard: Option<Heartbeat>,
}

/// Keeps which stations there are. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Stations: Send + Sync + 'static {
    /// Registers a station, or replaces the SHA-256 of its token; one that was revoked, drained or heard before is
    /// as new. That one is admitted, the first time or again, is told in the ledger.
    async fn put_station(
        &self,
        station: &StationName,
        token_sha256: [u8; 32],
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), JobStoreError>;

    /// Which station has a token with this SHA-256, unless it was revoked.
    async fn station_by_token(
        &self,
        token_sha256: [u8; 32],
    ) -> Result<Option<StationName>, JobStoreError>;

    /// Whether the station of this token is revoked: the token is the station's and void.
    async fn is_void(
        &self,
        station: &StationName,
        token_sha256: [u8; 32],
    ) -> Result<bool, JobStoreError>;

    /// Reads a station.
    async fn station(&self, name: &StationName) -> Result<Option<Station>, JobStoreError>;

    /// Stations in the order of their names, after the station `after`.
    async fn stations(
        &self,
        after: Option<&StationName>,
        limit: u32,
    ) -> Result<Vec<Station>, JobStoreError>;

    /// Makes a station's token void; one that is, stays as it is. `Missing` if there is no such station.
    async fn revoke_station(&self, name: &StationName, now: Timestamp)
    -> Result<(), JobStoreError>;

    /// Says since when a station is to begin nothing new, or that it may again. `Missing` if there is no such station.
    async fn drain_station(
        &self,
        name: &StationName,
        since: Option<Timestamp>,
    ) -> Result<(), JobStoreError>;

    /// Says that somebody looks at a station until then. `Missing` if there is no such station.
    async fn watch_station(
        &self,
        name: &StationName,
        until: Timestamp,
    ) -> Result<(), JobStoreError>;
}

/// A station that was revoked is admitted again.
pub(super) const IS_ADMITTED: &str =
    "SELECT COUNT(*) FROM stations WHERE name = $1 AND revoked IS NULL";

/// That a station belongs to the installation.
pub(super) fn admitted(name: &StationName, actor: &Actor, now: Timestamp) -> Event {
    Event {
        at: now.into(),
        what: StationAdmitted { name: name.clone() }.into(),
        by: By::usual(actor),
        station: None,
        bay: None,
    }
}

pub(super) const PUT_STATION: &str = "
    INSERT INTO stations (name, token_sha256, registered) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE
    SET token_sha256 = excluded.token_sha256, registered = excluded.registered,
        revoked = NULL, draining = NULL, watched_until = NULL";

pub(super) const STATION_BY_TOKEN: &str =
    "SELECT name FROM stations WHERE token_sha256 = $1 AND revoked IS NULL";

pub(super) const IS_VOID: &str = "
    SELECT COUNT(*) FROM stations WHERE name = $1 AND token_sha256 = $2 AND revoked IS NOT NULL";

pub(super) const STATION: &str = "
    SELECT name, registered, revoked, draining, watched_until, version, at, release, clock_ahead, runs
    FROM stations LEFT JOIN heartbeats ON station = name WHERE name = $1";

pub(super) const STATIONS: &str = "
    SELECT name, registered, revoked, draining, watched_until, version, at, release, clock_ahead, runs
    FROM stations LEFT JOIN heartbeats ON station = name WHERE name > $1 ORDER BY name LIMIT $2";

pub(super) const REVOKE_STATION: &str =
    "UPDATE stations SET revoked = COALESCE(revoked, $2) WHERE name = $1";

pub(super) const DRAIN_STATION: &str = "UPDATE stations SET draining = $2 WHERE name = $1";

pub(super) const WATCH_STATION: &str = "UPDATE stations SET watched_until = $2 WHERE name = $1";

/// `name, registered, revoked, draining, watched_until` and the columns of a heartbeat, which are null together.
pub(super) type StationRow = (
    String,
    i64,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<String>,
);

pub(super) fn station(row: StationRow) -> Result<Station, JobStoreError> {
    let (name, registered, revoked, draining, watched_until, version, at, release, ahead, runs) =
        row;
    let columns: Option<HeartbeatColumns> = match (version, at, release, ahead, runs) {
        (Some(version), Some(at), Some(release), Some(ahead), Some(runs)) => {
            Some((version, at, release, ahead, runs))
        }
        _ => None,
    };
    Ok(Station {
        name: StationName::new(name)?,
        registered: Timestamp::from_unix(registered),
        revoked: revoked.map(Timestamp::from_unix),
        draining: draining.map(Timestamp::from_unix),
        watched_until: watched_until.map(Timestamp::from_unix),
        heard: columns.map(heartbeat).transpose()?,
    })
}

/// Implements [`Stations`] for the store of a database.
macro_rules! implement_stations {
    ($store:ident) => {
        const _: () = {
            use model::actor::Actor;
            use model::ids::StationName;
            use model::time::Timestamp;
            use sqlx::{query, query_as, query_scalar};
            use $crate::jobstore::stations::{self, Station, Stations};
            use $crate::jobstore::{JobStoreError, error, heartbeats};

            impl $store {
                /// Writes one time, or none, of a station that must be there.
                async fn mark_station(
                    &self,
                    statement: &'static str,
                    name: &StationName,
                    time: Option<Timestamp>,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(statement)
                        .bind(name.as_str())
                        .bind(time.map(Timestamp::unix))
                        .execute(&mut *tx)
                        .await?;
                    if done.rows_affected() == 0 {
                        return Err(JobStoreError::Missing(name.to_string()));
                    }
                    Ok(tx.commit().await?)
                }
            }

            #[async_trait::async_trait]
            impl Stations for $store {
                async fn put_station(
                    &self,
                    station: &StationName,
                    token_sha256: [u8; 32],
                    actor: &Actor,
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    let admitted: i64 = query_scalar(stations::IS_ADMITTED)
                        .bind(station.as_str())
                        .fetch_one(&mut *tx)
                        .await?;
                    query(stations::PUT_STATION)
                        .bind(station.as_str())
                        .bind(token_sha256.to_vec())
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, "station token", ""))?;
                    query(heartbeats::FORGET_HEARTBEAT)
                        .bind(station.as_str())
                        .execute(&mut *tx)
                        .await?;
                    if admitted == 0 {
                        let told = stations::admitted(station, actor, now);
                        self.tell_in(&mut tx, None, &[told]).await?;
                    }
                    Ok(tx.commit().await?)
                }

                async fn station_by_token(
                    &self,
                    token_sha256: [u8; 32],
                ) -> Result<Option<StationName>, JobStoreError> {
                    let name: Option<String> = query_scalar(stations::STATION_BY_TOKEN)
                        .bind(token_sha256.to_vec())
                        .fetch_optional(self.readers())
                        .await?;
                    Ok(name.map(StationName::new).transpose()?)
                }

                async fn is_void(
                    &self,
                    station: &StationName,
                    token_sha256: [u8; 32],
                ) -> Result<bool, JobStoreError> {
                    let found: i64 = query_scalar(stations::IS_VOID)
                        .bind(station.as_str())
                        .bind(token_sha256.to_vec())
                        .fetch_one(self.readers())
                        .await?;
                    Ok(found > 0)
                }

                async fn station(
                    &self,
                    name: &StationName,
                ) -> Result<Option<Station>, JobStoreError> {
                    let row: Option<stations::StationRow> =
                        self.row(stations::STATION, name.as_str()).await?;
                    row.map(stations::station).transpose()
                }

                async fn stations(
                    &self,
                    after: Option<&StationName>,
                    limit: u32,
                ) -> Result<Vec<Station>, JobStoreError> {
                    let rows: Vec<stations::StationRow> = query_as(stations::STATIONS)
                        .bind(after.map_or("", StationName::as_str))
                        .bind(i64::from(limit))
                        .fetch_all(self.readers())
                        .await?;
                    rows.into_iter().map(stations::station).collect()
                }

                async fn revoke_station(
                    &self,
                    name: &StationName,
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    self.mark_station(stations::REVOKE_STATION, name, Some(now))
                        .await
                }

                async fn drain_station(
                    &self,
                    name: &StationName,
                    since: Option<Timestamp>,
                ) -> Result<(), JobStoreError> {
                    self.mark_station(stations::DRAIN_STATION, name, since)
                        .await
                }

                async fn watch_station(
                    &self,
                    name: &StationName,
                    until: Timestamp,
                ) -> Result<(), JobStoreError> {
                    self.mark_station(stations::WATCH_STATION, name, Some(until))
                        .await
                }
            }
        };
    };
}
pub(super) use implement_stations;
