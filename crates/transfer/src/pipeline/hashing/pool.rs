//! The threads that hash, as many as there are cores, for all runs of a station.
//!
//! One stream of MD5 is slower than a good disk; sixteen in the lanes of one core are faster than
//! most, and lanes cost the same whether they are full or not. So the blocks of all files that are
//! being read come together here, whatever run they are of. Where a block goes to the store by its own MD5, that is made
//! beside the MD5 of its file, in lanes that would be empty. SHA-256 is made apart, by whichever thread is free: one
//! file alone keeps two of them busy, one with nothing but its chain of MD5.
//!
//! Nothing here waits for a run: what comes out goes into a queue of the run's own.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use lanes::{Md5, Sha256};

use crate::pipeline::hash_state::{Block, Due, HashCheckpoint, WholeHash};

/// How long after its last block a run still counts among those whose blocks are worth waiting for: one that stands
/// still holds up nobody.
const FILL_WAIT: Duration = Duration::from_millis(500);

/// How long the MD5 of fewer files than are worth waiting for waits for others, where nothing else is to be hashed. In that
/// time eight blocks of 8 MiB come of a device that gives 650 MB/s, which is what a core makes of one file at a time; of
/// a slower one a core has time for each alone.
const COMPANY_WAIT: Duration = Duration::from_millis(100);

/// A file whose blocks are hashed here, and where what comes of them goes. None of its methods waits.
pub(super) trait HashedStream: Send + Sync {
    /// Whether the MD5 of each block by itself is wanted too.
    fn wants_blocks(&self) -> bool;

    /// Whether anything is: a run that stops needs no sums, for its uploads are left for the next attempt.
    fn is_wanted(&self) -> bool;

    /// The hashes of the file and the blocks that wait to go into them.
    fn whole(&self) -> MutexGuard<'_, WholeHash>;

    /// The MD5 of a block by itself is known.
    fn own_md5(&self, block: Block, md5: [u8; 16]);

    /// A block went into the hashes of the file.
    fn hashed(&self, block: Block, checkpoint: Option<HashCheckpoint>);
}

/// A block on its way into a hash of its file.
struct Lane<S> {
    stream: Arc<dyn HashedStream>,
    hash: S,
    block: Block,
}

/// What one thread takes at a time.
enum Load {
    Md5(Vec<Lane<Md5>>),
    Sha256(Vec<Lane<Sha256>>),
}

/// What a load has come to.
#[derive(Default)]
struct Advanced {
    md5: Vec<Lane<Md5>>,
    sha256: Vec<Lane<Sha256>>,
    own: Vec<(Arc<dyn HashedStream>, Block, [u8; 16])>,
    hashed: Vec<(Arc<dyn HashedStream>, Block, Option<HashCheckpoint>)>,
}

/// The files of a run that are on their way.
#[derive(Debug)]
struct Company {
    files: usize,
    /// When a block of one of them last came.
    seen: Instant,
}

/// What waits to be hashed.
struct Waiting {
    md5: VecDeque<Lane<Md5>>,
    sha256: VecDeque<Lane<Sha256>>,
    /// Since when the first of `md5` waits.
    md5_since: Instant,
    /// How many threads make MD5s meanwhile, and how many hash anything.
    at_md5: usize,
    at_work: usize,
    most_at_work: usize,
    cores: usize,
    /// By run.
    company: BTreeMap<u64, Company>,
    next_run: u64,
    no_more: bool,
    is_broken: bool,
}

/// How many files are worth waiting for: half of those that take no longer than one. More would be all the memory of a
/// run, and nothing could be read meanwhile.
fn together() -> usize {
    (lanes::md5_abreast() / 2).max(1)
}

/// Takes as many files as take no longer than one, with their blocks' own MD5s where these are wanted.
fn filling(waiting: &mut VecDeque<Lane<Md5>>) -> Vec<Lane<Md5>> {
    let mut room = lanes::md5_abreast();
    let fitting = waiting.iter().take_while(|lane| {
        let needed = 1 + usize::from(lane.stream.wants_blocks());
        let left = room.checked_sub(needed);
        room = left.unwrap_or(0);
        left.is_some()
    });
    let count = fitting.count().max(1);
    some_of(waiting, count)
}

impl Waiting {
    /// What a free thread does next. MD5 first if enough files are there to go together, since it
    /// takes longest until a file is through; else SHA-256, which gains little from company.
    fn take(&mut self) -> Option<Load> {
        if self.at_work >= self.cores {
            return None;
        }
        let enough = self.files_on_their_way().clamp(1, together());
        // What another thread is at will be back soon, and joins those that wait; so do others that are read.
        let has_waited = self.md5_since.elapsed() >= COMPANY_WAIT;
        let is_alone = self.at_md5 == 0 && self.sha256.is_empty() && has_waited;
        if self.md5.len() >= enough || (is_alone && !self.md5.is_empty()) {
            self.at_md5 += 1;
            self.md5_since = Instant::now();
            return Some(Load::Md5(filling(&mut self.md5)));
        }
        let most = lanes::sha256_lanes();
        (!self.sha256.is_empty()).then(|| Load::Sha256(some_of(&mut self.sha256, most)))
    }

