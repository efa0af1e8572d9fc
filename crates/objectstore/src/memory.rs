//! A bucket in memory that keeps S3's promises.
//!
//! An honest small implementation for tests and trials: it checks digests, sizes of parts and order,
//! tags objects as S3 does and lists by the keys' bytes. Time passes one second per change, so that
//! runs can be repeated to the byte, or as a clock says.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use awshttp::Answer;
use bytes::{Bytes, BytesMut};
use model::capabilities::{Capabilities, PartCheck};
use model::ids::ObjectKey;
use model::limits;
use model::time::Clock;
use time::{Duration, OffsetDateTime};

use crate::bucket::{Body, Bucket};
use crate::checksum::{Checksums, Digests, Hasher};
use crate::error::StoreError;
use crate::evidence::{Algorithm, Source, Statement};
use crate::object::{Attributes, Download, Listed, ObjectInfo, Page, PartInfo, Receipt, Tag};
use crate::part_sum::{self, PartSum};
use crate::probe::{self, Subject};
use crate::upload::{OpenUpload, PartNumber, PartReceipt, UploadId, expected_etag};

/// Most objects of one page, as with S3.
const LIST_LIMIT: usize = 1000;

/// Most tags of one object, as with S3.
const TAGS: usize = 10;

/// A bucket that lives as long as this value.
#[derive(Default)]
pub struct MemoryBucket {
    state: Mutex<State>,
    clock: Option<Arc<dyn Clock>>,
}

impl std::fmt::Debug for MemoryBucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryBucket")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Stored>,
    uploads: BTreeMap<UploadId, Upload>,
    changes: u32,
}

#[derive(Debug, Clone)]
struct Stored {
    body: Bytes,
    info: ObjectInfo,
    acl: Option<String>,
    tags: Vec<Tag>,
    /// Bytes of each part, if it was stored in parts.
    parts: Vec<u64>,
}

#[derive(Debug)]
struct Upload {
    key: String,
    attributes: Attributes,
    check: PartCheck,
    parts: BTreeMap<PartNumber, (PartReceipt, Bytes)>,
    initiated: OffsetDateTime,
}

