//! Puts that replace nothing: what is said to the store, and what is made of its answer that somebody else
//! was there first.
//!
//! The listing and the looks before say what was there when they were made. A store that honors
//! `If-None-Match: *` also keeps what another put since; the others are told nothing, and there only
//! listing and looks protect.

use bytes::Bytes;
use model::attributes::Attributes;
use model::identity;
use model::ids::ObjectKey;
use model::outcome::{Failure, How, Stored};
use objectstore::object::{ObjectInfo, Receipt};
use objectstore::upload::{PartReceipt, UploadId};
use objectstore::{Checksums, StoreError};

use crate::import::run::{Before, Keeps, Run};

impl Run<'_> {
    /// Stores a whole object, which replaces another only if it may.
    pub(crate) fn put_object(
        &self,
        before: &Before,
        key: &ObjectKey,
        body: Bytes,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        match before.must_be_new && self.store.put_if_absent.is_honored() {
            true => self.bucket.put_new(key, body, attributes, checksums),
            false => self.bucket.put(key, body, attributes, checksums),
        }
    }

    /// Makes an object of parts, which replaces another only if it may.
    pub(crate) fn complete_object(
        &self,
        before: &Before,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        match before.must_be_new && self.store.complete_if_absent.is_honored() {
            true => self.bucket.complete_new(key, upload, parts),
            false => self.bucket.complete(key, upload, parts),
        }
    }

    /// What becomes of a file of `bytes` that was to be `wanted` when an object was there first; `error` says so.
    /// The object may have the same content: it may be this job's own, if the answer to an earlier try was lost.
    pub(crate) fn taken(
        &self,
        before: &Before,
        wanted: Stored,
        bytes: u64,
        error: &StoreError,
    ) -> Result<(Stored, How), Failure> {
        let key = wanted.key.clone();
        let is_unsure = error.might_have_happened();
        let found = match self.bucket.head(&key) {
            Ok(found) => found.filter(|found| found.size == bytes),
            // Who may write need not be allowed to look.
            Err(error) => {
                tracing::warn!(%key, %error, "an object was there first, and could not be looked at");
                return Err(appeared(before, key, is_unsure));
            }
        };
        let is_same = found.as_ref().map(|found| self.is_same(&wanted, found));
        match (found, is_same) {
            (Some(found), Some(Some(true))) => {
                let how = match is_unsure {
                    true => before.how(bytes, &found.etag),
                    false => How::Unchanged,
                };
                let etag = found.etag;
                Ok((Stored { etag, ..wanted }, how))
            }
            (_, Some(None)) => Err(appeared(before, key, is_unsure)),
            (_, Some(Some(_)) | None) => Err(appeared(before, key, false)),
        }
    }

    /// Whether an object of the same length has the content that is wanted; `None` if nobody can tell.
    fn is_same(&self, wanted: &Stored, found: &ObjectInfo) -> Option<bool> {
        if !wanted.etag.is_empty() && found.etag == wanted.etag {
            return Some(true);
        }
        let tags_tell = wanted.parts == 0 && self.store.etag_is_md5.is_honored();
        if tags_tell && !found.is_tag_opaque && !found.etag.contains('-') {
            return Some(false);
        }
        hash_of(found).map(|hash| hash == wanted.sha256)
    }
}

/// Why a file has not the key that was taken. `is_unsure` if nobody can tell by whom.
fn appeared(before: &Before, key: ObjectKey, is_unsure: bool) -> Failure {
    match before.keeps {
        Some(Keeps::Report) if !is_unsure => Failure::report_exists(key),
        _ => Failure::appeared(key, is_unsure),
    }
}

/// The SHA-256 that store or metadata have of an object.
fn hash_of(found: &ObjectInfo) -> Option<String> {
    let told = found.sha256.map(hex::encode);
    told.or_else(|| identity::sha256(&found.attributes).map(str::to_owned))
}
