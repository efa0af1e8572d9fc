//! The one consumer of everything that happens to entries: it alone writes the journal.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use model::ids::ObjectKey;
use model::outcome::EntryRecord;
use objects::upload::UploadId;

use crate::journal::{Journal, JournalError, Record};
use crate::progress::Progress;

/// How long an outcome may wait for its fsync. What a crash takes back is done again.
const SYNC_EVERY: Duration = Duration::from_millis(500);

/// Notes that may wait for the recorder.
const NOTES: usize = 1024;

/// Something the journal has to know.
enum Note {
    Entry(EntryRecord),
    /// Answered once it is on disk.
    Intent(ObjectKey, UploadId, Sender<()>),
}

/// The way to the recorder, for every thread that has something to note.
#[derive(Clone)]
pub struct Notes(Sender<Note>);

/// The recorder has ended, and with it the run.
#[derive(Debug)]
pub struct RecorderGone;

impl Notes {
    /// Notes the outcome of an entry.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub fn entry(&self, record: EntryRecord) -> Result<(), RecorderGone> {
        self.0.send(Note::Entry(record)).map_err(|_| RecorderGone)
    }

    /// Notes that an upload was begun, and returns when that is on disk.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub fn intent(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), RecorderGone> {
        let (done, wait) = crossbeam_channel::bounded(1);
        let note = Note::Intent(key.clone(), upload.clone(), done);
        self.0.send(note).map_err(|_| RecorderGone)?;
        wait.recv().map_err(|_| RecorderGone)
    }
}

/// Writes what it is told, until nobody is left to tell it anything.
pub struct Recorder<'a> {
    journal: Journal,
    progress: &'a Progress,
    notes: Receiver<Note>,
}

impl<'a> Recorder<'a> {
    /// A recorder and the way to it.
    #[must_use]
    pub fn new(journal: Journal, progress: &'a Progress) -> (Self, Notes) {
        let (sender, notes) = crossbeam_channel::bounded(NOTES);
        (
            Self {
                journal,
                progress,
                notes,
            },
            Notes(sender),
        )
    }

    /// Runs until the last [`Notes`] is dropped; everything is on disk then.
    ///
    /// # Errors
    /// [`JournalError`]: the run must end, for nothing more can be promised.
    pub fn run(mut self) -> Result<(), JournalError> {
        let mut unsynced_since: Option<Instant> = None;
        loop {
            let wait = unsynced_since.map_or(SYNC_EVERY, |since| {
                SYNC_EVERY.saturating_sub(since.elapsed())
            });
            match self.notes.recv_timeout(wait) {
                Ok(Note::Entry(record)) => {
                    self.progress.count(&record);
                    self.journal.append(&Record::Entry(record))?;
                    unsynced_since.get_or_insert_with(Instant::now);
                }
                Ok(Note::Intent(key, upload, done)) => {
                    let upload = upload.as_str().to_owned();
                    self.journal.append(&Record::Intent { key, upload })?;
                    self.journal.sync()?;
                    unsynced_since = None;
                    let _asker_may_be_gone = done.send(());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.journal.sync(),
            }
            if unsynced_since.is_some_and(|since| since.elapsed() >= SYNC_EVERY) {
                self.journal.sync()?;
                unsynced_since = None;
            }
        }
    }
}
