//! A bucket that keeps to a rate, and to a number of requests.
//!
//! Bodies are counted when they are sent, downloads while they are read; a request is counted when it is sent, each try anew.
//! What is allowed holds over all threads, who are served in the order they came. A body goes out at once when its turn has
//! come: over any time no more is sent than the rate allows, a tenth of a second and one body more; and no more is asked
//! than is allowed, a tenth of a second and one request more.

mod changing_rate;
mod rate_schedule;
mod shared_rate;
mod store_share;
mod token_bucket;
mod turns;

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;

use model::capabilities::{Capabilities, PartCheck};
use model::ids::ObjectKey;

use crate::bucket::{Body, Bucket};
use crate::checksum::Checksums;
use crate::error::StoreError;
use crate::object::{Attributes, Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use crate::part_sum::PartSum;
use crate::probe::Subject;
use crate::upload::{OpenUpload, PartNumber, PartReceipt, UploadId};

pub use changing_rate::ChangingRate;
pub use rate_schedule::{InvalidRate, QuietHours, RateSchedule, parse_offset, parse_rate};
pub use shared_rate::SharedRate;
pub use store_share::StoreShare;
pub use token_bucket::TokenBucket;
pub use turns::Turns;

/// A bucket around `B` that sends, receives and asks no faster than its [`Turns`] come.
///
/// # Contract
/// As every bucket. A call that waits for its turn ends with [`StoreError::Canceled`] soon after
/// somebody asked to stop; nothing was sent then. Calls without a body wait for no rate, and each call for its request:
/// what one asks beyond its first request, a bucket of a store lets wait itself, and so it does with experiments.
pub struct Paced<B> {
    inner: B,
    turns: Turns,
}

impl<B: fmt::Debug> fmt::Debug for Paced<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paced")
            .field("inner", &self.inner)
            .field("turns", &self.turns)
            .finish()
    }
}

impl<B: Bucket> Paced<B> {
    /// Keeps to `turns`, which other buckets of the same store may share, those of other runs too.
    pub fn new(inner: B, turns: Turns) -> Self {
        Self { inner, turns }
    }

    fn pass(&self, body: &Body) -> Result<(), StoreError> {
        self.turns.send(body.len() as u64)
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
        self.turns.ask()?;
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
        self.turns.ask()?;
        self.inner.list_parts(key, upload)
    }

    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.turns.ask()?;
        self.inner.complete(key, upload, parts)
    }

    fn complete_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.turns.ask()?;
        self.inner.complete_new(key, upload, parts)
    }

    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError> {
        self.turns.ask()?;
        self.inner.abort(key, upload)
    }

    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        self.turns.ask()?;
        self.inner.list_uploads(prefix)
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        self.turns.ask()?;
        self.inner.head(key)
    }

    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError> {
        self.turns.ask()?;
        self.inner.head_part(key, number)
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        self.turns.ask()?;
        let download = self.inner.get(key, range)?;
        Ok(match self.turns.keep_to_a_rate() {
            false => download,
            true => Download {
                body: Box::new(PacedBody {
                    body: download.body,
                    turns: self.turns.clone(),
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
        self.turns.ask()?;
        self.inner.list(prefix, start_after, limit)
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        self.turns.ask()?;
        self.inner.list_on(prefix, next, limit)
    }

    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.turns.ask()?;
        self.inner.delete(key)
    }

    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        self.turns.ask()?;
        self.inner.put_tags(key, tags)
    }

    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        self.turns.ask()?;
        self.inner.tags(key)
    }

    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        self.inner.capabilities(key)
    }
}

impl<B: Subject> Subject for Paced<B> {
    fn put_as_is(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
        signed: Option<&[u8; 32]>,
    ) -> Result<Receipt, StoreError> {
        self.pass(&body)?;
        self.inner
            .put_as_is(key, body, attributes, checksums, signed)
    }

    fn put_part_as_is(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        self.pass(&body)?;
        self.inner.put_part_as_is(key, upload, number, body, sum)
    }

    fn is_public(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        self.turns.ask()?;
        self.inner.is_public(key)
    }
}

/// A body that is read no faster than tokens come.
struct PacedBody {
    body: Box<dyn Read + Send>,
    turns: Turns,
}

impl Read for PacedBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // What is not read yet waits in the network, which slows the sender.
        let count = self.body.read(buffer)?;
        let passed = self.turns.receive(count as u64);
        passed.map_err(io::Error::other)?;
        Ok(count)
    }
}

#[cfg(test)]
#[path = "paced_tests.rs"]
mod tests;
