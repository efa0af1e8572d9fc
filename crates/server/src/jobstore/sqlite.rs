//! The job store of one server: a SQLite file.
//!
//! One connection writes, several read; single rows are read without them ([`direct`]). Every write begins
//! with `BEGIN IMMEDIATE`: a transaction that begins by reading and then writes can fail in a way that no
//! waiting cures.

mod copy;
mod direct;

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, Sqlite, Transaction};

use direct::DirectReads;

use super::JobStoreError;
use super::implement_job_store;
use super::migrations;
use crate::sealing::Sealer;
use durable::OWNER_ONLY;

/// Connections that read. SQLite answers from memory; more than the processors have no use.
const READERS: u32 = 4;

/// How long a write waits for another process's, for instance a backup's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Keeps jobs in a SQLite file, with a write-ahead log beside it. Every write is synced to the
/// disk before it is confirmed.
#[derive(Debug, Clone)]
pub struct SqliteJobStore {
    writer: SqlitePool,
    readers: SqlitePool,
    direct: Arc<DirectReads>,
    sealer: Sealer,
}

impl SqliteJobStore {
    /// Opens the file at `path`, making it and bringing it up to date as needed.
    ///
    /// # Errors
    /// `WrongKey` if the store was made with another secret key; `Migration` if it was made by a
    /// newer version; `Unavailable` if the file cannot be opened.
    pub async fn open(path: &Path, sealer: Sealer) -> Result<Self, JobStoreError> {
        let _only_one_migrates = prepare(path.to_owned()).await?;
        let options = options(path);
        // SQLite itself rolls back what fails for want of room or memory, and the library counts a
        // transaction still: such a connection would refuse every write from then on.
        let writer = pool(1)
            .before_acquire(|connection, _| {
                Box::pin(async move { Ok(!connection.is_in_transaction()) })
            })
            .connect_with(options.clone())
            .await?;
        migrations::of_sqlite()
            .run(&writer)
            .await
            .map_err(JobStoreError::Migration)?;
        // These only read, one statement at a time: asking each whether it is there, before every
        // statement, would double their cost.
        let readers = pool(READERS)
            .test_before_acquire(false)
            .connect_with(options.read_only(true))
            .await?;
        let store = Self {
            writer,
            readers,
            direct: Arc::new(DirectReads::open(path)?),
            sealer,
        };
        store.check_key().await?;
        Ok(store)
    }

    /// Closes the file after what is under way, folding the write-ahead log into it.
    pub async fn close(&self) {
        self.direct.close();
        self.readers.close().await;
        self.writer.close().await;
    }

    fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    async fn row<T>(&self, statement: &str, key: &str) -> Result<Option<T>, JobStoreError>
    where
        T: for<'row> TryFrom<&'row rusqlite::Row<'row>, Error = rusqlite::Error>,
    {
        self.direct.row(statement, key)
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }
}

implement_job_store!(SqliteJobStore, Sqlite);

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
}

fn pool(connections: u32) -> SqlitePoolOptions {
    // Connections to a file do not go stale: they are kept.
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(30))
        .idle_timeout(None)
        .max_lifetime(None)
}

/// Makes the file readable by the owner alone before SQLite makes it otherwise, and takes the lock
/// under which it is brought up to date, for SQLite has none for that.
async fn prepare(path: PathBuf) -> Result<std::fs::File, JobStoreError> {
    let prepared = tokio::task::spawn_blocking(move || {
        create_private(&path)?;
        let mut lock = path.into_os_string();
        lock.push(".lock");
        let lock = create_private(Path::new(&lock))?;
        lock.lock()?;
        Ok(lock)
    });
    let prepared: io::Result<_> = prepared.await.map_err(io::Error::other).flatten();
    prepared.map_err(|error| JobStoreError::Unavailable(error.into()))
}

/// An existing file is opened as it is.
fn create_private(path: &Path) -> io::Result<std::fs::File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(OWNER_ONLY)
        .open(path)
}
