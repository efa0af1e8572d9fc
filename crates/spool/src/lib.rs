//! Sorts records by the bytes of their keys, on disk: what a store lists, or a journal holds, comes in orders of its
//! own, and memory does not grow with the number of records.
//!
//! Records are collected until they fill a buffer, which is sorted and written as a run; a run that
//! goes on where the one before ended is one with it, so that what comes in order costs one
//! run. The runs are read beside each other.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

/// Bytes that are sorted in memory at once: 100,000 records of a usual kind.
const RUN_BYTES: usize = 16 << 20;

/// Bytes of a run that are read at once. A hundred million records in no order are some 1,000 runs: 16 MiB.
const READ_BYTES: usize = 16 << 10;

/// Bytes a record takes in memory beside what it holds elsewhere.
const RECORD_BYTES: usize = 64;

/// What can be sorted.
pub trait Spooled: Sized {
    /// What it is sorted by.
    fn key(&self) -> &[u8];

    /// Writes it.
    fn write(&self, bytes: &mut Vec<u8>);

    /// Reads what was written.
    ///
    /// # Errors
    /// The system's error, or what says that it cannot have been written.
    fn read(from: &mut impl Read) -> io::Result<Self>;
}

/// Writes bytes of any length up to 4 GiB, for [`bytes_of`] to read.
pub fn put_bytes(value: &[u8], bytes: &mut Vec<u8>) {
    let length = u32::try_from(value.len()).expect("what is sorted is shorter than 4 GiB");
    bytes.extend(length.to_le_bytes());
    bytes.extend(value);
}

