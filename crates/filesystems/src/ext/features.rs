//! The features of ext2, ext3 and ext4: what a volume says that it uses, and what is refused.
//!
//! Source: Linux, Documentation/filesystems/ext4/super.rst.

use crate::reader::Refusal;

/// The three words of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Features {
    pub(super) compatible: u32,
    pub(super) incompatible: u32,
    pub(super) read_only: u32,
}

const COMPRESSION: u32 = 0x1;
const FILE_TYPE: u32 = 0x2;
const RECOVER: u32 = 0x4;
const JOURNAL_DEVICE: u32 = 0x8;
const META_GROUPS: u32 = 0x10;
const EXTENTS: u32 = 0x40;
const BITS_64: u32 = 0x80;
const MMP: u32 = 0x100;
const FLEX_GROUPS: u32 = 0x200;
const EA_INODE: u32 = 0x400;
const DIR_DATA: u32 = 0x1000;
const CHECKSUM_SEED: u32 = 0x2000;
const LARGE_DIR: u32 = 0x4000;
const INLINE_DATA: u32 = 0x8000;
const ENCRYPT: u32 = 0x1_0000;
const CASE_FOLD: u32 = 0x2_0000;

/// What a reader must know to read anything, and what is known here.
const KNOWN: u32 = FILE_TYPE
    | RECOVER
    | META_GROUPS
    | EXTENTS
    | BITS_64
    | MMP
    | FLEX_GROUPS
    | EA_INODE
    | CHECKSUM_SEED
    | LARGE_DIR
    | INLINE_DATA
    | ENCRYPT
    | CASE_FOLD;

/// What only ext4 has of the incompatible features.
const OF_EXT4: u32 = EXTENTS
    | BITS_64
    | MMP
    | FLEX_GROUPS
    | EA_INODE
    | CHECKSUM_SEED
    | LARGE_DIR
    | INLINE_DATA
    | ENCRYPT
    | CASE_FOLD;

impl Features {
    /// Refuses by name what a reader must know and does not.
    pub(super) fn refuse_unknown(self) -> Result<(), Refusal> {
        let unknown = self.incompatible & !KNOWN;
        let mut names = Vec::new();
        for (bit, name) in [
            (COMPRESSION, "compression (e2compr)"),
            (
                JOURNAL_DEVICE,
                "it is the journal of another volume, without files",
            ),
            (DIR_DATA, "directory data (Lustre)"),
        ] {
            if unknown & bit != 0 {
                names.push(name.to_owned());
            }
        }
        let nameless = unknown & !(COMPRESSION | JOURNAL_DEVICE | DIR_DATA);
        if nameless != 0 {
            names.push(format!("incompatible features {nameless:#x}"));
        }
        if names.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Unsupported(names.join(", ")))
        }
    }

    /// The name of the file system, as blkid gives it.
    pub(super) fn kind(self) -> &'static str {
        // Of the read-only features ext2 and ext3 have sparse superblocks, large files and a B-tree never made.
        if self.incompatible & OF_EXT4 != 0 || self.read_only & !0x7 != 0 {
            "ext4"
        } else if self.has_journal() {
            "ext3"
        } else {
            "ext2"
        }
    }

    pub(super) fn has_journal(self) -> bool {
        self.compatible & 0x4 != 0
    }

    pub(super) fn has_reserved_descriptors(self) -> bool {
        self.compatible & 0x10 != 0
    }

    /// Copies of the superblock lie in two groups that are named, and nowhere else.
    pub(super) fn has_two_copies(self) -> bool {
        self.compatible & 0x200 != 0
    }

    pub(super) fn has_orphan_file(self) -> bool {
        self.compatible & 0x1000 != 0
    }

    pub(super) fn has_file_types(self) -> bool {
        self.incompatible & FILE_TYPE != 0
    }

    pub(super) fn needs_recovery(self) -> bool {
        self.incompatible & RECOVER != 0
    }

    pub(super) fn has_meta_groups(self) -> bool {
        self.incompatible & META_GROUPS != 0
    }

    pub(super) fn has_64_bits(self) -> bool {
        self.incompatible & BITS_64 != 0
    }

    pub(super) fn has_mmp(self) -> bool {
        self.incompatible & MMP != 0
    }

    /// Long values of extended attributes lie in inodes of their own.
    pub(super) fn has_attribute_inodes(self) -> bool {
        self.incompatible & EA_INODE != 0
    }

    pub(super) fn has_checksum_seed(self) -> bool {
        self.incompatible & CHECKSUM_SEED != 0
    }

    pub(super) fn has_large_folders(self) -> bool {
        self.incompatible & LARGE_DIR != 0
    }

    /// Copies of the superblock lie only in the groups 0, 1 and powers of 3, 5 and 7.
    pub(super) fn has_sparse_copies(self) -> bool {
        self.read_only & 0x1 != 0
    }

    /// Group descriptors have a CRC-16.
    pub(super) fn has_descriptor_checksums(self) -> bool {
        self.read_only & 0x10 != 0
    }

    pub(super) fn has_clusters(self) -> bool {
        self.read_only & 0x200 != 0
    }

    /// All metadata have a CRC-32C.
    pub(super) fn has_checksums(self) -> bool {
        self.read_only & 0x400 != 0
    }

    /// Files may share blocks.
    pub(super) fn shares_blocks(self) -> bool {
        self.read_only & 0x4000 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incompatible(incompatible: u32) -> Features {
        Features {
            incompatible,
            ..Features::default()
        }
    }

    #[test]
    fn unknown_features_are_refused_by_name() {
        assert_eq!(incompatible(KNOWN).refuse_unknown(), Ok(()));
        let said = |features| {
            incompatible(features)
                .refuse_unknown()
                .unwrap_err()
                .to_string()
        };
        assert!(said(0x1).contains("compression"));
        assert!(said(0x8).contains("journal of another volume"));
        assert!(said(0x4008_0000).contains("0x40080000"));
    }

    #[test]
    fn the_kind_is_that_of_the_newest_feature() {
        assert_eq!(incompatible(0x2).kind(), "ext2");
        assert_eq!(incompatible(0x42).kind(), "ext4");
        let ext3 = Features {
            compatible: 0x4,
            incompatible: 0x6,
            read_only: 0x3,
        };
        assert_eq!(ext3.kind(), "ext3");
    }
}
