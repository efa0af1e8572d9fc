//! Where jobs, accounts and leases are kept.
//!
//! Two stores are shipped, SQLite and PostgreSQL; one suite in `jobstore/suite.rs` proves both.
//! The store decides nothing: it compares and swaps what `model::job::Job::apply` returned.
//! Manifests and the secrets of access keys are sealed before they reach the database.

mod methods;
mod migrations;
mod postgres;
mod rows;
mod sqlite;
mod statements;
pub mod suite;

pub use postgres::PostgresJobStore;
pub use sqlite::SqliteJobStore;

use async_trait::async_trait;
use awsproto::secret::SecretKey;
use model::actor::Actor;
use model::control::LeaseToken;
use model::event::Event;
use model::ids::{AccessKeyId, AccountId, JobId, StationName};
use model::job::Job;
use model::loading::Figures;
use model::time::Timestamp;

/// A job as the store has it.
#[derive(Debug, Clone)]
pub struct StoredJob {
    /// The job.
    pub job: Job,
    /// Grows by one with every change; what compare-and-swap compares.
    pub version: i64,
}

/// A line of a job's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryLine {
    /// When it happened.
    pub at: Timestamp,
    /// What happened; `None` is the job's creation.
    pub event: Option<Event>,
    /// Who did it.
    pub actor: Actor,
}

/// How many jobs an account may have made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// At most so many …
    pub jobs: u32,
    /// … at or after this time.
    pub since: Timestamp,
}

/// One page of an account's jobs, newest first.
#[derive(Debug, Clone)]
pub struct JobPage {
    /// The jobs. Their manifests are left empty: a list does not show them.
    pub jobs: Vec<Job>,
    /// Whether there are more behind the last.
    pub truncated: bool,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// What the operator calls it; unique.
    pub name: String,
    /// Buckets it may import to: names, or a beginning followed by `*`.
    pub import: Vec<String>,
    /// Buckets it may export from, in the same form.
    pub export: Vec<String>,
}

/// An access key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// The public half.
    pub id: AccessKeyId,
    /// Whose it is.
    pub account: AccountId,
    /// When it was made.
    pub created: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// A station's timed right to a job. Not part of the job's state: a crash changes a lease, never a
/// job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// Who holds it.
    pub station: StationName,
    /// The proof.
    pub token: LeaseToken,
    /// Counts claims from 1.
    pub attempt: u32,
    /// When it lapses.
    pub until: Timestamp,
    /// How far the holder was at its last sign of life.
    pub figures: Figures,
    /// Whether the holder gave it back or concluded it.
    pub ended: bool,
}

/// The longest a lease can be, in seconds: one that ends later than this from now was taken by a clock
/// that was wrong. `jobs.lease_seconds` is at most this.
pub const LONGEST_LEASE: i64 = 3600;

impl Lease {
    /// Whether its holder keeps the job from others at `now`. `term` is that of a lease, in seconds.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp, term: u32) -> bool {
        let longest = now.plus_seconds(i64::from(term) + LONGEST_LEASE);
        !self.ended && self.until >= now && self.until <= longest
    }
}

/// A job store that cannot do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum JobStoreError {
    /// Somebody else changed the job meanwhile; read it again.
    #[error("somebody else has changed the job at the same time; try again")]
    Conflict,
    /// The account has made as many jobs as it may.
    #[error("the account has made as many jobs as it may")]
    QuotaExceeded,
    /// The identifier is taken.
    #[error("`{0}` exists already")]
    Exists(String),
    /// The job or account that is to be changed, or that a key or lease is for, is not there.
    #[error("there is no `{0}`")]
    Missing(String),
    /// The store was made with another secret key, so that nothing sealed in it can be read.
    #[error("the job store was made with another secret key than this server has")]
    WrongKey,
    /// What the store holds cannot be read.
    #[error("the job store holds something unreadable: {0}")]
    Corrupt(String),
    /// The store cannot be reached or written; the caller may try again later.
    #[error("the job store cannot be reached or written")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A migration failed.
    #[error("the job store could not be brought up to date")]
    Migration(#[source] sqlx::migrate::MigrateError),
}

