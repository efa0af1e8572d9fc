//! The log of a journal, walked once from its first transaction to its last.

use std::collections::BTreeMap;

use super::super::metadata::{Copied, ExtMetadata, Overlay};
use super::super::trouble::Trouble;
use super::head::{Checksums, Head};
use super::tags::{self, Tag};
use super::{Journal, header};
use crate::checksum::{crc32_be, crc32c};
use crate::fields::{be32, be64};
use crate::reader::Refusal;

const DESCRIPTOR: u32 = 1;
const COMMIT: u32 = 2;
const REVOKE: u32 = 5;

/// The most revoked blocks that are kept: 16 bytes each.
const REVOKED: usize = 16 << 20;

/// What a log holds up to its end.
#[derive(Debug, Default)]
pub(super) struct LogFound {
    copies: Vec<Copy>,
    revoked: BTreeMap<u64, u32>,
    /// The number of the transaction that would have come next.
    pub(super) next_sequence: u32,
    /// Why it ended where it should not have.
    pub(super) stopped: Option<String>,
}

/// A copy of a block in a transaction.
#[derive(Debug, Clone, Copy)]
struct Copy {
    sequence: u32,
    block: u64,
    copied: Copied,
}

impl LogFound {
    /// The last copy of each block, unless the block was revoked in the same transaction or later: then it was given
    /// to a file, whose content the copy is not.
    pub(super) fn overlay(self) -> Overlay {
        let mut overlay = Overlay::default();
        for copy in self.copies {
            let revoked = self.revoked.get(&copy.block);
            let is_revoked = revoked.is_some_and(|&at| {
                // Numbers of transactions go round.
                at.wrapping_sub(copy.sequence).cast_signed() >= 0
            });
            if !is_revoked {
                overlay.insert(copy.block, copy.copied);
            }
        }
        overlay
    }
}

/// Walks the log.
pub(super) fn walk(
    metadata: &mut ExtMetadata<'_>,
    journal: &Journal,
    head: &Head,
) -> Result<LogFound, Trouble> {
    let mut walk = LogWalk {
        metadata,
        journal,
        head,
        next: head.start,
        left: head.end - head.first,
        sequence: head.sequence,
        copies: Vec::new(),
        revoked: Vec::new(),
        sum: u32::MAX,
        found: LogFound::default(),
    };
    match walk.through() {
        Ok(()) => {}
        Err(Trouble::Damaged(why)) => walk.found.stopped = Some(why),
        Err(other) => return Err(other),
    }
    walk.found.next_sequence = walk.sequence;
    Ok(walk.found)
}

struct LogWalk<'a, 'm> {
    metadata: &'a mut ExtMetadata<'m>,
    journal: &'a Journal,
    head: &'a Head,
    /// The next block, and how many blocks the log may still have: it never goes round twice.
    next: u32,
    left: u32,
    sequence: u32,
    /// Of the transaction that has no commit block yet.
    copies: Vec<Copy>,
    revoked: Vec<u64>,
    sum: u32,
    found: LogFound,
}

