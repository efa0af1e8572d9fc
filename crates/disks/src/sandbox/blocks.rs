//! What a child may read of a device, kept in memory: it asks for little at a time, and often for the same.
//!
//! A device is read in blocks of 256 KiB, of which 64 MiB are kept. Where one follows the other, up to 1 MiB is read at
//! once. A block that cannot be read whole is read in just the pieces that are asked for.

use std::collections::{HashMap, HashSet};

use filesystems::blocks::{Blocks, Fault};

/// The size of a block in bytes: 64 KiB read a spindle almost as seldom as this, and 1 MiB no more seldom.
const BLOCK_BYTES: usize = 256 << 10;
/// Blocks that are kept: 64 MiB.
const KEPT: usize = 256;
/// Blocks that are read together, at most: 1 MiB, 6 ms of a disk that rotates.
const TOGETHER: u64 = 4;

/// A device or a volume, with what was read of it lately.
pub(super) struct Remembered<'a> {
    blocks: &'a mut dyn Blocks,
    bytes: u64,
    kept: HashMap<u64, KeptBlock>,
    /// Blocks of which some cannot be read.
    broken: HashSet<u64>,
    /// Counts questions: what was asked for longest ago goes.
    clock: u64,
    /// The block behind the one that was read last, and how many are read from there.
    next: u64,
    together: u64,
}

struct KeptBlock {
    bytes: Vec<u8>,
    used: u64,
}

impl<'a> Remembered<'a> {
    /// All that `blocks` have, of which nothing was read yet.
    pub(super) fn new(blocks: &'a mut dyn Blocks) -> Self {
        Self {
            bytes: blocks.bytes(),
            blocks,
            kept: HashMap::new(),
            broken: HashSet::new(),
            clock: 0,
            next: 0,
            together: 1,
        }
    }

    /// Its size in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Appends `bytes` from `offset` on.
    ///
    /// # Errors
    /// As [`Blocks::read`]; `into` is as it was then.
    pub(super) fn append(
        &mut self,
        offset: u64,
        bytes: usize,
        into: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let end = offset.checked_add(bytes as u64);
        let end = end.filter(|&end| end <= self.bytes).ok_or(Fault::Bad)?;
        let before = into.len();
        let mut at = offset;
        while at < end {
            let block = at / BLOCK_BYTES as u64;
            let from = usize::try_from(at % BLOCK_BYTES as u64).map_err(|_| Fault::Bad)?;
            let until = BLOCK_BYTES.min(from + (bytes - (into.len() - before)));
            let piece = match self.block(block)? {
                Some(held) => held.get(from..until),
                None => None,
            };
            match piece {
                Some(piece) => into.extend_from_slice(piece),
                None => {
                    into.truncate(before);
                    return self.exactly(offset, bytes, into);
                }
            }
            at += (until - from) as u64;
        }
        Ok(())
    }

    /// Just these bytes, past the memory.
    fn exactly(&mut self, offset: u64, bytes: usize, into: &mut Vec<u8>) -> Result<(), Fault> {
        let before = into.len();
        into.resize(before + bytes, 0);
        let read = self.blocks.read(offset, &mut into[before..]);
        if read.is_err() {
            into.truncate(before);
        }
        read
    }

    /// A block, from memory if it is there; `None` if it cannot be read whole.
    fn block(&mut self, block: u64) -> Result<Option<&[u8]>, Fault> {
        self.clock += 1;
        let clock = self.clock;
        if !self.kept.contains_key(&block) && !self.broken.contains(&block) {
            self.fetch(block)?;
        }
        Ok(self.kept.get_mut(&block).map(|kept| {
            kept.used = clock;
            &kept.bytes[..]
        }))
    }

    /// Reads a block, with some behind it if the one before was read last.
    fn fetch(&mut self, block: u64) -> Result<(), Fault> {
        self.together = match block == self.next {
            true => TOGETHER.min(self.together * 2),
            false => 1,
        };
        let last = self.bytes.div_ceil(BLOCK_BYTES as u64);
        let mut end = last.min(block + self.together);
        if let Some(known) = (block + 1..end).find(|it| self.kept.contains_key(it)) {
            end = known;
        }
        if end > block + 1 && self.fetch_range(block, end)? {
            return Ok(());
        }
        if !self.fetch_range(block, block + 1)? {
            self.broken.insert(block);
        }
        Ok(())
    }