impl MemoryBucket {
    /// An empty bucket.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty bucket of a store that has this clock.
    #[must_use]
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock: Some(clock),
            ..Self::default()
        }
    }

    fn store(&self, state: &mut State, key: &ObjectKey, mut stored: Stored) -> Receipt {
        stored.info.last_modified = Some(self.tick(state));
        let etag = stored.info.etag.clone();
        state.objects.insert(key.as_str().to_owned(), stored);
        Receipt {
            etag,
            version: None,
        }
    }

    /// What time it is for the next change.
    fn tick(&self, state: &mut State) -> OffsetDateTime {
        let counted = state.tick();
        match &self.clock {
            Some(clock) => clock.now().instant(),
            None => counted,
        }
    }

    /// Changes one bit of an object and nothing that is said of it, for tests of those who have to notice.
    ///
    /// # Panics
    /// If there is no such object, or it has no content.
    pub fn rot(&self, key: &ObjectKey) {
        let mut state = self.state();
        let stored = state.object(key).expect("there is one");
        let mut body = stored.body.to_vec();
        let middle = body.len() / 2;
        body[middle] ^= 1;
        stored.body = body.into();
    }

    /// Changes what is said of an object, for tests.
    ///
    /// # Panics
    /// If there is no such object.
    pub fn tell(&self, key: &ObjectKey, change: impl FnOnce(&mut ObjectInfo)) {
        change(&mut self.state().object(key).expect("there is one").info);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is made of moves that cannot panic half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tick(&mut self) -> OffsetDateTime {
        self.changes += 1;
        OffsetDateTime::UNIX_EPOCH + Duration::seconds(i64::from(self.changes))
    }

    fn upload(&mut self, key: &ObjectKey, id: &UploadId) -> Result<&mut Upload, StoreError> {
        self.uploads
            .get_mut(id)
            .filter(|upload| upload.key == key.as_str())
            .ok_or_else(|| StoreError::NoSuchUpload(Answer::new(404, "NoSuchUpload", "")))
    }

    fn object(&mut self, key: &ObjectKey) -> Result<&mut Stored, StoreError> {
        self.objects
            .get_mut(key.as_str())
            .ok_or_else(|| StoreError::NoSuchKey(Answer::new(404, "NoSuchKey", "")))
    }

    fn must_be_absent(&self, key: &ObjectKey) -> Result<(), StoreError> {
        match self.objects.contains_key(key.as_str()) {
            true => Err(StoreError::Exists(Answer::new(
                412,
                "PreconditionFailed",
                "",
            ))),
            false => Ok(()),
        }
    }

    fn complete(
        &mut self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Stored, StoreError> {
        let open = self.upload(key, upload)?;
        let body = assemble(open, parts)?;
        let etag = expected_etag(parts).ok_or_else(|| refused("InvalidPart", "no such part"))?;
        let mut stored = stored(body, etag, None, &open.attributes);
        stored.parts = parts.iter().map(|part| part.size).collect();
        stored.info.checksums = part_sum::of_whole(parts).into_iter().collect();
        self.uploads.remove(upload);
        Ok(stored)
    }
}

#[deny(clippy::missing_trait_methods)]
impl Bucket for MemoryBucket {
    fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        verify(&body, checksums)?;
        let stored = stored(body, checksums.md5_hex(), checksums.sha256, attributes);
        Ok(self.store(&mut self.state(), key, stored))
    }

    fn put_new(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        verify(&body, checksums)?;
        let stored = stored(body, checksums.md5_hex(), checksums.sha256, attributes);
        let mut state = self.state();
        state.must_be_absent(key)?;
        Ok(self.store(&mut state, key, stored))
    }

    fn begin_multipart(
        &self,
        key: &ObjectKey,
        attributes: &Attributes,
        check: PartCheck,
    ) -> Result<UploadId, StoreError> {
        let mut state = self.state();
        let initiated = self.tick(&mut state);
        let id = UploadId::new(format!("upload-{}", state.changes));
        let upload = Upload {
            key: key.as_str().to_owned(),
            attributes: attributes.clone(),
            check,
            parts: BTreeMap::new(),
            initiated,
        };
        state.uploads.insert(id.clone(), upload);
        Ok(id)
    }

    fn put_part(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        if PartSum::of(sum.check(), &body) != *sum {
            return Err(StoreError::BadDigest(Answer::new(400, "BadDigest", "")));
        }
        let receipt = PartReceipt {
            number,
            etag: Checksums::of(&body).md5_hex(),
            size: body.len() as u64,
            sum: Some(*sum).filter(|sum| !sum.check().is_md5()),
        };
        let mut state = self.state();
        let upload = state.upload(key, upload)?;
        if upload.check != sum.check() {
            let why = "the upload was begun for another sum";
            return Err(refused("InvalidRequest", why));
        }
        upload.parts.insert(number, (receipt.clone(), body));
        Ok(receipt)
    }

    fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
    ) -> Result<Vec<PartReceipt>, StoreError> {
        let mut state = self.state();
        let parts = &state.upload(key, upload)?.parts;
        Ok(parts.values().map(|(receipt, _)| receipt.clone()).collect())
    }

    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        let mut state = self.state();
        let stored = state.complete(key, upload, parts)?;
        Ok(self.store(&mut state, key, stored))
    }

    fn complete_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        let mut state = self.state();
        state.upload(key, upload)?;
        state.must_be_absent(key)?;
        let stored = state.complete(key, upload, parts)?;
        Ok(self.store(&mut state, key, stored))
    }

    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.upload(key, upload).is_ok() {
            state.uploads.remove(upload);
        }
        Ok(())
    }

    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        let state = self.state();
        let ours = state
            .uploads
            .iter()
            .filter(|(_, upload)| upload.key.starts_with(prefix));
        let open = ours.map(|(id, upload)| OpenUpload {
            key: upload.key.clone(),
            id: id.clone(),
            initiated: Some(upload.initiated),
        });
        Ok(open.collect())
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        let state = self.state();
        Ok(state
            .objects
            .get(key.as_str())
            .map(|stored| stored.info.clone()))
    }

    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError> {
        let state = self.state();
        let stored = state.objects.get(key.as_str());
        Ok(stored.and_then(|stored| {
            let index = usize::from(number.get()).checked_sub(1)?;
            let bytes = *stored.parts.get(index)?;
            let count = u32::try_from(stored.parts.len()).ok()?;
            Some(PartInfo { bytes, count })
        }))
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        let Stored { body, info, .. } = self.state().object(key)?.clone();
        let range = range.unwrap_or(0..info.size);
        let end = range.end.min(info.size);
        if range.start >= end && info.size > 0 || range.start > end {
            return Err(StoreError::Refused(Answer::new(416, "InvalidRange", "")));
        }
        let slice = usize::try_from(range.start)
            .and_then(|start| Ok(body.slice(start..usize::try_from(end)?)))
            .expect("the range lies within a body that fits into memory");
        Ok(Download {
            info,
            range: range.start..end,
            body: Box::new(Cursor::new(slice)),
        })
    }

    fn list(
        &self,
        prefix: &str,
        start_after: Option<&ObjectKey>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        let state = self.state();
        let from = match start_after {
            Some(key) => Bound::Excluded(key.as_str()),
            None => Bound::Unbounded,
        };
        let mut ours = state
            .objects
            .range::<str, _>((from, Bound::Unbounded))
            .filter(|(key, _)| key.starts_with(prefix));
        let limit = usize::from(limit).min(LIST_LIMIT);
        let objects: Vec<Listed> = ours.by_ref().take(limit).map(listed).collect();
        let more = !objects.is_empty() && ours.next().is_some();
        Ok(Page {
            next: objects
                .last()
                .filter(|_| more)
                .map(|last| last.key.as_str().to_owned()),
            more,
            objects,
        })
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        let after =
            ObjectKey::new(next).map_err(|_| refused("InvalidArgument", "no such token"))?;
        self.list(prefix, Some(&after), limit)
    }

    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.state().objects.remove(key.as_str());
        Ok(())
    }

    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        let mut tags = tags.to_vec();
        tags.sort_unstable();
        let twice = tags.windows(2).any(|pair| pair[0].0 == pair[1].0);
        if tags.len() > TAGS || twice {
            return Err(refused("InvalidTag", "too many tags, or one of them twice"));
        }
        let mut state = self.state();
        let stored = state.object(key)?;
        stored.info.tag_count = u32::try_from(tags.len()).ok().filter(|count| *count > 0);
        stored.tags = tags;
        Ok(())
    }

    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        Ok(self.state().object(key)?.tags.clone())
    }

    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        probe::experiment(self, key)
    }
}

