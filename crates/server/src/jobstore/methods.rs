//! The methods of [`JobStore`](super::JobStore), written once and compiled for each database.
//!
//! A macro and not a generic type: the bounds that sqlx demands of a generic database would be
//! longer than the methods. A store brings `readers()`, a pool for statements that only read;
//! `row()`, one row by its key, which is what most requests ask for; `begin()`, a transaction that
//! may write; and `sealer`.

/// Implements the job store for a type.
macro_rules! implement_job_store {
    ($store:ident) => {
        const _: () = {
            use async_trait::async_trait;
            use awsproto::secret::SecretKey;
            use model::actor::Actor;
            use model::control::LeaseToken;
            use model::event::Event;
            use model::ids::{AccessKeyId, AccountId, JobId, StationName};
            use model::job::Job;
            use model::loading::Figures;
            use model::time::Timestamp;
            use sqlx::{query, query_as, query_scalar};
            use $crate::jobstore::{
                AccessKey, Account, HistoryLine, JobPage, JobStore, JobStoreError, LONGEST_LEASE,
                Lease, Quota, StoredJob, rows, statements,
            };

            impl $store {
                /// The first server to come leaves its canary; all must be able to read it.
                async fn check_key(&self) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(statements::PUT_CANARY)
                        .bind(rows::canary(&self.sealer))
                        .execute(&mut *tx)
                        .await?;
                    let sealed: Vec<u8> =
                        query_scalar(statements::CANARY).fetch_one(&mut *tx).await?;
                    tx.commit().await?;
                    rows::check_canary(&self.sealer, &sealed)
                }
            }

            #[async_trait]
            impl JobStore for $store {
                async fn insert_job(
                    &self,
                    job: &Job,
                    actor: &Actor,
                    quota: Option<Quota>,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    if let Some(Quota { jobs, since }) = quota {
                        query(statements::LOCK_ACCOUNT)
                            .bind(job.account.as_str())
                            .execute(&mut *tx)
                            .await?;
                        let made: i64 = query_scalar(statements::JOBS_CREATED_SINCE)
                            .bind(job.account.as_str())
                            .bind(since.unix())
                            .fetch_one(&mut *tx)
                            .await?;
                        if made >= i64::from(jobs) {
                            return Err(JobStoreError::QuotaExceeded);
                        }
                    }
                    query(statements::INSERT_JOB)
                        .bind(job.id.as_str())
                        .bind(job.account.as_str())
                        .bind(job.created.unix())
                        .bind(job.custody.code())
                        .bind(job.progress.code())
                        .bind(rows::state_of(job)?)
                        .bind(rows::sealed_manifest(&self.sealer, job))
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| rows::refused(error, job.id.as_str(), ""))?;
                    query(statements::INSERT_HISTORY)
                        .bind(job.id.as_str())
                        .bind(job.created.unix())
                        .bind(None::<String>)
                        .bind(actor.to_string())
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }

                async fn job(&self, id: JobId) -> Result<Option<StoredJob>, JobStoreError> {
                    let row: Option<rows::JobRow> = self.row(statements::JOB, id.as_str()).await?;
                    row.map(|row| rows::stored_job(&self.sealer, row))
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
                    let done = query(statements::REPLACE_JOB)
                        .bind(job.id.as_str())
                        .bind(version)
                        .bind(job.custody.code())
                        .bind(job.progress.code())
                        .bind(rows::state_of(job)?)
                        .bind(rows::sealed_manifest(&self.sealer, job))
                        .bind(job.stopped.as_ref().map(|stopped| stopped.cause.code()))
                        .execute(&mut *tx)
                        .await?;
                    if done.rows_affected() == 0 {
                        return Err(JobStoreError::Conflict);
                    }
                    for event in events {
                        query(statements::INSERT_HISTORY)
                            .bind(job.id.as_str())
                            .bind(now.unix())
                            .bind(rows::event_json(event)?)
                            .bind(actor.to_string())
                            .execute(&mut *tx)
                            .await?;
                    }
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
                        None => query_scalar(statements::FIRST_JOBS).bind(account.as_str()),
                        Some(after) => query_scalar(statements::NEXT_JOBS)
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
                        .map(|state| rows::listed_job(state));
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
                    let ids: Vec<String> = query_scalar(statements::EXPIRABLE_JOBS)
                        .bind(created_until.unix())
                        .bind(i64::from(limit))
                        .fetch_all(self.readers())
                        .await?;
                    ids.iter().map(|id| Ok(JobId::new(id)?)).collect()
                }

                async fn history(&self, id: JobId) -> Result<Vec<HistoryLine>, JobStoreError> {
                    let lines: Vec<rows::HistoryRow> = query_as(statements::HISTORY)
                        .bind(id.as_str())
                        .fetch_all(self.readers())
                        .await?;
                    lines.into_iter().map(rows::history_line).collect()
                }

                async fn job_counts(&self) -> Result<Vec<(String, u64)>, JobStoreError> {
                    let counts: Vec<(String, i64)> = query_as(statements::JOB_COUNTS)
                        .fetch_all(self.readers())
                        .await?;
                    Ok(counts
                        .into_iter()
                        .map(|(code, n)| (code, n.unsigned_abs()))
                        .collect())
                }

                async fn insert_account(&self, account: &Account) -> Result<(), JobStoreError> {
                    let (import, export) = rows::rights_of(account)?;
                    let mut tx = self.begin().await?;
                    let inserted = query(statements::INSERT_ACCOUNT)
                        .bind(account.id.as_str())
                        .bind(&account.name)
                        .bind(import)
                        .bind(export)
                        .execute(&mut *tx)
                        .await;
                    if let Err(error) = inserted {
                        tx.rollback().await?;
                        // Number and name are unique: say which of them is taken.
                        let known = self.account(&account.id).await?.is_some();
                        let taken = if known {
                            account.id.as_str()
                        } else {
                            &account.name
                        };
                        return Err(rows::refused(error, taken, ""));
                    }
                    Ok(tx.commit().await?)
                }

                async fn update_account(&self, account: &Account) -> Result<(), JobStoreError> {
                    let (import, export) = rows::rights_of(account)?;
                    let mut tx = self.begin().await?;
                    let done = query(statements::UPDATE_ACCOUNT)
                        .bind(account.id.as_str())
                        .bind(&account.name)
                        .bind(import)
                        .bind(export)
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| rows::refused(error, &account.name, ""))?;
                    if done.rows_affected() == 0 {
                        return Err(JobStoreError::Missing(account.id.to_string()));
                    }
                    Ok(tx.commit().await?)
                }

                async fn accounts(&self) -> Result<Vec<Account>, JobStoreError> {
                    let all: Vec<rows::AccountRow> = query_as(statements::ACCOUNTS)
                        .fetch_all(self.readers())
                        .await?;
                    all.into_iter().map(rows::account).collect()
                }

                async fn account(&self, id: &AccountId) -> Result<Option<Account>, JobStoreError> {
                    let row: Option<rows::AccountRow> =
                        self.row(statements::ACCOUNT, id.as_str()).await?;
                    row.map(rows::account).transpose()
                }

                async fn insert_key(
                    &self,
                    key: &AccessKey,
                    secret: &SecretKey,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(statements::INSERT_KEY)
                        .bind(key.id.as_str())
                        .bind(key.account.as_str())
                        .bind(rows::sealed_secret(&self.sealer, &key.id, secret))
                        .bind(key.created.unix())
                        .bind(key.revoked.map(Timestamp::unix))
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| {
                            rows::refused(error, key.id.as_str(), key.account.as_str())
                        })?;
                    Ok(tx.commit().await?)
                }

                async fn keys(&self) -> Result<Vec<AccessKey>, JobStoreError> {
                    let all: Vec<rows::KeyRow> =
                        query_as(statements::KEYS).fetch_all(self.readers()).await?;
                    all.into_iter().map(rows::access_key).collect()
                }

                async fn key(
                    &self,
                    id: &AccessKeyId,
                ) -> Result<Option<(AccessKey, SecretKey, Account)>, JobStoreError> {
                    let row: Option<rows::SecretRow> =
                        self.row(statements::KEY, id.as_str()).await?;
                    let Some(row) = row else {
                        rows::work_of_a_key(&self.sealer, id);
                        return Ok(None);
                    };
                    rows::secret_key(&self.sealer, row).map(Some)
                }

                async fn revoke_key(
                    &self,
                    id: &AccessKeyId,
                    now: Timestamp,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(statements::REVOKE_KEY)
                        .bind(id.as_str())
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }

                async fn put_station(
                    &self,
                    station: &StationName,
                    token_sha256: [u8; 32],
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(statements::PUT_STATION)
                        .bind(station.as_str())
                        .bind(token_sha256.to_vec())
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| rows::refused(error, "station token", ""))?;
                    Ok(tx.commit().await?)
                }

                async fn station_by_token(
                    &self,
                    token_sha256: [u8; 32],
                ) -> Result<Option<StationName>, JobStoreError> {
                    let name: Option<String> = query_scalar(statements::STATION_BY_TOKEN)
                        .bind(token_sha256.to_vec())
                        .fetch_optional(self.readers())
                        .await?;
                    Ok(name.map(StationName::new).transpose()?)
                }

                async fn claim_lease(
                    &self,
                    job: JobId,
                    station: &StationName,
                    token: &LeaseToken,
                    now: Timestamp,
                    until: Timestamp,
                ) -> Result<Lease, JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(statements::CLAIM_LEASE)
                        .bind(job.as_str())
                        .bind(station.as_str())
                        .bind(&token.0)
                        .bind(until.unix())
                        .bind(rows::heartbeat(&Figures::default())?)
                        .bind(now.unix())
                        .bind(LONGEST_LEASE)
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| rows::refused(error, "", job.as_str()))?;
                    // The same transaction: the claim holds the row, granted or not.
                    let row: rows::LeaseRow = query_as(statements::LEASE)
                        .bind(job.as_str())
                        .fetch_one(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    rows::lease(row)
                }

                async fn lease(&self, job: JobId) -> Result<Option<Lease>, JobStoreError> {
                    let row: Option<rows::LeaseRow> =
                        self.row(statements::LEASE, job.as_str()).await?;
                    row.map(rows::lease).transpose()
                }

                async fn renew_lease(
                    &self,
                    job: JobId,
                    station: &StationName,
                    token: &LeaseToken,
                    until: Timestamp,
                    figures: &Figures,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(statements::RENEW_LEASE)
                        .bind(job.as_str())
                        .bind(&token.0)
                        .bind(until.unix())
                        .bind(rows::heartbeat(figures)?)
                        .bind(LONGEST_LEASE)
                        .bind(station.as_str())
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }

                async fn end_lease(
                    &self,
                    job: JobId,
                    token: &LeaseToken,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(statements::END_LEASE)
                        .bind(job.as_str())
                        .bind(&token.0)
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }

                async fn lapsed_leases(
                    &self,
                    now: Timestamp,
                    limit: u32,
                ) -> Result<Vec<JobId>, JobStoreError> {
                    let ids: Vec<String> = query_scalar(statements::LAPSED_LEASES)
                        .bind(now.unix())
                        .bind(i64::from(limit))
                        .fetch_all(self.readers())
                        .await?;
                    ids.iter().map(|id| Ok(JobId::new(id)?)).collect()
                }

                async fn extend_leases(&self, until: Timestamp) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(statements::EXTEND_LEASES)
                        .bind(until.unix())
                        .bind(LONGEST_LEASE)
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }

                async fn check(&self) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(statements::CHECK).execute(&mut *tx).await?;
                    Ok(tx.commit().await?)
                }

                async fn latest_time(&self) -> Result<Option<Timestamp>, JobStoreError> {
                    let latest: Option<i64> = query_scalar(statements::LATEST)
                        .fetch_one(self.readers())
                        .await?;
                    Ok(latest.map(Timestamp::from_unix))
                }

                async fn note_time(&self, now: Timestamp) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(statements::NOTE_TIME)
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }
            }
        };
    };
}

pub(super) use implement_job_store;
