//! Turns the walk of a device into work: what is to be read, in the device's order, and what has its line at once.
//!
//! What becomes of an entry is decided by [`model::plan`]; here it is told whether the journal knows better.

use std::collections::HashMap;
use std::ops::ControlFlow;

use crossbeam_channel::Sender;
use disks::tree::Walked;
use model::entry::{Entry, EntryKind, EntryPath};
use model::ids::ObjectKey;
use model::key_space::Fate;
use model::naming;
use model::outcome::{Changed, Failure, IgnoreRule, Outcome};
use model::plan::{self, Item};
use model::readable;
use model::report::{self, Keys};
use objectstore::probe;

use crate::import::holdings::{Held, Holdings};
use crate::import::looking::Question;
use crate::import::resume::Unfinished;
use crate::import::rounds::Round;
use crate::import::run::{Before, Keeps, Run, Work};
use crate::journal::JournalError;
use crate::journal::index::{Awaited, Claims, Index, StoredFile};
use crate::settings::{Existing, Unchanged};
use crate::stop::Halt;

/// Characters of a link's target that are kept: it may have 4,095, and a disk millions of links.
const TARGET: usize = 200;

/// Turns the walk into work, in the device's order.
pub(super) struct Planner<'a> {
    pub(super) run: Run<'a>,
    pub(super) work: Sender<Work>,
    pub(super) questions: Sender<Question>,
    pub(super) index: &'a Index,
    pub(super) holdings: &'a Holdings,
    pub(super) claims: Claims<'a>,
    pub(super) unfinished: HashMap<EntryPath, Unfinished>,
    /// Whether there is anything that earlier attempts have not loaded, and that is to be met.
    pub(super) awaits_any: bool,
    /// Which walk of the attempt this is.
    pub(super) round: Round,
    pub(super) signed: &'a [EntryPath],
    /// What the reports are called, where they go into the bucket of the import.
    pub(super) reports: Option<Keys>,
}

impl Planner<'_> {
    /// Walks the device to its end, or until the run stops.
    pub(super) fn plan(mut self) {
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
                let met = self.claims.meet(&EntryPath::whole_device());
                if let Err(error) = met.and_then(|()| self.tell_missed()) {
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
        let (index, round, mut failed) = (self.index, self.round, Ok(()));
        index.for_each_awaited(&mut |file| match round.is_over(index, &file.path) {
            Ok(true) => {}
            Ok(false) => run.missed(&file),
            Err(error) => failed = Err(error),
        })?;
        failed
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
        let path = match &found {
            Ok(entry) => &entry.path,
            Err(bad) => &bad.path,
        };
        if self.awaits_any {
            self.claims.meet(path)?;
        }
        if self.round.is_over(self.index, path)? {
            return Ok(());
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
            Item::Ignore(IgnoreRule::Signature) => plan::file_item(self.run.rules, &entry, size),
            item => item,
        };
        let is_file = matches!(entry.kind, EntryKind::File { .. });
        let item = match is_file && self.signed.contains(&entry.path) {
            true => Item::Ignore(IgnoreRule::Signature),
            false => item,
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
            if self.round.is_first() {
                self.run.progress.resumed(bytes);
            }
            self.run.doubt.was_read(&entry);
            return Ok(());
        }
        if let Some(without) = self.run.without
            && (stored.is_some() || !self.may_be_there(path, &key, bytes)?)
        {
            let failure = Failure::without(without, Some(key));
            self.run.fail(path, bytes, failure);
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
            expected: self.run.tree.expect(&entry),
            entry,
            key,
            bytes,
            times,
            before,
            unfinished,
            found: None,
        };
        self.send(work, stored.is_some())
    }

    /// Whether the bucket may have a file that the journal does not know. One that is half-sent is not there: its upload is
    /// dropped with those of files that are gone.
    fn may_be_there(
        &self,
        path: &EntryPath,
        key: &ObjectKey,
        bytes: u64,
    ) -> Result<bool, JournalError> {
        let held = self.holdings.now(key)?;
        let is_as_long = matches!(held, Held::Object { size, .. } if size == bytes);
        Ok(is_as_long && !self.unfinished.contains_key(path))
    }

    /// Hands a file on: to those who ask, if what is in the bucket has a say in what becomes of it.
    fn send(&self, work: Work, is_stored: bool) -> Result<(), JournalError> {
        let settings = &self.run.settings;
        let may_be_unchanged = settings.unchanged == Unchanged::Skip;
        let keeps = work.before.keeps.is_some();
        // What an earlier attempt of this job has begun or stored is the job's own.
        let is_own = work.unfinished.is_some() || is_stored;
        let may_be_left = !is_stored && self.run.may_take_over(&work);
        let held = self.holdings.now(&work.key)?;
        let may_be_same = match &held {
            Held::Object { size, .. } => *size == work.bytes,
            Held::Unknown => true,
            Held::Nothing => false,
        };
        let is_unknown = held == Held::Unknown;
        let is_asked = !is_own && (keeps || is_unknown || (may_be_unchanged && may_be_same));
        // Each queue is closed only when the last of those who serve it has ended, and then the run has
        // stopped.
        if is_asked || (may_be_left && may_be_same) {
            let question = Question {
                work,
                may_be_unchanged: may_be_unchanged && !is_own,
                is_own,
            };
            let _stopped = self.questions.send(question);
        } else {
            self.run.hand_on(work, &self.work);
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
