//! The export: list, plan, read, write, prove, record.
//!
//! ```text
//!            plan order       take memory, then read                    one writer        one consumer
//!  plan ─► feed ─► [ fetchers ] ─┬─ small objects ─► hash, write ─────────────┬─► commit ─► recorder
//!                                └─ blocks ─► write ─► [ hashing ] ─► check ──┘
//! ```
//!
//! What is written where is decided before the first byte, by the plan; the executor holds no
//! policy. A file has its name only when the device holds all of it and was read back.

mod commit;
mod evidence;
mod feed;
mod fetch;
mod large;
mod notes;
pub mod plan;
pub mod planner;
mod run;
mod small;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use awshttp::retry::RealTime;
use crossbeam_channel::{bounded, unbounded};
use model::ids::{JobId, ObjectKey};
use model::outcome::{Failure, FailureCode};
use model::proof::Attempt;
use model::readable;
use model::time::Clock;

pub use run::Buckets;

use crate::destination::Target;
use crate::export::evidence::Tags;
use crate::export::feed::Feed;
use crate::export::large::{LeftOff, StagedObject};
use crate::export::plan::{Item, Next, Plan, PlanError, To};
use crate::export::run::{ExportRun, Full, Strangers, WritingDoubt};
use crate::journal::file::LogFiles;
use crate::journal::index::{Index, Keep};
use crate::journal::recorder::Recorder;
use crate::journal::records::JobRecord as _;
use crate::journal::records::export::ExportRecord;
use crate::journal::{Journal, JournalError};
use crate::pipeline::hash_state::HashCheckpoint;
use crate::pipeline::hashing::{HashEvent, Hashed, RunHashing};
use crate::progress::Progress;
use crate::resources::Resources;
use crate::settings::Settings;
use crate::stop::{Halt, Stop};
use disks::tree::DeviceGone;

/// Files that may wait to be written, and to be committed.
const AHEAD: usize = 2048;

/// Characters of a key in what the customer is told: a key of the usual kind is shown whole, and the
/// report has it in any case.
const KEY_CHARS: usize = 512;

/// What an export needs.
pub struct Export<'a> {
    /// The job.
    pub job: JobId,
    /// Which attempt at it this is.
    pub attempt: &'a Attempt,
    /// What is to be written where.
    pub plan: &'a Plan,
    /// Where the objects are: every bucket of the plan.
    pub buckets: &'a Buckets,
    /// The device.
    pub target: &'a dyn Target,
    /// How hard.
    pub settings: Settings,
    /// What it shares with other runs of the process.
    pub resources: &'a Resources,
    /// Where the journal is written.
    pub logs: &'a dyn LogFiles,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Who wants to look.
    pub progress: &'a Progress,
    /// Who may end it.
    pub stop: &'a Stop,
}

