//! Snapshots, written and read block by block (EBS direct APIs reference, 2019-11-02).
//!
//! A snapshot is begun, filled with blocks in any order and completed; blocks that were never put read as
//! zeros. Until it is completed it cannot be read, and afterwards it cannot be written.

use std::fmt;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::error::ServiceError;

/// Bytes of a block: the service takes and gives no other size (`PutSnapshotBlock`).
pub const BLOCK_BYTES: usize = 512 << 10;

/// Largest volume in GiB (`StartSnapshot`): 64 TiB.
pub const VOLUME_GIB: u64 = 64 << 10;

/// The name of a snapshot: `snap-` and lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SnapshotId(String);

impl SnapshotId {
    /// Takes a name as the service gave it; `None` if it is not of the documented form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("snap-")?;
        let known = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let good = (1..=59).contains(&digits.len()) && digits.bytes().all(known);
        good.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a snapshot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is being filled, or the service still works on it.
    Pending,
    /// It can be read.
    Completed,
    /// It will never be of use: the blocks are not those that were announced.
    Error,
}

/// What a snapshot is begun with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning<'a> {
    /// Size of the volume in GiB, at most [`VOLUME_GIB`].
    pub volume_gib: u64,
    /// At most 255 characters, not empty.
    pub description: &'a str,
    /// The same token gives the same snapshot: 1 to 255 characters, none of them white space.
    pub client_token: &'a str,
}

/// A block that a snapshot has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBlock {
    /// Its place in the volume, in units of [`BLOCK_BYTES`].
    pub index: u32,
    /// What [`Snapshots::get_block`] wants to see; it expires after some days.
    pub token: String,
}

/// A service that keeps snapshots.
///
/// # Contract
/// Calls block and may be made from any number of threads. A block or snapshot that was confirmed stays. The same
/// promises in a form that can be run are [`suite::snapshots`](crate::suite::snapshots).
pub trait Snapshots: Send + Sync {
    /// Begins a snapshot, or finds the one that was begun with the same token.
    ///
    /// Without a sign of life the service drops it after three days; the same token then still names the
    /// dropped one, and a new snapshot needs a new token.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] also if the token was used with another size or description.
    fn start(&self, beginning: &Beginning<'_>) -> Result<SnapshotId, ServiceError>;

    /// Writes a block of [`BLOCK_BYTES`]; the last one of a device is filled up with zeros. A block that was
    /// put before is overwritten.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] if the snapshot was dropped; [`ServiceError::Refused`] if it is completed.
    fn put_block(
        &self,
        snapshot: &SnapshotId,
        index: u32,
        data: &[u8],
        sha256: &[u8; 32],
    ) -> Result<(), ServiceError>;

    /// Seals a snapshot that has `changed_blocks` blocks.
    ///
    /// `checksum` is the [linear](LinearChecksum) one over all of them. Often the service goes on working
    /// after its answer, and the status is [`Status::Pending`]: see [`Snapshots::is_readable`].
    ///
    /// # Errors
    /// [`ServiceError::Refused`] also if it was completed before.
    fn complete(
        &self,
        snapshot: &SnapshotId,
        changed_blocks: u32,
        checksum: Option<[u8; 32]>,
    ) -> Result<Status, ServiceError>;

    /// Tells whether the blocks can be listed, which is so once the snapshot is completed. There is no other
    /// way to see a snapshot's status in these APIs.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] if there is no such snapshot.
    fn is_readable(&self, snapshot: &SnapshotId) -> Result<bool, ServiceError>;

    /// Lists all blocks in the order of their indexes.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] if the snapshot is not completed.
    fn list_blocks(&self, snapshot: &SnapshotId) -> Result<Vec<StoredBlock>, ServiceError>;

    /// Reads a block, whose checksum was looked at.
    ///
    /// # Errors
    /// [`ServiceError::Damaged`] if the checksum or the length is wrong.
    fn get_block(
        &self,
        snapshot: &SnapshotId,
        block: &StoredBlock,
    ) -> Result<Vec<u8>, ServiceError>;
}

/// The checksum over a whole snapshot: SHA-256 of the checksums of all blocks that were put, in the order of
/// their indexes (`CompleteSnapshot`, aggregation method `LINEAR`).
#[derive(Debug, Clone, Default)]
pub struct LinearChecksum(Sha256);

impl LinearChecksum {
    /// Takes the SHA-256 of the next block.
    pub fn push(&mut self, block: &[u8; 32]) {
        self.0.update(block);
    }

    /// The checksum.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
