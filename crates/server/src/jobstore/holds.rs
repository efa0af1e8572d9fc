//! Holds: which jobs wait for something that somebody can mend. What a job is on hold for is a part of it;
//! here is how those that are on hold are found.

use async_trait::async_trait;
use model::heartbeat::MendedJob;
use model::ids::{JobId, StationName};
use model::stopped::StopCause;
use model::time::Timestamp;

use super::{JobStoreError, jobs};

/// Jobs that are on hold for one cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldCount {
    /// The code of the cause.
    pub code: String,
    /// How many jobs.
    pub jobs: u64,
    /// Since when the first of them is.
    pub oldest: Timestamp,
}

/// A job that is on hold, by its place among all that are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldJob {
    /// Which job.
    pub id: JobId,
    /// Since when it is on hold.
    pub since: Timestamp,
    /// What orders those of one second.
    pub seq: i64,
}

/// Finds jobs that are on hold. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Holds: Send + Sync + 'static {
    /// Jobs that are on hold since `until` or earlier, those for the longest time first, behind the place of `after`.
    async fn jobs_on_hold(
        &self,
        until: Timestamp,
        after: Option<HeldJob>,
        limit: u32,
    ) -> Result<Vec<HeldJob>, JobStoreError>;

    /// Jobs that are on hold for `cause`, by their id, behind the job `after`.
    async fn jobs_on_hold_for(
        &self,
        cause: StopCause,
        after: Option<JobId>,
        limit: u32,
    ) -> Result<Vec<JobId>, JobStoreError>;

    /// The jobs whose devices are at `station` that are not on hold any more and have not gone on yet.
    async fn mended_jobs(&self, station: &StationName) -> Result<Vec<MendedJob>, JobStoreError>;

    /// Counts the jobs that are on hold, by cause.
    async fn hold_counts(&self) -> Result<Vec<HoldCount>, JobStoreError>;
}

pub(super) const JOBS_ON_HOLD: &str = "
    SELECT id, held_since, seq FROM jobs
    WHERE held IS NOT NULL AND held_since <= $1 AND (held_since, seq) > ($2, $3)
    ORDER BY held_since, seq LIMIT $4";

pub(super) const JOBS_ON_HOLD_FOR: &str =
    "SELECT id FROM jobs WHERE held = $1 AND id > $2 ORDER BY id LIMIT $3";

/// A thousand at most: of a station with more devices the rest is found when some of them have gone on.
pub(super) const MENDED_JOBS: &str = "
    SELECT state FROM jobs
    WHERE station = $1 AND stopped IS NOT NULL AND held IS NULL LIMIT 1000";

pub(super) const HOLD_COUNTS: &str = "
    SELECT held, COUNT(*), MIN(held_since) FROM jobs WHERE held IS NOT NULL GROUP BY held ORDER BY held";

/// `held, jobs, oldest`.
pub(super) type CountRow = (String, i64, i64);

/// `id, held_since, seq`.
pub(super) type HeldRow = (String, i64, i64);

pub(super) fn held_job((id, since, seq): HeldRow) -> Result<HeldJob, JobStoreError> {
    Ok(HeldJob {
        id: JobId::new(&id)?,
        since: Timestamp::from_unix(since),
        seq,
    })
}

/// What a job's state says of a hold that is mended, if it is that for which it stands still.
pub(super) fn mended_job(state: &str) -> Result<Option<MendedJob>, JobStoreError> {
    let job = jobs::listed_job(state)?;
    let since = job.stopped.and_then(|stopped| stopped.mended);
    Ok(since.map(|since| MendedJob { job: job.id, since }))
}

pub(super) fn count((code, jobs, oldest): CountRow) -> HoldCount {
    HoldCount {
        code,
        jobs: jobs.unsigned_abs(),
        oldest: Timestamp::from_unix(oldest),
    }
}

/// Implements [`Holds`] for the store of a database.
macro_rules! implement_holds {
    ($store:ident) => {
        const _: () = {
            use model::heartbeat::MendedJob;
            use model::ids::{JobId, StationName};
            use model::stopped::StopCause;
            use model::time::Timestamp;
            use sqlx::{query_as, query_scalar};
            use $crate::jobstore::JobStoreError;
            use $crate::jobstore::holds::{self, HeldJob, HoldCount, Holds};

            #[async_trait::async_trait]
            impl Holds for $store {
                async fn jobs_on_hold(
                    &self,
                    until: Timestamp,
                    after: Option<HeldJob>,
                    limit: u32,
                ) -> Result<Vec<HeldJob>, JobStoreError> {
                    let (since, seq) =
                        after.map_or((i64::MIN, 0), |job| (job.since.unix(), job.seq));
                    let rows: Vec<holds::HeldRow> = query_as(holds::JOBS_ON_HOLD)
                        .bind(until.unix())
                        .bind(since)
                        .bind(seq)
                        .bind(i64::from(limit))
                        .fetch_all(self.readers())
                        .await?;
                    rows.into_iter().map(holds::held_job).collect()
                }

                async fn jobs_on_hold_for(
                    &self,
                    cause: StopCause,
                    after: Option<JobId>,
                    limit: u32,
                ) -> Result<Vec<JobId>, JobStoreError> {
                    let after = after.as_ref().map_or("", JobId::as_str);
                    let ids: Vec<String> = query_scalar(holds::JOBS_ON_HOLD_FOR)
                        .bind(cause.code())
                        .bind(after)
                        .bind(i64::from(limit))
                        .fetch_all(self.readers())
                        .await?;
                    ids.iter().map(|id| Ok(JobId::new(id)?)).collect()
                }

                async fn mended_jobs(
                    &self,
                    station: &StationName,
                ) -> Result<Vec<MendedJob>, JobStoreError> {
                    let states: Vec<String> = query_scalar(holds::MENDED_JOBS)
                        .bind(station.as_str())
                        .fetch_all(self.readers())
                        .await?;
                    let found = states.iter().map(|state| holds::mended_job(state));
                    found.filter_map(Result::transpose).collect()
                }

                async fn hold_counts(&self) -> Result<Vec<HoldCount>, JobStoreError> {
                    let rows: Vec<holds::CountRow> = query_as(holds::HOLD_COUNTS)
                        .fetch_all(self.readers())
                        .await?;
                    Ok(rows.into_iter().map(holds::count).collect())
                }
            }
        };
    };
}
pub(super) use implement_holds;