/// Reads what [`put_bytes`] wrote.
///
/// # Errors
/// The system's error.
pub fn bytes_of(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Reads a number that was written with its lowest byte first.
///
/// # Errors
/// The system's error.
pub fn number(from: &mut impl Read) -> io::Result<u64> {
    let mut number = [0; 8];
    from.read_exact(&mut number)?;
    Ok(u64::from_le_bytes(number))
}

/// Records while they are collected.
pub struct Spool<T> {
    file: File,
    runs: Vec<Range<u64>>,
    /// The last key of the last run.
    last: Option<Vec<u8>>,
    buffer: Vec<T>,
    buffered: usize,
    most: usize,
}

impl<T: Spooled> Spool<T> {
    /// An empty one, in a file in `folder` that has no name and goes with this.
    ///
    /// # Errors
    /// The system's error.
    pub fn create(folder: &Path) -> io::Result<Self> {
        Self::with_runs(folder, RUN_BYTES)
    }

    fn with_runs(folder: &Path, most: usize) -> io::Result<Self> {
        Ok(Self {
            file: durable::unnamed(folder)?,
            runs: Vec::new(),
            last: None,
            buffer: Vec::new(),
            buffered: 0,
            most,
        })
    }

    /// Takes another record.
    ///
    /// # Errors
    /// The system's error.
    pub fn push(&mut self, record: T) -> io::Result<()> {
        self.buffered += record.key().len() + RECORD_BYTES;
        self.buffer.push(record);
        if self.buffered >= self.most {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is collected as a run.
    fn flush(&mut self) -> io::Result<()> {
        self.buffer.sort_by(|one, two| one.key().cmp(two.key()));
        let (Some(first), Some(last)) = (self.buffer.first(), self.buffer.last()) else {
            return Ok(());
        };
        let goes_on = self.last.as_deref().is_some_and(|last| last < first.key());
        let last = last.key().to_vec();
        let start = self.runs.last().map_or(0, |run| run.end);
        let mut bytes = Vec::with_capacity(self.buffered);
        self.buffer
            .drain(..)
            .for_each(|record| record.write(&mut bytes));
        self.file.write_all_at(&bytes, start)?;
        let end = start + bytes.len() as u64;
        match self.runs.last_mut().filter(|_| goes_on) {
            Some(run) => run.end = end,
            None => self.runs.push(start..end),
        }
        self.last = Some(last);
        self.buffered = 0;
        Ok(())
    }

    /// All that was collected, in the order of the keys' bytes; under one key in the order in which it came.
    ///
    /// # Errors
    /// The system's error.
    pub fn sorted(mut self) -> io::Result<Sorted<T>> {
        self.flush()?;
        let file = Arc::new(self.file);
        let mut sorted = Sorted {
            runs: Vec::new(),
            heads: BinaryHeap::new(),
        };
        for run in self.runs {
            let stretch = FileRange {
                file: Arc::clone(&file),
                rest: run,
            };
            sorted
                .runs
                .push(BufReader::with_capacity(READ_BYTES, stretch));
            sorted.advance(sorted.runs.len() - 1)?;
        }
        Ok(sorted)
    }
}

/// Records in the order of their keys' bytes.
pub struct Sorted<T> {
    runs: Vec<BufReader<FileRange>>,
    heads: BinaryHeap<Reverse<RunHead<T>>>,
}

/// The next record of a run.
struct RunHead<T> {
    record: T,
    run: usize,
}

impl<T: Spooled> RunHead<T> {
    fn place(&self) -> (&[u8], usize) {
        (self.record.key(), self.run)
    }
}

impl<T: Spooled> PartialEq for RunHead<T> {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl<T: Spooled> Eq for RunHead<T> {}

impl<T: Spooled> PartialOrd for RunHead<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Spooled> Ord for RunHead<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}

impl<T: Spooled> Sorted<T> {
    /// The next record.
    ///
    /// # Errors
    /// The system's error.
    pub fn next_record(&mut self) -> io::Result<Option<T>> {
        let Some(Reverse(RunHead { record, run })) = self.heads.pop() else {
            return Ok(None);
        };
        self.advance(run)?;
        Ok(Some(record))
    }

    /// Whether the record after the one that was given has this key too.
    pub fn comes_again(&self, key: &[u8]) -> bool {
        let head = self.heads.peek();
        head.is_some_and(|Reverse(head)| head.record.key() == key)
    }

    fn advance(&mut self, run: usize) -> io::Result<()> {
        let from = &mut self.runs[run];
        if !from.fill_buf()?.is_empty() {
            let record = T::read(from)?;
            self.heads.push(Reverse(RunHead { record, run }));
        }
        Ok(())
    }
}

/// A stretch of the file, read from its beginning to its end.
struct FileRange {
    file: Arc<File>,
    rest: Range<u64>,
}

impl Read for FileRange {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.rest.end - self.rest.start).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let count = self.file.read_at(&mut buffer[..most], self.rest.start)?;
        self.rest.start += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key, and when it came.
    struct Named(String, u64);

    impl Spooled for Named {
        fn key(&self) -> &[u8] {
            self.0.as_bytes()
        }

        fn write(&self, bytes: &mut Vec<u8>) {
            put_bytes(self.0.as_bytes(), bytes);
            bytes.extend(self.1.to_le_bytes());
        }

        fn read(from: &mut impl Read) -> io::Result<Self> {
            let name = String::from_utf8(bytes_of(from)?).map_err(io::Error::other)?;
            Ok(Self(name, number(from)?))
        }
    }

    fn sorted(keys: &[String], run: usize) -> (usize, Vec<(String, u64)>) {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::with_runs(folder.path(), run).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        for (place, key) in (0..).zip(keys) {
            spool.push(Named(key.clone(), place)).unwrap();
        }
        let mut all = spool.sorted().unwrap();
        let (runs, mut found) = (all.runs.len(), Vec::new());
        while let Some(Named(key, place)) = all.next_record().unwrap() {
            found.push((key, place));
            let again = all.comes_again(found.last().unwrap().0.as_bytes());
            let next = all.heads.peek().map(|head| head.0.record.0.clone());
            assert_eq!(again, next.as_ref() == found.last().map(|last| &last.0));
        }
        (runs, found)
    }

    #[test]
    fn keys_in_any_order_come_out_in_that_of_their_bytes_and_equal_ones_as_they_came() {
        // 7 and 1,000 have no common divisor: every number comes, in an order of its own.
        let mut keys: Vec<String> = (0..1000).map(|i| format!("k{:03}", i * 7 % 1000)).collect();
        keys.extend(["k005", "k500", "é", "\u{1F600}", "\u{FFFF}"].map(str::to_owned));
        let mut expected: Vec<_> = keys.iter().cloned().zip(0..).collect();
        expected.sort();
        for run in [1, 500, 5000, 1 << 20] {
            assert_eq!(sorted(&keys, run).1, expected, "{run}");
        }
        assert!(sorted(&keys, 500).0 > 10);
        assert_eq!(sorted(&[], 500).1, []);
    }

    #[test]
    fn keys_that_come_in_order_are_one_run() {
        let keys: Vec<String> = (0..1000).map(|i| format!("k{i:03}")).collect();
        let expected: Vec<_> = keys.iter().cloned().zip(0..).collect();
        assert_eq!(sorted(&keys, 500), (1, expected));
    }
}
