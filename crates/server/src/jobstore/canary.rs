//! A known text sealed into every job store, by which a server that has another secret key is told so before
//! it writes anything.

use super::JobStoreError;
use crate::sealing::{Purpose, SealBroken, Sealer};

const CANARY_TEXT: &[u8] = b"longshore";

/// Keeps the canary of the first server that opened the store.
pub(super) const PUT_CANARY: &str =
    "INSERT INTO installation (only_row, canary) VALUES (1, $1) ON CONFLICT DO NOTHING";

pub(super) const CANARY: &str = "SELECT canary FROM installation";

pub(super) fn sealed(sealer: &Sealer) -> Vec<u8> {
    sealer.seal(Purpose::Installation, CANARY_TEXT)
}

pub(super) fn check(sealer: &Sealer, sealed: &[u8]) -> Result<(), JobStoreError> {
    match sealer.open(Purpose::Installation, sealed) {
        Ok(text) if *text == CANARY_TEXT => Ok(()),
        Ok(_) | Err(SealBroken) => Err(JobStoreError::WrongKey),
    }
}

/// Gives the store of a database a check of the secret key.
macro_rules! implement_canary {
    ($store:ident) => {
        const _: () = {
            use sqlx::{query, query_scalar};
            use $crate::jobstore::{JobStoreError, canary};

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
        };
    };
}
pub(super) use implement_canary;
