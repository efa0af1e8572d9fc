//! A device whose reads are written down, and that can be cut off at any of them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::fault::Fault;

/// A read that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) range: Range<u64>,
    pub(super) is_well: bool,
}

/// Passes reads on, up to one at which the process is killed.
pub(super) struct Traced {
    inner: Arc<dyn Device>,
    pub(super) asked: Mutex<Vec<Asked>>,
    left: AtomicU64,
    /// What lies there when it is killed is what the next attempt finds.
    folder: PathBuf,
    found: PathBuf,
}

impl Traced {
    /// The read behind so many is done, and its bytes reach nobody. What `folder` holds then is copied to `found`.
    pub(super) fn new(inner: Arc<dyn Device>, reads: u64, folder: &Path, found: &Path) -> Self {
        Self {
            inner,
            asked: Mutex::default(),
            left: AtomicU64::new(reads),
            folder: folder.to_owned(),
            found: found.to_owned(),
        }
    }

    /// One that is never cut off.
    pub(super) fn whole(inner: Arc<dyn Device>) -> Self {
        Self::new(inner, u64::MAX, Path::new(""), Path::new(""))
    }

    pub(super) fn is_killed(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }

    fn kill(&self) {
        for name in [MAP, kept::FILE, "rescued.list"] {
            let (from, to) = (self.folder.join(name), self.found.join(name));
            if from.exists() {
                std::fs::copy(from, to).unwrap();
            }
        }
    }
}

impl Device for Traced {
    fn bytes(&self) -> u64 {
        self.inner.bytes()
    }

    fn sector(&self) -> u32 {
        self.inner.sector()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        if self.is_killed() {
            return Err(Fault::of(Errno::NODEV));
        }
        let read = self.inner.read_at(offset, buffer);
        let asked = Asked {
            range: offset..offset + buffer.len() as u64,
            is_well: read.is_ok(),
        };
        self.asked.lock().unwrap().push(asked);
        if self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.kill();
            return Err(Fault::of(Errno::NODEV));
        }
        read
    }

    fn next_data(&self, offset: u64) -> u64 {
        offset
    }

    fn check(&self) -> Result<(), DeviceGone> {
        match self.is_killed() {
            true => Err(DeviceGone(Errno::NODEV.into())),
            false => self.inner.check(),
        }
    }
}
