//! Deliveries: one notice on its way to one receiver, until the receiver has it or it is given up.
//!
//! What is sent is written down once, sealed, and the same in every try. Those of a lane, which is a webhook or an address,
//! are sent one after the other, by whichever server takes one first; one that is taken and not settled, because a server
//! died, is taken again when its time is over. What happened to a job earlier is sent earlier, unless it fails more than
//! [`IN_ORDER`] times: then it waits alone.

use std::fmt;

use async_trait::async_trait;
use model::ids::{JobId, NoticeId, WebhookId};
use model::notice::NoticeKind;
use model::operator::notices::{DeliveryLine, DeliveryState};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::JobStoreError;
use super::statement::Statement;
use crate::sealing::{Purpose, Sealer};

/// Tries after which a delivery that fails holds up no later one of its job.
pub(super) const IN_ORDER: i64 = 3;

/// Seconds for which nobody takes a delivery in hand: what is taken for longer was by a clock that was wrong.
const LONGEST_HAND: i64 = 60 * 60;

/// Seconds for which no delivery waits: what is due later was put there by a clock that was wrong.
const LONGEST_WAIT: i64 = 3 * 24 * 60 * 60;

/// What goes to one receiver, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// A mail address, by the beginning of its SHA-256.
    Mail(String),
    /// A webhook.
    Webhook(WebhookId),
}

/// What stands before the digest of an address.
const MAIL: &str = "mail-";

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mail(digest) => write!(f, "{MAIL}{digest}"),
            Self::Webhook(id) => write!(f, "{id}"),
        }
    }
}

impl Lane {
    pub(super) fn read(text: &str) -> Result<Self, JobStoreError> {
        match text.strip_prefix(MAIL) {
            Some(digest) => Ok(Self::Mail(digest.to_owned())),
            None => Ok(Self::Webhook(WebhookId::new(text)?)),
        }
    }

    /// The webhook, if it is one.
    #[must_use]
    pub fn webhook(&self) -> Option<&WebhookId> {
        match self {
            Self::Webhook(id) => Some(id),
            Self::Mail(_) => None,
        }
    }
}

/// What is sent, to the byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// A mail.
    Mail {
        /// The address.
        to: String,
        /// What it is about.
        subject: String,
        /// What it says.
        text: String,
        /// When what it tells of happened.
        dated: Timestamp,
    },
    /// The body of a request.
    Webhook {
        /// JSON.
        body: String,
    },
}

/// A delivery that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// What receivers know it by.
    pub notice: NoticeId,
    /// What it tells of.
    pub kind: NoticeKind,
    /// The job, if it is about one.
    pub job: Option<JobId>,
    /// Where it goes.
    pub lane: Lane,
    /// What is sent.
    pub message: Message,
    /// Since when it is due.
    pub at: Timestamp,
}

/// A delivery that was taken in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub seq: i64,
    /// What it is.
    pub what: NewDelivery,
    /// How often it was tried, with this time.
    pub tries: u32,
}

/// What came of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The receiver has it.
    Sent,
    /// It is tried again then.
    Again(Timestamp),
    /// It is given up.
    Failed,
    /// It is given up, and the webhook wants no other: all that waits for it is given up, and it is switched off.
    Gone,
}

/// Which deliveries are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Only those to this webhook.
    pub webhook: Option<WebhookId>,
    /// Only those of this job.
    pub job: Option<JobId>,
    /// Only those of this notice.
    pub notice: Option<NoticeId>,
    /// Only those in this state.
    pub state: Option<DeliveryState>,
    /// Only those before this one.
    pub before: Option<i64>,
}

