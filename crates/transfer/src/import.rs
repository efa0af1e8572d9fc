//! The import: walk, plan, read, put, record.
//!
//! ```text
//!           device order      take budget, then read                                     one consumer
//!  walk ─► plan ─► [ readers ] ── small files, hashed in batches ──► [ putters ] ─notes─► recorder
//!                        └─ blocks of large files ─► [ hashing ] ── parts ─┘
//! ```
//!
//! The executor holds no policy: what becomes of an entry is decided by [`model::plan`].

mod found;
pub(crate) mod holdings;
pub(crate) mod looking;
mod notes;
mod opening;
mod planner;
pub(crate) mod put;
pub(crate) mod putter;
pub(crate) mod read_back;
pub(crate) mod reader;
pub(crate) mod recount;
pub(crate) mod resume;
pub(crate) mod ring;
mod rounds;
pub(crate) mod run;
mod source;
mod taken;
pub(crate) mod takeover;
pub(crate) mod upload;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};
use model::entry::EntryPath;
use model::ids::{JobId, ObjectKey};
use model::manifest::S3Import;
use model::naming;
use model::progress::LogLocation;
use model::proof::Attempt;
use model::report::{self, Keys};
use model::time::{Clock, Timestamp};
use model::without::Without;
use objectstore::Bucket;
use objectstore::upload::UploadId;

use crate::import::holdings::{Holdings, MissingBucket};
use crate::import::looking::Question;
use crate::import::planner::Planner;
use crate::import::put::{PartPut, Put};
use crate::import::reader::Reader;
use crate::import::recount::recount;
use crate::import::resume::{Unfinished, Uploads};
use crate::import::ring::Ring;
use crate::import::rounds::{Anew, Aside, Round, SetAside};
use crate::import::run::{Run, Told, Work};
use crate::import::takeover::Era;
use crate::import::upload::Large;
use crate::journal::file::LogFiles;
use crate::journal::index::{Filling, Index, Keep};
use crate::journal::recorder::Recorder;
use crate::journal::records::import::ImportRecord;
use crate::journal::{self, Journal, JournalError};
use crate::pipeline::doubt::ReadingDoubt;
use crate::pipeline::hashing::{HashEvent, Hashed, RunHashing};
use crate::progress::Progress;
use crate::report::map;
use crate::resources::Resources;
use crate::settings::Settings;
use crate::stop::{Halt, Stop};
use disks::tree::Tree;
use disks::turns::Turns;

/// Files that may wait for a reader.
const WORK_AHEAD: usize = 256;

/// What an import needs.
pub struct Import<'a> {
    /// The job.
    pub job: JobId,
    /// Which attempt at it this is, and what its store was found to do.
    pub attempt: &'a Attempt,
    /// When the first attempt at it began, if the server says so: since when objects and uploads may be the job's own.
    pub begun: Option<Timestamp>,
    /// The device.
    pub tree: &'a dyn Tree,
    /// Where it has the SIGNATURE of a device, which is left out. In a folder that was never signed it is a file like
    /// any other.
    pub signed: &'a [EntryPath],
    /// Where its files go.
    pub bucket: &'a dyn Bucket,
    /// How.
    pub rules: &'a S3Import,
    /// How hard.
    pub settings: Settings,
    /// What it shares with other runs of the process.
    pub resources: &'a Resources,
    /// Where the report will go: no file of the device may have its place, and its key is tried when
    /// the store refuses another.
    pub log: &'a LogLocation,
    /// Where the journal is written.
    pub logs: &'a dyn LogFiles,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Who wants to look.
    pub progress: &'a Progress,
    /// Who may end it.
    pub stop: &'a Stop,
    /// That nothing more is loaded, and why: what is not stored fails with the code of that.
    pub without: Option<&'a Without>,
}

