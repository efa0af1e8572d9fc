//! The scan: $MFT from its first record to its last.

mod telling;

use std::ops::ControlFlow;

use super::attribute::DATA;
use super::claims::Claims;
use super::folders::{EXTEND, Folders, ROOT, is_system};
use super::node::{Node, gather};
use super::record::FileRecord;
use super::remarks::Noticed;
use super::runs::RunLimits;
use super::source::{Metered, Stop};
use super::table::{MasterTable, repair};
use crate::limits::Limits;
use crate::reader::Refusal;
use crate::told::{Damaged, Folder, Summary, Told, Unloadable};

/// Bytes of $MFT that are read at a time.
const PIECE: usize = 256 << 10;
/// The record of $Bitmap.
const BITMAP_FILE: u64 = 6;

/// Who is told.
type Tell<'a> = &'a mut dyn FnMut(Told) -> ControlFlow<()>;

/// A scan under way.
pub(super) struct Scan<'a, 'b> {
    source: &'a mut Metered<'b>,
    table: &'a MasterTable,
    limits: &'a Limits,
    tell: Tell<'a>,
    folders: Folders,
    claims: Claims,
    noticed: Noticed,
    /// The record at which the scan is.
    at: u64,
    /// Names that were told.
    files: u64,
    is_ended: bool,
}

impl<'a, 'b> Scan<'a, 'b> {
    /// One that is at the beginning.
    pub(super) fn new(
        source: &'a mut Metered<'b>,
        table: &'a MasterTable,
        limits: &'a Limits,
        noticed: Noticed,
        tell: Tell<'a>,
    ) -> Self {
        Self {
            source,
            table,
            limits,
            tell,
            folders: Folders::new(limits),
            claims: Claims::new(*table.geometry()),
            noticed,
            at: 0,
            files: 0,
            is_ended: false,
        }
    }

    /// Tells everything.
    ///
    /// # Errors
    ///
    /// What concerns the volume.
    pub(super) fn run(mut self) -> Result<Summary, Refusal> {
        let record = self.table.geometry().record;
        let together = (PIECE / record) as u64;
        let records = self.table.records();
        while self.at < records && !self.is_ended {
            let count = together.min(records - self.at);
            self.piece(count)?;
        }
        if self.table.is_cut() {
            let why = "a part of $MFT cannot be found: what has its records there is missing";
            self.damaged(None, None, None, why);
        }
        let unaccounted = if self.is_ended {
            None
        } else {
            self.claims.unaccounted(self.source)?
        };
        Ok(Summary {
            remarks: self.noticed.remarks(),
            is_dirty: self.noticed.is_dirty,
            unaccounted,
        })
    }

    /// Tells of the next `count` records.
    fn piece(&mut self, count: u64) -> Result<(), Refusal> {
        let read = self.read_piece(count);
        let size = self.table.geometry().record;
        let mut bytes = match read {
            Ok(bytes) => bytes,
            Err(Stop::Volume(refusal)) => return Err(refusal),
            Err(Stop::File(_)) => return self.one_by_one(count),
        };
        for record in bytes.chunks_exact_mut(size) {
            if self.is_ended {
                return Ok(());
            }
            match repair(record, self.at) {
                Ok(()) => self.record(record)?,
                Err(_) => self.alone()?,
            }
            self.at += 1;
        }
        Ok(())
    }

    fn read_piece(&mut self, count: u64) -> Result<Vec<u8>, Stop> {
        let size = self.table.geometry().record;
        let mut bytes = vec![0; usize::try_from(count).unwrap_or(0).saturating_mul(size)];
        let mut rest = &mut bytes[..];
        for (at, length) in self.table.places(self.at, count)? {
            let length = usize::try_from(length)
                .unwrap_or(usize::MAX)
                .min(rest.len());
            let (piece, after) = rest.split_at_mut(length);
            self.source.read_uncounted(at, piece)?;
            rest = after;
        }
        Ok(bytes)
    }

    /// Tells of the next `count` records of which some cannot be read.
    fn one_by_one(&mut self, count: u64) -> Result<(), Refusal> {
        for _ in 0..count {
            if self.is_ended {
                return Ok(());
            }
            self.alone()?;
            self.at += 1;
        }
        Ok(())
    }

    /// Tells of this record, which is read alone: it may be none, or have a copy.
    fn alone(&mut self) -> Result<(), Refusal> {
        match self.table.record(self.source, self.at) {
            Ok(record) => self.record(&record),
            Err(Stop::File(why)) => self.bad_record(&words(&why)),
            Err(Stop::Volume(refusal)) => Err(refusal),
        }
    }

    /// Says that this record cannot be had, if it stands for something.
    fn bad_record(&mut self, why: &str) -> Result<(), Refusal> {
        match self.table.is_marked(self.source, self.at) {
            Err(Stop::Volume(refusal)) => return Err(refusal),
            Ok(false) => return Ok(()),
            Ok(true) | Err(Stop::File(_)) => {}
        }
        if !is_system(self.at) {
            self.damaged(None, None, Some(self.at), why);
        }
        Ok(())
    }

    /// Tells of a record whose fixups are undone.
    fn record(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let record = match FileRecord::parse(bytes, self.at) {
            Ok(record) => record,
            Err(why) => return self.bad_record(why),
        };
        if !record.is_used || !record.is_base() {
            return Ok(());
        }
        let node = gather(
            self.source,
            self.table,
            run_limits(self.table, self.limits),
            &record,
        )?;
        let is_free = self.claims.claim(&node);
        match self.at {
            BITMAP_FILE => self.claims.keep_bitmap(node.stream(DATA, b"")),
            EXTEND => self.folders.made(node.reference),
            ROOT => self.root(&node),
            _ => {}
        }
        if self.at == ROOT {
            return Ok(());
        }
        if is_system(self.at) {
            self.noticed.crossed_system += u64::from(!is_free);
            return Ok(());
        }
        self.node(&node, is_free)
    }

    fn root(&mut self, node: &Node) {
        self.folders.made(node.reference);
        self.noticed.folder_streams += node.named().count() as u64;
        self.say(Told::Folder(Folder {
            id: ROOT,
            parent: ROOT,
            name: Vec::new(),
            times: node.times,
            owner: None,
        }));
    }

    fn damaged(&mut self, node: Option<&Node>, name: Option<&[u8]>, id: Option<u64>, why: &str) {
        self.say(Told::Damaged(Damaged {
            parent: None,
            name: name.map(<[u8]>::to_vec),
            id,
            is_folder: node.is_some_and(|node| node.is_folder),
            why: why.to_owned(),
        }));
    }

    fn say(&mut self, told: Told) {
        if !self.is_ended {
            self.is_ended = (self.tell)(told).is_break();
        }
    }
}

/// What lists of runs may be at most in this volume.
fn run_limits(table: &MasterTable, limits: &Limits) -> RunLimits {
    RunLimits {
        clusters: table.geometry().clusters,
        runs: limits.extents,
    }
}

fn words(why: &Unloadable) -> String {
    match why {
        Unloadable::Damaged(why) => why.clone(),
        other => format!("{other:?}"),
    }
}