/// Keeps deliveries. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Deliveries: Send + Sync + 'static {
    /// Adds one.
    async fn put_delivery(&self, delivery: &NewDelivery) -> Result<(), JobStoreError>;

    /// Lanes with something that is due and nothing that is in hand, and how often the first of it was tried; the longest
    /// due first.
    async fn ready_lanes(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(Lane, u32)>, JobStoreError>;

    /// Takes the next of a lane in hand until then. `None` if nothing is due, or one of the lane is in hand.
    async fn take_delivery(
        &self,
        lane: &Lane,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Delivery>, JobStoreError>;

    /// Says what came of a try, and in the same transaction adds what is told of it. `false` if somebody else has it in
    /// hand meanwhile.
    async fn settle_delivery(
        &self,
        delivery: &Delivery,
        settled: Settled,
        answer: &str,
        now: Timestamp,
        tell: Option<&NewDelivery>,
    ) -> Result<bool, JobStoreError>;

    /// Lets go of everything that is in hand: whoever had it is not there any more.
    async fn release_deliveries(&self) -> Result<(), JobStoreError>;

    /// At most so many of the deliveries that are wanted, the newest first.
    async fn deliveries(
        &self,
        filter: &DeliveryFilter,
        limit: u32,
    ) -> Result<Vec<DeliveryLine>, JobStoreError>;

    /// Has one delivery made again from the beginning; `false` if there is none, or it is waiting.
    async fn replay_delivery(&self, seq: i64, now: Timestamp) -> Result<bool, JobStoreError>;

    /// Has everything made again that failed at a webhook; how much that is.
    async fn replay_webhook(&self, id: &WebhookId, now: Timestamp) -> Result<u64, JobStoreError>;

    /// How many mails and how many deliveries to webhooks wait.
    async fn waiting_deliveries(&self) -> Result<[u64; 2], JobStoreError>;

    /// Forgets what was over before this time.
    async fn forget_deliveries(&self, before: Timestamp) -> Result<(), JobStoreError>;
}

pub(super) const INSERT_DELIVERY: &str = "
    INSERT INTO deliveries (notice, kind, job, lane, sealed, at, state, due, tries, taken)
    VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $6, 0, 0)";

/// `$1` is now, `$2` until when one may be in hand, `$3` until when one may wait.
pub(super) const READY_LANES: &str = "
    SELECT lane, MIN(tries) FROM deliveries
    WHERE state = 'waiting' AND (due <= $1 OR due > $3)
      AND NOT EXISTS (SELECT 1 FROM deliveries AS busy WHERE busy.lane = deliveries.lane
                      AND busy.state = 'waiting' AND busy.taken > $1 AND busy.taken <= $2)
    GROUP BY lane ORDER BY MIN(due), lane LIMIT $4";

/// What stands behind the inner statement is looked at again once another server has let go of the row.
pub(super) const TAKE_DELIVERY: &str = "
    UPDATE deliveries SET taken = $5, tries = tries + 1
    WHERE seq = (
        SELECT next.seq FROM deliveries AS next
        WHERE next.lane = $4 AND next.state = 'waiting' AND (next.due <= $1 OR next.due > $3)
          AND NOT EXISTS (SELECT 1 FROM deliveries AS busy WHERE busy.lane = $4
                          AND busy.state = 'waiting' AND busy.taken > $1 AND busy.taken <= $2)
          AND NOT EXISTS (SELECT 1 FROM deliveries AS earlier WHERE earlier.lane = $4
                          AND earlier.job = next.job AND earlier.state = 'waiting'
                          AND earlier.seq < next.seq AND earlier.tries < $6)
        ORDER BY next.due, next.seq LIMIT 1)
      AND state = 'waiting' AND (taken <= $1 OR taken > $2)
    RETURNING seq, notice, kind, job, lane, sealed, at, tries";

pub(super) const SETTLE: &str = "
    UPDATE deliveries SET state = $3, due = $4, ended = $5, answer = $6, taken = 0
    WHERE seq = $1 AND tries = $2 AND state = 'waiting'";

pub(super) const RELEASE: &str =
    "UPDATE deliveries SET taken = 0 WHERE state = 'waiting' AND taken > 0";

pub(super) const GIVE_UP_LANE: &str = "
    UPDATE deliveries SET state = 'failed', ended = $2, answer = $3 WHERE lane = $1 AND state = 'waiting'";

pub(super) const REPLAY_DELIVERY: &str = "
    UPDATE deliveries SET state = 'waiting', due = $2, tries = 0, taken = 0, ended = NULL
    WHERE seq = $1 AND state <> 'waiting'";

pub(super) const REPLAY_LANE: &str = "
    UPDATE deliveries SET state = 'waiting', due = $2, tries = 0, taken = 0, ended = NULL
    WHERE lane = $1 AND state = 'failed'";

pub(super) const WAITING: &str = "
    SELECT COUNT(*) FROM deliveries WHERE state = 'waiting' AND (lane LIKE 'mail-%') = ($1 = 1)";

pub(super) const FORGET: &str = "DELETE FROM deliveries WHERE ended < $1";

/// Until when one may be in hand, and until when one may wait, as no clock is wrong.
pub(super) fn bounds(now: Timestamp) -> (i64, i64) {
    let after = |seconds| now.plus_seconds(seconds).unix();
    (after(LONGEST_HAND), after(LONGEST_WAIT))
}

/// `seq, notice, kind, job, lane, sealed, at, tries`.
pub(super) type DeliveryRow = (
    i64,
    String,
    String,
    Option<String>,
    String,
    Vec<u8>,
    i64,
    i64,
);

