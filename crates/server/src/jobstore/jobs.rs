//! Jobs and their histories.
//!
//! A change of a job and the lines it adds to the history are one transaction, and the store takes a change
//! only from whoever read the job's present version.

use async_trait::async_trait;
use model::actor::Actor;
use model::custody::Custody;
use model::event::Event;
use model::ids::{AccountId, JobId};
use model::job::Job;
use model::time::Timestamp;

use super::JobStoreError;
use crate::sealing::{Purpose, Sealer};

/// A job as the store has it.
#[derive(Debug, Clone)]
pub struct StoredJob {
    /// As it was opened and the events since then have left it, with its manifest in clear.
    pub job: Job,
    /// From 1, and one more with every change; what compare-and-swap compares.
    pub version: i64,
}

/// A line of a job's history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryLine {
    /// When it happened.
    pub at: Timestamp,
    /// What happened; `None` is the job's creation.
    pub event: Option<Event>,
    /// Whose request or command it was, or the service itself.
    pub actor: Actor,
}

/// How many jobs an account may have made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// At most so many, the new one included …
    pub jobs: u32,
    /// … that were created at or after this time.
    pub since: Timestamp,
}

/// One page of an account's jobs, newest first.
#[derive(Debug, Clone)]
pub struct JobPage {
    /// At most as many as were asked for. Their manifests are left empty: a list does not show them.
    pub jobs: Vec<Job>,
    /// Whether there are more behind the last.
    pub truncated: bool,
}

/// Keeps jobs and their histories. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Jobs: Send + Sync + 'static {
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
}

pub(super) const INSERT_JOB: &str = "
    INSERT INTO jobs (id, version, account, created, custody, progress, state, manifest, station)
    VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8)";

pub(super) const INSERT_HISTORY: &str =
    "INSERT INTO history (job, at, event, actor) VALUES ($1, $2, $3, $4)";

pub(super) const JOB: &str = "SELECT version, state, manifest FROM jobs WHERE id = $1";

/// The compare-and-swap.
pub(super) const REPLACE_JOB: &str = "
    UPDATE jobs
    SET version = version + 1, custody = $3, progress = $4, state = $5, manifest = $6, stopped = $7,
        held = $8, held_since = $9, station = $10
    WHERE id = $1 AND version = $2";

pub(super) const FIRST_JOBS: &str = "
    SELECT state FROM jobs WHERE account = $1
    ORDER BY created DESC, seq DESC LIMIT $2";

pub(super) const NEXT_JOBS: &str = "
    SELECT state FROM jobs
    WHERE account = $1
      AND (created, seq) < (SELECT created, seq FROM jobs WHERE id = $2 AND account = $1)
    ORDER BY created DESC, seq DESC LIMIT $3";

pub(super) const EXPIRABLE_JOBS: &str = "
    SELECT id FROM jobs
    WHERE progress = 'Pending' AND custody = 'NotReceived' AND created <= $1
    ORDER BY created, seq LIMIT $2";

pub(super) const JOBS_CREATED_SINCE: &str =
    "SELECT COUNT(*) FROM jobs WHERE account = $1 AND created >= $2";

/// Lets one request of an account count its jobs and add one at a time.
pub(super) const LOCK_ACCOUNT: &str = "UPDATE accounts SET name = name WHERE id = $1";

pub(super) const HISTORY: &str = "SELECT at, event, actor FROM history WHERE job = $1 ORDER BY seq";

pub(super) const JOB_COUNTS: &str =
    "SELECT progress, COUNT(*) FROM jobs GROUP BY progress ORDER BY progress";

/// `version, state, manifest`.
pub(super) type JobRow = (i64, String, Vec<u8>);

/// `at, event, actor`.
pub(super) type HistoryRow = (i64, Option<String>, String);

/// A job's state as JSON: everything but the manifest.
pub(super) fn state_of(job: &Job) -> Result<String, JobStoreError> {
    Ok(serde_json::to_string(job)?)
}

pub(super) fn sealed_manifest(sealer: &Sealer, job: &Job) -> Vec<u8> {
    sealer.seal(Purpose::Manifest(job.id), job.manifest.as_bytes())
}

