//! What the kernel tells of a name, as an entry.

use model::entry::{Entry, EntryId, EntryKind, EntryPath, EntryTimes, Owner};
use model::file_time::FileTime;
use rustix::fs::{FileType, Statx, StatxFlags, StatxTimestamp, fstat, fstatfs, makedev};

use super::{Folder, OF_FAT};

/// What is asked of each name.
pub(super) const WANTED: StatxFlags = StatxFlags::BASIC_STATS
    .union(StatxFlags::BTIME)
    .union(StatxFlags::MNT_ID);

/// The permission bits of a mode (`inode(7)`).
const PERMISSIONS: u16 = 0o7777;

/// How the names of one tree are looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// The number of the root's device.
    device: u64,
    /// Whether links may be read: nothing keeps the kernel from marking one with when that was.
    reads_links: bool,
    /// Whether the file system keeps owners; for FAT the kernel makes them up.
    has_owners: bool,
}

impl Look {
    pub(super) fn of(tree: &Folder) -> Self {
        let kind = fstatfs(&tree.root).map(|it| it.f_type);
        Self {
            device: fstat(&tree.root).map_or(0, |root| root.st_dev),
            reads_links: !tree.is_mounted() || tree.keeps_access_times(),
            has_owners: kind.is_ok_and(|kind| !OF_FAT.contains(&kind)),
        }
    }

    /// The entry of a name. `target` reads where it leads, if it is a link.
    pub(super) fn entry(
        self,
        path: &[u8],
        found: &Statx,
        target: impl FnOnce() -> rustix::io::Result<std::ffi::CString>,
    ) -> Entry {
        let (bytes, reads_links) = (found.stx_size, self.reads_links);
        let target = || target().ok().map(std::ffi::CString::into_bytes);
        let kind = match kind(found) {
            FileType::RegularFile => EntryKind::File { bytes },
            FileType::Directory => EntryKind::EmptyFolder,
            FileType::Symlink => EntryKind::SymbolicLink {
                target: reads_links.then(target).flatten(),
            },
            _ => EntryKind::Special,
        };
        let links = match kind {
            EntryKind::EmptyFolder => 1,
            _ => found.stx_nlink,
        };
        Entry {
            times: times(found),
            owner: self.has_owners.then(|| owner(found)),
            links,
            ..Entry::new(self.id(found), EntryPath::new(path), kind)
        }
    }

    /// The inode's number; on what is mounted below the root, mixed with the number of its device, which may be
    /// another at the next mount.
    fn id(self, found: &Statx) -> EntryId {
        let other = device(found) ^ self.device;
        // Odd: no two devices give one inode the same number.
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        EntryId::new(found.stx_ino ^ other.wrapping_mul(SPREAD))
    }
}

/// The kind of a name.
pub(super) fn kind(found: &Statx) -> FileType {
    FileType::from_raw_mode(found.stx_mode.into())
}

/// The number of the device that a name is on.
pub(super) fn device(found: &Statx) -> u64 {
    makedev(found.stx_dev_major, found.stx_dev_minor)
}

fn times(found: &Statx) -> EntryTimes {
    let known = StatxFlags::from_bits_retain(found.stx_mask);
    let time = |kept, at: StatxTimestamp| {
        let is_kept = known.contains(kept);
        is_kept.then(|| FileTime::from_unix(at.tv_sec, i64::from(at.tv_nsec)))
    };
    EntryTimes {
        modified: time(StatxFlags::MTIME, found.stx_mtime),
        changed: time(StatxFlags::CTIME, found.stx_ctime),
        accessed: time(StatxFlags::ATIME, found.stx_atime),
        created: time(StatxFlags::BTIME, found.stx_btime),
    }
}

fn owner(found: &Statx) -> Owner {
    Owner {
        mode: found.stx_mode & PERMISSIONS,
        user: found.stx_uid,
        group: found.stx_gid,
    }
}