impl LogWalk<'_, '_> {
    /// # Errors
    ///
    /// [`Trouble::Damaged`] where the log ends because something of it is wrong.
    fn through(&mut self) -> Result<(), Trouble> {
        while self.left > 0 {
            let block = self.journal.block(self.metadata, self.next)?;
            let kind = header(&block).filter(|&(_, sequence)| sequence == self.sequence);
            match kind {
                Some((DESCRIPTOR, _)) => self.descriptor(&block)?,
                Some((COMMIT, _)) => self.commit(&block)?,
                Some((REVOKE, _)) => self.revoke(&block)?,
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// Where the next block lies; it is taken.
    fn advance(&mut self) -> Result<u64, Trouble> {
        let place = self.journal.place(self.next)?;
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| damaged("goes round"))?;
        self.next += 1;
        if self.next >= self.head.end {
            self.next = self.head.first;
        }
        Ok(place)
    }

    fn descriptor(&mut self, block: &[u8]) -> Result<(), Trouble> {
        self.check(block)?;
        let tags = tags::tags(self.head, block).ok_or_else(|| damaged("has wrong tags"))?;
        self.add_to_sum(block);
        self.advance()?;
        for tag in tags {
            self.copy(&tag)?;
        }
        Ok(())
    }

    fn copy(&mut self, tag: &Tag) -> Result<(), Trouble> {
        let place = self.advance()?;
        let mut copied = Copied::At {
            offset: place * u64::from(self.metadata.superblock.block_bytes),
            is_escaped: tag.is_escaped,
        };
        if self.head.checksums != Checksums::None {
            let copy = self.metadata.block(place, "a block of the journal")?;
            self.add_to_sum(&copy);
            if !tag.is_right(self.head, self.sequence, &copy) {
                copied = Copied::Damaged;
            }
        }
        self.copies.push(Copy {
            sequence: self.sequence,
            block: tag.block,
            copied,
        });
        Ok(())
    }

    /// The transaction is whole.
    fn commit(&mut self, block: &[u8]) -> Result<(), Trouble> {
        let is_right = match self.head.checksums {
            Checksums::None => Some(true),
            Checksums::Transaction => has_right_sum(block, self.sum),
            Checksums::Short | Checksums::Whole => has_right_checksum(self.head, block),
        };
        if is_right != Some(true) {
            return Err(damaged("has a commit block with a wrong checksum"));
        }
        self.found.copies.append(&mut self.copies);
        for block in self.revoked.drain(..) {
            self.found.revoked.insert(block, self.sequence);
        }
        self.sum = u32::MAX;
        self.sequence = self.sequence.wrapping_add(1);
        self.advance().map(drop)
    }

    fn revoke(&mut self, block: &[u8]) -> Result<(), Trouble> {
        self.check(block)?;
        let blocks = revoked(self.head, block).ok_or_else(|| damaged("has a wrong revocation"))?;
        self.revoked.extend(blocks);
        if self.revoked.len() + self.found.revoked.len() > REVOKED {
            let why = "revoked blocks of the journal".to_owned();
            return Err(Trouble::Whole(Refusal::Limit(why)));
        }
        self.advance().map(drop)
    }

    /// The checksum at the end of a block that is no copy.
    fn check(&self, block: &[u8]) -> Result<(), Trouble> {
        if !self.head.checksums.are_of_blocks() {
            return Ok(());
        }
        let end = block.len().saturating_sub(4);
        let content = block.get(..end).unwrap_or_default();
        let sum = crc32c(crc32c(self.head.seed, content), &[0; 4]);
        if be32(block, end) == Some(sum) {
            Ok(())
        } else {
            Err(damaged("has a block with a wrong checksum"))
        }
    }

    fn add_to_sum(&mut self, block: &[u8]) {
        if self.head.checksums == Checksums::Transaction {
            self.sum = crc32_be(self.sum, block);
        }
    }
}

fn damaged(what: &str) -> Trouble {
    Trouble::Damaged(format!("the journal {what}"))
}

/// The blocks of a revocation, whose header says how many of its bytes are used.
fn revoked(head: &Head, block: &[u8]) -> Option<Vec<u64>> {
    let used = usize::try_from(be32(block, 12)?).ok()?;
    let records = block.get(16..used)?;
    Some(match head.has_64_bits {
        true => records
            .chunks_exact(8)
            .filter_map(|record| be64(record, 0))
            .collect(),
        false => {
            let records = records.chunks_exact(4);
            records
                .filter_map(|record| be32(record, 0).map(u64::from))
                .collect()
        }
    })
}

/// The first word of checksums in a commit block is over the block itself.
fn has_right_checksum(head: &Head, block: &[u8]) -> Option<bool> {
    let sum = crc32c(head.seed, block.get(..16)?);
    let sum = crc32c(crc32c(sum, &[0; 4]), block.get(20..)?);
    Some(be32(block, 16)? == sum)
}

/// In journals with a checksum of a transaction the commit block says its kind (1, of 4 bytes), or has none.
fn has_right_sum(block: &[u8], sum: u32) -> Option<bool> {
    let kept = be32(block, 16)?;
    Some(match *block.get(12..14)? {
        [1, 4] => kept == sum,
        [0, 0] => kept == 0,
        _ => false,
    })
}
