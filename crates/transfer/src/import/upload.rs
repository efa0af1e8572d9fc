//! A large file on its way into the store in parts.
//!
//! Shared by the reader of its file, the threads that hash it and the putters of its parts; whoever
//! finishes last concludes it. It becomes visible only after every part was confirmed and the whole
//! was reviewed; whatever goes wrong before leaves nothing behind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use model::attributes::Attributes;
use model::capabilities::{Finding, PartCheck};
use model::entry::EntryPath;
use model::identity::SHA256_NAME;
use model::ids::ObjectKey;
use model::missing::Missing;
use model::outcome::{Failure, FailureCode, Stored};
use objectstore::part_sum::{self, PartSum};
use objectstore::upload::{PartNumber, PartReceipt, UploadId, expected_etag, total_size};
use objectstore::{Checksums, StoreError};

use crate::import::resume::Unfinished;
use crate::import::ring::Open;
use crate::import::run::{Before, Run};
use crate::pipeline::budget::Permit;
use crate::pipeline::hash_state::{Block, HashCheckpoint, WholeHash};
use crate::pipeline::hashing::{HashedInOrder, HashingPool, OwnMd5};
use disks::tree::Shape;

/// One request to the store.
pub(crate) enum Put {
    /// A whole file.
    Small(Box<SmallPut>),
    /// A part of a large one.
    Part(PartPut),
}

/// A file that goes in one request.
pub(crate) struct SmallPut {
    pub(crate) path: EntryPath,
    pub(crate) key: ObjectKey,
    /// The file as it was read.
    pub(crate) shape: Shape,
    /// What of it has zeros in its place.
    pub(crate) missing: Missing,
    pub(crate) before: Before,
    pub(crate) body: Bytes,
    pub(crate) attributes: Attributes,
    pub(crate) checksums: Checksums,
    /// Its share of the byte budget, and that of those read with it.
    pub(crate) permit: Arc<Permit>,
}

/// A part of a large file.
pub(crate) struct PartPut {
    pub(crate) upload: Arc<Large>,
    pub(crate) number: PartNumber,
    pub(crate) body: Bytes,
    pub(crate) sum: PartSum,
    pub(crate) permit: Arc<Permit>,
}

impl PartPut {
    /// The request for a block whose MD5 is known; `None` if no part has its number.
    pub(crate) fn of(hashed: OwnMd5<Large>) -> Option<Self> {
        let OwnMd5 { file, block, md5 } = hashed;
        Self::new(file, block, PartSum::Md5(md5))
    }

    /// The request for a block that was read, if it goes by a sum that is made at once; else its MD5 is waited for.
    pub(crate) fn at_once(upload: &Arc<Large>, block: &Block, cores: &HashingPool) -> Option<Self> {
        let sum = || PartSum::of(upload.check, &block.bytes);
        let sum = match upload.check {
            PartCheck::Md5 => return None,
            // As fast as memory: that is no hashing.
            PartCheck::Crc64Nvme | PartCheck::Crc32c => sum(),
            PartCheck::Sha256 => cores.here(sum),
        };
        Self::new(Arc::clone(upload), block.clone(), sum)
    }

    fn new(upload: Arc<Large>, block: Block, sum: PartSum) -> Option<Self> {
        Some(Self {
            upload,
            number: PartNumber::new(block.number).ok()?,
            body: block.bytes,
            sum,
            permit: block.permit,
        })
    }
}

/// An upload in parts.
pub(crate) struct Large {
    pub(crate) path: EntryPath,
    pub(crate) key: ObjectKey,
    pub(crate) id: UploadId,
    shape: Shape,
    missing: Missing,
    before: Before,
    content_type: String,
    /// By which sum its parts are sent.
    check: PartCheck,
    whole: Mutex<WholeHash>,
    state: Mutex<State>,
}

struct State {
    /// Parts on their way and blocks not yet hashed, plus one while the reader is not done.
    outstanding: usize,
    receipts: BTreeMap<PartNumber, PartReceipt>,
    ending: Option<Ending>,
}

/// How an upload is to end, as far as is known. The first failure stays.
enum Ending {
    Complete,
    GiveUp(Failure),
    /// The run stops: the next attempt finds the upload in the journal.
    Leave,
}

impl Large {
    /// Begins an upload and journals its id. `None` as the error means that the run stops.
    pub(crate) fn begin(
        run: &Run<'_>,
        open: &Open,
        attributes: &Attributes,
    ) -> Result<Arc<Self>, Option<Failure>> {
        let (work, source) = (&open.work, &open.source);
        run.abandon_strangers(&work.key)?;
        let check = run.store.part_check();
        let begun = run.bucket.begin_multipart(&work.key, attributes, check);
        let id = begun.map_err(|error| run.judge(error, &work.key))?;
        let content_type = attributes.content_type.clone().unwrap_or_default();
        let intent = Unfinished {
            path: work.entry.path.clone(),
            key: work.key.clone(),
            upload: id,
            shape: source.shape,
            missing: source.missing.clone(),
            part_bytes: open.part_bytes,
            content_type,
            check,
            receipts: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            review: None,
        };
        run.notes.intent(&intent).map_err(|_| None)?;
        Self::go_on(intent, work.before.clone(), None).ok_or(None)
    }