    fn wait_for_md5(&mut self, lanes: impl IntoIterator<Item = Lane<Md5>>) {
        if self.md5.is_empty() {
            self.md5_since = Instant::now();
        }
        self.md5.extend(lanes);
    }

    fn files_on_their_way(&self) -> usize {
        let come = self.company.values();
        let come = come.filter(|run| run.seen.elapsed() < FILL_WAIT);
        come.map(|run| run.files).sum()
    }

    fn begin_work(&mut self) {
        self.at_work += 1;
        self.most_at_work = self.most_at_work.max(self.at_work);
    }

    /// Whether nothing waits and nothing will: what other threads are at may come back.
    fn is_over(&self) -> bool {
        self.no_more && self.at_work == 0 && self.md5.is_empty() && self.sha256.is_empty()
    }
}

fn some_of<T>(waiting: &mut VecDeque<T>, most: usize) -> Vec<T> {
    let count = waiting.len().min(most);
    waiting.drain(..count).collect()
}

/// The place where blocks wait for the threads that hash.
pub(super) struct Exchange {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

/// The threads that hash. They end when it is dropped.
pub(crate) struct HashingPool {
    exchange: Arc<Exchange>,
    threads: Vec<JoinHandle<()>>,
}

impl HashingPool {
    /// Starts so many threads.
    pub(crate) fn start(cores: usize) -> Self {
        let exchange = Arc::new(Exchange::new(cores));
        let threads = (0..cores).map(|_| {
            let exchange = Arc::clone(&exchange);
            std::thread::spawn(move || exchange.work())
        });
        Self {
            threads: threads.collect(),
            exchange,
        }
    }

    /// How many threads there are.
    pub(crate) fn threads(&self) -> usize {
        self.threads.len()
    }

    /// The most that ever hashed at once.
    pub(crate) fn most_at_work(&self) -> usize {
        self.exchange.lock().most_at_work
    }

    /// Hashes on the caller's own thread, when one core is free of hashing: for what is not worth handing over.
    pub(crate) fn here<T>(&self, hash: impl FnOnce() -> T) -> T {
        let _core = self.exchange.busy_core();
        hash()
    }

    pub(super) fn exchange(&self) -> Arc<Exchange> {
        Arc::clone(&self.exchange)
    }
}

impl Drop for HashingPool {
    fn drop(&mut self) {
        self.exchange.lock().no_more = true;
        self.exchange.changed.notify_all();
        for thread in self.threads.drain(..) {
            // Panics are caught and told to the runs.
            let _ended = thread.join();
        }
    }
}

/// A core that hashes; free again when it is dropped.
struct BusyCore<'a>(&'a Exchange);

impl Drop for BusyCore<'_> {
    fn drop(&mut self) {
        self.0.lock().at_work -= 1;
        self.0.changed.notify_all();
    }
}

impl Exchange {
    fn new(cores: usize) -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                md5: VecDeque::new(),
                sha256: VecDeque::new(),
                md5_since: Instant::now(),
                at_md5: 0,
                at_work: 0,
                most_at_work: 0,
                cores,
                company: BTreeMap::new(),
                next_run: 0,
                no_more: false,
                is_broken: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// A number for another run.
    pub(super) fn join(&self) -> u64 {
        let mut waiting = self.lock();
        waiting.next_run += 1;
        waiting.next_run
    }

    /// Forgets a run. What of its blocks waits is hashed.
    pub(super) fn leave(&self, run: u64) {
        self.lock().company.remove(&run);
        self.changed.notify_all();
    }

    /// Whether a thread has panicked: then some block was lost.
    pub(super) fn is_broken(&self) -> bool {
        self.lock().is_broken
    }

    /// Takes the next block of a file of `run`. Blocks of a file come in order.
    pub(super) fn take(&self, run: u64, stream: &Arc<dyn HashedStream>, block: Block) {
        let (md5, sha256) = stream.whole().feed(block);
        let mut waiting = self.lock();
        if let Some(company) = waiting.company.get_mut(&run) {
            company.seen = Instant::now();
        }
        waiting.wait_for_md5(lane(stream, md5));
        waiting.sha256.extend(lane(stream, sha256));
        drop(waiting);
        self.changed.notify_all();
    }

    /// Says that another file of `run` is on its way: its blocks had better be hashed beside those of others.
    pub(super) fn file_joins(&self, run: u64) {
        let seen = Instant::now();
        let mut waiting = self.lock();
        let company = waiting.company.entry(run);
        company.or_insert(Company { files: 0, seen }).files += 1;
    }

    /// Says that nothing more comes of a file that had joined.
    pub(super) fn file_leaves(&self, run: u64) {
        if let Some(company) = self.lock().company.get_mut(&run) {
            company.files -= 1;
        }
        self.changed.notify_all();
    }