/// Keeps jobs, accounts, keys and leases.
///
/// # Contract
/// Every method is atomic and durable when it returns `Ok`. After an error of the kind
/// `Unavailable` a write may or may not have happened; all writes may be repeated.
#[async_trait]
pub trait JobStore: Send + Sync + 'static {
    /// Inserts a new job with its first history line. `Exists` if the id is taken, ever;
    /// `QuotaExceeded` if the account has made as many jobs as it may, however many requests are under
    /// way at once.
    async fn insert_job(
        &self,
        job: &Job,
        actor: &Actor,
        quota: Option<Quota>,
    ) -> Result<(), JobStoreError>;

    /// Reads a job.
    async fn job(&self, id: JobId) -> Result<Option<StoredJob>, JobStoreError>;

    /// Replaces the job if it still has `version`, and appends `events` to its history, in one
    /// transaction. `Conflict` if the version differs, or there is no such job.
    async fn replace_job(
        &self,
        job: &Job,
        version: i64,
        events: &[Event],
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), JobStoreError>;

    /// An account's jobs, the newest first, after the job `after`; jobs of one second in the
    /// reverse order of their insertion. Nothing if the account has no job `after`.
    async fn list_jobs(
        &self,
        account: &AccountId,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<JobPage, JobStoreError>;

    /// Pending jobs created at or before `created_until` whose device has not been received.
    async fn expirable_jobs(
        &self,
        created_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<JobId>, JobStoreError>;

    /// A job's history, oldest first.
    async fn history(&self, id: JobId) -> Result<Vec<HistoryLine>, JobStoreError>;

    /// Counts all jobs by progress code, for metrics.
    async fn job_counts(&self) -> Result<Vec<(String, u64)>, JobStoreError>;

    /// Creates an account. `Exists` if number or name is taken.
    async fn insert_account(&self, account: &Account) -> Result<(), JobStoreError>;

    /// Replaces an account's name and rights. `Missing` if there is none with this number,
    /// `Exists` if another has the name.
    async fn update_account(&self, account: &Account) -> Result<(), JobStoreError>;

    /// All accounts by name.
    async fn accounts(&self) -> Result<Vec<Account>, JobStoreError>;

    /// One account.
    async fn account(&self, id: &AccountId) -> Result<Option<Account>, JobStoreError>;

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

    /// Revokes a key; `false` if there is none. Revoking twice keeps the first time.
    async fn revoke_key(&self, id: &AccessKeyId, now: Timestamp) -> Result<bool, JobStoreError>;

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

    /// Grants a lease if the job has none, or one that has ended, lapsed before `now`, or is held
    /// by the same station, or ends later than any that could be granted now. Returns the lease in force, which is the new one if it has `token`.
    /// Claiming again with the token in force changes nothing. `Missing` if there is no such job.
    async fn claim_lease(
        &self,
        job: JobId,
        station: &StationName,
        token: &LeaseToken,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Lease, JobStoreError>;

    /// The job's last lease.
    async fn lease(&self, job: JobId) -> Result<Option<Lease>, JobStoreError>;

    /// Extends the lease, never shortens it but from where a wrong clock put it, and keeps its figures;
    /// `false` if the token is not the one in force, or was given to another station. A lease that has
    /// lapsed and that nobody else took is still in force.
    async fn renew_lease(
        &self,
        job: JobId,
        station: &StationName,
        token: &LeaseToken,
        until: Timestamp,
        figures: &Figures,
    ) -> Result<bool, JobStoreError>;

    /// Ends the lease; `false` if the token is not that of the last lease. Ending twice is as good
    /// as once.
    async fn end_lease(&self, job: JobId, token: &LeaseToken) -> Result<bool, JobStoreError>;

    /// Jobs in progress whose lease lapsed before `now` without having ended, and that are not known
    /// to stand still; those of the oldest leases first.
    async fn lapsed_leases(&self, now: Timestamp, limit: u32) -> Result<Vec<JobId>, JobStoreError>;

    /// Extends every lease that has not ended, lapsed or not, to at least `until`: after a restart
    /// stations get a full term to come back. One that a wrong clock took ends then too.
    async fn extend_leases(&self, until: Timestamp) -> Result<(), JobStoreError>;

    /// Whether the store takes a write.
    async fn check(&self) -> Result<(), JobStoreError>;

    /// The latest time that was noted; `None` if none ever was.
    async fn latest_time(&self) -> Result<Option<Timestamp>, JobStoreError>;

    /// Notes that this time has been; an earlier one than the latest changes nothing.
    async fn note_time(&self, now: Timestamp) -> Result<(), JobStoreError>;
}
