//! How long a turn is at a disk that rotates.
//!
//! Going from one file to another costs such a disk some ten milliseconds, in which it could have
//! read megabytes. So those who read large files take turns ([`disks::turns`]), and each reads a good stretch in its
//! own.

/// Bytes of one turn: beside the time they take, at some 200 MB/s, the way to the next file is
/// little. More would let too few files be hashed beside each other.
pub(crate) const TURN_BYTES: u64 = 32 << 20;
