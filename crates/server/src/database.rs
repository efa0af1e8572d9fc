//! The database that the settings name, as a job store.

use std::path::Path;
use std::sync::Arc;

use crate::config::DatabaseConfig;
use crate::jobstore::{JobStore, JobStoreError, PostgresJobStore, SqliteJobStore};
use crate::sealing::Sealer;

/// An open database.
#[derive(Debug)]
pub(crate) enum Database {
    Sqlite(SqliteJobStore),
    Postgres(PostgresJobStore),
}

impl Database {
    /// Opens the database. That of SQLite is the file `path`, which is made as needed.
    pub(crate) async fn open(
        config: &DatabaseConfig,
        path: &Path,
        sealer: Sealer,
    ) -> Result<Self, JobStoreError> {
        Ok(match config {
            DatabaseConfig::Sqlite => Self::Sqlite(SqliteJobStore::open(path, sealer).await?),
            DatabaseConfig::Postgres(url) => {
                Self::Postgres(PostgresJobStore::connect(url.expose(), sealer).await?)
            }
        })
    }

    /// The job store in it.
    pub(crate) fn jobs(&self) -> Arc<dyn JobStore> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// Closes it: all that was written is where it belongs.
    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}
