//! Proofs of rights that leave nothing behind.

use model::ids::ObjectKey;

use crate::bucket::Bucket;
use crate::error::StoreError;
use crate::object::Attributes;

/// Proves that objects may be written, by beginning an upload under `key` and abandoning it.
///
/// Nothing becomes visible at any time, and what is under `key` stays as it is.
///
/// # Errors
/// Whatever kept the upload from being begun or abandoned.
pub fn check_write(bucket: &dyn Bucket, key: &ObjectKey) -> Result<(), StoreError> {
    let upload = bucket.begin_multipart(key, &Attributes::default())?;
    bucket.abort(key, &upload)
}

/// Proves that the bucket is there and may be read, by listing one object.
///
/// # Errors
/// Whatever kept the listing from being made.
pub fn check_read(bucket: &dyn Bucket) -> Result<(), StoreError> {
    bucket.list("", None, 1).map(drop)
}
