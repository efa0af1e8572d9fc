//! What the threads of one export share, and how they note what became of an object.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use awshttp::retry::RealTime;
use model::entry::EntryPath;
use model::ids::{BucketName, ObjectKey};
use model::outcome::{EntryRecord, Failure, FailureCode, Outcome, Source};
use model::time::Clock;
use objectstore::{Bucket, StoreError};

use super::evidence::Tags;
use super::plan::{Item, To};
use crate::destination::Target;
use crate::import::putter::refusal;
use crate::journal::index::Index;
use crate::journal::recorder::Notes;
use crate::journal::records::export::ExportRecord;
use crate::pipeline::budget::BudgetShare;
use crate::pipeline::doubt::{Doubt, Doubted, Says};
use crate::pipeline::hashing::HashingPool;
use crate::progress::Progress;
use crate::settings::Settings;
use crate::stop::{Halt, Stop};
use disks::aligned::Buffers;
use disks::tree::{DeviceGone, Health};

/// The buckets an export reads, by their names.
pub type Buckets = BTreeMap<BucketName, Box<dyn Bucket>>;

/// What every thread of an export shares.
#[derive(Clone)]
pub(super) struct ExportRun<'a> {
    pub(super) buckets: &'a Buckets,
    pub(super) target: &'a dyn Target,
    /// Whether earlier attempts have written some of it.
    pub(super) goes_on: bool,
    /// What they have written, by their journal.
    pub(super) index: &'a Index,
    pub(super) strangers: &'a Strangers,
    pub(super) settings: Settings,
    pub(super) clock: &'a dyn Clock,
    pub(super) progress: &'a Progress,
    pub(super) stop: &'a Stop,
    /// Waits, until somebody asks to stop.
    pub(super) patience: &'a RealTime,
    pub(super) entity_tags: &'a Tags,
    pub(super) full: &'a Full,
    pub(super) doubt: &'a WritingDoubt,
    pub(super) memory: Arc<BudgetShare>,
    /// The cores that hash.
    pub(super) cores: &'a HashingPool,
    pub(super) buffers: Arc<Buffers>,
    pub(super) notes: Notes<ExportRecord>,
}

/// What a run knows of the device that it fills.
pub(super) type WritingDoubt = Doubt<String, Unwritten>;

/// What may be the device's fault, and the line of an item if it is not.
#[derive(Debug)]
pub(super) struct Unwritten {
    item: Item,
    failure: Failure,
}

/// A file that was read back and named speaks for the device, by its path.
impl Doubted for dyn Target + '_ {
    type Witness = String;

    fn health(&self) -> Result<Health, DeviceGone> {
        self.check()
    }

    fn says(&self, path: &String) -> Says {
        match self.read_afresh(path) {
            Ok(true) => Says::Alive,
            Ok(false) => Says::Nothing,
            Err(error) => Says::of(&error),
        }
    }

    /// Only such are taken.
    fn is_good(_: &String) -> bool {
        true
    }
}

/// From which place in the plan on the device has no room.
#[derive(Debug)]
pub(super) struct Full(AtomicU64);

impl Full {
    /// As an earlier attempt found it.
    pub(super) fn new(from: Option<u64>) -> Self {
        Self(AtomicU64::new(from.unwrap_or(u64::MAX)))
    }

    /// The first place without room, if the device is full.
    pub(super) fn from(&self) -> Option<u64> {
        let from = self.0.load(Ordering::SeqCst);
        (from != u64::MAX).then_some(from)
    }

    /// Whether the item at this place is not to be written any more.
    pub(super) fn is_past(&self, ordinal: u64) -> bool {
        ordinal >= self.0.load(Ordering::SeqCst)
    }

    fn at(&self, ordinal: u64) {
        self.0.fetch_min(ordinal, Ordering::SeqCst);
    }
}

/// Places in the plan whose names on the device somebody else has.
#[derive(Debug, Default)]
pub(super) struct Strangers(Mutex<BTreeSet<u64>>);

impl Strangers {
    pub(super) fn note(&self, ordinal: u64) {
        self.lock().insert(ordinal);
    }

