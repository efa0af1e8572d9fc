//! Hashes what was read, many streams at once.
//!
//! One stream of MD5 is slower than a good disk; sixteen in the lanes of one core are faster than
//! most. So the blocks of all files that are being read come together here. Lanes cost the same
//! whether they are full or not, hence two habits: the files' own sums are advanced together, a few
//! at a time, and parts wait a moment for each other. Small files do not come
//! here: their reader hashes them in batches.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lanes::{Both, Md5};

use crate::import::upload::PartPut;
use crate::pipeline::hash_state::{Block, Mark, Sums, Whole};
use crate::stop::Stop;

/// So many streams of MD5 are faster in lanes than one after the other.
const COMPANY: usize = 4;

/// How long parts wait for company.
const PATIENCE: Duration = Duration::from_millis(50);

/// A large file whose blocks are hashed here.
pub(crate) trait Chained: Send + Sync {
    /// Its sums and the blocks that wait to go into them.
    fn whole(&self) -> MutexGuard<'_, Whole>;
}

/// A block on its way into the sums of its file.
struct Lane<F> {
    file: Arc<F>,
    sums: Sums,
    block: Block,
}

/// What one thread takes at a time.
struct Load<F> {
    files: Vec<Lane<F>>,
    parts: Vec<PartPut>,
}

/// What waits to be hashed.
struct Waiting<F> {
    files: VecDeque<Lane<F>>,
    parts: VecDeque<PartPut>,
    /// How many files some thread advances meanwhile.
    away: usize,
    /// How many files are on their way, whose blocks are worth waiting for.
    company: usize,
    no_more: bool,
}

impl<F> Waiting<F> {
    /// What a free thread does next: files first, because their sums are what takes longest.
    fn take(&mut self, is_patient: bool) -> Option<Load<F>> {
        let (most_files, lanes) = lanes::both_lanes();
        let files = match self.company.min(most_files) {
            company if is_patient && self.files.len() < company => Vec::new(),
            _ => self.take_files(most_files),
        };
        if !files.is_empty() {
            let room = match files.len() {
                count if is_company(count) => lanes.saturating_sub(count),
                _ => 0,
            };
            let parts = self.take_parts(room);
            return Some(Load { files, parts });
        }
        // Files that have lanes to spare take the parts along when they go on.
        let lanes = lanes::md5_lanes();
        let enough = match self.away {
            away if is_company(away) => lanes,
            _ => COMPANY.min(lanes),
        };
        let wanted = self.parts.len() >= enough || (!is_patient && !self.parts.is_empty());
        wanted.then(|| Load {
            files,
            parts: self.take_parts(lanes),
        })
    }

    /// Takes as many as go well together; fewer only if no other thread is at it, whose files will
    /// be back soon.
    fn take_files(&mut self, most: usize) -> Vec<Lane<F>> {
        let count = self.files.len().min(most);
        if count < most && self.away > 0 {
            return Vec::new();
        }
        self.away += count;
        self.files.drain(..count).collect()
    }

    fn take_parts(&mut self, room: usize) -> Vec<PartPut> {
        let count = self.parts.len().min(room);
        self.parts.drain(..count).collect()
    }

    /// Whether nothing waits and nothing will. What other threads are at comes back to them.
    fn is_over(&self) -> bool {
        self.no_more && self.files.is_empty() && self.parts.is_empty()
    }
}

/// Whether so many files are hashed in lanes, of which others may have some.
fn is_company(files: usize) -> bool {
    files + 1 >= COMPANY
}

/// As many as there are cores.
pub(crate) fn hashing_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The place where blocks wait for the threads that hash.
pub(crate) struct Hashing<F> {
    waiting: Mutex<Waiting<F>>,
    changed: Condvar,
}

impl<F> Default for Hashing<F> {
    fn default() -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                files: VecDeque::new(),
                parts: VecDeque::new(),
                away: 0,
                company: 0,
                no_more: false,
            }),
            changed: Condvar::new(),
        }
    }
}

