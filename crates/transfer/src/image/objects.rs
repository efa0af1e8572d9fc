//! An image that becomes objects in the log bucket: a series of 1 GiB each, or a single one, and an index
//! that leads back from them to the image.
//!
//! A stretch is a part of an object. Uploads are begun with the first byte that is not zero, and all
//! of them completed at the end, so that nothing is seen before the image is whole. Objects that would
//! be all zeros are not stored.

use awshttp::retry::RealTime;
use bytes::Bytes;
use lanes::{Sha256, md5_of};
use model::attributes::Attributes;
use model::capabilities::{Finding, PartCheck};
use model::ids::ObjectKey;
use model::image::index::{self, Image, Index, IndexObject};
use model::image::{self, ImageKeys};
use objectstore::part_sum::PartSum;
use objectstore::reading::{ReadError, Reading};
use objectstore::upload::{PartNumber, PartReceipt, UploadId, expected_etag};
use objectstore::{Bucket, Checksums, StoreError};

use super::Halted;
use super::pass::each;
use super::proof::{compare, one_in};
use super::steps::ImageState;
use super::target::{Completed, ImageSink, ReadBack, key_of, store};
use super::work::{ImageRun, Stretch};
use crate::journal::records::image::WholeSums;
use crate::journal::records::image::{Begun, Sent, Step};
use crate::stop::Stop;

/// How many objects an image becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As many as are needed, and no more than hold anything.
    Series,
    /// One, in the place of an archive.
    One,
}

/// A series of objects.
pub(crate) struct Objects {
    pub(crate) shape: Shape,
    pub(crate) keys: ImageKeys,
    pub(crate) storage_class: Option<String>,
    pub(crate) device_id: String,
}

impl Objects {
    fn attributes(&self) -> Attributes {
        Attributes {
            content_type: Some(image::CONTENT_TYPE.to_owned()),
            storage_class: self.storage_class.clone(),
            ..Attributes::default()
        }
    }

    /// Abandons uploads that an earlier attempt began and could not journal.
    fn abandon_strangers(&self, work: &ImageRun<'_>) {
        let ours: Vec<String> = work.ledger.state().uploads.values().cloned().collect();
        let bucket = work.import.log_bucket;
        let open = bucket.list_uploads(self.keys.prefix()).unwrap_or_default();
        for stranger in open
            .iter()
            .filter(|open| !ours.iter().any(|id| id == open.id.as_str()))
        {
            let Ok(key) = ObjectKey::new(stranger.key.as_str()) else {
                continue;
            };
            if let Err(error) = bucket.abort(&key, &stranger.id) {
                tracing::warn!(%key, %error, "upload of an earlier attempt left open");
            }
        }
    }

    /// Compares what the store has of an object with what the journal says.
    fn look(&self, work: &ImageRun<'_>, object: u64, upload: &str) -> Result<(), Halted> {
        let key = self.keys.object(object);
        let parts = match work
            .import
            .log_bucket
            .list_parts(&key, &UploadId::new(upload))
        {
            Ok(parts) => parts,
            Err(StoreError::NoSuchUpload(_)) => {
                if self.was_completed(work, object, &key)? {
                    return Ok(());
                }
                return work.ledger.note_now(Step::UploadLost { object });
            }
            Err(error) => return store(work.import.stop, Err(error)),
        };
        let lost: Vec<u64> = {
            let state = work.ledger.state();
            let ours = receipts(&state, &work.begun, object);
            let lost = ours.iter().filter(|(_, receipt)| !receipt.is_held(&parts));
            lost.map(|(stretch, _)| *stretch).collect()
        };
        for stretch in lost {
            work.ledger.note(Step::Again { stretch })?;
        }
        Ok(())
    }

    /// Whether an upload that is gone became its object.
    fn was_completed(
        &self,
        work: &ImageRun<'_>,
        object: u64,
        key: &ObjectKey,
    ) -> Result<bool, Halted> {
        let expected = {
            let state = work.ledger.state();
            if state.completing.is_none() {
                return Ok(false);
            }
            let is_opaque = work.import.attempt.store.part_etag_is_md5 == Finding::Ignored;
            expected_etag(&in_order(receipts(&state, &work.begun, object))).filter(|_| !is_opaque)
        };
        let head = store(work.import.stop, work.import.log_bucket.head(key))?;
        Ok(head.is_some_and(|found| {
            found.size == work.begun.bytes_of_object(object)
                && expected.is_none_or(|etag| etag == found.etag)
        }))
    }