    /// Reads blocks at once. `false` if some of them cannot be read.
    fn fetch_range(&mut self, from: u64, until: u64) -> Result<bool, Fault> {
        let start = from * BLOCK_BYTES as u64;
        let end = self.bytes.min(until * BLOCK_BYTES as u64);
        let bytes = usize::try_from(end - start).map_err(|_| Fault::Bad)?;
        let mut read = vec![0; bytes];
        match self.blocks.read_lightly(start, &mut read) {
            Ok(()) => {}
            Err(Fault::Bad) => return Ok(false),
            Err(Fault::Ended) => return Err(Fault::Ended),
        }
        self.next = until;
        for (block, piece) in (from..until).zip(read.chunks(BLOCK_BYTES)) {
            self.keep(block, piece.to_vec());
        }
        Ok(true)
    }

    fn keep(&mut self, block: u64, bytes: Vec<u8>) {
        if self.kept.len() >= KEPT {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.used);
            if let Some(oldest) = oldest.map(|(&block, _)| block) {
                self.kept.remove(&oldest);
            }
        }
        let used = self.clock;
        self.kept.insert(block, KeptBlock { bytes, used });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::Range;

    use filesystems::blocks::MemoryBlocks;
    use proptest::prelude::*;

    /// A volume that writes down what is read of it.
    struct Noted {
        blocks: MemoryBlocks,
        reads: Vec<Range<u64>>,
    }

    impl Noted {
        fn new(bytes: usize) -> Self {
            let content = (0..bytes).map(|at| (at * 7 % 251).to_le_bytes()[0]);
            Self {
                blocks: MemoryBlocks::new(content.collect()),
                reads: Vec::new(),
            }
        }
    }

    impl Blocks for Noted {
        fn bytes(&self) -> u64 {
            self.blocks.bytes()
        }

        fn sector(&self) -> u32 {
            512
        }

        fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Fault> {
            self.reads.push(offset..offset + into.len() as u64);
            self.blocks.read(offset, into)
        }
    }

    #[test]
    fn what_is_read_straight_on_is_read_in_few_pieces_and_once() {
        let mut noted = Noted::new(8 << 20);
        let mut remembered = Remembered::new(&mut noted);
        for _twice in 0..2 {
            for at in (0..8 << 20).step_by(4096) {
                let mut into = Vec::new();
                remembered.append(at, 4096, &mut into).unwrap();
                assert_eq!(into.len(), 4096);
            }
        }
        let read: u64 = noted.reads.iter().map(|read| read.end - read.start).sum();
        assert_eq!(read, 8 << 20);
        assert!(noted.reads.len() <= 10, "{:?}", noted.reads);
    }

    #[test]
    fn so_much_is_kept_and_no_more() {
        let mut noted = Noted::new((KEPT + 40) * BLOCK_BYTES);
        let mut remembered = Remembered::new(&mut noted);
        for block in (0..KEPT as u64 + 40).rev() {
            let at = block * BLOCK_BYTES as u64;
            remembered.append(at, 1, &mut Vec::new()).unwrap();
            assert!(remembered.kept.len() <= KEPT);
        }
        assert!(!remembered.kept.contains_key(&(KEPT as u64 + 39)));
        assert!(remembered.kept.contains_key(&0));
    }

    #[test]
    fn around_a_bad_place_just_what_is_asked_for_is_read() {
        let mut noted = Noted::new(1 << 20);
        noted.blocks.break_range(5000..5001);
        let mut remembered = Remembered::new(&mut noted);
        let mut into = vec![9];
        assert_eq!(remembered.append(4096, 4096, &mut into), Err(Fault::Bad));
        assert_eq!(into, [9]);
        assert_eq!(remembered.append(8192, 4096, &mut into), Ok(()));
        assert_eq!(into.len(), 4097);
        // The block is tried once, and not for each question.
        let whole = noted.reads.iter().filter(|read| read.start == 0).count();
        assert!(whole <= 2, "{:?}", noted.reads);
        assert_eq!(noted.reads.last(), Some(&(8192..12288)));
    }

    proptest! {
        /// Whatever is asked for is what lies there, or is bad if some of it is broken or past the end.
        #[test]
        fn it_answers_as_the_device_does(
            asked in prop::collection::vec((0_u64..1_100_000, 0_usize..300_000), 1..40),
            broken in prop::collection::vec(0_u64..1_000_000, 0..4),
        ) {
            let mut plain = Noted::new(1_000_000);
            for at in broken {
                plain.blocks.break_range(at..at + 1);
            }
            let mut below = plain.blocks.clone();
            let mut remembered = Remembered::new(&mut below);
            for (offset, bytes) in asked {
                let mut expected = vec![0; bytes];
                let is_read = plain.blocks.read(offset, &mut expected);
                let mut into = Vec::new();
                prop_assert_eq!(remembered.append(offset, bytes, &mut into), is_read);
                if is_read.is_ok() {
                    prop_assert!(into == expected);
                }
            }
        }
    }
}
