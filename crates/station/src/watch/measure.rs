//! A count of all that is below a folder, bit by bit: a folder of millions of files must not keep those waiting whose disk
//! was just plugged in.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sum {
    entries: u64,
    bytes: u64,
    /// The last change of any of them, which no program can set back, in seconds and nanoseconds of Unix time.
    changed: (i64, i64),
}

impl Sum {
    /// The same with one more.
    pub(super) fn with(self, metadata: &Metadata) -> Self {
        Self {
            entries: self.entries + 1,
            bytes: self.bytes.saturating_add(metadata.len()),
            changed: self.changed.max((metadata.ctime(), metadata.ctime_nsec())),
        }
    }

    /// Whether there was nothing.
    pub(super) fn is_empty(self) -> bool {
        self.entries == 0
    }
}

/// A count that goes on.
#[derive(Debug)]
pub(super) struct Measure {
    /// Folders that are still to be listed.
    left: Vec<PathBuf>,
    sum: Sum,
}

impl Measure {
    pub(super) fn of(folder: &Path) -> Self {
        Self {
            left: vec![folder.to_owned()],
            sum: Sum::default(),
        }
    }

    /// Goes on for so many entries, which are taken from `entries`, and to the end of a folder. `None` if there are more.
    pub(super) fn go_on(&mut self, entries: &mut usize) -> Option<Sum> {
        while let Some(folder) = self.left.pop() {
            if *entries == 0 {
                self.left.push(folder);
                return None;
            }
            // What cannot be listed is told when it is loaded; what is gone makes another sum.
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let Ok(metadata) = entry.metadata() else {
                    continue;
                };
                if metadata.is_dir() {
                    self.left.push(entry.path());
                }
                self.sum = self.sum.with(&metadata);
                *entries = entries.saturating_sub(1);
            }
        }
        Some(self.sum)
    }
}