    fn put_part(&self, work: &ImageRun<'_>, stretch: u64, body: Bytes) -> Result<Sent, Halted> {
        let begun = &work.begun;
        let object = stretch / begun.per_object();
        let Some(upload) = work.ledger.state().uploads.get(&object).cloned() else {
            return Err(Halted);
        };
        let md5 = md5_of(&[&body])[0];
        let number = part_number(begun, stretch).ok_or(Halted)?;
        let (key, upload) = (self.keys.object(object), UploadId::new(upload));
        let put = work
            .import
            .log_bucket
            .put_part(&key, &upload, number, body, &PartSum::Md5(md5));
        if let Err(StoreError::NoSuchUpload(_)) = &put {
            // Somebody abandoned it: the next attempt sends the object anew.
            work.ledger.note_now(Step::UploadLost { object })?;
        }
        let receipt = store(work.import.stop, put)?;
        let sum = hex::encode(md5);
        let tag = (receipt.etag != sum).then_some(receipt.etag);
        Ok(Sent { sum, puts: 1, tag })
    }

    /// Makes an object visible, after the zeros it still lacks.
    fn complete_object(
        &self,
        work: &ImageRun<'_>,
        object: u64,
        upload: &str,
    ) -> Result<(), Halted> {
        let begun = &work.begun;
        let lacking: Vec<u64> = {
            let state = work.ledger.state();
            let is_lacking =
                |stretch: &u64| state.sent.get(stretch).is_none_or(|sent| sent.puts == 0);
            begun.of_object(object).filter(is_lacking).collect()
        };
        for stretch in lacking {
            let range = begun.range(stretch);
            let zeros = work.zeros(range.end - range.start);
            let sent = self.put_part(work, stretch, zeros)?;
            work.note_sent(stretch, sent)?;
        }
        let key = self.keys.object(object);
        let parts = in_order(receipts(&work.ledger.state(), begun, object));
        let upload = UploadId::new(upload);
        match work.import.log_bucket.complete(&key, &upload, &parts) {
            Ok(_) => Ok(()),
            Err(StoreError::NoSuchUpload(_)) if self.was_completed(work, object, &key)? => Ok(()),
            Err(error) => store(work.import.stop, Err(error)),
        }
    }

    fn index(&self, work: &ImageRun<'_>, sums: Option<&WholeSums>) -> Index {
        let begun = &work.begun;
        let mut index = Index::new(Image {
            job: work.import.job,
            device_id: self.device_id.clone(),
            bytes: begun.bytes,
            object_bytes: begun.object_bytes,
        });
        index.md5 = sums.map(|sums| sums.md5.clone());
        index.sha256 = sums.map(|sums| sums.sha256.clone());
        let state = work.ledger.state();
        index.bad_ranges = state.bad_ranges();
        index.objects = (0..begun.objects())
            .map(|object| IndexObject {
                key: state
                    .uploads
                    .contains_key(&object)
                    .then(|| self.keys.object(object)),
                bytes: begun.bytes_of_object(object),
                sha256: state
                    .uploads
                    .get(&object)
                    .and_then(|_| state.objects.get(&object).cloned()),
            })
            .collect();
        index
    }

    fn put_index(&self, work: &ImageRun<'_>, sums: Option<&WholeSums>) -> Result<(), Halted> {
        let body = Bytes::from(self.index(work, sums).to_json());
        let attributes = Attributes {
            content_type: Some(index::CONTENT_TYPE.to_owned()),
            ..Attributes::default()
        };
        let checksums = Checksums::of(&body);
        let key = self.keys.index();
        let put = work
            .import
            .log_bucket
            .put(&key, body, &attributes, &checksums);
        store(work.import.stop, put).map(drop)
    }

    fn completed(&self, work: &ImageRun<'_>) -> Completed {
        let (bucket, index) = (&work.import.log.bucket, self.keys.index());
        let stored = work.ledger.state().uploads.len() as u64;
        let parts = work
            .ledger
            .state()
            .sent
            .values()
            .map(|sent| u64::from(sent.puts))
            .sum();
        let (key, object) = match self.shape {
            Shape::Series => (key_of(self.keys.prefix()), None),
            Shape::One => {
                let key = self.keys.object(0);
                let place = format!("{bucket}/{key}");
                (key, Some(place))
            }
        };
        let remark = match self.shape {
            Shape::Series if stored == 1 => {
                format!("The image is in 1 object of bucket {bucket}; its index is {index}.")
            }
            Shape::Series => format!(
                "The image is in {stored} objects of bucket {bucket}; their index is {index}."
            ),
            Shape::One => format!("The image is {key} in bucket {bucket}; its index is {index}."),
        };
        Completed {
            key,
            etag: String::new(),
            parts,
            archive: None,
            object,
            remark,
        }
    }
}

/// The parts of an object that the store confirmed, by stretch.
fn receipts(state: &ImageState, begun: &Begun, object: u64) -> Vec<(u64, PartReceipt)> {
    let sent = state.sent.range(begun.of_object(object));
    let put = sent.filter(|(_, sent)| sent.puts > 0);
    let receipts = put.filter_map(|(stretch, sent)| {
        let range = begun.range(*stretch);
        let receipt = PartReceipt {
            number: part_number(begun, *stretch)?,
            etag: sent.tag.clone().unwrap_or_else(|| sent.sum.clone()),
            size: range.end - range.start,
            sum: None,
        };
        Some((*stretch, receipt))
    });
    receipts.collect()
}

