//! Leases: which station has the right to a job, and until when.

use async_trait::async_trait;
use model::control::LeaseToken;
use model::ids::{JobId, StationName};
use model::loading::Figures;
use model::time::Timestamp;

use super::JobStoreError;

/// A station's timed right to a job. Not part of the job's state: a crash changes a lease, never a
/// job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is a right to; a job has one lease at most.
    pub job: JobId,
    /// Who holds it.
    pub station: StationName,
    /// Known to the holder alone; every claim has a new one.
    pub token: LeaseToken,
    /// Which claim of the job it is, from 1.
    pub attempt: u32,
    /// When it lapses.
    pub until: Timestamp,
    /// How far the holder was at its last renewal.
    pub figures: Figures,
    /// Whether the holder gave it back or concluded it.
    pub ended: bool,
}

/// The longest a lease can be, in seconds: one that ends later than this from now was taken by a clock
/// that was wrong. `jobs.lease_seconds` is at most this.
pub const LONGEST_LEASE: i64 = 3600;

impl Lease {
    /// Whether its holder keeps the job from others at `now`. `term` is that of a lease, in seconds.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp, term: u32) -> bool {
        let longest = now.plus_seconds(i64::from(term) + LONGEST_LEASE);
        !self.ended && self.until >= now && self.until <= longest
    }
}

/// What the holder of a lease says of its job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOfLife {
    /// The job.
    pub job: JobId,
    /// The right to it.
    pub token: LeaseToken,
    /// How far it is.
    pub figures: Figures,
}

/// A lease that has not ended, and how its job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLease {
    /// The lease.
    pub lease: Lease,
    /// The code of the job's progress.
    pub progress: String,
    /// The code of what stopped it, if it stands still.
    pub stopped: Option<String>,
}

