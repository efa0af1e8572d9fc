//! A large file on its way into the store in parts.
//!
//! Shared by the reader of its file, the threads that hash it and the putters of its parts; whoever
//! finishes last concludes it. It becomes visible only after every part was confirmed and the whole
//! was reviewed; whatever goes wrong before leaves nothing behind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::attributes::Attributes;
use model::capabilities::{Finding, PartCheck};
use model::entry::EntryPath;
use model::identity::SHA256_NAME;
use model::ids::ObjectKey;
use model::missing::Missing;
use model::outcome::{Failure, FailureCode, Stored};
use objectstore::StoreError;
use objectstore::object::ObjectInfo;
use objectstore::part_sum::{self, PartSum};
use objectstore::upload::{PartNumber, PartReceipt, UploadId, expected_etag, total_size};

use crate::import::found::Comparison;
use crate::import::resume::Unfinished;
use crate::import::ring::Open;
use crate::import::run::{Before, Run, Work};
use crate::import::source::Source;
use crate::pipeline::hash_state::{HashCheckpoint, WholeHash};
use crate::pipeline::hashing::HashedInOrder;
use disks::tree::Shape;

/// What becomes of a part.
pub(crate) enum PartWay<'a> {
    /// It need not be sent: the store has it.
    IsThere(PartReceipt),
    /// It is sent with this upload.
    Send(&'a UploadId),
}

/// What becomes of the parts of a file.
enum Goal {
    /// They make an object, but for those that the store holds already.
    Upload {
        id: UploadId,
        held: BTreeMap<PartNumber, PartReceipt>,
    },
    /// They are compared with an object that is there.
    Compare(Box<Comparison>),
}

