//! What happened in a span of time, and what lies in the room at this moment, for whoever hands over.

use async_trait::async_trait;
use model::event::Event;
use model::job::Job;
use model::time::Timestamp;

use super::JobStoreError;
use super::jobs::listed_job;

/// Something that happened to a job.
#[derive(Debug, Clone)]
pub struct DayEvent {
    /// The job as it stands now, without its manifest.
    pub job: Job,
    /// What its account is called.
    pub account_name: Option<String>,
    /// When it happened.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// A job whose device is at a station, without its manifest, and what its account is called.
pub type InHand = (Job, Option<String>);

/// Tells of days. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Days: Send + Sync + 'static {
    /// What happened to jobs from `from` on and before `until`, the newest first. That jobs were made is not among it.
    async fn happened(
        &self,
        from: Timestamp,
        until: Timestamp,
        most: u32,
    ) -> Result<Vec<DayEvent>, JobStoreError>;

    /// How many boxes came in that time, and how many went.
    async fn boxes(&self, from: Timestamp, until: Timestamp) -> Result<(u64, u64), JobStoreError>;

    /// The jobs whose devices are at stations, the newest first.
    async fn in_hand(&self, most: u32) -> Result<Vec<InHand>, JobStoreError>;

    /// How many devices are at stations, and of how many the jobs are on hold.
    async fn count_in_hand(&self) -> Result<(u64, u64), JobStoreError>;
}

pub(super) const HAPPENED: &str = "
    SELECT jobs.state, accounts.name, history.at, history.event
    FROM history JOIN jobs ON jobs.id = history.job LEFT JOIN accounts ON accounts.id = jobs.account
    WHERE history.at >= $1 AND history.at < $2 AND history.event IS NOT NULL
    ORDER BY history.at DESC, history.seq DESC LIMIT $3";

pub(super) const BOXES: &str =
    "SELECT direction, COUNT(*) FROM parcels WHERE at >= $1 AND at < $2 GROUP BY direction";

pub(super) const IN_HAND: &str = "
    SELECT jobs.state, accounts.name FROM jobs LEFT JOIN accounts ON accounts.id = jobs.account
    WHERE jobs.station IS NOT NULL
    ORDER BY jobs.created DESC, jobs.seq DESC LIMIT $1";

pub(super) const COUNT_IN_HAND: &str =
    "SELECT COUNT(*), COUNT(held) FROM jobs WHERE station IS NOT NULL";

/// `state, name of the account, at, event`.
pub(super) type HappenedRow = (String, Option<String>, i64, String);

/// `state, name of the account`.
pub(super) type InHandRow = (String, Option<String>);

pub(super) fn day_event(row: HappenedRow) -> Result<DayEvent, JobStoreError> {
    let (state, account_name, at, event) = row;
    Ok(DayEvent {
        job: listed_job(&state)?,
        account_name,
        at: Timestamp::from_unix(at),
        event: serde_json::from_str(&event)?,
    })
}

pub(super) fn in_hand((state, name): InHandRow) -> Result<InHand, JobStoreError> {
    Ok((listed_job(&state)?, name))
}

/// Implements [`Days`] for the store of a database.
macro_rules! implement_days {
    ($store:ident) => {
        const _: () = {
            use model::parcel::Direction;
            use model::time::Timestamp;
            use sqlx::query_as;
            use $crate::jobstore::JobStoreError;
            use $crate::jobstore::days::{self, DayEvent, Days, InHand};

            #[async_trait::async_trait]
            impl Days for $store {
                async fn happened(
                    &self,
                    from: Timestamp,
                    until: Timestamp,
                    most: u32,
                ) -> Result<Vec<DayEvent>, JobStoreError> {
                    let rows: Vec<days::HappenedRow> = query_as(days::HAPPENED)
                        .bind(from.unix())
                        .bind(until.unix())
                        .bind(i64::from(most))
                        .fetch_all(self.readers())
                        .await?;
                    rows.into_iter().map(days::day_event).collect()
                }

                async fn boxes(
                    &self,
                    from: Timestamp,
                    until: Timestamp,
                ) -> Result<(u64, u64), JobStoreError> {
                    let rows: Vec<(String, i64)> = query_as(days::BOXES)
                        .bind(from.unix())
                        .bind(until.unix())
                        .fetch_all(self.readers())
                        .await?;
                    let of = |direction: Direction| {
                        let found = rows.iter().find(|(name, _)| name == direction.name());
                        found.map_or(0, |(_, count)| count.unsigned_abs())
                    };
                    Ok((of(Direction::In), of(Direction::Out)))
                }

                async fn in_hand(&self, most: u32) -> Result<Vec<InHand>, JobStoreError> {
                    let rows: Vec<days::InHandRow> = query_as(days::IN_HAND)
                        .bind(i64::from(most))
                        .fetch_all(self.readers())
                        .await?;
                    rows.into_iter().map(days::in_hand).collect()
                }

                async fn count_in_hand(&self) -> Result<(u64, u64), JobStoreError> {
                    let (all, held): (i64, i64) = query_as(days::COUNT_IN_HAND)
                        .fetch_one(self.readers())
                        .await?;
                    Ok((all.unsigned_abs(), held.unsigned_abs()))
                }
            }
        };
    };
}
pub(super) use implement_days;
