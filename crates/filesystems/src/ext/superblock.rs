//! The superblock: what the whole volume is made of.
//!
//! Source: Linux, Documentation/filesystems/ext4/super.rst.

use super::features::Features;
use crate::checksum::crc32c;
use crate::fields::{self, le16, le32, le64};
use crate::reader::Refusal;

/// Where the first superblock begins, and how long each is, in bytes.
pub(super) const START: u64 = 1024;
pub(super) const BYTES: usize = 1024;

const MAGIC: u16 = 0xEF53;
const CHECKSUM_AT: usize = 0x3FC;

/// What of a superblock a reader needs. All of it is consistent: see [`Superblock::parse`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Superblock {
    pub(super) features: Features,
    pub(super) inodes: u32,
    pub(super) blocks: u64,
    /// The first block that is of a group: 1 where blocks have 1 KiB, else 0.
    pub(super) first_block: u64,
    pub(super) block_bytes: u32,
    /// Blocks of a cluster, by which space is given out: 1 unless `bigalloc`.
    pub(super) cluster_blocks: u64,
    pub(super) blocks_per_group: u64,
    pub(super) inodes_per_group: u32,
    pub(super) groups: u32,
    pub(super) inode_bytes: u16,
    pub(super) descriptor_bytes: u16,
    /// The first inode that is not the file system's own.
    pub(super) first_inode: u32,
    pub(super) uuid: [u8; 16],
    pub(super) label: Vec<u8>,
    /// The group in which this copy lies.
    pub(super) group: u16,
    /// 1: unmounted cleanly; 2: Linux noted errors.
    pub(super) state: u16,
    pub(super) journal_inode: u32,
    /// `i_block` and the size of the journal's inode, where a copy is kept.
    pub(super) journal_copy: Option<([u8; 60], u64)>,
    pub(super) last_orphan: u32,
    pub(super) orphan_file: u32,
    pub(super) reserved_descriptor_blocks: u64,
    pub(super) first_meta_group: u32,
    /// The two groups with copies of the superblock, where only two are.
    pub(super) copies: [u32; 2],
    pub(super) mmp_block: u64,
    /// The inodes of quotas of projects, which may have any number.
    pub(super) project_quota: u32,
    /// What checksums of metadata begin with.
    pub(super) seed: u32,
}

impl Superblock {
    /// Of the 1024 bytes of one copy.
    ///
    /// # Errors
    ///
    /// [`Refusal::Other`] without the magic, [`Refusal::Damaged`] if its checksum is wrong or it contradicts itself,
    /// [`Refusal::Unsupported`] for a feature that is not known.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        if le16(bytes, 0x38) != Some(MAGIC) || bytes.len() != BYTES {
            return Err(Refusal::Other);
        }
        let read = Self::read(bytes).ok_or_else(|| damaged("its superblock has no geometry"))?;
        if read.features.has_checksums() {
            if bytes.get(0x175) != Some(&1) {
                return Err(Refusal::Unsupported("a kind of checksum".to_owned()));
            }
            if le32(bytes, CHECKSUM_AT) != Some(crc32c(u32::MAX, &bytes[..CHECKSUM_AT])) {
                return Err(damaged("the checksum of its superblock is wrong"));
            }
        }
        read.features.refuse_unknown()?;
        read.check()?;
        Ok(read)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let word = |at| le32(bytes, at);
        let is_old = word(0x4C)? == 0;
        let features = if is_old {
            Features::default()
        } else {
            Features {
                compatible: word(0x5C)?,
                incompatible: word(0x60)?,
                read_only: word(0x64)?,
            }
        };
        let high = if features.has_64_bits() {
            word(0x150)?
        } else {
            0
        };
        let block_bytes = 1024u32.checked_shl(word(0x18)?.min(31))?;
        let first_block = u64::from(word(0x14)?);
        let blocks = u64::from(high) << 32 | u64::from(word(4)?);
        let blocks_per_group = u64::from(word(0x20)?);
        let groups = blocks
            .checked_sub(first_block)?
            .checked_add(blocks_per_group.checked_sub(1)?)?
            / blocks_per_group;
        let uuid = fields::bytes(bytes, 0x68)?;
        let seed = match features.has_checksum_seed() {
            true => word(0x270)?,
            false => crc32c(u32::MAX, &uuid),
        };
        Some(Self {
            features,
            inodes: word(0)?,
            blocks,
            first_block,
            block_bytes,
            cluster_blocks: cluster_blocks(bytes, features)?,
            blocks_per_group,
            inodes_per_group: word(0x28)?,
            groups: u32::try_from(groups).ok()?,
            inode_bytes: if is_old { 128 } else { le16(bytes, 0x58)? },
            descriptor_bytes: descriptor_bytes(bytes, features)?,
            first_inode: if is_old { 11 } else { word(0x54)? },
            uuid,
            label: label(bytes.get(0x78..0x88)?),
            group: le16(bytes, 0x5A)?,
            state: le16(bytes, 0x3A)?,
            journal_inode: word(0xE0)?,
            journal_copy: journal_copy(bytes),
            last_orphan: word(0xE8)?,
            orphan_file: word(0x280)?,
            reserved_descriptor_blocks: u64::from(le16(bytes, 0xCE)?),
            first_meta_group: word(0x104)?,
            copies: [word(0x24C)?, word(0x250)?],
            mmp_block: le64(bytes, 0x168)?,
            project_quota: word(0x26C)?,
            seed,
        })
    }

    /// Refuses numbers with which nothing can be computed, as Linux does when it mounts.
    fn check(&self) -> Result<(), Refusal> {
        let bits = u64::from(self.block_bytes) * 8;
        let inode_bytes = u32::from(self.inode_bytes);
        let descriptor_bytes = u32::from(self.descriptor_bytes);
        let is_right = [
            (1024..=65536).contains(&self.block_bytes),
            self.first_block <= 1,
            self.blocks > self.first_block,
            self.blocks <= u64::MAX >> 18,
            self.cluster_blocks <= 1 << 16,
            self.blocks_per_group.is_multiple_of(self.cluster_blocks),
            (8..=bits).contains(&(self.blocks_per_group / self.cluster_blocks)),
            (1..=bits).contains(&u64::from(self.inodes_per_group)),
            self.groups.checked_mul(self.inodes_per_group) == Some(self.inodes),
            inode_bytes.is_power_of_two() && (128..=self.block_bytes).contains(&inode_bytes),
            descriptor_bytes.is_power_of_two(),
            descriptor_bytes <= self.block_bytes,
            self.first_inode >= 11,
        ];
        if is_right.contains(&false) {
            return Err(damaged("its superblock contradicts itself"));
        }
        Ok(())
    }

    /// How many bytes the file system uses of its volume.
    pub(super) fn bytes(&self) -> u64 {
        self.blocks.saturating_mul(u64::from(self.block_bytes))
    }

    /// How many descriptors of groups a block has.
    pub(super) fn descriptors_per_block(&self) -> u32 {
        self.block_bytes / u32::from(self.descriptor_bytes)
    }

    /// The first block of a group.
    pub(super) fn group_start(&self, group: u32) -> u64 {
        self.first_block + u64::from(group) * self.blocks_per_group
    }

    /// Whether a group begins with a copy of the superblock.
    pub(super) fn has_copy(&self, group: u32) -> bool {
        if group == 0 {
            return true;
        }
        if self.features.has_two_copies() {
            return self.copies.contains(&group);
        }
        !self.features.has_sparse_copies()
            || group == 1
            || [3, 5, 7].into_iter().any(|base| is_power(group, base))
    }
}