pub(super) fn sealed(sealer: &Sealer, delivery: &NewDelivery) -> Result<Vec<u8>, JobStoreError> {
    let message = serde_json::to_vec(&delivery.message)?;
    Ok(sealer.seal(Purpose::Delivery(&delivery.notice), &message))
}

pub(super) fn delivery(sealer: &Sealer, row: DeliveryRow) -> Result<Delivery, JobStoreError> {
    let (seq, notice, kind, job, lane, sealed, at, tries) = row;
    let notice = NoticeId::new(notice)?;
    let message = sealer.open(Purpose::Delivery(&notice), &sealed)?;
    Ok(Delivery {
        seq,
        what: NewDelivery {
            kind: kind.parse().map_err(JobStoreError::corrupt)?,
            job: job.as_deref().map(JobId::new).transpose()?,
            lane: Lane::read(&lane)?,
            message: serde_json::from_slice(&message)?,
            at: Timestamp::from_unix(at),
            notice,
        },
        tries: u32::try_from(tries).map_err(JobStoreError::corrupt)?,
    })
}

/// Selects the deliveries that are wanted.
pub(super) fn finding(filter: &DeliveryFilter, limit: u32) -> Statement {
    let DeliveryFilter {
        webhook,
        job,
        notice,
        state,
        before,
    } = filter;
    let mut statement = Statement::default();
    let mut all = Vec::new();
    let texts = [
        ("lane", webhook.as_ref().map(WebhookId::as_str)),
        ("job", job.as_ref().map(JobId::as_str)),
        ("notice", notice.as_ref().map(NoticeId::as_str)),
        ("state", state.map(DeliveryState::word)),
    ];
    for (column, text) in texts {
        if let Some(text) = text {
            all.push(format!("{column} = {}", statement.value(text)));
        }
    }
    if let Some(before) = before {
        all.push(format!("seq < {}", statement.number(*before)));
    }
    let limit = statement.number(i64::from(limit));
    statement.text = format!(
        "SELECT seq, notice, kind, job, lane, at, state, due, tries, ended, answer FROM deliveries {}
         ORDER BY seq DESC LIMIT {limit}",
        Statement::where_all(&all)
    );
    statement
}

/// `seq, notice, kind, job, lane, at, state, due, tries, ended, answer`.
pub(super) type LineRow = (
    i64,
    String,
    String,
    Option<String>,
    String,
    i64,
    String,
    i64,
    i64,
    Option<i64>,
    Option<String>,
);

pub(super) fn line(row: LineRow) -> Result<DeliveryLine, JobStoreError> {
    let (delivery, notice, kind, job, lane, at, state, due, tries, ended, answer) = row;
    let state: DeliveryState = state.parse().map_err(JobStoreError::corrupt)?;
    Ok(DeliveryLine {
        delivery,
        notice_id: NoticeId::new(notice)?,
        event: kind.parse().map_err(JobStoreError::corrupt)?,
        job_id: job.as_deref().map(JobId::new).transpose()?,
        webhook_id: Lane::read(&lane)?.webhook().cloned(),
        at: Timestamp::from_unix(at),
        state,
        tries: u32::try_from(tries).map_err(JobStoreError::corrupt)?,
        due: (state == DeliveryState::Waiting).then_some(Timestamp::from_unix(due)),
        ended: ended.map(Timestamp::from_unix),
        answer,
    })
}

