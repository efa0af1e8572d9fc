//! A copy of the file as it is at one moment, while others write to it.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{BUSY_TIMEOUT, SqliteJobStore};
use crate::jobstore::JobStoreError;

impl SqliteJobStore {
    /// Copies the job store in the file `from` to the new file `to`, without what was deleted in it. Who writes meanwhile is
    /// not held up, and what is written then is not in it. What makes the copy private is its folder.
    ///
    /// # Errors
    /// `Unavailable` if one cannot be read or the other not be written.
    pub fn copy(from: &Path, to: &Path) -> Result<(), JobStoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(from, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let to = to.to_str().ok_or_else(|| {
            let error = std::io::Error::from(std::io::ErrorKind::InvalidFilename);
            JobStoreError::Unavailable(error.into())
        })?;
        connection.execute("VACUUM INTO ?1", [to])?;
        Ok(())
    }
}
