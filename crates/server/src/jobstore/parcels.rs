//! Parcels: boxes that came and went, and the jobs whose devices are in them.

use async_trait::async_trait;
use custody::by::By;
use custody::event::{Event, ParcelUnknown, Received};
use model::actor::Actor;
use model::ids::{JobId, StationName};
use model::operator::parcels::{ParcelJob, ParcelLine};
use model::parcel::{Direction, ParcelCondition, ParcelNumber};
use model::time::Timestamp;
use model::words::Word;

use super::JobStoreError;
use super::statement::Statement;

/// Most jobs that are told to have a word.
pub const JOBS_OF_WORD: u32 = 100;

/// A box that is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The carrier's number.
    pub number: ParcelNumber,
    /// Whether it came or goes.
    pub direction: Direction,
    /// Who carries it.
    pub carrier: Option<String>,
    /// What is to be known of it.
    pub note: Option<String>,
    /// How it looks.
    pub condition: Option<ParcelCondition>,
    /// What stands on its seal.
    pub seal: Option<String>,
    /// The station to which it came.
    pub station: Option<StationName>,
}

/// Which boxes are wanted. What is not said is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParcelFilter {
    /// That came, or that went.
    pub direction: Option<Direction>,
    /// Whose number begins like this.
    pub beginning: Option<ParcelNumber>,
    /// With a device of this job.
    pub job: Option<JobId>,
    /// Behind the box with this place in the list.
    pub before: Option<i64>,
}

/// Keeps boxes. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Parcels: Send + Sync + 'static {
    /// Keeps a box, or what is said of it anew where it is known: when it was seen first, and by whom, stays. One that is seen
    /// first, and that no job is known for, is told of in the ledger.
    async fn put_parcel(
        &self,
        parcel: &Parcel,
        is_expected: bool,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), JobStoreError>;

    /// Keeps that the device of a job is in a box, by which the job is found from then on, and tells it of a box that came.
    /// Twice is once. `Missing` if there is no such box or job.
    async fn put_into_parcel(
        &self,
        parcel: (&ParcelNumber, Direction),
        job: JobId,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), JobStoreError>;

    /// The boxes that are wanted with their places in the list, the newest first.
    async fn parcels(
        &self,
        filter: &ParcelFilter,
        limit: u32,
    ) -> Result<Vec<(i64, ParcelLine)>, JobStoreError>;

    /// At most [`JOBS_OF_WORD`] jobs that have exactly this word, by id.
    async fn jobs_with_word(&self, word: &Word) -> Result<Vec<JobId>, JobStoreError>;
}

pub(super) const PUT_PARCEL: &str = "
    INSERT INTO parcels (direction, number, carrier, note, station, at, actor, condition, seal)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (number, direction) DO UPDATE
    SET carrier = COALESCE(excluded.carrier, parcels.carrier), note = COALESCE(excluded.note, parcels.note),
        station = COALESCE(excluded.station, parcels.station),
        condition = COALESCE(excluded.condition, parcels.condition), seal = COALESCE(excluded.seal, parcels.seal)";

/// Keeps a box that is not known, and nothing of one that is.
pub(super) const PUT_NEW_PARCEL: &str = "
    INSERT INTO parcels (direction, number, carrier, note, station, at, actor, condition, seal)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (number, direction) DO NOTHING";

pub(super) const PUT_INTO_PARCEL: &str = "
    INSERT INTO parcel_jobs (parcel, job, at, actor)
    SELECT seq, $3, $4, $5 FROM parcels WHERE number = $1 AND direction = $2
    ON CONFLICT (parcel, job) DO NOTHING";

pub(super) const IS_IN_PARCEL: &str = "
    SELECT COUNT(*) FROM parcels JOIN parcel_jobs ON parcel_jobs.parcel = parcels.seq
    WHERE number = $1 AND direction = $2 AND job = $3";

/// What is told of a box that came.
pub(super) const CAME: &str =
    "SELECT carrier, station, condition, seal FROM parcels WHERE number = $1 AND direction = $2";

pub(super) const JOBS_IN_PARCEL: &str =
    "SELECT job, at, actor FROM parcel_jobs WHERE parcel = $1 ORDER BY at, job";

