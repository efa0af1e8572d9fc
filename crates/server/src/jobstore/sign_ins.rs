//! Who is signed in at the console: links that let somebody in once, sessions, and the keys of forms that were sent.
//! Of every secret the SHA-256 alone is kept.

use async_trait::async_trait;
use model::ids::{AccessKeyId, AccountId, PersonName};
use model::time::Timestamp;

use super::operators::person;
use super::{JobStoreError, Person};

/// Whom a link lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetIn {
    /// Whoever is at the host of the service.
    Host,
    /// A person who runs it.
    Person(PersonName),
    /// The customer who has this access key.
    Key(AccessKeyId),
}

/// Whose a session is, as that is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// Whoever is at the host of the service.
    Host,
    /// A person who runs it, with the role that the person has now.
    Person(Person),
    /// A customer, as long as the access key is good.
    Customer {
        /// The key.
        key: AccessKeyId,
        /// Its account.
        account: AccountId,
    },
}

/// A link that lets somebody in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInLink {
    /// Of what stands in it.
    pub token_sha256: [u8; 32],
    /// Whom.
    pub whom: LetIn,
    /// Since when.
    pub made: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// A session that is to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Of what the browser keeps.
    pub token_sha256: [u8; 32],
    /// From where it was begun.
    pub address: Option<String>,
    /// When.
    pub began: Timestamp,
    /// When it ends at the latest.
    pub until: Timestamp,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// Which.
    pub number: i64,
    /// Whose.
    pub holder: Holder,
    /// From where it was begun.
    pub address: Option<String>,
    /// When.
    pub began: Timestamp,
    /// When it ends at the latest.
    pub until: Timestamp,
    /// When it was last used, within a minute.
    pub seen: Timestamp,
    /// The passkey by which it began; none of one that began by a link.
    pub passkey: Option<i64>,
    /// When a passkey was last touched in it.
    pub touched: Option<Timestamp>,
}

