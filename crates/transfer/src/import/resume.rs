//! Large files that an earlier attempt left half-sent, and how they are gone on with.
//!
//! The journal says what was read and what the store confirmed; the store says what it still has.
//! Where the two disagree the bucket is right: what it does not have is sent again.

use std::collections::{BTreeMap, HashMap};

use model::attributes::Attributes;
use model::capabilities::PartCheck;
use model::entry::EntryPath;
use model::ids::ObjectKey;
use model::missing::Missing;
use model::outcome::{Failure, Outcome, Stored};
use objectstore::StoreError;
use objectstore::part_sum::{self, PartSum};
use objectstore::upload::{PartNumber, PartReceipt, UploadId};

use crate::import::run::Run;
use crate::journal::records::HashCheckpointRecord;
use crate::journal::records::import::{ImportRecord, IntentFile, ReceiptRecord};
use crate::pipeline::hash_state::HashCheckpoint;
use disks::tree::Shape;

/// An upload that was begun and not concluded, as the journal knows it.
#[derive(Debug, Clone)]
pub(crate) struct Unfinished {
    /// Which file it is of.
    pub path: EntryPath,
    /// What its object will be called.
    pub key: ObjectKey,
    /// The store's id for it.
    pub upload: UploadId,
    /// The file as it was when the upload was begun.
    pub shape: Shape,
    /// What of it had zeros in its place.
    pub missing: Missing,
    /// Bytes of each part but the last.
    pub part_bytes: u64,
    /// The type the object was given.
    pub content_type: String,
    /// By which sum its parts are sent.
    pub check: PartCheck,
    /// Whether another host began it, as far as the journal knows; what it began it with is nowhere written down.
    pub taken_over: bool,
    /// The parts that the store confirmed.
    pub receipts: BTreeMap<PartNumber, PartReceipt>,
    /// After which parts the sums of the whole file are known.
    pub checkpoints: BTreeMap<PartNumber, HashCheckpointRecord>,
    /// What the object was going to be when it was about to be completed.
    pub review: Option<Stored>,
    /// The parts that the store has, as it says: those that are as the file's need not be sent.
    pub held: BTreeMap<PartNumber, PartReceipt>,
    /// What the object of one that was taken over is to carry.
    pub asked: Option<Attributes>,
}

impl Unfinished {
    /// The upload that was begun with a `file`, unless the record is of no file.
    fn of(file: IntentFile, key: ObjectKey, upload: UploadId) -> Option<Self> {
        Some(Self {
            path: file.path()?,
            key,
            upload,
            shape: Shape {
                bytes: file.bytes,
                modified_ns: file.modified_ns,
                changed_ns: file.changed_ns,
            },
            missing: file.missing,
            part_bytes: file.part_bytes,
            content_type: file.content_type,
            check: file.check,
            taken_over: file.taken_over,
            receipts: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            review: None,
            held: BTreeMap::new(),
            asked: None,
        })
    }

    /// The offset at which so many parts end.
    fn end_of(&self, parts: u64) -> u64 {
        parts.saturating_mul(self.part_bytes).min(self.shape.bytes)
    }
}

impl From<&Unfinished> for IntentFile {
    fn from(upload: &Unfinished) -> Self {
        let (file, raw_path) = upload.path.to_record();
        Self {
            file,
            raw_path,
            bytes: upload.shape.bytes,
            modified_ns: upload.shape.modified_ns,
            changed_ns: upload.shape.changed_ns,
            part_bytes: upload.part_bytes,
            content_type: upload.content_type.clone(),
            missing: upload.missing.clone(),
            check: upload.check,
            taken_over: upload.taken_over,
        }
    }
}

/// The receipt of a part that was sent by `check`, unless number or sum cannot be one.
fn confirmed(record: ReceiptRecord, check: PartCheck) -> Option<PartReceipt> {
    let sum = record.sum.map(|sum| hex::decode(sum).ok());
    Some(PartReceipt {
        number: PartNumber::new(record.number).ok()?,
        etag: record.etag,
        size: record.bytes,
        sum: match sum {
            Some(sum) => Some(PartSum::from_bytes(check, &sum?)?),
            None if check.is_md5() => None,
            None => return None,
        },
    })
}