/// A file in parts.
pub(crate) struct Large {
    pub(crate) path: EntryPath,
    pub(crate) key: ObjectKey,
    goal: Goal,
    /// What the object of an upload that another host has begun is to carry.
    asked: Option<Attributes>,
    shape: Shape,
    missing: Missing,
    before: Before,
    content_type: String,
    /// By which sum its parts are sent, or compared.
    pub(super) check: PartCheck,
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
    /// What another host has begun is of no use: the file is sent anew, in the next round.
    Anew,
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
            taken_over: false,
            receipts: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            review: None,
            held: BTreeMap::new(),
            asked: None,
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
            goal: Goal::Upload {
                id: upload.upload,
                held: upload.held,
            },
            asked: upload.asked,
            shape: upload.shape,
            missing: upload.missing,
            before,
            content_type: upload.content_type,
            check: upload.check,
            whole: Mutex::new(WholeHash::new(checkpoint)?),
            state: Mutex::new(state),
        }))
    }

    /// Compares a file with the object that an earlier attempt has made of it. `None` cannot happen.
    pub(super) fn compare(with: Comparison, work: &Work, source: &Source) -> Option<Arc<Self>> {
        let content_type = with.info.attributes.content_type.clone();
        let state = State {
            outstanding: 1,
            receipts: BTreeMap::new(),
            ending: None,
        };
        Some(Arc::new(Self {
            path: work.entry.path.clone(),
            key: work.key.clone(),
            shape: source.shape,
            missing: source.missing.clone(),
            before: work.before.clone(),
            content_type: content_type.unwrap_or_default(),
            check: with.check,
            goal: Goal::Compare(Box::new(with)),
            asked: None,
            whole: Mutex::new(WholeHash::new(None)?),
            state: Mutex::new(state),
        }))
    }

    /// What becomes of a part, whose sum is this.
    pub(super) fn way_of(
        &self,
        run: &Run<'_>,
        number: PartNumber,
        part: &[u8],
        sum: &PartSum,
    ) -> PartWay<'_> {
        match &self.goal {
            Goal::Compare(_) => {
                PartWay::IsThere(Comparison::receipt(number, part.len() as u64, sum))
            }
            Goal::Upload { id, held } => {
                let held = held
                    .get(&number)
                    .filter(|held| held.size == part.len() as u64);
                match held.filter(|held| run.is_held(held, part, sum)) {
                    Some(held) => PartWay::IsThere(PartReceipt {
                        sum: Some(*sum).filter(|sum| !sum.check().is_md5()),
                        ..held.clone()
                    }),
                    None => PartWay::Send(id),
                }
            }
        }
    }

    fn upload(&self) -> Option<&UploadId> {
        match &self.goal {
            Goal::Upload { id, .. } => Some(id),
            Goal::Compare(_) => None,
        }
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
        let number = PartNumber::new(number).ok();
        if let (Some(id), Some(checkpoint), Some(number)) = (self.upload(), checkpoint, number) {
            // If the recorder is gone, it has said why and the run ends.
            let _recorder_may_be_gone = run.notes.hashed(id, number, checkpoint);
        }
        self.step(run, None, None);
    }

    /// A part was put, or was not.
    pub(crate) fn put(&self, run: &Run<'_>, outcome: Result<PartReceipt, Option<Failure>>) {
        match outcome {
            Ok(receipt) => {
                if let Some(id) = self.upload() {
                    let _recorder_may_be_gone = run.notes.part(id, &receipt);
                }
                self.step(run, Some(receipt), None);
            }
            // It may have been begun otherwise than its parts say.
            Err(Some(_)) if self.asked.is_some() => self.step(run, None, Some(Ending::Anew)),
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
            (Some(Ending::Anew), _) | (_, Some(Ending::Anew)) => Some(Ending::Anew),
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
            Some(Ending::Anew) => self.send_anew(run),
            Some(Ending::Leave) | None => {}
        }
    }

    fn complete(&self, run: &Run<'_>, parts: &[PartReceipt]) {
        match &self.goal {
            Goal::Upload { id, .. } => self.complete_upload(run, id, parts),
            Goal::Compare(with) => self.compared(run, with, parts),
        }
    }

    /// Reviews what the store confirmed against what was read, and only then makes it visible.
    fn complete_upload(&self, run: &Run<'_>, id: &UploadId, parts: &[PartReceipt]) {
        let (confirmed, sums) = (total_size(parts), self.sums());
        let bytes = self.shape.bytes;
        let stored = match sums {
            Some((hashed, md5, sha256)) if hashed == bytes && confirmed == bytes => {
                self.stored(run, parts, &md5, &sha256)
            }
            _ => {
                let reason = format!("the store confirmed {confirmed} of {bytes} bytes in parts");
                let failure = Failure::of(FailureCode::ReviewFailed, reason, self.key.clone());
                return self.abandon(run, failure);
            }
        };
        // What it will be is journaled before it can be seen: after a crash in between, one look
        // tells that it is done.
        if run.notes.review(id, &stored).is_err() {
            return;
        }
        match run.complete_object(&self.before, &self.key, id, parts) {
            Ok(receipt) => self.completed(run, stored, receipt.etag, parts),
            Err(error) if error.finds_an_object() => self.taken(run, stored, &error),
            Err(error) => match run.judge(error, &self.key) {
                Some(_) if self.asked.is_some() => self.send_anew(run),
                Some(failure) => self.abandon(run, failure),
                None => {}
            },
        }
    }

    /// The sums of the whole file, once all of it was hashed: bytes, MD5, SHA-256.
    pub(super) fn sums(&self) -> Option<(u64, [u8; 16], [u8; 32])> {
        self.whole().finish()
    }

    fn completed(&self, run: &Run<'_>, stored: Stored, told: String, parts: &[PartReceipt]) {
        let bytes = self.shape.bytes;
        let told = Some(told).filter(|etag| !etag.is_empty());
        let etag = told.unwrap_or_else(|| stored.etag.clone());
        match run.must_be_whole(&self.key, bytes, parts) {
            Ok(found) if self.carries_another(run, found.as_ref()) => {
                run.aside.send_anew(&self.path);
            }
            Ok(_) => self.finish(run, Stored { etag, ..stored }),
            // It is complete: there is no upload any more that could be abandoned.
            Err(Some(failure)) => run.fail(&self.path, bytes, failure),
            Err(None) => {}
        }
    }

    /// Whether the object of an upload that another host has begun carries something else than is asked.
    fn carries_another(&self, run: &Run<'_>, found: Option<&ObjectInfo>) -> bool {
        let asked = self.asked.as_ref().zip(found);
        asked
            .is_some_and(|(asked, found)| !run.is_as_asked(&found.attributes, asked, &self.missing))
    }

    /// Notes that the object is there.
    pub(super) fn finish(&self, run: &Run<'_>, stored: Stored) {
        run.finish_large(&self.path, self.shape, &self.before, stored);
    }

    /// Another object was there first, as `error` says.
    fn taken(&self, run: &Run<'_>, wanted: Stored, error: &StoreError) {
        let bytes = self.shape.bytes;
        match run.taken(&self.before, wanted, bytes, error) {
            Err(failure) => self.abandon(run, failure),
            Ok((stored, how)) => {
                if self.drop_upload(run) {
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
        md5: &[u8; 16],
        sha256: &[u8; 32],
    ) -> Stored {
        // Tags that are no MD5s may look like some, and then nothing follows from them.
        let is_opaque = run.store.part_etag_is_md5 == Finding::Ignored;
        let etag = expected_etag(parts).filter(|_| !is_opaque);
        Stored {
            etag: etag.unwrap_or_default(),
            parts: u32::try_from(parts.len()).unwrap_or(u32::MAX),
            ..self.proof(md5, sha256)
        }
    }

    /// What is known of the object by its file.
    pub(super) fn proof(&self, md5: &[u8; 16], sha256: &[u8; 32]) -> Stored {
        Stored {
            key: self.key.clone(),
            md5: hex::encode(md5),
            sha256: hex::encode(sha256),
            etag: String::new(),
            content_type: self.content_type.clone(),
            parts: 0,
            read_back: false,
            found: false,
            missing: self.missing.clone(),
        }
    }

    fn abandon(&self, run: &Run<'_>, failure: Failure) {
        // While the upload may be open the file is not done with: the next attempt finds both.
        if self.drop_upload(run) {
            run.fail(&self.path, self.shape.bytes, failure);
        }
    }

    fn send_anew(&self, run: &Run<'_>) {
        if self.drop_upload(run) {
            run.aside.send_anew(&self.path);
        }
    }

    /// Abandons the upload, if there is one; says whether it is not open any more.
    fn drop_upload(&self, run: &Run<'_>) -> bool {
        let dropped = self.upload().map(|id| run.drop_upload(&self.key, id));
        dropped.is_none_or(|dropped| dropped.is_ok())
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
    /// Whether a part is one that the store holds, which is as long: by the sum that the store lists of it, else by its
    /// entity tag.
    fn is_held(&self, held: &PartReceipt, part: &[u8], sum: &PartSum) -> bool {
        match held.sum {
            Some(listed) => listed == *sum,
            None => {
                let md5 = match sum {
                    PartSum::Md5(_) => *sum,
                    PartSum::Crc64Nvme(_) | PartSum::Crc32c(_) | PartSum::Sha256(_) => {
                        self.cores.here(|| PartSum::of(PartCheck::Md5, part))
                    }
                };
                held.etag == hex::encode(md5.to_bytes())
            }
        }
    }

    /// Whether the object that was completed has as many bytes as its file, and the sum that follows from those of
    /// its parts if the store says one: the answer to completing names an entity tag at best, and some stores' tags
    /// say nothing. Gives what the store tells of it.
    fn must_be_whole(
        &self,
        key: &ObjectKey,
        bytes: u64,
        parts: &[PartReceipt],
    ) -> Result<Option<ObjectInfo>, Option<Failure>> {
        let reason = match self.bucket.head(key) {
            Ok(Some(found)) if found.size == bytes => {
                match part_sum::agree(&found.checksums, parts) {
                    None | Some(Ok(())) => return Ok(Some(found)),
                    Some(Err(difference)) => format!("completed, {difference}"),
                }
            }
            // Who may write need not be allowed to look.
            Err(StoreError::AccessDenied(_) | StoreError::Refused(_)) => return Ok(None),
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
