//! A device whose reads are counted, and seen: for whoever watches how far it is, and whether a disk fails, or its cable.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::live_map::{CELLS, LiveMap, cell_of};
use model::report::device_map::Stretched;

use super::Device;
use crate::fault::Fault;
use crate::rescue::spans::Spans;
use crate::tree::DeviceGone;

/// Something of a cell was read.
const READ: u8 = 1;

/// Something of it came only when it was tried again.
const AGAIN: u8 = 2;

/// What was read of a device.
pub struct Reads {
    bytes: AtomicU64,
    /// How long the device is; 0 while there is none.
    device_bytes: AtomicU64,
    /// What was read of each part of it.
    cells: [AtomicU8; CELLS],
    errors: AtomicU64,
    /// What failed when it was last read. As many as a rescue leads at most: one that has more has given up.
    bad: Mutex<Spans<()>>,
}

impl Default for Reads {
    fn default() -> Self {
        Self {
            bytes: AtomicU64::default(),
            device_bytes: AtomicU64::default(),
            cells: std::array::from_fn(|_| AtomicU8::default()),
            errors: AtomicU64::default(),
            bad: Mutex::default(),
        }
    }
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
        self.bad().len() as u64
    }

    /// What was read so far; none while there is no device.
    #[must_use]
    pub fn map(&self) -> Option<LiveMap> {
        let mut cells: Vec<Stretched> = self
            .cells
            .iter()
            .take(self.cell_count())
            .map(|cell| match cell.load(Ordering::Relaxed) {
                0 => Stretched::Untried,
                READ => Stretched::Read,
                _ => Stretched::Again,
            })
            .collect();
        for (range, ()) in self.bad().iter() {
            let bad = cells.get_mut(self.cells_of(&range)).unwrap_or_default();
            bad.fill(Stretched::Bad);
        }
        let cells: String = cells.into_iter().map(Stretched::letter).collect();
        let bytes = self.device_bytes.load(Ordering::Relaxed);
        (!cells.is_empty()).then_some(LiveMap { bytes, cells })
    }

    /// How many cells there are: a device of a few bytes has no more.
    fn cell_count(&self) -> usize {
        let bytes = self.device_bytes.load(Ordering::Relaxed);
        usize::try_from(bytes).map_or(CELLS, |bytes| bytes.min(CELLS))
    }

    /// The cells in which a range lies.
    fn cells_of(&self, range: &Range<u64>) -> Range<usize> {
        let (count, bytes) = (self.cell_count(), self.device_bytes.load(Ordering::Relaxed));
        if range.is_empty() || count == 0 {
            return 0..0;
        }
        cell_of(range.start, bytes, count)..cell_of(range.end - 1, bytes, count) + 1
    }

    fn see(&self, range: &Range<u64>, what: u8) {
        for cell in self.cells.get(self.cells_of(range)).unwrap_or_default() {
            // Most of the time it is known.
            if cell.load(Ordering::Relaxed) & what == 0 {
                cell.fetch_or(what, Ordering::Relaxed);
            }
        }
    }

    fn bad(&self) -> MutexGuard<'_, Spans<()>> {
        self.bad.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, offset: u64, wanted: usize, read: Result<usize, Fault>) {
        match read {
            Ok(read) => {
                self.bytes.fetch_add(read as u64, Ordering::Relaxed);
                let range = stretch(offset, read);
                self.see(&range, READ);
                // Nothing is bad of a sound device, and nobody waits here.
                if self.errors() > 0 {
                    let mut bad = self.bad();
                    for (again, ()) in bad.within(range.clone()) {
                        self.see(&again, AGAIN);
                    }
                    bad.set(range, None);
                }
            }
            Err(Fault::Bad(_)) => {
                self.errors.fetch_add(1, Ordering::Relaxed);
                self.bad().set(stretch(offset, wanted), Some(()));
            }
            Err(Fault::Slow(_) | Fault::Gone(_)) => {
                self.errors.fetch_add(1, Ordering::Relaxed);
            }
            // It says nothing of the device.
            Err(Fault::Host(_)) => {}
        }
    }
}

fn stretch(offset: u64, length: usize) -> Range<u64> {
    offset..offset.saturating_add(length as u64)
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
        reads.device_bytes.store(inner.bytes(), Ordering::Relaxed);
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

    #[test]
    fn what_was_read_is_seen_and_what_came_again_and_what_is_bad() {
        // A cell is a sector.
        let device = MemoryDevice::new(vec![7; 120 * 512]);
        device.break_range(1024..1536, rustix::io::Errno::IO, 1);
        device.break_range(2048..2560, rustix::io::Errno::IO, 9);
        let reads = Arc::<Reads>::default();
        assert_eq!(reads.map(), None);
        let counted = Counted::new(Box::new(device), Arc::clone(&reads));
        let mut buffer = [0; 512];
        for sector in [0, 1, 2, 2, 4, 119] {
            let _read = counted.read_at(sector * 512, &mut buffer);
        }
        let map = reads.map().unwrap();
        assert_eq!(map.bytes, 120 * 512);
        assert_eq!(map.cells, format!("++~?-{}+", "?".repeat(114)));
    }

    #[test]
    fn a_device_of_a_few_bytes_has_as_many_cells() {
        let small = |bytes| Box::new(MemoryDevice::new(vec![7; bytes]));
        let reads = Arc::<Reads>::default();
        let counted = Counted::new(small(3), Arc::clone(&reads));
        counted.read_at(1, &mut [0; 1]).unwrap();
        assert_eq!(reads.map().unwrap().cells, "?+?");
        let nothing = Arc::<Reads>::default();
        let _counted = Counted::new(small(0), Arc::clone(&nothing));
        assert_eq!(nothing.map(), None);
    }
}
