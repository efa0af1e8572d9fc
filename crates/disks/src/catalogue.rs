//! What lies on a device, as a list on this host's disk: made once, while its volumes are told, and read as often as
//! one likes.
//!
//! While a volume is told its folders are in memory; all else goes to disk as it comes. Once everything is told paths
//! are known, and names are sorted: first those that lie nowhere on the device, then in the order in which the files
//! begin on it, and last those that cannot be loaded; where two begin in one place, by path. Memory does not grow
//! with the number of files.
//!
//! Nothing that was told is left out. What lies in a folder that leads nowhere is a line under the number of that
//! folder; of two names with one path the second is a line that says so.

use std::io::{self, Read as _};
use std::ops::ControlFlow;
use std::path::Path;

use model::entry::{Entry, EntryPath};

use crate::layout::Layout;
use crate::tree::{Totals, Walked};
use fields::damaged;
use index::{Collected, Index, Offsets};
use log::Held;
use record::{COPY_AT, HEAD_BYTES, Record};
use scratch::Scratch;

pub use building::{Builder, ToldVolume};
pub use placing::Place;

mod building;
mod facts;
mod fields;
mod folders;
mod index;
mod log;
mod pieces;
mod placing;
mod record;
mod scratch;
#[cfg(test)]
mod tests;

/// Bytes that are read of a record at first: nearly all are shorter.
const RECORD_BYTES: usize = 512;

/// Marks the offset of a folder's path in what is long, among offsets of entries.
const FOLDER: u64 = 1 << 63;

/// The list.
#[derive(Debug)]
pub struct Catalogue {
    entries: Scratch,
    long: Scratch,
    index: Index,
    totals: Totals,
}

/// Where a catalogue has an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locator(u64);

/// An entry, as a catalogue has it.
#[derive(Debug)]
pub struct CatalogueEntry {
    /// Where.
    pub at: Locator,
    /// What.
    pub entry: Entry,
    layout: Held,
}

#[cfg(test)]
impl Locator {
    /// A place, for tests of what knows places only.
    pub(crate) fn of(number: u64) -> Self {
        Self(number)
    }
}

/// What has a path.
#[derive(Debug)]
pub enum Found {
    /// An entry.
    Entry(Box<CatalogueEntry>),
    /// Something that cannot be loaded.
    Bad,
    /// A folder that holds something.
    Folder,
    /// Nothing.
    Nothing,
}

impl Catalogue {
    fn new(
        entries: Scratch,
        long: Scratch,
        paths: Collected,
        folder: &Path,
        totals: Totals,
    ) -> io::Result<Self> {
        let mark = &mut |next: &mut Offsets<'_>| mark_copies(&entries, next);
        Ok(Self {
            index: paths.sorted(folder, mark)?,
            entries,
            long,
            totals,
        })
    }

