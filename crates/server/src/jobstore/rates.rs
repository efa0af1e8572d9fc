//! How much of each job was sent by when: what plots are made of.
//!
//! A sample is the count so far, kept with the sign of life that tells it, once a minute at most. Older ones are thinned,
//! which costs the plot its detail and no byte.

use async_trait::async_trait;
use model::ids::JobId;
use model::loading::Figures;
use model::time::Timestamp;

use super::JobStoreError;

/// Seconds from one sample of a job to the next, at least.
pub(super) const STEP: i64 = 60;

/// The same of samples that are older than [`FINE`].
const COARSE_STEP: i64 = 600;

/// Seconds for which every sample is kept.
const FINE: i64 = 2 * 3_600;

/// Seconds for which samples are kept at all: a month.
const KEPT: i64 = 30 * 86_400;

/// Most samples of a job that are read: those of a month, and of its last hours.
pub(super) const MOST: i64 = KEPT / COARSE_STEP + 2 * FINE / STEP;

/// So many bytes of a job were sent by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateSample {
    /// When, to the minute.
    pub at: Timestamp,
    /// Bytes that were in the store.
    pub sent: u64,
}

/// Keeps samples. The contract is that of [`JobStore`](super::JobStore).
///
/// They are written by [`Leases`](super::Leases), with the sign of life of whoever has the lease.
#[async_trait]
pub trait Rates: Send + Sync + 'static {
    /// The samples of a job, the oldest first.
    async fn rates(&self, job: JobId) -> Result<Vec<RateSample>, JobStoreError>;

    /// Thins the samples that are old, and forgets those that are older than a month.
    async fn thin_rates(&self, now: Timestamp) -> Result<(), JobStoreError>;
}

pub(super) const NOTE_RATE: &str =
    "INSERT INTO rates (job, slot, sent) VALUES ($1, $2, $3) ON CONFLICT (job, slot) DO NOTHING";

pub(super) const RATES: &str =
    "SELECT slot, sent FROM rates WHERE job = $1 ORDER BY slot DESC LIMIT $2";

pub(super) const FORGET_RATES: &str = "DELETE FROM rates WHERE slot < $1";

pub(super) const THIN_RATES: &str = "DELETE FROM rates WHERE slot < $1 AND slot % $2 <> 0";

/// The minute of a sample, and what it counts, as the databases have them.
pub(super) fn noted(figures: &Figures, now: Timestamp) -> (i64, i64) {
    let sent = figures.sent_bytes.max(figures.tally.bytes);
    let slot = now.unix() - now.unix().rem_euclid(STEP);
    (slot, i64::try_from(sent).unwrap_or(i64::MAX))
}

/// What is forgotten at `now`, and before when it is thinned to which step.
pub(super) fn limits(now: Timestamp) -> (i64, i64, i64) {
    (now.unix() - KEPT, now.unix() - FINE, COARSE_STEP)
}

pub(super) fn samples(rows: Vec<(i64, i64)>) -> Vec<RateSample> {
    let sample = |(slot, sent): (i64, i64)| RateSample {
        at: Timestamp::from_unix(slot),
        sent: sent.unsigned_abs(),
    };
    rows.into_iter().rev().map(sample).collect()
}

/// Implements [`Rates`] for the store of a database.
macro_rules! implement_rates {
    ($store:ident) => {
        const _: () = {
            use model::ids::JobId;
            use model::time::Timestamp;
            use sqlx::{query, query_as};
            use $crate::jobstore::JobStoreError;
            use $crate::jobstore::rates::{self, RateSample, Rates};

            #[async_trait::async_trait]
            impl Rates for $store {
                async fn rates(&self, job: JobId) -> Result<Vec<RateSample>, JobStoreError> {
                    let rows: Vec<(i64, i64)> = query_as(rates::RATES)
                        .bind(job.as_str())
                        .bind(rates::MOST)
                        .fetch_all(self.readers())
                        .await?;
                    Ok(rates::samples(rows))
                }

                async fn thin_rates(&self, now: Timestamp) -> Result<(), JobStoreError> {
                    let (forgotten, coarse, step) = rates::limits(now);
                    let mut tx = self.begin().await?;
                    query(rates::FORGET_RATES)
                        .bind(forgotten)
                        .execute(&mut *tx)
                        .await?;
                    query(rates::THIN_RATES)
                        .bind(coarse)
                        .bind(step)
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }
            }
        };
    };
}
pub(super) use implement_rates;