impl From<&PartReceipt> for ReceiptRecord {
    fn from(receipt: &PartReceipt) -> Self {
        Self {
            number: receipt.number.get().into(),
            etag: receipt.etag.clone(),
            bytes: receipt.size,
            sum: receipt.sum.map(|sum| hex::encode(sum.to_bytes())),
        }
    }
}

/// The unfinished uploads of a journal.
#[derive(Debug, Default)]
pub(crate) struct Uploads {
    open: HashMap<UploadId, Unfinished>,
    /// Uploads that cannot be gone on with.
    stale: Vec<(ObjectKey, UploadId)>,
}

impl Uploads {
    /// Takes in the next record of a journal.
    pub(crate) fn replay(&mut self, record: ImportRecord) {
        match record {
            ImportRecord::Attempt(_) | ImportRecord::Other => {}
            ImportRecord::Intent { key, upload, file } => {
                let upload = UploadId::new(upload);
                let unfinished =
                    file.and_then(|file| Unfinished::of(file, key.clone(), upload.clone()));
                match unfinished {
                    Some(unfinished) => self.begin(unfinished),
                    None => self.stale.push((key, upload)),
                }
            }
            ImportRecord::Part { upload, receipt } => {
                if let Some(open) = self.open(upload)
                    && let Some(receipt) = confirmed(receipt, open.check)
                {
                    open.receipts.insert(receipt.number, receipt);
                }
            }
            ImportRecord::Hashed {
                upload,
                number,
                checkpoint,
            } => {
                if let (Some(open), Ok(number)) = (self.open(upload), PartNumber::new(number)) {
                    open.checkpoints.insert(number, checkpoint);
                }
            }
            ImportRecord::Review { upload, stored } => {
                if let Some(open) = self.open(upload) {
                    open.review = Some(stored);
                }
            }
            ImportRecord::Entry(record) => {
                let is_stored = matches!(record.outcome, Outcome::Stored(_));
                let over = self.take_out(&record.path());
                // What became of a file that was not stored says nothing of its upload.
                if !is_stored {
                    self.stale.extend(over);
                }
            }
        }
    }

    fn begin(&mut self, unfinished: Unfinished) {
        let before = self.take_out(&unfinished.path);
        self.stale.extend(before);
        self.open.insert(unfinished.upload.clone(), unfinished);
    }

    /// Takes out the upload of a file.
    fn take_out(&mut self, path: &EntryPath) -> Vec<(ObjectKey, UploadId)> {
        let of_file = self.open.extract_if(|_, open| open.path == *path);
        of_file.map(|(upload, open)| (open.key, upload)).collect()
    }

    fn open(&mut self, upload: String) -> Option<&mut Unfinished> {
        self.open.get_mut(&UploadId::new(upload))
    }

    /// All of them.
    #[must_use]
    pub(crate) fn into_all(self) -> Vec<(ObjectKey, UploadId)> {
        let open = self.open.into_values();
        let open = open.map(|upload| (upload.key, upload.upload));
        open.chain(self.stale).collect()
    }

    /// Those that can be gone on with, by the path of their file, and those that cannot.
    #[must_use]
    pub(crate) fn into_parts(self) -> (HashMap<EntryPath, Unfinished>, Vec<(ObjectKey, UploadId)>) {
        let open = self.open.into_values();
        let by_path = open.map(|upload| (upload.path.clone(), upload)).collect();
        (by_path, self.stale)
    }
}

/// What comes of an unfinished upload.
pub(crate) enum Found {
    /// It goes on: so many parts at its beginning need not be read again.
    Open(Box<Unfinished>, u64, Option<HashCheckpoint>),
    /// The object is complete.
    Complete(Stored),
    /// It is of no use; the file is to be sent from its beginning.
    Useless,
}