    /// Goes on with an upload of which some parts are there; `checkpoint` is where its sums go on.
    /// `None` if the checkpoint cannot be one.
    pub(crate) fn go_on(
        upload: Unfinished,
        before: Before,
        checkpoint: Option<HashCheckpoint>,
    ) -> Option<Arc<Self>> {
        let state = State {
            outstanding: 1,
            receipts: upload.receipts,
            ending: None,
        };
        Some(Arc::new(Self {
            path: upload.path,
            key: upload.key,
            id: upload.upload,
            shape: upload.shape,
            missing: upload.missing,
            before,
            content_type: upload.content_type,
            check: upload.check,
            whole: Mutex::new(WholeHash::new(checkpoint)?),
            state: Mutex::new(state),
        }))
    }

    /// Announces so many parts to be put or blocks to be hashed.
    pub(crate) fn expect(&self, count: usize) {
        self.lock().outstanding += count;
    }

    /// The reader is done and all went well.
    pub(crate) fn read_to_the_end(&self, run: &Run<'_>) {
        self.step(run, None, Some(Ending::Complete));
    }

    /// The reader is done and the file is bad.
    pub(crate) fn give_up(&self, run: &Run<'_>, failure: Failure) {
        self.step(run, None, Some(Ending::GiveUp(failure)));
    }

    /// The reader is done because the run stops.
    pub(crate) fn leave(&self, run: &Run<'_>) {
        self.step(run, None, Some(Ending::Leave));
    }

    /// The whole was hashed up to the end of a part.
    pub(crate) fn hashed(&self, run: &Run<'_>, number: u64, checkpoint: Option<HashCheckpoint>) {
        if run.stop.is_set() {
            return self.step(run, None, Some(Ending::Leave));
        }
        if let (Some(checkpoint), Ok(number)) = (checkpoint, PartNumber::new(number)) {
            // If the recorder is gone, it has said why and the run ends.
            let _recorder_may_be_gone = run.notes.hashed(&self.id, number, checkpoint);
        }
        self.step(run, None, None);
    }