/// Keeps the last lease of each job. The contract is that of [`JobStore`](super::JobStore).
#[async_trait]
pub trait Leases: Send + Sync + 'static {
    /// Grants a lease if the job has none, or one that has ended, lapsed before `now`, or is held
    /// by the same station, or ends later than any that could be granted now. Returns the lease in force, which is the
    /// new one if it has `token`. Claiming again with the token in force changes nothing. `Missing`
    /// if there is no such job.
    async fn claim_lease(
        &self,
        job: JobId,
        station: &StationName,
        token: &LeaseToken,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Lease, JobStoreError>;

    /// The job's last lease.
    async fn lease(&self, job: JobId) -> Result<Option<Lease>, JobStoreError>;

    /// Extends the lease, never shortens it but from where a wrong clock put it, and keeps its figures;
    /// `false` if the token is not the one in force, or was given to another station. A lease that has
    /// lapsed and that nobody else took is still in force. How much was sent by `now` is kept among the
    /// [`Rates`](super::Rates), once a minute.
    async fn renew_lease(
        &self,
        job: JobId,
        station: &StationName,
        token: &LeaseToken,
        until: Timestamp,
        figures: &Figures,
        now: Timestamp,
    ) -> Result<bool, JobStoreError>;

    /// Renews several leases of one station, each as [`Leases::renew_lease`] does, in one transaction; which of them are
    /// in force, in their order.
    async fn renew_leases(
        &self,
        station: &StationName,
        signs: &[SignOfLife],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<bool>, JobStoreError>;

    /// A station's leases that have not ended, lapsed or not.
    async fn leases_of(&self, station: &StationName) -> Result<Vec<HeldLease>, JobStoreError>;

    /// The stations that have a lease that has not ended.
    async fn holders(&self) -> Result<Vec<StationName>, JobStoreError>;

    /// Ends every lease of a station, as from `now`.
    async fn end_leases_of(
        &self,
        station: &StationName,
        now: Timestamp,
    ) -> Result<(), JobStoreError>;

    /// Ends the lease; `false` if the token is not that of the last lease. Ending twice is as good
    /// as once.
    async fn end_lease(&self, job: JobId, token: &LeaseToken) -> Result<bool, JobStoreError>;

    /// Jobs in progress whose lease lapsed before `now` without having ended, or whose station was revoked, and that are
    /// not known to stand still; those of the oldest leases first.
    async fn lapsed_leases(&self, now: Timestamp, limit: u32) -> Result<Vec<JobId>, JobStoreError>;

    /// Extends every lease that has not ended, lapsed or not, to at least `until`: after a restart
    /// stations get a full term to come back. One that a wrong clock took ends then too.
    async fn extend_leases(&self, until: Timestamp) -> Result<(), JobStoreError>;
}

/// Grants a lease if the present one allows it. One that ends later than any that could be granted now
/// was taken by a wrong clock. The last condition makes a claim that is repeated with the token in
/// force change nothing.
pub(super) const CLAIM_LEASE: &str = "
    INSERT INTO leases (job, station, token, attempt, until, sign_of_life, ended)
    VALUES ($1, $2, $3, 1, $4, $5, FALSE)
    ON CONFLICT (job) DO UPDATE
    SET station = excluded.station, token = excluded.token, attempt = leases.attempt + 1,
        until = excluded.until, sign_of_life = excluded.sign_of_life, ended = FALSE
    WHERE (leases.ended OR leases.until < $6 OR leases.station = excluded.station
           OR leases.until > excluded.until + $7)
      AND (leases.ended OR leases.token <> excluded.token)";

pub(super) const LEASE: &str = "
    SELECT job, station, token, attempt, until, sign_of_life, ended FROM leases WHERE job = $1";

/// A lease is the station's to whom it was given, whoever knows its token.
pub(super) const RENEW_LEASE: &str = "
    UPDATE leases
    SET until = CASE WHEN until < $3 OR until > $3 + $5 THEN $3 ELSE until END, sign_of_life = $4
    WHERE job = $1 AND token = $2 AND station = $6 AND NOT ended";

pub(super) const LEASES_OF: &str = "
    SELECT leases.job, leases.station, leases.token, leases.attempt, leases.until, leases.sign_of_life,
           leases.ended, jobs.progress, jobs.stopped
    FROM leases JOIN jobs ON jobs.id = leases.job
    WHERE leases.station = $1 AND NOT leases.ended ORDER BY leases.job";

pub(super) const HOLDERS: &str = "SELECT DISTINCT station FROM leases WHERE NOT ended";

pub(super) const END_LEASES_OF: &str = "
    UPDATE leases SET ended = TRUE, until = CASE WHEN until > $2 THEN $2 ELSE until END
    WHERE station = $1 AND NOT ended";

pub(super) const END_LEASE: &str = "UPDATE leases SET ended = TRUE WHERE job = $1 AND token = $2";

/// Those whose job stands still already are known.
pub(super) const LAPSED_LEASES: &str = "
    SELECT leases.job FROM leases JOIN jobs ON jobs.id = leases.job
    LEFT JOIN stations ON stations.name = leases.station
    WHERE leases.until < $1 AND (NOT leases.ended OR stations.revoked IS NOT NULL)
      AND jobs.progress = 'InProgress' AND jobs.stopped IS NULL
    ORDER BY leases.until LIMIT $2";

pub(super) const EXTEND_LEASES: &str =
    "UPDATE leases SET until = $1 WHERE NOT ended AND (until < $1 OR until > $1 + $2)";

/// `job, station, token, attempt, until, sign_of_life, ended`.
pub(super) type LeaseRow = (String, String, String, i64, i64, String, bool);

/// The columns of a lease, and `progress, stopped` of its job.
pub(super) type HeldLeaseRow = (
    String,
    String,
    String,
    i64,
    i64,
    String,
    bool,
    String,
    Option<String>,
);

pub(super) fn held_lease(row: HeldLeaseRow) -> Result<HeldLease, JobStoreError> {
    let (job, station, token, attempt, until, sign, ended, progress, stopped) = row;
    Ok(HeldLease {
        lease: lease((job, station, token, attempt, until, sign, ended))?,
        progress,
        stopped,
    })
}

/// What a station last said of its work, as JSON.
pub(super) fn heartbeat(figures: &Figures) -> Result<String, JobStoreError> {
    Ok(serde_json::to_string(figures)?)
}

pub(super) fn lease(row: LeaseRow) -> Result<Lease, JobStoreError> {
    let (job, station, token, attempt, until, sign, ended) = row;
    let attempt =
        u32::try_from(attempt).map_err(|_| JobStoreError::Corrupt(format!("attempt {attempt}")))?;
    Ok(Lease {
        job: JobId::new(&job)?,
        station: StationName::new(station)?,
        token: LeaseToken(token),
        attempt,
        until: Timestamp::from_unix(until),
        figures: serde_json::from_str(&sign)?,
        ended,
    })
}

/// Implements [`Leases`] for the store of a database.
macro_rules! implement_leases {
    ($store:ident) => {
        const _: () = {
            use model::control::LeaseToken;
            use model::ids::{JobId, StationName};
            use model::loading::Figures;
            use model::time::Timestamp;
            use sqlx::{query, query_as, query_scalar};
            use $crate::jobstore::leases::{
                self, HeldLease, LONGEST_LEASE, Lease, Leases, SignOfLife,
            };
            use $crate::jobstore::{JobStoreError, error, rates};

            #[async_trait::async_trait]
            impl Leases for $store {
                async fn claim_lease(
                    &self,
                    job: JobId,
                    station: &StationName,
                    token: &LeaseToken,
                    now: Timestamp,
                    until: Timestamp,
                ) -> Result<Lease, JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(leases::CLAIM_LEASE)
                        .bind(job.as_str())
                        .bind(station.as_str())
                        .bind(&token.0)
                        .bind(until.unix())
                        .bind(leases::heartbeat(&Figures::default())?)
                        .bind(now.unix())
                        .bind(LONGEST_LEASE)
                        .execute(&mut *tx)
                        .await
                        .map_err(|error| error::refused(error, "", job.as_str()))?;
                    // The same transaction: the claim holds the row, granted or not.
                    let row: leases::LeaseRow = query_as(leases::LEASE)
                        .bind(job.as_str())
                        .fetch_one(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    leases::lease(row)
                }

                async fn lease(&self, job: JobId) -> Result<Option<Lease>, JobStoreError> {
                    let row: Option<leases::LeaseRow> =
                        self.row(leases::LEASE, job.as_str()).await?;
                    row.map(leases::lease).transpose()
                }

                async fn renew_lease(
                    &self,
                    job: JobId,
                    station: &StationName,
                    token: &LeaseToken,
                    until: Timestamp,
                    figures: &Figures,
                    now: Timestamp,
                ) -> Result<bool, JobStoreError> {
                    let sign = SignOfLife {
                        job,
                        token: token.clone(),
                        figures: figures.clone(),
                    };
                    let renewed = self.renew_leases(station, &[sign], until, now).await?;
                    Ok(renewed == [true])
                }

                async fn renew_leases(
                    &self,
                    station: &StationName,
                    signs: &[SignOfLife],
                    until: Timestamp,
                    now: Timestamp,
                ) -> Result<Vec<bool>, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let mut renewed = Vec::with_capacity(signs.len());
                    for sign in signs {
                        let done = query(leases::RENEW_LEASE)
                            .bind(sign.job.as_str())
                            .bind(&sign.token.0)
                            .bind(until.unix())
                            .bind(leases::heartbeat(&sign.figures)?)
                            .bind(LONGEST_LEASE)
                            .bind(station.as_str())
                            .execute(&mut *tx)
                            .await?;
                        let is_held = done.rows_affected() > 0;
                        renewed.push(is_held);
                        if is_held {
                            let (slot, sent) = rates::noted(&sign.figures, now);
                            query(rates::NOTE_RATE)
                                .bind(sign.job.as_str())
                                .bind(slot)
                                .bind(sent)
                                .execute(&mut *tx)
                                .await?;
                        }
                    }
                    tx.commit().await?;
                    Ok(renewed)
                }

                async fn leases_of(
                    &self,
                    station: &StationName,
                ) -> Result<Vec<HeldLease>, JobStoreError> {
                    let rows: Vec<leases::HeldLeaseRow> = query_as(leases::LEASES_OF)
                        .bind(station.as_str())
                        .fetch_all(self.readers())
                        .await?;
                    rows.into_iter().map(leases::held_lease).collect()
                }

                async fn holders(&self) -> Result<Vec<StationName>, JobStoreError> {
                    let names: Vec<String> = query_scalar(leases::HOLDERS)
                        .fetch_all(self.readers())
                        .await?;
                    names
                        .into_iter()
                        .map(|name| Ok(StationName::new(name)?))
                        .collect()
                }

                async fn end_leases_of(
                    &self,
                    station: &StationName,
                    now: Timestamp,
                ) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(leases::END_LEASES_OF)
                        .bind(station.as_str())
                        .bind(now.unix())
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }

                async fn end_lease(
                    &self,
                    job: JobId,
                    token: &LeaseToken,
                ) -> Result<bool, JobStoreError> {
                    let mut tx = self.begin().await?;
                    let done = query(leases::END_LEASE)
                        .bind(job.as_str())
                        .bind(&token.0)
                        .execute(&mut *tx)
                        .await?;
                    tx.commit().await?;
                    Ok(done.rows_affected() > 0)
                }

                async fn lapsed_leases(
                    &self,
                    now: Timestamp,
                    limit: u32,
                ) -> Result<Vec<JobId>, JobStoreError> {
                    let ids: Vec<String> = query_scalar(leases::LAPSED_LEASES)
                        .bind(now.unix())
                        .bind(i64::from(limit))
                        .fetch_all(self.readers())
                        .await?;
                    ids.iter().map(|id| Ok(JobId::new(id)?)).collect()
                }

                async fn extend_leases(&self, until: Timestamp) -> Result<(), JobStoreError> {
                    let mut tx = self.begin().await?;
                    query(leases::EXTEND_LEASES)
                        .bind(until.unix())
                        .bind(LONGEST_LEASE)
                        .execute(&mut *tx)
                        .await?;
                    Ok(tx.commit().await?)
                }
            }
        };
    };
}
pub(super) use implement_leases;
