//! Lanes seated in vector registers: which place of which register belongs to whom.

use crate::kernel::{Block, Lane};

/// The states and blocks of up to `G * WIDE` lanes, as `G` groups of one register's width. Places
/// without a lane repeat the last one; what is computed there is dropped.
pub(crate) struct Seats<'a, const G: usize, const WIDE: usize> {
    /// The first word of every state, the second, and so on.
    pub(crate) words: [[[u32; WIDE]; G]; 4],
    /// Equally many blocks of every lane.
    pub(crate) blocks: [[&'a [Block]; WIDE]; G],
}

impl<'a, const G: usize, const WIDE: usize> Seats<'a, G, WIDE> {
    /// Seats at least one lane, with the next `count` blocks of each.
    pub(crate) fn take(lanes: &[Lane<'a, 4>], count: usize) -> Self {
        let mut words = [[[0; WIDE]; G]; 4];
        let mut blocks: [[&[Block]; WIDE]; G] = [[&[]; WIDE]; G];
        let last = lanes.len() - 1;
        for place in 0..G * WIDE {
            let (group, seat) = (place / WIDE, place % WIDE);
            let lane = &lanes[place.min(last)];
            blocks[group][seat] = &lane.blocks[..count];
            for (word, value) in words.iter_mut().zip(*lane.state) {
                word[group][seat] = value;
            }
        }
        Self { words, blocks }
    }

    /// Gives the states, arranged as in `words`, back to the same lanes.
    pub(crate) fn leave(words: [[[u32; WIDE]; G]; 4], lanes: &mut [Lane<'_, 4>]) {
        for (place, lane) in lanes.iter_mut().enumerate() {
            *lane.state = words.map(|word| word[place / WIDE][place % WIDE]);
        }
    }
}