/// Keeps who is signed in. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait SignIns: Send + Sync + 'static {
    /// Keeps a link, and forgets those that are over.
    async fn add_link(&self, link: &SignInLink) -> Result<(), JobStoreError>;

    /// Uses a link up, and begins a session of whom it lets in. `false` if nobody has such a link, or it is over.
    async fn use_link(
        &self,
        token_sha256: [u8; 32],
        session: &NewSession,
    ) -> Result<bool, JobStoreError>;

    /// The session of a token, as long as it has not ended and its person is in force without a break since it began, or
    /// its access key is good.
    async fn session(
        &self,
        token_sha256: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<StoredSession>, JobStoreError>;

    /// The same of all, the newest first.
    async fn sessions(&self, now: Timestamp) -> Result<Vec<StoredSession>, JobStoreError>;

    /// How many they are.
    async fn session_count(&self, now: Timestamp) -> Result<u64, JobStoreError>;

    /// Notes that a session is used.
    async fn note_session(&self, number: i64, now: Timestamp) -> Result<(), JobStoreError>;

    /// Ends a session, and forgets those that ended long ago. `false` if there is none that goes on.
    async fn end_session(&self, number: i64, now: Timestamp) -> Result<bool, JobStoreError>;

    /// Notes that a form was sent, and forgets the keys that are over at `now`. `false` if it was sent before.
    async fn use_form(
        &self,
        key_sha256: [u8; 32],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, JobStoreError>;

    /// Forgets that a form was sent: nothing was done because of it.
    async fn free_form(&self, key_sha256: [u8; 32]) -> Result<(), JobStoreError>;
}

pub(super) const FORGET_LINKS: &str = "DELETE FROM console_links WHERE until <= $1";

pub(super) const ADD_LINK: &str = "INSERT INTO console_links (token_sha256, person, access_key, made, until) VALUES ($1, $2, $3, $4, $5)";

pub(super) const IS_LINK: &str =
    "SELECT made FROM console_links WHERE token_sha256 = $1 AND until > $2";

pub(super) const USE_LINK: &str =
    "DELETE FROM console_links WHERE token_sha256 = $1 AND until > $2 RETURNING person, access_key";

pub(super) const ADD_SESSION: &str = "
    INSERT INTO console_sessions (token_sha256, person, access_key, address, began, until, seen)
    VALUES ($1, $2, $3, $4, $5, $6, $5)";

/// Who was revoked and added again has no session from before. An access key that was revoked is so for good.
macro_rules! sessions {
    ($more:literal) => {
        concat!(
            "SELECT s.number, s.person, o.role, s.access_key, k.account, s.address, s.began, s.until, s.seen,
                    s.passkey, s.touched
             FROM console_sessions s
             LEFT JOIN operators o ON o.name = s.person AND o.revoked IS NULL AND o.added <= s.began
             LEFT JOIN access_keys k ON k.id = s.access_key AND k.revoked IS NULL
             WHERE s.ended IS NULL AND s.until > $1 AND (s.person IS NULL OR o.name IS NOT NULL)
             AND (s.access_key IS NULL OR k.id IS NOT NULL)",
            $more
        )
    };
}

pub(super) const SESSION: &str = sessions!(" AND s.token_sha256 = $2");

pub(super) const SESSIONS: &str = sessions!(" ORDER BY s.number DESC");

pub(super) const SESSION_COUNT: &str =
    concat!("SELECT COUNT(*) FROM (", sessions!(""), ") AS those");

pub(super) const NOTE_SESSION: &str =
    "UPDATE console_sessions SET seen = $2 WHERE number = $1 AND seen < $2";

pub(super) const END_SESSION: &str =
    "UPDATE console_sessions SET ended = $2 WHERE number = $1 AND ended IS NULL AND until > $2";

pub(super) const FORGET_SESSIONS: &str =
    "DELETE FROM console_sessions WHERE until < $1 OR ended < $1";

pub(super) const FORGET_FORMS: &str = "DELETE FROM console_forms WHERE until <= $1";

pub(super) const USE_FORM: &str = "INSERT INTO console_forms (key_sha256, until) VALUES ($1, $2) ON CONFLICT (key_sha256) DO NOTHING";

pub(super) const FREE_FORM: &str = "DELETE FROM console_forms WHERE key_sha256 = $1";

/// Seconds for which a session that has ended is kept.
pub(super) const KEPT_SECONDS: i64 = 30 * 86_400;

/// `number, person, role, access_key, account, address, began, until, seen, passkey, touched`.
pub(super) type SessionRow = (
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    i64,
    i64,
    i64,
    Option<i64>,
    Option<i64>,
);

pub(super) fn stored_session(row: SessionRow) -> Result<StoredSession, JobStoreError> {
    let (number, name, role, key, account, address, began, until, seen, passkey, touched) = row;
    let holder = match (name, key, account) {
        (None, None, None) => Holder::Host,
        (Some(name), None, None) => {
            Holder::Person(person(name, role.as_deref().unwrap_or_default())?)
        }
        (None, Some(key), Some(account)) => Holder::Customer {
            key: AccessKeyId::new(key)?,
            account: AccountId::new(account)?,
        },
        // Least of all is it the host's, who may do everything.
        _ => return Err(JobStoreError::corrupt("a session of two people")),
    };
    Ok(StoredSession {
        number,
        holder,
        address,
        began: Timestamp::from_unix(began),
        until: Timestamp::from_unix(until),
        seen: Timestamp::from_unix(seen),
        passkey,
        touched: touched.map(Timestamp::from_unix),
    })
}

/// Person and access key of a link.
pub(super) fn columns(whom: &LetIn) -> (Option<String>, Option<String>) {
    match whom {
        LetIn::Host => (None, None),
        LetIn::Person(name) => (Some(name.as_str().to_owned()), None),
        LetIn::Key(key) => (None, Some(key.as_str().to_owned())),
    }
}

/// Implements [`SignIns`] for the store of a database.
macro_rules! implement_sign_ins {
    ($store:ident) => {
        const _: () = {
            use model::time::Timestamp;
            use sqlx::{query, query_as, query_scalar};
            use $crate::jobstore::JobStoreError;
            use $crate::jobstore::sign_ins::{
                self, NewSession, SessionRow, SignInLink, SignIns, StoredSession,
            };

            #[async_trait::async_trait]
            impl SignIns for $store {
                async fn add_link(&self, link: &SignInLink) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(sign_ins::FORGET_LINKS)
                        .bind(link.made.unix())
                        .execute(&mut *tx)
                        .await?;
                    let (person, key) = sign_ins::columns(&link.whom);
                    query(sign_ins::ADD_LINK)
                        .bind(link.token_sha256.to_vec())
                        .bind(person)
                        .bind(key)
                        .bind(link.made.unix())
                        .bind(link.until.unix())
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }

                async fn use_link(
                    &self,
                    token_sha256: [u8; 32],
                    session: &NewSession,
                ) -> Result<bool, JobStoreError> {
                    // Whoever reaches the port can try: that holds up nobody who writes.
                    let there: Option<(i64,)> = query_as(sign_ins::IS_LINK)
                        .bind(token_sha256.to_vec())
                        .bind(session.began.unix())
                        .fetch_optional(self.readers())
                        .await?;
                    if there.is_none() {
                        return Ok(false);
                    }
                    let mut tx = self.begin().await?;
                    let used: Option<(Option<String>, Option<String>)> =
                        query_as(sign_ins::USE_LINK)
                            .bind(token_sha256.to_vec())
                            .bind(session.began.unix())
                            .fetch_optional(&mut *tx)
                            .await?;
                    let Some((person, key)) = used else {
                        return Ok(false);
                    };
                    query(sign_ins::ADD_SESSION)
                        .bind(session.token_sha256.to_vec())
                        .bind(person)
                        .bind(key)
                        .bind(session.address.clone())
                        .bind(session.began.unix())
                        .bind(session.until.unix())
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(true)
                }

                async fn session(
                    &self,
                    token_sha256: [u8; 32],
                    now: Timestamp,
                ) -> Result<Option<StoredSession>, JobStoreError> {
                    let row: Option<SessionRow> = query_as(sign_ins::SESSION)
                        .bind(now.unix())
                        .bind(token_sha256.to_vec())
                        .fetch_optional(self.readers())
                        .await?;
                    row.map(sign_ins::stored_session).transpose()
                }

                async fn sessions(
                    &self,
                    now: Timestamp,
                ) -> Result<Vec<StoredSession>, JobStoreError> {
                    let rows: Vec<SessionRow> = query_as(sign_ins::SESSIONS)
                        .bind(now.unix())
                        .fetch_all(self.readers())
                        .await?;
                    rows.into_iter().map(sign_ins::stored_session).collect()
                }

                async fn session_count(&self, now: Timestamp) -> Result<u64, JobStoreError> {
                    let count: i64 = query_scalar(sign_ins::SESSION_COUNT)
                        .bind(now.unix())
                        .fetch_one(self.readers())
                        .await?;
                    Ok(count.unsigned_abs())
                }

                async fn note_session(
                    &self,
                    number: i64,
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(sign_ins::NOTE_SESSION)
                        .bind(number)
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }

                async fn end_session(
                    &self,
                    number: i64,
                    now: Timestamp,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(sign_ins::END_SESSION)
                        .bind(number)
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    query(sign_ins::FORGET_SESSIONS)
                        .bind(now.plus_seconds(-sign_ins::KEPT_SECONDS).unix())
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }

                async fn use_form(
                    &self,
                    key_sha256: [u8; 32],
                    until: Timestamp,
                    now: Timestamp,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(sign_ins::FORGET_FORMS)
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    let done = query(sign_ins::USE_FORM)
                        .bind(key_sha256.to_vec())
                        .bind(until.unix())
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }

                async fn free_form(&self, key_sha256: [u8; 32]) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(sign_ins::FREE_FORM)
                        .bind(key_sha256.to_vec())
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }
            }
        };
    };
}
pub(super) use implement_sign_ins;
