//! Turns the plan into what is to be read, in its order, as far as memory allows.
//!
//! Memory is taken here, before anything is asked for, and in the order in which things are asked
//! for: so whoever holds some never waits for one that was asked for later. Large files go a few at
//! a time, in turns, because their hashes are made beside each other.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use crossbeam_channel::Sender;
use lanes::md5_of;
use model::ids::ObjectKey;
use model::missing::Missing;
use model::outcome::{Outcome, Stored};

use super::ExportError;
use super::fetch::Unit;
use super::large::{LeftOff, StagedObject};
use super::plan::{Item, Items, To};
use super::run::{ExportRun, path};
use crate::journal::index::Index;
use crate::pipeline::hashing::RunHashing;
use crate::pipeline::turns::TURN_BYTES;

/// Large files at a time, as many as are hashed beside each other.
const LARGE_AT_ONCE: usize = 4;

/// Hands out work.
pub(super) struct Feed<'a> {
    pub(super) run: ExportRun<'a>,
    pub(super) index: &'a Index,
    pub(super) begun: HashMap<u64, LeftOff>,
    pub(super) hashing: Arc<RunHashing<StagedObject>>,
    pub(super) units: Sender<Unit>,
    /// Large files that are being read, with the blocks not asked for yet.
    pub(super) open: VecDeque<(Arc<StagedObject>, Range<u64>)>,
}

impl Feed<'_> {
    /// Hands out the whole plan; gives the place after the last item that was begun.
    pub(super) fn feed(mut self, items: Items) -> Result<u64, ExportError> {
        let mut begun = 0;
        for item in items {
            let item = item?;
            while self.open.len() >= LARGE_AT_ONCE && !self.run.stop.is_set() {
                self.one_turn();
            }
            if self.run.is_over(item.ordinal) {
                break;
            }
            begun = item.ordinal + 1;
            self.item(item)?;
        }
        while !self.open.is_empty() && !self.run.stop.is_set() {
            self.one_turn();
        }
        Ok(begun)
    }

    fn item(&mut self, item: Item) -> Result<(), ExportError> {
        if self.is_there(&item)? {
            self.run.progress.resumed(item.bytes);
            return Ok(());
        }
        match &item.to {
            To::Nowhere(failure) => self.run.fail(&item, failure.clone()),
            To::Directory { .. } => self.folder(&item),
            To::File { .. } | To::Recovered { .. } if self.is_large(&item) => self.large(item),
            To::File { .. } | To::Recovered { .. } => {
                if self.drop_stray(&item)
                    && let Ok(permit) = self.run.memory.take(item.bytes)
                {
                    self.send(Unit::Small(item, permit));
                }
            }
        }
        Ok(())
    }

    /// Whether an earlier attempt wrote it and the device still has it: the journal may be of
    /// another device.
    fn is_there(&self, item: &Item) -> Result<bool, ExportError> {
        let Some(bytes) = self.index.written(item.ordinal)? else {
            return Ok(false);
        };
        if matches!(item.to, To::Directory { .. }) {
            // Making it again costs nothing.
            return Ok(false);
        }
        let found = self.run.target.size(path(item));
        Ok(found.is_ok_and(|found| found == Some(bytes)))
    }

    /// Removes what an earlier attempt has written of a file that is begun anew.
    /// Says whether it is gone; if not, that was noted.
    fn drop_stray(&self, item: &Item) -> bool {
        if !self.run.goes_on {
            return true;
        }
        let gone = self.run.discard(item);
        gone.map_err(|error| self.run.fail_on_device(item, error))
            .is_ok()
    }

    fn is_large(&self, item: &Item) -> bool {
        item.bytes >= self.run.settings.part_bytes
    }

    fn large(&mut self, item: Item) {
        let begun = self.begun.get(&item.ordinal);
        if begun.is_none() && !self.drop_stray(&item) {
            return;
        }
        if let Some(large) = StagedObject::begin(&self.run, item, begun, &self.hashing) {
            let missing = large.missing();
            self.open.push_back((large, missing));
        }
    }

    /// An empty object whose key ends in `/`. The name is durable with the next sync, and the next
    /// attempt makes it again.
    fn folder(&self, item: &Item) {
        match self.run.target.make_folder(path(item)) {
            Ok(()) => self.run.note(item, 0, Outcome::Stored(nothing(&item.key))),
            Err(error) => self.run.fail_on_device(item, error),
        }
    }

    /// Asks for the next blocks of the file whose turn it is.
    fn one_turn(&mut self) {
        let Some((large, mut missing)) = self.open.pop_front() else {
            return;
        };
        for number in missing.by_ref().take(self.turn_blocks()) {
            if large.is_over() || self.run.stop.is_set() {
                return;
            }
            let range = large.range(number);
            let Ok(permit) = self.run.memory.take(range.end - range.start) else {
                return;
            };
            self.send(Unit::Block(Arc::clone(&large), number, permit));
        }
        if !missing.is_empty() {
            self.open.push_back((large, missing));
        }
    }

    /// How many blocks of a file follow each other. Going from one file to another costs a disk that
    /// rotates time; and memory has to hold a turn of every file.
    fn turn_blocks(&self) -> usize {
        let blocks = TURN_BYTES / self.run.settings.part_bytes.max(1);
        match self.run.target.is_rotational() {
            true => usize::try_from(blocks).unwrap_or(1).max(1),
            false => 1,
        }
    }

    fn send(&self, unit: Unit) {
        // The queue is closed only when the run is over.
        let _stopped = self.units.send(unit);
    }
}

/// What is said of an object without content.
fn nothing(key: &ObjectKey) -> Stored {
    Stored {
        key: key.clone(),
        md5: hex::encode(md5_of(&[&[]])[0]),
        sha256: hex::encode(lanes::sha256_of(&[&[]])[0]),
        etag: String::new(),
        content_type: String::new(),
        parts: 0,
        // There is nothing to read.
        read_back: true,
        found: false,
        missing: Missing::default(),
    }
}
