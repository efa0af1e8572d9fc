//! The tags of a descriptor block: of which block of the file system each following block is a copy.

use super::head::{Checksums, Head};
use crate::checksum::crc32c;
use crate::fields::{be16, be32};

const ESCAPED: u32 = 1;
const SAME_UUID: u32 = 2;
const LAST: u32 = 8;

/// One tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) block: u64,
    pub(super) is_escaped: bool,
    checksum: u32,
}

/// The tags of a descriptor block; `None` if they do not end inside it.
pub(super) fn tags(head: &Head, block: &[u8]) -> Option<Vec<Tag>> {
    let tail = if head.checksums.are_of_blocks() { 4 } else { 0 };
    let room = block.get(..block.len().checked_sub(tail)?)?;
    let mut found = Vec::new();
    let mut at = 12;
    loop {
        let (tag, flags) = tag(head, room, at)?;
        found.push(tag);
        if flags & LAST != 0 {
            return Some(found);
        }
        let uuid = if flags & SAME_UUID == 0 { 16 } else { 0 };
        at += tag_bytes(head) + uuid;
        // Linux ends a block without a last tag where no more fits.
        if at + tag_bytes(head) > room.len() {
            return Some(found);
        }
    }
}

/// The length of a tag in bytes: Linux, `journal_tag_bytes` of fs/jbd2/journal.c.
fn tag_bytes(head: &Head) -> usize {
    match (head.checksums, head.has_64_bits) {
        (Checksums::Whole, _) => 16,
        (Checksums::Short, true) => 14,
        (Checksums::Short, false) => 10,
        (_, true) => 12,
        (_, false) => 8,
    }
}

fn tag(head: &Head, room: &[u8], at: usize) -> Option<(Tag, u32)> {
    let bytes = room.get(at..at + tag_bytes(head))?;
    let low = be32(bytes, 0)?;
    let high = if head.has_64_bits { be32(bytes, 8)? } else { 0 };
    let (flags, checksum) = match head.checksums {
        Checksums::Whole => (be32(bytes, 4)?, be32(bytes, 12)?),
        _ => (u32::from(be16(bytes, 6)?), u32::from(be16(bytes, 4)?)),
    };
    let tag = Tag {
        block: u64::from(high) << 32 | u64::from(low),
        is_escaped: flags & ESCAPED != 0,
        checksum,
    };
    Some((tag, flags))
}

impl Tag {
    /// Whether this copy, as it lies in the journal, is the one of the tag.
    pub(super) fn is_right(&self, head: &Head, sequence: u32, copy: &[u8]) -> bool {
        let sum = crc32c(crc32c(head.seed, &sequence.to_be_bytes()), copy);
        match head.checksums {
            Checksums::None | Checksums::Transaction => true,
            Checksums::Short => sum & 0xFFFF == self.checksum,
            Checksums::Whole => sum == self.checksum,
        }
    }
}
