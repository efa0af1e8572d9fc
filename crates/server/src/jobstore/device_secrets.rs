//! What opens the devices of jobs and came beside their manifests: kept sealed, told to stations alone, destroyed when the
//! device has gone home.

use async_trait::async_trait;
use custody::event::Event;
use model::ids::JobId;
use model::job::Job;
use model::limits::SECRETS_A_MINUTE;
use model::secret::DeviceSecret;
use model::time::Timestamp;

use super::JobStoreError;
use crate::sealing::{Purpose, Sealer};

/// Seconds in which [`SECRETS_A_MINUTE`] are taken.
const MINUTE: i64 = 60;

/// A secret as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSecret {
    /// The secret, as it was given.
    pub secret: DeviceSecret,
    /// Which of those that were given for the job.
    pub number: i64,
    /// When it was given.
    pub given: Timestamp,
    /// When a station was first told it.
    pub handed: Option<Timestamp>,
}

/// Keeps what opens the devices of jobs. The contract is that of [`JobStore`](super::JobStore).
///
/// That a job is over is noted by [`Jobs`](super::Jobs), with the change that ends it.
#[async_trait]
pub trait DeviceSecrets: Send + Sync + 'static {
    /// Keeps a secret in the place of the one before. `Missing` if there is no such job.
    async fn keep_secret(
        &self,
        job: JobId,
        secret: &DeviceSecret,
        now: Timestamp,
    ) -> Result<(), JobStoreError>;

    /// The last secret that was given for a job, unless it was destroyed.
    async fn secret_of(&self, job: JobId) -> Result<Option<KeptSecret>, JobStoreError>;

    /// Notes that a station was told the secret of this number.
    async fn note_handed(
        &self,
        job: JobId,
        number: i64,
        now: Timestamp,
    ) -> Result<(), JobStoreError>;

    /// Jobs that are on hold for a secret and have one that no station was told yet.
    async fn jobs_with_new_secrets(&self, limit: u32) -> Result<Vec<JobId>, JobStoreError>;

    /// Jobs that were over at `until` or earlier and of which secrets may be kept, those for the longest time first.
    async fn jobs_with_old_secrets(
        &self,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<JobId>, JobStoreError>;

    /// Destroys what was given for a job, puts the manifest that `job` has, without its secrets, in the place of the one
    /// before, and tells that in the chain of the installation. `Conflict` if the job is of another version.
    async fn destroy_secrets(
        &self,
        job: &Job,
        version: i64,
        told: &[Event],
    ) -> Result<(), JobStoreError>;

    /// Counts a secret that comes for a job or a bay; `false` if as many have come within a minute as may.
    async fn count_secret(&self, subject: &str, now: Timestamp) -> Result<bool, JobStoreError>;

    /// Forgets what was counted before a minute.
    async fn forget_counted_secrets(&self, now: Timestamp) -> Result<(), JobStoreError>;
}

pub(super) const KEEP: &str = "
    INSERT INTO device_secrets (job, sealed, number, given) VALUES ($1, $2, 1, $3)
    ON CONFLICT (job) DO UPDATE
    SET sealed = excluded.sealed, number = device_secrets.number + 1, given = excluded.given, handed = NULL";

pub(super) const SECRET: &str = "SELECT sealed, number, given, handed FROM device_secrets WHERE job = $1 AND sealed IS NOT NULL";

pub(super) const NOTE_HANDED: &str = "
    UPDATE device_secrets SET handed = $3 WHERE job = $1 AND number = $2 AND handed IS NULL";

pub(super) const NEW: &str = "
    SELECT device_secrets.job FROM device_secrets JOIN jobs ON jobs.id = device_secrets.job
    WHERE jobs.held IN ('PasswordNeeded', 'PasswordWrong') AND sealed IS NOT NULL AND handed IS NULL
    ORDER BY device_secrets.job LIMIT $1";

pub(super) const OLD: &str = "
    SELECT job FROM device_secrets WHERE ended IS NOT NULL AND ended <= $1
    ORDER BY ended, job LIMIT $2";

/// That a job is over: its device went back, or is not to come.
pub(super) const NOTE_ENDED: &str = "
    INSERT INTO device_secrets (job, number, ended) VALUES ($1, 0, $2)
    ON CONFLICT (job) DO UPDATE SET ended = excluded.ended";

pub(super) const REPLACE_MANIFEST: &str =
    "UPDATE jobs SET version = version + 1, manifest = $3 WHERE id = $1 AND version = $2";

pub(super) const DROP: &str = "DELETE FROM device_secrets WHERE job = $1";

pub(super) const COUNT: &str = "
    INSERT INTO secret_tries (subject, since, tries) VALUES ($1, $2, 1)
    ON CONFLICT (subject) DO UPDATE
    SET tries = CASE WHEN secret_tries.since > $3 THEN secret_tries.tries + 1 ELSE 1 END,
        since = CASE WHEN secret_tries.since > $3 THEN secret_tries.since ELSE excluded.since END
    WHERE secret_tries.since <= $3 OR secret_tries.tries < $4";

