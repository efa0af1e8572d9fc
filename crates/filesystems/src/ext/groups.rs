//! The descriptors of groups: where bitmaps and tables of inodes lie.
//!
//! Source: Linux, Documentation/filesystems/ext4/group_descr.rst, blockgroup.rst.

use super::metadata::ExtMetadata;
use super::superblock::Superblock;
use super::trouble::Trouble;
use crate::checksum::{crc16, crc32c};
use crate::fields::{le16, le32};
use crate::reader::Refusal;

/// The most memory for descriptors, in bytes: some 48 each, so that groups of 128 MiB make up 350 TiB.
const MEMORY_BYTES: u64 = 128 << 20;

/// What a descriptor says of its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) block_bitmap: u64,
    pub(super) inode_bitmap: u64,
    pub(super) inode_table: u64,
    /// How many inodes at the end of the table were never used; what lies there is an earlier owner's.
    pub(super) unused_inodes: u32,
    /// The bitmap of blocks was never written: only the group's own metadata is used.
    pub(super) has_no_bitmap: bool,
    /// The CRC-32C of the bitmap of blocks, of which `bitmap_checksum_mask` is kept.
    pub(super) bitmap_checksum: u32,
    pub(super) bitmap_checksum_mask: u32,
}

/// All groups; `None` where no copy of a descriptor is right.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: Vec<Option<Group>>,
    /// Whether copies had to be taken for some.
    pub(super) is_mended: bool,
}

impl Groups {
    /// Reads all descriptors, and copies of those that are damaged.
    pub(super) fn read(metadata: &mut ExtMetadata<'_>) -> Result<Self, Refusal> {
        let superblock = metadata.superblock;
        if u64::from(superblock.groups) * size_of::<Option<Group>>() as u64 > MEMORY_BYTES {
            return Err(Refusal::Limit(format!("{} groups", superblock.groups)));
        }
        let mut groups = Self {
            groups: Vec::new(),
            is_mended: false,
        };
        let per_block = superblock.descriptors_per_block();
        for index in 0..superblock.groups.div_ceil(per_block) {
            let count = per_block.min(superblock.groups - index * per_block);
            groups.read_block(metadata, index, count)?;
        }
        Ok(groups)
    }

    /// Reads the block `index` of descriptors, in which `count` are.
    fn read_block(
        &mut self,
        metadata: &mut ExtMetadata<'_>,
        index: u32,
        count: u32,
    ) -> Result<(), Refusal> {
        let superblock = metadata.superblock;
        let start = self.groups.len();
        let mut places = places(superblock, index).into_iter();
        let first = places.next().unwrap_or_default();
        self.groups
            .extend(parse_block(metadata, first, index, count)?);
        for place in places {
            if self.groups[start..].iter().all(Option::is_some) {
                return Ok(());
            }
            let copies = parse_block(metadata, place, index, count)?;
            for (group, copy) in self.groups[start..].iter_mut().zip(copies) {
                if group.is_none() && copy.is_some() {
                    self.is_mended = true;
                    // A copy is as old as the file system: what it says of use is not true any more.
                    *group = copy.map(Group::of_unknown_use);
                }
            }
        }
        Ok(())
    }

    /// A group.
    pub(super) fn get(&self, group: u32) -> Option<&Group> {
        let index = usize::try_from(group).ok()?;
        self.groups.get(index)?.as_ref()
    }
}

/// Where a block of descriptors lies: first where it is kept up to date, then copies.
fn places(superblock: &Superblock, index: u32) -> Vec<u64> {
    let is_of_meta_group =
        superblock.features.has_meta_groups() && index >= superblock.first_meta_group;
    if is_of_meta_group {
        return meta_group_places(superblock, index);
    }
    let first = 1024 / u64::from(superblock.block_bytes) + 1 + u64::from(index);
    let copies = (1..superblock.groups).filter(|&group| superblock.has_copy(group));
    let copies = copies.map(|group| superblock.group_start(group) + 1 + u64::from(index));
    std::iter::once(first).chain(copies.take(4)).collect()
}

