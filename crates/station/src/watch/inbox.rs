//! A folder in which images and folders are laid down, to be loaded as if they were disks that are plugged in.
//!
//! Nobody says when a copy is complete. An image counts as complete when its size and the time of its last change have
//! stood still for a while, and no process has it open to write to it as far as may be seen; a folder when two counts of all
//! that is below it, as long apart, are the same, and nobody writes there. Whoever wants to be sure lays things down under a
//! name that is passed over, `.name` or `name.part`, and renames them in the end.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use disks::facts::{in_use_to_read, is_written_below};

use super::measure::{Measure, Sum};
use super::{Laid, Medium, PortNote, UnusableFolder};
use crate::port::PortId;

/// Endings of names under which programs keep what is not complete.
const PARTIAL: [&str; 6] = ["part", "partial", "filepart", "crdownload", "tmp", "temp"];

/// Entries that are counted in one scan, over all folders: some tens of milliseconds.
const ENTRIES_AT_ONCE: usize = 10_000;

/// A folder in which things are laid down.
#[derive(Debug)]
pub(super) struct Inbox {
    folder: PathBuf,
    port: PortId,
    /// How long something has to stand still.
    still_for: Duration,
    entries_at_once: usize,
    items: BTreeMap<OsString, Item>,
    /// Why nothing can be laid down there, if so.
    unusable: Option<UnusableFolder>,
}

/// What was seen in an inbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Scanned {
    /// What is complete.
    pub(super) media: Vec<Medium>,
    /// What is to be known beside that.
    pub(super) note: Option<PortNote>,
    /// Whether a count goes on, so that there is something to do at once.
    pub(super) is_counting: bool,
}

/// What lies there.
#[derive(Debug, Default)]
struct Item {
    /// What it was found to be when it was last looked at as a whole, and when that was first so.
    seen: Option<(Sum, Instant)>,
    /// A count that goes on.
    measure: Option<Measure>,
    /// Which it is, once it is complete.
    laid: Option<Laid>,
    bytes: u64,
}

impl Inbox {
    pub(super) fn new(folder: PathBuf, port: PortId, still_for: Duration) -> Self {
        Self {
            folder,
            port,
            still_for,
            entries_at_once: ENTRIES_AT_ONCE,
            items: BTreeMap::new(),
            unusable: None,
        }
    }

    /// What is there.
    pub(super) fn scan(&mut self, now: Instant) -> Scanned {
        match self.list() {
            Ok(found) => {
                self.unusable = None;
                self.look(found, now);
            }
            Err(error) => self.cannot_be_used(UnusableFolder::by(&self.folder, &error)),
        }
        Scanned {
            media: self.complete(),
            note: self.note(),
            is_counting: self.is_counting(),
        }
    }

    fn is_counting(&self) -> bool {
        self.items.values().any(|item| item.measure.is_some())
    }

    fn cannot_be_used(&mut self, why: UnusableFolder) {
        if !why.may_hold() {
            self.items.clear();
        }
        if self.unusable.as_ref() != Some(&why) {
            tracing::warn!(remedy = why.remedy(), "{why}");
        }
        self.unusable = Some(why);
    }

    fn complete(&self) -> Vec<Medium> {
        let complete = self.items.iter().filter_map(|(name, item)| {
            Some(Medium {
                name: name.to_string_lossy().into_owned(),
                path: self.folder.join(name),
                port: self.port.clone(),
                diskseq: None,
                laid: Some(item.laid?),
                bytes: item.bytes,
                is_removable: false,
                left_alone: None,
            })
        });
        complete.collect()
    }

    /// That it cannot be used, or what is the first that is not complete.
    fn note(&self) -> Option<PortNote> {
        if let Some(why) = &self.unusable {
            return Some(PortNote::Unusable(why.clone()));
        }
        let (name, _) = self.items.iter().find(|(_, item)| item.is_arriving())?;
        Some(PortNote::Arriving {
            name: name.to_string_lossy().into_owned(),
            still_for: self.still_for,
        })
    }

    /// What lies there and is not passed over.
    fn list(&self) -> io::Result<Vec<(OsString, Metadata)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let (name, metadata) = (entry.file_name(), entry.metadata());
            if let (false, Ok(metadata)) = (is_passed_over(&name), metadata)
                && (metadata.is_dir() || metadata.is_file() && metadata.len() > 0)
            {
                found.push((name, metadata));
            }
        }
        Ok(found)
    }

    fn look(&mut self, found: Vec<(OsString, Metadata)>, now: Instant) {
        let mut before = std::mem::take(&mut self.items);
        let mut left = self.entries_at_once;
        for (name, metadata) in found {
            let mut item = before.remove(&name).unwrap_or_default();
            let path = self.folder.join(&name);
            let laid = laid(&metadata);
            if item.laid.is_some_and(|known| known != laid) {
                item = Item::default();
            }
            if item.laid.is_none()
                && item.has_stood_still(&path, &metadata, self.still_for, now, &mut left)
            {
                item.laid = Some(laid);
            }
            if metadata.is_file() {
                item.bytes = metadata.len();
            }
            self.items.insert(name, item);
        }
    }
}

impl Item {
    /// Whether there is something of it, and not all that will be. An empty folder is not loaded, however long it is there.
    fn is_arriving(&self) -> bool {
        let is_any = match self.seen {
            Some((sum, _)) => !sum.is_empty(),
            None => self.measure.is_some(),
        };
        self.laid.is_none() && is_any
    }

    /// Looks at it, and says whether it is complete.
    fn has_stood_still(
        &mut self,
        path: &Path,
        metadata: &Metadata,
        still_for: Duration,
        now: Instant,
        entries: &mut usize,
    ) -> bool {
        let is_due = |since: Instant| now.saturating_duration_since(since) >= still_for;
        let sum = if metadata.is_file() {
            Sum::default().with(metadata)
        } else {
            if self.measure.is_none() && self.seen.is_some_and(|(_, since)| !is_due(since)) {
                return false;
            }
            let measure = self.measure.get_or_insert_with(|| Measure::of(path));
            match measure.go_on(entries) {
                None => return false,
                Some(sum) => {
                    self.measure = None;
                    sum
                }
            }
        };
        match self.seen {
            Some((seen, since)) if seen == sum => {
                is_due(since) && !sum.is_empty() && is_left_by_all(path)
            }
            _ => {
                self.seen = Some((sum, now));
                false
            }
        }
    }
}

/// Whether nobody is known to write to it.
fn is_left_by_all(path: &Path) -> bool {
    let is_written = is_written_below(path).unwrap_or(true);
    !is_written && (path.is_dir() || in_use_to_read(path).is_ok_and(|used| used.is_none()))
}

/// Which file or folder it is. What is done in a folder is not looked at any more once it is complete.
fn laid(metadata: &Metadata) -> Laid {
    Laid {
        device: metadata.dev(),
        inode: metadata.ino(),
        modified: match metadata.is_file() {
            true => (metadata.mtime(), metadata.mtime_nsec()),
            false => (0, 0),
        },
    }
}

fn is_passed_over(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let is_partial = |ending: &str| PARTIAL.iter().any(|it| it.eq_ignore_ascii_case(ending));
    name.starts_with('.') || ending.is_some_and(is_partial)
}

#[cfg(test)]
#[path = "inbox_tests.rs"]
mod tests;
