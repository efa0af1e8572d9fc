//! The one consumer of everything that happens to entries: it alone writes the journal.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use model::outcome::{EntryRecord, Stored};
use objectstore::upload::{PartNumber, PartReceipt, UploadId};

use crate::image::Step;
use crate::import::resume::Unfinished;
use crate::journal::{IntentFile, Journal, JournalError, ReceiptRecord, Record};
use crate::pipeline::hash_state::{Mark, Sums};
use crate::progress::Progress;
use crate::stop::{Halt, Stop};

/// How long an outcome may wait for its fsync. What a crash of the host takes back is done again.
const SYNC_EVERY: Duration = Duration::from_millis(500);

/// Notes that may wait for the recorder.
const NOTES: usize = 1024;

/// Something the journal has to know.
enum Note {
    /// In its time.
    Usual(Record),
    /// Now: answered once it is on disk.
    Urgent(Record, Sender<()>),
}

/// The way to the recorder, for every thread that has something to note.
#[derive(Clone)]
pub(crate) struct Notes(Sender<Note>);

/// The recorder has ended, and with it the run.
#[derive(Debug)]
pub(crate) struct RecorderGone;

impl Notes {
    /// Notes the outcome of an entry.
    ///
    /// # Errors
    /// [`RecorderGone`], as all of these.
    pub(crate) fn entry(&self, record: EntryRecord) -> Result<(), RecorderGone> {
        self.usual(Record::Entry(record))
    }

    /// Notes that an upload was begun, and returns when that is on disk.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(crate) fn intent(&self, upload: &Unfinished) -> Result<(), RecorderGone> {
        self.urgent(Record::Intent {
            key: upload.key.clone(),
            upload: upload.upload.as_str().to_owned(),
            file: Some(IntentFile::from(upload)),
        })
    }

    /// Notes that the store confirmed a part.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(crate) fn part(
        &self,
        upload: &UploadId,
        receipt: &PartReceipt,
    ) -> Result<(), RecorderGone> {
        self.usual(Record::Part {
            upload: upload.as_str().to_owned(),
            receipt: ReceiptRecord::from(receipt),
        })
    }

    /// Notes the sums of a whole file up to the end of a part.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(crate) fn hashed(
        &self,
        upload: &UploadId,
        number: PartNumber,
        mark: Mark,
    ) -> Result<(), RecorderGone> {
        self.usual(Record::Hashed {
            upload: upload.as_str().to_owned(),
            number: number.get().into(),
            mark: mark.into(),
        })
    }

    /// Notes how far the file `ordinal` of an export is on the device.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(crate) fn written(&self, ordinal: u64, etag: &str, mark: Mark) -> Result<(), RecorderGone> {
        self.usual(Record::Written {
            ordinal,
            etag: etag.to_owned(),
            mark: mark.into(),
        })
    }

    /// Notes that nothing of the file `ordinal` of an export is on the device, and returns when that
    /// is on disk.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(crate) fn forget_written(&self, ordinal: u64, etag: &str) -> Result<(), RecorderGone> {
        let mark = Sums::new(None).and_then(|sums| sums.mark());
        match mark {
            Some(mark) => self.urgent(Record::Written {
                ordinal,
                etag: etag.to_owned(),
                mark: mark.into(),
            }),
            // Nothing was hashed yet, so no block is open.
            None => Err(RecorderGone),
        }
    }

    /// Notes that the device is full, and returns when that is on disk.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(crate) fn full(&self, ordinal: u64) -> Result<(), RecorderGone> {
        self.urgent(Record::Full { ordinal })
    }

    /// Notes what an upload is about to become, and returns when that is on disk.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(crate) fn review(&self, upload: &UploadId, stored: &Stored) -> Result<(), RecorderGone> {
        self.urgent(Record::Review {
            upload: upload.as_str().to_owned(),
            stored: stored.clone(),
        })
    }

    /// Notes a step of an image.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(crate) fn step(&self, step: Step) -> Result<(), RecorderGone> {
        self.usual(Record::Image(step))
    }

    /// Notes a step of an image, and returns when that is on disk.
    ///
    /// # Errors
    /// [`RecorderGone`].
    pub(crate) fn step_now(&self, step: Step) -> Result<(), RecorderGone> {
        self.urgent(Record::Image(step))
    }

    fn usual(&self, record: Record) -> Result<(), RecorderGone> {
        self.0.send(Note::Usual(record)).map_err(|_| RecorderGone)
    }

    fn urgent(&self, record: Record) -> Result<(), RecorderGone> {
        let (done, wait) = crossbeam_channel::bounded(1);
        self.0
            .send(Note::Urgent(record, done))
            .map_err(|_| RecorderGone)?;
        wait.recv().map_err(|_| RecorderGone)
    }
}

/// Writes what it is told, until nobody is left to tell it anything.
pub(crate) struct Recorder<'a> {
    journal: Journal,
    progress: &'a Progress,
    notes: Receiver<Note>,
}

impl<'a> Recorder<'a> {
    /// A recorder and the way to it.
    #[must_use]
    pub(crate) fn new(journal: Journal, progress: &'a Progress) -> (Self, Notes) {
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
                    if let Record::Entry(record) = &record {
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
        let stored = Stored {
            key: model::ids::ObjectKey::new("k").unwrap(),
            md5: String::new(),
            sha256: String::new(),
            etag: String::new(),
            content_type: String::new(),
            parts: 1,
            read_back: false,
        };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                let (notes, stored) = (notes.clone(), &stored);
                scope.spawn(
                    move || {
                        while notes.review(&UploadId::new("u"), stored).is_ok() {}
                    },
                );
            }
            drop(notes);
            recorder.run(&stop);
        });
        assert!(matches!(stop.take_reason(), Some(Halt::Journal(_))));
    }
}
