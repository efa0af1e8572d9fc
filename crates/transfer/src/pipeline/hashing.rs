//! Hashes what was read, many streams at once.
//!
//! One stream of MD5 is slower than a good disk; sixteen in the lanes of one core are faster than
//! most, and lanes cost the same whether they are full or not. So the blocks of all files that are
//! being read come together here, and the MD5 of a block by itself, which goes along with it to the
//! store, is made beside that of its file, in lanes that would be empty. SHA-256 is made apart, by
//! whichever thread is free: one file alone keeps two of them busy. Small files do not come here: their
//! reader hashes them in batches.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use lanes::{Md5, Sha256};

use crate::pipeline::hash_state::{Block, Due, HashCheckpoint, WholeHash};
use crate::stop::Stop;

/// A large file whose blocks are hashed here.
pub(crate) trait HashedInOrder: Send + Sync {
    /// Whether the MD5 of each block by itself is wanted too.
    const WANTS_BLOCKS: bool;

    /// Its sums and the blocks that wait to go into them.
    fn whole(&self) -> MutexGuard<'_, WholeHash>;
}

/// A block on its way into a sum of its file.
struct Lane<F, S> {
    file: Arc<F>,
    sum: S,
    block: Block,
}

/// What one thread takes at a time.
enum Load<F> {
    Md5(Vec<Lane<F, Md5>>),
    Sha256(Vec<Lane<F, Sha256>>),
}

/// What waits to be hashed.
struct Waiting<F> {
    md5: VecDeque<Lane<F, Md5>>,
    sha256: VecDeque<Lane<F, Sha256>>,
    /// How many threads make MD5s meanwhile, and how many make anything.
    at_md5: usize,
    at_work: usize,
    /// How many files are on their way, whose blocks are worth waiting for.
    company: usize,
    no_more: bool,
}

/// How many files are best hashed together: with their blocks' own they fill half of the lanes, which
/// takes as long as one file does. Full ones take longer.
fn together() -> usize {
    (lanes::md5_lanes() / 4).max(1)
}

impl<F> Waiting<F> {
    /// What a free thread does next. MD5 first if enough files are there to go together, since it
    /// takes longest until a file is through; else SHA-256, which gains little from company.
    fn take(&mut self) -> Option<Load<F>> {
        let enough = self.company.clamp(1, together());
        // What another thread is at will be back soon, and joins those that wait.
        let is_alone = self.at_md5 == 0 && self.sha256.is_empty();
        if self.md5.len() >= enough || (is_alone && !self.md5.is_empty()) {
            self.at_md5 += 1;
            return Some(Load::Md5(some_of(&mut self.md5, together())));
        }
        let most = lanes::sha256_lanes();
        (!self.sha256.is_empty()).then(|| Load::Sha256(some_of(&mut self.sha256, most)))
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
                md5: VecDeque::new(),
                sha256: VecDeque::new(),
                at_md5: 0,
                at_work: 0,
                company: 0,
                no_more: false,
            }),
            changed: Condvar::new(),
        }
    }
}

impl<F: HashedInOrder> Hashing<F> {
    /// Takes the next block of a large file. Blocks of a file come in order.
    pub(crate) fn take(&self, file: &Arc<F>, block: Block) {
        let (md5, sha256) = file.whole().feed(block);
        let mut waiting = self.lock();
        waiting.md5.extend(lane(file, md5));
        waiting.sha256.extend(lane(file, sha256));
        drop(waiting);
        self.changed.notify_all();
    }

    /// Says that another file is on its way: its blocks had better be hashed beside those of others.
    pub(crate) fn joins(&self) {
        self.lock().company += 1;
    }

    /// Says that nothing more comes of a file that had joined.
    pub(crate) fn leaves(&self) {
        self.lock().company -= 1;
        self.changed.notify_all();
    }

    /// Nothing more will come from the readers.
    pub(crate) fn close(&self) {
        self.lock().no_more = true;
        self.changed.notify_all();
    }

