//! A device whose reads are counted: for whoever watches whether a disk fails, or its cable.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Device;
use crate::fault::Fault;
use crate::rescue::spans::Spans;
use crate::tree::DeviceGone;

/// What was read of a device.
#[derive(Default)]
pub struct Reads {
    bytes: AtomicU64,
    errors: AtomicU64,
    /// What failed when it was last read. As many as a rescue leads at most: one that has more has given up.
    bad: Mutex<Spans<()>>,
}

impl fmt::Debug for Reads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reads")
            .field("bytes", &self.bytes())
            .field("errors", &self.errors())
            .finish_non_exhaustive()
    }
}

impl Reads {
    /// Bytes that came.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Reads that failed, or were not answered in time.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// Ranges that could not be read when they were last tried.
    #[must_use]
    pub fn bad_ranges(&self) -> u64 {
        let bad = self.bad.lock().unwrap_or_else(PoisonError::into_inner);
        bad.len() as u64
    }

    fn count(&self, offset: u64, wanted: usize, read: Result<usize, Fault>) {
        match read {
            Ok(read) => {
                self.bytes.fetch_add(read as u64, Ordering::Relaxed);
                // Nothing is bad of a sound device, and nobody waits here.
                if self.errors() > 0 {
                    self.mark(offset, read, None);
                }
            }
            Err(Fault::Bad(_)) => {
                self.errors.fetch_add(1, Ordering::Relaxed);
                self.mark(offset, wanted, Some(()));
            }
            Err(Fault::Slow(_) | Fault::Gone(_)) => {
                self.errors.fetch_add(1, Ordering::Relaxed);
            }
            // It says nothing of the device.
            Err(Fault::Host(_)) => {}
        }
    }

    fn mark(&self, offset: u64, length: usize, bad: Option<()>) {
        let end = offset.saturating_add(length as u64);
        let mut ranges = self.bad.lock().unwrap_or_else(PoisonError::into_inner);
        ranges.set(offset..end, bad);
    }
}

/// A device whose reads are counted.
pub struct Counted {
    inner: Box<dyn Device>,
    reads: Arc<Reads>,
}

impl Counted {
    /// Counts the reads of a device in `reads`.
    #[must_use]
    pub fn new(inner: Box<dyn Device>, reads: Arc<Reads>) -> Self {
        Self { inner, reads }
    }
}

#[deny(clippy::missing_trait_methods)]
impl Device for Counted {
    fn bytes(&self) -> u64 {
        self.inner.bytes()
    }

    fn sector(&self) -> u32 {
        self.inner.sector()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        let read = self.inner.read_at(offset, buffer);
        self.reads.count(offset, buffer.len(), read);
        read
    }

    fn next_data(&self, offset: u64) -> u64 {
        self.inner.next_data(offset)
    }

    fn check(&self) -> Result<(), DeviceGone> {
        self.inner.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::memory::MemoryDevice;

    #[test]
    fn what_comes_after_all_is_not_bad_any_more() {
        let device = MemoryDevice::new(vec![7; 64 << 10]);
        device.break_range(4096..8192, rustix::io::Errno::IO, 2);
        let reads = Arc::<Reads>::default();
        let counted = Counted::new(Box::new(device), Arc::clone(&reads));
        let mut buffer = [0; 4096];
        for offset in [0, 4096, 8192] {
            let _read = counted.read_at(offset, &mut buffer);
        }
        assert_eq!(
            (reads.bytes(), reads.errors(), reads.bad_ranges()),
            (8192, 1, 1)
        );
        counted.read_at(4096, &mut buffer).unwrap_err();
        assert_eq!((reads.errors(), reads.bad_ranges()), (2, 1));
        assert_eq!(counted.read_at(4096, &mut buffer).unwrap(), 4096);
        assert_eq!(
            (reads.bytes(), reads.errors(), reads.bad_ranges()),
            (12288, 2, 0)
        );
    }
}