impl Run<'_> {
    /// Looks what is left of an upload for a file that is now to be `key`, of this `shape` and with zeros in the place
    /// of what is `missing`: its metadata says so from the beginning.
    /// `None` as the error means that the run stops.
    pub(crate) fn look_for(
        &self,
        unfinished: Unfinished,
        key: &ObjectKey,
        (shape, missing): (Shape, &Missing),
    ) -> Result<Found, Option<Failure>> {
        let check = unfinished.check;
        // What nobody looks at any more proves nothing of what would be sent now.
        let is_unproved = !check.is_md5() && !self.store.checks_parts_by(check);
        let is_of_it = unfinished.shape == shape && unfinished.missing == *missing;
        if unfinished.key != *key || !is_of_it || is_unproved {
            self.drop_upload(&unfinished.key, &unfinished.upload)?;
            return Ok(Found::Useless);
        }
        match self.bucket.list_parts(key, &unfinished.upload) {
            Ok(held) => Ok(go_on_from(unfinished, held)),
            Err(StoreError::NoSuchUpload(_)) => self.look_for_object(unfinished),
            // A store that does not tell, or does not let us ask: that is not the file's fault.
            Err(
                StoreError::Refused(_) | StoreError::AccessDenied(_) | StoreError::NoSuchKey(_),
            ) => {
                self.drop_upload(key, &unfinished.upload)?;
                Ok(Found::Useless)
            }
            Err(error) => Err(self.judge(error, key)),
        }
    }

    /// The upload is gone: completed, if the object is what was reviewed.
    fn look_for_object(&self, unfinished: Unfinished) -> Result<Found, Option<Failure>> {
        let Some(review) = unfinished.review else {
            return Ok(Found::Useless);
        };
        let head = self.bucket.head(&unfinished.key);
        let head = head.map_err(|error| self.judge(error, &unfinished.key))?;
        let parts: Vec<PartReceipt> = unfinished.receipts.into_values().collect();
        let is_it = head.is_some_and(|object| {
            let is_tagged = match part_sum::agree(&object.checksums, &parts) {
                Some(Ok(())) => review.etag.is_empty() || object.etag == review.etag,
                Some(Err(_)) => false,
                None => object.etag == review.etag,
            };
            let asked = unfinished.asked.as_ref();
            let is_asked = asked.is_none_or(|asked| {
                self.is_as_asked(&object.attributes, asked, &unfinished.missing)
            });
            object.size == unfinished.shape.bytes && is_tagged && is_asked
        });
        Ok(match is_it {
            true => Found::Complete(review),
            false => Found::Useless,
        })
    }

    /// Abandons an upload that is of no use any more. That a store refuses this is no fault of the
    /// file; one that does not answer ends the run, and the next attempt comes back to it.
    pub(crate) fn drop_upload(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
    ) -> Result<(), Option<Failure>> {
        match self.bucket.abort(key, upload) {
            Ok(()) => Ok(()),
            Err(StoreError::Refused(_) | StoreError::AccessDenied(_)) => {
                tracing::warn!(%key, %upload, "the store refuses to abandon an upload");
                Ok(())
            }
            Err(error) => Err(self.judge(error, key)),
        }
    }
}

/// Keeps the parts on which journal and store agree, and finds from where on the file must be read.
/// Of what is read again a part is sent again unless it is what the store holds.
fn go_on_from(mut unfinished: Unfinished, held: Vec<PartReceipt>) -> Found {
    unfinished
        .receipts
        .retain(|_, receipt| receipt.is_held(&held));
    unfinished.held = held.into_iter().map(|part| (part.number, part)).collect();
    let unbroken = (1..)
        .zip(unfinished.receipts.keys())
        .take_while(|(expected, number)| u64::from(number.get()) == *expected)
        .count() as u64;
    let checkpoint = unfinished
        .checkpoints
        .iter()
        .rev()
        .filter(|(number, _)| u64::from(number.get()) <= unbroken)
        .find_map(|(number, record)| Some((u64::from(number.get()), HashCheckpoint::of(record)?)));
    // The length was journaled with the state: together they must say the same place.
    let (parts, checkpoint) = match checkpoint {
        Some((parts, checkpoint)) if checkpoint.md5.length == unfinished.end_of(parts) => {
            (parts, Some(checkpoint))
        }
        _ => (0, None),
    };
    let is_hashed = |number: PartNumber| u64::from(number.get()) <= parts;
    unfinished.receipts.retain(|number, _| is_hashed(*number));
    Found::Open(Box::new(unfinished), parts, checkpoint)
}
