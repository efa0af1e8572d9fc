//! What mkfs leaves of a device, counted down from its size as each mkfs counts.

use super::Geometry;
use crate::manifest::FileSystem;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

/// What mkfs leaves; `None` if it cannot make the file system there.
pub(super) fn made(file_system: FileSystem, device_bytes: u64) -> Option<Geometry> {
    match file_system {
        FileSystem::Ext2 | FileSystem::Ext3 | FileSystem::Ext4 => ext(file_system, device_bytes),
        FileSystem::Ntfs => ntfs(device_bytes),
        FileSystem::Fat32 => fat32(device_bytes),
        FileSystem::ExFat => exfat(device_bytes),
    }
}

fn rest(file_system: FileSystem, block: u64, free: u64, inodes: Option<u64>) -> Geometry {
    Geometry {
        file_system,
        block,
        free,
        inodes,
    }
}

/// mke2fs (1.47) with the classes of `mke2fs.conf`, `-m 0`, and inodes of 256 bytes.
fn ext(file_system: FileSystem, device_bytes: u64) -> Option<Geometry> {
    let (block, bytes_per_inode) = match device_bytes {
        0..8_388_608 => return None,
        _ if device_bytes < 512 * MIB => (KIB, 4 * KIB),
        _ if device_bytes < 4 * TIB => (4 * KIB, 16 * KIB),
        _ if device_bytes < 16 * TIB => (4 * KIB, 32 * KIB),
        _ => (4 * KIB, 64 * KIB),
    };
    let blocks = device_bytes / block;
    let group = Group::of(block, blocks, bytes_per_inode);
    let groups = blocks.div_ceil(group.blocks);
    let backups = superblocks(groups).saturating_mul(1 + group.descriptors);
    let fixed = groups.saturating_mul(2 + group.inode_table) + backups;
    // The last group is left away if it is too small to be of use.
    let last = group.inode_table + group.descriptors + 52;
    let lost_and_found = 16 * KIB / block + 1;
    // The kernel keeps as much for itself (ext4: `s_resv_clusters`).
    let kept = (blocks / 50).min(4096);
    let used = fixed + last + lost_and_found + kept + journal(file_system, blocks);
    let inodes = (blocks / group.blocks).max(1) * (group.inode_table * block / 256);
    let free = blocks.checked_sub(used)? * block;
    Some(rest(file_system, block, free, Some(inodes - 11)))
}

/// What each group of blocks has, in blocks.
struct Group {
    blocks: u64,
    inode_table: u64,
    descriptors: u64,
}

impl Group {
    fn of(block: u64, blocks: u64, bytes_per_inode: u64) -> Self {
        let per_group = 8 * block;
        let groups = blocks.div_ceil(per_group);
        // 64 bytes each; and for a thousandfold growth, which one block of pointers bounds.
        let descriptors = (groups * 64).div_ceil(block);
        let growth = (groups * 1024 * 64).div_ceil(block).min(block / 4);
        Self {
            blocks: per_group,
            inode_table: (blocks.min(per_group) * block / bytes_per_inode * 256).div_ceil(block),
            descriptors: descriptors + growth,
        }
    }
}

/// Groups that begin with a superblock: the first two, and powers of 3, 5 and 7.
fn superblocks(groups: u64) -> u64 {
    let powers = |base: u64| {
        std::iter::successors(Some(base), move |power| power.checked_mul(base))
            .take_while(|power| *power < groups)
            .count() as u64
    };
    groups.min(2) + powers(3) + powers(5) + powers(7)
}

/// Blocks of the journal (e2fsprogs: `ext2fs_default_journal_size`).
fn journal(file_system: FileSystem, blocks: u64) -> u64 {
    if file_system == FileSystem::Ext2 {
        return 0;
    }
    match blocks {
        0..2048 => 0,
        2048..32_768 => 1024,
        32_768..262_144 => 4096,
        262_144..524_288 => 8192,
        524_288..4_194_304 => 16_384,
        4_194_304..8_388_608 => 32_768,
        8_388_608..16_777_216 => 65_536,
        16_777_216..33_554_432 => 131_072,
        _ => 262_144,
    }
}

/// mkntfs: the bitmap, the log of half a hundredth up to 64 MiB, and some files of fixed size.
fn ntfs(device_bytes: u64) -> Option<Geometry> {
    let cluster = clusters_of(device_bytes, 4 * KIB, u64::from(u32::MAX))?;
    let bitmap = (device_bytes / cluster)
        .div_ceil(8)
        .next_multiple_of(cluster);
    let log = (device_bytes / 200).clamp(2 * MIB, 64 * MIB);
    let free = device_bytes.checked_sub(bitmap + log + MIB)?;
    Some(rest(FileSystem::Ntfs, cluster, free, None))
}

/// The smallest cluster from `least` bytes with which no more than `most` of them are needed.
fn clusters_of(device_bytes: u64, least: u64, most: u64) -> Option<u64> {
    let mut cluster = least;
    while device_bytes / cluster > most {
        cluster = cluster.checked_mul(2).filter(|bytes| *bytes <= 64 * KIB)?;
    }
    Some(cluster)
}

/// mkfs.fat: two FATs of four bytes a cluster. 32 bits number the sectors, so what is beyond 2 TiB
/// is not used; with fewer than 65525 clusters it would pass for a FAT16.
fn fat32(device_bytes: u64) -> Option<Geometry> {
    let device_bytes = device_bytes.min(2 * TIB - MIB);
    let cluster = match device_bytes {
        _ if device_bytes <= 260 * MIB => 512,
        _ if device_bytes <= 8 * GIB => 4 * KIB,
        _ if device_bytes <= 16 * GIB => 8 * KIB,
        _ if device_bytes <= 32 * GIB => 16 * KIB,
        _ => 32 * KIB,
    };
    let fats = 2 * (4 * (device_bytes / cluster + 2)).next_multiple_of(cluster);
    let heap = device_bytes.checked_sub(fats + 64 * KIB + cluster)?;
    let clusters = heap / cluster;
    let free = clusters.checked_sub(1)? * cluster;
    (clusters >= 65_525).then(|| rest(FileSystem::Fat32, cluster, free, None))
}

/// mkfs.exfat: FAT and heap begin at whole megabytes; a bitmap and the table of upper case are
/// files in the heap.
fn exfat(device_bytes: u64) -> Option<Geometry> {
    let cluster = match device_bytes {
        _ if device_bytes <= 256 * MIB => 4 * KIB,
        _ if device_bytes <= 32 * GIB => 32 * KIB,
        _ => 128 * KIB,
    };
    let clusters = device_bytes / cluster;
    let fat = (4 * (clusters + 2)).next_multiple_of(MIB);
    let bitmap = clusters.div_ceil(8).next_multiple_of(cluster);
    let upper_case = (8 * KIB).next_multiple_of(cluster);
    let free = device_bytes.checked_sub(2 * MIB + fat + bitmap + upper_case + 2 * cluster)?;
    Some(rest(
        FileSystem::ExFat,
        cluster,
        free / cluster * cluster,
        None,
    ))
}
