//! What may be done in a bucket, and what its store does: found out by real requests.
//!
//! The proofs of rights leave nothing behind at any time. The experiments write small objects under
//! keys of their own and remove them, whatever happened.

mod archive;
mod bench;
mod experiments;
mod names;
mod parts;

use bytes::Bytes;
use model::capabilities::{Capabilities, PartCheck};
use model::ids::ObjectKey;
use model::report;

use crate::bucket::Bucket;
use crate::checksum::Checksums;
use crate::error::StoreError;
use crate::object::Attributes;

/// What a trial of room stores, in bytes: more than what stores keep aside for their own books, and little to send.
const ROOM_BYTES: usize = 1 << 20;

pub use bench::Subject;
pub use experiments::experiment;

/// Finds out what the store does, by some hundred small requests, a few of which are wrong on purpose.
///
/// Nothing is written but under keys that begin with `key` and `.probe/`; what is there is removed
/// first and last. Nobody else may use such keys, and `key` must leave twenty bytes of what a key may
/// have. Where the account may not remove objects, those of the experiments (a few hundred
/// bytes) stay, and a warning is logged.
///
/// # Errors
/// Whatever kept the store from answering, or from taking the plainest of objects. What it refuses or
/// ignores beyond that is a finding.
pub fn capabilities(bucket: &dyn Bucket, key: &ObjectKey) -> Result<Capabilities, StoreError> {
    bucket.capabilities(key)
}

/// Removes what is left of the experiments under `key`, and says how many objects could not be removed.
///
/// Costs a listing or two where nothing is left. Where the account may not list, nothing is looked for.
///
/// # Errors
/// Whatever kept the store from answering.
pub fn sweep(bucket: &dyn Bucket, key: &ObjectKey) -> Result<usize, StoreError> {
    bench::clear(bucket, &bench::root(key), || Ok(Vec::new()))
}

/// Whether `key` is one of those that [`capabilities`] under `root` writes and removes.
#[must_use]
pub fn is_of_experiments(key: &ObjectKey, root: &ObjectKey) -> bool {
    let rest = key.as_str().strip_prefix(root.as_str());
    rest.is_some_and(|rest| rest.starts_with(".probe/"))
}

/// Whether `key` is one that [`capabilities`] under the key of some job's log would remove.
#[must_use]
pub fn may_be_of_experiments(key: &ObjectKey) -> bool {
    let mut marks = key.as_str().match_indices(".probe/");
    marks.any(|(at, _)| report::ends_as_log(&key.as_str()[..at]))
}

/// Proves that objects may be written, by beginning an upload under `key` and abandoning it.
///
/// Nothing becomes visible at any time, and what is under `key` stays as it is.
///
/// # Errors
/// Whatever kept the upload from being begun or abandoned.
pub fn check_write(bucket: &dyn Bucket, key: &ObjectKey) -> Result<(), StoreError> {
    let upload = bucket.begin_multipart(key, &Attributes::default(), PartCheck::Md5)?;
    bucket.abort(key, &upload)
}

/// Proves that objects may be written and that there is room, by an object that is removed at once. It is under a key
/// of the experiments for `key`, and carries a mebibyte that cannot be packed.
///
/// # Errors
/// Whatever kept the object from being stored. That it cannot be removed is none: the next [`sweep`] tries it again.
pub fn check_room(bucket: &dyn Bucket, key: &ObjectKey) -> Result<(), StoreError> {
    let key = bench::key_of(&bench::root(key), bench::PLAIN)?;
    let body = unpackable();
    let checksums = Checksums::of(&body);
    bucket.put(&key, body, &Attributes::default(), &checksums)?;
    if let Err(error) = bucket.delete(&key) {
        tracing::warn!(%key, %error, "trial object not removed");
    }
    Ok(())
}

/// A mebibyte in which no eight bytes come twice.
fn unpackable() -> Bytes {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(ROOM_BYTES);
    while bytes.len() < ROOM_BYTES {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.into()
}

/// Proves that the bucket is there and may be read, by listing one object.
///
/// # Errors
/// Whatever kept the listing from being made.
pub fn check_read(bucket: &dyn Bucket) -> Result<(), StoreError> {
    bucket.list("", None, 1).map(drop)
}