pub(super) fn stored_job(sealer: &Sealer, row: JobRow) -> Result<StoredJob, JobStoreError> {
    let (version, state, sealed) = row;
    let mut job = listed_job(&state)?;
    job.manifest = sealer.open_text(Purpose::Manifest(job.id), &sealed)?;
    Ok(StoredJob { job, version })
}

/// Whether nothing more is to become of a device with these events: it went back, or is not to come.
pub(super) fn is_over_with(job: &Job, events: &[Event]) -> bool {
    events.iter().any(|event| match event {
        Event::DeviceReturned { .. } => true,
        Event::Canceled { .. } | Event::Expired => job.custody == Custody::NotReceived,
        _ => false,
    })
}

/// A job without its manifest.
pub(super) fn listed_job(state: &str) -> Result<Job, JobStoreError> {
    Ok(serde_json::from_str(state)?)
}

pub(super) fn event_json(event: &Event) -> Result<String, JobStoreError> {
    Ok(serde_json::to_string(event)?)
}

pub(super) fn history_line(row: HistoryRow) -> Result<HistoryLine, JobStoreError> {
    let (at, event, actor) = row;
    let event = event.as_deref().map(serde_json::from_str).transpose()?;
    Ok(HistoryLine {
        at: Timestamp::from_unix(at),
        event,
        actor: actor.parse()?,
    })
}

