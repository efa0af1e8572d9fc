//! What a disk may cost at most, whatever it says of itself.

/// How much a reader uses before it refuses.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Folders, which are kept in memory: some 60 bytes each.
    pub folders: u64,
    /// Names of files.
    pub files: u64,
    /// Extents of one file.
    pub extents: usize,
    /// Bytes of metadata that are read, beyond an eighth of the volume.
    pub metadata_bytes: u64,
    /// How deep folders lie in each other.
    pub depth: usize,
    /// Bytes of a journal that is replayed in memory.
    pub journal_bytes: u64,
}

/// The longest name, in bytes: 255 units of UTF-16 are 765 bytes of WTF-8.
pub const NAME_BYTES: usize = 1020;

/// The longest target of a symbolic link, in bytes.
pub const TARGET_BYTES: usize = 4096;

/// The largest memory of an [`Allocation`](crate::allocation::Allocation), in bytes: a bit for each cluster, so
/// that a volume of 8 TiB in clusters of 4 KiB is counted.
pub const ALLOCATION_BYTES: usize = 256 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self {
            folders: 4_000_000,
            files: 500_000_000,
            extents: 4_000_000,
            metadata_bytes: 1 << 30,
            depth: 512,
            journal_bytes: 1 << 30,
        }
    }
}
