//! Maps that are trees of extents.
//!
//! Source: Linux, Documentation/filesystems/ext4/dynamic.rst, "Extent Tree".

use std::ops::Range;

use super::{BlockRun, ExtMetadata, Inode, Mapping, Trouble};
use crate::checksum::crc32c;
use crate::fields::{le16, le32};

const MAGIC: u16 = 0xF30A;
/// Bytes of the header, and of every entry.
const ENTRY: usize = 12;
/// No tree is deeper: five levels of four entries or more reach every block of a file.
const DEPTH: u16 = 5;
/// A longer extent was set aside and never written; its length is what it has beyond this. One of exactly this
/// length was written.
const WRITTEN: u16 = 32768;

/// Reads the whole tree.
pub(super) fn read(
    metadata: &mut ExtMetadata<'_>,
    inode: &Inode,
    most: usize,
) -> Result<Mapping, Trouble> {
    let depth = Header::parse(&inode.map)?.depth;
    if depth > DEPTH {
        return Err(damaged("is too deep"));
    }
    let mut tree = Tree {
        metadata,
        inode,
        most,
        mapping: Mapping::default(),
    };
    tree.node(&inode.map, depth, 0..1 << 32)?;
    Ok(tree.mapping)
}

struct Tree<'a, 'm> {
    metadata: &'a mut ExtMetadata<'m>,
    inode: &'a Inode,
    most: usize,
    mapping: Mapping,
}

impl Tree<'_, '_> {
    /// A node `depth` levels above the leaves, all of whose blocks lie in `range`.
    fn node(&mut self, bytes: &[u8], depth: u16, range: Range<u64>) -> Result<(), Trouble> {
        let header = Header::parse(bytes)?;
        if header.depth != depth {
            return Err(damaged("has a node at the wrong depth"));
        }
        let entries = bytes.chunks_exact(ENTRY).skip(1);
        let entries: Vec<&[u8]> = entries.take(header.entries).collect();
        if depth == 0 {
            return self.leaf(&entries, range);
        }
        for (index, entry) in entries.iter().enumerate() {
            let first = logical(entry)?;
            let next = entries.get(index + 1).map(|next| logical(next));
            let end = next.transpose()?.unwrap_or(range.end);
            if first < range.start || first >= end || end > range.end {
                return Err(damaged("has nodes in a wrong order"));
            }
            self.child(entry, depth - 1, first..end)?;
        }
        Ok(())
    }

    fn child(&mut self, entry: &[u8], depth: u16, range: Range<u64>) -> Result<(), Trouble> {
        let place = place(entry, 4, 8)?;
        let block = self.metadata.block(place, "a node of its map")?;
        self.mapping.push_node(place);
        // An empty node is never kept: one that many entries name would make a small tree endless.
        if Header::parse(&block)?.entries == 0 {
            return Err(damaged("has an empty node"));
        }
        if self.metadata.superblock.features.has_checksums() {
            self.check(&block)?;
        }
        self.node(&block, depth, range)
    }

    /// The checksum stands behind the room for entries.
    fn check(&self, block: &[u8]) -> Result<(), Trouble> {
        let room = le16(block, 4).map_or(0, usize::from);
        let end = ENTRY + ENTRY * room;
        let content = block.get(..end);
        let sum = content.map(|content| crc32c(self.inode.seed, content));
        if sum.is_some() && sum == le32(block, end) {
            Ok(())
        } else {
            Err(damaged("has a node with a wrong checksum"))
        }
    }

    fn leaf(&mut self, entries: &[&[u8]], range: Range<u64>) -> Result<(), Trouble> {
        let mut from = range.start;
        for entry in entries {
            let logical = logical(entry)?;
            let length = le16(entry, 4).unwrap_or_default();
            let is_unwritten = length > WRITTEN;
            let count = u64::from(if is_unwritten {
                length - WRITTEN
            } else {
                length
            });
            if logical < from || count == 0 || logical + count > range.end {
                return Err(damaged("has extents in a wrong order"));
            }
            from = logical + count;
            let run = BlockRun {
                logical,
                count,
                place: place(entry, 8, 6)?,
                is_unwritten,
            };
            self.mapping.push(self.metadata, run, self.most)?;
        }
        Ok(())
    }
}

struct Header {
    entries: usize,
    depth: u16,
}

impl Header {
    fn parse(bytes: &[u8]) -> Result<Self, Trouble> {
        let read = |at| le16(bytes, at).ok_or_else(|| damaged("has no header"));
        if read(0)? != MAGIC {
            return Err(damaged("has no magic"));
        }
        let (entries, room) = (usize::from(read(2)?), usize::from(read(4)?));
        if entries > room || room > bytes.len() / ENTRY - 1 {
            return Err(damaged("has more entries than room"));
        }
        Ok(Self {
            entries,
            depth: read(6)?,
        })
    }
}

fn logical(entry: &[u8]) -> Result<u64, Trouble> {
    let block = le32(entry, 0).ok_or_else(|| damaged("ends in an entry"))?;
    Ok(u64::from(block))
}

/// A block's number, its low 32 and its high 16 bits at these places.
fn place(entry: &[u8], low: usize, high: usize) -> Result<u64, Trouble> {
    let low = le32(entry, low).ok_or_else(|| damaged("ends in an entry"))?;
    let high = le16(entry, high).ok_or_else(|| damaged("ends in an entry"))?;
    Ok(u64::from(high) << 32 | u64::from(low))
}

fn damaged(what: &str) -> Trouble {
    Trouble::Damaged(format!("its tree of extents {what}"))
}
