//! A device in memory that can break, for tests and simulations.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use super::{Device, SECTOR_BYTES};
use crate::fault::Fault;
use crate::tree::DeviceGone;

/// A device that lives as long as this value.
#[derive(Debug, Default)]
pub struct MemoryDevice {
    content: Vec<u8>,
    /// How often each bad sector still fails before it gives its bytes.
    bad: Mutex<BTreeMap<u64, u32>>,
    is_gone: AtomicBool,
    read: AtomicU64,
}

impl MemoryDevice {
    /// A device that holds `content` and is well.
    #[must_use]
    pub fn new(content: Vec<u8>) -> Self {
        Self {
            content,
            ..Self::default()
        }
    }

    /// Lets the next `times` reads that touch a sector fail; with [`u32::MAX`], all of them.
    pub fn break_sector(&self, sector: u64, times: u32) {
        self.bad().insert(sector, times);
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

    fn bad(&self) -> MutexGuard<'_, BTreeMap<u64, u32>> {
        self.bad.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if a sector of the range is bad, which counts as one of its failures.
    fn touch(&self, offset: u64, end: u64) -> Result<(), Fault> {
        let mut bad = self.bad();
        let sectors = offset / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES);
        let failing = bad.range_mut(sectors).find(|(_, times)| **times > 0);
        let Some((_, times)) = failing else {
            return Ok(());
        };
        if *times < u32::MAX {
            *times -= 1;
        }
        Err(Fault::of(Errno::IO))
    }
}

impl Device for MemoryDevice {
    fn bytes(&self) -> u64 {
        self.content.len() as u64
    }

    fn sector(&self) -> u32 {
        512
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        if self.is_gone.load(Ordering::SeqCst) {
            return Err(Fault::of(Errno::NODEV));
        }
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.content.get(start..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        self.touch(offset, offset + length as u64)?;
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
