//! A device in memory that can break, for tests and simulations.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::{Device, SECTOR_BYTES};
use crate::fault::Fault;
use crate::tree::DeviceGone;

/// A device that lives as long as this value.
#[derive(Debug)]
pub struct MemoryDevice {
    content: Vec<u8>,
    sector: u32,
    /// By where they begin.
    bad: Mutex<BTreeMap<u64, Bad>>,
    is_gone: AtomicBool,
    read: AtomicU64,
}

/// A bad stretch.
#[derive(Debug)]
struct Bad {
    end: u64,
    errno: Errno,
    /// How often it still fails before it gives its bytes.
    times: u32,
    /// How often a read failed that touched it.
    failed: u32,
}

impl Default for MemoryDevice {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl MemoryDevice {
    /// A device that holds `content` in sectors of 512 bytes, and is well.
    #[must_use]
    pub fn new(content: Vec<u8>) -> Self {
        Self {
            content,
            sector: 512,
            bad: Mutex::default(),
            is_gone: AtomicBool::new(false),
            read: AtomicU64::new(0),
        }
    }

    /// The same in sectors of `sector` bytes.
    #[must_use]
    pub fn with_sector(self, sector: u32) -> Self {
        Self { sector, ..self }
    }

    /// Lets the next `times` reads that touch a sector of [`SECTOR_BYTES`] fail; with [`u32::MAX`], all of them.
    pub fn break_sector(&self, sector: u64, times: u32) {
        let start = sector * SECTOR_BYTES;
        self.break_range(start..start + SECTOR_BYTES, Errno::IO, times);
    }

    /// Lets the next `times` reads that touch a range fail with `errno`, and no range before it on the device that
    /// is still bad; with [`u32::MAX`], all of them.
    pub fn break_range(&self, range: Range<u64>, errno: Errno, times: u32) {
        let bad = Bad {
            end: range.end,
            errno,
            times,
            failed: 0,
        };
        self.bad().insert(range.start, bad);
    }

    /// How many reads failed that touched the broken range that begins at `start`.
    #[must_use]
    pub fn failed_reads(&self, start: u64) -> u32 {
        self.bad().get(&start).map_or(0, |bad| bad.failed)
    }

    /// Lets every read fail from now on.
    pub fn pull(&self) {
        self.is_gone.store(true, Ordering::SeqCst);
    }

    /// Lets it answer again.
    pub fn plug_in(&self) {
        self.is_gone.store(false, Ordering::SeqCst);
    }

    /// How many bytes were read so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::SeqCst)
    }

    fn bad(&self) -> MutexGuard<'_, BTreeMap<u64, Bad>> {
        self.bad.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if a part of the range is bad. The first that is has failed once more then, and all were tried.
    fn touch(&self, range: &Range<u64>) -> Result<(), Fault> {
        let mut bad = self.bad();
        let touched = bad.range_mut(..range.end).map(|(_, bad)| bad);
        let mut failing = touched.filter(|bad| bad.end > range.start && bad.times > 0);
        let Some(first) = failing.next() else {
            return Ok(());
        };
        if first.times < u32::MAX {
            first.times -= 1;
        }
        first.failed += 1;
        let errno = first.errno;
        failing.for_each(|bad| bad.failed += 1);
        Err(Fault::of(errno))
    }
}

impl Device for MemoryDevice {
    fn bytes(&self) -> u64 {
        self.content.len() as u64
    }

    fn sector(&self) -> u32 {
        self.sector
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        if self.is_gone.load(Ordering::SeqCst) {
            return Err(Fault::of(Errno::NODEV));
        }
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.content.get(start..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        self.touch(&(offset..offset.saturating_add(length as u64)))?;
        buffer[..length].copy_from_slice(&rest[..length]);
        self.read.fetch_add(length as u64, Ordering::SeqCst);
        Ok(length)
    }

    fn next_data(&self, offset: u64) -> u64 {
        offset
    }

    fn check(&self) -> Result<(), DeviceGone> {
        match self.is_gone.load(Ordering::SeqCst) {
            true => Err(DeviceGone(Errno::NODEV.into())),
            false => Ok(()),
        }
    }
}
