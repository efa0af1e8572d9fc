//! How much goes on a device: what its file system leaves for files, and what each file costs.
//!
//! Everything is counted so that a device is never promised more than it holds: entries of
//! directories twice, because a full block of them is split in two, and the reports that are
//! written beside the files. On large files that costs less than two in a hundred.

mod fresh;

use crate::ids::ObjectKey;
use crate::manifest::FileSystem;

/// What is kept for the reports on the device: for each entry, besides path and key in either
/// of them, and for their summaries. In bytes.
const REPORT_ENTRY_BYTES: u64 = 500;
/// See [`REPORT_ENTRY_BYTES`].
const REPORT_BYTES: u64 = 1 << 20;

/// A record of the MFT, which every file and directory of NTFS has, in bytes.
const MFT_RECORD_BYTES: u64 = 1024;

/// What a file system has to give, and by which measure it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    file_system: FileSystem,
    /// Bytes of a block or cluster: files take whole ones.
    block: u64,
    /// Bytes that are free for files and all they need.
    free: u64,
    /// Files and directories it may still have; `None` if there is no such limit.
    inodes: Option<u64>,
}

impl Geometry {
    /// What is left on a device of `device_bytes` after the system's mkfs made the file system
    /// with its defaults and no blocks reserved for root; `None` if it cannot be made there or
    /// leaves nothing.
    #[must_use]
    pub fn of_new(file_system: FileSystem, device_bytes: u64) -> Option<Self> {
        let made = fresh::made(file_system, device_bytes)?;
        (made.free > 0 && made.inodes != Some(0)).then_some(made)
    }

    /// What is left on a mounted file system by its own word: `free_inodes` is `None` where it
    /// does not count them.
    #[must_use]
    pub fn of_mounted(
        file_system: FileSystem,
        block_bytes: u64,
        free_bytes: u64,
        free_inodes: Option<u64>,
    ) -> Self {
        let counts = matches!(
            file_system,
            FileSystem::Ext2 | FileSystem::Ext3 | FileSystem::Ext4
        );
        Self {
            file_system,
            block: block_bytes.max(1),
            free: free_bytes,
            inodes: free_inodes.filter(|_| counts),
        }
    }

    /// Bytes that are free for files and all they need.
    #[must_use]
    pub fn free(&self) -> u64 {
        self.free
    }

    /// What a file costs, its entry in its directory included.
    fn file(&self, path: &str, bytes: u64) -> u64 {
        let blocks = bytes.div_ceil(self.block);
        let content = blocks.saturating_mul(self.block);
        content
            .saturating_add(self.map(blocks))
            .saturating_add(self.entry(path))
    }

    /// What a directory costs, besides the entries in it.
    fn directory(&self, path: &str) -> u64 {
        self.block.saturating_add(self.entry(path))
    }

    /// Bytes that say where the blocks of a file are.
    fn map(&self, blocks: u64) -> u64 {
        match self.file_system {
            // Extents of 128 MiB at most, and blocks of pointers without extents: a map of a
            // block has more than twice the entries that are counted here. The first blocks need
            // none.
            FileSystem::Ext2 | FileSystem::Ext3 | FileSystem::Ext4 => match blocks {
                0..=12 => 0,
                more => more
                    .div_ceil((self.block / 8).max(1))
                    .saturating_mul(self.block),
            },
            // Runs of some eight bytes, one for 64 KiB if the writer is unlucky.
            FileSystem::Ntfs => blocks.saturating_mul(self.block) / 8192,
            // In the FAT, which is there already.
            FileSystem::Fat32 | FileSystem::ExFat => 0,
        }
    }

    /// Bytes of an entry in a directory, with what a file has beside its content.
    fn entry(&self, path: &str) -> u64 {
        let name = path.rsplit('/').next().unwrap_or(path);
        let units = name.encode_utf16().count() as u64;
        match self.file_system {
            // Eight bytes and the name, to four (ext4: *Linear directories*).
            FileSystem::Ext2 | FileSystem::Ext3 | FileSystem::Ext4 => {
                2 * (8 + (name.len() as u64).next_multiple_of(4)) + 16
            }
            // An index entry with a file name attribute, and the file's record.
            FileSystem::Ntfs => MFT_RECORD_BYTES + 2 * (82 + 2 * units).next_multiple_of(8),
            // 32 bytes, and as many for each 13 units of the name.
            FileSystem::Fat32 => 32 * (2 + units.div_ceil(13)),
            // Two of 32 bytes, and one for each 15 units of the name.
            FileSystem::ExFat => 32 * (3 + units.div_ceil(15)),
        }
    }
}

/// What is left of a device while its files are planned.
#[derive(Debug, Clone)]
pub struct Room {
    geometry: Geometry,
    free: u64,
    inodes: Option<u64>,
    files: Option<u64>,
}

impl Room {
    /// All of a device, but what its reports need.
    #[must_use]
    pub fn new(geometry: Geometry) -> Self {
        Self {
            geometry,
            free: geometry.free.saturating_sub(REPORT_BYTES),
            inodes: geometry.inodes,
            files: None,
        }
    }

    /// Takes `most` files at most, whatever their size.
    #[must_use]
    pub fn with_files(self, most: Option<u64>) -> Self {
        Self {
            files: most,
            ..self
        }
    }

    /// Takes room for the file at `path` with the `bytes` of object `key`; `false` if there is
    /// not enough, and then nothing is taken.
    #[must_use]
    pub fn take_file(&mut self, path: &str, key: &ObjectKey, bytes: u64) -> bool {
        if self.files == Some(0) {
            return false;
        }
        let cost = self.geometry.file(path, bytes);
        let taken = self.take(cost.saturating_add(report(path, key)));
        if taken {
            self.files = self.files.map(|files| files - 1);
        }
        taken
    }

    /// Takes room for the directory at `path`, not for those above it; `false` as with files.
    #[must_use]
    pub fn take_directory(&mut self, path: &str) -> bool {
        self.take(self.geometry.directory(path))
    }

    /// Takes room for what the reports say of an object that is no file at `path`: a directory,
    /// or one that is not written.
    #[must_use]
    pub fn take_mention(&mut self, path: &str, key: &ObjectKey) -> bool {
        let cost = report(path, key);
        let taken = cost <= self.free;
        if taken {
            self.free -= cost;
        }
        taken
    }

    fn take(&mut self, cost: u64) -> bool {
        if cost > self.free || self.inodes == Some(0) {
            return false;
        }
        self.free -= cost;
        self.inodes = self.inodes.map(|inodes| inodes - 1);
        true
    }
}

/// What an object takes in the reports: path and key stand in both.
fn report(path: &str, key: &ObjectKey) -> u64 {
    REPORT_ENTRY_BYTES + 2 * (path.len() + key.as_str().len()) as u64
}

#[cfg(test)]
mod tests;
