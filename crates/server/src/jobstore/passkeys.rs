//! Passkeys: what people and customers sign in at the console with, when they have one. Of each the public half is kept.

use async_trait::async_trait;
use model::ids::{AccessKeyId, AccountId, PersonName};
use model::time::Timestamp;

use super::{JobStoreError, NewSession};

/// Whose a passkey is: for whom a session of it will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasskeyHolder {
    /// A person who runs the service.
    Person(PersonName),
    /// The customer who has this access key.
    Key(AccessKeyId),
}

/// A passkey that is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreshPasskey {
    /// The id that its authenticator gave it; no two have the same.
    pub credential: Vec<u8>,
    /// What its authenticator calls its user.
    pub user: Vec<u8>,
    /// Whose it is.
    pub holder: PasskeyHolder,
    /// The name of the site that it was made for.
    pub site: String,
    /// Its public key, a `COSE_Key`.
    pub key: Vec<u8>,
    /// How often it has signed.
    pub counter: u32,
    /// What its holder calls it.
    pub name: String,
    /// Since when.
    pub added: Timestamp,
}

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPasskey {
    /// Which.
    pub number: i64,
    /// What was kept of it; its counter is that of its last use.
    pub passkey: FreshPasskey,
    /// The account of a customer's.
    pub account: Option<AccountId>,
    /// When it was last used.
    pub used: Option<Timestamp>,
    /// When its counter did not go on, since when it is good for nothing.
    pub copied: Option<Timestamp>,
}

/// A signature by a passkey, which counts once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// Which passkey.
    pub number: i64,
    /// How often it had signed before.
    pub before: u32,
    /// How often it has signed now.
    pub counter: u32,
    /// Of the challenge that it answers to.
    pub challenge_sha256: [u8; 32],
    /// Until when that challenge is good.
    pub until: Timestamp,
    /// When it was touched.
    pub at: Timestamp,
}

/// Keeps passkeys. The contract is that of [`JobStore`](super::JobStore). A passkey is there as long as its person is in
/// force without a break since it was added, or its access key is good.
#[async_trait]
pub trait Passkeys: Send + Sync + 'static {
    /// Keeps a passkey, and notes that its challenge was answered, which is good until then. `Exists` if one of this
    /// credential was ever kept and not removed, `Conflict` if the challenge was answered before.
    async fn add_passkey(
        &self,
        passkey: &FreshPasskey,
        challenge_sha256: [u8; 32],
        until: Timestamp,
    ) -> Result<(), JobStoreError>;

    /// All of them, the oldest first.
    async fn passkeys(&self) -> Result<Vec<StoredPasskey>, JobStoreError>;

    /// Those of one holder, the oldest first.
    async fn passkeys_of(
        &self,
        holder: &PasskeyHolder,
    ) -> Result<Vec<StoredPasskey>, JobStoreError>;

    /// The one of a credential.
    async fn passkey(&self, credential: &[u8]) -> Result<Option<StoredPasskey>, JobStoreError>;

    /// Notes a touch, and begins a session of whom the passkey is of. `false` if the challenge was answered before, or the
    /// passkey is not as it was when the touch was looked at.
    async fn enter_by_passkey(
        &self,
        touch: &Touch,
        session: &NewSession,
    ) -> Result<bool, JobStoreError>;

    /// Notes a touch within a session. `false` as [`enter_by_passkey`](Passkeys::enter_by_passkey).
    async fn touch_passkey(&self, touch: &Touch, session: i64) -> Result<bool, JobStoreError>;

    /// Notes that there may be a copy of a passkey: it is good for nothing from the touch on, and nobody stays signed in by
    /// it. `false`, and nothing is noted, if the challenge was answered before: who sends an answer twice has no copy.
    async fn void_passkey(&self, touch: &Touch) -> Result<bool, JobStoreError>;

    /// Removes a passkey, and ends the sessions that began by it. `false` if there is none.
    async fn remove_passkey(&self, number: i64, now: Timestamp) -> Result<bool, JobStoreError>;
}

pub(super) const ADD_PASSKEY: &str = "
    INSERT INTO passkeys (credential, user_handle, person, access_key, site, public_key, counter, name, added)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

