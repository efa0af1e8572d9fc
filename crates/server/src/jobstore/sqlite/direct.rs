//! Rows that are read on the thread that asks for them.
//!
//! `sqlx` gives each SQLite connection a thread of its own, so that a query costs two switches between
//! threads, many times what looking up a row by its key does. What every request asks for, one row by
//! its key, is read here instead. In a write-ahead log readers never wait for writers, and the pages
//! that requests need are in memory: a thread is held up by a disk only where the file is larger than
//! the memory, for one page.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row};

use super::BUSY_TIMEOUT;
use crate::jobstore::JobStoreError;

/// Connections to one file that only read. There are as many as threads have asked at once.
#[derive(Debug)]
pub(super) struct DirectReads {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl DirectReads {
    /// Opens the first connection to the file at `path`, which has been brought up to date.
    ///
    /// # Errors
    /// `Unavailable` if it cannot be opened.
    pub(super) fn open(path: &Path) -> Result<Self, JobStoreError> {
        let reads = Self {
            path: path.to_owned(),
            idle: Mutex::default(),
        };
        let first = reads.connect()?;
        reads.put_back(first);
        Ok(reads)
    }

    /// The row that `statement` finds under its one parameter.
    ///
    /// # Errors
    /// `Unavailable` if the file cannot be read, `Corrupt` if the row has other columns than `T`.
    pub(super) fn row<T>(&self, statement: &str, key: &str) -> Result<Option<T>, JobStoreError>
    where
        T: for<'row> TryFrom<&'row Row<'row>, Error = rusqlite::Error>,
    {
        let connection = match self.take() {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let found = connection
            .prepare_cached(statement)
            .and_then(|mut prepared| prepared.query_row([key], |row| row.try_into()).optional());
        // One that failed is not used again.
        if found.is_ok() {
            self.put_back(connection);
        }
        Ok(found?)
    }

    /// Closes the connections that nobody uses.
    pub(super) fn close(&self) {
        self.lock().clear();
    }

    fn connect(&self) -> Result<Connection, JobStoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(connection)
    }

    fn take(&self) -> Option<Connection> {
        self.lock().pop()
    }

    fn put_back(&self, connection: Connection) {
        self.lock().push(connection);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<rusqlite::Error> for JobStoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error::{
            FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType,
        };
        match error {
            FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) => {
                Self::Corrupt(error.to_string())
            }
            error => Self::Unavailable(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "SELECT name FROM accounts WHERE id = $1";

    /// A file in write-ahead mode with one account, and a connection to write to it.
    fn accounts() -> (tempfile::TempDir, PathBuf, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs.db");
        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 CREATE TABLE accounts (id TEXT, name ANY);
                 INSERT INTO accounts VALUES ('1', 'one');",
            )
            .unwrap();
        (folder, path, writer)
    }

    #[test]
    fn what_another_connection_wrote_is_read_at_once() {
        let (_folder, path, writer) = accounts();
        let reads = DirectReads::open(&path).unwrap();
        let name = || reads.row::<(String,)>(NAME, "1").unwrap();
        assert_eq!(name(), Some(("one".to_owned(),)));
        for changed in ["two", "three"] {
            writer
                .execute("UPDATE accounts SET name = ?1", [changed])
                .unwrap();
            assert_eq!(name(), Some((changed.to_owned(),)));
        }
        writer.execute("DELETE FROM accounts", []).unwrap();
        assert_eq!(name(), None);
        assert_eq!(reads.lock().len(), 1, "one connection serves one thread");
    }

    #[test]
    fn a_row_of_another_form_and_a_file_that_is_gone_are_told_apart() {
        let (_folder, path, writer) = accounts();
        let reads = DirectReads::open(&path).unwrap();
        writer
            .execute("UPDATE accounts SET name = x'00ff'", [])
            .unwrap();
        let found = reads.row::<(String,)>(NAME, "1");
        assert!(matches!(found, Err(JobStoreError::Corrupt(_))), "{found:?}");
        let none = DirectReads::open(&path.with_extension("none"));
        assert!(matches!(none, Err(JobStoreError::Unavailable(_))));
    }
}
