//! A bucket that tries again.
//!
//! How long and how often is [`awshttp::retry`]'s affair, and what to make of the error that is left is the
//! caller's. The one act that is not simply repeated is `complete`: after a failure that leaves its outcome open,
//! this looks first.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use awshttp::retry::{Retry, Tries};
use model::capabilities::{Capabilities, Finding, PartCheck};
use model::ids::ObjectKey;
use tracing::warn;

use crate::bucket::{Body, Bucket};
use crate::checksum::Checksums;
use crate::error::StoreError;
use crate::object::{Attributes, Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use crate::part_sum::{self, PartSum};
use crate::upload::{OpenUpload, PartNumber, PartReceipt, UploadId, expected_etag, total_size};

/// A bucket around `B` that tries again what may be tried again.
///
/// # Contract
/// As every bucket, and: an error that [may be retried](StoreError::may_retry) means that the time
/// is used up. If an earlier try may have succeeded and the last one says it did not happen,
/// the error is [`StoreError::Unsure`]. Where a try to begin an upload may have succeeded and a later one
/// did, other uploads of the same key are abandoned; an error of `begin_multipart` may leave some. A body that breaks while it is read is not fetched again here:
/// its reader knows how far it came.
pub struct Retrying<B> {
    inner: B,
    /// Whether the probe has found that tags of parts are no MD5s.
    opaque_tags: AtomicBool,
    retry: Retry,
}

impl<B: fmt::Debug> fmt::Debug for Retrying<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retrying")
            .field("inner", &self.inner)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

impl<B: Bucket> Retrying<B> {
    /// Tries again as `retry` says.
    pub fn new(inner: B, retry: Retry) -> Self {
        Self {
            inner,
            opaque_tags: AtomicBool::new(false),
            retry,
        }
    }

    /// The bucket within.
    pub fn inner(&self) -> &B {
        &self.inner
    }

    /// Abandons the uploads that earlier tries to begin `upload` may have left. Nobody knows their
    /// ids, so all others of the same key go: at any time an object is uploaded by one only.
    fn drop_twins(&self, key: &ObjectKey, upload: &UploadId) {
        let dropped = self.list_uploads(key.as_str()).and_then(|open| {
            let twins = open
                .into_iter()
                .filter(|twin| twin.key == key.as_str() && twin.id != *upload);
            let mut dropped = twins.map(|twin| self.abort(key, &twin.id));
            dropped.try_for_each(|done| done)
        });
        if let Err(error) = dropped {
            warn!(%key, %error, "an upload that was begun twice may be left open");
        }
    }

    /// Completes an upload by `act`, and looks before doing so again whether it happened.
    fn completing(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
        act: impl Fn() -> Result<Receipt, StoreError>,
    ) -> Result<Receipt, StoreError> {
        let mut tries: Tries<'_, StoreError> = self.retry.tries();
        loop {
            if tries.outcome_is_open() {
                match self.find_completed(key, upload, parts) {
                    Ok(Some(receipt)) => return Ok(receipt),
                    // Looking is not allowed: the store's answer to the act itself must do.
                    Err(error) if !error.may_retry() => {}
                    Err(error) => {
                        tries.again("head", error)?;
                        continue;
                    }
                    Ok(None) => {}
                }
            }
            match act() {
                Ok(receipt) => return Ok(receipt),
                Err(error) => tries.again("complete", error)?,
            }
        }
    }

    /// Finds out whether the object that `parts` make is there and the upload gone.
    ///
    /// `None` if it is not, or if that cannot be told.
    fn find_completed(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Option<Receipt>, StoreError> {
        let Some(info) = self.inner.head(key)? else {
            return Ok(None);
        };
        let is_opaque = self.opaque_tags.load(Ordering::Relaxed);
        let expected = expected_etag(parts).filter(|_| !is_opaque);
        let tagged = expected.is_none_or(|etag| etag == info.etag);
        let differs = part_sum::agree(&info.checksums, parts).is_some_and(|said| said.is_err());
        if info.size != total_size(parts) || !tagged || differs {
            return Ok(None);
        }
        let done = Receipt {
            etag: info.etag,
            version: None,
        };
        // The object might be an older one of the same bytes: then the upload is still there.
        match self.inner.list_parts(key, upload) {
            Err(StoreError::NoSuchUpload(_)) => Ok(Some(done)),
            Ok(_) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[deny(clippy::missing_trait_methods)]
impl<B: Bucket> Bucket for Retrying<B> {
    fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.retry.act("put", || {
            self.inner.put(key, body.clone(), attributes, checksums)
        })
    }

    fn put_new(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.retry.act("put", || {
            self.inner.put_new(key, body.clone(), attributes, checksums)
        })
    }

    fn begin_multipart(
        &self,
        key: &ObjectKey,
        attributes: &Attributes,
        check: PartCheck,
    ) -> Result<UploadId, StoreError> {
        let mut tries: Tries<'_, StoreError> = self.retry.tries();
        loop {
            match self.inner.begin_multipart(key, attributes, check) {
                Ok(upload) if tries.outcome_is_open() => {
                    self.drop_twins(key, &upload);
                    return Ok(upload);
                }
                Ok(upload) => return Ok(upload),
                Err(error) => tries.again("begin_multipart", error)?,
            }
        }
    }

    fn put_part(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        self.retry.act("put_part", || {
            self.inner.put_part(key, upload, number, body.clone(), sum)
        })
    }

    fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
    ) -> Result<Vec<PartReceipt>, StoreError> {
        self.retry
            .look("list_parts", || self.inner.list_parts(key, upload))
    }

    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.completing(key, upload, parts, || {
            self.inner.complete(key, upload, parts)
        })
    }

    fn complete_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.completing(key, upload, parts, || {
            self.inner.complete_new(key, upload, parts)
        })
    }

    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError> {
        self.retry.act("abort", || self.inner.abort(key, upload))
    }

    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        self.retry
            .look("list_uploads", || self.inner.list_uploads(prefix))
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        self.retry.look("head", || self.inner.head(key))
    }

    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError> {
        self.retry
            .look("head_part", || self.inner.head_part(key, number))
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        self.retry
            .look("get", || self.inner.get(key, range.clone()))
    }

    fn list(
        &self,
        prefix: &str,
        start_after: Option<&ObjectKey>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        self.retry
            .look("list", || self.inner.list(prefix, start_after, limit))
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        self.retry
            .look("list", || self.inner.list_on(prefix, next, limit))
    }

    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.retry.act("delete", || self.inner.delete(key))
    }

    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        self.retry
            .act("put_tags", || self.inner.put_tags(key, tags))
    }

    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        self.retry.look("tags", || self.inner.tags(key))
    }

    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        let found = self
            .retry
            .look("capabilities", || self.inner.capabilities(key))?;
        let is_opaque = found.part_etag_is_md5 == Finding::Ignored;
        self.opaque_tags.store(is_opaque, Ordering::Relaxed);
        Ok(found)
    }
}