/// What keeps an export from running. What happens later is told through the [`Stop`].
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The plan cannot be read.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl Export<'_> {
    /// Runs until every item of the plan has its outcome in the journal, or until something stops
    /// it. An earlier attempt's journal in `folder` is gone on with. Gives what is not on the device
    /// because it is full.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn run(&self, folder: &Path) -> Result<Option<LeftOut>, ExportError> {
        let index = Index::create(&folder.join("index"))?;
        let mut filling = index.filling(Keep::Entries)?;
        let mut earlier = Earlier::default();
        let path = folder.join("journal");
        let mut journal = Journal::open(
            self.logs,
            &path,
            self.job,
            &mut |offset, record: ExportRecord| {
                if let Some(entry) = record.entry() {
                    filling.take(offset, entry)?;
                }
                earlier.replay(record);
                Ok(())
            },
        )?;
        filling.finish()?;
        journal.append(&self.attempt.clone().into())?;
        journal.sync()?;
        self.execute(journal, &index, earlier)
    }

    fn execute(
        &self,
        journal: Journal<ExportRecord>,
        index: &Index,
        earlier: Earlier,
    ) -> Result<Option<LeftOut>, ExportError> {
        let (recorder, notes) = Recorder::new(journal, self.progress);
        let full = Full::new(earlier.full);
        let patience = RealTime::new(self.stop.flag());
        let strangers = Strangers::default();
        let entity_tags = Tags::default();
        let doubt = WritingDoubt::default();
        let run = ExportRun {
            buckets: self.buckets,
            target: self.target,
            goes_on: earlier.attempts > 0,
            index,
            strangers: &strangers,
            settings: self.settings,
            clock: self.clock,
            progress: self.progress,
            stop: self.stop,
            patience: &patience,
            entity_tags: &entity_tags,
            full: &full,
            doubt: &doubt,
            memory: self.resources.memory(self.stop),
            cores: self.resources.hashing(),
            buffers: self.resources.buffers(),
            notes,
        };
        std::thread::scope(|scope| {
            let stop = self.stop;
            scope.spawn(move || recorder.run(stop));
            let begun = self.transfer(&run, index, earlier.begun)?;
            run.settle();
            if stop.is_set() {
                return Ok(None);
            }
            if let Some(from) = full.from() {
                // Earlier attempts may have come further.
                let until = match run.goes_on {
                    false => begun,
                    true => self.plan.end().items,
                };
                self.take_back(&run, from, until)?;
            }
            let left_out = self.left_out(full.from())?;
            if let Some(left_out) = &left_out {
                left_out.note(&run);
            }
            // The recorder ends with the last way to it.
            drop(run);
            Ok(left_out)
        })
    }

    /// Moves all bytes; gives the place after the last item that was begun.
    fn transfer(
        &self,
        run: &ExportRun<'_>,
        index: &Index,
        begun: HashMap<u64, LeftOff>,
    ) -> Result<u64, ExportError> {
        let write_lock = WriteLock::new(self.target.is_rotational());
        let (hashing, hashed) = RunHashing::<StagedObject>::join(run.cores, self.stop);
        let hashing = Arc::new(hashing);
        let (units, unit_queue) = bounded(self.settings.parallel);
        let (smalls, small_queue) = bounded(AHEAD);
        let (written, written_queue) = bounded(AHEAD);
        let (stretches, stretch_queue) = unbounded();
        std::thread::scope(|scope| {
            let write_lock = &write_lock;
            scope.spawn(move || run.commit(&written_queue));
            let done = written.clone();
            scope.spawn(move || run.write_smalls(&small_queue, &done, write_lock));
            scope.spawn(move || {
                let checked = stretch_queue
                    .iter()
                    .filter_map(|s: large::ReadBackRange| s.check(run, write_lock));
                // Whoever commits is gone only when the run is over.
                checked.for_each(|file| drop(written.send(file)));
            });
            let _closed_whatever_happens = Closing(&hashing);
            for _ in 0..run.cores.threads() {
                let (hashing, stretches) = (Arc::clone(&hashing), stretches.clone());
                let hashed = hashed.clone();
                scope.spawn(move || {
                    hashing.attend(&hashed, |event| {
                        if let HashEvent::Whole(Hashed {
                            file,
                            block,
                            checkpoint,
                        }) = event
                        {
                            // Whoever checks is gone only when the run is over.
                            file.hashed(block, checkpoint, &|s| drop(stretches.send(s)));
                        }
                    });
                });
            }
            drop(stretches);
            let fetchers: Vec<_> = (0..self.settings.parallel)
                .map(|_| {
                    let (queue, smalls) = (unit_queue.clone(), smalls.clone());
                    scope.spawn(move || run.fetch(&queue, &smalls, write_lock))
                })
                .collect();
            // Each queue closes when the last of those who fill it is gone.
            drop((smalls, unit_queue));
            let feed = Feed {
                run: run.clone(),
                index,
                begun,
                hashing: Arc::clone(&hashing),
                units,
                open: Default::default(),
            };
            let fed = self.plan.items().map_err(ExportError::from);
            let fed = fed.and_then(|items| feed.feed(items));
            for fetcher in fetchers {
                // A fetcher that panicked takes the whole scope with it.
                let _its_panic_is_told_by_the_scope = fetcher.join();
            }
            fed
        })
    }

    /// Where a next job goes on, if the device does not hold all.
    fn left_out(&self, from: Option<u64>) -> Result<Option<LeftOut>, ExportError> {
        let end = self.plan.end();
        let Some(from) = from else {
            let ordinal = end.items;
            let next = end.next.clone();
            return Ok(next.map(|next| LeftOut { ordinal, next }));
        };
        let mut before: Option<Item> = None;
        for item in self.plan.items()? {
            let item = item?;
            if item.ordinal < from {
                before = Some(item);
                continue;
            }
            let before = before.filter(|before| before.operation == item.operation);
            let next = Next {
                operation: item.operation,
                bucket: item.bucket,
                after: before.map(|before| before.key),
                first: item.key,
            };
            return Ok(Some(LeftOut {
                ordinal: from,
                next,
            }));
        }
        Ok(None)
    }

    /// Removes from a full device what comes after the first place that found no room: what is on it
    /// ends at one place, and the next job goes on there.
    fn take_back(&self, run: &ExportRun<'_>, from: u64, until: u64) -> Result<(), ExportError> {
        let removed = self.plan.items()?.try_for_each(|item| {
            let item = item?;
            if (from..until).contains(&item.ordinal) {
                let path = run::path(&item);
                let gone = |error| self.stop.halt(Halt::Device(DeviceGone(error)));
                let discarded = run.discard(&item);
                let removed = discarded.and_then(|()| match path {
                    "" => Ok(()),
                    _ if matches!(item.to, To::Directory { .. }) => Ok(()),
                    _ if run.strangers.has(item.ordinal) => Ok(()),
                    path => self.target.remove(path),
                });
                removed.unwrap_or_else(gone);
            }
            Ok(())
        });
        if let Err(error) = self.target.sync() {
            self.stop.halt(Halt::Device(DeviceGone(error)));
        }
        if !self.stop.is_set() {
            // If the recorder is gone, it has said why and the run ends.
            let _recorder_may_be_gone = run.notes.full(from);
        }
        removed
    }
}

