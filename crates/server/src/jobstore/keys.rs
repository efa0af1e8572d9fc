//! Access keys: what a customer signs requests with. Their secrets are sealed.

use async_trait::async_trait;
use awsproto::secret::SecretKey;
use model::ids::{AccessKeyId, AccountId, IdentityId, IdentityName};
use model::time::Timestamp;

use super::JobStoreError;
use super::accounts::{self, Account};
use crate::sealing::{Purpose, Sealer};

/// An access key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// The public half, which requests carry.
    pub id: AccessKeyId,
    /// The account in whose name it acts.
    pub account: AccountId,
    /// Its user; `None` of one that is the account's own, and may all that the account may.
    pub user: Option<KeyUser>,
    /// When it was made; by it keys are listed.
    pub created: Timestamp,
    /// When it was first revoked; `None` as long as it is good.
    pub revoked: Option<Timestamp>,
}

/// Whose a key is within its account. Who is no more was removed, and the key is worth nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUser {
    /// Which user.
    pub id: IdentityId,
    /// What the user is called.
    pub name: IdentityName,
}

/// Keeps access keys. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Keys: Send + Sync + 'static {
    /// Stores an access key with its secret, sealed. `Exists` if the id is taken, ever; `Missing` if
    /// there is no such account.
    async fn insert_key(&self, key: &AccessKey, secret: &SecretKey) -> Result<(), JobStoreError>;

    /// All access keys, oldest first.
    async fn keys(&self) -> Result<Vec<AccessKey>, JobStoreError>;

    /// An access key with its secret and account.
    async fn key(
        &self,
        id: &AccessKeyId,
    ) -> Result<Option<(AccessKey, SecretKey, Account)>, JobStoreError>;

    /// Revokes a key, and removes its passkeys; `false` if there is none. Revoking twice keeps the first time.
    async fn revoke_key(&self, id: &AccessKeyId, now: Timestamp) -> Result<bool, JobStoreError>;
}

pub(super) const INSERT_KEY: &str = "
    INSERT INTO access_keys (id, account, secret, created, revoked, user_id, user_name)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

pub(super) const KEYS: &str = "SELECT id, account, user_id, user_name, created, revoked FROM access_keys ORDER BY created, seq";

/// The key and its account in one: every request asks for it.
pub(super) const KEY: &str = "
    SELECT key.id, key.account, key.user_id, key.user_name, key.created, key.revoked, key.secret,
           owner.name, owner.import_rights, owner.export_rights
    FROM access_keys AS key JOIN accounts AS owner ON owner.id = key.account
    WHERE key.id = $1";

/// Keeps the time of the first revocation.
pub(super) const REVOKE_KEY: &str =
    "UPDATE access_keys SET revoked = COALESCE(revoked, $2) WHERE id = $1";

/// `id, account, user_id, user_name, created, revoked`.
pub(super) type KeyRow = (
    String,
    String,
    Option<String>,
    Option<String>,
    i64,
    Option<i64>,
);

/// `id, account, user_id, user_name, created, revoked, secret`, and of the account `name, import_rights, export_rights`.
pub(super) type SecretRow = (
    String,
    String,
    Option<String>,
    Option<String>,
    i64,
    Option<i64>,
    Vec<u8>,
    String,
    String,
    String,
);

pub(super) fn sealed_secret(sealer: &Sealer, id: &AccessKeyId, secret: &SecretKey) -> Vec<u8> {
    sealer.seal(Purpose::AccessKeySecret(id), secret.expose().as_bytes())
}

pub(super) fn access_key(row: KeyRow) -> Result<AccessKey, JobStoreError> {
    let (id, account, user_id, user_name, created, revoked) = row;
    Ok(AccessKey {
        id: AccessKeyId::new(id)?,
        account: AccountId::new(account)?,
        user: key_user(user_id, user_name)?,
        created: Timestamp::from_unix(created),
        revoked: revoked.map(Timestamp::from_unix),
    })
}

