//! How long to wait before the next try.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long and how often to try: exponential backoff with jitter, so that many stations do not come back at the
/// same instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// About how long to wait before the second try; each later wait is twice the one before.
    pub first_wait: Duration,
    /// The longest wait between two tries.
    pub longest_wait: Duration,
    /// For how long after the first failure other tries may begin.
    pub budget: Duration,
}

impl Default for RetryPolicy {
    /// A quarter of a second, at most twenty, for five minutes: a store's restart is survived.
    fn default() -> Self {
        Self {
            first_wait: Duration::from_millis(250),
            longest_wait: Duration::from_secs(20),
            budget: Duration::from_secs(300),
        }
    }
}

impl RetryPolicy {
    /// The wait after `failures` failures in a row, between half and all of the nominal one.
    #[must_use]
    pub fn wait(&self, failures: u32, jitter: &Jitter) -> Duration {
        let doubled = self
            .first_wait
            .saturating_mul(1 << failures.saturating_sub(1).min(20));
        let nominal = doubled.min(self.longest_wait);
        let half = u64::try_from(nominal.as_micros() / 2).unwrap_or(u64::MAX - 1);
        Duration::from_micros(half + jitter.below(half + 1))
    }
}

/// Numbers that look like chance and follow from a seed (SplitMix64). Not for secrets.
#[derive(Debug)]
pub struct Jitter(AtomicU64);

impl Jitter {
    /// Starts at `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next number below `bound`, or zero if that is zero.
    pub fn below(&self, bound: u64) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)).checked_rem(bound).unwrap_or(0)
    }
}