fn damaged(why: &str) -> Refusal {
    Refusal::Damaged(why.to_owned())
}

fn is_power(number: u32, base: u32) -> bool {
    let mut rest = number;
    while rest.is_multiple_of(base) && rest > 1 {
        rest /= base;
    }
    rest == 1
}

fn cluster_blocks(bytes: &[u8], features: Features) -> Option<u64> {
    if !features.has_clusters() {
        return Some(1);
    }
    let more = le32(bytes, 0x1C)?.checked_sub(le32(bytes, 0x18)?)?;
    1u64.checked_shl(more)
}

fn descriptor_bytes(bytes: &[u8], features: Features) -> Option<u16> {
    match (features.has_64_bits(), le16(bytes, 0xFE)?) {
        (true, said) if said >= 64 => Some(said),
        (true, _) => None,
        (false, _) => Some(32),
    }
}

fn label(bytes: &[u8]) -> Vec<u8> {
    let until = bytes.iter().position(|&byte| byte == 0);
    bytes[..until.unwrap_or(bytes.len())].to_vec()
}

/// The copy of the journal's inode: fifteen words of its `i_block`, the high word of its size, the low one.
fn journal_copy(bytes: &[u8]) -> Option<([u8; 60], u64)> {
    if bytes.get(0xFD) != Some(&1) {
        return None;
    }
    let high = le32(bytes, 0x10C + 60)?;
    let low = le32(bytes, 0x10C + 64)?;
    let map = fields::bytes(bytes, 0x10C)?;
    Some((map, u64::from(high) << 32 | u64::from(low)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Vec<u8> {
        let mut bytes = vec![0; BYTES];
        let mut put =
            |at: usize, value: u32| bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        put(0, 16);
        put(4, 64);
        put(0x14, 1);
        put(0x20, 8192);
        put(0x24, 8192);
        put(0x28, 16);
        put(0x38, u32::from(MAGIC));
        bytes
    }

    #[test]
    fn an_old_superblock_has_inodes_of_128_bytes() {
        let read = Superblock::parse(&plain()).unwrap();
        assert_eq!(
            (read.inode_bytes, read.first_inode, read.groups),
            (128, 11, 1)
        );
        assert_eq!(read.bytes(), 65536);
    }

    #[test]
    fn every_number_with_which_nothing_can_be_computed_is_refused() {
        for (at, value) in [
            (0, 17),
            (4, 0),
            (4, 1),
            (0x14, 2),
            (0x18, 7),
            (0x20, 0),
            (0x20, 9000),
            (0x28, 0),
        ] {
            let mut bytes = plain();
            bytes[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
            let read = Superblock::parse(&bytes);
            assert!(matches!(read, Err(Refusal::Damaged(_))), "{at:#x} {value}");
        }
        assert_eq!(Superblock::parse(&[0; BYTES]), Err(Refusal::Other));
        assert_eq!(Superblock::parse(&plain()[..1000]), Err(Refusal::Other));
    }

    #[test]
    fn sparse_copies_are_in_powers_of_3_5_and_7() {
        let mut read = Superblock::parse(&plain()).unwrap();
        assert!(read.has_copy(2));
        read.features.read_only = 1;
        let copies: Vec<u32> = (0..60).filter(|&group| read.has_copy(group)).collect();
        assert_eq!(copies, [0, 1, 3, 5, 7, 9, 25, 27, 49]);
        read.features.compatible = 0x200;
        read.copies = [1, 12];
        assert!(read.has_copy(12) && !read.has_copy(3));
    }
}