/// Implements [`Deliveries`] for the store of a database.
macro_rules! implement_deliveries {
    ($store:ident) => {
        const _: () = {
            use model::ids::WebhookId;
            use model::operator::notices::{DeliveryLine, DeliveryState};
            use model::time::Timestamp;
            use sqlx::{AssertSqlSafe, query, query_as, query_scalar};
            use $crate::jobstore::deliveries::{
                self, Deliveries, Delivery, DeliveryFilter, Lane, NewDelivery, Settled,
            };
            use $crate::jobstore::statement::{Statement, Value};
            use $crate::jobstore::{JobStoreError, webhooks};

            #[async_trait::async_trait]
            impl Deliveries for $store {
                async fn put_delivery(&self, delivery: &NewDelivery) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    self.deliver_in(&mut tx, delivery).await?;
                    Ok(tx.commit().await?)
                }

                async fn ready_lanes(
                    &self,
                    now: Timestamp,
                    limit: u32,
                ) -> Result<Vec<(Lane, u32)>, JobStoreError> {
                    let (in_hand, waits) = deliveries::bounds(now);
                    let rows: Vec<(String, i64)> = query_as(deliveries::READY_LANES)
                        .bind(now.unix())
                        .bind(in_hand)
                        .bind(waits)
                        .bind(i64::from(limit))
                        .fetch_all(self.readers())
                        .await?;
                    let lane = |(lane, tries): (String, i64)| {
                        let tries = u32::try_from(tries).map_err(JobStoreError::corrupt)?;
                        Ok((Lane::read(&lane)?, tries))
                    };
                    rows.into_iter().map(lane).collect()
                }

                async fn take_delivery(
                    &self,
                    lane: &Lane,
                    now: Timestamp,
                    until: Timestamp,
                ) -> Result<Option<Delivery>, JobStoreError> {
                    let (in_hand, waits) = deliveries::bounds(now);
                    let mut tx = self.begin().await?;
                    let row: Option<deliveries::DeliveryRow> = query_as(deliveries::TAKE_DELIVERY)
                        .bind(now.unix())
                        .bind(in_hand)
                        .bind(waits)
                        .bind(lane.to_string())
                        .bind(until.unix())
                        .bind(deliveries::IN_ORDER)
                        .fetch_optional(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    row.map(|row| deliveries::delivery(&self.sealer, row))
                        .transpose()
                }

                async fn settle_delivery(
                    &self,
                    delivery: &Delivery,
                    settled: Settled,
                    answer: &str,
                    now: Timestamp,
                    tell: Option<&NewDelivery>,
                ) -> Result<bool, JobStoreError> {
                    let (state, due) = match settled {
                        Settled::Sent => (DeliveryState::Sent, now),
                        Settled::Again(due) => (DeliveryState::Waiting, due),
                        Settled::Failed | Settled::Gone => (DeliveryState::Failed, now),
                    };
                    let is_over = state != DeliveryState::Waiting;
                    let mut tx = self.begin().await?;
                    let done = query(deliveries::SETTLE)
                        .bind(delivery.seq)
                        .bind(i64::from(delivery.tries))
                        .bind(state.word())
                        .bind(due.unix())
                        .bind(is_over.then_some(now.unix()))
                        .bind(answer)
                        .execute(&mut *tx)
                        .await?;
                    if done.rows_affected() == 0 {
                        return Ok(false);
                    }
                    if let (Settled::Gone, Some(id)) = (settled, delivery.what.lane.webhook()) {
                        query(deliveries::GIVE_UP_LANE)
                            .bind(id.as_str())
                            .bind(now.unix())
                            .bind(answer)
                            .execute(&mut *tx)
                            .await?;
                        query(webhooks::SWITCH)
                            .bind(id.as_str())
                            .bind(Some(now.unix()))
                            .execute(&mut *tx)
                            .await?;
                    }
                    if let Some(told) = tell {
                        self.deliver_in(&mut tx, told).await?;
                    }
                    tx.commit().await?;
                    Ok(true)
                }

                async fn release_deliveries(&self) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(deliveries::RELEASE).execute(&mut *tx).await?;
                    Ok(tx.commit().await?)
                }

                async fn deliveries(
                    &self,
                    filter: &DeliveryFilter,
                    limit: u32,
                ) -> Result<Vec<DeliveryLine>, JobStoreError> {
                    let Statement { text, values } = deliveries::finding(filter, limit);
                    // Its text has nothing of the filter in it, only places for values.
                    let mut query = query_as(AssertSqlSafe(text));
                    for value in values {
                        query = match value {
                            Value::Text(text) => query.bind(text),
                            Value::Number(number) => query.bind(number),
                        };
                    }
                    let rows: Vec<deliveries::LineRow> = query.fetch_all(self.readers()).await?;
                    rows.into_iter().map(deliveries::line).collect()
                }

                async fn replay_delivery(
                    &self,
                    seq: i64,
                    now: Timestamp,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(deliveries::REPLAY_DELIVERY)
                        .bind(seq)
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }

                async fn replay_webhook(
                    &self,
                    id: &WebhookId,
                    now: Timestamp,
                ) -> Result<u64, JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(webhooks::SWITCH)
                        .bind(id.as_str())
                        .bind(None::<i64>)
                        .execute(&mut *tx)
                        .await?;
                    let done = query(deliveries::REPLAY_LANE)
                        .bind(id.as_str())
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected())
                }

                async fn waiting_deliveries(&self) -> Result<[u64; 2], JobStoreError> {
                    let mut counts = [0; 2];
                    for (count, is_mail) in counts.iter_mut().zip([1_i64, 0]) {
                        let found: i64 = query_scalar(deliveries::WAITING)
                            .bind(is_mail)
                            .fetch_one(self.readers())
                            .await?;
                        *count = found.unsigned_abs();
                    }
                    Ok(counts)
                }

                async fn forget_deliveries(&self, before: Timestamp) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(deliveries::FORGET)
                        .bind(before.unix())
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }
            }
        };
    };
}
pub(super) use implement_deliveries;