    /// A part was put, or was not.
    pub(crate) fn put(&self, run: &Run<'_>, outcome: Result<PartReceipt, Option<Failure>>) {
        match outcome {
            Ok(receipt) => {
                let _recorder_may_be_gone = run.notes.part(&self.id, &receipt);
                self.step(run, Some(receipt), None);
            }
            Err(Some(failure)) => self.step(run, None, Some(Ending::GiveUp(failure))),
            Err(None) => self.step(run, None, Some(Ending::Leave)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of those at work on this upload is done. The last one concludes it.
    fn step(&self, run: &Run<'_>, receipt: Option<PartReceipt>, ending: Option<Ending>) {
        let mut state = self.lock();
        state
            .receipts
            .extend(receipt.map(|receipt| (receipt.number, receipt)));
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
        let parts: Vec<_> = std::mem::take(&mut state.receipts).into_values().collect();
        let ending = state.ending.take();
        drop(state);
        match ending {
            Some(Ending::Complete) => self.complete(run, &parts),
            Some(Ending::GiveUp(failure)) => self.abandon(run, failure),
            Some(Ending::Leave) | None => {}
        }
    }

    /// Reviews what the store confirmed against what was read, and only then makes it visible.
    fn complete(&self, run: &Run<'_>, parts: &[PartReceipt]) {
        let (confirmed, sums) = (total_size(parts), self.whole().finish());
        let bytes = self.shape.bytes;
        let stored = match sums {
            Some((hashed, md5, sha256)) if hashed == bytes && confirmed == bytes => {
                self.stored(run, parts, md5, sha256)
            }
            _ => {
                let reason = format!("the store confirmed {confirmed} of {bytes} bytes in parts");
                let failure = Failure::of(FailureCode::ReviewFailed, reason, self.key.clone());
                return self.abandon(run, failure);
            }
        };
        // What it will be is journaled before it can be seen: after a crash in between, one look
        // tells that it is done.
        if run.notes.review(&self.id, &stored).is_err() {
            return;
        }
        match run.complete_object(&self.before, &self.key, &self.id, parts) {
            Ok(receipt) => self.completed(run, stored, receipt.etag, parts),
            Err(error) if error.finds_an_object() => self.taken(run, stored, &error),
            Err(error) => {
                if let Some(failure) = run.judge(error, &self.key) {
                    self.abandon(run, failure);
                }
            }
        }
    }

    fn completed(&self, run: &Run<'_>, stored: Stored, told: String, parts: &[PartReceipt]) {
        let bytes = self.shape.bytes;
        let told = Some(told).filter(|etag| !etag.is_empty());
        let etag = told.unwrap_or_else(|| stored.etag.clone());
        match run.must_be_whole(&self.key, bytes, parts) {
            Ok(()) => {
                let stored = Stored { etag, ..stored };
                run.finish_large(&self.path, self.shape, &self.before, stored);
            }
            // It is complete: there is no upload any more that could be abandoned.
            Err(Some(failure)) => run.fail(&self.path, bytes, failure),
            Err(None) => {}
        }
    }

    /// Another object was there first, as `error` says.
    fn taken(&self, run: &Run<'_>, wanted: Stored, error: &StoreError) {
        let bytes = self.shape.bytes;
        match run.taken(&self.before, wanted, bytes, error) {
            Err(failure) => self.abandon(run, failure),
            Ok((stored, how)) => {
                if run.drop_upload(&self.key, &self.id).is_ok() {
                    let times = Some(self.shape.times());
                    run.note_stored(&self.path, bytes, times, how, stored);
                }
            }
        }
    }

    fn stored(
        &self,
        run: &Run<'_>,
        parts: &[PartReceipt],
        md5: [u8; 16],
        sha256: [u8; 32],
    ) -> Stored {
        // Tags that are no MD5s may look like some, and then nothing follows from them.
        let is_opaque = run.store.part_etag_is_md5 == Finding::Ignored;
        let etag = expected_etag(parts).filter(|_| !is_opaque);
        Stored {
            key: self.key.clone(),
            md5: hex::encode(md5),
            sha256: hex::encode(sha256),
            etag: etag.unwrap_or_default(),
            content_type: self.content_type.clone(),
            parts: u32::try_from(parts.len()).unwrap_or(u32::MAX),
            read_back: false,
            missing: self.missing.clone(),
        }
    }

    fn abandon(&self, run: &Run<'_>, failure: Failure) {
        // While the upload may be open the file is not done with: the next attempt finds both.
        if run.drop_upload(&self.key, &self.id).is_ok() {
            run.fail(&self.path, self.shape.bytes, failure);
        }
    }
}

impl HashedInOrder for Large {
    fn wants_blocks(&self) -> bool {
        self.check.is_md5()
    }

    fn whole(&self) -> MutexGuard<'_, WholeHash> {
        self.whole.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run<'_> {
    /// Abandons uploads under `key` that an earlier attempt began and could not journal. Only a
    /// later attempt can meet them, and only its own job has the key.
    fn abandon_strangers(&self, key: &ObjectKey) -> Result<(), Option<Failure>> {
        if !self.is_later_attempt {
            return Ok(());
        }
        let open = self.bucket.list_uploads(key.as_str());
        let open = match open {
            Ok(open) => open,
            // A store that cannot list them, or does not let us.
            Err(error) if !error.may_retry() => return Ok(()),
            Err(error) => return Err(self.judge(error, key)),
        };
        for stranger in open.iter().filter(|upload| upload.key == key.as_str()) {
            let aborted = self.bucket.abort(key, &stranger.id);
            aborted.map_err(|error| self.judge(error, key))?;
        }
        Ok(())
    }

    /// Whether the object that was completed has as many bytes as its file, and the sum that follows from those of
    /// its parts if the store says one: the answer to completing names an entity tag at best, and some stores' tags
    /// say nothing.
    fn must_be_whole(
        &self,
        key: &ObjectKey,
        bytes: u64,
        parts: &[PartReceipt],
    ) -> Result<(), Option<Failure>> {
        let reason = match self.bucket.head(key) {
            Ok(Some(found)) if found.size == bytes => {
                match part_sum::agree(&found.checksums, parts) {
                    None | Some(Ok(())) => return Ok(()),
                    Some(Err(difference)) => format!("completed, {difference}"),
                }
            }
            // Who may write need not be allowed to look.
            Err(StoreError::AccessDenied(_) | StoreError::Refused(_)) => return Ok(()),
            Ok(Some(found)) => format!("completed, it has {} bytes and not {bytes}", found.size),
            Ok(None) => "the store called it complete and does not have it".to_owned(),
            Err(error) => return Err(self.judge(error, key)),
        };
        let code = FailureCode::ReviewFailed;
        Err(Some(Failure::of(code, reason, key.clone())))
    }

    /// Notes a large file whose object is visible, after what can only be done now.
    pub(crate) fn finish_large(
        &self,
        path: &EntryPath,
        shape: Shape,
        before: &Before,
        stored: Stored,
    ) {
        let bytes = shape.bytes;
        self.tag_sha256(&stored);
        match self.read_back(path, bytes, stored) {
            Ok(stored) => {
                let how = before.how(bytes, &stored.etag);
                self.note_stored(path, bytes, Some(shape.times()), how, stored);
            }
            Err(Some(failure)) => self.fail(path, bytes, failure),
            Err(None) => {}
        }
    }

    /// Keeps the SHA-256 of a large file with its object: as a tag, since it is known only after
    /// the metadata was sent. Failing at this is no failure of the file.
    fn tag_sha256(&self, stored: &Stored) {
        if !self.settings.sha256_metadata || !self.store.tags.is_honored() {
            return;
        }
        let tags = [(SHA256_NAME.to_owned(), stored.sha256.clone())];
        if let Err(error) = self.bucket.put_tags(&stored.key, &tags) {
            tracing::warn!(key = %stored.key, %error, "object not tagged with its SHA-256");
        }
    }
}
