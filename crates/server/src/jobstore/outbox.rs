//! The outbox: what somebody is to be told of.
//!
//! A notice is written in the transaction of the event that it tells of, so that neither is without the other. Who is told
//! is found out later, and once: then it is spread, into deliveries of which each has one receiver.

use async_trait::async_trait;
use custody::moment::Moment;
use model::ids::{JobId, NoticeId};
use model::notice::NoticeKind;
use model::time::Timestamp;

use super::JobStoreError;
use super::deliveries::NewDelivery;
use super::ledger::Written;
use crate::notices::table::{self, HowOften};

/// Something that somebody is to be told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What receivers know it by.
    pub id: NoticeId,
    /// The job that it is about.
    pub job: JobId,
    /// What happened.
    pub kind: NoticeKind,
    /// Which event of the job tells more, by its `seq`; of a receipt its edition.
    pub about: u64,
    /// When it happened.
    pub at: Moment,
}

/// Keeps what is to be told. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Adds a notice of what is no event of custody; `false` if it is there.
    async fn put_notice(&self, notice: &Notice) -> Result<bool, JobStoreError>;

    /// Notices of which nobody knows yet who is told, the oldest first; none of a hold that may end by itself before it has
    /// stood for a while, nor what happened to its job after it.
    async fn notices(&self, now: Timestamp, limit: u32) -> Result<Vec<Notice>, JobStoreError>;

    /// Waiting jobs whose device has not come, that were made after the first time and at or before the second, and of which
    /// nobody was told that they expire; the oldest first.
    async fn expiring_jobs(
        &self,
        after: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<JobId>, JobStoreError>;

    /// Puts a notice on its way to its receivers; `false` if somebody else did.
    async fn spread(
        &self,
        notice: &NoticeId,
        deliveries: &[NewDelivery],
    ) -> Result<bool, JobStoreError>;

    /// Forgets notices that are on their way, of before this time. One that is told but once may then be told again.
    async fn forget_notices(&self, before: Timestamp) -> Result<(), JobStoreError>;
}

/// One that is there stays as it is: what is told but once may happen twice.
pub(super) const PUT_NOTICE: &str = "
    INSERT INTO outbox (id, job, kind, about, at, spread, due) VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (id) DO NOTHING";

/// What is held back holds back what came behind it.
pub(super) const NOTICES: &str = "
    SELECT id, job, kind, about, at FROM outbox
    WHERE spread = 0 AND due <= $1 AND NOT EXISTS (
        SELECT 1 FROM outbox AS held_back
        WHERE held_back.spread = 0 AND held_back.due > $1
          AND held_back.job = outbox.job AND held_back.seq < outbox.seq)
    ORDER BY seq LIMIT $2";

/// A job goes on: that it was held for a moment is told to nobody.
pub(super) const LET_PASS: &str = "
    UPDATE outbox SET spread = 1 WHERE spread = 0 AND due > $2 AND job = $1";

/// Something else happens to a job: that it is held is told now, and then that.
pub(super) const TELL_NOW: &str = "
    UPDATE outbox SET due = 0 WHERE spread = 0 AND due > $2 AND job = $1";

/// The id is that of [`table::id_of_kind`].
pub(super) const EXPIRING_JOBS: &str = "
    SELECT id FROM jobs
    WHERE progress = 'Pending' AND custody = 'NotReceived' AND created > $1 AND created <= $2
      AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.id = jobs.id || '-job-expiring')
    ORDER BY created, seq LIMIT $3";

pub(super) const SPREAD: &str = "UPDATE outbox SET spread = 1 WHERE id = $1 AND spread = 0";

pub(super) const FORGET_NOTICES: &str = "DELETE FROM outbox WHERE spread = 1 AND at < $1";

/// `id, job, kind, about, at`.
pub(super) type NoticeRow = (String, String, String, i64, i64);

pub(super) fn notice((id, job, kind, about, at): NoticeRow) -> Result<Notice, JobStoreError> {
    Ok(Notice {
        id: NoticeId::new(id)?,
        job: JobId::new(&job)?,
        kind: kind.parse().map_err(JobStoreError::corrupt)?,
        about: u64::try_from(about).map_err(JobStoreError::corrupt)?,
        at: Moment::from_unix_millis(at),
    })
}

/// The notice of an event of a job, if somebody is told of such, and how often that is.
pub(super) fn of_event(job: JobId, written: &Written) -> Option<(Notice, HowOften)> {
    let (kind, how_often) = written.told?;
    let id = match how_often {
        HowOften::Each | HowOften::IfItStays => table::id_of_event(job, written.seq),
        HowOften::Once => table::id_of_kind(job, kind),
    };
    let notice = Notice {
        id,
        job,
        kind,
        about: written.seq,
        at: written.at,
    };
    Some((notice, how_often))
}