macro_rules! passkeys {
    ($more:literal) => {
        concat!(
            "SELECT p.number, p.credential, p.user_handle, p.person, p.access_key, k.account, p.site, p.public_key,
                    p.counter, p.name, p.added, p.used, p.copied
             FROM passkeys p
             LEFT JOIN operators o ON o.name = p.person AND o.revoked IS NULL AND o.added <= p.added
             LEFT JOIN access_keys k ON k.id = p.access_key AND k.revoked IS NULL
             WHERE (o.name IS NOT NULL OR k.id IS NOT NULL)",
            $more
        )
    };
}

pub(super) const PASSKEYS: &str = passkeys!(" ORDER BY p.number");

pub(super) const PASSKEYS_OF: &str =
    passkeys!(" AND (p.person = $1 OR p.access_key = $2) ORDER BY p.number");

pub(super) const PASSKEY: &str = passkeys!(" AND p.credential = $1");

/// Who answers late answers to a passkey that has changed.
pub(super) const USE_PASSKEY: &str = "
    UPDATE passkeys SET counter = $3, used = $4 WHERE number = $1 AND counter = $2 AND copied IS NULL";

pub(super) const ADD_SESSION: &str = "
    INSERT INTO console_sessions
        (token_sha256, person, access_key, address, began, until, seen, passkey, touched)
    SELECT $1, person, access_key, $2, $3, $4, $3, number, $3 FROM passkeys WHERE number = $5";

pub(super) const TOUCH_SESSION: &str =
    "UPDATE console_sessions SET touched = $2 WHERE number = $1 AND ended IS NULL";

pub(super) const VOID_PASSKEY: &str =
    "UPDATE passkeys SET copied = COALESCE(copied, $2) WHERE number = $1";

pub(super) const REMOVE_PASSKEY: &str = "DELETE FROM passkeys WHERE number = $1";

pub(super) const END_SESSIONS: &str =
    "UPDATE console_sessions SET ended = $2 WHERE passkey = $1 AND ended IS NULL";

/// Those of a person who is revoked: were the same name given out again, they would be somebody else's.
pub(super) const REMOVE_PASSKEYS_OF_PERSON: &str = "DELETE FROM passkeys WHERE person = $1";

/// Those of an access key that is revoked.
pub(super) const REMOVE_PASSKEYS_OF_KEY: &str = "DELETE FROM passkeys WHERE access_key = $1";

/// `number, credential, user_handle, person, access_key, account, site, public_key, counter, name, added, used, copied`.
pub(super) type PasskeyRow = (
    i64,
    Vec<u8>,
    Vec<u8>,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
    Vec<u8>,
    i64,
    String,
    i64,
    Option<i64>,
    Option<i64>,
);

pub(super) fn stored_passkey(row: PasskeyRow) -> Result<StoredPasskey, JobStoreError> {
    let (
        number,
        credential,
        user,
        person,
        key,
        account,
        site,
        public,
        counter,
        name,
        added,
        used,
        copied,
    ) = row;
    let holder = match (person, key) {
        (Some(person), None) => PasskeyHolder::Person(PersonName::new(person)?),
        (None, Some(key)) => PasskeyHolder::Key(AccessKeyId::new(key)?),
        _ => return Err(JobStoreError::corrupt("a passkey of two people or none")),
    };
    let counter = u32::try_from(counter);
    Ok(StoredPasskey {
        number,
        passkey: FreshPasskey {
            credential,
            user,
            holder,
            site,
            key: public,
            counter: counter.map_err(|_| JobStoreError::corrupt("a counter of a passkey"))?,
            name,
            added: Timestamp::from_unix(added),
        },
        account: account.map(AccountId::new).transpose()?,
        used: used.map(Timestamp::from_unix),
        copied: copied.map(Timestamp::from_unix),
    })
}

/// Person and access key of a holder.
pub(super) fn columns(holder: &PasskeyHolder) -> (Option<String>, Option<String>) {
    match holder {
        PasskeyHolder::Person(name) => (Some(name.as_str().to_owned()), None),
        PasskeyHolder::Key(key) => (None, Some(key.as_str().to_owned())),
    }
}

