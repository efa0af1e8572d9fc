//! ExtMetadata as they are once the journal was replayed: read from the volume, with what the journal has newer.

use std::collections::BTreeMap;

use super::superblock::Superblock;
use super::trouble::Trouble;
use crate::blocks::Blocks;
use crate::reader::Refusal;
use crate::told::{Extent, What};

/// Blocks of which a journal has a newer copy.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    copies: BTreeMap<u64, Copied>,
}

/// The newer copy of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Copied {
    /// It lies at this byte of the volume. Escaped, its first four bytes are zeros there and stand for the magic of
    /// the journal.
    At { offset: u64, is_escaped: bool },
    /// It is there, and damaged: what the block holds is not known.
    Damaged,
}

/// The first four bytes of an escaped block: the magic of the journal.
pub(super) const ESCAPED: [u8; 4] = [0xC0, 0x3B, 0x39, 0x98];

impl Overlay {
    pub(super) fn insert(&mut self, block: u64, copied: Copied) {
        self.copies.insert(block, copied);
    }

    pub(super) fn len(&self) -> usize {
        self.copies.len()
    }

    /// The blocks with newer copies from `first` on, in order.
    pub(super) fn range(&self, first: u64, count: u64) -> impl Iterator<Item = (u64, Copied)> + '_ {
        let range = self.copies.range(first..first.saturating_add(count));
        range.map(|(&block, &copied)| (block, copied))
    }
}

/// The way to metadata.
pub(super) struct ExtMetadata<'a> {
    pub(super) blocks: &'a mut dyn Blocks,
    pub(super) superblock: &'a Superblock,
    pub(super) overlay: &'a Overlay,
    /// How many bytes may still be read.
    pub(super) left: &'a mut u64,
}

impl ExtMetadata<'_> {
    /// Bytes of a block.
    pub(super) fn block_bytes(&self) -> usize {
        usize::try_from(self.superblock.block_bytes).unwrap_or(usize::MAX)
    }

    /// One block; `what` it is.
    pub(super) fn block(&mut self, block: u64, what: &str) -> Result<Vec<u8>, Trouble> {
        let mut into = vec![0; self.block_bytes()];
        self.read(block, &mut into, what)?;
        Ok(into)
    }

    /// Whole blocks from `block` on, or the first bytes of one.
    pub(super) fn read(&mut self, block: u64, into: &mut [u8], what: &str) -> Result<(), Trouble> {
        let size = self.block_bytes();
        let count = into.len().div_ceil(size) as u64;
        let end = block.checked_add(count);
        if end.is_none_or(|end| end > self.superblock.blocks) {
            let why = format!("{what} lies outside of the file system");
            return Err(Trouble::Damaged(why));
        }
        self.spend(into.len() as u64)?;
        if self.overlay.range(block, count).next().is_none() {
            return self.plain(block * size as u64, into, what);
        }
        for (index, piece) in into.chunks_mut(size).enumerate() {
            self.newest(block + index as u64, piece, what)?;
        }
        Ok(())
    }

    /// One block, from the journal if that has it.
    fn newest(&mut self, block: u64, into: &mut [u8], what: &str) -> Result<(), Trouble> {
        let copied = self.overlay.range(block, 1).next();
        match copied.map(|(_, copied)| copied) {
            None => self.plain(block * u64::from(self.superblock.block_bytes), into, what),
            Some(Copied::Damaged) => {
                let why = format!("the newest copy of {what}, in the journal, is damaged");
                Err(Trouble::Damaged(why))
            }
            Some(Copied::At { offset, is_escaped }) => {
                self.plain(offset, into, what)?;
                if let Some(start) = into.get_mut(..4).filter(|_| is_escaped) {
                    start.copy_from_slice(&ESCAPED);
                }
                Ok(())
            }
        }
    }

    /// The bytes of extents, which are few.
    pub(super) fn content(&mut self, extents: &[Extent], what: &str) -> Result<Vec<u8>, Trouble> {
        let mut content = Vec::new();
        for extent in extents {
            let from = content.len();
            content.resize(from + usize::try_from(extent.bytes).unwrap_or_default(), 0);
            match &extent.what {
                What::Disk(offset) => self.plain(*offset, &mut content[from..], what)?,
                What::Inline(held) => content[from..].copy_from_slice(held),
                What::Zeros | What::Packed { .. } => {}
            }
        }
        Ok(content)
    }

    fn plain(&mut self, offset: u64, into: &mut [u8], what: &str) -> Result<(), Trouble> {
        let read = self.blocks.read(offset, into);
        read.map_err(|fault| Trouble::of(fault, what))
    }

    fn spend(&mut self, bytes: u64) -> Result<(), Trouble> {
        let left = self.left.checked_sub(bytes).ok_or_else(|| {
            let why = "more metadata than a volume of this size can have".to_owned();
            Trouble::Whole(Refusal::Limit(why))
        })?;
        *self.left = left;
        Ok(())
    }
}
