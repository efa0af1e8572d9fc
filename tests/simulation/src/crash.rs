//! The disk under the journal: full, failing, or gone with the process that wrote to it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::io::Errno;
use transfer::journal::file::{Disk, LogFile, LogFiles};

use crate::attempt::{Attempt, Extent};

/// Journals that share the fate of an attempt.
pub struct Logs {
    disk: Arc<FragileDisk>,
}

struct FragileDisk {
    attempt: Arc<Attempt>,
    /// Bytes appended and syncs asked for, by whichever file.
    appended: AtomicU64,
    syncs: AtomicU64,
}

impl Logs {
    /// The journals of an attempt.
    #[must_use]
    pub fn new(attempt: Arc<Attempt>) -> Self {
        Self {
            disk: Arc::new(FragileDisk {
                attempt,
                appended: AtomicU64::new(0),
                syncs: AtomicU64::new(0),
            }),
        }
    }
}

impl LogFiles for Logs {
    fn open(&self, path: &Path, beginning: &[u8]) -> io::Result<Box<dyn LogFile>> {
        let attempt = &self.disk.attempt;
        attempt.step("opening a journal").map_err(|_| dead())?;
        let file = Disk.open(path, beginning)?;
        let length = path.metadata()?.len();
        let extent = Extent {
            synced: length,
            length,
            broken: false,
        };
        attempt.logs().insert(path.to_owned(), extent);
        Ok(Box::new(FragileFile {
            file,
            path: path.to_owned(),
            disk: Arc::clone(&self.disk),
        }))
    }
}

struct FragileFile {
    file: Box<dyn LogFile>,
    path: PathBuf,
    disk: Arc<FragileDisk>,
}

impl FragileFile {
    /// Does something to the file while nobody else looks at it, unless the process is dead.
    fn with(
        &mut self,
        what: &str,
        act: impl FnOnce(&mut dyn LogFile, &FragileDisk, &Path, &mut Extent) -> io::Result<()>,
    ) -> io::Result<()> {
        let attempt = &self.disk.attempt;
        attempt.step(what).map_err(|_| dead())?;
        let mut logs = attempt.logs();
        if attempt.is_dead() {
            return Err(dead());
        }
        let extent = logs.entry(self.path.clone()).or_default();
        if extent.broken {
            attempt
                .diary
                .violation(format_args!("{what} after an error of the journal"));
        }
        let done = act(&mut *self.file, &self.disk, &self.path, extent);
        extent.broken |= done.is_err();
        drop(logs);
        done?;
        attempt.step(what).map_err(|_| dead())
    }
}

impl LogFile for FragileFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.with("an append to the journal", |file, disk, _, extent| {
            let wanted = bytes.len() as u64;
            let before = disk.appended.fetch_add(wanted, Ordering::SeqCst);
            let takes = disk.attempt.trouble.disk_takes.unwrap_or(u64::MAX);
            let room = takes.saturating_sub(before).min(wanted);
            let fits = usize::try_from(room).expect("it is within the bytes");
            file.append(&bytes[..fits])?;
            extent.length += room;
            if room < wanted {
                disk.attempt.note("the journal's disk is full");
                return Err(Errno::NOSPC.into());
            }
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.with("a sync of the journal", |file, disk, path, extent| {
            let number = disk.syncs.fetch_add(1, Ordering::SeqCst);
            if disk.attempt.trouble.sync_fails == Some(number) {
                disk.attempt.note("a sync of the journal fails");
                disk.attempt.tear(path, extent)?;
                return Err(Errno::IO.into());
            }
            file.sync()?;
            extent.synced = extent.length;
            Ok(())
        })
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.with("a cut of the journal", |file, _, _, extent| {
            file.cut(length)?;
            extent.length = length;
            extent.synced = length;
            Ok(())
        })
    }
}

fn dead() -> io::Error {
    io::Error::other("the process is dead")
}