/// A key with half a user is nobody's, and least of all the account's own.
fn key_user(id: Option<String>, name: Option<String>) -> Result<Option<KeyUser>, JobStoreError> {
    match (id, name) {
        (None, None) => Ok(None),
        (Some(id), Some(name)) => Ok(Some(KeyUser {
            id: IdentityId::new(id)?,
            name: IdentityName::new(name)?,
        })),
        (Some(_), None) | (None, Some(_)) => Err(JobStoreError::corrupt("a key has half a user")),
    }
}

pub(super) fn secret_key(
    sealer: &Sealer,
    row: SecretRow,
) -> Result<(AccessKey, SecretKey, Account), JobStoreError> {
    let (id, owner, user_id, user_name, created, revoked, sealed, name, import, export) = row;
    let account = accounts::account((owner.clone(), name, import, export))?;
    let key = access_key((id, owner, user_id, user_name, created, revoked))?;
    let secret = sealer.open_text(Purpose::AccessKeySecret(&key.id), &sealed)?;
    Ok((key, SecretKey::new(secret), account))
}

/// Does for a key that nobody has what [`secret_key`] does for one that is there, so that time does not
/// tell which there are.
pub(super) fn work_of_a_key(sealer: &Sealer, id: &AccessKeyId) {
    const SECRET_BYTES: usize = 40;
    let sealed = [0; SECRET_BYTES + Sealer::OVERHEAD];
    let opened = sealer.open(Purpose::AccessKeySecret(id), &sealed);
    debug_assert!(opened.is_err(), "zeros are no seal");
    let text = std::hint::black_box(r#"["*"]"#);
    let rights: Result<Vec<String>, _> = serde_json::from_str(text);
    std::hint::black_box((opened.is_ok(), rights.is_ok()));
}

/// Implements [`Keys`] for the store of a database.
macro_rules! implement_keys {
    ($store:ident) => {
        const _: () = {
            use awsproto::secret::SecretKey;
            use model::ids::AccessKeyId;
            use model::time::Timestamp;
            use sqlx::{query, query_as};
            use $crate::jobstore::accounts::Account;
            use $crate::jobstore::keys::{self, AccessKey, Keys};
            use $crate::jobstore::{JobStoreError, error, passkeys};

            #[async_trait::async_trait]
            impl Keys for $store {
                async fn insert_key(
                    &self,
                    key: &AccessKey,
                    secret: &SecretKey,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(keys::INSERT_KEY)
                        .bind(key.id.as_str())
                        .bind(key.account.as_str())
                        .bind(keys::sealed_secret(&self.sealer, &key.id, secret))
                        .bind(key.created.unix())
                        .bind(key.revoked.map(Timestamp::unix))
                        .bind(key.user.as_ref().map(|user| user.id.as_str()))
                        .bind(key.user.as_ref().map(|user| user.name.as_str()))
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| {
                            error::refused(error, key.id.as_str(), key.account.as_str())
                        })?;
                    Ok(tx.commit().await?)
                }

                async fn keys(&self) -> Result<Vec<AccessKey>, JobStoreError> {
                    let all: Vec<keys::KeyRow> =
                        query_as(keys::KEYS).fetch_all(self.readers()).await?;
                    all.into_iter().map(keys::access_key).collect()
                }

                async fn key(
                    &self,
                    id: &AccessKeyId,
                ) -> Result<Option<(AccessKey, SecretKey, Account)>, JobStoreError> {
                    let row: Option<keys::SecretRow> = self.row(keys::KEY, id.as_str()).await?;
                    let Some(row) = row else {
                        keys::work_of_a_key(&self.sealer, id);
                        return Ok(None);
                    };
                    keys::secret_key(&self.sealer, row).map(Some)
                }

                async fn revoke_key(
                    &self,
                    id: &AccessKeyId,
                    now: Timestamp,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(keys::REVOKE_KEY)
                        .bind(id.as_str())
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    query(passkeys::REMOVE_PASSKEYS_OF_KEY)
                        .bind(id.as_str())
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }
            }
        };
    };
}
pub(super) use implement_keys;