impl Subject for MemoryBucket {
    fn put_as_is(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
        signed: Option<&[u8; 32]>,
    ) -> Result<Receipt, StoreError> {
        let signed = Checksums {
            sha256: signed.copied().or(checksums.sha256),
            ..*checksums
        };
        verify(&body, &signed)?;
        self.put(key, body, attributes, checksums)
    }

    fn put_part_as_is(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        self.put_part(key, upload, number, body, sum)
    }

    fn is_public(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        let mut state = self.state();
        let acl = state.object(key)?.acl.as_deref();
        Ok(acl.is_some_and(|acl| acl.starts_with("public-read")))
    }
}

fn listed((key, stored): (&String, &Stored)) -> Listed {
    Listed {
        key: ObjectKey::new(key.as_str()).expect("it came in as a key"),
        size: stored.info.size,
        etag: stored.info.etag.clone(),
        last_modified: stored.info.last_modified,
    }
}

fn stored(body: Bytes, etag: String, sha256: Option<[u8; 32]>, attributes: &Attributes) -> Stored {
    let info = ObjectInfo {
        size: body.len() as u64,
        etag,
        last_modified: None,
        sha256,
        checksums: sha256.map(statement).into_iter().collect(),
        is_tag_opaque: false,
        tag_count: None,
        attributes: as_read_back(attributes),
    };
    Stored {
        body,
        info,
        acl: attributes.acl.clone(),
        tags: Vec::new(),
        parts: Vec::new(),
    }
}

fn statement(sha256: [u8; 32]) -> Statement {
    Statement {
        source: Source::Checksum,
        algorithm: Algorithm::Sha256,
        parts: None,
        value: sha256.to_vec(),
    }
}

/// The attributes as S3 tells them: never the ACL, no name for the usual class, sorted metadata.
fn as_read_back(attributes: &Attributes) -> Attributes {
    let class = attributes.storage_class.clone();
    let lower = |(name, value): &(String, String)| (name.to_ascii_lowercase(), value.clone());
    let mut metadata: Vec<_> = attributes.metadata.iter().map(lower).collect();
    metadata.sort_unstable();
    Attributes {
        acl: None,
        storage_class: class.filter(|class| class != "STANDARD"),
        // What S3 says of objects put without a type.
        content_type: attributes
            .content_type
            .clone()
            .or_else(|| Some("binary/octet-stream".to_owned())),
        metadata,
        ..attributes.clone()
    }
}

fn verify(body: &[u8], told: &Checksums) -> Result<(), StoreError> {
    let mut hasher = Hasher::new(Digests::All);
    hasher.update(body);
    let found = hasher.finish();
    let agrees = found.md5 == told.md5
        && (told.sha256.is_none() || told.sha256 == found.sha256)
        && (told.crc64nvme.is_none() || told.crc64nvme == found.crc64nvme);
    if agrees {
        return Ok(());
    }
    Err(StoreError::BadDigest(Answer::new(400, "BadDigest", "")))
}

/// Joins the named parts, in the order and of the sizes S3 demands.
fn assemble(upload: &Upload, named: &[PartReceipt]) -> Result<Bytes, StoreError> {
    if named.is_empty() {
        return Err(refused("MalformedXML", "no part is named"));
    }
    if !named.is_sorted_by(|a, b| a.number < b.number) {
        return Err(refused("InvalidPartOrder", "parts must ascend"));
    }
    let mut whole = BytesMut::new();
    for (index, part) in named.iter().enumerate() {
        let found = upload.parts.get(&part.number);
        let (receipt, body) = found
            .filter(|(receipt, _)| part.is_held(std::slice::from_ref(receipt)))
            .ok_or_else(|| refused("InvalidPart", "no such part"))?;
        if receipt.size < limits::PART_BYTES_MIN && index + 1 < named.len() {
            return Err(refused(
                "EntityTooSmall",
                "only the last part may be so small",
            ));
        }
        whole.extend_from_slice(body);
    }
    Ok(whole.freeze())
}

fn refused(code: &str, message: &str) -> StoreError {
    StoreError::Refused(Answer::new(400, code, message))
}
