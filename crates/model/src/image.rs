//! Images of whole devices: how they are cut, what their objects are called, and the index that leads
//! from the objects back to the image.

use crate::ids::{JobId, ObjectKey};
use crate::limits;
pub use crate::missing::BadRange;

pub mod index;

/// What `deviceCapacityGreaterThan1TB` is measured against, in bytes. The guide does not say which
/// terabyte it means; disks sold as 1 TB are below both.
pub const ONE_TB: u64 = 1 << 40;

/// Bytes of each object of an image but the last, where it goes to a series of them.
pub const OBJECT_BYTES: u64 = 1 << 30;

/// `Content-Type` of an image.
pub const CONTENT_TYPE: &str = "application/octet-stream";

/// The volume that holds a device of so many bytes, in GiB and at least one.
#[must_use]
pub fn volume_gib(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 30).max(1)
}

/// Where the objects of a job's image lie in the log bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageKeys {
    prefix: String,
}

impl ImageKeys {
    /// The keys of `job`: the log prefix, the job's id, a slash. Where that leaves no room for a name,
    /// as many characters as needed are left out at the start: the end names the job.
    #[must_use]
    pub fn new(log_prefix: &str, job: JobId) -> Self {
        let end = format!("{job}/");
        let mut kept = log_prefix;
        while kept.len() + end.len() + LONGEST_NAME > limits::KEY_BYTES {
            let mut characters = kept.chars();
            characters.next();
            kept = characters.as_str();
        }
        let prefix = format!("{kept}{end}");
        Self { prefix }
    }

    /// What all of them begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key of an object, counted from 0: `image.00000`.
    #[must_use]
    pub fn object(&self, number: u64) -> ObjectKey {
        self.key(&format!("image.{number:05}"))
    }

    /// The key of the index.
    #[must_use]
    pub fn index(&self) -> ObjectKey {
        self.key("image.index")
    }

    fn key(&self, name: &str) -> ObjectKey {
        ObjectKey::new(format!("{}{name}", self.prefix)).expect("it was made short enough")
    }
}

/// Longest name behind the prefix: `image.` and a number of at most ten digits, since 2^64 bytes are
/// 2^34 objects of 1 GiB.
const LONGEST_NAME: usize = 6 + 11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_whole_gibibytes() {
        let gib = 1_u64 << 30;
        for (bytes, volume) in [(1, 1), (gib, 1), (gib + 1, 2), (1_000_204_886_016, 932)] {
            assert_eq!(volume_gib(bytes), volume, "{bytes}");
        }
    }

    #[test]
    fn keys_stand_under_the_prefix_and_the_job() {
        let job = JobId::new("ABCDE").unwrap();
        let keys = ImageKeys::new("images/", job);
        assert_eq!(keys.prefix(), "images/ABCDE/");
        assert_eq!(keys.object(0).as_str(), "images/ABCDE/image.00000");
        assert_eq!(keys.object(123_456).as_str(), "images/ABCDE/image.123456");
        assert_eq!(keys.index().as_str(), "images/ABCDE/image.index");
    }

    #[test]
    fn the_longest_prefix_leaves_room_for_every_object() {
        let keys = ImageKeys::new(&"é".repeat(504), JobId::new("ABCDE").unwrap());
        let last = keys.object(u64::MAX / OBJECT_BYTES);
        assert!(
            last.as_str().ends_with("éABCDE/image.17179869183"),
            "{last}"
        );
        assert!(last.as_str().len() <= limits::KEY_BYTES);
    }
}
