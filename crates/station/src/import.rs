//! The import: walk, plan, read, put, record.
//!
//! ```text
//!           device order      take budget, then read + hash in one pass            one consumer
//!  walk ─► plan ─► [ readers ] ─────────── bodies ───────────► [ putters ] ─notes─► recorder
//! ```
//!
//! The executor holds no policy: what becomes of an entry is decided by [`model::plan`].

use std::ops::ControlFlow;

use crossbeam_channel::{Receiver, Sender, bounded};
use model::entry::{Entry, EntryKind};
use model::ids::{JobId, ObjectKey};
use model::manifest::S3Import;
use model::naming;
use model::outcome::{Failure, Outcome};
use model::plan::{self, Item};
use model::time::Clock;
use objects::Bucket;
use objects::upload::UploadId;

use crate::budget::Budget;
use crate::index::{Claims, Index};
use crate::journal::{Journal, JournalError, Record};
use crate::logfile::LogFiles;
use crate::progress::Progress;
use crate::reader::Reader;
use crate::recorder::Recorder;
use crate::run::{Run, Work};
use crate::settings::Settings;
use crate::stop::{Halt, Stop};
use crate::tree::{Found, Tree};
use crate::upload::Put;

/// Files that may wait for a reader.
const WORK_AHEAD: usize = 256;

/// What an import needs.
pub struct Import<'a> {
    /// The job.
    pub job: JobId,
    /// The device.
    pub tree: &'a dyn Tree,
    /// Where its files go.
    pub bucket: &'a dyn Bucket,
    /// How.
    pub rules: &'a S3Import,
    /// How hard.
    pub settings: Settings,
    /// Where the report will go: the key that is tried when the store refuses another.
    pub log_key: &'a ObjectKey,
    /// Where the journal is written.
    pub logs: &'a dyn LogFiles,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Who wants to look.
    pub progress: &'a Progress,
    /// Who may end it.
    pub stop: &'a Stop,
}

impl Import<'_> {
    /// Runs until every entry has its outcome in the journal, or until something stops it. An
    /// earlier attempt's journal in `folder` is gone on with.
    ///
    /// # Errors
    /// [`JournalError`] if the journal cannot be opened. Everything later is told through the
    /// [`Stop`].
    pub fn run(&self, folder: &std::path::Path) -> Result<(), JournalError> {
        let mut uploads = Vec::new();
        let journal_path = folder.join("journal");
        let journal = Journal::open(self.logs, &journal_path, self.job, &mut |_, record| {
            if let Record::Intent { key, upload } = record {
                uploads.push((key, UploadId::new(upload)));
            }
            Ok(())
        })?;
        let index = Index::create(&folder.join("index"))?;
        index.fill(&journal_path)?;
        self.abandon(&uploads);
        self.execute(journal, &index);
        Ok(())
    }

    /// Drops what an earlier attempt left half-sent. An upload that was completed is not there any
    /// more, and abandoning it changes nothing.
    fn abandon(&self, uploads: &[(ObjectKey, UploadId)]) {
        for (key, upload) in uploads {
            if let Err(error) = self.bucket.abort(key, upload) {
                tracing::warn!(%key, %upload, %error, "upload of an earlier attempt left open");
            }
        }
    }

    fn execute(&self, journal: Journal, index: &Index) {
        let (recorder, notes) = Recorder::new(journal, self.progress);
        let (puts, put_queue) = bounded(self.settings.parallel_puts);
        let (work, work_queue) = bounded(WORK_AHEAD);
        let run = Run {
            tree: self.tree,
            bucket: self.bucket,
            rules: self.rules,
            settings: self.settings,
            log_key: self.log_key,
            clock: self.clock,
            progress: self.progress,
            stop: self.stop,
            budget: Budget::new(self.settings.memory_bytes),
            notes,
        };
        std::thread::scope(|scope| {
            let stop = self.stop;
            scope.spawn(move || {
                if let Err(error) = recorder.run() {
                    stop.halt(Halt::Journal(error));
                }
            });
            for _ in 0..self.settings.parallel_puts {
                let (run, queue): (_, Receiver<Put>) = (run.clone(), put_queue.clone());
                scope.spawn(move || queue.iter().for_each(|put| run.carry_out(put)));
            }
            for _ in 0..self.settings.read_threads {
                let reader = Reader {
                    run: run.clone(),
                    puts: puts.clone(),
                };
                let queue: Receiver<Work> = work_queue.clone();
                scope.spawn(move || queue.iter().for_each(|work| reader.read(work)));
            }
            // Each queue closes when the last of those who fill it is gone.
            drop((puts, put_queue, work_queue));
            scope.spawn(|| scout(self.tree, self.progress, self.stop));
            Planner {
                run,
                work,
                index,
                claims: index.claims(),
            }
            .plan();
        });
    }
}

