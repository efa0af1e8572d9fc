//! A large file on its way to the device, block by block.
//!
//! Blocks come from the store in any order and are written where they belong; into the sums they go
//! in order. From stretch to stretch what was written is synced, read back from the device and
//! compared, and the journal is told how far the file is: the next attempt goes on from there.

mod proof;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use awshttp::Answer;
use lanes::{Md5, Sha256};
use model::missing::Missing;
use model::outcome::{Failure, FailureCode, Stored};
use objectstore::StoreError;
use objectstore::evidence::{Difference, Evidence, Parts, Sums};
use objectstore::object::ObjectInfo;
use objectstore::reading::{ReadError, Reading, Version};
use time::OffsetDateTime;

use super::commit::Written;
use super::evidence::{Asked, damaged, other_size};
use super::plan::Item;
use super::run::{ExportRun, path};
use super::{WriteLock, crc};
use crate::destination::Staged;
use crate::pipeline::budget::Permit;
use crate::pipeline::hash_state::{Block, HashCheckpoint, WholeHash};
use crate::pipeline::hashing::{HashedInOrder, RunHashing};
use disks::aligned::Buffer;
use proof::Unproven;

/// Blocks that are synced and read back together: enough that a disk that rotates goes to and fro
/// seldom, little enough to be done again after a crash.
pub(super) const STRETCH: u64 = 8;

/// A large file while it is written.
pub(super) struct StagedObject {
    pub(super) item: Item,
    block_bytes: u64,
    staged: Box<dyn Staged>,
    hashing: Arc<RunHashing<StagedObject>>,
    known: Expected,
    whole: Mutex<WholeHash>,
    ordered: Mutex<Ordered>,
    state: Mutex<StagedState>,
}

/// What was known of the object before it was read.
struct Expected {
    version: Version,
    evidence: Evidence,
    parts: Parts,
}

/// Hashed blocks, put in their order again: several threads hash.
struct Ordered {
    next: u64,
    waiting: BTreeMap<u64, (Block, Option<HashCheckpoint>)>,
    /// What else is compared with what is known; none if an earlier attempt read some of it.
    sums: Option<Sums>,
}

struct StagedState {
    /// Written blocks whose turn to be hashed has not come.
    arrived: BTreeMap<u64, Block>,
    /// The next block to be hashed.
    next: u64,
    /// The checksums of blocks that were not read back yet.
    crcs: BTreeMap<u64, u64>,
    /// The last block that was read back.
    checked: u64,
    /// Nothing more is done with it: it failed, or the run ends.
    is_over: bool,
    /// Nothing more of it is hashed.
    is_hashed: bool,
    content_type: Option<String>,
    modified: Option<OffsetDateTime>,
}

/// How far an earlier attempt was with a file.
#[derive(Debug, Clone)]
pub(super) struct LeftOff {
    pub(super) etag: String,
    pub(super) checkpoint: HashCheckpoint,
}

/// A stretch that can be read back: all blocks up to `until`, the sums after which are `checkpoint`.
pub(super) struct ReadBackRange {
    pub(super) file: Arc<StagedObject>,
    until: u64,
    checkpoint: Option<HashCheckpoint>,
}

impl Ordered {
    fn next_block(&mut self) -> Option<(Block, Option<HashCheckpoint>)> {
        let block = self.waiting.remove(&self.next)?;
        self.next += 1;
        Some(block)
    }
}

impl StagedObject {
    /// Begins a file, or goes on with it where an earlier attempt was. `None` if there is nothing to
    /// be said of it, or it was said.
    pub(super) fn begin(
        run: &ExportRun<'_>,
        item: Item,
        begun: Option<&LeftOff>,
        hashing: &Arc<RunHashing<StagedObject>>,
    ) -> Option<Arc<Self>> {
        let block_bytes = run.settings.part_bytes;
        let known = match Expected::of(run, &item) {
            Ok(known) => known,
            Err(why) => {
                why.into_iter().for_each(|failure| run.fail(&item, failure));
                return None;
            }
        };
        let opened = run
            .target
            .stage(item.ordinal, path(&item))
            .and_then(|staged| {
                let held = staged.bytes()?;
                let begun = begun.filter(|begun| {
                    let done = begun.checkpoint.md5.length;
                    begun.etag == item.etag && done <= held && done % block_bytes == 0
                });
                let whole = begun.and_then(|begun| WholeHash::new(Some(begun.checkpoint)));
                let done = begun.filter(|_| whole.is_some());
                let done = done.map_or(0, |begun| begun.checkpoint.md5.length);
                staged.reserve(item.bytes)?;
                Ok((staged, whole, done / block_bytes))
            });
        let (staged, whole, done) = match opened {
            Ok((staged, whole, done)) => (staged, whole.or_else(|| WholeHash::new(None)), done),
            Err(error) => {
                run.fail_on_device(&item, error);
                return None;
            }
        };
        let state = StagedState {
            arrived: BTreeMap::new(),
            next: done + 1,
            crcs: BTreeMap::new(),
            checked: done,
            is_over: false,
            is_hashed: false,
            content_type: None,
            modified: None,
        };
        if begun.is_some() && done == 0 {
            // The checkpoint of what is not there any more must never be believed again.
            run.notes.forget_written(item.ordinal, &item.etag).ok()?;
        }
        run.progress.sent((done * block_bytes).min(item.bytes));
        let whole = Mutex::new(whole?);
        let sums = known.evidence.sums(&known.parts);
        let ordered = Ordered {
            next: done + 1,
            waiting: BTreeMap::new(),
            sums: (done == 0 || !sums.are_needed()).then_some(sums),
        };
        hashing.joins();
        Some(Arc::new(Self {
            item,
            block_bytes,
            staged,
            hashing: Arc::clone(hashing),
            known,
            whole,
            ordered: Mutex::new(ordered),
            state: Mutex::new(state),
        }))
    }

