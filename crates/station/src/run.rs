//! What the threads of one run share, and how they note what became of an entry.

use std::sync::Arc;

use model::capabilities::Capabilities;
use model::entry::EntryPath;
use model::ids::ObjectKey;
use model::manifest::S3Import;
use model::outcome::{EntryRecord, Failure, Outcome};
use model::proof::ReadBack;
use model::time::{Clock, Timestamp};
use objects::Bucket;

use crate::budget::Budget;
use crate::progress::Progress;
use crate::recorder::Notes;
use crate::resume::Unfinished;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::tree::Tree;

/// A file that is to be loaded.
#[derive(Debug)]
pub(crate) struct Work {
    /// Where it is on the device.
    pub(crate) path: EntryPath,
    /// What its object is called.
    pub(crate) key: ObjectKey,
    /// Its size when the device was walked.
    pub(crate) bytes: u64,
    /// When it was last changed.
    pub(crate) modified: Option<Timestamp>,
    /// What an earlier attempt has sent of it.
    pub(crate) unfinished: Option<Box<Unfinished>>,
}

/// What every thread of a run shares.
#[derive(Clone)]
pub(crate) struct Run<'a> {
    pub(crate) tree: &'a dyn Tree,
    pub(crate) bucket: &'a dyn Bucket,
    pub(crate) rules: &'a S3Import,
    pub(crate) settings: Settings,
    /// What the store was found to do.
    pub(crate) store: &'a Capabilities,
    pub(crate) read_back: ReadBack,
    /// Whether the job was claimed before, by whomever.
    pub(crate) is_later_attempt: bool,
    pub(crate) log_key: &'a ObjectKey,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) progress: &'a Progress,
    pub(crate) stop: &'a Stop,
    pub(crate) budget: Arc<Budget>,
    pub(crate) notes: Notes,
}

impl<'a> Run<'a> {
    /// Notes the outcome of an entry.
    pub(crate) fn note(&self, path: &EntryPath, bytes: u64, outcome: Outcome) {
        let record = EntryRecord::new(path, bytes, self.clock.now(), outcome);
        // If the recorder is gone, it has said why and the run ends.
        let _recorder_may_be_gone = self.notes.entry(record);
    }

    /// Notes that an entry was not stored.
    pub(crate) fn fail(&self, path: &EntryPath, bytes: u64, failure: Failure) {
        tracing::warn!(file = %path, code = %failure.code, reason = %failure.reason, "not loaded");
        self.note(path, bytes, Outcome::Failed(failure));
    }
}
