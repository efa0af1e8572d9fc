//! A regular file of a folder.
//!
//! Large reads go past the page cache (`O_DIRECT`), unless the file is there already: filling it costs
//! more than the device takes, and throws out what others have there. Where a file system or a buffer
//! does not lend itself to that, and for the odd end of a file, reads go through the cache, with the
//! device told what comes next.

use std::fs::File;
use std::io::{self, IoSliceMut};
use std::num::NonZeroU64;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rustix::fs::{Advice, OFlags};
use rustix::io::{Errno, ReadWriteFlags, preadv2};

use super::{Content, Shape};
use crate::aligned::Buffers;
use crate::layout::Layout;

/// Reads of at least so many bytes may go past the page cache.
const LARGE_BYTES: usize = 1 << 20;

/// Bytes that are asked for to see whether they are in the page cache.
const PROBE_BYTES: usize = 512;

/// What `O_DIRECT` wants offset, length and memory to be a multiple of, on any device in use.
pub const ALIGNMENT: usize = 4096;

/// An open file.
#[derive(Debug)]
pub struct FolderFile {
    file: File,
    /// Whether large reads go past the page cache; found out at the first.
    is_direct: OnceLock<AtomicBool>,
}

impl FolderFile {
    /// `file` is a regular file, open for reading.
    pub fn new(file: File) -> Self {
        Self {
            file,
            is_direct: OnceLock::new(),
        }
    }

    /// Reads past the page cache; `None` if that cannot be done.
    fn read_direct(&self, offset: u64, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        let is_aligned = buffer.as_ptr().align_offset(ALIGNMENT) == 0
            && buffer.len().is_multiple_of(ALIGNMENT)
            && offset.is_multiple_of(ALIGNMENT as u64);
        let is_direct = self.is_direct.get_or_init(|| {
            let first_and_last = [offset, offset + (buffer.len() - PROBE_BYTES) as u64];
            AtomicBool::new(!first_and_last.into_iter().all(|at| self.is_cached(at)))
        });
        if !is_aligned || !is_direct.load(Ordering::Relaxed) {
            return None;
        }
        let read = self.set_direct(true).and_then(|()| {
            let read = rustix::io::pread(&self.file, &mut *buffer, offset);
            self.set_direct(false).and(read)
        });
        match read {
            Err(Errno::INVAL | Errno::OPNOTSUPP) => {
                is_direct.store(false, Ordering::Relaxed);
                None
            }
            read => Some(read.map_err(io::Error::from)),
        }
    }

    /// Reads the block at `offset` past the page cache, or after it was told to forget the block.
    fn read_block(&self, offset: u64) -> io::Result<usize> {
        let mut block = Arc::new(Buffers::default()).take(ALIGNMENT as u64);
        let length = NonZeroU64::new(ALIGNMENT as u64);
        let _hint = rustix::fs::fadvise(&self.file, offset, length, Advice::DontNeed);
        let read = self.set_direct(true).and_then(|()| {
            let read = rustix::io::pread(&self.file, &mut *block, offset);
            self.set_direct(false).and(read)
        });
        match read {
            Err(Errno::INVAL | Errno::OPNOTSUPP) => self.file.read_at(&mut block, offset),
            read => Ok(read?),
        }
    }

    /// Whether the page cache has the bytes at `offset`.
    fn is_cached(&self, offset: u64) -> bool {
        let mut bytes = [0; PROBE_BYTES];
        let mut into = [IoSliceMut::new(&mut bytes)];
        preadv2(&self.file, &mut into, offset, ReadWriteFlags::NOWAIT).is_ok()
    }

    fn set_direct(&self, on: bool) -> rustix::io::Result<()> {
        let flags = rustix::fs::fcntl_getfl(&self.file)?;
        let flags = if on {
            flags | OFlags::DIRECT
        } else {
            flags - OFlags::DIRECT
        };
        rustix::fs::fcntl_setfl(&self.file, flags)
    }

    /// Tells the device that the stretch after one will be read soon.
    fn ask_ahead(&self, offset: u64, read: usize) {
        let length = read as u64;
        // A hint: a file system that does not take it is read all the same.
        let _hint = rustix::fs::fadvise(
            &self.file,
            offset + length,
            NonZeroU64::new(length),
            Advice::WillNeed,
        );
    }
}

impl Content for FolderFile {
    fn shape(&self) -> io::Result<Shape> {
        let meta = self.file.metadata()?;
        let nanoseconds = |s: i64, ns: i64| s.saturating_mul(1_000_000_000).saturating_add(ns);
        Ok(Shape {
            bytes: meta.len(),
            modified_ns: nanoseconds(meta.mtime(), meta.mtime_nsec()),
            changed_ns: nanoseconds(meta.ctime(), meta.ctime_nsec()),
        })
    }

    fn layout(&self) -> Option<&Layout> {
        None
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.len() >= LARGE_BYTES {
            if let Some(read) = self.read_direct(offset, buffer) {
                return read;
            }
            self.ask_ahead(offset, buffer.len());
        }
        self.file.read_at(buffer, offset)
    }

    fn read_afresh(&self, offset: u64) -> io::Result<bool> {
        let block = offset / ALIGNMENT as u64 * ALIGNMENT as u64;
        let read = self.read_block(block)?;
        Ok(block + read as u64 > offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aligned::Buffers;
    use crate::tree::fill;
    use std::sync::Arc;

    /// Parts of every kind follow each other: aligned, not aligned, over the end.
    #[test]
    fn large_reads_give_what_small_ones_give() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let content: Vec<u8> = (0..(5_u32 << 20) + 777)
            .map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()[3])
            .collect();
        std::fs::write(&path, &content).unwrap();
        let buffers = Arc::new(Buffers::default());
        for step in [1 << 20, 2 << 20, (1 << 20) + 1, 4096, 8 << 20] {
            let file = FolderFile::new(File::open(&path).unwrap());
            let mut read = Vec::new();
            while read.len() < content.len() {
                let mut buffer = buffers.take(step);
                let filled = fill(&file, read.len() as u64, &mut buffer).unwrap();
                read.extend_from_slice(&buffer[..filled]);
            }
            assert!(read == content, "in steps of {step}");
        }
    }
}