    /// The numbers of the blocks that are still to be read.
    pub(super) fn missing(&self) -> Range<u64> {
        self.lock().next..self.blocks() + 1
    }

    /// Which bytes block `number` has.
    pub(super) fn range(&self, number: u64) -> Range<u64> {
        let start = (number - 1) * self.block_bytes;
        start..(start + self.block_bytes).min(self.item.bytes)
    }

    /// Whether nothing more is done with it.
    pub(super) fn is_over(&self) -> bool {
        self.lock().is_over
    }

    /// A block was read: writes it, and hashes it when its turn comes.
    pub(super) fn arrived(
        self: &Arc<Self>,
        run: &ExportRun<'_>,
        write_lock: &WriteLock,
        number: u64,
        buffer: Buffer,
        info: ObjectInfo,
        permit: Permit,
    ) {
        let crc = crc(&buffer);
        let written = {
            let _writing = write_lock.lock();
            self.staged.write_at(self.range(number).start, &buffer)
        };
        if let Err(error) = written {
            return self.fail_on_device(run, error);
        }
        let mut state = self.lock();
        if state.is_over {
            return;
        }
        state.crcs.insert(number, crc);
        state.content_type = info.attributes.content_type;
        state.modified = info.last_modified;
        let block = Block {
            number,
            bytes: buffer.into_bytes(),
            permit: Arc::new(permit),
        };
        state.arrived.insert(number, block);
        // Under the lock, so that they are fed in order.
        while let Some(block) = state.next_block() {
            self.hashing.take(self, block);
        }
    }

    /// The version that is read.
    pub(super) fn version(&self) -> Version {
        self.known.version.clone()
    }

    /// A block went into the sums; hands on the stretches that end with it.
    pub(super) fn hashed(
        self: &Arc<Self>,
        block: Block,
        checkpoint: Option<HashCheckpoint>,
        hand_on: &dyn Fn(ReadBackRange),
    ) {
        let mut ordered = self.ordered();
        ordered.waiting.insert(block.number, (block, checkpoint));
        while let Some((block, checkpoint)) = ordered.next_block() {
            if let Some(sums) = &mut ordered.sums {
                sums.update(&block.bytes);
            }
            let number = block.number;
            // Others wait for its memory.
            drop(block.permit);
            drop(block.bytes);
            if number == self.blocks() {
                self.is_hashed();
            }
            if number.is_multiple_of(STRETCH) || number == self.blocks() {
                hand_on(ReadBackRange {
                    file: Arc::clone(self),
                    until: number,
                    checkpoint,
                });
            }
        }
    }

    /// The file cannot be written; nothing more is done with it.
    pub(super) fn fail(&self, run: &ExportRun<'_>, failure: Failure) {
        if self.end() {
            run.fail(&self.item, failure);
        }
    }

    /// The device does not take the file, which may be the file's fault or not.
    fn fail_on_device(&self, run: &ExportRun<'_>, error: std::io::Error) {
        match run.judge_device(&self.item, error) {
            Some(failure) => self.fail(run, failure),
            None => self.leave(),
        }
    }

    /// The run ends, or does without this file; the next attempt goes on.
    pub(super) fn leave(&self) {
        self.end();
    }

    /// Says whether it was not over before. Blocks that wait for one that will not come are let go:
    /// others wait for their memory.
    fn end(&self) -> bool {
        self.is_hashed();
        let mut state = self.lock();
        state.arrived.clear();
        !std::mem::replace(&mut state.is_over, true)
    }

