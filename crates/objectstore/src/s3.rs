//! A bucket of a store that speaks S3.
//!
//! Each method is one request, except that listings of parts and uploads follow their pages. The
//! submodules hold the pieces: [`address`] host and path, `dialect` signatures and refusals, `wire` what is asked
//! twice, `headers` attributes and what is read back, `documents` the XML.

pub mod address;
mod dialect;
pub(crate) mod documents;
mod encoded_word;
mod habits;
mod headers;
pub(crate) mod wire;

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use awshttp::Answer;
use awshttp::endpoint::Target;
use awshttp::request::{self, Request, Wait};
use model::capabilities::{Capabilities, PartCheck};
use model::ids::{BucketName, ObjectKey};
use ureq::http::Method;

use self::dialect::Reply;
use self::habits::Habits;
use self::wire::Wire;
use crate::bucket::{Body, Bucket};
use crate::checksum::Checksums;
use crate::error::StoreError;
use crate::object::{Attributes, Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use crate::paced::{Paced, Turns};
use crate::part_sum::{self, PartSum};
use crate::probe::{self, Subject};
use crate::upload::{OpenUpload, PartNumber, PartReceipt, UploadId, expected_etag};

/// Most objects a store lists at once (API reference, `ListObjectsV2`).
const LIST_LIMIT: u16 = 1000;

/// One bucket of an S3-compatible store, opened by [`Store::bucket`](crate::connect::Store::bucket).
///
/// `put` sends `Content-MD5` and the strongest other checksum; `put_part` sends one sum, `Content-MD5` or that for
/// which the upload was begun. Since some stores check neither on parts (SeaweedFS 4.48), the entity tag of a part
/// that went by MD5 is compared with that as well, unless the probe has found that tags are something else; of another
/// sum the store's echo is. A store that refuses a header it could do without is spoken to without it.
#[derive(Debug, Clone)]
pub struct S3Bucket {
    wire: Wire,
    /// Of the bucket and not of the store: it may encrypt what another bucket there does not.
    habits: Arc<Habits>,
    name: BucketName,
}

impl S3Bucket {
    pub(crate) fn new(wire: Wire, name: BucketName) -> Self {
        let habits = Arc::default();
        Self { wire, habits, name }
    }

    /// Has every request beyond the first of a call wait for its turn, and all of the experiments. That of the first is
    /// waited for by [`Paced`], farther out: a call that waits for its turn has not begun.
    #[must_use]
    pub fn in_turn(self, turns: Turns) -> Self {
        Self {
            wire: self.wire.in_turn(turns),
            ..self
        }
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
    fn putting<'b>(
        &self,
        key: &ObjectKey,
        body: &'b Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Request<'b> {
        let mut request = Request::new(Method::PUT, self.object(key));
        request.say("content-md5", checksums.md5_base64());
        request.body = wire::body(body, checksums.sha256.as_ref());
        request.headers.extend(headers::of_attributes(attributes));
        request
    }

    fn putting_part<'b>(&self, key: &ObjectKey, body: &'b Body, sum: &PartSum) -> Request<'b> {
        let mut request = Request::new(Method::PUT, self.object(key));
        let header = part_sum::names(sum.check()).map(|names| names.header);
        request.say(header.unwrap_or("content-md5"), sum.to_base64());
        request.body = wire::body(body, sum.sha256());
        request
    }

    fn send_part(
        &self,
        mut request: Request<'_>,
        upload: &UploadId,
        number: PartNumber,
        sum: &PartSum,
    ) -> Result<(Reply, PartReceipt), StoreError> {
        request.ask("partNumber", number.to_string());
        request.ask("uploadId", upload.as_str().to_owned());
        let size = request.body.data().len() as u64;
        let reply = self.wire.ask(&request)?.succeed()?;
        match headers::etag(&reply) {
            "" => Err(reply.protocol("a part has no entity tag")),
            etag => {
                let etag = etag.to_owned();
                let receipt = PartReceipt {
                    number,
                    etag,
                    size,
                    sum: Some(*sum).filter(|sum| !sum.check().is_md5()),
                };
                Ok((reply, receipt))
            }
        }
    }

    fn put_whole(
        &self,
        request: &Request<'_>,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        let reply = self.wire.ask(request)?.succeed()?;
        headers::check_echo(&reply, checksums)?;
        Ok(headers::receipt(&reply))
    }

    /// Puts with the strongest checksum, unless the store refuses its header.
    fn put_checked(
        &self,
        request: &Request<'_>,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        let Some((name, value)) = checksums.header() else {
            return self.put_whole(request, checksums);
        };
        let turn = || self.wire.turn();
        self.habits.checksum.with_or_without(turn, |with| {
            let mut request = request.clone();
            if with {
                request.say(name, value.clone());
            }
            self.put_whole(&request, checksums)
        })
    }

    /// The end of an upload in parts.
    fn completing<'u>(
        &self,
        key: &ObjectKey,
        upload: &'u UploadId,
        parts: &[PartReceipt],
    ) -> Request<'u> {
        let mut request = Request::new(Method::POST, self.object(key));
        request.ask("uploadId", upload.as_str());
        request.say("content-type", "application/xml");
        if let Some((name, value)) = headers::of_whole(parts) {
            request.say(name, value);
        }
        request.body = request::Body::hashed(documents::complete(parts).into_bytes());
        request.wait = Wait::Assembly;
        request
    }

    fn finish(&self, request: &Request<'_>, parts: &[PartReceipt]) -> Result<Receipt, StoreError> {
        let reply = self.wire.ask(request)?;
        let version = headers::version(&reply);
        let document = dialect::document(reply).map_err(StoreError::of_whole)?;
        let told = documents::completed_etag(&document)?;
        // Ceph answers with an empty tag; it is computable.
        let etag = told.or_else(|| expected_etag(parts)).unwrap_or_default();
        Ok(Receipt { etag, version })
    }

    /// A request about what belongs to an object, such as its tags.
    fn belonging(&self, method: Method, key: &ObjectKey, what: &'static str) -> Request<'static> {
        let mut request = Request::new(method, self.object(key));
        request.ask(what, "");
        request
    }

    /// Asks for what is known of an object's content too, unless the store refuses that.
    fn ask_with_checksums(&self, mut request: Request<'_>) -> Result<Reply, StoreError> {
        request.say("x-amz-checksum-mode", "ENABLED");
        let reply = self.wire.ask(&request)?;
        if !matches!(reply.status().as_u16(), 400 | 501) {
            return Ok(reply);
        }
        request.headers.pop();
        self.wire.turn()?;
        self.wire.ask(&request)
    }

    /// A request for a page of at most `limit` objects.
    fn listing_objects<'q>(&self, prefix: &'q str, limit: u16) -> Request<'q> {
        let mut request = self.listing();
        // Without it a key with a control character makes the whole page unreadable XML.
        request.ask("encoding-type", "url");
        request.ask("list-type", "2");
        request.ask("max-keys", limit.min(LIST_LIMIT).to_string());
        request.ask("prefix", prefix);
        request
    }

    fn listing<'q>(&self) -> Request<'q> {
        Request::new(Method::GET, self.wire.endpoint().bucket(&self.name))
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
        let request = self.putting(key, &body, attributes, checksums);
        self.put_checked(&request, checksums)
    }

    fn put_new(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        let mut request = self.putting(key, &body, attributes, checksums);
        request.say("if-none-match", "*");
        self.put_checked(&request, checksums)
            .map_err(StoreError::of_condition)
    }

    fn begin_multipart(
        &self,
        key: &ObjectKey,
        attributes: &Attributes,
        check: PartCheck,
    ) -> Result<UploadId, StoreError> {
        let mut request = Request::new(Method::POST, self.object(key));
        request.ask("uploads", "");
        request.headers = headers::of_attributes(attributes);
        request.headers.extend(headers::of_check(check));
        documents::upload_id(&self.wire.read(&request)?)
    }

    fn put_part(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        let request = self.putting_part(key, &body, sum);
        let (reply, receipt) = self.send_part(request, upload, number, sum)?;
        match sum {
            PartSum::Md5(_) if self.habits.part_tags_are_opaque() => {}
            PartSum::Md5(md5) => headers::check_etag(&reply, md5)?,
            PartSum::Crc64Nvme(_) | PartSum::Crc32c(_) | PartSum::Sha256(_) => {
                headers::check_part_echo(&reply, sum)?;
            }
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
            let mut request = Request::new(Method::GET, self.object(key));
            request.ask("uploadId", upload.as_str());
            request.ask("part-number-marker", &marker);
            let page = documents::parts(&self.wire.read(&request)?)?;
            parts.extend(page.parts);
            match page.next {
                Some(next) => marker = next,
                None => return Ok(one_of_each(parts)),
            }
            self.wire.turn()?;
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
        let mut request = self.completing(key, upload, parts);
        request.say("if-none-match", "*");
        self.finish(&request, parts)
            .map_err(StoreError::of_condition)
    }

    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError> {
        let mut request = Request::new(Method::DELETE, self.object(key));
        request.ask("uploadId", upload.as_str());
        match self.wire.ask(&request)?.succeed() {
            Err(StoreError::NoSuchUpload(_)) => Ok(()),
            done => done.map(drop),
        }
    }

    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        let mut uploads = Vec::new();
        let mut marker: Option<OpenUpload> = None;
        loop {
            // Not `encoding-type=url`: SeaweedFS 4.48 then says so and does not do it.
            let mut request = self.listing();
            request.ask("uploads", "");
            request.ask("prefix", prefix);
            if let Some(after) = &marker {
                request.ask("key-marker", &after.key);
                request.ask("upload-id-marker", after.id.as_str());
            }
            let page = documents::uploads(&self.wire.read(&request)?)?;
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
            self.wire.turn()?;
        }
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        let turn = || self.wire.turn();
        let reply = self.habits.checksum_mode.with_or_without(turn, |with| {
            let mut request = Request::new(Method::HEAD, self.object(key));
            if with {
                request.say("x-amz-checksum-mode", "ENABLED");
            }
            self.wire.ask_head(request)
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
        let mut request = Request::new(Method::HEAD, self.object(key));
        request.ask("partNumber", &number);
        match self.wire.ask(&request)?.succeed() {
            Ok(reply) => Ok(headers::part(&reply)),
            Err(StoreError::Refused(_) | StoreError::NoSuchKey(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        let mut request = Request::new(Method::GET, self.object(key));
        let reply = match &range {
            Some(range) => {
                request.say("range", range_header(range)?);
                self.wire.ask(&request)?
            }
            None => self.ask_with_checksums(request)?,
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
        let mut request = self.listing_objects(prefix, limit);
        if let Some(key) = start_after {
            request.ask("start-after", key.as_str());
        }
        documents::page(&self.wire.read(&request)?)
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        let mut request = self.listing_objects(prefix, limit);
        request.ask("continuation-token", next);
        documents::page(&self.wire.read(&request)?)
    }

    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let request = Request::new(Method::DELETE, self.object(key));
        match self.wire.ask(&request)?.succeed() {
            Err(StoreError::NoSuchKey(_)) => Ok(()),
            done => done.map(drop),
        }
    }

    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        let mut request = self.belonging(Method::PUT, key, "tagging");
        let document = documents::tagging(tags).into_bytes();
        request.say("content-type", "application/xml");
        request.say("content-md5", Checksums::of(&document).md5_base64());
        request.body = request::Body::hashed(document);
        self.wire.ask(&request)?.succeed().map(drop)
    }

    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        let request = self.belonging(Method::GET, key, "tagging");
        documents::tags(&self.wire.read(&request)?)
    }

    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        let found = match self.wire.turns() {
            // Each of them is a call.
            Some(turns) => probe::experiment(&Paced::new(self.clone(), turns.clone()), key)?,
            None => probe::experiment(self, key)?,
        };
        self.habits.adopt(&found);
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
        let mut request = self.putting(key, &body, attributes, checksums);
        if let Some((name, value)) = checksums.header() {
            request.say(name, value);
        }
        if signed.is_some() {
            request.body = wire::body(&body, signed);
        }
        self.put_whole(&request, checksums)
    }

    fn put_part_as_is(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        let request = self.putting_part(key, &body, sum);
        let sent = self.send_part(request, upload, number, sum);
        sent.map(|(_, receipt)| receipt)
    }

    fn is_public(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        let request = self.belonging(Method::GET, key, "acl");
        documents::is_public(&self.wire.read(&request)?)
    }
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
        let answer = Answer::new(416, "InvalidRange", message);
        return Err(StoreError::Refused(answer));
    }
    Ok(match range.end {
        // Not all servers read numbers this large.
        u64::MAX => format!("bytes={}-", range.start),
        end => format!("bytes={}-{}", range.start, end - 1),
    })
}

fn exactly(reply: Reply, length: u64) -> Box<dyn Read + Send> {
    Box::new(Exactly {
        body: reply.into_reader(),
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