impl Import<'_> {
    /// Runs until every entry has its outcome in the journal, or until something stops it. An
    /// earlier attempt's journal in `folder` is gone on with. What the device has not given is asked for again when
    /// everything else is stored.
    ///
    /// # Errors
    /// [`JournalError`] if the journal cannot be opened. Everything later is told through the
    /// [`Stop`].
    pub fn run(&self, folder: &Path) -> Result<(), JournalError> {
        let told = Told::default();
        let (mut round, anew) = (Round::FIRST, Anew::default());
        while let Some(waiting) = self.round(folder, round, &anew, &told)? {
            self.prepare_for(waiting);
            if self.stop.is_set() {
                break;
            }
            round = round.next();
        }
        told.in_all();
        if self.stop.is_canceled() {
            // No attempt follows that could go on with what is half-sent.
            self.drop_open(&folder.join("journal"))?;
        }
        if !self.stop.is_set() {
            holdings::forget(folder);
            let map = map::keep(folder, self.tree.map().as_deref());
            map.map_err(|source| JournalError::Io {
                path: folder.to_owned(),
                source,
            })?;
        }
        Ok(())
    }

    /// Prepares the next round, for which so many files wait.
    fn prepare_for(&self, waiting: SetAside) {
        let SetAside { unread, unsent } = waiting;
        if unsent > 0 {
            tracing::info!(
                files = unsent,
                "set aside: what another host sent of them is of no use"
            );
        }
        if unread == 0 {
            return;
        }
        tracing::info!(
            files = unread,
            "set aside: the device is asked again for them"
        );
        if let Err(gone) = self.tree.retry(&|| self.stop.is_set()) {
            self.stop.halt(Halt::Device(gone));
        }
    }

    /// Goes over all that is left. Gives how many files wait for the next round, if any do and nothing stops the run.
    fn round(
        &self,
        folder: &Path,
        round: Round,
        anew: &Anew,
        told: &Told,
    ) -> Result<Option<SetAside>, JournalError> {
        let index = Index::create(&folder.join("index"))?;
        let names = &self.attempt.store.key_space;
        let may_collide = naming::may_collide(self.rules) || names.may_merge();
        let mut filling = index.filling(match may_collide {
            true => Keep::EntriesAndKeys(names.clone()),
            false => Keep::Entries,
        })?;
        let (mut uploads, mut begins) = (Uploads::default(), 0);
        let path = folder.join("journal");
        let mut journal = Journal::open(self.logs, &path, self.job, &mut |offset, record| {
            if let ImportRecord::Attempt(_) = record {
                begins = offset;
            }
            file(&mut filling, offset, &record)?;
            uploads.replay(record);
            Ok(())
        })?;
        filling.finish()?;
        let (unfinished, stale) = uploads.into_parts();
        if round.is_first() {
            journal.append(&self.attempt.clone().into())?;
            journal.sync()?;
        }
        self.drop_stale(&stale);
        let aside = Aside::of(round, anew);
        match self.look(folder, &path, &index) {
            Ok(holdings) => {
                let left = Left {
                    index: &index,
                    awaits_any: index.awaits_any()?,
                    unfinished,
                    holdings: &holdings,
                    round: round.since(begins),
                };
                self.execute(journal, left, &aside, told);
            }
            Err(Halt::Journal(error)) => return Err(error),
            Err(halt) => self.stop.halt(halt),
        }
        Ok(aside.waiting().filter(|_| !self.stop.is_set()))
    }

    /// Finds out what the bucket holds, and what of it earlier attempts have stored.
    fn look(&self, folder: &Path, journal: &Path, index: &Index) -> Result<Holdings, Halt> {
        // Substitutions reach into the prefix too: then nothing is common to all keys.
        let prefix = match self.rules.substitutions.is_empty() {
            true => self.rules.prefix.as_str(),
            false => "",
        };
        let missing = match self.without {
            Some(_) => MissingBucket::IsEmpty,
            None => MissingBucket::Stops,
        };
        let holdings = Holdings::look(
            folder,
            self.bucket,
            (prefix, missing),
            self.earlier(),
            self.stop,
        )?;
        let parallel = self.settings.parallel;
        recount(index, journal, &holdings, self.bucket, parallel, self.stop)?;
        Ok(holdings)
    }

    fn drop_open(&self, journal: &Path) -> Result<(), JournalError> {
        let mut uploads = Uploads::default();
        journal::scan(journal, &mut |_, record| {
            uploads.replay(record);
            Ok(())
        })?;
        self.drop_stale(&uploads.into_all());
        Ok(())
    }

    /// Abandons uploads of an earlier attempt that cannot be gone on with. One that was completed
    /// is not there any more, and abandoning it changes nothing.
    fn drop_stale(&self, stale: &[(ObjectKey, UploadId)]) {
        for (key, upload) in stale {
            if let Err(error) = self.bucket.abort(key, upload) {
                tracing::warn!(%key, %upload, %error, "upload of an earlier attempt left open");
            }
        }
    }

    fn earlier(&self) -> Option<Era> {
        Era::before(self.attempt, self.begun)
    }

    fn report_keys(&self) -> Option<Keys> {
        (self.log.bucket == self.rules.bucket).then(|| report::keys(self.log))
    }

    fn execute(
        &self,
        journal: Journal<ImportRecord>,
        left: Left<'_>,
        aside: &Aside<'_>,
        told: &Told,
    ) {
        let (recorder, notes) = Recorder::new(journal, self.progress);
        let (puts, put_queue) = bounded(self.settings.parallel);
        let (work, work_queue) = bounded(WORK_AHEAD.max(self.tree.reads_ahead()));
        let doubt = ReadingDoubt::default();
        let (questions, question_queue) = bounded(WORK_AHEAD);
        let run = Run {
            tree: self.tree,
            bucket: self.bucket,
            rules: self.rules,
            settings: self.settings,
            store: &self.attempt.store,
            read_back: self.attempt.read_back,
            earlier: self.earlier(),
            log_key: &self.log.key,
            clock: self.clock,
            progress: self.progress,
            stop: self.stop,
            memory: self.resources.memory(self.stop),
            cores: self.resources.hashing(),
            notes,
            doubt: &doubt,
            aside,
            told,
            without: self.without,
        };
        let (cores, buffers) = (self.resources.hashing(), self.resources.buffers());
        let (hashing, hashed) = RunHashing::<Large>::join(cores, self.stop);
        let turns = self.tree.is_rotational().then(Turns::default);
        let ring = Ring::new(match &turns {
            // Which reads one at a time, and each for long.
            Some(_) => self.settings.read_threads,
            None => ring::FILES.max(self.settings.read_threads),
        });
        std::thread::scope(|scope| {
            let stop = self.stop;
            scope.spawn(move || recorder.run(stop));
            for _ in 0..self.settings.parallel {
                let (run, queue): (_, Receiver<Put>) = (run.clone(), put_queue.clone());
                scope.spawn(move || queue.iter().for_each(|put| run.carry_out(put)));
            }
            for _ in 0..self.settings.parallel {
                let (run, work): (_, Sender<Work>) = (run.clone(), work.clone());
                let queue: Receiver<Question> = question_queue.clone();
                scope.spawn(move || run.look(&queue, &work));
            }
            // What comes out of hashing may wait for the store, and hashing for nobody.
            for _ in 0..cores.threads() {
                let (run, puts, hashed) = (run.clone(), puts.clone(), hashed.clone());
                let hashing = &hashing;
                scope.spawn(move || {
                    hashing.attend(&hashed, |event| match event {
                        // The putters are gone only when the run is over.
                        HashEvent::Own(own) => {
                            drop(PartPut::of(own).map(|part| puts.send(Put::Part(part))));
                        }
                        HashEvent::Whole(hashed) => {
                            let Hashed {
                                file,
                                block,
                                checkpoint,
                            } = hashed;
                            file.hashed(&run, block.number, checkpoint);
                        }
                    });
                });
            }
            let readers: Vec<_> = (0..self.settings.read_threads)
                .map(|_| {
                    let reader = Reader {
                        run: run.clone(),
                        hashing: &hashing,
                        buffers: Arc::clone(&buffers),
                        ring: &ring,
                        turns: turns.as_ref(),
                        puts: puts.clone(),
                    };
                    let queue: Receiver<Work> = work_queue.clone();
                    scope.spawn(move || reader.work(&queue))
                })
                .collect();
            // Each queue closes when the last of those who fill it is gone.
            drop((puts, put_queue, work_queue, question_queue));
            match self.tree.totals() {
                _ if !left.round.is_first() => {}
                Some(totals) => self.progress.found_before(totals.entries, totals.bytes),
                None => drop(scope.spawn(|| scout(self.tree, self.progress, self.stop))),
            }
            Planner {
                run: run.clone(),
                work,
                questions,
                index: left.index,
                holdings: left.holdings,
                claims: left.index.claims(),
                unfinished: left.unfinished,
                awaits_any: left.awaits_any,
                round: left.round,
                signed: self.signed,
                reports: self.report_keys(),
            }
            .plan();
            for reader in readers {
                // A reader that panicked takes the whole scope with it.
                let _its_panic_is_told_by_the_scope = reader.join();
            }
            run.settle();
            drop(run);
            hashing.close();
        });
    }
}

/// What is left to do, as journal and bucket tell it.
struct Left<'a> {
    index: &'a Index,
    /// Whether there is anything that earlier attempts have not loaded, and that is to be met.
    awaits_any: bool,
    unfinished: HashMap<EntryPath, Unfinished>,
    holdings: &'a Holdings,
    round: Round,
}

/// Files what a record of the journal says of a file.
fn file(filling: &mut Filling, offset: u64, record: &ImportRecord) -> Result<(), JournalError> {
    match record {
        ImportRecord::Entry(record) => filling.take(offset, record),
        ImportRecord::Intent {
            file: Some(file), ..
        } => match file.path() {
            Some(path) => filling.begun(&path, file.bytes),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Counts what is on the device, ahead of the work, so that those who look know how much there is.
/// Reads names and sizes only, which the planner's own walk then finds in memory.
fn scout(tree: &dyn Tree, progress: &Progress, stop: &Stop) {
    let walked = tree.walk(&mut |found| {
        progress.found(found.map_or_else(|bad| bad.bytes, |entry| entry.bytes()));
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
