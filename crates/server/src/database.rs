//! The database that the settings name, as a job store.

mod clock;

use std::path::Path;
use std::sync::Arc;

use model::time::Clock;
use tokio_util::sync::CancellationToken;

pub(crate) use clock::DatabaseClock;

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

    /// The time by which goes what is kept in it: its own where several servers share it, else the host's. The second is
    /// what reads the first.
    pub(crate) async fn clock(
        &self,
        host: Arc<dyn Clock>,
    ) -> Result<(Arc<dyn Clock>, Option<Arc<DatabaseClock>>), JobStoreError> {
        Ok(match self {
            Self::Sqlite(_) => (host, None),
            Self::Postgres(store) => {
                let clock = DatabaseClock::of(store, host).await?;
                (clock.clone(), Some(clock))
            }
        })
    }

    /// What keeps its clock read until it is stopped; nothing is to be done where it is the host's.
    pub(crate) fn keep_clock(
        &self,
        clock: Option<Arc<DatabaseClock>>,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static {
        let store = match self {
            Self::Sqlite(_) => None,
            Self::Postgres(store) => Some(store.clone()),
        };
        async move {
            if let Some((clock, store)) = clock.zip(store) {
                clock.keep(&store, &stop).await;
            }
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
