//! Maps of ext2 and ext3: twelve blocks, then blocks of blocks, up to three levels of them. A block 0 is a hole of all
//! that would hang on it.
//!
//! Source: Linux, Documentation/filesystems/ext4/ifork.rst, "Direct/Indirect Block Addressing".

use super::{BlockRun, ExtMetadata, Inode, Mapping, Trouble};
use crate::fields::le32;

/// Blocks that the inode names itself.
const DIRECT: u64 = 12;

/// Reads the map as far as the size goes.
pub(super) fn read(
    metadata: &mut ExtMetadata<'_>,
    inode: &Inode,
    most: usize,
) -> Result<Mapping, Trouble> {
    let block_bytes = u64::from(metadata.superblock.block_bytes);
    let per_block = block_bytes / 4;
    let end = inode.bytes.div_ceil(block_bytes);
    let spans = [per_block, per_block.pow(2), per_block.pow(3)];
    if end > DIRECT + spans.iter().sum::<u64>() {
        return Err(Trouble::damaged("its size is beyond what its map can hold"));
    }
    let mut map = Map {
        metadata,
        most,
        end,
        per_block,
        mapping: Mapping::default(),
    };
    map.entries(inode.map.get(..48).unwrap_or_default(), 0, 1)?;
    let mut first = DIRECT;
    for (index, span) in spans.into_iter().enumerate() {
        let place = le32(&inode.map, 48 + index * 4).unwrap_or_default();
        map.entry(place, first, span)?;
        first += span;
    }
    Ok(map.mapping)
}

struct Map<'a, 'm> {
    metadata: &'a mut ExtMetadata<'m>,
    most: usize,
    /// The first block past the size.
    end: u64,
    per_block: u64,
    mapping: Mapping,
}

impl Map<'_, '_> {
    /// Entries that each stand for `span` blocks, from block `first` of the file on.
    fn entries(&mut self, bytes: &[u8], first: u64, span: u64) -> Result<(), Trouble> {
        let mut logical = first;
        for entry in bytes.chunks_exact(4) {
            if logical >= self.end {
                return Ok(());
            }
            self.entry(le32(entry, 0).unwrap_or_default(), logical, span)?;
            logical += span;
        }
        Ok(())
    }

    /// One entry, which is a block of the file if `span` is 1, else a block of entries.
    fn entry(&mut self, place: u32, logical: u64, span: u64) -> Result<(), Trouble> {
        if place == 0 || logical >= self.end {
            return Ok(());
        }
        let place = u64::from(place);
        if span == 1 {
            let run = BlockRun {
                logical,
                count: 1,
                place,
                is_unwritten: false,
            };
            return self.mapping.push(self.metadata, run, self.most);
        }
        let block = self.metadata.block(place, "a block of its map")?;
        self.mapping.push_node(place);
        self.entries(&block, logical, span / self.per_block)
    }
}