pub(super) const JOBS_WITH_WORD: &str =
    "SELECT job FROM job_words WHERE word = $1 ORDER BY job LIMIT $2";

/// `carrier, station, condition, seal`.
pub(super) type CameRow = (
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// That a device came in a box.
pub(super) fn received(
    number: &ParcelNumber,
    (carrier, station, condition, seal): CameRow,
    actor: &Actor,
    now: Timestamp,
) -> Result<Event, JobStoreError> {
    let received = Received {
        carrier: carrier.as_ref().map(Into::into),
        tracking: Some(number.as_str().into()),
        packages: None,
        condition: condition.map(|it| it.parse()).transpose()?,
        seal: seal.as_ref().map(Into::into),
    };
    Ok(Event {
        at: now.into(),
        what: received.into(),
        by: By::usual(actor),
        station: station.map(StationName::new).transpose()?,
        bay: None,
    })
}

/// That a box came that no job is known for.
pub(super) fn unknown(parcel: &Parcel, actor: &Actor, now: Timestamp) -> Event {
    let unknown = ParcelUnknown {
        carrier: parcel.carrier.as_ref().map(Into::into),
        tracking: Some(parcel.number.as_str().into()),
        note: parcel.note.as_ref().map(Into::into),
    };
    Event {
        at: now.into(),
        what: unknown.into(),
        by: By::usual(actor),
        station: parcel.station.clone(),
        bay: None,
    }
}

/// Selects the boxes that are wanted.
pub(super) fn finding(filter: &ParcelFilter, limit: u32) -> Statement {
    let ParcelFilter {
        direction,
        beginning,
        job,
        before,
    } = filter;
    let mut statement = Statement::default();
    let mut all = Vec::new();
    if let Some(direction) = direction {
        all.push(format!("direction = {}", statement.value(direction.name())));
    }
    if let Some(beginning) = beginning {
        let from = statement.value(beginning.as_str());
        let to = statement.value(&format!("{beginning}{}", char::MAX));
        all.push(format!("number >= {from} AND number < {to}"));
    }
    if let Some(job) = job {
        let job = statement.value(job.as_str());
        all.push(format!(
            "seq IN (SELECT parcel FROM parcel_jobs WHERE job = {job})"
        ));
    }
    if let Some(before) = before {
        all.push(format!("seq < {}", statement.number(*before)));
    }
    let limit = statement.number(i64::from(limit));
    statement.text = format!(
        "SELECT seq, direction, number, carrier, note, station, at, actor, condition, seal
         FROM parcels {}
         ORDER BY seq DESC LIMIT {limit}",
        Statement::where_all(&all)
    );
    statement
}

/// `seq, direction, number, carrier, note, station, at, actor, condition, seal`.
pub(super) type ParcelRow = (
    i64,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    i64,
    String,
    Option<String>,
    Option<String>,
);

/// `job, at, actor`.
pub(super) type ParcelJobRow = (String, i64, String);

pub(super) fn line(
    row: ParcelRow,
    jobs: Vec<ParcelJobRow>,
) -> Result<(i64, ParcelLine), JobStoreError> {
    let (seq, direction, number, carrier, note, station, at, actor, condition, seal) = row;
    let jobs = jobs.into_iter().map(|(job, at, actor)| {
        Ok(ParcelJob {
            job_id: JobId::new(&job)?,
            at: Timestamp::from_unix(at),
            actor: actor.parse()?,
        })
    });
    let line = ParcelLine {
        number: number.parse()?,
        direction: direction.parse()?,
        carrier,
        note,
        condition: condition.map(|it| it.parse()).transpose()?,
        seal,
        station: station.map(StationName::new).transpose()?,
        at: Timestamp::from_unix(at),
        actor: actor.parse()?,
        jobs: jobs.collect::<Result<_, JobStoreError>>()?,
    };
    Ok((seq, line))
}

/// Implements [`Parcels`] for the store of a database.
macro_rules! implement_parcels {
    ($store:ident) => {
        const _: () = {
            use model::actor::Actor;
            use model::ids::{JobId, StationName};
            use model::operator::parcels::ParcelLine;
            use model::parcel::{Direction, ParcelCondition, ParcelNumber};
            use model::time::Timestamp;
            use model::words::Word;
            use sqlx::{AssertSqlSafe, query, query_as, query_scalar};
            use $crate::jobstore::parcels::{self, Parcel, ParcelFilter, Parcels};
            use $crate::jobstore::statement::{Statement, Value};
            use $crate::jobstore::{JobStoreError, error, listing};

            #[async_trait::async_trait]
            impl Parcels for $store {
                async fn put_parcel(
                    &self,
                    parcel: &Parcel,
                    is_expected: bool,
                    actor: &Actor,
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    let mut is_new = true;
                    for statement in [parcels::PUT_NEW_PARCEL, parcels::PUT_PARCEL] {
                        let put = query(statement)
                            .bind(parcel.direction.name())
                            .bind(parcel.number.as_str())
                            .bind(&parcel.carrier)
                            .bind(&parcel.note)
                            .bind(parcel.station.as_ref().map(StationName::as_str))
                            .bind(now.unix())
                            .bind(actor.to_string())
                            .bind(parcel.condition.map(ParcelCondition::name))
                            .bind(&parcel.seal)
                            .execute(&mut *tx)
                            .await?;
                        if put.rows_affected() > 0 {
                            break;
                        }
                        is_new = false;
                    }
                    if is_new && !is_expected {
                        let told = parcels::unknown(parcel, actor, now);
                        self.tell_in(&mut tx, None, &[told]).await?;
                    }
                    Ok(tx.commit().await?)
                }

                async fn put_into_parcel(
                    &self,
                    (number, direction): (&ParcelNumber, Direction),
                    job: JobId,
                    actor: &Actor,
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    let put = query(parcels::PUT_INTO_PARCEL)
                        .bind(number.as_str())
                        .bind(direction.name())
                        .bind(job.as_str())
                        .bind(now.unix())
                        .bind(actor.to_string())
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, number.as_str(), job.as_str()))?;
                    let is_in: i64 = query_scalar(parcels::IS_IN_PARCEL)
                        .bind(number.as_str())
                        .bind(direction.name())
                        .bind(job.as_str())
                        .fetch_one(&mut *tx)
                        .await?;
                    if is_in == 0 {
                        return Err(JobStoreError::Missing(number.to_string()));
                    }
                    if let Some(word) = Word::new(number.as_str()) {
                        query(listing::INSERT_WORD)
                            .bind(word.as_str())
                            .bind(job.as_str())
                            .execute(&mut *tx)
                            .await?;
                    }
                    if put.rows_affected() > 0 && direction == Direction::In {
                        let came = query_as(parcels::CAME)
                            .bind(number.as_str())
                            .bind(direction.name())
                            .fetch_one(&mut *tx)
                            .await?;
                        let told = parcels::received(number, came, actor, now)?;
                        self.tell_in(&mut tx, Some(job), &[told]).await?;
                    }
                    Ok(tx.commit().await?)
                }

                async fn parcels(
                    &self,
                    filter: &ParcelFilter,
                    limit: u32,
                ) -> Result<Vec<(i64, ParcelLine)>, JobStoreError> {
                    let Statement { text, values } = parcels::finding(filter, limit);
                    // Its text has nothing of the filter in it, only places for values.
                    let mut query = query_as(AssertSqlSafe(text));
                    for value in values {
                        query = match value {
                            Value::Text(text) => query.bind(text),
                            Value::Number(number) => query.bind(number),
                        };
                    }
                    let rows: Vec<parcels::ParcelRow> = query.fetch_all(self.readers()).await?;
                    let mut all = Vec::new();
                    for row in rows {
                        let jobs = query_as(parcels::JOBS_IN_PARCEL)
                            .bind(row.0)
                            .fetch_all(self.readers())
                            .await?;
                        all.push(parcels::line(row, jobs)?);
                    }
                    Ok(all)
                }

                async fn jobs_with_word(&self, word: &Word) -> Result<Vec<JobId>, JobStoreError> {
                    let ids: Vec<String> = query_scalar(parcels::JOBS_WITH_WORD)
                        .bind(word.as_str())
                        .bind(i64::from(parcels::JOBS_OF_WORD))
                        .fetch_all(self.readers())
                        .await?;
                    ids.iter().map(|id| Ok(JobId::new(id)?)).collect()
                }
            }
        };
    };
}
pub(super) use implement_parcels;