pub(super) const FORGET_COUNTED: &str = "DELETE FROM secret_tries WHERE since <= $1";

/// Most secrets in the time of a count.
pub(super) const MOST: i64 = SECRETS_A_MINUTE as i64;

/// `sealed, number, given, handed`.
pub(super) type KeptSecretRow = (Vec<u8>, i64, i64, Option<i64>);

pub(super) fn secret(
    sealer: &Sealer,
    job: JobId,
    (sealed, number, given, handed): KeptSecretRow,
) -> Result<KeptSecret, JobStoreError> {
    let text = sealer.open_text(Purpose::DeviceSecret(job), &sealed)?;
    Ok(KeptSecret {
        secret: DeviceSecret::new(text).map_err(JobStoreError::corrupt)?,
        number,
        given: Timestamp::from_unix(given),
        handed: handed.map(Timestamp::from_unix),
    })
}

/// The last moment that does not count any more.
pub(super) fn minute_before(now: Timestamp) -> i64 {
    now.unix() - MINUTE
}

/// Implements [`DeviceSecrets`] for the store of a database.
macro_rules! implement_device_secrets {
    ($store:ident) => {
        const _: () = {
            use custody::event::Event;
            use model::ids::JobId;
            use model::job::Job;
            use model::secret::DeviceSecret;
            use model::time::Timestamp;
            use sqlx::{query, query_scalar};
            use $crate::jobstore::device_secrets::{self, DeviceSecrets, KeptSecret};
            use $crate::jobstore::{JobStoreError, error, jobs};
            use $crate::sealing::Purpose;

            #[async_trait::async_trait]
            impl DeviceSecrets for $store {
                async fn keep_secret(
                    &self,
                    job: JobId,
                    secret: &DeviceSecret,
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let text = secret.expose().as_bytes();
                    let mut tx = self.begin().await?;
                    query(device_secrets::KEEP)
                        .bind(job.as_str())
                        .bind(self.sealer.seal(Purpose::DeviceSecret(job), text))
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, "", job.as_str()))?;
                    Ok(tx.commit().await?)
                }

                async fn secret_of(&self, job: JobId) -> Result<Option<KeptSecret>, JobStoreError> {
                    let row: Option<device_secrets::KeptSecretRow> =
                        self.row(device_secrets::SECRET, job.as_str()).await?;
                    row.map(|row| device_secrets::secret(&self.sealer, job, row))
                        .transpose()
                }

                async fn note_handed(
                    &self,
                    job: JobId,
                    number: i64,
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(device_secrets::NOTE_HANDED)
                        .bind(job.as_str())
                        .bind(number)
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }

                async fn jobs_with_new_secrets(
                    &self,
                    limit: u32,
                ) -> Result<Vec<JobId>, JobStoreError> {
                    let ids: Vec<String> = query_scalar(device_secrets::NEW)
                        .bind(i64::from(limit))
                        .fetch_all(self.readers())
                        .await?;
                    ids.iter().map(|id| Ok(JobId::new(id)?)).collect()
                }

                async fn jobs_with_old_secrets(
                    &self,
                    until: Timestamp,
                    limit: u32,
                ) -> Result<Vec<JobId>, JobStoreError> {
                    let ids: Vec<String> = query_scalar(device_secrets::OLD)
                        .bind(until.unix())
                        .bind(i64::from(limit))
                        .fetch_all(self.readers())
                        .await?;
                    ids.iter().map(|id| Ok(JobId::new(id)?)).collect()
                }

                async fn destroy_secrets(
                    &self,
                    job: &Job,
                    version: i64,
                    told: &[Event],
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(device_secrets::REPLACE_MANIFEST)
                        .bind(job.id.as_str())
                        .bind(version)
                        .bind(jobs::sealed_manifest(&self.sealer, job))
                        .execute(&mut *tx)
                        .await?;
                    if done.rows_affected() == 0 {
                        return Err(JobStoreError::Conflict);
                    }
                    query(device_secrets::DROP)
                        .bind(job.id.as_str())
                        .execute(&mut *tx)
                        .await?;
                    self.tell_in(&mut tx, None, told).await?;
                    Ok(tx.commit().await?)
                }

                async fn count_secret(
                    &self,
                    subject: &str,
                    now: Timestamp,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(device_secrets::COUNT)
                        .bind(subject)
                        .bind(now.unix())
                        .bind(device_secrets::minute_before(now))
                        .bind(device_secrets::MOST)
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }

                async fn forget_counted_secrets(
                    &self,
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(device_secrets::FORGET_COUNTED)
                        .bind(device_secrets::minute_before(now))
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }
            }
        };
    };
}
pub(super) use implement_device_secrets;
