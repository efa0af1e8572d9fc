//! Puts what was read into the store: small files in one request, large ones in parts.
//!
//! Many threads, because the network is wide. A large file becomes visible only after every part
//! was confirmed and the whole was reviewed; whatever goes wrong before leaves nothing behind.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use model::attributes::Attributes;
use model::entry::EntryPath;
use model::ids::ObjectKey;
use model::outcome::{Failure, Outcome, Stored};
use objects::checksum::{Digests, Hasher};
use objects::upload::{PartNumber, PartReceipt, UploadId, expected_etag, total_size};
use objects::{Checksums, StoreError};

use crate::budget::Permit;
use crate::run::{Run, Work};
use crate::stop::Halt;

/// One request to the store.
pub enum Put {
    /// A whole file.
    Small(Box<SmallPut>),
    /// A part of a large one.
    Part(PartPut),
}

/// A file that goes in one request.
pub struct SmallPut {
    /// Where it is on the device.
    pub path: EntryPath,
    /// What its object is called.
    pub key: ObjectKey,
    /// Its content.
    pub body: Bytes,
    /// What its object carries.
    pub attributes: Attributes,
    /// What its content adds up to.
    pub checksums: Checksums,
    /// Its share of the byte budget.
    pub permit: Permit,
}

/// A part of a large file.
pub struct PartPut {
    /// The upload it belongs to.
    pub upload: Arc<Large>,
    /// Which part.
    pub number: PartNumber,
    /// Its content.
    pub body: Bytes,
    /// Its share of the byte budget.
    pub permit: Permit,
}

/// What a whole large file adds up to.
#[derive(Debug, Clone)]
pub struct Whole {
    bytes: u64,
    checksums: Checksums,
}

impl Whole {
    /// The sums of everything the hasher has taken.
    #[must_use]
    pub fn new(hasher: Hasher) -> Self {
        Self {
            bytes: hasher.length(),
            checksums: hasher.finish(),
        }
    }
}

/// An upload in parts: shared by the reader of its file and the putters of its parts. Whoever
/// finishes last concludes it.
pub struct Large {
    path: EntryPath,
    key: ObjectKey,
    bytes: u64,
    content_type: String,
    id: UploadId,
    state: Mutex<State>,
}

struct State {
    /// Parts on their way, plus one while the reader is not done.
    outstanding: usize,
    receipts: Vec<PartReceipt>,
    ending: Option<Ending>,
}

/// How an upload is to end, as far as is known. The first failure stays.
enum Ending {
    Complete(Whole),
    GiveUp(Failure),
    /// The run stops: the next attempt finds the upload in the journal.
    Leave,
}

impl Large {
    /// Begins an upload and journals its id. `None` as the error means that the run stops.
    pub(crate) fn begin(
        run: &Run<'_>,
        work: &Work,
        attributes: &Attributes,
    ) -> Result<Arc<Self>, Option<Failure>> {
        let begun = run.bucket.begin_multipart(&work.key, attributes);
        let id = begun.map_err(|error| run.judge(error, &work.key))?;
        run.notes.intent(&work.key, &id).map_err(|_| None)?;
        let state = State {
            outstanding: 1,
            receipts: Vec::new(),
            ending: None,
        };
        Ok(Arc::new(Self {
            path: work.path.clone(),
            key: work.key.clone(),
            bytes: work.bytes,
            content_type: attributes.content_type.clone().unwrap_or_default(),
            id,
            state: Mutex::new(state),
        }))
    }

    /// Announces a part that is about to be put.
    pub(crate) fn expect_part(&self) {
        self.lock().outstanding += 1;
    }

    /// The reader is done and all went well.
    pub(crate) fn read_to_the_end(&self, run: &Run<'_>, whole: Whole) {
        self.step(run, None, Some(Ending::Complete(whole)));
    }

    /// The reader is done and the file is bad.
    pub(crate) fn give_up(&self, run: &Run<'_>, failure: Failure) {
        self.step(run, None, Some(Ending::GiveUp(failure)));
    }

