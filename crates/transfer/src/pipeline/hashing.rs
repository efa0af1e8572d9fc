//! Hashes the blocks that a run has read, by the threads that all runs of a station share.
//!
//! The threads and what they do are in `pool`; here is what one run has of them: its blocks go in, and what is
//! known of them comes out of a queue. Small files do not come here: their reader hashes them in batches.

mod pool;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::pipeline::hash_state::{Block, HashCheckpoint, WholeHash};
use crate::stop::Stop;
pub(crate) use pool::HashingPool;
use pool::{Exchange, HashedStream};

/// A large file whose blocks are hashed here.
pub(crate) trait HashedInOrder: Send + Sync + 'static {
    /// Whether the MD5 of each block by itself is wanted too.
    fn wants_blocks(&self) -> bool;

    /// Its hashes and the blocks that wait to go into them.
    fn whole(&self) -> MutexGuard<'_, WholeHash>;
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

/// A block that went into the hashes of its file.
pub(crate) struct Hashed<F> {
    /// The file.
    pub(crate) file: Arc<F>,
    /// The block.
    pub(crate) block: Block,
    /// The state of the hashes after it.
    pub(crate) checkpoint: Option<HashCheckpoint>,
}

/// What comes out.
pub(crate) enum HashEvent<F> {
    /// The MD5 of a block by itself.
    Own(OwnMd5<F>),
    /// A block went into the hashes of its file.
    Whole(Hashed<F>),
}

/// What one run has of the threads that hash. What is in the queue is bounded by the byte budget.
pub(crate) struct RunHashing<F> {
    exchange: Arc<Exchange>,
    run: u64,
    stop: Stop,
    /// None when nothing more comes.
    events: Mutex<Option<Sender<HashEvent<F>>>>,
}

/// A file, and where what is known of it goes.
struct RunFile<F> {
    file: Arc<F>,
    stop: Stop,
    events: Sender<HashEvent<F>>,
}

impl<F: HashedInOrder> HashedStream for RunFile<F> {
    fn wants_blocks(&self) -> bool {
        self.file.wants_blocks()
    }

    fn is_wanted(&self) -> bool {
        !self.stop.is_set()
    }

    fn whole(&self) -> MutexGuard<'_, WholeHash> {
        self.file.whole()
    }

    fn own_md5(&self, block: Block, md5: [u8; 16]) {
        let file = Arc::clone(&self.file);
        // Who listens goes only when there is nothing more to hear.
        let _listening = self
            .events
            .send(HashEvent::Own(OwnMd5 { file, block, md5 }));
    }

    fn hashed(&self, block: Block, checkpoint: Option<HashCheckpoint>) {
        let file = Arc::clone(&self.file);
        let hashed = Hashed {
            file,
            block,
            checkpoint,
        };
        let _listening = self.events.send(HashEvent::Whole(hashed));
    }
}

impl<F: HashedInOrder> RunHashing<F> {
    /// Lets a run hash until it is closed. The queue ends when all its blocks are through then.
    pub(crate) fn join(pool: &HashingPool, stop: &Stop) -> (Self, Receiver<HashEvent<F>>) {
        let (events, queue) = unbounded();
        let exchange = pool.exchange();
        let hashing = Self {
            run: exchange.join(),
            exchange,
            stop: stop.clone(),
            events: Mutex::new(Some(events)),
        };
        (hashing, queue)
    }

    /// Takes the next block of a file. Blocks of a file come in order.
    pub(crate) fn take(&self, file: &Arc<F>, block: Block) {
        let Some(events) = self.lock().clone() else {
            return;
        };
        let stream: Arc<dyn HashedStream> = Arc::new(RunFile {
            file: Arc::clone(file),
            stop: self.stop.clone(),
            events,
        });
        self.exchange.take(self.run, &stream, block);
    }

    /// Says that another file is on its way: its blocks had better be hashed beside those of others.
    pub(crate) fn joins(&self) {
        self.exchange.file_joins(self.run);
    }

    /// Says that nothing more comes of a file that had joined.
    pub(crate) fn leaves(&self) {
        self.exchange.file_leaves(self.run);
    }

    /// Nothing more will come.
    pub(crate) fn close(&self) {
        self.lock().take();
        self.exchange.leave(self.run);
    }

    /// Hands what comes out of `queue` to `take`, until there is nothing more.
    ///
    /// # Panics
    /// If a thread that hashes has: some block was lost then.
    pub(crate) fn attend(&self, queue: &Receiver<HashEvent<F>>, take: impl FnMut(HashEvent<F>)) {
        queue.iter().for_each(take);
        assert!(!self.exchange.is_broken(), "a thread that hashes panicked");
    }

    fn lock(&self) -> MutexGuard<'_, Option<Sender<HashEvent<F>>>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::collections::BTreeMap;

    use crate::pipeline::budget::{Budget, BudgetShare, BudgetSize};
    use crate::stop::Halt;

    struct File<const WANTS_BLOCKS: bool> {
        name: usize,
        whole: Mutex<WholeHash>,
    }

