//! Why a job store did not do what it was asked, by what the caller can do about it.

use std::fmt;

use model::ids::InvalidId;

use crate::sealing::SealBroken;

/// A job store that cannot do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum JobStoreError {
    /// Somebody else changed the job meanwhile; read it again.
    #[error("somebody else has changed the job at the same time; try again")]
    Conflict,
    /// The account has made as many jobs as it may.
    #[error("the account has made as many jobs as it may")]
    QuotaExceeded,
    /// The identifier is taken.
    #[error("`{0}` exists already")]
    Exists(String),
    /// The job or account that is to be changed, or that a key or lease is for, is not there.
    #[error("there is no `{0}`")]
    Missing(String),
    /// The store was made with another secret key, so that nothing sealed in it can be read.
    #[error("the job store was made with another secret key than this server has")]
    WrongKey,
    /// What the store holds cannot be read.
    #[error("the job store holds something unreadable: {0}")]
    Corrupt(String),
    /// The store cannot be reached or written; the caller may try again later.
    #[error("the job store cannot be reached or written")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A migration failed.
    #[error("the job store could not be brought up to date")]
    Migration(#[source] sqlx::migrate::MigrateError),
}

impl JobStoreError {
    /// That something in the store is not what this release writes.
    pub(crate) fn corrupt(error: impl fmt::Display) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<InvalidId> for JobStoreError {
    fn from(invalid: InvalidId) -> Self {
        Self::Corrupt(invalid.to_string())
    }
}

impl From<SealBroken> for JobStoreError {
    fn from(broken: SealBroken) -> Self {
        Self::Corrupt(broken.to_string())
    }
}

impl From<serde_json::Error> for JobStoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<sqlx::Error> for JobStoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Self::Corrupt(error.to_string())
            }
            error => Self::Unavailable(error.into()),
        }
    }
}

/// What a refused insertion means: `taken` names what a unique column has already, `absent` what a
/// foreign key points to in vain.
pub(super) fn refused(error: sqlx::Error, taken: &str, absent: &str) -> JobStoreError {
    match error.as_database_error() {
        Some(refusal) if refusal.is_unique_violation() => JobStoreError::Exists(taken.to_owned()),
        Some(refusal) if refusal.is_foreign_key_violation() => {
            JobStoreError::Missing(absent.to_owned())
        }
        _ => error.into(),
    }
}
