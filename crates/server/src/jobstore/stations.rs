//! Stations: their names, and the hashes of the tokens that they show.

use async_trait::async_trait;
use model::ids::StationName;
use model::time::Timestamp;

use super::JobStoreError;

/// Keeps which stations there are. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Stations: Send + Sync + 'static {
    /// Registers a station, or replaces the SHA-256 of its token.
    async fn put_station(
        &self,
        station: &StationName,
        token_sha256: [u8; 32],
        now: Timestamp,
    ) -> Result<(), JobStoreError>;

    /// Which station has a token with this SHA-256.
    async fn station_by_token(
        &self,
        token_sha256: [u8; 32],
    ) -> Result<Option<StationName>, JobStoreError>;
}

pub(super) const PUT_STATION: &str = "
    INSERT INTO stations (name, token_sha256, registered) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE
    SET token_sha256 = excluded.token_sha256, registered = excluded.registered";

pub(super) const STATION_BY_TOKEN: &str = "SELECT name FROM stations WHERE token_sha256 = $1";

/// Implements [`Stations`] for the store of a database.
macro_rules! implement_stations {
    ($store:ident) => {
        const _: () = {
            use model::ids::StationName;
            use model::time::Timestamp;
            use sqlx::{query, query_scalar};
            use $crate::jobstore::stations::{self, Stations};
            use $crate::jobstore::{JobStoreError, error};

            #[async_trait::async_trait]
            impl Stations for $store {
                async fn put_station(
                    &self,
                    station: &StationName,
                    token_sha256: [u8; 32],
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(stations::PUT_STATION)
                        .bind(station.as_str())
                        .bind(token_sha256.to_vec())
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, "station token", ""))?;
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
            }
        };
    };
}
pub(super) use implement_stations;