    /// How much is in it.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Hands everything to `visit`, in the order of the list, until it says stop.
    ///
    /// # Errors
    /// That this host cannot read its own disk.
    pub fn walk(&self, visit: &mut dyn FnMut(Walked) -> ControlFlow<()>) -> io::Result<()> {
        let mut rest = self.entries.reader(0);
        let (mut at, mut bytes) = (0, Vec::new());
        while at < self.entries.end() {
            let mut head = [0; HEAD_BYTES];
            rest.read_exact(&mut head)?;
            bytes.resize(length(head), 0);
            rest.read_exact(&mut bytes)?;
            at += (HEAD_BYTES + bytes.len()) as u64;
            let walked = self.walked(Record::parse(head, &bytes)?)?;
            if visit(walked).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// What has a path.
    ///
    /// # Errors
    /// That this host cannot read its own disk.
    pub fn find(&self, path: &EntryPath) -> io::Result<Found> {
        let mut found = Found::Nothing;
        for at in self.index.find(path.as_bytes())? {
            if at & FOLDER != 0 {
                if self.folder(at & !FOLDER)? == path.as_bytes() {
                    found = Found::Folder;
                }
                continue;
            }
            if let Some(record) = self.record(at, path)? {
                return self.found(Locator(at), record);
            }
        }
        Ok(found)
    }

    fn found(&self, at: Locator, mut record: Record) -> io::Result<Found> {
        let layout = std::mem::replace(&mut record.layout, Held::Here(Vec::new()));
        Ok(match self.walked(record)? {
            Ok(entry) => Found::Entry(Box::new(CatalogueEntry { at, entry, layout })),
            Err(_) => Found::Bad,
        })
    }

    /// Where an entry with a path is listed, without a look at what is told of it.
    ///
    /// # Errors
    /// That this host cannot read its own disk.
    pub fn locate(&self, path: &EntryPath) -> io::Result<Option<Locator>> {
        for at in self.index.find(path.as_bytes())? {
            if at & FOLDER == 0 && self.record(at, path)?.is_some() {
                return Ok(Some(Locator(at)));
            }
        }
        Ok(None)
    }

    /// The record at an offset, if it is the first that has a path.
    fn record(&self, at: u64, path: &EntryPath) -> io::Result<Option<Record>> {
        let record = record_at(&self.entries, at)?;
        let is_it = record.path == path.as_bytes() && !record.is_copy();
        Ok(is_it.then_some(record))
    }

    /// Where on the device an entry lies.
    ///
    /// # Errors
    /// That this host cannot read its own disk.
    pub fn layout(&self, at: Locator) -> io::Result<Layout> {
        let record = record_at(&self.entries, at.0)?;
        pieces::read(&self.held(record.layout)?)
    }

    /// The same of an entry that was found.
    ///
    /// # Errors
    /// That this host cannot read its own disk.
    pub fn layout_of(&self, listed: &CatalogueEntry) -> io::Result<Layout> {
        match &listed.layout {
            Held::Here(bytes) => pieces::read(bytes),
            held @ Held::There { .. } => pieces::read(&self.held(held.clone())?),
        }
    }

    fn walked(&self, mut record: Record) -> io::Result<Walked> {
        let facts = std::mem::replace(&mut record.facts, Held::Here(Vec::new()));
        record.walked(&self.held(facts)?)
    }

    fn held(&self, held: Held) -> io::Result<Vec<u8>> {
        match held {
            Held::Here(bytes) => Ok(bytes),
            Held::There { at, bytes } => {
                let mut held = vec![0; usize::try_from(bytes).map_err(io::Error::other)?];
                self.long.read(at, &mut held)?;
                Ok(held)
            }
        }
    }

    fn folder(&self, at: u64) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.long.read(at, &mut length)?;
        let mut path = vec![0; u32::from_le_bytes(length) as usize];
        self.long.read(at + 4, &mut path)?;
        Ok(path)
    }
}

/// Of entries with one hash, numbers those that have one path, from the second on.
fn mark_copies(entries: &Scratch, next: &mut Offsets<'_>) -> io::Result<()> {
    let mut met: Vec<(Vec<u8>, u32)> = Vec::new();
    while let Some(at) = next()? {
        if at & FOLDER != 0 {
            continue;
        }
        let path = record_at(entries, at)?.path;
        match met.iter_mut().find(|(other, _)| *other == path) {
            None => met.push((path, 0)),
            Some((_, copies)) => {
                *copies = copies.saturating_add(1);
                entries.overwrite(at + COPY_AT, &copies.to_le_bytes())?;
            }
        }
    }
    Ok(())
}

fn record_at(entries: &Scratch, at: u64) -> io::Result<Record> {
    let left = usize::try_from(entries.end() - at).unwrap_or(usize::MAX);
    let mut bytes = vec![0; left.min(RECORD_BYTES)];
    entries.read(at, &mut bytes)?;
    let head = *bytes.first_chunk().ok_or_else(damaged)?;
    let (read, end) = (bytes.len(), HEAD_BYTES + length(head));
    bytes.resize(end, 0);
    if let Some(rest) = bytes.get_mut(read..) {
        entries.read(at + read as u64, rest)?;
    }
    Record::parse(head, &bytes[HEAD_BYTES..])
}

fn length(head: [u8; HEAD_BYTES]) -> usize {
    let [length @ .., _, _, _, _] = head;
    u32::from_le_bytes(length) as usize
}
