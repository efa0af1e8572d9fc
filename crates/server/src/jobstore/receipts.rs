//! The receipts of jobs: which edition was given out last, and when the next is to be put into the bucket of the report.
//!
//! That one is due is written with the events that it is due for.

use async_trait::async_trait;
use model::ids::JobId;
use model::time::Timestamp;

use super::JobStoreError;

/// A receipt that was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edition {
    /// Which one it is of its job, from 1.
    pub edition: u32,
    /// How many events it has.
    pub events: u64,
}

/// A receipt that is to be put into a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueReceipt {
    /// Of which job.
    pub job: JobId,
    /// Since when.
    pub due: Timestamp,
    /// How often it was tried in vain.
    pub tries: u32,
}

/// Keeps what is known of receipts. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Receipts: Send + Sync + 'static {
    /// The edition of a job's receipt that has so many events: a new one if no edition has as many. The newest there is,
    /// if that has more.
    async fn edition(&self, job: JobId, events: u64) -> Result<Edition, JobStoreError>;

    /// Receipts that are due at `now`, the longest first; and what a wrong clock would let wait for longer than anybody
    /// does.
    async fn due_receipts(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<DueReceipt>, JobStoreError>;

    /// Says that a receipt that was due lies in its bucket; or, with a time, that it is tried again then. `false` if it is
    /// not due like that any more: it has become due again meanwhile, or somebody else was first.
    async fn settle_receipt(
        &self,
        receipt: &DueReceipt,
        again: Option<Timestamp>,
    ) -> Result<bool, JobStoreError>;

    /// Says that the receipt of a job that had one due is to be put into its bucket now, whatever lies there and whoever has
    /// it in hand.
    async fn make_receipt_due(&self, job: JobId, now: Timestamp) -> Result<(), JobStoreError>;
}

/// Later than it was: what was due before is another matter, and settled apart.
pub(super) const SET_DUE: &str = "
    INSERT INTO receipts (job, edition, events, due, tries) VALUES ($1, 0, 0, $2, 0)
    ON CONFLICT (job) DO UPDATE
    SET due = CASE WHEN receipts.due >= excluded.due THEN receipts.due + 1 ELSE excluded.due END, tries = 0";

/// At once, also if it is in hand: who has it finds that it was changed, by the number of tries.
pub(super) const HASTEN: &str = "UPDATE receipts SET due = $2, tries = 0 WHERE job = $1";

pub(super) const NEXT_EDITION: &str = "
    INSERT INTO receipts (job, edition, events, due, tries) VALUES ($1, 1, $2, NULL, 0)
    ON CONFLICT (job) DO UPDATE SET edition = receipts.edition + 1, events = excluded.events
    WHERE receipts.events < excluded.events";

pub(super) const EDITION: &str = "SELECT edition, events FROM receipts WHERE job = $1";

/// Seconds after which nobody lets a receipt wait: what is due later than that was put there by a clock that was wrong.
const LONGEST_WAIT: i64 = 2 * 60 * 60;

pub(super) const DUE: &str = "
    SELECT job, due, tries FROM receipts WHERE due IS NOT NULL AND (due <= $1 OR due > $2)
    ORDER BY due LIMIT $3";

/// The first time of which no clock that is right makes one due.
pub(super) fn beyond(now: Timestamp) -> i64 {
    now.plus_seconds(LONGEST_WAIT).unix()
}

pub(super) const SETTLE: &str = "
    UPDATE receipts SET due = $4, tries = CASE WHEN $4 IS NULL THEN 0 ELSE tries + 1 END
    WHERE job = $1 AND due = $2 AND tries = $3";

/// `job, due, tries`.
pub(super) type DueRow = (String, i64, i64);

pub(super) fn due((job, due, tries): DueRow) -> Result<DueReceipt, JobStoreError> {
    Ok(DueReceipt {
        job: JobId::new(&job)?,
        due: Timestamp::from_unix(due),
        tries: u32::try_from(tries).map_err(JobStoreError::corrupt)?,
    })
}

pub(super) fn edition((edition, events): (i64, i64)) -> Result<Edition, JobStoreError> {
    Ok(Edition {
        edition: u32::try_from(edition).map_err(JobStoreError::corrupt)?,
        events: u64::try_from(events).map_err(JobStoreError::corrupt)?,
    })
}

/// Implements [`Receipts`] for the store of a database.
macro_rules! implement_receipts {
    ($store:ident) => {
        const _: () = {
            use model::ids::JobId;
            use model::time::Timestamp;
            use sqlx::{query, query_as};
            use $crate::jobstore::receipts::{self, DueReceipt, Edition, Receipts};
            use $crate::jobstore::{JobStoreError, error, ledger};

            #[async_trait::async_trait]
            impl Receipts for $store {
                async fn edition(&self, job: JobId, events: u64) -> Result<Edition, JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(receipts::NEXT_EDITION)
                        .bind(job.as_str())
                        .bind(ledger::number(events)?)
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, "", job.as_str()))?;
                    let row = query_as(receipts::EDITION)
                        .bind(job.as_str())
                        .fetch_one(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    receipts::edition(row)
                }

                async fn due_receipts(
                    &self,
                    now: Timestamp,
                    limit: u32,
                ) -> Result<Vec<DueReceipt>, JobStoreError> {
                    let rows: Vec<receipts::DueRow> = query_as(receipts::DUE)
                        .bind(now.unix())
                        .bind(receipts::beyond(now))
                        .bind(i64::from(limit))
                        .fetch_all(self.readers())
                        .await?;
                    rows.into_iter().map(receipts::due).collect()
                }

                async fn settle_receipt(
                    &self,
                    receipt: &DueReceipt,
                    again: Option<Timestamp>,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(receipts::SETTLE)
                        .bind(receipt.job.as_str())
                        .bind(receipt.due.unix())
                        .bind(i64::from(receipt.tries))
                        .bind(again.map(Timestamp::unix))
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }

                async fn make_receipt_due(
                    &self,
                    job: JobId,
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(receipts::HASTEN)
                        .bind(job.as_str())
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }
            }
        };
    };
}
pub(super) use implement_receipts;
