//! The keys that receipts and checkpoints are signed with: one is in force, and those before it are known for ever.

use async_trait::async_trait;
use custody::event::Event;
use model::time::Timestamp;
use zeroize::Zeroizing;

use super::JobStoreError;
use crate::sealing::{Purpose, Sealer};

/// A key as the store has it.
#[derive(Clone)]
pub struct StoredCustodyKey {
    /// Under which name the installation signs with it.
    pub installation: String,
    /// `SHA256:…`, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
    /// The public half, as a line of `authorized_keys` has it without its comment.
    pub public: String,
    /// The private half as OpenSSH keeps it in a file, sealed where it is stored.
    pub private: Zeroizing<String>,
    /// From when on it signs.
    pub since: Timestamp,
    /// Until when it signed.
    pub until: Option<Timestamp>,
    /// From when on it counts no more.
    pub revoked: Option<Timestamp>,
}

/// Keeps keys. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait CustodyKeys: Send + Sync + 'static {
    /// Puts a key in force if `before` is, or if none is and `before` is `None`, and tells so; the one before signs no
    /// more. With `is_lost` that one counts no more, either. `Conflict` if another is in force.
    async fn put_custody_key(
        &self,
        key: &StoredCustodyKey,
        before: Option<&str>,
        is_lost: bool,
        told: &[Event],
    ) -> Result<(), JobStoreError>;

    /// All keys, the oldest first, as the clocks of their times had it; the one in force is the last, whatever those said.
    async fn custody_keys(&self) -> Result<Vec<StoredCustodyKey>, JobStoreError>;
}

pub(super) const IN_FORCE: &str = "SELECT fingerprint FROM custody_keys WHERE until IS NULL";

pub(super) const END_KEY: &str = "
    UPDATE custody_keys SET until = $2, revoked = $3 WHERE fingerprint = $1 AND until IS NULL";

pub(super) const INSERT_KEY: &str = "
    INSERT INTO custody_keys (fingerprint, installation, public, sealed, since)
    VALUES ($1, $2, $3, $4, $5)";

pub(super) const KEYS: &str = "
    SELECT fingerprint, installation, public, sealed, since, until, revoked FROM custody_keys
    ORDER BY until IS NOT NULL DESC, until, since";

/// `fingerprint, installation, public, sealed, since, until, revoked`.
pub(super) type CustodyKeyRow = (
    String,
    String,
    String,
    Vec<u8>,
    i64,
    Option<i64>,
    Option<i64>,
);

pub(super) fn sealed(sealer: &Sealer, key: &StoredCustodyKey) -> Vec<u8> {
    sealer.seal(
        Purpose::CustodyKey(&key.fingerprint),
        key.private.as_bytes(),
    )
}

pub(super) fn key(sealer: &Sealer, row: CustodyKeyRow) -> Result<StoredCustodyKey, JobStoreError> {
    let (fingerprint, installation, public, sealed, since, until, revoked) = row;
    let private = sealer.open_text(Purpose::CustodyKey(&fingerprint), &sealed)?;
    Ok(StoredCustodyKey {
        installation,
        fingerprint,
        public,
        private: Zeroizing::new(private),
        since: Timestamp::from_unix(since),
        until: until.map(Timestamp::from_unix),
        revoked: revoked.map(Timestamp::from_unix),
    })
}

/// Implements [`CustodyKeys`] for the store of a database.
macro_rules! implement_custody_keys {
    ($store:ident) => {
        const _: () = {
            use custody::event::Event;
            use model::time::Timestamp;
            use sqlx::{query, query_as};
            use $crate::jobstore::custody_keys::{self, CustodyKeys, StoredCustodyKey};
            use $crate::jobstore::{JobStoreError, error};

            #[async_trait::async_trait]
            impl CustodyKeys for $store {
                async fn put_custody_key(
                    &self,
                    key: &StoredCustodyKey,
                    before: Option<&str>,
                    is_lost: bool,
                    told: &[Event],
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    if let Some(before) = before {
                        let ended = query(custody_keys::END_KEY)
                            .bind(before)
                            .bind(key.since.unix())
                            .bind(is_lost.then_some(key.since).map(Timestamp::unix))
                            .execute(&mut *tx)
                            .await?;
                        if ended.rows_affected() == 0 {
                            return Err(JobStoreError::Conflict);
                        }
                    }
                    // Only one may be without an end.
                    let inserted = query(custody_keys::INSERT_KEY)
                        .bind(&key.fingerprint)
                        .bind(&key.installation)
                        .bind(&key.public)
                        .bind(custody_keys::sealed(&self.sealer, key))
                        .bind(key.since.unix())
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, &key.fingerprint, ""));
                    match inserted {
                        Err(JobStoreError::Exists(_)) => return Err(JobStoreError::Conflict),
                        inserted => inserted?,
                    };
                    self.tell_in(&mut tx, None, told).await?;
                    Ok(tx.commit().await?)
                }

                async fn custody_keys(&self) -> Result<Vec<StoredCustodyKey>, JobStoreError> {
                    let rows: Vec<custody_keys::CustodyKeyRow> = query_as(custody_keys::KEYS)
                        .fetch_all(self.readers())
                        .await?;
                    let key = |row| custody_keys::key(&self.sealer, row);
                    rows.into_iter().map(key).collect()
                }
            }
        };
    };
}
pub(super) use implement_custody_keys;
