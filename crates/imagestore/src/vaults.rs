//! Archives in vaults (Amazon S3 Glacier Developer Guide, API of 2012-06-01).
//!
//! An archive is sent in one request or in parts of one size, a power of two MiB, the last of which may be
//! shorter. It has no name: the service gives it an id, and that is all that leads back to it. Everything
//! sent carries two hashes, the plain SHA-256 that is signed and the [tree hash](crate::treehash).

use std::fmt;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use crate::error::ServiceError;
use crate::treehash;

/// Smallest part in bytes, and the unit of all others (`InitiateMultipartUpload`).
pub const LEAST_PART_BYTES: u64 = 1 << 20;

/// Largest part in bytes (`InitiateMultipartUpload`); also the largest archive in one request
/// (`UploadArchive`).
pub const MOST_PART_BYTES: u64 = 4 << 30;

/// Most parts of an archive (`UploadMultipartPart`).
pub const PARTS: u64 = 10_000;

/// The smallest allowed size of parts, in bytes and at least `wanted`, in which an archive of `total_bytes`
/// has at most [`PARTS`]; `None` if no size is large enough, which is so above 40,000 GiB.
#[must_use]
pub fn part_bytes(total_bytes: u64, wanted: u64) -> Option<u64> {
    let least = total_bytes
        .div_ceil(PARTS)
        .max(wanted)
        .max(LEAST_PART_BYTES);
    let size = least.checked_next_power_of_two()?;
    (size <= MOST_PART_BYTES).then_some(size)
}

/// The id of an upload in parts, as the service gave it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UploadId(String);

impl UploadId {
    /// Takes an id; `None` if it has characters no id has, or none at all.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        is_id(text).then(|| Self(text.to_owned()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The hashes of a part or an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashes {
    /// SHA-256 of the bytes.
    pub linear: [u8; 32],
    /// Their [tree hash](crate::treehash).
    pub tree: [u8; 32],
}

impl Hashes {
    /// Computes both.
    #[must_use]
    pub fn of(data: &[u8]) -> Self {
        Self {
            linear: Sha256::digest(data).into(),
            tree: treehash::of(data),
        }
    }
}

/// A part that the service has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// Its place in the archive, in bytes.
    pub range: Range<u64>,
    /// Its tree hash, as the service computed it.
    pub tree: [u8; 32],
}

/// An archive that is stored for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// Its id: 138 characters at Glacier.
    pub id: String,
    /// Its path in the API, as the service gave it; empty if it gave none.
    pub location: String,
}

/// A vault, to which archives are sent in parts.
///
/// # Contract
/// Calls block and may be made from any number of threads. A part or archive that was confirmed stays, a part until
/// its upload is given up or forgotten. The same promises in a form that can be run are
/// [`suite::vault`](crate::suite::vault).
pub trait Vault: Send + Sync {
    /// Begins an archive in parts of `part_bytes`, see [`part_bytes`].
    ///
    /// The description is of at most 1,024 printable ASCII characters. The service drops the upload after a day in
    /// which nothing was sent. A beginning whose answer was lost is left to that.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] if the vault does not exist.
    fn initiate(&self, part_bytes: u64, description: &str) -> Result<UploadId, ServiceError>;

    /// Stores the part at `offset`, a multiple of the size of parts. A part that was put before is
    /// overwritten.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] if the upload was completed, aborted or dropped.
    fn put_part(
        &self,
        upload: &UploadId,
        offset: u64,
        data: &[u8],
        hashes: &Hashes,
    ) -> Result<(), ServiceError>;

    /// Lists all parts the service has, in their order.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] as with [`Vault::put_part`].
    fn list_parts(&self, upload: &UploadId) -> Result<Vec<StoredPart>, ServiceError>;

    /// Makes the parts an archive; `tree` is the tree hash of the whole.
    ///
    /// Repeating it soon gives the same archive.
    ///
    /// # Errors
    /// [`ServiceError::Refused`] if parts are missing or the hash is wrong; [`ServiceError::NotFound`] as with
    /// [`Vault::put_part`].
    fn complete(
        &self,
        upload: &UploadId,
        total_bytes: u64,
        tree: &[u8; 32],
    ) -> Result<Archive, ServiceError>;

    /// Gives an upload up, with all its parts. `Ok` also if there is no such upload.
    ///
    /// # Errors
    /// Those of any call.
    fn abort(&self, upload: &UploadId) -> Result<(), ServiceError>;
}

/// Ids go into paths as they are; at Glacier they are letters, digits, `-` and `_`.
pub(crate) fn is_id(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    !matches!(text, "" | "." | "..") && text.len() <= 1024 && text.bytes().all(plain)
}
