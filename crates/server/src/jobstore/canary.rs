//! Whether a job store is the one that this server may work with: a known text is sealed into every one, by which a
//! server that has another secret key is told so before it writes anything; and its schema is no older than ours.

use async_trait::async_trait;

use super::JobStoreError;
use crate::sealing::{Purpose, SealBroken, Sealer};

/// Whether the store is still what it was when it was opened: a backup may have been put in its place. The contract is
/// that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Fitness: Send + Sync + 'static {
    /// Whether the schema has all that this release needs; that of a later one has.
    async fn is_current(&self) -> Result<bool, JobStoreError>;

    /// Whether the store is sealed with our secret key.
    async fn is_ours(&self) -> Result<bool, JobStoreError>;
}

const CANARY_TEXT: &[u8] = b"longshore";

/// Keeps the canary of the first server that opened the store.
pub(super) const PUT_CANARY: &str =
    "INSERT INTO installation (only_row, canary) VALUES (1, $1) ON CONFLICT DO NOTHING";

pub(super) const CANARY: &str = "SELECT canary FROM installation";

/// The last migration that was done whole; sqlx keeps the books (`sqlx::migrate`).
pub(super) const SCHEMA: &str = "SELECT MAX(version) FROM _sqlx_migrations WHERE success";

pub(super) fn sealed(sealer: &Sealer) -> Vec<u8> {
    sealer.seal(Purpose::Installation, CANARY_TEXT)
}

pub(super) fn check(sealer: &Sealer, sealed: &[u8]) -> Result<(), JobStoreError> {
    match sealer.open(Purpose::Installation, sealed) {
        Ok(text) if *text == CANARY_TEXT => Ok(()),
        Ok(_) | Err(SealBroken) => Err(JobStoreError::WrongKey),
    }
}

/// Gives the store of a database a check of the secret key, and implements [`Fitness`].
macro_rules! implement_canary {
    ($store:ident) => {
        const _: () = {
            use sqlx::{query, query_scalar};
            use $crate::jobstore::canary::Fitness;
            use $crate::jobstore::{JobStoreError, canary, migrations};

            impl $store {
                /// The first server to come leaves its canary; all must be able to read it.
                async fn check_key(&self) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(canary::PUT_CANARY)
                        .bind(canary::sealed(&self.sealer))
                        .execute(&mut *tx)
                        .await?;
                    let sealed: Vec<u8> = query_scalar(canary::CANARY).fetch_one(&mut *tx).await?;
                    tx.commit().await?;
                    canary::check(&self.sealer, &sealed)
                }
            }

            #[async_trait::async_trait]
            impl Fitness for $store {
                async fn is_current(&self) -> Result<bool, JobStoreError> {
                    let last: Option<i64> = query_scalar(canary::SCHEMA)
                        .fetch_one(self.readers())
                        .await?;
                    Ok(last.is_some_and(|last| last >= migrations::last()))
                }

                async fn is_ours(&self) -> Result<bool, JobStoreError> {
                    let sealed: Option<Vec<u8>> = query_scalar(canary::CANARY)
                        .fetch_optional(self.readers())
                        .await?;
                    let sealed = sealed.unwrap_or_default();
                    match canary::check(&self.sealer, &sealed) {
                        Ok(()) => Ok(true),
                        Err(JobStoreError::WrongKey) => Ok(false),
                        Err(error) => Err(error),
                    }
                }
            }
        };
    };
}
pub(super) use implement_canary;
