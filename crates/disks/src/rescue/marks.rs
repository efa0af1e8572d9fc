//! By what a device is known again: the sums of some places.
//!
//! What was rescued from one disk must never stand for the bytes of another that came in its place. So a few places
//! that were read well are remembered, and looked at before anything is gone on with. The first that are read are those
//! with the tables and the identifiers of the volumes.

use std::ops::Range;

use lanes::sha256_of;

use super::limits::{MARK_APART, MARK_BYTES, MARKS};

/// A place that is not all zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) place: Range<u64>,
    /// The first eight bytes of its SHA-256.
    pub(crate) sum: u64,
}

impl Mark {
    /// The mark that the beginning of what was read at a place is; zeros are on every disk.
    pub(crate) fn of(at: u64, read: &[u8]) -> Option<Self> {
        let read = &read[..read.len().min(MARK_BYTES)];
        let is_told = read.iter().any(|byte| *byte != 0);
        let sum = is_told.then(|| sha256_of(&[read]))?;
        Some(Self {
            place: at..at + read.len() as u64,
            sum: u64::from_be_bytes(*sum.first()?.first_chunk()?),
        })
    }
}

/// Whether a read at a place is to be looked at for one more mark.
pub(crate) fn is_wanted(marks: &[Mark], at: u64) -> bool {
    let is_apart = |mark: &Mark| mark.place.start / MARK_APART != at / MARK_APART;
    marks.len() < MARKS && marks.iter().all(is_apart)
}
