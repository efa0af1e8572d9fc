//! The import: walk, plan, read, put, record.
//!
//! ```text
//!           device order      take budget, then read                                     one consumer
//!  walk ─► plan ─► [ readers ] ── small files, hashed in batches ──► [ putters ] ─notes─► recorder
//!                        └─ blocks of large files ─► [ hashing ] ── parts ─┘
//! ```
//!
//! The executor holds no policy: what becomes of an entry is decided by [`model::plan`].

pub(crate) mod holdings;
pub(crate) mod looking;
mod notes;
pub(crate) mod putter;
pub(crate) mod read_back;
pub(crate) mod reader;
pub(crate) mod recount;
pub(crate) mod resume;
pub(crate) mod ring;
pub(crate) mod run;
mod taken;
pub(crate) mod upload;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};
use model::entry::{Entry, EntryKind, EntryPath};
use model::ids::{JobId, ObjectKey};
use model::key_space::Fate;
use model::manifest::S3Import;
use model::naming;
use model::outcome::{Changed, Failure, IgnoreRule, Outcome};
use model::plan::{self, Item};
use model::progress::LogLocation;
use model::proof::Attempt;
use model::readable;
use model::report::{self, Keys};
use model::time::Clock;
use objectstore::upload::UploadId;
use objectstore::{Bucket, probe};

use crate::import::holdings::{Held, Holdings};
use crate::import::looking::Question;
use crate::import::reader::Reader;
use crate::import::recount::recount;
use crate::import::resume::{Unfinished, Uploads};
use crate::import::ring::Ring;
use crate::import::run::{Before, Keeps, Run, Told, Work};
use crate::import::upload::{Large, PartPut, Put};
use crate::journal::file::LogFiles;
use crate::journal::index::{Awaited, Claims, Filling, Index, Keep, StoredFile};
use crate::journal::recorder::Recorder;
use crate::journal::records::import::ImportRecord;
use crate::journal::{self, Journal, JournalError};
use crate::pipeline::doubt::Doubt;
use crate::pipeline::hashing::{HashEvent, Hashed, RunHashing};
use crate::pipeline::turns::Turns;
use crate::progress::Progress;
use crate::resources::Resources;
use crate::settings::{Existing, Settings, Unchanged};
use crate::stop::{Halt, Stop};
use disks::tree::{Tree, Walked};

/// Files that may wait for a reader.
const WORK_AHEAD: usize = 256;

/// Characters of a link's target that are kept: it may have 4,095, and a disk millions of links.
const TARGET: usize = 200;

/// What an import needs.
pub struct Import<'a> {
    /// The job.
    pub job: JobId,
    /// Which attempt at it this is, and what its store was found to do.
    pub attempt: &'a Attempt,
    /// The device.
    pub tree: &'a dyn Tree,
    /// Whether `SIGNATURE` in its root is that of a device, which is left out. In a folder that was
    /// never signed it is a file like any other.
    pub is_signed: bool,
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
}

