//! A bucket of a store that speaks S3.
//!
//! Each method is one request, except that listings of parts and uploads follow their pages. The
//! submodules hold the pieces: [`address`] host and path, `wire` signing and sending, `headers`
//! attributes and what is read back, `documents` the XML.

pub mod address;
pub(crate) mod documents;
mod encoded_word;
mod habits;
mod headers;
pub(crate) mod wire;

use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use model::capabilities::Capabilities;
use model::ids::{BucketName, ObjectKey};
use ureq::http::Method;

use self::address::Target;
use self::wire::{Call, Patience, Reply, Wire};
use crate::bucket::{Body, Bucket};
use crate::checksum::Checksums;
use crate::error::{Answer, StoreError};
use crate::object::{Attributes, Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use crate::probe::{self, Subject};
use crate::upload::{OpenUpload, PartNumber, PartReceipt, UploadId, expected_etag};

/// Most objects a store lists at once (API reference, `ListObjectsV2`).
const LIST_LIMIT: u16 = 1000;

/// One bucket of an S3-compatible store, opened by [`Store::bucket`](crate::connect::Store::bucket).
///
/// `put` sends `Content-MD5` and the strongest other checksum; `put_part` sends `Content-MD5` and,
/// where it is known, signs with the SHA-256. Parts carry no `x-amz-checksum-*`, as S3 refuses those
/// unless the upload was begun for just that algorithm. Since some stores check neither of the two on
/// parts (SeaweedFS 4.48), a part's entity tag is compared with its MD5 as well, unless the probe has found
/// that tags are something else. A store that refuses a header it could do without is spoken to without it.
#[derive(Debug, Clone)]
pub struct S3Bucket {
    wire: Arc<Wire>,
    name: BucketName,
}

impl S3Bucket {
    pub(crate) fn new(wire: Arc<Wire>, name: BucketName) -> Self {
        Self { wire, name }
    }

    /// The bucket's name.
    #[must_use]
    pub fn name(&self) -> &BucketName {
        &self.name
    }

    fn object(&self, key: &ObjectKey) -> Target {
        self.wire.endpoint().object(&self.name, key)
    }

    /// A put of a whole object.
    fn putting(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Call<'static> {
        let mut call = Call::new(Method::PUT, self.object(key));
        call.headers
            .push(("content-md5".into(), checksums.md5_base64()));
        call.headers.extend(headers::of_attributes(attributes));
        call.sha256 = checksums.sha256_hex();
        call.body = body;
        call
    }

    fn putting_part(&self, key: &ObjectKey, body: Body, checksums: &Checksums) -> Call<'static> {
        let mut call = Call::new(Method::PUT, self.object(key));
        call.headers
            .push(("content-md5".into(), checksums.md5_base64()));
        call.sha256 = checksums.sha256_hex();
        call.body = body;
        call
    }

    fn send_part<'c>(
        &self,
        mut call: Call<'c>,
        upload: &'c UploadId,
        number: PartNumber,
        number_text: &'c str,
    ) -> Result<(Reply, PartReceipt), StoreError> {
        call.query.push(("partNumber", number_text));
        call.query.push(("uploadId", upload.as_str()));
        let size = call.body.len() as u64;
        let reply = self.wire.ask(&call)?.succeed()?;
        match headers::etag(&reply) {
            "" => Err(reply.protocol("a part has no entity tag")),
            etag => {
                let etag = etag.to_owned();
                Ok((reply, PartReceipt { number, etag, size }))
            }
        }
    }

    fn put_whole(&self, call: &Call<'_>, checksums: &Checksums) -> Result<Receipt, StoreError> {
        let reply = self.wire.ask(call)?.succeed()?;
        headers::check_echo(&reply, checksums)?;
        Ok(headers::receipt(&reply))
    }

    /// Puts with the strongest checksum, unless the store refuses its header.
    fn put_checked(&self, call: &Call<'_>, checksums: &Checksums) -> Result<Receipt, StoreError> {
        let Some((name, value)) = checksums.header() else {
            return self.put_whole(call, checksums);
        };
        self.wire.habits().checksum.with_or_without(|with| {
            let mut call = call.clone();
            if with {
                call.headers.push((name.into(), value.clone()));
            }
            self.put_whole(&call, checksums)
        })
    }

    /// The end of an upload in parts.
    fn completing<'c>(
        &self,
        key: &ObjectKey,
        upload: &'c UploadId,
        parts: &[PartReceipt],
    ) -> Call<'c> {
        let mut call = Call::new(Method::POST, self.object(key));
        call.query.push(("uploadId", upload.as_str()));
        call.headers
            .push(("content-type".into(), "application/xml".to_owned()));
        call.body = Bytes::from(documents::complete(parts));
        call.patience = Patience::Assembly;
        call
    }

    fn finish(&self, call: &Call<'_>, parts: &[PartReceipt]) -> Result<Receipt, StoreError> {
        let reply = self.wire.ask(call)?;
        let version = headers::version(&reply);
        let told = documents::completed_etag(&reply.document()?)?;
        // Ceph answers with an empty tag; it is computable.
        let etag = told.or_else(|| expected_etag(parts)).unwrap_or_default();
        Ok(Receipt { etag, version })
    }

    /// A request about what belongs to an object, such as its tags.
    fn belonging(&self, method: Method, key: &ObjectKey, what: &'static str) -> Call<'static> {
        let mut call = Call::new(method, self.object(key));
        call.query.push((what, ""));
        call
    }

    /// Asks for what is known of an object's content too, unless the store refuses that.
    fn ask_with_checksums(&self, mut call: Call<'_>) -> Result<Reply, StoreError> {
        call.headers
            .push(("x-amz-checksum-mode".into(), "ENABLED".to_owned()));
        let reply = self.wire.ask(&call)?;
        if !matches!(reply.status().as_u16(), 400 | 501) {
            return Ok(reply);
        }
        call.headers.pop();
        self.wire.ask(&call)
    }

    fn listing(&self) -> Call<'_> {
        Call::new(Method::GET, self.wire.endpoint().bucket(&self.name))
    }
}