    impl<const WANTS_BLOCKS: bool> HashedInOrder for File<WANTS_BLOCKS> {
        fn wants_blocks(&self) -> bool {
            WANTS_BLOCKS
        }

        fn whole(&self) -> MutexGuard<'_, WholeHash> {
            self.whole.lock().unwrap()
        }
    }

    fn files<const B: bool>(count: usize) -> Vec<Arc<File<B>>> {
        let file = |name| {
            let whole = Mutex::new(WholeHash::new(None).unwrap());
            Arc::new(File { name, whole })
        };
        (0..count).map(file).collect()
    }

    fn content(file: usize, number: u64) -> Vec<u8> {
        let byte = u8::try_from(file * 16).unwrap() + u8::try_from(number).unwrap();
        // The last is odd.
        vec![byte; if number == 5 { 77 } else { 4096 }]
    }

    fn share(stop: &Stop) -> Arc<BudgetShare> {
        let (total, unit) = (4 << 20, 1 << 20);
        let most = unit;
        Budget::new(BudgetSize { total, unit, most }).join(stop)
    }

    fn block(share: &Arc<BudgetShare>, file: usize, number: u64) -> Block {
        let bytes = Bytes::from(content(file, number));
        let permit = Arc::new(share.take(bytes.len() as u64).unwrap());
        Block {
            number,
            bytes,
            permit,
        }
    }

    /// Hashes some files of five blocks each in a run of its own, and compares all that comes out.
    fn run<const B: bool>(pool: &HashingPool, count: usize) {
        let stop = Stop::default();
        let (hashing, queue) = RunHashing::<File<B>>::join(pool, &stop);
        let (share, files) = (share(&stop), files::<B>(count));
        files.iter().for_each(|_| hashing.joins());
        for number in 1..=5 {
            for file in &files {
                hashing.take(file, block(&share, file.name, number));
            }
        }
        files.iter().for_each(|_| hashing.leaves());
        hashing.close();
        let (mut own, mut hashed) = (BTreeMap::new(), BTreeMap::<_, Vec<_>>::new());
        hashing.attend(&queue, |event| match event {
            HashEvent::Own(OwnMd5 { file, block, md5 }) => {
                own.insert((file.name, block.number), md5);
            }
            HashEvent::Whole(Hashed {
                file,
                block,
                checkpoint,
            }) => {
                let length = checkpoint.map(|it| (it.md5.length, it.sha256.length));
                let of_file = hashed.entry(file.name).or_default();
                of_file.push((block.number, length));
            }
        });
        assert_eq!(own.len(), if B { 5 * count } else { 0 });
        for file in &files {
            let blocks: Vec<_> = (1..=5).map(|number| content(file.name, number)).collect();
            for (number, block) in (1..).zip(&blocks) {
                let known = own.get(&(file.name, number));
                assert!(known.is_none_or(|md5| *md5 == lanes::md5_of(&[block])[0]));
            }
            let all = blocks.concat();
            let (md5, sha256) = (lanes::md5_of(&[&all])[0], lanes::sha256_of(&[&all])[0]);
            let wanted = (all.len() as u64, md5, sha256);
            assert_eq!(file.whole().finish(), Some(wanted));
            let told = hashed.get_mut(&file.name).unwrap();
            told.sort_unstable();
            let at = |number: u64| (number, Some((4096 * number, 4096 * number)));
            assert_eq!(*told, [at(1), at(2), at(3), at(4), (5, None)]);
        }
    }

    #[test]
    fn every_block_and_every_file_is_hashed_by_any_number_of_threads() {
        for threads in [1, 2, 5] {
            run::<true>(&HashingPool::start(threads), 11);
        }
    }

    #[test]
    fn runs_that_hash_at_once_each_get_their_own_and_no_more_hash_than_there_are_cores() {
        let pool = HashingPool::start(2);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..20).for_each(|_| run::<true>(&pool, 11)));
                scope.spawn(|| (0..20).for_each(|_| run::<false>(&pool, 7)));
                scope.spawn(|| {
                    (0..100).for_each(|_| pool.here(|| drop(lanes::md5_of(&[&[7; 9999]]))))
                });
            }
        });
        assert!((1..=2).contains(&pool.most_at_work()));
    }

    /// Nobody takes what comes out for one run, whose file is left half way: the other does not wait for it.
    #[test]
    fn a_run_that_stands_still_holds_up_no_other() {
        let pool = HashingPool::start(1);
        let stop = Stop::default();
        let (hashing, queue) = RunHashing::<File<true>>::join(&pool, &stop);
        let (share, still) = (share(&stop), files::<true>(9));
        still.iter().for_each(|_| hashing.joins());
        for file in &still {
            hashing.take(file, block(&share, file.name, 1));
        }
        run::<true>(&pool, 3);
        stop.halt(Halt::Interrupted);
        hashing.close();
        assert_eq!(queue.iter().count(), 18);
        assert_eq!(Arc::strong_count(&share), 1, "all was given back");
    }
}
