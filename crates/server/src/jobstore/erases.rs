//! Erases: which station has the right to erase the device of a job, and until when.
//!
//! Beside leases, and not one of them: it is of a job that is over.

use async_trait::async_trait;
use model::control::LeaseToken;
use model::disposal::GrantId;
use model::disposal::messages::EraseProgress;
use model::ids::{BayName, JobId, StationName};
use model::time::Timestamp;

use super::JobStoreError;
use super::leases::LONGEST_LEASE;

/// A station's timed right to erase a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erase {
    /// Whose device; a job has one at most.
    pub job: JobId,
    /// Who has the right.
    pub station: StationName,
    /// In which bay, if in one.
    pub bay: Option<BayName>,
    /// By which the erase is gone on with.
    pub grant: GrantId,
    /// Known to the station alone; every time it is given it is another.
    pub token: LeaseToken,
    /// When it lapses.
    pub until: Timestamp,
    /// Who confirmed it, for a person.
    pub confirmed_by: Vec<String>,
    /// How far the erase was when the station last said so.
    pub progress: EraseProgress,
    /// Whether the station gave it back.
    pub ended: bool,
}

impl Erase {
    /// Whether the station keeps the device from others at `now`. `term` is that of a lease, in seconds.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp, term: u32) -> bool {
        let longest = now.plus_seconds(i64::from(term) + LONGEST_LEASE);
        !self.ended && self.until >= now && self.until <= longest
    }
}

/// Keeps the last right to erase each device. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Erases: Send + Sync + 'static {
    /// Gives the right if nobody has it, or it has ended, lapsed before `now`, or is the same station's, or ends later than
    /// any that could be given now. Returns the one in force, which is the new one if it has its token. `Missing` if there
    /// is no such job.
    async fn give_erase(&self, erase: &Erase, now: Timestamp) -> Result<Erase, JobStoreError>;

    /// The last right to erase the device of a job.
    async fn erase(&self, job: JobId) -> Result<Option<Erase>, JobStoreError>;

    /// Extends it to `until`, and keeps how far the erase is; `false` if the token is not the one in force. One that has
    /// lapsed and that nobody else took is still in force.
    async fn renew_erase(
        &self,
        job: JobId,
        station: &StationName,
        token: &LeaseToken,
        until: Timestamp,
        progress: EraseProgress,
    ) -> Result<bool, JobStoreError>;

    /// Ends it; `false` if the token is not that of the last. Ending twice is as good as once.
    async fn end_erase(&self, job: JobId, token: &LeaseToken) -> Result<bool, JobStoreError>;
}

/// As a lease is claimed.
pub(super) const GIVE_ERASE: &str = "
    INSERT INTO erases (job, station, bay, grant_id, token, until, progress, ended, confirmed_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE, $10)
    ON CONFLICT (job) DO UPDATE
    SET confirmed_by = CASE WHEN erases.grant_id = excluded.grant_id
                            THEN COALESCE(excluded.confirmed_by, erases.confirmed_by)
                            ELSE excluded.confirmed_by END, station = excluded.station, bay = excluded.bay, grant_id = excluded.grant_id,
        token = excluded.token, until = excluded.until, progress = excluded.progress, ended = FALSE
    WHERE erases.ended OR erases.until < $8 OR erases.station = excluded.station
          OR erases.until > excluded.until + $9";

pub(super) const ERASE: &str = "
    SELECT job, station, bay, grant_id, token, until, progress, ended, confirmed_by FROM erases
    WHERE job = $1";

pub(super) const RENEW_ERASE: &str = "
    UPDATE erases SET until = $3, progress = $4
    WHERE job = $1 AND token = $2 AND station = $5 AND NOT ended";

pub(super) const END_ERASE: &str = "UPDATE erases SET ended = TRUE WHERE job = $1 AND token = $2";

/// `job, station, bay, grant_id, token, until, progress, ended, confirmed_by`.
pub(super) type EraseRow = (
    String,
    String,
    Option<String>,
    String,
    String,
    i64,
    String,
    bool,
    Option<String>,
);

pub(super) fn erase(row: EraseRow) -> Result<Erase, JobStoreError> {
    let (job, station, bay, grant, token, until, progress, ended, confirmed_by) = row;
    let confirmed_by = confirmed_by
        .as_deref()
        .map(serde_json::from_str)
        .transpose()?;
    Ok(Erase {
        job: JobId::new(&job)?,
        station: StationName::new(station)?,
        bay: bay.map(BayName::new).transpose()?,
        grant: GrantId::new(grant)?,
        token: LeaseToken(token),
        until: Timestamp::from_unix(until),
        confirmed_by: confirmed_by.unwrap_or_default(),
        progress: serde_json::from_str(&progress)?,
        ended,
    })
}

pub(super) fn progress_json(progress: EraseProgress) -> Result<String, JobStoreError> {
    Ok(serde_json::to_string(&progress)?)
}

/// Those who confirmed it; nothing if nobody did.
pub(super) fn names(confirmed_by: &[String]) -> Result<Option<String>, JobStoreError> {
    match confirmed_by.is_empty() {
        true => Ok(None),
        false => Ok(Some(serde_json::to_string(confirmed_by)?)),
    }
}

/// Implements [`Erases`] for the store of a database.
macro_rules! implement_erases {
    ($store:ident) => {
        const _: () = {
            use model::control::LeaseToken;
            use model::disposal::messages::EraseProgress;
            use model::ids::{BayName, JobId, StationName};
            use model::time::Timestamp;
            use sqlx::{query, query_as};
            use $crate::jobstore::erases::{self, Erase, Erases};
            use $crate::jobstore::leases::LONGEST_LEASE;
            use $crate::jobstore::{JobStoreError, error};

            #[async_trait::async_trait]
            impl Erases for $store {
                async fn give_erase(
                    &self,
                    erase: &Erase,
                    now: Timestamp,
                ) -> Result<Erase, JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(erases::GIVE_ERASE)
                        .bind(erase.job.as_str())
                        .bind(erase.station.as_str())
                        .bind(erase.bay.as_ref().map(BayName::as_str))
                        .bind(erase.grant.as_str())
                        .bind(&erase.token.0)
                        .bind(erase.until.unix())
                        .bind(erases::progress_json(erase.progress)?)
                        .bind(now.unix())
                        .bind(LONGEST_LEASE)
                        .bind(erases::names(&erase.confirmed_by)?)
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, "", erase.job.as_str()))?;
                    // The same transaction: the row is held, given or not.
                    let row: erases::EraseRow = query_as(erases::ERASE)
                        .bind(erase.job.as_str())
                        .fetch_one(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    erases::erase(row)
                }

                async fn erase(&self, job: JobId) -> Result<Option<Erase>, JobStoreError> {
                    let row: Option<erases::EraseRow> =
                        self.row(erases::ERASE, job.as_str()).await?;
                    row.map(erases::erase).transpose()
                }

                async fn renew_erase(
                    &self,
                    job: JobId,
                    station: &StationName,
                    token: &LeaseToken,
                    until: Timestamp,
                    progress: EraseProgress,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(erases::RENEW_ERASE)
                        .bind(job.as_str())
                        .bind(&token.0)
                        .bind(until.unix())
                        .bind(erases::progress_json(progress)?)
                        .bind(station.as_str())
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }

                async fn end_erase(
                    &self,
                    job: JobId,
                    token: &LeaseToken,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(erases::END_ERASE)
                        .bind(job.as_str())
                        .bind(&token.0)
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }
            }
        };
    };
}
pub(super) use implement_erases;