    /// Others need not wait for it any more.
    fn is_hashed(&self) {
        if !std::mem::replace(&mut self.lock().is_hashed, true) {
            self.hashing.leaves();
        }
    }

    fn blocks(&self) -> u64 {
        self.item.bytes.div_ceil(self.block_bytes)
    }

    fn ordered(&self) -> MutexGuard<'_, Ordered> {
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, StagedState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StagedState {
    fn next_block(&mut self) -> Option<Block> {
        let block = self.arrived.remove(&self.next)?;
        self.next += 1;
        Some(block)
    }
}

impl HashedInOrder for StagedObject {
    fn wants_blocks(&self) -> bool {
        false
    }

    fn whole(&self) -> MutexGuard<'_, WholeHash> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReadBackRange {
    /// Makes the stretch durable, reads it back and compares. Gives the file when it is done.
    pub(super) fn check(self, run: &ExportRun<'_>, write_lock: &WriteLock) -> Option<Written> {
        let Self {
            file,
            until,
            checkpoint,
        } = self;
        let (from, is_over) = {
            let state = file.lock();
            (state.checked, state.is_over)
        };
        // One that comes late was read back with a later one.
        if is_over || until <= from || run.is_over(file.item.ordinal) {
            return None;
        }
        match file.read_back(run, write_lock, from + 1..until + 1) {
            Ok(None) => {}
            Ok(Some(offset)) => {
                file.fail(run, ExportRun::differs(&file.item.key, offset));
                return None;
            }
            Err(error) => {
                file.fail_on_device(run, error);
                return None;
            }
        }
        file.lock().checked = until;
        if until == file.blocks() {
            return file.finish(run, write_lock);
        }
        if let Some(checkpoint) = checkpoint {
            // If the recorder is gone, it has said why and the run ends.
            let (item, notes) = (&file.item, &run.notes);
            let _recorder_may_be_gone = notes.written(item.ordinal, &item.etag, checkpoint);
        }
        None
    }
}

impl StagedObject {
    /// Compares what the device holds of some blocks; gives the offset of the first that differs.
    fn read_back(
        &self,
        run: &ExportRun<'_>,
        write_lock: &WriteLock,
        blocks: Range<u64>,
    ) -> std::io::Result<Option<u64>> {
        self.staged.sync()?;
        let mut buffer = run.buffers.take(self.block_bytes);
        let _writing = write_lock.lock_if_rotational();
        for number in blocks {
            let range = self.range(number);
            let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
            let read = self.staged.read_back(range.start, &mut buffer[..length])?;
            let expected = self.lock().crcs.remove(&number);
            if read != length || Some(crc(&buffer[..length])) != expected {
                return Ok(Some(range.start));
            }
        }
        Ok(None)
    }

    /// All of it is on the device and was read back.
    fn finish(&self, run: &ExportRun<'_>, write_lock: &WriteLock) -> Option<Written> {
        let (bytes, md5, sha256) = self.whole().finish()?;
        if bytes != self.item.bytes {
            let reason = format!("{bytes} of {} bytes were hashed", self.item.bytes);
            let key = self.item.key.clone();
            let failure = Failure::of(FailureCode::ReviewFailed, reason, key);
            self.fail(run, failure);
            return None;
        }
        let (md5, sha256) = match self.proven(run, write_lock, (md5, sha256)) {
            Ok(sums) => sums,
            Err(why) => {
                match why {
                    Unproven::Failed(failure) => self.fail(run, failure),
                    Unproven::Device(error) => self.fail_on_device(run, error),
                    Unproven::Stopped => self.leave(),
                }
                return None;
            }
        };
        self.written(run, bytes, md5, sha256)
    }

    fn written(
        &self,
        run: &ExportRun<'_>,
        bytes: u64,
        md5: [u8; 16],
        sha256: [u8; 32],
    ) -> Option<Written> {
        let mut state = self.lock();
        let content_type = state.content_type.take();
        state
            .modified
            .into_iter()
            .for_each(|at| self.staged.date(at));
        drop(state);
        if let Err(error) = self.staged.is_written() {
            self.fail_on_device(run, error);
            return None;
        }
        let stored = Stored {
            key: self.item.key.clone(),
            md5: hex::encode(md5),
            sha256: hex::encode(sha256),
            etag: self.item.etag.clone(),
            content_type: content_type.unwrap_or_default(),
            parts: u32::try_from(self.blocks()).unwrap_or(u32::MAX),
            read_back: true,
            found: false,
            missing: Missing::default(),
        };
        Some(Written {
            item: self.item.clone(),
            bytes,
            stored,
            proof: None,
        })
    }
}