#[deny(clippy::missing_trait_methods)]
impl Bucket for S3Bucket {
    fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        let call = self.putting(key, body, attributes, checksums);
        self.put_checked(&call, checksums)
    }

    fn put_new(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        let mut call = self.putting(key, body, attributes, checksums);
        call.headers.push(if_absent());
        self.put_checked(&call, checksums)
            .map_err(StoreError::of_condition)
    }

    fn begin_multipart(
        &self,
        key: &ObjectKey,
        attributes: &Attributes,
    ) -> Result<UploadId, StoreError> {
        let mut call = Call::new(Method::POST, self.object(key));
        call.query.push(("uploads", ""));
        call.headers = headers::of_attributes(attributes);
        documents::upload_id(&self.wire.ask(&call)?.document()?)
    }

    fn put_part(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        checksums: &Checksums,
    ) -> Result<PartReceipt, StoreError> {
        let call = self.putting_part(key, body, checksums);
        let (reply, receipt) = self.send_part(call, upload, number, &number.to_string())?;
        if !self.wire.habits().part_tags_are_opaque() {
            headers::check_etag(&reply, checksums)?;
        }
        Ok(receipt)
    }

    fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
    ) -> Result<Vec<PartReceipt>, StoreError> {
        let mut parts = Vec::new();
        let mut marker = String::from("0");
        loop {
            let mut call = Call::new(Method::GET, self.object(key));
            call.query.push(("uploadId", upload.as_str()));
            call.query.push(("part-number-marker", &marker));
            let page = documents::parts(&self.wire.ask(&call)?.document()?)?;
            parts.extend(page.parts);
            match page.next {
                Some(next) => marker = next,
                None => return Ok(one_of_each(parts)),
            }
        }
    }

    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.finish(&self.completing(key, upload, parts), parts)
    }

    fn complete_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        let mut call = self.completing(key, upload, parts);
        call.headers.push(if_absent());
        self.finish(&call, parts).map_err(StoreError::of_condition)
    }

    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError> {
        let mut call = Call::new(Method::DELETE, self.object(key));
        call.query.push(("uploadId", upload.as_str()));
        match self.wire.ask(&call)?.succeed() {
            Err(StoreError::NoSuchUpload(_)) => Ok(()),
            done => done.map(drop),
        }
    }

    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        let mut uploads = Vec::new();
        let mut marker: Option<OpenUpload> = None;
        loop {
            // Not `encoding-type=url`: SeaweedFS 4.48 then says so and does not do it.
            let mut call = self.listing();
            call.query.extend([("uploads", ""), ("prefix", prefix)]);
            if let Some(after) = &marker {
                call.query.push(("key-marker", &after.key));
                call.query.push(("upload-id-marker", after.id.as_str()));
            }
            let page = documents::uploads(&self.wire.ask(&call)?.document()?)?;
            // Some stores take the prefix for a hint.
            let ours = page
                .uploads
                .into_iter()
                .filter(|upload| upload.key.starts_with(prefix));
            uploads.extend(ours);
            match page.next {
                Some(next) if marker.as_ref() != Some(&next) => marker = Some(next),
                _ => return Ok(uploads),
            }
        }
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        let reply = self.wire.habits().checksum_mode.with_or_without(|with| {
            let mut call = Call::new(Method::HEAD, self.object(key));
            if with {
                let mode = ("x-amz-checksum-mode".into(), "ENABLED".to_owned());
                call.headers.push(mode);
            }
            self.wire.ask_head(call)
        })?;
        if reply.status().as_u16() == 404 {
            return Ok(None);
        }
        let reply = reply.succeed()?;
        let size = headers::length(&reply)?;
        Ok(Some(headers::info(&reply, size)))
    }

    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError> {
        let number = number.to_string();
        let mut call = Call::new(Method::HEAD, self.object(key));
        call.query.push(("partNumber", &number));
        match self.wire.ask(&call)?.succeed() {
            Ok(reply) => Ok(headers::part(&reply)),
            Err(StoreError::Refused(_) | StoreError::NoSuchKey(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        let mut call = Call::new(Method::GET, self.object(key));
        let reply = match &range {
            Some(range) => {
                call.headers.push(("range".into(), range_header(range)?));
                self.wire.ask(&call)?
            }
            None => self.ask_with_checksums(call)?,
        };
        let reply = reply.streaming()?;
        let (given, size) = match range {
            Some(_) => headers::content_range(&reply)?,
            None => headers::length(&reply).map(|size| (0..size, size))?,
        };
        let mut info = headers::info(&reply, size);
        if given != (0..size) {
            // Some stores tell those of the stretch.
            info.sha256 = None;
            info.checksums.clear();
        }
        Ok(Download {
            info,
            body: exactly(reply, given.end.saturating_sub(given.start)),
            range: given,
        })
    }

    fn list(
        &self,
        prefix: &str,
        start_after: Option<&ObjectKey>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        let limit = limit.min(LIST_LIMIT).to_string();
        let mut call = self.listing();
        // Without it a key with a control character makes the whole page unreadable XML.
        call.query.push(("encoding-type", "url"));
        call.query
            .extend([("list-type", "2"), ("max-keys", &limit), ("prefix", prefix)]);
        if let Some(key) = start_after {
            call.query.push(("start-after", key.as_str()));
        }
        documents::page(&self.wire.ask(&call)?.document()?)
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        let limit = limit.min(LIST_LIMIT).to_string();
        let mut call = self.listing();
        call.query.push(("encoding-type", "url"));
        call.query
            .extend([("list-type", "2"), ("max-keys", &limit), ("prefix", prefix)]);
        call.query.push(("continuation-token", next));
        documents::page(&self.wire.ask(&call)?.document()?)
    }

    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let call = Call::new(Method::DELETE, self.object(key));
        match self.wire.ask(&call)?.succeed() {
            Err(StoreError::NoSuchKey(_)) => Ok(()),
            done => done.map(drop),
        }
    }

    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        let mut call = self.belonging(Method::PUT, key, "tagging");
        call.body = Bytes::from(documents::tagging(tags));
        let md5 = Checksums::of(&call.body).md5_base64();
        call.headers
            .push(("content-type".into(), "application/xml".to_owned()));
        call.headers.push(("content-md5".into(), md5));
        self.wire.ask(&call)?.succeed().map(drop)
    }

    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        let call = self.belonging(Method::GET, key, "tagging");
        documents::tags(&self.wire.ask(&call)?.document()?)
    }

    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        let found = probe::experiment(self, key)?;
        self.wire.habits().adopt(&found);
        Ok(found)
    }
}

