//! A device that is filled: a folder, of which it is known what a loss of power or a pulled cable takes.
//!
//! What was done since the last sync is undone from its end on, as a file system with a journal loses it; of
//! what stays, the bytes that were not synced may be zeros, as where names reach the device before content.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::chance::Chance;

/// The device, which outlives every attempt.
pub struct Filled {
    /// Where it is mounted.
    pub root: PathBuf,
    unsynced: Mutex<Vec<Change>>,
}

/// What was done and is not synced.
pub enum Change {
    /// A file was made.
    Made(PathBuf),
    /// A folder was made.
    MadeFolder(PathBuf),
    /// Bytes of a file were written, or it was cut.
    Wrote(Write),
    /// A file got another name, and another file lost it.
    Renamed {
        /// Its old name.
        from: PathBuf,
        /// Its new name.
        to: PathBuf,
        /// What had the new name.
        replaced: Option<Vec<u8>>,
    },
    /// A file was removed.
    Removed {
        /// Its name.
        path: PathBuf,
        /// What it held.
        bytes: Vec<u8>,
    },
}

/// A write to a file, or a cut.
pub struct Write {
    /// The file, whatever its name has become.
    pub file: Arc<File>,
    /// Where it begins.
    pub offset: u64,
    /// What was there, up to the end of the file or of the write.
    pub old: Vec<u8>,
    /// The file's size before.
    pub old_length: u64,
    /// How many bytes were written.
    pub length: usize,
}

/// What was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    changes: usize,
    undone: usize,
    zeroed: usize,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "of {} changes that were not synced {} are undone, {} are zeros",
            self.changes, self.undone, self.zeroed
        )
    }
}

impl Filled {
    /// The device that is mounted at `root`.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            unsynced: Mutex::default(),
        }
    }

    /// Takes everything off the device.
    ///
    /// # Errors
    /// The system's error.
    pub fn format(&self) -> io::Result<()> {
        self.unsynced().clear();
        fs::remove_dir_all(&self.root)?;
        fs::create_dir(&self.root)
    }

    /// What is not synced; who holds it is alone with the device.
    pub fn unsynced(&self) -> MutexGuard<'_, Vec<Change>> {
        self.unsynced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Loses what was not synced: all of it, its end, or content without its names.
    ///
    /// # Errors
    /// The system's error.
    pub fn crash(&self, chance: Chance) -> io::Result<Lost> {
        let mut unsynced = self.unsynced();
        let changes = unsynced.len();
        let kept = chance.of("kept").index(changes + 1);
        for change in unsynced.drain(kept..).rev() {
            change.undo()?;
        }
        let mut zeroed = 0;
        for (index, change) in unsynced.drain(..).enumerate() {
            if let Change::Wrote(write) = change
                && chance.of(("zeroed", index)).one_in(3)
            {
                write.zero()?;
                zeroed += 1;
            }
        }
        Ok(Lost {
            changes,
            undone: changes - kept,
            zeroed,
        })
    }
}

impl Change {
    fn undo(self) -> io::Result<()> {
        match self {
            Self::Made(path) => fs::remove_file(path),
            Self::MadeFolder(path) => fs::remove_dir(path),
            Self::Wrote(write) => write.undo(),
            Self::Renamed { from, to, replaced } => {
                fs::rename(&to, from)?;
                replaced.map_or(Ok(()), |bytes| fs::write(to, bytes))
            }
            Self::Removed { path, bytes } => fs::write(path, bytes),
        }
    }
}

impl Write {
    /// Notes what is there before it is written over.
    ///
    /// # Errors
    /// The system's error.
    pub fn before(file: &Arc<File>, offset: u64, length: usize) -> io::Result<Self> {
        let old_length = file.metadata()?.len();
        let there = old_length.saturating_sub(offset).min(length as u64);
        let mut old = vec![0; usize::try_from(there).map_err(io::Error::other)?];
        file.read_exact_at(&mut old, offset)?;
        Ok(Self {
            file: Arc::clone(file),
            offset,
            old,
            old_length,
            length,
        })
    }

    fn undo(self) -> io::Result<()> {
        self.file.set_len(self.old_length)?;
        self.file.write_all_at(&self.old, self.offset)
    }

    fn zero(self) -> io::Result<()> {
        let end = self.file.metadata()?.len();
        let length = end.saturating_sub(self.offset).min(self.length as u64);
        let zeros = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.write_all_at(&zeros, self.offset)
    }
}

/// All regular files below a folder by their paths, in no order.
///
/// # Errors
/// The system's error.
pub fn files_below(root: &Path) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).map_err(io::Error::other)?;
                files.push((name.to_string_lossy().into_owned(), fs::read(&path)?));
            }
        }
    }
    Ok(files)
}