    /// The reader is done because the run stops.
    pub(crate) fn leave(&self) {
        self.lock().ending = Some(Ending::Leave);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of those at work on this upload is done. The last one concludes it.
    fn step(&self, run: &Run<'_>, receipt: Option<PartReceipt>, ending: Option<Ending>) {
        let mut state = self.lock();
        state.receipts.extend(receipt);
        state.outstanding -= 1;
        state.ending = match (state.ending.take(), ending) {
            (Some(Ending::Leave), _) | (_, Some(Ending::Leave)) => Some(Ending::Leave),
            (Some(Ending::GiveUp(first)), _) => Some(Ending::GiveUp(first)),
            (_, Some(Ending::GiveUp(failure))) => Some(Ending::GiveUp(failure)),
            (before, now) => now.or(before),
        };
        if state.outstanding > 0 {
            return;
        }
        let mut parts = std::mem::take(&mut state.receipts);
        let ending = state.ending.take();
        drop(state);
        parts.sort_unstable_by_key(|part| part.number);
        match ending {
            Some(Ending::Complete(whole)) => self.complete(run, &parts, &whole),
            Some(Ending::GiveUp(failure)) => self.abandon(run, failure),
            Some(Ending::Leave) | None => {}
        }
    }

    /// Reviews what the store confirmed against what was read, and only then makes it visible.
    fn complete(&self, run: &Run<'_>, parts: &[PartReceipt], whole: &Whole) {
        if total_size(parts) != whole.bytes || whole.bytes != self.bytes {
            let reason = format!(
                "the store confirmed {} of {} bytes in parts",
                total_size(parts),
                whole.bytes
            );
            let key = self.key.clone();
            return self.abandon(
                run,
                Failure::refused(500, "ReviewFailed".into(), reason, key),
            );
        }
        match run.bucket.complete(&self.key, &self.id, parts) {
            Ok(receipt) => {
                let etag = match expected_etag(parts) {
                    Some(expected) if receipt.etag.is_empty() => expected,
                    _ => receipt.etag,
                };
                let stored = stored(&self.key, &whole.checksums, etag, &self.content_type);
                run.note(&self.path, whole.bytes, Outcome::Stored(stored));
            }
            Err(error) => {
                if let Some(failure) = run.judge(error, &self.key) {
                    self.abandon(run, failure);
                }
            }
        }
    }

    fn abandon(&self, run: &Run<'_>, failure: Failure) {
        if let Err(error) = run.bucket.abort(&self.key, &self.id) {
            tracing::warn!(key = %self.key, upload = %self.id, %error, "upload left open");
        }
        run.fail(&self.path, self.bytes, failure);
    }
}

impl Run<'_> {
    /// Carries out one request and notes what came of it.
    pub(crate) fn carry_out(&self, put: Put) {
        match put {
            Put::Small(put) => self.put_small(*put),
            Put::Part(put) => self.put_part(put),
        }
    }

    fn put_small(&self, put: SmallPut) {
        if self.stop.is_set() {
            return;
        }
        let SmallPut {
            path,
            key,
            body,
            attributes,
            checksums,
            permit,
        } = put;
        let bytes = body.len() as u64;
        let done = self.bucket.put(&key, body, &attributes, &checksums);
        drop(permit);
        match done {
            Ok(receipt) => {
                self.progress.sent(bytes);
                let kind = attributes.content_type.as_deref().unwrap_or_default();
                let stored = stored(&key, &checksums, receipt.etag, kind);
                self.note(&path, bytes, Outcome::Stored(stored));
            }
            Err(error) => {
                if let Some(failure) = self.judge(error, &key) {
                    self.fail(&path, bytes, failure);
                }
            }
        }
    }

    fn put_part(&self, put: PartPut) {
        let PartPut {
            upload,
            number,
            body,
            permit,
        } = put;
        if self.stop.is_set() {
            return upload.step(self, None, Some(Ending::Leave));
        }
        let bytes = body.len() as u64;
        let mut hasher = Hasher::new(Digests::Md5);
        hasher.update(&body);
        let done = self
            .bucket
            .put_part(&upload.key, &upload.id, number, body, &hasher.finish());
        drop(permit);
        match done {
            Ok(receipt) => {
                self.progress.sent(bytes);
                upload.step(self, Some(receipt), None);
            }
            Err(error) => {
                let ending = match self.judge(error, &upload.key) {
                    Some(failure) => Ending::GiveUp(failure),
                    None => Ending::Leave,
                };
                upload.step(self, None, Some(ending));
            }
        }
    }

    /// Tells a refused object, which is a line of the report, from a store that does not do its
    /// work, which ends the run: nothing is marked failed for the store's sins.
    pub(crate) fn judge(&self, error: StoreError, key: &ObjectKey) -> Option<Failure> {
        let is_about_the_object = match &error {
            StoreError::Refused(_)
            | StoreError::BadDigest(_)
            | StoreError::NoSuchUpload(_)
            | StoreError::NoSuchKey(_) => true,
            StoreError::AccessDenied(_) => self.may_write_elsewhere(),
            _ => false,
        };
        if !is_about_the_object {
            self.stop.halt(Halt::Store(error));
            return None;
        }
        let (status, code) = match error.answer() {
            Some(answer) => (answer.status, answer.code.clone()),
            None => (500, "StoreError".to_owned()),
        };
        Some(Failure::refused(
            status,
            code,
            error.to_string(),
            key.clone(),
        ))
    }

    /// Whether a refusal to write is about one object only: the place of the report still takes
    /// writes.
    fn may_write_elsewhere(&self) -> bool {
        objects::probe::check_write(self.bucket, self.log_key).is_ok()
    }
}

fn stored(key: &ObjectKey, checksums: &Checksums, etag: String, content_type: &str) -> Stored {
    Stored {
        key: key.clone(),
        md5: checksums.md5_hex(),
        sha256: checksums.sha256_hex().unwrap_or_default(),
        etag,
        content_type: content_type.to_owned(),
        parts: 0,
        read_back: false,
    }
}