/// From when on a notice may be brought, in milliseconds.
pub(super) fn due(notice: &Notice, how_often: HowOften) -> i64 {
    let settles = i64::try_from(table::SETTLES_WITHIN.as_millis()).unwrap_or(i64::MAX);
    match how_often {
        HowOften::IfItStays => notice.at.unix_millis().saturating_add(settles),
        HowOften::Each | HowOften::Once => 0,
    }
}

/// Whether a job goes on with what is told.
pub(super) fn goes_on(kind: NoticeKind) -> bool {
    matches!(
        kind,
        NoticeKind::DeviceResumed | NoticeKind::TransferStarted
    )
}

/// Implements [`Outbox`] for the store of a database, and what its transactions add by.
macro_rules! implement_outbox {
    ($store:ident, $database:ident) => {
        const _: () = {
            use model::ids::{JobId, NoticeId};
            use model::notice::NoticeKind;
            use model::time::Timestamp;
            use sqlx::{Transaction, query, query_as, query_scalar, $database};
            use $crate::jobstore::deliveries::{self, NewDelivery};
            use $crate::jobstore::outbox::{self, Notice, Outbox};
            use $crate::jobstore::{JobStoreError, ledger};
            use $crate::notices::table::HowOften;

            impl $store {
                /// Adds a notice in a transaction; `false` if it is there. That a job goes on of which nobody was told
                /// that it was held is told to nobody either.
                pub(super) async fn notify_in(
                    &self,
                    tx: &mut Transaction<'static, $database>,
                    notice: &Notice,
                    how_often: HowOften,
                ) -> Result<bool, JobStoreError> {
                    let before = match outbox::goes_on(notice.kind) {
                        true => outbox::LET_PASS,
                        false => outbox::TELL_NOW,
                    };
                    let passed = query(before)
                        .bind(notice.job.as_str())
                        .bind(notice.at.unix_millis())
                        .execute(&mut **tx)
                        .await?
                        .rows_affected();
                    let is_untold = passed > 0 && notice.kind == NoticeKind::DeviceResumed;
                    let done = query(outbox::PUT_NOTICE)
                        .bind(notice.id.as_str())
                        .bind(notice.job.as_str())
                        .bind(notice.kind.word())
                        .bind(ledger::number(notice.about)?)
                        .bind(notice.at.unix_millis())
                        .bind(i64::from(is_untold))
                        .bind(outbox::due(notice, how_often))
                        .execute(&mut **tx)
                        .await?;
                    Ok(done.rows_affected() > 0)
                }

                /// Adds a delivery in a transaction.
                pub(super) async fn deliver_in(
                    &self,
                    tx: &mut Transaction<'static, $database>,
                    delivery: &NewDelivery,
                ) -> Result<(), JobStoreError> {
                    query(deliveries::INSERT_DELIVERY)
                        .bind(delivery.notice.as_str())
                        .bind(delivery.kind.word())
                        .bind(delivery.job.map(|job| job.to_string()))
                        .bind(delivery.lane.to_string())
                        .bind(deliveries::sealed(&self.sealer, delivery)?)
                        .bind(delivery.at.unix())
                        .execute(&mut **tx)
                        .await?;
                    Ok(())
                }
            }

            #[async_trait::async_trait]
            impl Outbox for $store {
                async fn put_notice(&self, notice: &Notice) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let is_new = self.notify_in(&mut tx, notice, HowOften::Each).await?;
                    tx.commit().await?;
                    Ok(is_new)
                }

                async fn notices(
                    &self,
                    now: Timestamp,
                    limit: u32,
                ) -> Result<Vec<Notice>, JobStoreError> {
                    let rows: Vec<outbox::NoticeRow> = query_as(outbox::NOTICES)
                        .bind(now.unix().saturating_mul(1000))
                        .bind(i64::from(limit))
                        .fetch_all(self.readers())
                        .await?;
                    rows.into_iter().map(outbox::notice).collect()
                }

                async fn expiring_jobs(
                    &self,
                    after: Timestamp,
                    until: Timestamp,
                    limit: u32,
                ) -> Result<Vec<JobId>, JobStoreError> {
                    let ids: Vec<String> = query_scalar(outbox::EXPIRING_JOBS)
                        .bind(after.unix())
                        .bind(until.unix())
                        .bind(i64::from(limit))
                        .fetch_all(self.readers())
                        .await?;
                    ids.iter().map(|id| Ok(JobId::new(id)?)).collect()
                }

                async fn spread(
                    &self,
                    notice: &NoticeId,
                    deliveries: &[NewDelivery],
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(outbox::SPREAD)
                        .bind(notice.as_str())
                        .execute(&mut *tx)
                        .await?;
                    if done.rows_affected() == 0 {
                        return Ok(false);
                    }
                    for delivery in deliveries {
                        self.deliver_in(&mut tx, delivery).await?;
                    }
                    tx.commit().await?;
                    Ok(true)
                }

                async fn forget_notices(&self, before: Timestamp) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(outbox::FORGET_NOTICES)
                        .bind(before.unix().saturating_mul(1000))
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }
            }
        };
    };
}
pub(super) use implement_outbox;
