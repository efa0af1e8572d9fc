//! The superblock of a journal.

use super::super::superblock::Superblock;
use super::super::trouble::Trouble;
use super::header;
use crate::checksum::crc32c;
use crate::fields::{self, be32};

const CHECKSUM_AT: usize = 0xFC;

const REVOKE: u32 = 0x1;
const BITS_64: u32 = 0x2;
const ASYNC_COMMIT: u32 = 0x4;
const CHECKSUM_2: u32 = 0x8;
const CHECKSUM_3: u32 = 0x10;
const FAST_COMMIT: u32 = 0x20;
const KNOWN: u32 = REVOKE | BITS_64 | ASYNC_COMMIT | CHECKSUM_2 | CHECKSUM_3 | FAST_COMMIT;

/// What a journal says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// The first block of the log, and the first behind it.
    pub(super) first: u32,
    pub(super) end: u32,
    /// The first block behind the room of fast commits, which begins one block behind `end`.
    pub(super) fast_end: u32,
    /// The number of the first transaction, and where it begins; 0 if there is nothing to replay.
    pub(super) sequence: u32,
    pub(super) start: u32,
    pub(super) has_64_bits: bool,
    pub(super) checksums: Checksums,
    /// What checksums begin with.
    pub(super) seed: u32,
}

/// How a journal is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checksums {
    None,
    /// One CRC-32 of a transaction, in its commit block.
    Transaction,
    /// A CRC-32C of each block: 16 bits of it for copies.
    Short,
    /// A CRC-32C of each block.
    Whole,
}

impl Checksums {
    /// Whether the journal's own blocks end in a checksum.
    pub(super) fn are_of_blocks(self) -> bool {
        matches!(self, Self::Short | Self::Whole)
    }
}

impl Head {
    pub(super) fn parse(superblock: &Superblock, block: &[u8]) -> Result<Self, Trouble> {
        let damaged = || Trouble::damaged("the superblock of the journal is damaged");
        let (kind, _) = header(block).ok_or_else(damaged)?;
        let is_old = kind == 3;
        if !is_old && kind != 4 {
            return Err(damaged());
        }
        let head = Self::read(block, is_old).ok_or_else(damaged)??;
        let is_right = be32(block, 0xC) == Some(superblock.block_bytes)
            && head.first >= 1
            && head.first < head.end
            && (head.start == 0 || (head.first..head.end).contains(&head.start));
        let sum = be32(block, CHECKSUM_AT);
        if !is_right || head.checksums.are_of_blocks() && sum != checksum(block) {
            return Err(damaged());
        }
        Ok(head)
    }

    fn read(block: &[u8], is_old: bool) -> Option<Result<Self, Trouble>> {
        let word = |at| be32(block, at);
        let (compatible, incompatible) = match is_old {
            true => (0, 0),
            false => (word(0x24)?, word(0x28)?),
        };
        if incompatible & !KNOWN != 0 {
            let unknown = incompatible & !KNOWN;
            let what = format!("features {unknown:#x} of the journal");
            return Some(Err(Trouble::Unknown(what)));
        }
        let has_fast = incompatible & FAST_COMMIT != 0;
        let fast = match (has_fast, word(0x54)?) {
            (false, _) => 0,
            (true, 0) => 256,
            (true, said) => said,
        };
        let fast_end = word(0x10)?;
        let uuid: [u8; 16] = fields::bytes(block, 0x30)?;
        Some(Ok(Self {
            first: word(0x14)?,
            end: fast_end.checked_sub(fast)?,
            fast_end,
            sequence: word(0x18)?,
            start: word(0x1C)?,
            has_64_bits: incompatible & BITS_64 != 0,
            checksums: match () {
                () if incompatible & CHECKSUM_3 != 0 => Checksums::Whole,
                () if incompatible & CHECKSUM_2 != 0 => Checksums::Short,
                () if compatible & 1 != 0 => Checksums::Transaction,
                () => Checksums::None,
            },
            seed: crc32c(u32::MAX, &uuid),
        }))
    }
}

/// Of the 1024 bytes of the superblock, its own field taken as 0.
fn checksum(block: &[u8]) -> Option<u32> {
    let sum = crc32c(u32::MAX, block.get(..CHECKSUM_AT)?);
    let sum = crc32c(sum, &[0; 4]);
    Some(crc32c(sum, block.get(CHECKSUM_AT + 4..1024)?))
}
