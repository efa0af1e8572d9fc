//! How long things took, counted by bounds: what a histogram shows.

use std::time::Duration;

/// Times that were counted: how many took no longer than each of some bounds, and how long all took together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timings {
    bounds: &'static [Duration],
    /// As many as there are bounds, and those that took longer than any.
    counts: Vec<u64>,
    total: Duration,
}

impl Timings {
    /// None yet, with bounds that rise.
    #[must_use]
    pub fn new(bounds: &'static [Duration]) -> Self {
        Self {
            bounds,
            counts: vec![0; bounds.len() + 1],
            total: Duration::ZERO,
        }
    }

    /// Counts one.
    pub fn add(&mut self, took: Duration) {
        let index = self.bounds.partition_point(|bound| *bound < took);
        self.counts[index] += 1;
        self.total = self.total.saturating_add(took);
    }

    /// Each bound, and how many took no longer.
    pub fn within(&self) -> impl Iterator<Item = (Duration, u64)> {
        let sums = self.counts.iter().scan(0_u64, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        self.bounds.iter().copied().zip(sums)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How long all took together.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_within_its_bound_and_all_above() {
        const BOUNDS: &[Duration] = &[Duration::from_millis(10), Duration::from_secs(1)];
        let mut timings = Timings::new(BOUNDS);
        for millis in [3, 10, 11, 1000, 5000] {
            timings.add(Duration::from_millis(millis));
        }
        let within: Vec<u64> = timings.within().map(|(_, count)| count).collect();
        assert_eq!(within, [2, 4]);
        assert_eq!(timings.count(), 5);
        assert_eq!(timings.total(), Duration::from_millis(6024));
    }
}
