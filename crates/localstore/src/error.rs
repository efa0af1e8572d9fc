//! What can go wrong below the S3 protocol.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The root folder or one of the store's own folders cannot be made or used.
    #[error("could not use `{}` as the root of an object store", path.display())]
    Root {
        /// The folder or file in question.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Another process has the store open.
    #[error("the object store at `{}` is in use by another process", path.display())]
    InUse {
        /// The store's root.
        path: PathBuf,
    },
    /// The index cannot be opened or read.
    #[error("could not open the index `{}`", path.display())]
    Index {
        /// The index file.
        path: PathBuf,
        /// What the database says.
        source: sqlx::Error,
    },
    /// The index was written by a newer release.
    #[error("the index has format {found}, this release knows formats up to {known}")]
    Newer {
        /// The format found.
        found: i64,
        /// The newest format known.
        known: i64,
    },
}

/// Why a change or a look-up failed.
///
/// May be retried: `Disk` and `Index` once their cause is gone, `Refused` never. A change that
/// failed did not happen, except that `Index` at commit may have been carried out by a database
/// that could not say so.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The disk failed or is full.
    #[error("could not {action}")]
    Disk {
        /// What was being done.
        action: &'static str,
        /// What the operating system says.
        source: Arc<io::Error>,
    },
    /// The index failed.
    #[error("the index failed")]
    Index(#[source] Arc<sqlx::Error>),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The change does not fit the present state.
    #[error("refused: {0:?}")]
    Refused(Refusal),
}

/// Why a change does not fit the present state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The bucket does not exist.
    NoSuchBucket,
    /// The object does not exist.
    NoSuchKey,
    /// The upload does not exist, or is for another key.
    NoSuchUpload,
    /// `If-Match` or `If-None-Match` does not hold.
    PreconditionFailed,
    /// The bucket still holds objects.
    BucketNotEmpty,
    /// The bucket exists.
    BucketExists {
        /// The account that owns it.
        owner: String,
    },
    /// S3's rules do not allow the bucket's name.
    BadBucketName,
    /// Another object has the file name that was found for this one; another try finds another.
    PathTaken,
}

impl StoreError {
    pub(crate) fn disk(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Disk {
            action,
            source: Arc::new(source),
        }
    }

    /// Whether the cause is a full disk or a quota.
    #[must_use]
    pub fn is_out_of_space(&self) -> bool {
        match self {
            Self::Disk { source, .. } => {
                matches!(
                    source.kind(),
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
                )
            }
            // SQLITE_FULL; see the list of result codes of SQLite.
            Self::Index(source) => source
                .as_database_error()
                .and_then(|error| error.code())
                .is_some_and(|code| code == "13"),
            Self::Closed | Self::Refused(_) => false,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        Self::Index(Arc::new(source))
    }
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
