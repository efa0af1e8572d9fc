//! A file of this host without a name: appended to, read anywhere, gone with its value.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Bytes that are written, and read in a row, at once.
const BUFFER_BYTES: usize = 1 << 20;

/// The file.
#[derive(Debug)]
pub(super) struct Scratch {
    file: File,
    written: u64,
    /// What is to be written behind it.
    tail: Vec<u8>,
}

impl Scratch {
    /// An empty one on the disk of `folder`.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            file: durable::unnamed(folder)?,
            written: 0,
            tail: Vec::new(),
        })
    }

    /// Where it ends.
    pub(super) fn end(&self) -> u64 {
        self.written + self.tail.len() as u64
    }

    /// Appends what is not to be read before [`Scratch::flush`]; says where it begins.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let at = self.end();
        self.tail.extend_from_slice(bytes);
        if self.tail.len() >= BUFFER_BYTES {
            self.flush()?;
        }
        Ok(at)
    }

    /// Writes what was appended.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.tail, self.written)?;
        self.written = self.end();
        self.tail.clear();
        // One large record would hold on to its memory.
        self.tail.shrink_to(2 * BUFFER_BYTES);
        Ok(())
    }

    /// Writes over what was flushed.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn overwrite(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, at)
    }

    /// Reads all of `into` from `at` on, of what was flushed.
    ///
    /// # Errors
    /// The system's error.
    pub(super) fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(into, at)
    }

    /// Reads in a row what was flushed, from `at` on.
    pub(super) fn reader(&self, at: u64) -> BufReader<Rest<'_>> {
        let rest = Rest { scratch: self, at };
        BufReader::with_capacity(BUFFER_BYTES, rest)
    }
}

/// What follows from a place on.
pub(super) struct Rest<'a> {
    scratch: &'a Scratch,
    at: u64,
}

impl Read for Rest<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.scratch.written.saturating_sub(self.at);
        let most = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let count = self.scratch.file.read_at(&mut buffer[..most], self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_appended_is_read_where_it_was_said_to_be_and_the_file_has_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut scratch = Scratch::create(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(scratch.append(b"one").unwrap(), 0);
        assert_eq!(scratch.append(&vec![7; BUFFER_BYTES]).unwrap(), 3);
        assert_eq!(scratch.append(b"last").unwrap(), 3 + BUFFER_BYTES as u64);
        scratch.flush().unwrap();
        let mut last = [0; 4];
        scratch.read(scratch.end() - 4, &mut last).unwrap();
        assert_eq!(&last, b"last");
        let mut all = Vec::new();
        scratch.reader(1).read_to_end(&mut all).unwrap();
        assert_eq!(all.len(), BUFFER_BYTES + 6);
        assert!(all.starts_with(b"ne\x07") && all.ends_with(b"\x07last"));
    }
}
