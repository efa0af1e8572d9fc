//! Room kept aside on a disk, and given up when it is full: without any, no database can be opened and
//! nothing can be deleted.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::FallocateFlags;

use crate::OWNER_ONLY;

/// A file that does nothing but take room.
#[derive(Debug, Clone)]
pub struct Reserve {
    path: PathBuf,
    bytes: u64,
}

impl Reserve {
    /// The reserve of `bytes` at `path`. Nothing is made yet.
    #[must_use]
    pub fn new(path: PathBuf, bytes: u64) -> Self {
        Self { path, bytes }
    }

    /// Bytes that can still be written beside it, if the file system says.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        free(self.path.parent()?)
    }

    /// Whether the disk has no room for a database to work in: a quarter of what is kept aside.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.free().is_some_and(|free| free < self.bytes / 4)
    }

    /// Gives the room back to the disk; whether there was any.
    #[must_use]
    pub fn release(&self) -> bool {
        fs::remove_file(&self.path).is_ok()
    }

    /// Keeps room aside again, once there is plenty. A disk that cannot do it goes without.
    pub fn keep(&self) {
        if self.held() < self.bytes && self.free().is_some_and(|free| free >= self.bytes * 4) {
            self.take(self.bytes);
        }
    }

    /// Keeps aside what is left on a full disk, up to the whole, before somebody else takes it. A
    /// sixteenth of the whole stays free to work in.
    pub fn keep_rest(&self) {
        let left = self.free().unwrap_or(0).saturating_sub(self.bytes / 16);
        let held = self.held();
        let wanted = (held + left).min(self.bytes);
        if wanted > held {
            self.take(wanted);
        }
    }

    /// Bytes kept aside now.
    fn held(&self) -> u64 {
        self.path.metadata().map_or(0, |found| found.len())
    }

    fn take(&self, bytes: u64) {
        if self.allocate(bytes).is_err() {
            // Half made it would count as room that is not there.
            let _ = fs::remove_file(&self.path);
        }
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let file = options.mode(OWNER_ONLY).open(&self.path)?;
        Ok(rustix::fs::fallocate(
            &file,
            FallocateFlags::empty(),
            0,
            bytes,
        )?)
    }
}

/// Bytes that can still be written in a folder, for those who are not root; `None` if its file system
/// does not say.
#[must_use]
pub fn free(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    (found.f_blocks > 0).then(|| found.f_bavail.saturating_mul(found.f_frsize))
}

/// Whether a failure, or any of its causes, is that a disk or a quota is full.
#[must_use]
pub fn is_for_want_of_room(error: &(dyn std::error::Error + 'static)) -> bool {
    let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
    std::iter::successors(Some(error), |error| error.source()).any(|error| {
        let error = error.downcast_ref::<io::Error>();
        error.is_some_and(|error| full.contains(&error.kind()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt as _;

    #[test]
    fn a_reserve_takes_real_room_and_gives_it_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reserve");
        let reserve = Reserve::new(path.clone(), 1 << 20);
        assert!(!reserve.release() && !reserve.is_wanted());
        reserve.keep();
        let found = path.metadata().unwrap();
        assert_eq!(found.len(), 1 << 20);
        assert!(found.blocks() * 512 >= 1 << 20 && found.mode() & 0o777 == 0o600);
        assert!(reserve.release() && !path.exists());
        reserve.keep_rest();
        assert_eq!(reserve.held(), 1 << 20);
    }

    #[test]
    fn a_full_disk_is_known_behind_other_failures() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] io::Error);
        assert!(is_for_want_of_room(&Outer(
            io::ErrorKind::StorageFull.into()
        )));
        assert!(!is_for_want_of_room(&Outer(io::ErrorKind::NotFound.into())));
    }
}
