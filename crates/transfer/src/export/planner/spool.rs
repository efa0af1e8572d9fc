//! Sorts what a store lists by the bytes of the keys, on disk: stores list in orders of their own, and
//! memory does not grow with the number of objects.
//!
//! Objects are collected until they fill a buffer, which is sorted and written as a run; a run that
//! goes on where the one before ended is one with it, so that a store which lists by the bytes costs one
//! run. The runs are read beside each other.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use model::ids::ObjectKey;
use objectstore::object::Listed;

/// Bytes of keys and tags that are sorted in memory at once: 100,000 objects of a usual kind.
const RUN_BYTES: usize = 16 << 20;

/// Bytes of a run that are read at once. A hundred million objects in no order are some 1,000 runs: 16 MiB.
const READ_BYTES: usize = 16 << 10;

/// Bytes an object takes beside key and tag.
const OBJECT_BYTES: usize = 64;

/// Listed objects while they are collected.
pub(super) struct Spool {
    file: File,
    runs: Vec<Range<u64>>,
    /// The last key of the last run.
    last: Option<ObjectKey>,
    buffer: Vec<Listed>,
    buffered: usize,
    most: usize,
}

impl Spool {
    /// An empty one, in a file in `folder` that has no name and goes with this.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        Self::with_runs(folder, RUN_BYTES)
    }

    fn with_runs(folder: &Path, most: usize) -> io::Result<Self> {
        let path = folder.join(format!("listing-{}", std::process::id()));
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(Self {
            file,
            runs: Vec::new(),
            last: None,
            buffer: Vec::new(),
            buffered: 0,
            most,
        })
    }

    /// Takes another object.
    pub(super) fn push(&mut self, listed: Listed) -> io::Result<()> {
        self.buffered += listed.key.as_str().len() + listed.etag.len() + OBJECT_BYTES;
        self.buffer.push(listed);
        if self.buffered >= self.most {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is collected as a run.
    fn flush(&mut self) -> io::Result<()> {
        self.buffer.sort_by(|one, two| one.key.cmp(&two.key));
        let (Some(first), Some(last)) = (self.buffer.first(), self.buffer.last()) else {
            return Ok(());
        };
        let goes_on = self.last.as_ref().is_some_and(|last| *last < first.key);
        let last = last.key.clone();
        let start = self.runs.last().map_or(0, |run| run.end);
        let mut bytes = Vec::with_capacity(self.buffered);
        for listed in self.buffer.drain(..) {
            write(&listed, &mut bytes);
        }
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

    /// All that was collected, in the order of the keys' bytes.
    pub(super) fn sorted(mut self) -> io::Result<Sorted> {
        self.flush()?;
        let file = Arc::new(self.file);
        let mut sorted = Sorted {
            runs: Vec::new(),
            heads: BinaryHeap::new(),
            last: None,
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

/// Listed objects in the order of the keys' bytes, each key once.
pub(super) struct Sorted {
    runs: Vec<BufReader<FileRange>>,
    heads: BinaryHeap<Reverse<RunHead>>,
    last: Option<ObjectKey>,
}

/// The next object of a run.
struct RunHead {
    listed: Listed,
    run: usize,
}

impl RunHead {
    fn place(&self) -> (&ObjectKey, usize) {
        (&self.listed.key, self.run)
    }
}

impl PartialEq for RunHead {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for RunHead {}

impl PartialOrd for RunHead {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RunHead {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}

impl Sorted {
    /// The next object. Of those that were listed under one key, the first.
    pub(super) fn next(&mut self) -> io::Result<Option<Listed>> {
        while let Some(Reverse(RunHead { listed, run })) = self.heads.pop() {
            self.advance(run)?;
            if self.last.as_ref() != Some(&listed.key) {
                self.last = Some(listed.key.clone());
                return Ok(Some(listed));
            }
        }
        Ok(None)
    }

    fn advance(&mut self, run: usize) -> io::Result<()> {
        let head = read(&mut self.runs[run])?;
        self.heads
            .extend(head.map(|listed| Reverse(RunHead { listed, run })));
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

fn write(listed: &Listed, bytes: &mut Vec<u8>) {
    for text in [listed.key.as_str(), &listed.etag] {
        let length = u32::try_from(text.len()).expect("a listing is shorter than 16 MiB");
        bytes.extend(length.to_le_bytes());
        bytes
            .write_all(text.as_bytes())
            .expect("memory takes what is written");
    }
    bytes.extend(listed.size.to_le_bytes());
}

fn read(run: &mut BufReader<FileRange>) -> io::Result<Option<Listed>> {
    use io::BufRead as _;
    if run.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let (key, etag) = (text(run)?, text(run)?);
    let mut size = [0; 8];
    run.read_exact(&mut size)?;
    let key = ObjectKey::new(key).map_err(io::Error::other)?;
    Ok(Some(Listed {
        key,
        size: u64::from_le_bytes(size),
        etag,
        last_modified: None,
    }))
}

fn text(run: &mut BufReader<FileRange>) -> io::Result<String> {
    let mut length = [0; 4];
    run.read_exact(&mut length)?;
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    run.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(keys: &[String], run: usize) -> (usize, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::with_runs(folder.path(), run).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        for (place, key) in keys.iter().enumerate() {
            let listed = Listed {
                key: ObjectKey::new(key.as_str()).unwrap(),
                size: place as u64,
                etag: format!("tag of {key}"),
                last_modified: None,
            };
            spool.push(listed).unwrap();
        }
        let mut all = spool.sorted().unwrap();
        let (runs, mut found) = (all.runs.len(), Vec::new());
        while let Some(listed) = all.next().unwrap() {
            assert_eq!(listed.etag, format!("tag of {}", listed.key));
            assert_eq!(
                keys[usize::try_from(listed.size).unwrap()],
                listed.key.as_str()
            );
            found.push(listed.key.to_string());
        }
        (runs, found)
    }

    #[test]
    fn keys_in_any_order_come_out_once_in_that_of_their_bytes() {
        // 7 and 1,000 have no common divisor: every number comes, in an order of its own.
        let mut keys: Vec<String> = (0..1000).map(|i| format!("k{:03}", i * 7 % 1000)).collect();
        keys.extend(["k005", "k500", "é", "\u{1F600}", "\u{FFFF}"].map(str::to_owned));
        let mut expected = keys.clone();
        expected.sort();
        expected.dedup();
        for run in [1, 500, 5000, 1 << 20] {
            assert_eq!(sorted(&keys, run).1, expected, "{run}");
        }
        assert!(sorted(&keys, 500).0 > 10);
        assert_eq!(sorted(&[], 500).1, [""; 0]);
    }

    #[test]
    fn keys_that_come_in_order_are_one_run() {
        let keys: Vec<String> = (0..1000).map(|i| format!("k{i:03}")).collect();
        assert_eq!(sorted(&keys, 500), (1, keys));
    }
}
