//! Chance that can be repeated: every decision of a run is a pure function of the seed and of the
//! decision's own name, so that it does not matter which thread asks first.

use std::hash::{Hash, Hasher};

/// A point in the tree of decisions that grows from one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chance(u64);

impl Chance {
    /// The root of a run.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(mixed(seed))
    }

    /// The decision called `name` below this one.
    #[must_use]
    pub fn of(self, name: impl Hash) -> Self {
        let mut hasher = Fnv(self.0 ^ Fnv::BASIS);
        name.hash(&mut hasher);
        Self(mixed(hasher.finish()))
    }

    /// A number below `bound`; 0 if that is 0.
    #[must_use]
    pub fn below(self, bound: u64) -> u64 {
        self.0.checked_rem(bound).unwrap_or(0)
    }

    /// As [`Chance::below`], for lengths in memory.
    #[must_use]
    pub fn index(self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a length fits");
        usize::try_from(self.below(bound)).expect("it is below a length")
    }

    /// True for one seed in `n`.
    #[must_use]
    pub fn one_in(self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// True for `percent` seeds in a hundred.
    #[must_use]
    pub fn percent(self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of `choices`, of which there must be some.
    #[must_use]
    pub fn pick<T: Copy>(self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// Bytes without a pattern.
    #[must_use]
    pub fn noise(self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        let mut word = self.0;
        while bytes.len() < length {
            word = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
            bytes.extend_from_slice(&mixed(word).to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }
}

/// The last step of SplitMix64.
fn mixed(word: u64) -> u64 {
    let word = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// FNV-1a: the same on every machine and in every version of the compiler.
struct Fnv(u64);

impl Fnv {
    const BASIS: u64 = 0xCBF2_9CE4_8422_2325;
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
