//! Words that parent and child know both, so that a child cannot make up new ones: they are sent as their places here.

/// What a file system calls itself.
pub(super) const KINDS: &[&str] = &[
    "FAT12", "FAT16", "FAT32", "exFAT", "NTFS", "ext2", "ext3", "ext4",
];

/// By what a file system encrypts a file.
pub(super) const ENCRYPTIONS: &[&str] = &["EFS", "fscrypt"];

/// Why a partition table is not believed.
pub(super) const DAMAGED_TABLES: &[&str] =
    &["no copy of its GPT is right", "its MBR cannot be read"];

/// What a partition may belong to that is not followed.
pub(super) const MANAGERS: &[&str] = &["Windows dynamic disk", "Storage Spaces"];
