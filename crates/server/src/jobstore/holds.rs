//! Holds: which jobs wait for something that somebody can mend. What a job is on hold for is a part of it;
//! here is how those that are on hold are found.

use async_trait::async_trait;
use model::ids::JobId;
use model::time::Timestamp;

use super::JobStoreError;

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

    /// Counts the jobs that are on hold, by cause.
    async fn hold_counts(&self) -> Result<Vec<HoldCount>, JobStoreError>;
}

pub(super) const JOBS_ON_HOLD: &str = "
    SELECT id, held_since, seq FROM jobs
    WHERE held IS NOT NULL AND held_since <= $1 AND (held_since, seq) > ($2, $3)
    ORDER BY held_since, seq LIMIT $4";

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
            use model::time::Timestamp;
            use sqlx::query_as;
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
