//! Looks at objects that are in the bucket already, before their files are read: what is unchanged, or was sent by an
//! earlier attempt, is not sent, and what must not be replaced is not.
//!
//! Between the planner and the readers, and many at once, because each look waits for the network.

use crossbeam_channel::{Receiver, Sender};
use model::file_time::FileTime;
use model::identity::{self, SHA256_NAME};
use model::missing::Missing;
use model::outcome::{Failure, How, Stored};
use model::unchanged;
use objectstore::StoreError;
use objectstore::object::ObjectInfo;

use crate::import::run::{Before, Run, Work};
use crate::settings::Existing;
use crate::stop::Halt;

/// A file about which the bucket is asked.
pub(crate) struct Question {
    pub(crate) work: Work,
    /// Whether it may be unchanged since it was loaded; not if the journal knows better.
    pub(crate) may_be_unchanged: bool,
    /// Whether the journal knows that what is under its key is the job's own, or is to be.
    pub(crate) is_own: bool,
}

impl Run<'_> {
    /// Answers questions until there are no more; what is to be sent goes on to the readers.
    pub(crate) fn look(&self, questions: &Receiver<Question>, work: &Sender<Work>) {
        for question in questions {
            if self.stop.is_set() {
                return;
            }
            if let Some(to_send) = self.answer(question) {
                self.hand_on(to_send, work);
            }
        }
    }

    /// Hands a file that is to be sent to the readers; or fails it, if nothing more of the job is loaded.
    pub(crate) fn hand_on(&self, work: Work, readers: &Sender<Work>) {
        match self.without {
            // The queue is closed only when every reader has ended, and then the run has stopped.
            None => {
                let _stopped = readers.send(work);
            }
            Some(without) => {
                let failure = Failure::without(without, Some(work.key));
                self.fail(&work.entry.path, work.bytes, failure);
            }
        }
    }

    /// What is left to do for a file.
    fn answer(&self, question: Question) -> Option<Work> {
        let mut work = question.work;
        let found = match self.bucket.head(&work.key) {
            Ok(found) => found,
            // Who may write need not be allowed to look. Then nothing may be replaced unseen.
            Err(StoreError::AccessDenied(_) | StoreError::Refused(_))
                if self.settings.existing == Existing::Replace || self.without.is_some() =>
            {
                return self.unseen(work);
            }
            Err(error) => {
                self.stop.halt(Halt::Store(error));
                return None;
            }
        };
        let Some(found) = found else {
            return Some(work);
        };
        if question.may_be_unchanged && self.is_unchanged(&work, &found) {
            self.note_unchanged(&work, found);
            return None;
        }
        if self.is_left(&work, &found) {
            if self.is_known(&work, &found) {
                self.note_found(&work, found);
                return None;
            }
            work.found = Some(Box::new(found));
            return Some(work);
        }
        match work.before.keeps.filter(|_| !question.is_own) {
            None => {
                let is_there = (found.size, found.etag);
                work.before.object.get_or_insert(is_there);
                Some(work)
            }
            Some(_) if self.may_prove_same(&work, found.size) => {
                work.before.object = Some((found.size, found.etag));
                work.before.is_kept = true;
                Some(work)
            }
            Some(keeps) => {
                let failure = keeps.failure(work.key);
                self.fail(&work.entry.path, work.bytes, failure);
                None
            }
        }
    }

    /// What is left to do for a file whose object must not be looked at.
    fn unseen(&self, work: Work) -> Option<Work> {
        let store = self.store;
        let spares = store.put_if_absent.is_honored() && store.complete_if_absent.is_honored();
        if work.before.keeps.is_none() || spares {
            return Some(work);
        }
        let failure = Failure::report_unseen(work.key);
        self.fail(&work.entry.path, work.bytes, failure);
        None
    }

    fn is_unchanged(&self, work: &Work, found: &ObjectInfo) -> bool {
        let is = unchanged::is_unchanged;
        found.size == work.bytes
            && modified(work)
                .is_some_and(|time| is(self.rules, &work.entry.path, time, &found.attributes))
    }

    /// Whether an object may be what an earlier attempt has made of a file.
    fn is_left(&self, work: &Work, found: &ObjectInfo) -> bool {
        let earlier = self.earlier.filter(|_| self.may_take_over(work));
        found.size == work.bytes && earlier.is_some_and(|era| era.has_object(found.last_modified))
    }

    /// Whether the file of an object that an earlier attempt has put need not be read: it says by the time of the last
    /// change that it is of this file, and all that the report tells of it is known.
    fn is_known(&self, work: &Work, found: &ObjectInfo) -> bool {
        let is = unchanged::is_of_file;
        let has_sha256 = identity::sha256(&found.attributes).is_some() || found.sha256.is_some();
        let is_told = self.is_md5(found) && !found.is_tag_opaque && has_sha256;
        is_told
            && modified(work)
                .is_some_and(|time| is(self.rules, &work.entry.path, time, &found.attributes))
    }

    /// Whether the entity tag of an object is the MD5 of its content.
    fn is_md5(&self, found: &ObjectInfo) -> bool {
        found.etag.len() == 32 && self.store.etag_is_md5.is_honored()
    }

    fn note_found(&self, work: &Work, found: ObjectInfo) {
        let how = work.before.how(work.bytes, &found.etag);
        let stored = Stored {
            found: true,
            ..self.stored_there(work, found)
        };
        match self.read_back(&work.entry.path, work.bytes, stored) {
            Ok(stored) => self.note_stored(&work.entry.path, work.bytes, work.times, how, stored),
            Err(Some(failure)) => self.fail(&work.entry.path, work.bytes, failure),
            Err(None) => {}
        }
    }

    /// Whether the entity tag of what is there will tell if a file is the same, once it was read.
    fn may_prove_same(&self, work: &Work, size: u64) -> bool {
        let is_small = work.bytes < self.settings.multipart_threshold;
        is_small && size == work.bytes && self.store.etag_is_md5.is_honored()
    }

    fn note_unchanged(&self, work: &Work, found: ObjectInfo) {
        let how = self.how_unchanged(work, &found);
        let stored = self.stored_there(work, found);
        self.note_stored(&work.entry.path, work.bytes, work.times, how, stored);
    }

    /// What is known of the object of a file that is not read.
    fn stored_there(&self, work: &Work, found: ObjectInfo) -> Stored {
        Stored {
            key: work.key.clone(),
            md5: match self.is_md5(&found) {
                true => found.etag.clone(),
                false => String::new(),
            },
            sha256: self.known_sha256(work, &found),
            etag: found.etag,
            content_type: found.attributes.content_type.unwrap_or_default(),
            parts: 0,
            read_back: false,
            found: false,
            missing: Missing::default(),
        }
    }

    /// How an object came there that is as its file: an earlier attempt may have sent it, and its answer
    /// was lost.
    fn how_unchanged(&self, work: &Work, found: &ObjectInfo) -> How {
        match &work.before.object {
            Some((size, etag)) if (*size, etag) == (found.size, &found.etag) => How::Unchanged,
            Some(_) => How::Replaced,
            None if self.earlier.is_some() => How::Sent,
            None => How::Unchanged,
        }
    }

    /// The SHA-256 of an object's content, where it can be known without reading it; else empty.
    fn known_sha256(&self, work: &Work, found: &ObjectInfo) -> String {
        let kept = identity::sha256(&found.attributes).map(str::to_owned);
        let told = || found.sha256.map(hex::encode);
        kept.or_else(told)
            .or_else(|| self.tagged_sha256(work))
            .unwrap_or_default()
    }

    fn tagged_sha256(&self, work: &Work) -> Option<String> {
        if !self.store.tags.is_honored() {
            return None;
        }
        let tags = self.bucket.tags(&work.key).ok()?;
        let mut ours = tags.into_iter().filter(|(name, _)| name == SHA256_NAME);
        let (_, sha256) = ours.next()?;
        identity::is_sha256(&sha256).then_some(sha256)
    }
}

/// When a file was last changed, where its file system says so.
fn modified(work: &Work) -> Option<FileTime> {
    work.times.map(|times| FileTime::from_ns(times.modified_ns))
}

impl Before {
    /// How an object came there whose file was sent.
    pub(crate) fn how(&self, bytes: u64, etag: &str) -> How {
        match &self.object {
            _ if self.is_lost => How::SentAgain,
            Some((size, tag)) if (*size, tag.as_str()) != (bytes, etag) => How::Replaced,
            Some(_) | None => How::Sent,
        }
    }
}