/// Implements [`Passkeys`] for the store of a database.
macro_rules! implement_passkeys {
    ($store:ident) => {
        const _: () = {
            use model::time::Timestamp;
            use sqlx::{query, query_as};
            use $crate::jobstore::passkeys::{
                self, FreshPasskey, PasskeyHolder, PasskeyRow, Passkeys, StoredPasskey, Touch,
            };
            use $crate::jobstore::{JobStoreError, NewSession, error, sign_ins};

            /// Notes within a transaction that a challenge is answered; `false` if it was before.
            macro_rules! answered {
                ($tx:expr, $challenge:expr, $until:expr) => {
                    query(sign_ins::USE_FORM)
                        .bind($challenge.to_vec())
                        .bind($until.unix())
                        .execute(&mut *$tx)
                        .await?
                        .rows_affected()
                        > 0
                };
            }

            /// Notes within a transaction that a passkey was touched; `false` if it does not count.
            macro_rules! touched {
                ($tx:expr, $touch:expr) => {
                    answered!($tx, $touch.challenge_sha256, $touch.until)
                        && query(passkeys::USE_PASSKEY)
                            .bind($touch.number)
                            .bind(i64::from($touch.before))
                            .bind(i64::from($touch.counter))
                            .bind($touch.at.unix())
                            .execute(&mut *$tx)
                            .await?
                            .rows_affected()
                            > 0
                };
            }

            #[async_trait::async_trait]
            impl Passkeys for $store {
                async fn add_passkey(
                    &self,
                    passkey: &FreshPasskey,
                    challenge_sha256: [u8; 32],
                    until: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    if !answered!(tx, challenge_sha256, until) {
                        return Err(JobStoreError::Conflict);
                    }
                    let (person, key) = passkeys::columns(&passkey.holder);
                    query(passkeys::ADD_PASSKEY)
                        .bind(passkey.credential.clone())
                        .bind(passkey.user.clone())
                        .bind(person)
                        .bind(key)
                        .bind(passkey.site.clone())
                        .bind(passkey.key.clone())
                        .bind(i64::from(passkey.counter))
                        .bind(passkey.name.clone())
                        .bind(passkey.added.unix())
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, "passkey", ""))?;
                    Ok(tx.commit().await?)
                }

                async fn passkeys(&self) -> Result<Vec<StoredPasskey>, JobStoreError> {
                    let rows: Vec<PasskeyRow> = query_as(passkeys::PASSKEYS)
                        .fetch_all(self.readers())
                        .await?;
                    rows.into_iter().map(passkeys::stored_passkey).collect()
                }

                async fn passkeys_of(
                    &self,
                    holder: &PasskeyHolder,
                ) -> Result<Vec<StoredPasskey>, JobStoreError> {
                    let (person, key) = passkeys::columns(holder);
                    let rows: Vec<PasskeyRow> = query_as(passkeys::PASSKEYS_OF)
                        .bind(person)
                        .bind(key)
                        .fetch_all(self.readers())
                        .await?;
                    rows.into_iter().map(passkeys::stored_passkey).collect()
                }

                async fn passkey(
                    &self,
                    credential: &[u8],
                ) -> Result<Option<StoredPasskey>, JobStoreError> {
                    let row: Option<PasskeyRow> = query_as(passkeys::PASSKEY)
                        .bind(credential.to_vec())
                        .fetch_optional(self.readers())
                        .await?;
                    row.map(passkeys::stored_passkey).transpose()
                }

                async fn enter_by_passkey(
                    &self,
                    touch: &Touch,
                    session: &NewSession,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    if !touched!(tx, touch) {
                        return Ok(false);
                    }
                    query(passkeys::ADD_SESSION)
                        .bind(session.token_sha256.to_vec())
                        .bind(session.address.clone())
                        .bind(session.began.unix())
                        .bind(session.until.unix())
                        .bind(touch.number)
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(true)
                }

                async fn touch_passkey(
                    &self,
                    touch: &Touch,
                    session: i64,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    if !touched!(tx, touch) {
                        return Ok(false);
                    }
                    let done = query(passkeys::TOUCH_SESSION)
                        .bind(session)
                        .bind(touch.at.unix())
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }

                async fn void_passkey(&self, touch: &Touch) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    if !answered!(tx, touch.challenge_sha256, touch.until) {
                        return Ok(false);
                    }
                    for statement in [passkeys::VOID_PASSKEY, passkeys::END_SESSIONS] {
                        query(statement)
                            .bind(touch.number)
                            .bind(touch.at.unix())
                            .execute(&mut *tx)
                            .await?;
                    }
                    tx.commit().await?;
                    Ok(true)
                }

                async fn remove_passkey(
                    &self,
                    number: i64,
                    now: Timestamp,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(passkeys::REMOVE_PASSKEY)
                        .bind(number)
                        .execute(&mut *tx)
                        .await?;
                    query(passkeys::END_SESSIONS)
                        .bind(number)
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }
            }
        };
    };
}
pub(super) use implement_passkeys;