fn in_order(receipts: Vec<(u64, PartReceipt)>) -> Vec<PartReceipt> {
    receipts.into_iter().map(|(_, receipt)| receipt).collect()
}

fn part_number(begun: &Begun, stretch: u64) -> Option<PartNumber> {
    PartNumber::from_index(stretch % begun.per_object()).ok()
}

impl ImageSink for Objects {
    fn kind(&self) -> &'static str {
        match self.shape {
            Shape::Series => "objects",
            Shape::One => "object",
        }
    }

    fn open(&self, work: &ImageRun<'_>) -> Result<bool, Halted> {
        if work.import.attempt.number > 1 {
            self.abandon_strangers(work);
        }
        let uploads = work.ledger.state().uploads.clone();
        for (object, upload) in uploads {
            self.look(work, object, &upload)?;
        }
        Ok(true)
    }

    fn prepare(&self, work: &ImageRun<'_>, stretch: u64, is_zero: bool) -> Result<(), Halted> {
        let object = stretch / work.begun.per_object();
        let is_wanted = !is_zero || self.shape == Shape::One;
        if !is_wanted || work.ledger.state().uploads.contains_key(&object) {
            return Ok(());
        }
        let key = self.keys.object(object);
        let begun =
            work.import
                .log_bucket
                .begin_multipart(&key, &self.attributes(), PartCheck::Md5);
        let upload = store(work.import.stop, begun)?.as_str().to_owned();
        work.ledger.note_now(Step::Upload { object, upload })
    }

    fn sum(&self, bytes: &[u8]) -> String {
        hex::encode(md5_of(&[bytes])[0])
    }

    fn put(&self, work: &ImageRun<'_>, stretch: &Stretch) -> Result<Sent, Halted> {
        let object = stretch.index / work.begun.per_object();
        let has_upload = work.ledger.state().uploads.contains_key(&object);
        if stretch.is_zero && !has_upload {
            let sum = self.sum(&stretch.bytes);
            return Ok(Sent {
                sum,
                puts: 0,
                tag: None,
            });
        }
        self.put_part(work, stretch.index, stretch.bytes.clone())
    }

    fn complete(&self, work: &ImageRun<'_>, sums: Option<&WholeSums>) -> Result<Completed, Halted> {
        let uploads: Vec<(u64, String)> = {
            let state = work.ledger.state();
            state
                .uploads
                .iter()
                .map(|(object, id)| (*object, id.clone()))
                .collect()
        };
        each(work, &uploads, |(object, upload)| {
            self.complete_object(work, *object, upload)
        })?;
        self.put_index(work, sums)?;
        Ok(self.completed(work))
    }

    fn read_back(&self, work: &ImageRun<'_>) -> Result<ReadBack, Halted> {
        // What lies in an archive class cannot be read at once.
        let Some(step) = one_in(work).filter(|_| self.storage_class.is_none()) else {
            return Ok(ReadBack::Partly);
        };
        let (objects, are_all) = {
            let state = work.ledger.state();
            let stored = state
                .uploads
                .keys()
                .filter(|object| object.is_multiple_of(step));
            let known = |object: &u64| Some((*object, state.objects.get(object)?.clone()));
            let objects: Vec<(u64, String)> = stored.filter_map(known).collect();
            let are_all = objects.len() == state.uploads.len();
            (objects, are_all)
        };
        compare(work, &objects, are_all, |(object, sha256)| {
            let key = self.keys.object(*object);
            let read = sha256_of(work.import.log_bucket, &key, work.import.stop);
            let found = store(work.import.stop, read)?;
            let what = || format!("read back, the SHA-256 of `{key}` is {found}");
            Ok((found != *sha256).then(what))
        })
    }

    fn abandon(&self, work: &ImageRun<'_>) {
        let uploads = work.ledger.state().uploads.clone();
        for (object, upload) in uploads {
            let (key, upload) = (self.keys.object(object), UploadId::new(upload));
            if let Err(error) = work.import.log_bucket.abort(&key, &upload) {
                tracing::warn!(%key, %upload, %error, "upload left open");
            }
        }
    }
}

/// The SHA-256 of an object.
fn sha256_of(bucket: &dyn Bucket, key: &ObjectKey, stop: &Stop) -> Result<String, StoreError> {
    let patience = RealTime::new(stop.flag());
    let mut sha256 = Sha256::new();
    Reading::new(bucket, key, &patience)
        .stream(0, &mut |bytes| sha256.update(bytes))
        .map_err(ReadError::into_store_error)?;
    Ok(hex::encode(sha256.finish()))
}
