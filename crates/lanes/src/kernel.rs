//! Which stream runs in which lane, for both hashes.
//!
//! All running lanes advance by the same number of blocks, as many as the one nearest its end has
//! left. Then those at their end leave and waiting ones take their places. The longest start
//! first, so that few lanes are empty at the end.

/// What both hashes take in at a time, in bytes.
pub(crate) const BLOCK: usize = 64;

/// The bytes of one block.
pub(crate) type Block = [u8; BLOCK];

/// A state of `W` words with the blocks it has still to take in.
pub(crate) struct Lane<'a, const W: usize> {
    /// The chaining value.
    pub(crate) state: &'a mut [u32; W],
    /// The blocks to take in first. Empty only if `then` is.
    pub(crate) blocks: &'a [Block],
    /// The blocks to take in after those.
    then: &'a [Block],
}

impl<'a, const W: usize> Lane<'a, W> {
    /// A lane in which `state` will take in the blocks of `first`, then those of `second`.
    pub(crate) fn new(state: &'a mut [u32; W], first: &'a [Block], second: &'a [Block]) -> Self {
        let (blocks, then) = if first.is_empty() {
            (second, first)
        } else {
            (first, second)
        };
        Self {
            state,
            blocks,
            then,
        }
    }

    /// How many blocks are left.
    pub(crate) fn left(&self) -> usize {
        self.blocks.len() + self.then.len()
    }

    /// Drops `count` of `blocks`, which have been taken in. Whether any are left.
    pub(crate) fn advance(&mut self, count: usize) -> bool {
        self.blocks = &self.blocks[count..];
        if self.blocks.is_empty() {
            self.blocks = std::mem::take(&mut self.then);
        }
        self.left() > 0
    }
}

/// One way of computing a hash whose state has `W` words.
pub(crate) struct Kernel<const W: usize> {
    /// How many lanes `several` takes at most; at least one.
    pub(crate) lanes: usize,
    /// How many of them take hardly longer than one; at least one.
    pub(crate) abreast: usize,
    /// Lets a state take in blocks.
    pub(crate) one: fn(&mut [u32; W], &[Block]),
    /// Lets the state of every lane take in the given number of its `blocks`. Takes one lane or
    /// more, each of which has that many.
    pub(crate) several: fn(&mut [Lane<'_, W>], usize),
}

impl<const W: usize> Kernel<W> {
    /// Takes in all blocks of all lanes, of which there may be any number.
    pub(crate) fn run(&self, mut waiting: Vec<Lane<'_, W>>) {
        waiting.retain(|lane| lane.left() > 0);
        waiting.sort_unstable_by_key(Lane::left);
        let mut running = Vec::with_capacity(self.lanes);
        loop {
            let room = self.lanes - running.len();
            running.extend(waiting.drain(waiting.len().saturating_sub(room)..).rev());
            let Some(count) = running.iter().map(|lane| lane.blocks.len()).min() else {
                return;
            };
            (self.several)(&mut running, count);
            running.retain_mut(|lane| lane.advance(count));
        }
    }
}
