//! The file under a journal, so that tests can lose what was not synced, or find the disk full.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// Opens the files of journals.
pub trait LogFiles: Send + Sync {
    /// Opens the file at `path` for appending at its end. If there is none it is made, for its owner
    /// only, holding `beginning`: durably when this returns, and whole or not at all before.
    ///
    /// # Errors
    /// The system's error.
    fn open(&self, path: &Path, beginning: &[u8]) -> io::Result<Box<dyn LogFile>>;
}

/// A file that only grows, but for its tail being cut off when it is opened.
///
/// # Contract
/// What was appended may be lost, in whole or in part, until `sync` has returned `Ok`; then it
/// stays. After an error of `append` or `sync` nothing is known of what was not synced before, and
/// the file must not be used any more.
pub trait LogFile: Send {
    /// Appends `bytes`.
    ///
    /// # Errors
    /// The system's error; any part of `bytes` may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything appended durable.
    ///
    /// # Errors
    /// The system's error.
    fn sync(&mut self) -> io::Result<()>;

    /// Cuts the file to `length` bytes, durably; what is appended next follows there.
    ///
    /// # Errors
    /// The system's error.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// Files of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl LogFiles for Disk {
    fn open(&self, path: &Path, beginning: &[u8]) -> io::Result<Box<dyn LogFile>> {
        if !path.try_exists()? {
            durable::create(path, beginning)?;
        }
        let mut file = File::options().write(true).open(path)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Box::new(file))
    }
}

impl LogFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length))?;
        self.sync_data()
    }
}
