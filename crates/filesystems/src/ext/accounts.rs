//! Whose a cluster is: what two claim is damaged, and what is used and nobody claims was missed.

use super::groups::Groups;
use super::inode::ROOT;
use super::mapping::{BlockRun, Mapping};
use super::metadata::ExtMetadata;
use super::superblock::Superblock;
use super::trouble::Trouble;
use crate::allocation::Allocation;
use crate::checksum::crc32c;
use crate::reader::Refusal;

/// Clusters and inodes that were claimed.
pub(super) struct Accounts {
    /// `None` for a volume of too many clusters: then nothing that is shared is seen, and nothing missed is counted.
    clusters: Option<Allocation>,
    inodes: Allocation,
    /// Inodes that were claimed and whose blocks belong to others as well.
    crossed: Option<Allocation>,
}

impl Accounts {
    /// With what is the file system's own.
    pub(super) fn new(superblock: &Superblock, groups: &Groups) -> Result<Self, Refusal> {
        let clusters = superblock.blocks.div_ceil(superblock.cluster_blocks);
        let inodes = Allocation::new(u64::from(superblock.inodes) + 1);
        let inodes = inodes.ok_or_else(|| Refusal::Limit("too many inodes".to_owned()))?;
        let mut accounts = Self {
            clusters: Allocation::new(clusters),
            inodes,
            crossed: None,
        };
        for group in 0..superblock.groups {
            accounts.claim_group(superblock, groups, group);
        }
        if superblock.features.has_mmp() {
            accounts.claim_blocks(superblock, superblock.mmp_block, 1);
        }
        Ok(accounts)
    }

    /// Whether an inode was not claimed before; now it is.
    pub(super) fn claim_inode(&mut self, inode: u32) -> bool {
        self.inodes.claim(u64::from(inode), 1)
    }

    /// Whether an inode was found to share its blocks.
    pub(super) fn is_crossed(&self, inode: u32) -> bool {
        let crossed = self.crossed.as_ref();
        crossed.is_some_and(|crossed| crossed.has(u64::from(inode)))
    }

    /// Remembers that an inode shares its blocks.
    pub(super) fn cross(&mut self, superblock: &Superblock, inode: u32) {
        if self.crossed.is_none() {
            self.crossed = Allocation::new(u64::from(superblock.inodes) + 1);
        }
        if let Some(crossed) = &mut self.crossed {
            crossed.claim(u64::from(inode), 1);
        }
    }

    /// Claims blocks; `false` if one of their clusters was claimed before.
    pub(super) fn claim_blocks(&mut self, superblock: &Superblock, first: u64, count: u64) -> bool {
        let Some(clusters) = &mut self.clusters else {
            return true;
        };
        let ratio = superblock.cluster_blocks;
        let end = first.saturating_add(count).div_ceil(ratio);
        clusters.claim(first / ratio, end - first / ratio)
    }

    /// Claims all blocks of an inode; `false` if one was claimed before, or the inode has one twice.
    pub(super) fn claim(&mut self, superblock: &Superblock, mapping: &Mapping) -> bool {
        let mut pieces: Vec<(u64, u64)> = mapping.runs.iter().map(BlockRun::range).collect();
        pieces.extend(mapping.nodes.iter().map(|&node| (node, node + 1)));
        pieces.sort_unstable();
        let has_twice = pieces.windows(2).any(|pair| pair[0].1 > pair[1].0);
        // Pieces of one inode may share a cluster.
        let ratio = superblock.cluster_blocks;
        let mut is_free = !has_twice;
        let mut claimed = 0;
        for (first, end) in pieces {
            let first = (first / ratio).max(claimed);
            let end = end.div_ceil(ratio);
            if first < end {
                is_free &= self.claim_blocks(superblock, first * ratio, (end - first) * ratio);
                claimed = end;
            }
        }
        is_free || superblock.features.shares_blocks()
    }