impl Subject for S3Bucket {
    fn put_as_is(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
        signed: Option<&[u8; 32]>,
    ) -> Result<Receipt, StoreError> {
        let mut call = self.putting(key, body, attributes, checksums);
        if let Some((name, value)) = checksums.header() {
            call.headers.push((name.into(), value));
        }
        if let Some(signed) = signed {
            call.sha256 = Some(hex::encode(signed));
        }
        self.put_whole(&call, checksums)
    }

    fn put_part_as_is(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        checksums: &Checksums,
    ) -> Result<PartReceipt, StoreError> {
        let call = self.putting_part(key, body, checksums);
        let sent = self.send_part(call, upload, number, &number.to_string());
        sent.map(|(_, receipt)| receipt)
    }

    fn is_public(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        let call = self.belonging(Method::GET, key, "acl");
        documents::is_public(&self.wire.ask(&call)?.document()?)
    }
}

/// Only where there is no object yet (API reference, *PutObject*, `If-None-Match`).
fn if_absent() -> (Cow<'static, str>, String) {
    ("if-none-match".into(), "*".to_owned())
}

/// Keeps one receipt for each number, and none where two disagree: that part is better sent again.
///
/// SeaweedFS 4.48 lists a part that was sent twice twice.
fn one_of_each(mut parts: Vec<PartReceipt>) -> Vec<PartReceipt> {
    parts.sort_by_key(|part| part.number);
    parts.dedup();
    let groups = parts.chunk_by(|a, b| a.number == b.number);
    groups
        .filter(|group| group.len() == 1)
        .flatten()
        .cloned()
        .collect()
}

fn range_header(range: &Range<u64>) -> Result<String, StoreError> {
    if range.is_empty() {
        let message = "the range has no bytes";
        return Err(StoreError::Refused(Answer::new(
            416,
            "InvalidRange",
            message,
        )));
    }
    Ok(match range.end {
        // Not all servers read numbers this large.
        u64::MAX => format!("bytes={}-", range.start),
        end => format!("bytes={}-{}", range.start, end - 1),
    })
}

fn exactly(reply: Reply, length: u64) -> Box<dyn Read + Send> {
    Box::new(Exactly {
        body: reply.into_body().into_reader(),
        left: length,
    })
}

/// A body that fails, rather than ends, when bytes are missing.
struct Exactly<R> {
    body: R,
    left: u64,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.body.read(buffer)?;
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            let message = format!("the body ended {} bytes early", self.left);
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}
