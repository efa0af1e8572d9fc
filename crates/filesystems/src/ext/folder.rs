//! The names in a folder's blocks, read one after the other: the blocks of an index of hashes look like empty ones.
//!
//! Source: Linux, Documentation/filesystems/ext4/directory.rst.

use super::inode::Inode;
use super::superblock::Superblock;
use crate::checksum::crc32c;
use crate::fields::{le16, le32};

/// One name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) inode: u32,
    pub(super) name: Vec<u8>,
    /// Whether it says of itself that it is a folder.
    pub(super) is_folder: bool,
}

/// The names of one block, `.` and `..` left out; the words are of what is wrong with it, behind the names before.
pub(super) fn entries(superblock: &Superblock, block: &[u8]) -> (Vec<Entry>, Option<&'static str>) {
    let mut found = Vec::new();
    let mut at = 0;
    while at < block.len() {
        let Some((entry, next)) = entry(superblock, block, at) else {
            return (found, Some("an entry of it is damaged"));
        };
        if entry.inode != 0 && !matches!(&entry.name[..], b"." | b"..") {
            found.push(entry);
        }
        at = next;
    }
    (found, None)
}

/// The entry at `at`, and where the next begins.
fn entry(superblock: &Superblock, block: &[u8], at: usize) -> Option<(Entry, usize)> {
    let inode = le32(block, at)?;
    let length = record_bytes(le16(block, at + 4)?, block.len());
    let end = at.checked_add(length).filter(|&end| end <= block.len())?;
    let [low, high] = [*block.get(at + 6)?, *block.get(at + 7)?];
    let has_types = superblock.features.has_file_types();
    let name_bytes = match has_types {
        true => usize::from(low),
        false => usize::from(u16::from_le_bytes([low, high])),
    };
    if !length.is_multiple_of(4) || length < 8 + name_bytes || inode != 0 && name_bytes == 0 {
        return None;
    }
    let entry = Entry {
        inode,
        name: block.get(at + 8..at + 8 + name_bytes)?.to_vec(),
        is_folder: has_types && high == 2,
    };
    Some((entry, end))
}

/// The length of an entry. In blocks of 64 KiB it does not fit into 16 bits, and its two lowest bits are the highest.
fn record_bytes(kept: u16, block_bytes: usize) -> usize {
    let kept = usize::from(kept);
    match (kept, block_bytes) {
        (0 | 0xFFFF, 65536) => 65536,
        (kept, 65536) => kept & 0xFFFC | (kept & 3) << 16,
        (kept, _) => kept,
    }
}

/// Whether the checksum of a folder's block is right. `is_first` it is of the folder.
pub(super) fn has_right_checksum(inode: &Inode, block: &[u8], is_first: bool) -> bool {
    let right = match index_at(inode, block, is_first) {
        Some(at) => index_checksum(inode, block, at),
        None => leaf_checksum(inode, block),
    };
    right.unwrap_or(false)
}

/// Where the index in a block begins, if it is one: behind `.` and `..` in the first block, else behind one entry
/// that is as long as the block.
fn index_at(inode: &Inode, block: &[u8], is_first: bool) -> Option<usize> {
    if !inode.is_indexed() {
        return None;
    }
    let is_node = record_bytes(le16(block, 4)?, block.len()) == block.len();
    match (is_first, is_node) {
        (true, _) => Some(32),
        (false, true) => Some(8),
        (false, false) => None,
    }
}

/// The last twelve bytes of a leaf are an entry of type DE that holds the checksum of what is before.
fn leaf_checksum(inode: &Inode, block: &[u8]) -> Option<bool> {
    let tail_at = block.len().checked_sub(12)?;
    let (before, tail) = block.split_at_checked(tail_at)?;
    let is_tail = tail.get(..8)? == [0, 0, 0, 0, 12, 0, 0, 0xDE];
    Some(is_tail && le32(tail, 8)? == crc32c(inode.seed, before))
}

/// An index has room for `limit` entries of eight bytes, the first of which holds the counts, and its checksum behind
/// that room, over what is used.
fn index_checksum(inode: &Inode, block: &[u8], at: usize) -> Option<bool> {
    let limit = usize::from(le16(block, at)?);
    let count = usize::from(le16(block, at + 2)?);
    let tail = at + limit * 8;
    if count > limit {
        return Some(false);
    }
    let sum = crc32c(inode.seed, block.get(..at + count * 8)?);
    let sum = crc32c(sum, block.get(tail..tail + 4)?);
    Some(le32(block, tail + 4)? == crc32c(sum, &[0; 4]))
}

/// Whether bytes can be a name in a path.
pub(super) fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && !name.contains(&b'/')
        && !name.contains(&0)
        && name != b"."
        && name != b".."
}

/// An encrypted name, which may hold any bytes, in base64 as URLs have it: a name that can be told of what cannot be
/// loaded.
pub(super) fn encrypted_name(name: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = Vec::new();
    for three in name.chunks(3) {
        let mut bits = three
            .iter()
            .fold(0u32, |bits, &byte| bits << 8 | u32::from(byte));
        bits <<= 8 * (3 - three.len());
        for digit in 0..=three.len() {
            let value = bits >> (18 - 6 * digit) & 63;
            let value = usize::try_from(value).unwrap_or_default();
            text.push(DIGITS[value]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_an_entry_of_64_kib_has_two_more_bits() {
        assert_eq!(record_bytes(0, 65536), 65536);
        assert_eq!(record_bytes(0xFFFF, 65536), 65536);
        assert_eq!(record_bytes(12, 65536), 12);
        assert_eq!(record_bytes(0xFFFF, 4096), 0xFFFF);
        assert_eq!(record_bytes(0, 1024), 0);
    }

    #[test]
    fn encrypted_names_are_base64() {
        assert_eq!(encrypted_name(b"\xFB\xFF\xFE"), b"-__-");
        assert_eq!(encrypted_name(b"a"), b"YQ");
        assert_eq!(encrypted_name(b"ab"), b"YWI");
        assert_eq!(encrypted_name(b""), b"");
    }

    #[test]
    fn a_name_has_no_slash_and_no_nul() {
        assert!(is_name(b"a") && is_name(b"..."));
        for name in [&b""[..], b".", b"..", b"a/b", b"a\0"] {
            assert!(!is_name(name));
        }
    }
}