    /// Superblock, descriptors, bitmaps and table of inodes of one group. They may lie in each other's groups.
    fn claim_group(&mut self, superblock: &Superblock, groups: &Groups, group: u32) {
        let start = superblock.group_start(group);
        let per_block = superblock.descriptors_per_block();
        let has_copy = superblock.has_copy(group);
        let lead = u64::from(superblock.first_block == 0 && superblock.block_bytes == 1024);
        if has_copy {
            let lead = if group == 0 { lead } else { 0 };
            self.claim_blocks(superblock, start, 1 + lead);
        }
        let after = start + u64::from(has_copy) + if group == 0 { lead } else { 0 };
        let meta_group = group / per_block;
        if superblock.features.has_meta_groups() && meta_group >= superblock.first_meta_group {
            if matches!(group % per_block, 0 | 1) || group % per_block == per_block - 1 {
                self.claim_blocks(superblock, after, 1);
            }
        } else if has_copy {
            let blocks = match superblock.features.has_meta_groups() {
                true => u64::from(superblock.first_meta_group),
                false => u64::from(superblock.groups.div_ceil(per_block)),
            };
            let reserved = match superblock.features.has_reserved_descriptors() {
                true => superblock.reserved_descriptor_blocks,
                false => 0,
            };
            self.claim_blocks(superblock, after, blocks + reserved);
        }
        let Some(group) = groups.get(group) else {
            return;
        };
        self.claim_blocks(superblock, group.block_bitmap, 1);
        self.claim_blocks(superblock, group.inode_bitmap, 1);
        let bytes = u64::from(superblock.inodes_per_group) * u64::from(superblock.inode_bytes);
        let blocks = bytes.div_ceil(u64::from(superblock.block_bytes));
        self.claim_blocks(superblock, group.inode_table, blocks);
    }

    /// The bytes that the bitmaps call used and nobody claimed; `None` if they are not all known.
    pub(super) fn unaccounted(
        &self,
        metadata: &mut ExtMetadata<'_>,
        groups: &Groups,
    ) -> Result<Option<u64>, Refusal> {
        let Some(clusters) = &self.clusters else {
            return Ok(None);
        };
        let superblock = metadata.superblock;
        let mut missed = 0;
        for group in 0..superblock.groups {
            let bitmap = match bitmap(metadata, groups, group) {
                Ok(bitmap) => bitmap,
                Err(Trouble::Whole(refusal)) => return Err(refusal),
                Err(_) => return Ok(None),
            };
            let first = superblock.group_start(group) / superblock.cluster_blocks;
            missed += clusters.unclaimed(first, &bitmap);
        }
        let cluster = superblock.cluster_blocks * u64::from(superblock.block_bytes);
        Ok(Some(missed.saturating_mul(cluster)))
    }
}

/// The bitmap of the clusters of a group; empty if it was never written.
fn bitmap(metadata: &mut ExtMetadata<'_>, groups: &Groups, group: u32) -> Result<Vec<u8>, Trouble> {
    let superblock = metadata.superblock;
    let damaged = || Trouble::damaged("a bitmap of blocks");
    let group = groups.get(group).ok_or_else(damaged)?;
    if group.has_no_bitmap {
        return Ok(Vec::new());
    }
    let mut bitmap = metadata.block(group.block_bitmap, "a bitmap of blocks")?;
    let clusters = superblock.blocks_per_group / superblock.cluster_blocks;
    bitmap.truncate(usize::try_from(clusters.div_ceil(8)).unwrap_or(usize::MAX));
    let sum = crc32c(superblock.seed, &bitmap) ^ group.bitmap_checksum;
    if superblock.features.has_checksums() && sum & group.bitmap_checksum_mask != 0 {
        return Err(damaged());
    }
    Ok(bitmap)
}

impl BlockRun {
    fn range(&self) -> (u64, u64) {
        (self.place, self.place.saturating_add(self.count))
    }
}

/// The inodes that are the file system's own and have blocks: bad ones, quotas, the boot loader, room for more
/// descriptors, the journal, what was open when it was deleted.
pub(super) fn own_inodes(superblock: &Superblock) -> Vec<u32> {
    let mut own: Vec<u32> = (1..superblock.first_inode.min(16)).collect();
    own.retain(|&inode| inode != ROOT);
    own.push(superblock.journal_inode);
    own.push(superblock.project_quota);
    if superblock.features.has_orphan_file() {
        own.push(superblock.orphan_file);
    }
    own.retain(|inode| (1..=superblock.inodes).contains(inode));
    own.sort_unstable();
    own.dedup();
    own
}
