//! The one consumer of everything that happens to entries: it alone writes the journal.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use model::outcome::EntryRecord;

use crate::journal::records::JobRecord;
use crate::journal::{Journal, JournalError};
use crate::progress::Progress;
use crate::stop::{Halt, Stop};

/// How long an outcome may wait for its fsync. What a crash of the host takes back is done again.
const SYNC_EVERY: Duration = Duration::from_millis(500);

/// Notes that may wait for the recorder.
const NOTES: usize = 1024;

/// Something the journal has to know.
enum Note<R> {
    /// In its time.
    Usual(R),
    /// Now: answered once it is on disk.
    Urgent(R, Sender<()>),
}

/// The way to the recorder, for every thread that has something to note. What a kind of job notes beside entries
/// is its own affair.
pub(crate) struct Notes<R>(Sender<Note<R>>);

impl<R> Clone for Notes<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// The recorder has ended, and with it the run.
#[derive(Debug)]
pub(crate) struct RecorderGone;

impl<R: JobRecord> Notes<R> {
    /// Notes the outcome of an entry.
    ///
    /// # Errors
    /// [`RecorderGone`], as all of these.
    pub(crate) fn entry(&self, record: EntryRecord) -> Result<(), RecorderGone> {
        self.note(record.into())
    }

    /// Notes a record, which is on disk soon.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(crate) fn note(&self, record: R) -> Result<(), RecorderGone> {
        self.0.send(Note::Usual(record)).map_err(|_| RecorderGone)
    }

    /// Notes a record, and returns when it is on disk.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(crate) fn note_now(&self, record: R) -> Result<(), RecorderGone> {
        let (done, wait) = crossbeam_channel::bounded(1);
        self.0
            .send(Note::Urgent(record, done))
            .map_err(|_| RecorderGone)?;
        wait.recv().map_err(|_| RecorderGone)
    }
}

/// Writes what it is told, until nobody is left to tell it anything.
pub(crate) struct Recorder<'a, R> {
    journal: Journal<R>,
    progress: &'a Progress,
    notes: Receiver<Note<R>>,
}

impl<'a, R: JobRecord> Recorder<'a, R> {
    /// A recorder and the way to it.
    #[must_use]
    pub(crate) fn new(journal: Journal<R>, progress: &'a Progress) -> (Self, Notes<R>) {
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

    /// Runs until the last [`Notes`] is dropped; everything is on disk then. If the journal fails
    /// the run is stopped, for nothing more can be promised.
    pub(crate) fn run(mut self, stop: &Stop) {
        if let Err(error) = self.write() {
            stop.halt(Halt::Journal(error));
            // Notes that wait in the queue hold on to those who wait for their answer.
            self.notes.iter().for_each(drop);
        }
    }

    fn write(&mut self) -> Result<(), JournalError> {
        let mut unsynced_since: Option<Instant> = None;
        loop {
            let wait = unsynced_since.map_or(SYNC_EVERY, |since| {
                SYNC_EVERY.saturating_sub(since.elapsed())
            });
            match self.notes.recv_timeout(wait) {
                Ok(Note::Usual(record)) => {
                    self.journal.append(&record)?;
                    unsynced_since.get_or_insert_with(Instant::now);
                    if let Some(record) = record.entry() {
                        self.progress.count(record);
                    }
                    // While others wait their records share one write.
                    if self.notes.is_empty() {
                        self.journal.write()?;
                    }
                }
                Ok(Note::Urgent(record, done)) => {
                    self.journal.append(&record)?;
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::*;
    use crate::journal::file::{Disk, LogFile, LogFiles};
    use crate::journal::records::export::ExportRecord;
    use model::ids::JobId;

    /// A disk that is full once a journal has begun.
    struct Full;

    struct FullFile(Box<dyn LogFile>, u32);

    impl LogFiles for Full {
        fn open(&self, path: &Path, beginning: &[u8]) -> io::Result<Box<dyn LogFile>> {
            Ok(Box::new(FullFile(Disk.open(path, beginning)?, 1)))
        }
    }

    impl LogFile for FullFile {
        fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
            if self.1 == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.1 -= 1;
            self.0.append(bytes)
        }

        fn sync(&mut self) -> io::Result<()> {
            self.0.sync()
        }

        fn cut(&mut self, length: u64) -> io::Result<()> {
            self.0.cut(length)
        }
    }

    /// Many wait for an answer at once when the disk fills up: all of them hear of it.
    #[test]
    fn nobody_waits_for_a_journal_that_failed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let job = JobId::new("ABCDE").unwrap();
        let journal = Journal::open(&Full, &path, job, &mut |_, _| Ok(())).unwrap();
        let (progress, stop) = (Progress::default(), Stop::default());
        let (recorder, notes) = Recorder::new(journal, &progress);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                let notes = notes.clone();
                let full = || ExportRecord::Full { ordinal: 1 };
                scope.spawn(move || while notes.note_now(full()).is_ok() {});
            }
            drop(notes);
            recorder.run(&stop);
        });
        assert!(matches!(stop.take_reason(), Some(Halt::Journal(_))));
    }
}