impl<F: Chained> Hashing<F> {
    /// Takes a block of a large file into the sums of the whole. Blocks of a file come in order.
    pub(crate) fn whole(&self, file: &Arc<F>, block: Block) {
        let now = file.whole().feed(block);
        self.lock().files.extend(now.map(|now| lane(file, now)));
        self.changed.notify_all();
    }

    /// Says that another file is on its way. Where its parts are not hashed here for themselves, its
    /// blocks had better be hashed beside those of others.
    pub(crate) fn joins(&self) {
        self.lock().company += 1;
    }

    /// Says that nothing more comes of a file that had joined.
    pub(crate) fn leaves(&self) {
        self.lock().company -= 1;
        self.changed.notify_all();
    }

    /// Takes a part that is to be put once its own MD5 is known.
    pub(crate) fn part(&self, part: PartPut) {
        self.lock().parts.push_back(part);
        self.changed.notify_one();
    }

    /// Nothing more will come from the readers.
    pub(crate) fn close(&self) {
        self.lock().no_more = true;
        self.changed.notify_all();
    }

    /// Hashes until there is nothing more. Parts go on to `send`; `done` is told which block went
    /// into the sums of which file, of several threads in no order.
    pub(crate) fn work(&self, stop: &Stop, send: impl Fn(PartPut), done: impl Fn(Hashed<F>)) {
        while let Some(mut load) = self.next() {
            // A run that stops needs no sums: its uploads are left for the next attempt.
            if !stop.is_set() {
                load.hash();
            }
            let hashed = self.put_back(load.files);
            load.parts.into_iter().for_each(&send);
            hashed.into_iter().for_each(&done);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<F>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to hash; `None` when all is done.
    fn next(&self) -> Option<Load<F>> {
        let mut waiting = self.lock();
        let mut is_patient = true;
        loop {
            if let Some(load) = waiting.take(is_patient) {
                return Some(load);
            }
            if waiting.is_over() {
                return None;
            }
            let woken = self.changed.wait_timeout(waiting, PATIENCE);
            let (guard, timeout) = woken.unwrap_or_else(PoisonError::into_inner);
            (waiting, is_patient) = (guard, !timeout.timed_out());
        }
    }

    /// Gives the files' sums back, all at once so that they stay together.
    fn put_back(&self, files: Vec<Lane<F>>) -> Vec<Hashed<F>> {
        let (mut next, mut done) = (Vec::new(), Vec::new());
        for Lane { file, sums, block } in files {
            let mark = sums.mark();
            next.extend(file.whole().fed(sums).map(|now| lane(&file, now)));
            done.push(Hashed { file, block, mark });
        }
        let mut waiting = self.lock();
        waiting.away -= done.len();
        waiting.files.extend(next);
        drop(waiting);
        self.changed.notify_all();
        done
    }
}

/// A block that went into the sums of its file.
pub(crate) struct Hashed<F> {
    /// The file.
    pub(crate) file: Arc<F>,
    /// The block.
    pub(crate) block: Block,
    /// The sums after it.
    pub(crate) mark: Option<Mark>,
}

impl<F> Load<F> {
    /// Advances the sums of the files and makes those of the parts, beside each other.
    fn hash(&mut self) {
        let mut files: Vec<_> = self
            .files
            .iter_mut()
            .map(|lane| Both {
                md5: &mut lane.sums.md5,
                sha256: &mut lane.sums.sha256,
                bytes: &lane.block.bytes,
            })
            .collect();
        let mut sums = vec![Md5::new(); self.parts.len()];
        let parts = sums.iter_mut().zip(&self.parts);
        let mut parts: Vec<_> = parts.map(|(sum, part)| (sum, &*part.body)).collect();
        lanes::update_both(&mut files, &mut parts);
        for (part, sum) in self.parts.iter_mut().zip(sums) {
            part.md5 = sum.finish();
        }
    }
}

fn lane<F>(file: &Arc<F>, (sums, block): (Sums, Block)) -> Lane<F> {
    Lane {
        file: Arc::clone(file),
        sums,
        block,
    }
}