/// Counts what is on the device, ahead of the work, so that those who look know how much there is.
/// Reads names and sizes only, which the planner's own walk then finds in memory.
fn scout(tree: &dyn Tree, progress: &Progress, stop: &Stop) {
    let walked = tree.walk(&mut |found| {
        progress.found(found.map_or(0, |entry| size(&entry)));
        if stop.is_set() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    // A device that is gone is the planner's affair.
    if walked.is_ok() && !stop.is_set() {
        progress.found_all();
    }
}

fn size(entry: &Entry) -> u64 {
    match entry.kind {
        EntryKind::File { bytes } => bytes,
        EntryKind::SymbolicLink | EntryKind::Special => 0,
    }
}

/// Turns the walk into work, in the device's order.
struct Planner<'a> {
    run: Run<'a>,
    work: Sender<Work>,
    index: &'a Index,
    claims: Claims<'a>,
}

impl Planner<'_> {
    fn plan(mut self) {
        let tree = self.run.tree;
        let walked = tree.walk(&mut |found| match self.take(found) {
            Ok(()) if !self.run.stop.is_set() => ControlFlow::Continue(()),
            Ok(()) => ControlFlow::Break(()),
            Err(error) => {
                self.run.stop.halt(Halt::Journal(error));
                ControlFlow::Break(())
            }
        });
        if let Err(gone) = walked {
            self.run.stop.halt(Halt::Device(gone));
        }
    }

    fn take(&mut self, found: Found) -> Result<(), JournalError> {
        match found {
            Ok(entry) => self.entry(&entry),
            Err(bad) => {
                self.run
                    .fail(&bad.path, 0, Failure::unreadable(bad.reason, None));
                Ok(())
            }
        }
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), JournalError> {
        let size = size(entry);
        match plan::import_item(self.run.rules, entry) {
            Item::Ignore(rule) => self.run.note(&entry.path, size, Outcome::Ignored { rule }),
            Item::Fail(failure) => self.run.fail(&entry.path, size, failure),
            Item::Load { key, bytes } => self.load(entry, key, bytes)?,
        }
        Ok(())
    }

    fn load(&mut self, entry: &Entry, key: ObjectKey, bytes: u64) -> Result<(), JournalError> {
        let path = &entry.path;
        if self.is_of_the_report(&key) {
            self.run.fail(path, bytes, Failure::reserved(key));
            return Ok(());
        }
        if naming::may_collide(self.run.rules) && !self.claims.claim(&key, path)? {
            self.run.fail(path, bytes, Failure::collision(key));
            return Ok(());
        }
        if self.index.stored(path)? == Some(bytes) {
            self.run.progress.resumed(bytes);
            return Ok(());
        }
        let work = Work {
            path: path.clone(),
            key,
            bytes,
            modified: entry.modified,
        };
        // The queue is closed only when every reader has ended, and then the run has stopped.
        let _stopped = self.work.send(work);
        Ok(())
    }

    fn is_of_the_report(&self, key: &ObjectKey) -> bool {
        let rules = self.run.rules;
        key == self.run.log_key && rules.bucket == rules.common.log_bucket
    }
}