/// A meta group has its descriptors in its first, its second and its last group.
fn meta_group_places(superblock: &Superblock, index: u32) -> Vec<u64> {
    let per_block = superblock.descriptors_per_block();
    let first = index.saturating_mul(per_block);
    let groups = [
        Some(first),
        first.checked_add(1),
        first.checked_add(per_block - 1),
    ];
    let groups = groups.into_iter().flatten();
    let groups = groups.filter(|&group| group < superblock.groups);
    groups
        .map(|group| {
            // With blocks of 1 KiB that are counted from 0, the superblock is in block 1.
            let is_pushed =
                group == 0 && superblock.block_bytes == 1024 && superblock.first_block == 0;
            let before = u64::from(superblock.has_copy(group)) + u64::from(is_pushed);
            superblock.group_start(group) + before
        })
        .collect()
}

/// The descriptors of one block; `None` for what is not right.
fn parse_block(
    metadata: &mut ExtMetadata<'_>,
    place: u64,
    index: u32,
    count: u32,
) -> Result<Vec<Option<Group>>, Refusal> {
    let superblock = metadata.superblock;
    let block = match metadata.block(place, "a group descriptor") {
        Ok(block) => block,
        Err(Trouble::Whole(refusal)) => return Err(refusal),
        Err(_) => Vec::new(),
    };
    let size = usize::from(superblock.descriptor_bytes);
    let first = index * superblock.descriptors_per_block();
    let mut groups = Vec::new();
    for (position, number) in (first..first + count).enumerate() {
        let bytes = block.get(position * size..(position + 1) * size);
        groups.push(bytes.and_then(|bytes| Group::parse(superblock, number, bytes)));
    }
    Ok(groups)
}

impl Group {
    /// Of a descriptor's bytes; `None` if its checksum is wrong or it points out of the volume.
    fn parse(superblock: &Superblock, number: u32, bytes: &[u8]) -> Option<Self> {
        if !has_right_checksum(superblock, number, bytes)? {
            return None;
        }
        let is_wide = bytes.len() >= 64;
        let place = |low: usize, high: usize| {
            let high = if is_wide { le32(bytes, high)? } else { 0 };
            let block = u64::from(high) << 32 | u64::from(le32(bytes, low)?);
            let is_inside = (superblock.first_block..superblock.blocks).contains(&block);
            is_inside.then_some(block)
        };
        let half = |low: usize, high: usize| {
            let high = if is_wide { le16(bytes, high)? } else { 0 };
            Some(u32::from(high) << 16 | u32::from(le16(bytes, low)?))
        };
        let flags = le16(bytes, 0x12)?;
        let knows_use =
            superblock.features.has_checksums() || superblock.features.has_descriptor_checksums();
        let has_no_table = knows_use && flags & 1 != 0;
        let unused_inodes = match (has_no_table, knows_use) {
            (true, _) => superblock.inodes_per_group,
            (false, true) => half(0x1C, 0x32)?.min(superblock.inodes_per_group),
            (false, false) => 0,
        };
        Some(Self {
            block_bitmap: place(0, 0x20)?,
            inode_bitmap: place(4, 0x24)?,
            inode_table: place(8, 0x28)?,
            unused_inodes,
            has_no_bitmap: knows_use && flags & 2 != 0,
            bitmap_checksum: half(0x18, 0x38)?,
            bitmap_checksum_mask: if is_wide { u32::MAX } else { 0xFFFF },
        })
    }

    fn of_unknown_use(self) -> Self {
        Self {
            unused_inodes: 0,
            has_no_bitmap: false,
            bitmap_checksum_mask: 0,
            ..self
        }
    }
}

/// Whether the checksum of a descriptor is right, or it has none.
fn has_right_checksum(superblock: &Superblock, number: u32, bytes: &[u8]) -> Option<bool> {
    let (before, kept, after) = (bytes.get(..0x1E)?, le16(bytes, 0x1E)?, bytes.get(0x20..)?);
    let number = number.to_le_bytes();
    if superblock.features.has_checksums() {
        let sum = crc32c(crc32c(superblock.seed, &number), before);
        let sum = crc32c(crc32c(sum, &[0, 0]), after);
        return Some(sum & 0xFFFF == u32::from(kept));
    }
    if superblock.features.has_descriptor_checksums() {
        let sum = crc16(crc16(u16::MAX, &superblock.uuid), &number);
        return Some(crc16(crc16(sum, before), after) == kept);
    }
    Some(true)
}
