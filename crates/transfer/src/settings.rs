//! What an operator can set about a station.

use model::proof::ReadBack;
use objectstore::paced::RateSchedule;

/// How hard a station works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Most requests to the store at once; how many do best is found out.
    pub parallel: usize,
    /// Threads that read the device; on a rotational disk they take turns at large files.
    pub read_threads: usize,
    /// Bytes read and not yet confirmed by the store.
    pub memory_bytes: u64,
    /// Files of at least so many bytes go in parts.
    pub multipart_threshold: u64,
    /// Bytes of a part; more where a file would need over 10,000 of them.
    pub part_bytes: u64,
    /// How much of what was stored is read back and compared.
    pub read_back: ReadBack,
    /// Whether objects carry the SHA-256 of their content as metadata.
    pub sha256_metadata: bool,
    /// Whether objects carry the time of their file's last change as metadata.
    pub mtime_metadata: bool,
    /// What becomes of files that are in the bucket unchanged.
    pub unchanged: Unchanged,
    /// What becomes of other objects that are under the keys of files.
    pub existing: Existing,
    /// How fast to send and receive.
    pub pace: RateSchedule,
    /// Whether files are loaded that claim more than the device can hold.
    pub sparse: bool,
}

/// What becomes of a file whose object is in the bucket already, and known to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unchanged {
    /// It is sent, as AWS did.
    #[default]
    Send,
    /// It is not.
    Skip,
}

/// What becomes of another object that has the key of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Existing {
    /// It is replaced, as AWS did.
    #[default]
    Replace,
    /// It stays, and the file is a failed line.
    Keep,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            parallel: 32,
            read_threads: 4,
            memory_bytes: 128 << 20,
            multipart_threshold: 32 << 20,
            part_bytes: 8 << 20,
            read_back: ReadBack::Off,
            sha256_metadata: true,
            mtime_metadata: true,
            unchanged: Unchanged::default(),
            existing: Existing::default(),
            pace: RateSchedule::default(),
            sparse: false,
        }
    }
}

impl Settings {
    /// The size of the parts of a file of `bytes`: the setting, or as much as keeps the file
    /// within [`model::limits::PARTS`], in whole mebibytes.
    #[must_use]
    pub fn part_size(&self, bytes: u64) -> u64 {
        let needed = bytes
            .div_ceil(model::limits::PARTS)
            .next_multiple_of(1 << 20);
        self.part_bytes
            .max(needed)
            .max(model::limits::PART_BYTES_MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::limits;

    #[test]
    fn no_object_needs_more_parts_than_s3_takes() {
        let settings = Settings::default();
        for bytes in [0, 1, 64 << 20, (320 << 30) + 1, limits::OBJECT_BYTES] {
            let size = settings.part_size(bytes);
            assert!(bytes.div_ceil(size) <= limits::PARTS, "{bytes}");
            assert!(size >= limits::PART_BYTES_MIN);
        }
    }
}
