//! A bucket that keeps to a rate.
//!
//! Bodies are counted when they are sent, downloads while they are read. The rate holds over all
//! threads, who are served in the order they came. A body goes out at once when its turn has come:
//! over any time no more is sent than the rate allows, a tenth of a second and one body more.

mod rate_schedule;
mod shared_rate;
mod token_bucket;

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use awshttp::retry::Sleeper;
use model::capabilities::{Capabilities, PartCheck};
use model::ids::ObjectKey;

use crate::bucket::{Body, Bucket};
use crate::checksum::Checksums;
use crate::error::StoreError;
use crate::object::{Attributes, Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use crate::part_sum::PartSum;
use crate::upload::{OpenUpload, PartNumber, PartReceipt, UploadId};

pub use rate_schedule::{InvalidRate, QuietHours, RateSchedule, parse_offset, parse_rate};
pub use shared_rate::SharedRate;
pub use token_bucket::TokenBucket;

/// A bucket around `B` that sends and receives no faster than its [`RateSchedule`].
///
/// # Contract
/// As every bucket. A call that waits for its turn ends with [`StoreError::Canceled`] soon after
/// somebody asked to stop; nothing was sent then. Calls without a body do not wait.
pub struct Paced<B> {
    inner: B,
    tokens: Option<Arc<TokenBucket>>,
    sleeper: Arc<dyn Sleeper>,
}

impl<B: fmt::Debug> fmt::Debug for Paced<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paced")
            .field("inner", &self.inner)
            .field("tokens", &self.tokens)
            .finish()
    }
}

impl<B: Bucket> Paced<B> {
    /// Keeps to what `tokens` give, which other buckets of the same store may share, those of other runs too;
    /// without them it goes as fast as it can. Calls of this one wait as `sleeper` lets them.
    pub fn new(inner: B, tokens: Option<Arc<TokenBucket>>, sleeper: Arc<dyn Sleeper>) -> Self {
        Self {
            inner,
            tokens,
            sleeper,
        }
    }

    fn pass(&self, body: &Body) -> Result<(), StoreError> {
        match &self.tokens {
            Some(tokens) => tokens.pass(body.len() as u64, &*self.sleeper),
            None => Ok(()),
        }
    }
}

#[deny(clippy::missing_trait_methods)]
impl<B: Bucket> Bucket for Paced<B> {
    fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.pass(&body)?;
        self.inner.put(key, body, attributes, checksums)
    }

    fn put_new(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.pass(&body)?;
        self.inner.put_new(key, body, attributes, checksums)
    }

    fn begin_multipart(
        &self,
        key: &ObjectKey,
        attributes: &Attributes,
        check: PartCheck,
    ) -> Result<UploadId, StoreError> {
        self.inner.begin_multipart(key, attributes, check)
    }

    fn put_part(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        self.pass(&body)?;
        self.inner.put_part(key, upload, number, body, sum)
    }

    fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
    ) -> Result<Vec<PartReceipt>, StoreError> {
        self.inner.list_parts(key, upload)
    }

    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.inner.complete(key, upload, parts)
    }

    fn complete_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.inner.complete_new(key, upload, parts)
    }

    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError> {
        self.inner.abort(key, upload)
    }

    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        self.inner.list_uploads(prefix)
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        self.inner.head(key)
    }

    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError> {
        self.inner.head_part(key, number)
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        let download = self.inner.get(key, range)?;
        Ok(match &self.tokens {
            None => download,
            Some(tokens) => Download {
                body: Box::new(PacedBody {
                    body: download.body,
                    tokens: Arc::clone(tokens),
                    sleeper: Arc::clone(&self.sleeper),
                }),
                ..download
            },
        })
    }

    fn list(
        &self,
        prefix: &str,
        start_after: Option<&ObjectKey>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        self.inner.list(prefix, start_after, limit)
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        self.inner.list_on(prefix, next, limit)
    }

    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.inner.delete(key)
    }

    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        self.inner.put_tags(key, tags)
    }

    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        self.inner.tags(key)
    }

    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        self.inner.capabilities(key)
    }
}

/// A body that is read no faster than tokens come.
struct PacedBody {
    body: Box<dyn Read + Send>,
    tokens: Arc<TokenBucket>,
    sleeper: Arc<dyn Sleeper>,
}

impl Read for PacedBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // What is not read yet waits in the network, which slows the sender.
        let count = self.body.read(buffer)?;
        let passed = self.tokens.pass(count as u64, &*self.sleeper);
        passed.map_err(io::Error::other)?;
        Ok(count)
    }
}

#[cfg(test)]
#[path = "paced_tests.rs"]
mod tests;
