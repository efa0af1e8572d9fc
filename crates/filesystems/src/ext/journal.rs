//! The journal (jbd2), replayed in memory: which blocks have newer copies in it, and where. Nothing is written.
//!
//! A transaction counts if it is whole: its commit block is there, and its checksums are right where it has some. The
//! first that is not ends the journal, as it does when Linux mounts. Fast commits, which follow the last transaction,
//! are not replayed: the inodes that they change are named, and what they are now is not known.
//!
//! Source: Linux, Documentation/filesystems/ext4/journal.rst.

mod fast_commit;
mod head;
mod log;
mod tags;

use std::collections::BTreeSet;

use super::inode::{Inode, Kind};
use super::mapping::{self, BlockRun};
use super::metadata::{ExtMetadata, Overlay};
use super::trouble::Trouble;
use crate::checksum::crc32c;
use crate::fields::be32;
use crate::reader::Refusal;
use crate::told::{Owner, Times};
use head::Head;

/// The magic of the superblock of a journal, and of its blocks that are no copies.
const MAGIC: u32 = 0xC03B_3998;

/// What a journal has newer.
#[derive(Debug, Default)]
pub(super) struct Replayed {
    pub(super) overlay: Overlay,
    /// How many transactions were replayed.
    pub(super) transactions: u32,
    /// Why it was not replayed to its end.
    pub(super) stopped: Option<String>,
    /// Inodes that fast commits change.
    pub(super) unsure: BTreeSet<u32>,
}

/// The blocks of a journal.
struct Journal {
    runs: Vec<BlockRun>,
}

impl Journal {
    /// Where in the volume the block `logical` of the journal lies.
    fn place(&self, logical: u32) -> Result<u64, Trouble> {
        let logical = u64::from(logical);
        let after = self.runs.partition_point(|run| run.logical <= logical);
        let run = after.checked_sub(1).and_then(|index| self.runs.get(index));
        let run = run.filter(|run| logical - run.logical < run.count && !run.is_unwritten);
        let run = run.ok_or_else(|| Trouble::damaged("the journal has a hole"))?;
        Ok(run.place + (logical - run.logical))
    }

    fn block(&self, metadata: &mut ExtMetadata<'_>, logical: u32) -> Result<Vec<u8>, Trouble> {
        metadata.block(self.place(logical)?, "a block of the journal")
    }
}

/// Replays the journal in this inode. `metadata` are those without the journal.
///
/// # Errors
///
/// [`Trouble::Damaged`] or [`Trouble::Unknown`] if nothing of it can be replayed, and why.
pub(super) fn replay(metadata: &mut ExtMetadata<'_>, inode: &Inode) -> Result<Replayed, Trouble> {
    let mapping = mapping::read(metadata, inode, 1 << 20)?;
    let journal = Journal { runs: mapping.runs };
    let first = journal.block(metadata, 0)?;
    let head = Head::parse(metadata.superblock, &first)?;
    if head.start == 0 {
        return Ok(Replayed::default());
    }
    let found = log::walk(metadata, &journal, &head)?;
    let unsure = fast_commit::changed(metadata, &journal, &head, found.next_sequence)?;
    let transactions = found.next_sequence.wrapping_sub(head.sequence);
    Ok(Replayed {
        transactions,
        stopped: found.stopped.clone(),
        unsure,
        overlay: found.overlay(),
    })
}

/// The journal's inode by the copy in the superblock, where the inode itself is not right.
pub(super) fn copied_inode(metadata: &ExtMetadata<'_>) -> Option<Inode> {
    let superblock = metadata.superblock;
    let (map, bytes) = superblock.journal_copy?;
    let is_tree = map.starts_with(&[0x0A, 0xF3]);
    let seed = crc32c(superblock.seed, &superblock.journal_inode.to_le_bytes());
    Some(Inode {
        number: superblock.journal_inode,
        kind: Kind::Regular,
        owner: Owner {
            mode: 0,
            user: 0,
            group: 0,
        },
        bytes,
        links: 1,
        flags: if is_tree { 0x8_0000 } else { 0 },
        times: Times::default(),
        map,
        attributes: 0,
        rest: Vec::new(),
        seed: crc32c(seed, &[0; 4]),
        next_orphan: 0,
    })
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Whole(refusal)
    }
}

/// The kind and the number of transaction of a block of the journal that is no copy.
fn header(block: &[u8]) -> Option<(u32, u32)> {
    let is_header = be32(block, 0)? == MAGIC;
    is_header.then_some((be32(block, 4)?, be32(block, 8)?))
}
