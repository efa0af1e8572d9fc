//! The one trait through which every object goes in and out.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use model::capabilities::{Capabilities, PartCheck};
use model::ids::ObjectKey;

use crate::checksum::Checksums;
use crate::error::StoreError;
use crate::object::{Attributes, Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use crate::part_sum::PartSum;
use crate::upload::{OpenUpload, PartNumber, PartReceipt, UploadId};

/// The bytes of an object or a part: cheap to clone, so that trying again sends the very same ones.
///
/// Whole in memory by design. Large objects go in parts of some 64 MiB at most; nothing streams.
pub type Body = Bytes;

/// One bucket of one store.
///
/// # Contract
/// - **Atomic**: an object appears, or is replaced, whole or not at all. Parts are invisible until
///   `complete`.
/// - **Strong**: once a call returned `Ok`, every later call of anyone sees its effect.
/// - **Last writer wins**: of two puts to one key the one that finishes last stays.
/// - **Checked**: bytes that do not match their [`Checksums`] are refused with
///   [`StoreError::BadDigest`] and leave nothing behind.
/// - **Honest errors**: `Err` means that nothing changed, unless
///   [`StoreError::might_have_happened`]. Every call may be repeated without harm when
///   [`StoreError::may_retry`], with the exceptions named at `begin_multipart` and `complete`.
/// - Calls block the calling thread and may be made from any number of threads.
///
/// All methods are required: a wrapper that forgets one must not compile.
pub trait Bucket: Send + Sync {
    /// Stores `body` under `key` in one request.
    ///
    /// # Contract
    /// Replaces what was there. Repeating it stores the same bytes again.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if key, attributes or size are not acceptable; see the trait for the rest.
    fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError>;

    /// Stores `body` under `key` in one request, if there is no object yet (`If-None-Match: *`).
    ///
    /// # Contract
    /// Of several that are made at once, one succeeds. Only for stores that are known to honor it
    /// ([`Capabilities::put_if_absent`]): another may replace what is there. Repeating it after it happened
    /// answers [`StoreError::Exists`]: look before believing that.
    ///
    /// # Errors
    /// [`StoreError::Exists`], and what is there stays; otherwise as `put`.
    fn put_new(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError>;

    /// Begins an upload in parts of an object that will carry `attributes`. Its parts will come with sums made by
    /// `check`.
    ///
    /// # Contract
    /// Another sum than MD5 only for stores that are known to check it ([`Capabilities::checks_parts_by`]).
    /// Nothing becomes visible. After an error that might have happened an upload may stay open
    /// whose id nobody knows: `list_uploads` finds it. Repeating it opens a second upload.
    ///
    /// # Errors
    /// As `put`.
    fn begin_multipart(
        &self,
        key: &ObjectKey,
        attributes: &Attributes,
        check: PartCheck,
    ) -> Result<UploadId, StoreError>;

    /// Stores one part, if its sum is `sum`, which is made as the upload was begun for.
    ///
    /// # Contract
    /// Parts may come in any order and at the same time. A part replaces one of the same number.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUpload`] once the upload was completed or abandoned.
    fn put_part(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError>;

    /// Lists the parts the store holds, by number.
    ///
    /// # Contract
    /// Complete, however many there are. What it returns can be given to `complete`.
    ///
    /// # Errors
    /// [`StoreError::NoSuchUpload`] once the upload was completed or abandoned.
    fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
    ) -> Result<Vec<PartReceipt>, StoreError>;

    /// Makes an object of `parts`, which must ascend by number.
    ///
    /// # Contract
    /// The object becomes visible whole. Parts not named are dropped. Every part but the last has at least
    /// 5 MiB. The store is told the sum of the whole where it follows from those of the parts, and refuses another
    /// if it looks at that. Repeating it after it happened may answer [`StoreError::NoSuchUpload`]: look before
    /// believing that.
    ///
    /// # Errors
    /// [`StoreError::Refused`] (`InvalidPart`, `InvalidPartOrder`, `EntityTooSmall`, `BadDigest`) leaves the upload open.
    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError>;

    /// Makes an object of `parts` as `complete` does, if there is none under `key` yet.
    ///
    /// # Contract
    /// As those of `complete` and of `put_new`; only for stores that are known to honor it
    /// ([`Capabilities::complete_if_absent`]).
    ///
    /// # Errors
    /// [`StoreError::Exists`], and what is there stays, as may the upload; otherwise as `complete`.
    fn complete_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError>;

    /// Abandons an upload and drops its parts.
    ///
    /// # Contract
    /// `Ok` says that the upload is not open; abandoning one that never was, or is no more, is `Ok`.
    ///
    /// # Errors
    /// See the trait.
    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError>;

    /// Lists uploads still open under keys that start with `prefix`.
    ///
    /// # Contract
    /// Complete, however many there are; in no order.
    ///
    /// # Errors
    /// See the trait.
    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError>;

    /// Tells what the store knows of an object; `None` if there is none.
    ///
    /// # Contract
    /// A missing bucket looks like a missing object here: S3 answers both with a bare 404.
    ///
    /// # Errors
    /// See the trait.
    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError>;

    /// Tells the size of one part of an object that was stored in parts; `None` if the store does not
    /// tell, or there is no such part.
    ///
    /// # Errors
    /// See the trait. That the store does not know the question is no error.
    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError>;

    /// Begins to read an object, whole or the bytes of `range`.
    ///
    /// # Contract
    /// The body is of one version of the object even if it is replaced meanwhile. A range that
    /// reaches beyond the end gives what there is.
    ///
    /// # Errors
    /// [`StoreError::NoSuchKey`]; [`StoreError::Refused`] (`InvalidRange`) if `range` starts at or
    /// beyond the end, or is empty.
    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError>;

    /// Lists at most `limit` objects whose keys start with `prefix` and come after `start_after`.
    ///
    /// # Contract
    /// In the store's order, which is that of the keys' bytes on all stores that follow S3 to the
    /// letter. Going on after the last key of a page until [`Page::more`] is false gives every
    /// object that was there all the while exactly once. Stores may give fewer than `limit`, and
    /// none gives more than 1000.
    ///
    /// # Errors
    /// See the trait.
    fn list(
        &self,
        prefix: &str,
        start_after: Option<&ObjectKey>,
        limit: u16,
    ) -> Result<Page, StoreError>;

    /// Lists on from `next` of a [`Page`] with the same prefix.
    ///
    /// # Contract
    /// Going on by the store's own word until [`Page::more`] is false gives every object that was
    /// there all the while at least once, in whatever order the store lists.
    ///
    /// # Errors
    /// See the trait.
    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError>;

    /// Removes an object.
    ///
    /// # Contract
    /// Removing what is not there is `Ok`.
    ///
    /// # Errors
    /// See the trait.
    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError>;

    /// Gives an object `tags`, key and value each, in the place of those it has.
    ///
    /// # Contract
    /// Only for stores that are known to keep tags ([`Capabilities::tags`]): one that never heard
    /// of them may take this for a put. S3 takes ten tags, keys of 128 and values of 256 characters
    /// (S3 User Guide, *Object tagging*).
    ///
    /// # Errors
    /// [`StoreError::NoSuchKey`]; [`StoreError::Refused`] if the tags are not acceptable or the store
    /// has none.
    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError>;

    /// Tells an object's tags, sorted.
    ///
    /// # Errors
    /// [`StoreError::NoSuchKey`]; [`StoreError::Refused`] if the store has no tags.
    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError>;

    /// Finds out by experiments what the store does; see [`crate::probe::capabilities`].
    ///
    /// # Contract
    /// Writes under keys that begin with `key` and `.probe/` only, and removes all it wrote. Wrappers
    /// pass it on as one call: what they add would spoil the experiments.
    ///
    /// # Errors
    /// Whatever kept the store from answering. What it cannot do is a finding, not an error.
    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError>;
}

#[deny(clippy::missing_trait_methods)]
impl<B: Bucket + ?Sized> Bucket for Arc<B> {
    fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        (**self).put(key, body, attributes, checksums)
    }

    fn put_new(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        (**self).put_new(key, body, attributes, checksums)
    }

    fn begin_multipart(
        &self,
        key: &ObjectKey,
        attributes: &Attributes,
        check: PartCheck,
    ) -> Result<UploadId, StoreError> {
        (**self).begin_multipart(key, attributes, check)
    }

    fn put_part(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        (**self).put_part(key, upload, number, body, sum)
    }

    fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
    ) -> Result<Vec<PartReceipt>, StoreError> {
        (**self).list_parts(key, upload)
    }

    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        (**self).complete(key, upload, parts)
    }

    fn complete_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        (**self).complete_new(key, upload, parts)
    }

    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError> {
        (**self).abort(key, upload)
    }

    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        (**self).list_uploads(prefix)
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        (**self).head(key)
    }

    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError> {
        (**self).head_part(key, number)
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        (**self).get(key, range)
    }

    fn list(
        &self,
        prefix: &str,
        start_after: Option<&ObjectKey>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        (**self).list(prefix, start_after, limit)
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        (**self).list_on(prefix, next, limit)
    }

    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        (**self).delete(key)
    }

    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        (**self).put_tags(key, tags)
    }

    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        (**self).tags(key)
    }

    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        (**self).capabilities(key)
    }
}