/// Implements [`Jobs`] for the store of a database.
macro_rules! implement_jobs {
    ($store:ident) => {
        const _: () = {
            use model::actor::Actor;
            use model::event::Event;
            use model::ids::{AccountId, JobId, StationName};
            use model::job::Job;
            use model::time::Timestamp;
            use sqlx::{query, query_as, query_scalar};
            use $crate::jobstore::jobs::{self, HistoryLine, JobPage, Jobs, Quota, StoredJob};
            use $crate::jobstore::{
                JobStoreError, custody_keys, device_secrets, error, ledger, listing,
            };

            #[async_trait::async_trait]
            impl Jobs for $store {
                async fn insert_job(
                    &self,
                    job: &Job,
                    actor: &Actor,
                    quota: Option<Quota>,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    if let Some(Quota { jobs, since }) = quota {
                        query(jobs::LOCK_ACCOUNT)
                            .bind(job.account.as_str())
                            .execute(&mut *tx)
                            .await?;
                        let made: i64 = query_scalar(jobs::JOBS_CREATED_SINCE)
                            .bind(job.account.as_str())
                            .bind(since.unix())
                            .fetch_one(&mut *tx)
                            .await?;
                        if made >= i64::from(jobs) {
                            return Err(JobStoreError::QuotaExceeded);
                        }
                    }
                    query(jobs::INSERT_JOB)
                        .bind(job.id.as_str())
                        .bind(job.account.as_str())
                        .bind(job.created.unix())
                        .bind(job.custody.code())
                        .bind(job.progress.code())
                        .bind(jobs::state_of(job)?)
                        .bind(jobs::sealed_manifest(&self.sealer, job))
                        .bind(job.custody.station().map(StationName::as_str))
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, job.id.as_str(), ""))?;
                    for word in listing::first_words(job) {
                        query(listing::INSERT_WORD)
                            .bind(word.as_str())
                            .bind(job.id.as_str())
                            .execute(&mut *tx)
                            .await?;
                    }
                    query(jobs::INSERT_HISTORY)
                        .bind(job.id.as_str())
                        .bind(job.created.unix())
                        .bind(None::<String>)
                        .bind(actor.to_string())
                        .execute(&mut *tx)
                        .await?;
                    let signers: Option<String> = query_scalar(custody_keys::IN_FORCE)
                        .fetch_optional(&mut *tx)
                        .await?;
                    let told = ledger::opened(job, actor, signers);
                    self.tell_in(&mut tx, Some(job.id), &[told]).await?;
                    Ok(tx.commit().await?)
                }

                async fn job(&self, id: JobId) -> Result<Option<StoredJob>, JobStoreError> {
                    let row: Option<jobs::JobRow> = self.row(jobs::JOB, id.as_str()).await?;
                    row.map(|row| jobs::stored_job(&self.sealer, row))
                        .transpose()
                }

                async fn replace_job(
                    &self,
                    job: &Job,
                    version: i64,
                    events: &[Event],
                    actor: &Actor,
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(jobs::REPLACE_JOB)
                        .bind(job.id.as_str())
                        .bind(version)
                        .bind(job.custody.code())
                        .bind(job.progress.code())
                        .bind(jobs::state_of(job)?)
                        .bind(jobs::sealed_manifest(&self.sealer, job))
                        .bind(job.stopped.as_ref().map(|stopped| stopped.cause.code()))
                        .bind(job.hold().map(|hold| hold.cause.code()))
                        .bind(job.hold().map(|hold| hold.at.unix()))
                        .bind(job.custody.station().map(StationName::as_str))
                        .execute(&mut *tx)
                        .await?;
                    if done.rows_affected() == 0 {
                        return Err(JobStoreError::Conflict);
                    }
                    for word in listing::words_after(job, events) {
                        query(listing::INSERT_WORD)
                            .bind(word.as_str())
                            .bind(job.id.as_str())
                            .execute(&mut *tx)
                            .await?;
                    }
                    if jobs::is_over_with(job, events) {
                        query(device_secrets::NOTE_ENDED)
                            .bind(job.id.as_str())
                            .bind(now.unix())
                            .execute(&mut *tx)
                            .await?;
                    }
                    let attempts = match events.contains(&Event::TransferStarted) {
                        true => self.attempts_in(&mut tx, job.id).await?,
                        false => 0,
                    };
                    for event in events {
                        query(jobs::INSERT_HISTORY)
                            .bind(job.id.as_str())
                            .bind(now.unix())
                            .bind(jobs::event_json(event)?)
                            .bind(actor.to_string())
                            .execute(&mut *tx)
                            .await?;
                    }
                    let told = ledger::happened(job, events, attempts, actor, now);
                    self.tell_in(&mut tx, Some(job.id), &told).await?;
                    Ok(tx.commit().await?)
                }

                async fn list_jobs(
                    &self,
                    account: &AccountId,
                    after: Option<JobId>,
                    limit: u32,
                ) -> Result<JobPage, JobStoreError> {
                    // One more than asked for tells whether there are more.
                    let wanted = i64::from(limit) + 1;
                    let states: Vec<String> = match &after {
                        None => query_scalar(jobs::FIRST_JOBS).bind(account.as_str()),
                        Some(after) => query_scalar(jobs::NEXT_JOBS)
                            .bind(account.as_str())
                            .bind(after.as_str()),
                    }
                    .bind(wanted)
                    .fetch_all(self.readers())
                    .await?;
                    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                    let jobs = states
                        .iter()
                        .take(limit)
                        .map(|state| jobs::listed_job(state));
                    Ok(JobPage {
                        jobs: jobs.collect::<Result<_, _>>()?,
                        truncated: states.len() > limit,
                    })
                }

                async fn expirable_jobs(
                    &self,
                    created_until: Timestamp,
                    limit: u32,
                ) -> Result<Vec<JobId>, JobStoreError> {
                    let ids: Vec<String> = query_scalar(jobs::EXPIRABLE_JOBS)
                        .bind(created_until.unix())
                        .bind(i64::from(limit))
                        .fetch_all(self.readers())
                        .await?;
                    ids.iter().map(|id| Ok(JobId::new(id)?)).collect()
                }

                async fn history(&self, id: JobId) -> Result<Vec<HistoryLine>, JobStoreError> {
                    let lines: Vec<jobs::HistoryRow> = query_as(jobs::HISTORY)
                        .bind(id.as_str())
                        .fetch_all(self.readers())
                        .await?;
                    lines.into_iter().map(jobs::history_line).collect()
                }

                async fn job_counts(&self) -> Result<Vec<(String, u64)>, JobStoreError> {
                    let counts: Vec<(String, i64)> =
                        query_as(jobs::JOB_COUNTS).fetch_all(self.readers()).await?;
                    Ok(counts
                        .into_iter()
                        .map(|(code, n)| (code, n.unsigned_abs()))
                        .collect())
                }
            }
        };
    };
}
pub(super) use implement_jobs;