    /// Whether what has the name is not this job's.
    pub(super) fn has(&self, ordinal: u64) -> bool {
        self.lock().contains(&ordinal)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ExportRun<'_> {
    /// The bucket of an item. Buckets that the claim does not reach were found missing before.
    pub(super) fn bucket(&self, item: &Item) -> Option<&dyn Bucket> {
        self.buckets.get(&item.bucket).map(|bucket| &**bucket)
    }

    /// Whether nothing more is to be done with the item at this place.
    pub(super) fn is_over(&self, ordinal: u64) -> bool {
        self.stop.is_set() || self.full.is_past(ordinal)
    }

    /// Notes what became of an item, of which `bytes` are on the device.
    pub(super) fn note(&self, item: &Item, bytes: u64, outcome: Outcome) {
        // What has no place on the device is named as in its bucket.
        let name = match path(item) {
            "" => item.key.as_str(),
            path => path,
        };
        let name = EntryPath::new(name);
        let mut record = EntryRecord::new(&name, bytes, self.clock.now(), outcome);
        record.source = Some(Source {
            ordinal: item.ordinal,
            bucket: item.bucket.clone(),
        });
        // If the recorder is gone, it has said why and the run ends.
        let _recorder_may_be_gone = self.notes.entry(record);
    }

    /// Notes that an object is not on the device.
    pub(super) fn fail(&self, item: &Item, failure: Failure) {
        tracing::warn!(
            bucket = %item.bucket, key = %item.key, code = %failure.code,
            reason = %failure.reason, "not written"
        );
        // The next attempt begins anew.
        if let Err(error) = self.discard(item) {
            tracing::warn!(path = path(item), %error, "half a file is left on the device");
        }
        self.note(item, item.bytes, Outcome::Failed(failure));
    }

    /// Removes what was written of an item that has not got its name.
    pub(super) fn discard(&self, item: &Item) -> io::Result<()> {
        match &item.to {
            To::File { path } | To::Recovered { path, .. } => {
                self.target.discard(item.ordinal, path)
            }
            To::Directory { .. } | To::Nowhere(_) => Ok(()),
        }
    }

    /// Tells a refused object, which is a line of the report, from a store that does not do its
    /// work, which ends the run: nothing is marked failed for the store's sins.
    pub(super) fn judge(&self, item: &Item, error: StoreError) -> Option<Failure> {
        let is_about_the_object = match &error {
            StoreError::Refused(_) | StoreError::NoSuchKey(_) => true,
            StoreError::AccessDenied(_) => self.may_read_elsewhere(item),
            _ => false,
        };
        if !is_about_the_object {
            self.stop.halt(Halt::Store(error));
            return None;
        }
        Some(refusal(&error, &item.key))
    }

    /// Whether a refusal to read is about one object only: the bucket can still be listed.
    pub(super) fn may_read_elsewhere(&self, item: &Item) -> bool {
        self.bucket(item)
            .is_some_and(|bucket| objectstore::probe::check_read(bucket).is_ok())
    }

    /// Notes what the device says against an item, if it says it of the item alone.
    pub(super) fn fail_on_device(&self, item: &Item, error: io::Error) {
        if let Some(failure) = self.judge_device(item, error) {
            self.fail(item, failure);
        }
    }

    /// Notes that a file is on the device under its name, which may show that others before it are bad.
    pub(super) fn vouch(&self, item: &Item, bytes: u64) {
        if bytes > 0 {
            self.fail_all(self.doubt.vouch(self.target, path(item).to_owned()));
        }
    }

    /// Judges what had to wait until everything was tried.
    pub(super) fn settle(&self) {
        if self.stop.is_set() {
            return;
        }
        match self.doubt.settle(self.target) {
            Ok(judged) => self.fail_all(judged),
            Err(gone) => self.stop.halt(Halt::Device(gone)),
        }
    }

    fn fail_all(&self, judged: Vec<Unwritten>) {
        for Unwritten { item, failure } in judged {
            self.fail(&item, failure);
        }
    }

    /// Tells a full device and one that is gone from a file that cannot be written, which is a line
    /// of the report. `None` if there is nothing to be said of the item, or not yet.
    pub(super) fn judge_device(&self, item: &Item, error: io::Error) -> Option<Failure> {
        use io::ErrorKind::{
            AlreadyExists, FileTooLarge, NotADirectory, QuotaExceeded, StorageFull,
        };
        if matches!(error.kind(), StorageFull | QuotaExceeded) {
            tracing::warn!(ordinal = item.ordinal, key = %item.key, "device full");
            self.full.at(item.ordinal);
            return None;
        }
        if disks::tree::is_refused_for_good(&error) {
            self.stop.halt(Halt::Device(DeviceGone(error)));
            return None;
        }
        let reason = format!("could not be written to the device: {error}");
        let failure = |code| Failure::of(code, reason, item.key.clone());
        match error.kind() {
            AlreadyExists | NotADirectory => Some(failure(FailureCode::NameCollision)),
            FileTooLarge => Some(failure(FailureCode::EntityTooLarge)),
            _ => self.doubted(item, error, failure(FailureCode::WriteError)),
        }
    }

    /// The failure of an item, if the device lives; `None` if that is not known yet, or it does not.
    fn doubted(&self, item: &Item, error: io::Error, failure: Failure) -> Option<Failure> {
        let item = item.clone();
        let judged = self
            .doubt
            .judge(self.target, error, Unwritten { item, failure });
        match judged {
            Ok(mut judged) => {
                let own = judged.pop();
                self.fail_all(judged);
                own.map(|own| own.failure)
            }
            Err(gone) => {
                self.stop.halt(Halt::Device(gone));
                None
            }
        }
    }

    /// What the device holds is not what was written to it.
    pub(super) fn differs(key: &ObjectKey, offset: u64) -> Failure {
        let reason = format!("the device holds other bytes than were written, from {offset} on");
        Failure::of(FailureCode::ReadBackMismatch, reason, key.clone())
    }
}

/// The path of an item on the device; empty if it has none.
pub(super) fn path(item: &Item) -> &str {
    match &item.to {
        To::File { path } | To::Recovered { path, .. } | To::Directory { path } => path,
        To::Nowhere(_) => "",
    }
}
