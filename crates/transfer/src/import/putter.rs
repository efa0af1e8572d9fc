//! Puts what was read into the store: small files in one request, large ones in parts.
//!
//! Many threads, because the network is wide. What the store says is judged here: a refused object
//! is a line of the report, a store that does not do its work ends the run.

use awshttp::Answer;
use model::attributes::Attributes;
use model::ids::ObjectKey;
use model::missing::Missing;
use model::outcome::{Failure, How, Stored};
use objectstore::object::Receipt;
use objectstore::{Checksums, StoreError};

use crate::import::put::{PartPut, Put, SmallPut};
use crate::import::run::{Keeps, Run};
use crate::import::upload::PartWay;
use crate::stop::Halt;

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
        let Some(put) = self.note_if_found(put) else {
            return;
        };
        let SmallPut {
            path,
            key,
            shape,
            missing,
            before,
            found: _,
            body,
            attributes,
            checksums,
            permit,
        } = put;
        let bytes = body.len() as u64;
        let times = Some(shape.times());
        if before.is_kept {
            let stored = stored_whole(key, attributes, &checksums, missing);
            return match before.how(bytes, &stored.md5) {
                How::Sent => self.note_stored(&path, bytes, times, How::Unchanged, stored),
                _ => {
                    let keeps = before.keeps.unwrap_or(Keeps::Object);
                    self.fail(&path, bytes, keeps.failure(stored.key));
                }
            };
        }
        let done = self
            .put_object(&before, &key, body, &attributes, &checksums)
            .and_then(|receipt| self.must_match(receipt, &checksums));
        drop(permit);
        let wanted = stored_whole(key, attributes, &checksums, missing);
        let stored = match done {
            Ok(Receipt { etag, .. }) => {
                self.progress.sent(bytes);
                let how = before.how(bytes, &etag);
                Ok((Stored { etag, ..wanted }, how))
            }
            Err(error) if error.finds_an_object() => self
                .taken(&before, wanted, bytes, &error)
                .map_err(Option::Some),
            Err(error) => Err(self.judge(error, &wanted.key)),
        };
        let proven = stored.and_then(|(stored, how)| {
            let stored = self.read_back(&path, bytes, stored)?;
            Ok((stored, how))
        });
        match proven {
            Ok((stored, how)) => self.note_stored(&path, bytes, times, how, stored),
            Err(Some(failure)) => self.fail(&path, bytes, failure),
            Err(None) => {}
        }
    }

    /// On a store whose entity tags are MD5s, another one says that it got other bytes.
    fn must_match(&self, receipt: Receipt, sent: &Checksums) -> Result<Receipt, StoreError> {
        let differs = receipt.etag != sent.md5_hex();
        if self.store.etag_is_md5.is_honored() && differs {
            let message = "the store received other bytes than were sent";
            return Err(StoreError::BadDigest(Answer::new(
                200,
                "BadDigest",
                message,
            )));
        }
        Ok(receipt)
    }

    fn put_part(&self, put: PartPut) {
        let PartPut {
            upload,
            number,
            body,
            sum,
            permit,
        } = put;
        if self.stop.is_set() {
            return upload.put(self, Err(None));
        }
        let bytes = body.len() as u64;
        let id = match upload.way_of(self, number, &body, &sum) {
            PartWay::IsThere(receipt) => return upload.put(self, Ok(receipt)),
            PartWay::Send(id) => id,
        };
        let done = self.bucket.put_part(&upload.key, id, number, body, &sum);
        drop(permit);
        if done.is_ok() {
            self.progress.sent(bytes);
        }
        upload.put(self, done.map_err(|error| self.judge(error, &upload.key)));
    }

    /// Tells a refused object, which is a line of the report, from a store that does not do its
    /// work, which ends the run: nothing is marked failed for the store's sins.
    pub(crate) fn judge(&self, error: StoreError, key: &ObjectKey) -> Option<Failure> {
        let is_about_the_object = match &error {
            StoreError::Refused(_)
            | StoreError::Exists(_)
            | StoreError::BadDigest(_)
            | StoreError::NoSuchKey(_) => true,
            // Somebody abandoned it: the next attempt sends the file anew.
            StoreError::NoSuchUpload(_) => false,
            StoreError::AccessDenied(_) => self.may_write_elsewhere(),
            _ => false,
        };
        if !is_about_the_object {
            self.stop.halt(Halt::Store(error));
            return None;
        }
        Some(refusal(&error, key))
    }

    /// Whether a refusal to write is about one object only: the place of the report still takes
    /// writes.
    fn may_write_elsewhere(&self) -> bool {
        objectstore::probe::check_write(self.bucket, self.log_key).is_ok()
    }
}

/// The proof of an object that was sent, or would be, in one request.
fn stored_whole(
    key: ObjectKey,
    attributes: Attributes,
    checksums: &Checksums,
    missing: Missing,
) -> Stored {
    Stored {
        key,
        md5: checksums.md5_hex(),
        sha256: checksums.sha256_hex().unwrap_or_default(),
        etag: checksums.md5_hex(),
        content_type: attributes.content_type.unwrap_or_default(),
        parts: 0,
        read_back: false,
        found: false,
        missing,
    }
}

/// What the report says of an object that the store refuses.
pub(crate) fn refusal(error: &StoreError, key: &ObjectKey) -> Failure {
    let (status, code) = match error.answer() {
        Some(answer) => (answer.status, answer.code.clone()),
        None => (500, "StoreError".to_owned()),
    };
    Failure::refused(status, code, error.to_string(), key.clone())
}
