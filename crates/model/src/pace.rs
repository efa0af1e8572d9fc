//! How fast a job went: what was sent from one moment to the next, of counts that were taken now and then.

use crate::time::Timestamp;

/// Seconds without a count after which nobody knows how fast it went in between: counts are a minute apart at first, and
/// ten later.
const UNKNOWN_AFTER: i64 = 20 * 60;

/// What was sent in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Bytes that were sent in between; none if nobody knows.
    pub bytes: Option<u64>,
}

impl Stretch {
    /// How long it is, in seconds.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.until.unix().abs_diff(self.from.unix())
    }

    /// Bytes per second.
    #[must_use]
    pub fn rate(&self) -> Option<u64> {
        self.bytes?.checked_div(self.seconds())
    }
}

/// The stretches between counts, of which each has its time and the bytes sent by then; at most so many, each as long as
/// it must be for that. A count that is less than the one before is that of a transfer begun anew.
#[must_use]
pub fn stretches(counts: &[(Timestamp, u64)], most: usize) -> Vec<Stretch> {
    let between = counts.windows(2).filter(|pair| pair[0].0 < pair[1].0);
    let all: Vec<Stretch> = between
        .map(|pair| {
            let ((from, before), (until, sent)) = (pair[0], pair[1]);
            let is_known = until.unix() - from.unix() <= UNKNOWN_AFTER;
            Stretch {
                from,
                until,
                bytes: is_known.then(|| sent.saturating_sub(before)),
            }
        })
        .collect();
    let group = all.len().div_ceil(most.max(1)).max(1);
    let known = all.chunk_by(|one, other| one.bytes.is_some() == other.bytes.is_some());
    known
        .flat_map(|run| run.chunks(group))
        .filter_map(|run| {
            let (first, last) = (run.first()?, run.last()?);
            let bytes = run.iter().map(|stretch| stretch.bytes).sum::<Option<u64>>();
            Some(Stretch {
                from: first.from,
                until: last.until,
                bytes,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(pairs: &[(i64, u64)]) -> Vec<(Timestamp, u64)> {
        let count = |(second, sent): &(i64, u64)| (Timestamp::from_unix(*second), *sent);
        pairs.iter().map(count).collect()
    }

    fn told(pairs: &[(i64, u64)], most: usize) -> Vec<(i64, i64, Option<u64>)> {
        let all = stretches(&counts(pairs), most);
        all.iter()
            .map(|it| (it.from.unix(), it.until.unix(), it.rate()))
            .collect()
    }

    #[test]
    fn a_rate_is_what_was_sent_between_two_counts() {
        assert_eq!(told(&[], 9), []);
        assert_eq!(told(&[(0, 5)], 9), []);
        assert_eq!(
            told(&[(0, 0), (60, 600), (120, 600), (180, 6_600)], 9),
            [(0, 60, Some(10)), (60, 120, Some(0)), (120, 180, Some(100))]
        );
        assert_eq!(
            told(&[(0, 0), (0, 9), (60, 69)], 9),
            [(0, 60, Some(1))],
            "one moment has no rate"
        );
        assert_eq!(
            told(&[(0, 900), (60, 60)], 9),
            [(0, 60, Some(0))],
            "it was begun anew"
        );
    }

    #[test]
    fn what_nobody_saw_has_no_rate() {
        let gap = UNKNOWN_AFTER + 1;
        assert_eq!(
            told(
                &[(0, 0), (60, 60), (60 + gap, 9_000), (120 + gap, 9_060)],
                2
            ),
            [
                (0, 60, Some(1)),
                (60, 60 + gap, None),
                (60 + gap, 120 + gap, Some(1))
            ]
        );
    }

    #[test]
    fn many_stretches_are_told_as_fewer_that_come_to_the_same() {
        let all: Vec<(i64, u64)> = (0..=1_000)
            .map(|n| (n * 60, u64::try_from(n).unwrap() * 120))
            .collect();
        let few = stretches(&counts(&all), 240);
        assert!(few.len() <= 240, "{}", few.len());
        assert!(few.iter().all(|stretch| stretch.rate() == Some(2)));
        assert_eq!(
            few.iter().filter_map(|stretch| stretch.bytes).sum::<u64>(),
            120_000
        );
        assert!(few.windows(2).all(|pair| pair[0].until == pair[1].from));
        assert_eq!(stretches(&counts(&all), 0).len(), 1);
    }
}
