//! What the threads of one run share, and how they note what became of an entry.

use std::sync::Arc;

use model::entry::EntryPath;
use model::ids::ObjectKey;
use model::manifest::S3Import;
use model::outcome::{EntryRecord, Failure, Outcome};
use model::time::{Clock, Timestamp};
use objects::Bucket;

use crate::budget::Budget;
use crate::progress::Progress;
use crate::recorder::Notes;
use crate::settings::Settings;
use crate::stop::Stop;
use crate::tree::Tree;

/// A file that is to be loaded.
#[derive(Debug)]
pub struct Work {
    /// Where it is on the device.
    pub path: EntryPath,
    /// What its object is called.
    pub key: ObjectKey,
    /// Its size when the device was walked.
    pub bytes: u64,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
}

/// What every thread of a run shares.
#[derive(Clone)]
pub struct Run<'a> {
    pub(crate) tree: &'a dyn Tree,
    pub(crate) bucket: &'a dyn Bucket,
    pub(crate) rules: &'a S3Import,
    pub(crate) settings: Settings,
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
