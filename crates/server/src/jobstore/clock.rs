//! The latest time that was noted, by which a start sees a clock that was set back; and the smallest write
//! there is, by which `/health` sees whether the store takes writes.

use async_trait::async_trait;
use model::time::Timestamp;

use super::JobStoreError;

/// Keeps the latest time that has surely been. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait LatestTime: Send + Sync + 'static {
    /// Whether the store takes a write.
    async fn check(&self) -> Result<(), JobStoreError>;

    /// The latest time that was noted; `None` if none ever was.
    async fn latest_time(&self) -> Result<Option<Timestamp>, JobStoreError>;

    /// Notes that this time has been; an earlier one than the latest changes nothing.
    async fn note_time(&self, now: Timestamp) -> Result<(), JobStoreError>;
}

/// A write like any other, in the smallest row there is.
pub(super) const CHECK: &str = "UPDATE clock SET beats = beats + 1";

pub(super) const LATEST: &str = "SELECT latest FROM clock";

pub(super) const NOTE_TIME: &str =
    "UPDATE clock SET latest = $1 WHERE latest IS NULL OR latest < $1";

/// Implements [`LatestTime`] for the store of a database.
macro_rules! implement_clock {
    ($store:ident) => {
        const _: () = {
            use model::time::Timestamp;
            use sqlx::{query, query_scalar};
            use $crate::jobstore::JobStoreError;
            use $crate::jobstore::clock::{self, LatestTime};

            #[async_trait::async_trait]
            impl LatestTime for $store {
                async fn check(&self) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(clock::CHECK).execute(&mut *tx).await?;
                    Ok(tx.commit().await?)
                }

                async fn latest_time(&self) -> Result<Option<Timestamp>, JobStoreError> {
                    let latest: Option<i64> = query_scalar(clock::LATEST)
                        .fetch_one(self.readers())
                        .await?;
                    Ok(latest.map(Timestamp::from_unix))
                }

                async fn note_time(&self, now: Timestamp) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(clock::NOTE_TIME)
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }
            }
        };
    };
}
pub(super) use implement_clock;