    fn busy_core(&self) -> BusyCore<'_> {
        let mut waiting = self.lock();
        while waiting.at_work >= waiting.cores {
            let waited = self.changed.wait(waiting);
            waiting = waited.unwrap_or_else(PoisonError::into_inner);
        }
        waiting.begin_work();
        BusyCore(self)
    }

    /// Hashes until there is nothing more.
    fn work(&self) {
        while let Some(load) = self.next() {
            let is_md5 = matches!(load, Load::Md5(_));
            let advanced = catch_unwind(AssertUnwindSafe(|| advance(load)));
            let mut waiting = self.lock();
            let is_broken = advanced.is_err();
            let advanced = advanced.unwrap_or_default();
            // All at once, so that they stay together.
            waiting.wait_for_md5(advanced.md5);
            waiting.sha256.extend(advanced.sha256);
            waiting.at_work -= 1;
            waiting.at_md5 -= usize::from(is_md5);
            waiting.is_broken |= is_broken;
            drop(waiting);
            self.changed.notify_all();
            for (stream, block, md5) in advanced.own {
                stream.own_md5(block, md5);
            }
            for (stream, block, checkpoint) in advanced.hashed {
                stream.hashed(block, checkpoint);
            }
        }
    }

    /// Waits for something to hash; `None` when all is done.
    fn next(&self) -> Option<Load> {
        let mut waiting = self.lock();
        loop {
            if let Some(load) = waiting.take() {
                waiting.begin_work();
                return Some(load);
            }
            if waiting.is_over() {
                return None;
            }
            waiting = match waiting.md5.is_empty() {
                true => self.changed.wait(waiting),
                false => {
                    let waited = self.changed.wait_timeout(waiting, COMPANY_WAIT);
                    waited
                        .map(|(waiting, _)| waiting)
                        .map_err(|poisoned| PoisonError::new(poisoned.into_inner().0))
                }
            }
            .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hashes a load, and gives what is known then.
fn advance(load: Load) -> Advanced {
    let mut done = Advanced::default();
    match load {
        Load::Md5(mut lanes) => {
            done.own = make_md5(&mut lanes);
            for Lane {
                stream,
                hash,
                block,
            } in lanes
            {
                let mut whole = stream.whole();
                done.md5.extend(lane(&stream, whole.took_md5(hash, block)));
                take_hashed(&stream, &mut whole, &mut done.hashed);
            }
        }
        Load::Sha256(mut lanes) => {
            make_sha256(&mut lanes);
            for Lane { stream, hash, .. } in lanes {
                let mut whole = stream.whole();
                done.sha256.extend(lane(&stream, whole.took_sha256(hash)));
                take_hashed(&stream, &mut whole, &mut done.hashed);
            }
        }
    }
    done
}

/// Advances the MD5 of each file, and makes that of each block where it is wanted.
fn make_md5(lanes: &mut [Lane<Md5>]) -> Vec<(Arc<dyn HashedStream>, Block, [u8; 16])> {
    let wants = |lane: &Lane<Md5>| lane.stream.wants_blocks();
    let wanting = lanes.iter().filter(|lane| wants(lane));
    let of_blocks: Vec<_> = wanting
        .map(|lane| (Arc::clone(&lane.stream), lane.block.clone()))
        .collect();
    let mut own = vec![Md5::new(); of_blocks.len()];
    let mut streams: Vec<(&mut Md5, &[u8])> = Vec::with_capacity(lanes.len() + own.len());
    for Lane {
        stream,
        hash,
        block,
    } in lanes.iter_mut()
    {
        if stream.is_wanted() {
            streams.push((hash, &block.bytes));
        }
    }
    for ((stream, block), own) in of_blocks.iter().zip(&mut own) {
        if stream.is_wanted() {
            streams.push((own, &block.bytes));
        }
    }
    lanes::md5_update(&mut streams);
    let own = own.into_iter().map(Md5::finish);
    let all = of_blocks.into_iter().zip(own);
    all.map(|((stream, block), md5)| (stream, block, md5))
        .collect()
}

fn make_sha256(lanes: &mut [Lane<Sha256>]) {
    let wanted = lanes.iter_mut().filter(|lane| lane.stream.is_wanted());
    let streams = wanted.map(|Lane { hash, block, .. }| (hash, &*block.bytes));
    lanes::sha256_update(&mut streams.collect::<Vec<_>>());
}

/// Takes out the blocks of a file that both hashes have.
fn take_hashed(
    stream: &Arc<dyn HashedStream>,
    whole: &mut WholeHash,
    done: &mut Vec<(Arc<dyn HashedStream>, Block, Option<HashCheckpoint>)>,
) {
    while let Some((block, checkpoint)) = whole.next_hashed() {
        done.push((Arc::clone(stream), block, checkpoint));
    }
}

fn lane<S>(stream: &Arc<dyn HashedStream>, next: Due<S>) -> Option<Lane<S>> {
    let stream = Arc::clone(stream);
    next.map(|(hash, block)| Lane {
        stream,
        hash,
        block,
    })
}
