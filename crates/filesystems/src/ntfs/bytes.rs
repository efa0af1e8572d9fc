//! Places and lengths in bytes that may be too short.

use crate::fields::{le16, le32};

/// `bytes` from `at` on, `length` of them.
pub(super) fn part(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

/// Two bytes at `at` as the place or length of something.
pub(super) fn place_at(bytes: &[u8], at: usize) -> Option<usize> {
    le16(bytes, at).map(usize::from)
}

/// Four bytes at `at` as the place or length of something.
pub(super) fn long_place_at(bytes: &[u8], at: usize) -> Option<usize> {
    le32(bytes, at).and_then(|place| usize::try_from(place).ok())
}