    /// Hashes until there is nothing more. `send` gets blocks whose own MD5 is known, and `done` is
    /// told which block went into the sums of which file, both of several threads in no order.
    pub(crate) fn work(&self, stop: &Stop, send: impl Fn(OwnMd5<F>), done: impl Fn(Hashed<F>)) {
        while let Some(load) = self.next() {
            // A run that stops needs no sums: its uploads are left for the next attempt.
            let is_wanted = !stop.is_set();
            let hashed = match load {
                Load::Md5(mut lanes) => {
                    let own = match is_wanted {
                        true => make_md5(&mut lanes),
                        false => vec![[0; 16]; lanes.len()],
                    };
                    let own = lanes.iter().zip(own).map(|(lane, md5)| OwnMd5 {
                        file: Arc::clone(&lane.file),
                        block: lane.block.clone(),
                        md5,
                    });
                    let own: Vec<_> = own.filter(|_| F::WANTS_BLOCKS).collect();
                    let hashed = self.took_md5(lanes);
                    own.into_iter().for_each(&send);
                    hashed
                }
                Load::Sha256(mut lanes) => {
                    if is_wanted {
                        make_sha256(&mut lanes);
                    }
                    self.took_sha256(lanes)
                }
            };
            hashed.into_iter().for_each(&done);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<F>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something to hash; `None` when all is done.
    fn next(&self) -> Option<Load<F>> {
        let mut waiting = self.lock();
        loop {
            if let Some(load) = waiting.take() {
                waiting.at_work += 1;
                return Some(load);
            }
            if waiting.is_over() {
                return None;
            }
            waiting = self
                .changed
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives the files' sums back, all at once so that they stay together.
    fn took_md5(&self, lanes: Vec<Lane<F, Md5>>) -> Vec<Hashed<F>> {
        let (mut next, mut done) = (Vec::new(), Vec::new());
        for Lane { file, sum, block } in lanes {
            let mut whole = file.whole();
            next.extend(lane(&file, whole.took_md5(sum, block)));
            take_hashed(&file, &mut whole, &mut done);
        }
        let mut waiting = self.lock();
        waiting.md5.extend(next);
        (waiting.at_md5, waiting.at_work) = (waiting.at_md5 - 1, waiting.at_work - 1);
        drop(waiting);
        self.changed.notify_all();
        done
    }

    fn took_sha256(&self, lanes: Vec<Lane<F, Sha256>>) -> Vec<Hashed<F>> {
        let (mut next, mut done) = (Vec::new(), Vec::new());
        for Lane { file, sum, .. } in lanes {
            let mut whole = file.whole();
            next.extend(lane(&file, whole.took_sha256(sum)));
            take_hashed(&file, &mut whole, &mut done);
        }
        let mut waiting = self.lock();
        waiting.sha256.extend(next);
        waiting.at_work -= 1;
        drop(waiting);
        self.changed.notify_all();
        done
    }
}

/// A block, and its MD5 by itself.
pub(crate) struct OwnMd5<F> {
    /// Its file.
    pub(crate) file: Arc<F>,
    /// The block.
    pub(crate) block: Block,
    /// Its MD5.
    pub(crate) md5: [u8; 16],
}

/// A block that went into the sums of its file.
pub(crate) struct Hashed<F> {
    /// The file.
    pub(crate) file: Arc<F>,
    /// The block.
    pub(crate) block: Block,
    /// The sums after it.
    pub(crate) checkpoint: Option<HashCheckpoint>,
}

/// Advances the MD5 of each file, and makes that of each block where it is wanted.
fn make_md5<F: HashedInOrder>(lanes: &mut [Lane<F, Md5>]) -> Vec<[u8; 16]> {
    let mut own = vec![Md5::new(); lanes.len()];
    let mut streams: Vec<(&mut Md5, &[u8])> = Vec::with_capacity(2 * lanes.len());
    for (Lane { sum, block, .. }, own) in lanes.iter_mut().zip(&mut own) {
        streams.push((sum, &block.bytes));
        if F::WANTS_BLOCKS {
            streams.push((own, &block.bytes));
        }
    }
    lanes::md5_update(&mut streams);
    own.into_iter().map(Md5::finish).collect()
}

fn make_sha256<F>(lanes: &mut [Lane<F, Sha256>]) {
    let streams = lanes
        .iter_mut()
        .map(|Lane { sum, block, .. }| (sum, &*block.bytes));
    lanes::sha256_update(&mut streams.collect::<Vec<_>>());
}

/// Takes out the blocks of a file that both sums have.
fn take_hashed<F>(file: &Arc<F>, whole: &mut WholeHash, done: &mut Vec<Hashed<F>>) {
    while let Some((block, checkpoint)) = whole.next_hashed() {
        let file = Arc::clone(file);
        done.push(Hashed {
            file,
            block,
            checkpoint,
        });
    }
}

fn lane<F, S>(file: &Arc<F>, next: Due<S>) -> Option<Lane<F, S>> {
    let file = Arc::clone(file);
    next.map(|(sum, block)| Lane { file, sum, block })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::collections::BTreeMap;

    use crate::pipeline::budget::Budget;

    struct File {
        name: usize,
        whole: Mutex<WholeHash>,
    }

    impl HashedInOrder for File {
        const WANTS_BLOCKS: bool = true;

        fn whole(&self) -> MutexGuard<'_, WholeHash> {
            self.whole.lock().unwrap()
        }
    }

    fn content(file: usize, number: u64) -> Vec<u8> {
        let byte = u8::try_from(file * 16).unwrap() + u8::try_from(number).unwrap();
        // The last is odd.
        vec![byte; if number == 5 { 77 } else { 4096 }]
    }

    #[test]
    fn every_block_and_every_file_is_hashed_by_any_number_of_threads() {
        let (budget, stop) = (Budget::new(1 << 20), Stop::default());
        for threads in [1, 2, 5] {
            let hashing = Hashing::<File>::default();
            let files: Vec<_> = (0..11)
                .map(|name| {
                    let whole = Mutex::new(WholeHash::new(None).unwrap());
                    Arc::new(File { name, whole })
                })
                .collect();
            let own = Mutex::new(BTreeMap::new());
            let hashed = Mutex::new(BTreeMap::<_, Vec<_>>::new());
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        hashing.work(
                            &stop,
                            |OwnMd5 { file, block, md5 }| {
                                own.lock().unwrap().insert((file.name, block.number), md5);
                            },
                            |Hashed {
                                 file,
                                 block,
                                 checkpoint,
                             }| {
                                let length = checkpoint.map(|checkpoint| {
                                    (checkpoint.md5.length, checkpoint.sha256.length)
                                });
                                let mut hashed = hashed.lock().unwrap();
                                hashed
                                    .entry(file.name)
                                    .or_default()
                                    .push((block.number, length));
                            },
                        );
                    });
                }
                files.iter().for_each(|_| hashing.joins());
                for number in 1..=5 {
                    for file in &files {
                        let bytes = Bytes::from(content(file.name, number));
                        let permit = Arc::new(budget.take(bytes.len() as u64));
                        let block = Block {
                            number,
                            bytes,
                            permit,
                        };
                        hashing.take(file, block);
                    }
                }
                files.iter().for_each(|_| hashing.leaves());
                hashing.close();
            });
            let (own, mut hashed) = (own.into_inner().unwrap(), hashed.into_inner().unwrap());
            for file in &files {
                let blocks: Vec<_> = (1..=5).map(|number| content(file.name, number)).collect();
                for (number, block) in (1..).zip(&blocks) {
                    assert_eq!(own[&(file.name, number)], lanes::md5_of(&[block])[0]);
                }
                let all = blocks.concat();
                let wanted = (
                    all.len() as u64,
                    lanes::md5_of(&[&all])[0],
                    lanes::sha256_of(&[&all])[0],
                );
                assert_eq!(file.whole().finish(), Some(wanted));
                let told = hashed.get_mut(&file.name).unwrap();
                told.sort_unstable();
                let at = |number: u64| (number, Some((4096 * number, 4096 * number)));
                let wanted = [at(1), at(2), at(3), at(4), (5, None)];
                assert_eq!(*told, wanted);
            }
        }
    }
}