impl Import<'_> {
    /// Runs until every entry has its outcome in the journal, or until something stops it. An
    /// earlier attempt's journal in `folder` is gone on with.
    ///
    /// # Errors
    /// [`JournalError`] if the journal cannot be opened. Everything later is told through the
    /// [`Stop`].
    pub fn run(&self, folder: &Path) -> Result<(), JournalError> {
        let index = Index::create(&folder.join("index"))?;
        let names = &self.attempt.store.key_space;
        let may_collide = naming::may_collide(self.rules) || names.may_merge();
        let mut filling = index.filling(match may_collide {
            true => Keep::EntriesAndKeys(names.clone()),
            false => Keep::Entries,
        })?;
        let mut uploads = Uploads::default();
        let path = folder.join("journal");
        let mut journal = Journal::open(self.logs, &path, self.job, &mut |offset, record| {
            file(&mut filling, offset, &record)?;
            uploads.replay(record);
            Ok(())
        })?;
        filling.finish()?;
        let (unfinished, stale) = uploads.into_parts();
        journal.append(&self.attempt.clone().into())?;
        journal.sync()?;
        self.drop_stale(&stale);
        match self.look(folder, &path, &index) {
            Ok(holdings) => {
                let awaits_any = index.awaits_any()?;
                self.execute(journal, &index, (unfinished, awaits_any), &holdings);
            }
            Err(Halt::Journal(error)) => return Err(error),
            Err(halt) => self.stop.halt(halt),
        }
        if self.stop.is_canceled() {
            // No attempt follows that could go on with what is half-sent.
            self.drop_open(&path)?;
        }
        if !self.stop.is_set() {
            holdings::forget(folder);
        }
        Ok(())
    }

    /// Finds out what the bucket holds, and what of it earlier attempts have stored.
    fn look(&self, folder: &Path, journal: &Path, index: &Index) -> Result<Holdings, Halt> {
        // Substitutions reach into the prefix too: then nothing is common to all keys.
        let prefix = match self.rules.substitutions.is_empty() {
            true => self.rules.prefix.as_str(),
            false => "",
        };
        let holdings = Holdings::look(folder, self.bucket, prefix, self.stop)?;
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

    fn report_keys(&self) -> Option<Keys> {
        (self.log.bucket == self.rules.bucket).then(|| report::keys(self.log))
    }

    fn execute(
        &self,
        journal: Journal<ImportRecord>,
        index: &Index,
        (unfinished, awaits_any): (HashMap<EntryPath, Unfinished>, bool),
        holdings: &Holdings,
    ) {
        let (recorder, notes) = Recorder::new(journal, self.progress);
        let (puts, put_queue) = bounded(self.settings.parallel);
        let (work, work_queue) = bounded(WORK_AHEAD);
        let (doubt, told) = (Doubt::default(), Told::default());
        let (questions, question_queue) = bounded(WORK_AHEAD);
        let run = Run {
            tree: self.tree,
            bucket: self.bucket,
            rules: self.rules,
            settings: self.settings,
            store: &self.attempt.store,
            read_back: self.attempt.read_back,
            is_later_attempt: self.attempt.number > 1,
            log_key: &self.log.key,
            clock: self.clock,
            progress: self.progress,
            stop: self.stop,
            memory: self.resources.memory(self.stop),
            cores: self.resources.hashing(),
            notes,
            doubt: &doubt,
            told: &told,
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
                Some(totals) => self.progress.found_before(totals.entries, totals.bytes),
                None => drop(scope.spawn(|| scout(self.tree, self.progress, self.stop))),
            }
            Planner {
                run: run.clone(),
                work,
                questions,
                index,
                holdings,
                claims: index.claims(),
                unfinished,
                awaits_any,
                is_signed: self.is_signed,
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
        told.in_all();
    }
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

/// Turns the walk into work, in the device's order.
struct Planner<'a> {
    run: Run<'a>,
    work: Sender<Work>,
    questions: Sender<Question>,
    index: &'a Index,
    holdings: &'a Holdings,
    claims: Claims<'a>,
    unfinished: HashMap<EntryPath, Unfinished>,
    /// Whether there is anything that earlier attempts have not loaded, and that is to be met.
    awaits_any: bool,
    is_signed: bool,
    /// What the reports are called, where they go into the bucket of the import.
    reports: Option<Keys>,
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
        match walked {
            Err(gone) => self.run.stop.halt(Halt::Device(gone)),
            Ok(()) if !self.run.stop.is_set() => {
                self.drop_orphans();
                if let Err(error) = self.tell_missed() {
                    self.run.stop.halt(Halt::Journal(error));
                }
            }
            Ok(()) => {}
        }
    }

    /// Tells of files that earlier attempts have stored, and that neither bucket nor device have any more,
    /// and of those that they have not stored, and that the device does not have any more.
    fn tell_missed(&mut self) -> Result<(), JournalError> {
        self.claims.settle()?;
        let run = &self.run;
        self.index
            .for_each_lost(&mut |path| run.missed(&Awaited::lost(path)))?;
        self.index.for_each_awaited(&mut |file| run.missed(&file))
    }

    /// Abandons uploads of files that are not on the device any more.
    fn drop_orphans(&mut self) {
        for (_, orphan) in self.unfinished.drain() {
            let dropped = self.run.drop_upload(&orphan.key, &orphan.upload);
            if let Err(Some(failure)) = dropped {
                tracing::warn!(key = %orphan.key, reason = %failure.reason, "upload left open");
            }
        }
    }

    fn take(&mut self, found: Walked) -> Result<(), JournalError> {
        if self.awaits_any {
            let path = match &found {
                Ok(entry) => &entry.path,
                Err(bad) => &bad.path,
            };
            self.claims.meet(path)?;
        }
        match found {
            Ok(entry) => self.entry(entry),
            Err(bad) => {
                self.run.bad_entry(bad);
                Ok(())
            }
        }
    }

    fn entry(&mut self, entry: Entry) -> Result<(), JournalError> {
        let size = entry.bytes();
        let item = match plan::import_item(self.run.rules, &entry) {
            Item::Ignore(IgnoreRule::Signature) if !self.is_signed => {
                plan::file_item(self.run.rules, &entry, size)
            }
            item => item,
        };
        match item {
            Item::Ignore(rule) => {
                let target = target(&entry.kind);
                let ignored = Outcome::Ignored { rule, target };
                self.run.note(&entry.path, size, ignored);
            }
            Item::Fail(failure) => self.run.fail(&entry.path, size, failure),
            Item::Load { key, bytes } => self.load(entry, key, bytes)?,
        }
        Ok(())
    }

    fn load(&mut self, entry: Entry, key: ObjectKey, bytes: u64) -> Result<(), JournalError> {
        let path = &entry.path;
        if self.is_of(&key, |key| self.is_reserved(key)) {
            self.run.fail(path, bytes, Failure::reserved(key));
            return Ok(());
        }
        if self.is_of(&key, probe::may_be_of_experiments) {
            self.run.fail(path, bytes, Failure::of_probe(key));
            return Ok(());
        }
        if let Some(failure) = self.clash(&key, path)? {
            self.run.fail(path, bytes, failure);
            return Ok(());
        }
        let times = times(&entry);
        let stored = self.index.stored(path)?;
        let is_lost = stored.is_some() && self.index.is_lost(path)?;
        if is_lost {
            self.claims.find_lost(path)?;
        }
        let is_same = |stored: StoredFile| stored.bytes == bytes && is_same_time(stored, times);
        if stored.is_some_and(is_same) && !is_lost {
            self.run.progress.resumed(bytes);
            self.run.doubt.was_read(&entry);
            return Ok(());
        }
        let keeps = self.keeps(&key);
        let before = Before {
            object: match self.holdings.before(&key)? {
                Held::Object { size, etag } => Some((size, etag)),
                Held::Nothing | Held::Unknown => None,
            },
            is_kept: false,
            is_lost,
            keeps,
            must_be_new: keeps.is_some() && (stored.is_none() || is_lost),
        };
        let unfinished = self.unfinished.remove(path).map(Box::new);
        let work = Work {
            entry,
            key,
            bytes,
            times,
            before,
            unfinished,
        };
        self.send(work, stored.is_some())
    }

    /// Hands a file on: to those who ask, if what is in the bucket has a say in what becomes of it.
    fn send(&self, work: Work, is_stored: bool) -> Result<(), JournalError> {
        let settings = &self.run.settings;
        let may_be_unchanged = settings.unchanged == Unchanged::Skip;
        let keeps = work.before.keeps.is_some();
        // What an earlier attempt of this job has begun or stored is the job's own.
        let is_own = work.unfinished.is_some() || is_stored;
        let is_asked = match self.holdings.now(&work.key)? {
            Held::Object { size, .. } => keeps || (may_be_unchanged && size == work.bytes),
            Held::Unknown => true,
            Held::Nothing => keeps,
        };
        // Each queue is closed only when the last of those who serve it has ended, and then the run has
        // stopped.
        if is_asked && !is_own {
            let question = Question {
                work,
                may_be_unchanged,
            };
            let _stopped = self.questions.send(question);
        } else {
            let _stopped = self.work.send(work);
        }
        Ok(())
    }

    /// What keeps a file from having its key: another file has it, or the store takes it for another's or does
    /// not keep it.
    fn clash(
        &mut self,
        key: &ObjectKey,
        path: &EntryPath,
    ) -> Result<Option<Failure>, JournalError> {
        let names = &self.run.store.key_space;
        let form = match names.fate(key) {
            Fate::Filed(form) => form,
            Fate::NotKept(oddity, kept) => {
                return Ok(Some(Failure::key_not_kept(key.clone(), oddity, kept)));
            }
        };
        let may_collide = naming::may_collide(self.run.rules) || names.may_merge();
        if !may_collide || self.claims.claim(&form, path)? {
            return Ok(None);
        }
        Ok(Some(match form == key.as_str() && !names.may_merge() {
            true => Failure::collision(key.clone()),
            false => Failure::merged(key.clone()),
        }))
    }

    /// Why an object that has the key must stay. That of a report may be the report of another job.
    fn keeps(&self, key: &ObjectKey) -> Option<Keeps> {
        if self.is_of(key, report::has_name_of_one) {
            return Some(Keeps::Report);
        }
        (self.run.settings.existing == Existing::Keep).then_some(Keeps::Object)
    }

    /// Whether `is` holds of a key, or of that under which the store files it.
    fn is_of(&self, key: &ObjectKey, is: impl Fn(&ObjectKey) -> bool) -> bool {
        let form = ObjectKey::new(self.run.store.key_space.form(key.as_str()));
        let folded = form.is_ok_and(|form| form != *key && is(&form));
        folded || is(key)
    }

    fn is_reserved(&self, key: &ObjectKey) -> bool {
        let of_reports = self.reports.as_ref().is_some_and(|keys| keys.contain(key));
        of_reports || probe::is_of_experiments(key, self.run.log_key)
    }
}

/// Where a link leads, for the report: it is read and never followed; or what is said of a volume.
fn target(kind: &EntryKind) -> Option<String> {
    match kind {
        EntryKind::SymbolicLink { target } => {
            let target = EntryPath::new(target.clone()?);
            Some(readable::name(&target.to_string(), TARGET))
        }
        EntryKind::Volume(note) => Some(note.words().to_owned()),
        EntryKind::File { .. } | EntryKind::Special | EntryKind::EmptyFolder => None,
    }
}

/// When a file was last changed, where its file system says both times.
fn times(entry: &Entry) -> Option<Changed> {
    let (modified, changed) = entry.times.modified.zip(entry.times.changed)?;
    Some(Changed {
        modified_ns: modified.ns(),
        changed_ns: changed.ns(),
    })
}

/// Whether a file was not changed since it was stored, as far as journal and file system tell.
fn is_same_time(stored: StoredFile, now: Option<Changed>) -> bool {
    let now = now.map(|times| (times.modified_ns, times.changed_ns));
    stored.times.zip(now).is_none_or(|(then, now)| then == now)
}