/// What is not on the device because it is full: this, and all that follows in the plan's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The place in the plan that follows the last one on the device.
    pub ordinal: u64,
    /// Where a next job goes on.
    pub next: Next,
}

impl LeftOut {
    /// What the customer is told.
    #[must_use]
    pub fn remark(&self) -> String {
        let Next {
            operation,
            bucket,
            after,
            first,
        } = &self.next;
        let shown = |key: &ObjectKey| readable::name(key.as_str(), KEY_CHARS);
        let (number, first) = (operation + 1, shown(first));
        let from = match after {
            Some(after) => format!("with beginMarker `{}`", shown(after)),
            None => "from its beginning".to_owned(),
        };
        format!(
            "The device was full before the object `{first}` of the bucket {bucket}. Another job \
             exports the rest: operation {number} goes on {from}, and those after it follow."
        )
    }

    fn note(&self, run: &ExportRun<'_>) {
        let key = self.next.first.clone();
        let reason = "the device is full; this object and all that follow are not on it".to_owned();
        let failure = Failure::of(FailureCode::DeviceFull, reason, key.clone());
        let item = Item {
            ordinal: self.ordinal,
            operation: self.next.operation,
            bucket: self.next.bucket.clone(),
            key,
            bytes: 0,
            etag: String::new(),
            to: To::Nowhere(failure.clone()),
        };
        run.fail(&item, failure);
    }
}

/// Ends those who hash when it is dropped: nobody may wait for a feed that panicked.
struct Closing<'a>(&'a RunHashing<StagedObject>);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What earlier attempts have left.
#[derive(Default)]
struct Earlier {
    attempts: u32,
    begun: HashMap<u64, LeftOff>,
    full: Option<u64>,
}

impl Earlier {
    fn replay(&mut self, record: ExportRecord) {
        match record {
            ExportRecord::Attempt(_) => self.attempts += 1,
            ExportRecord::Full { ordinal } => self.full = Some(ordinal),
            ExportRecord::Written {
                ordinal,
                etag,
                checkpoint,
            } => {
                let checkpoint = HashCheckpoint::of(&checkpoint);
                let begun = checkpoint.map(|checkpoint| LeftOff { etag, checkpoint });
                self.begun.extend(begun.map(|begun| (ordinal, begun)));
            }
            ExportRecord::Entry(record) => {
                // Whatever became of it: what is not stored was removed.
                if let Some(source) = record.source {
                    self.begun.remove(&source.ordinal);
                }
            }
            ExportRecord::Other => {}
        }
    }
}

/// The right to write to the device: one writes at a time.
#[derive(Debug)]
struct WriteLock {
    held: Mutex<()>,
    is_rotational: bool,
}

impl WriteLock {
    fn new(is_rotational: bool) -> Self {
        Self {
            held: Mutex::new(()),
            is_rotational,
        }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For reading, which disturbs a writer only where a head has to move.
    fn lock_if_rotational(&self) -> Option<MutexGuard<'_, ()>> {
        self.is_rotational.then(|| self.lock())
    }
}

/// What a stretch of bytes is compared by after it went to the device and came back.
fn crc(bytes: &[u8]) -> u64 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Nvme, bytes)
}
