//! How fast a transfer is lately, and about how long it still takes: worked out by whoever looks,
//! from what the transfer counts anyway.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use model::loading::Figures;

use super::Snapshot;

/// The rate is that of so long: a part of 64 MiB arrives at once, and at 5 MB/s that is every
/// thirteen seconds.
const WINDOW: Duration = Duration::from_secs(30);

/// Samples are at least so far apart: numbers that change faster cannot be read.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// Nothing is said of the rate before, nor of the time left.
const RATE_AFTER: Duration = Duration::from_secs(2);
const LEFT_AFTER: Duration = Duration::from_secs(5);

/// How fast the time left follows a new estimate: after so long it has come about half the way.
const SMOOTHING: Duration = Duration::from_secs(10);

/// A rate of files says something about small files only if it was that of small files, on the
/// average of at most so many bytes: larger ones are bound by bytes.
const SMALL_FILE: u64 = 1_000_000;

/// Longer estimates are noise: something barely moves.
const LONGEST: Duration = Duration::from_secs(60 * 24 * 3600);

/// Watches the figures of one transfer. Whoever looks has one of its own.
#[derive(Debug, Default)]
pub struct Pace {
    /// Oldest first; the first is as old as the window, or the oldest there is.
    samples: VecDeque<Sample>,
    rate: Option<u64>,
    left: Option<Duration>,
}

/// What this attempt had done at one moment.
#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    bytes: u64,
    files: u64,
}

/// What is still to be done.
#[derive(Debug, Clone, Copy)]
struct Rest {
    bytes: u64,
    files: u64,
}

impl Pace {
    /// The figures with rate and time left, as `snapshot` has them `now`. The first look begins
    /// the measuring.
    pub fn figures(&mut self, snapshot: Snapshot, now: Instant) -> Figures {
        let rest = Rest::of(&snapshot);
        let last = self.samples.back().map(|sample| sample.at);
        if last.is_none_or(|last| now.saturating_duration_since(last) >= SAMPLE_EVERY) {
            self.sample(Sample::of(&snapshot, now));
            self.estimate(rest, snapshot.found_all);
        }
        let is_done = snapshot.found_all && rest.files == 0;
        let sent_bytes = sent(&snapshot);
        Figures {
            tally: snapshot.tally,
            current: snapshot.current.filter(|_| !is_done),
            found: snapshot.found.saturating_sub(snapshot.tally.ignored),
            found_bytes: snapshot.found_bytes.saturating_sub(snapshot.ignored_bytes),
            found_all: snapshot.found_all,
            sent_bytes,
            rate: self.rate,
            seconds_left: self.left.filter(|_| !is_done).map(|left| left.as_secs()),
        }
    }

    /// Adds a sample and forgets those that the window does not reach any more.
    fn sample(&mut self, sample: Sample) {
        self.samples.push_back(sample);
        let is_old = |other: &Sample| sample.at.saturating_duration_since(other.at) >= WINDOW;
        while self.samples.get(1).is_some_and(is_old) {
            self.samples.pop_front();
        }
    }

    fn estimate(&mut self, rest: Rest, found_all: bool) {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else {
            return;
        };
        let span = last.at.saturating_duration_since(first.at);
        let bytes = last.bytes.saturating_sub(first.bytes);
        let files = last.files.saturating_sub(first.files);
        let knows_left = found_all && span >= LEFT_AFTER;
        let estimate = rest.takes(bytes, files, span).filter(|_| knows_left);
        self.left = estimate.map(|estimate| self.smooth(estimate));
        self.rate = (span >= RATE_AFTER).then(|| per_second(bytes, span));
    }

    /// Lets the last estimate run down as time passes, and draws it towards the new one.
    fn smooth(&self, estimate: Duration) -> Duration {
        let mut latest = self.samples.iter().rev().map(|sample| sample.at);
        let (Some(left), Some(now), Some(before)) = (self.left, latest.next(), latest.next())
        else {
            return estimate;
        };
        let passed = now.saturating_duration_since(before);
        let expected = left.saturating_sub(passed);
        let weight = |off: Duration| {
            let millis = off.as_millis() * passed.as_millis();
            let millis = millis / (passed + SMOOTHING).as_millis().max(1);
            Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
        };
        if estimate > expected {
            expected.saturating_add(weight(estimate - expected))
        } else {
            expected.saturating_sub(weight(expected - estimate))
        }
    }
}

impl Sample {
    /// Files that an earlier attempt had stored went by without any work.
    fn of(snapshot: &Snapshot, at: Instant) -> Self {
        let tally = snapshot.tally;
        Self {
            at,
            bytes: snapshot.sent_bytes,
            files: tally
                .stored
                .saturating_sub(snapshot.resumed + snapshot.unchanged)
                + tally.failed,
        }
    }
}

impl Rest {
    fn of(snapshot: &Snapshot) -> Self {
        let tally = snapshot.tally;
        let done = tally.stored + tally.ignored + tally.failed;
        let done_bytes = sent(snapshot) + snapshot.ignored_bytes + snapshot.failed_bytes;
        Self {
            bytes: snapshot.found_bytes.saturating_sub(done_bytes),
            files: snapshot.found.saturating_sub(done),
        }
    }

    /// How long this takes at the rate of `bytes` and `files` in `span`: large files are bound by
    /// bytes, small ones by their number; the longer counts. `None` if nothing is known.
    fn takes(self, bytes: u64, files: u64, span: Duration) -> Option<Duration> {
        let at_rate = |rest: u64, done: u64| {
            let millis = span.as_millis().checked_mul(rest.into())?;
            let millis = millis.checked_div(done.into())?;
            u64::try_from(millis).ok().map(Duration::from_millis)
        };
        let by_bytes = match self.bytes {
            0 => Some(Duration::ZERO),
            rest => at_rate(rest, bytes),
        };
        let was_small = files > 0 && bytes / files <= SMALL_FILE;
        let by_files = at_rate(self.files, files).filter(|_| was_small);
        let longer = by_bytes?.max(by_files.unwrap_or_default());
        Some(longer).filter(|&longer| longer > Duration::ZERO && longer <= LONGEST)
    }
}

/// Bytes that are in the store, by this attempt and by earlier ones. What was sent of a file that
/// failed after all does not make more of them than there are.
fn sent(snapshot: &Snapshot) -> u64 {
    let at_rest = snapshot
        .resumed_bytes
        .saturating_add(snapshot.unchanged_bytes);
    let sent = at_rest.saturating_add(snapshot.sent_bytes);
    let whole = snapshot.found_bytes.max(snapshot.tally.bytes);
    sent.clamp(snapshot.tally.bytes, whole)
}

fn per_second(bytes: u64, span: Duration) -> u64 {
    let per_second = u128::from(bytes) * 1000 / span.as_millis().max(1);
    u64::try_from(per_second).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::control::Tally;

    /// A transfer on a clock that is set by hand.
    struct Transfer {
        begun: Instant,
        pace: Pace,
        now: Snapshot,
    }

    impl Transfer {
        /// Of so many files with so many bytes altogether, all of them found.
        fn of(found: u64, found_bytes: u64) -> Self {
            let now = Snapshot {
                found,
                found_bytes,
                found_all: true,
                current: Some("a".to_owned()),
                ..Snapshot::default()
            };
            let mut new = Self {
                begun: Instant::now(),
                pace: Pace::default(),
                now,
            };
            new.look(0);
            new
        }

        fn store(&mut self, files: u64, bytes: u64) {
            self.now.tally.stored += files;
            self.now.tally.bytes += bytes;
            self.now.sent_bytes += bytes;
        }

        fn look(&mut self, millis: u64) -> Figures {
            let at = self.begun + Duration::from_millis(millis);
            self.pace.figures(self.now.clone(), at)
        }

        /// Stores so much in each second of a span, and looks at its end.
        fn run(&mut self, seconds: std::ops::Range<u64>, files: u64, bytes: u64) -> Figures {
            for second in seconds.clone() {
                self.store(files, bytes);
                self.look((second + 1) * 1000);
            }
            self.look(seconds.end * 1000)
        }
    }

    #[test]
    fn nothing_is_said_before_something_is_known() {
        let mut transfer = Transfer::of(100, 100_000_000);
        assert_eq!(transfer.look(0).rate, None);
        let figures = transfer.run(0..2, 0, 1_000_000);
        assert_eq!(
            (figures.rate, figures.seconds_left),
            (Some(1_000_000), None)
        );
        let figures = transfer.run(2..5, 0, 1_000_000);
        assert_eq!(figures.seconds_left, Some(95));
        let mut counting = Transfer::of(100, 100_000_000);
        counting.now.found_all = false;
        let figures = counting.run(0..20, 0, 1_000_000);
        assert_eq!(
            (figures.rate, figures.seconds_left),
            (Some(1_000_000), None)
        );
    }

    /// Found, bytes, then what each second brings, and what is left after ten.
    #[test]
    fn the_longer_of_two_estimates_counts() {
        const GB: u64 = 1_000_000_000;
        for (name, found, bytes, each, left) in [
            ("by bytes", 100, 10 * GB, (0, 100_000_000), Some(90)),
            ("small files", 10_000, 10_000_000, (100, 100_000), Some(90)),
            (
                "tiny ones after larger ones",
                10_000,
                10_000_000,
                (100, 900_000),
                Some(90),
            ),
            ("empty files", 10_000, 0, (100, 0), Some(90)),
            (
                "large files say nothing of small ones",
                50_000,
                2 * GB,
                (1, 100_000_000),
                Some(10),
            ),
            ("nothing moves", 100, GB, (0, 0), None),
            ("bytes are left and none come", 200, GB, (1, 0), None),
            ("nearly nothing moves", 100, 1_000 * GB, (0, 1000), None),
            ("all is done", 10, 1000, (1, 100), None),
        ] {
            let mut transfer = Transfer::of(found, bytes);
            let figures = transfer.run(0..10, each.0, each.1);
            assert_eq!(figures.seconds_left, left, "{name}");
            assert_eq!(figures.rate, Some(each.1), "{name}");
        }
    }

    #[test]
    fn the_rate_is_that_of_the_last_half_minute() {
        let mut transfer = Transfer::of(1, u64::MAX);
        assert_eq!(transfer.run(0..60, 0, 5_000_000).rate, Some(5_000_000));
        assert_eq!(transfer.run(60..75, 0, 15_000_000).rate, Some(10_000_000));
        assert_eq!(transfer.run(75..90, 0, 15_000_000).rate, Some(15_000_000));
        let figures = transfer.run(90..120, 0, 0);
        assert_eq!((figures.rate, figures.seconds_left), (Some(0), None));
        assert!(transfer.pace.samples.len() <= 31);
    }

    #[test]
    fn large_parts_do_not_make_the_numbers_jump() {
        let (part, every) = (64_000_000_u64, 8);
        let mut transfer = Transfer::of(1, part * 1000);
        let mut seen = Vec::new();
        for second in 1..=200 {
            if second % every == 0 {
                transfer.store(0, part);
            }
            let left = transfer.look(second * 1000).seconds_left;
            seen.extend(left.filter(|_| second >= 60));
        }
        for two in seen.windows(2) {
            assert!(two[0].abs_diff(two[1]) < two[0] / 20, "{two:?}");
        }
        assert_eq!(seen.len(), 141);
    }

    #[test]
    fn an_estimate_follows_a_new_rate_by_and_by() {
        let mut transfer = Transfer::of(1, 1_000_000_000);
        assert_eq!(transfer.run(0..40, 0, 1_000_000).seconds_left, Some(960));
        // A tenth of the speed: the whole way would be 9,600 s.
        let soon = transfer.run(40..42, 0, 100_000).seconds_left.unwrap();
        assert!((900..1_100).contains(&soon), "{soon}");
        let later = transfer.run(42..160, 0, 100_000).seconds_left.unwrap();
        assert!((9_300..9_600).contains(&later), "{later}");
    }

    #[test]
    fn between_samples_the_numbers_stand_still() {
        let mut transfer = Transfer::of(1, 1_000_000_000);
        let before = transfer.run(0..10, 0, 1_000_000);
        transfer.store(0, 700_000_000);
        let now = transfer.look(10_100);
        assert_eq!(
            (now.rate, now.seconds_left),
            (before.rate, before.seconds_left)
        );
        assert_eq!(now.sent_bytes, 710_000_000, "what is done is told at once");
        // A clock that goes backwards is none of ours to judge.
        assert_eq!(transfer.look(3_000).rate, before.rate);
    }

    #[test]
    fn a_resumed_job_counts_all_but_is_no_faster_for_it() {
        let mut transfer = Transfer::of(1000, 1_000_000_000);
        transfer.now.resumed = 900;
        transfer.now.resumed_bytes = 900_000_000;
        transfer.now.tally.stored = 900;
        transfer.now.tally.bytes = 900_000_000;
        let figures = transfer.run(0..10, 1, 1_000_000);
        assert_eq!(figures.rate, Some(1_000_000));
        assert_eq!(figures.seconds_left, Some(90));
        assert_eq!(
            (figures.tally.stored, figures.sent_bytes),
            (910, 910_000_000)
        );
    }

    #[test]
    fn what_is_left_out_or_failed_is_not_waited_for() {
        let mut transfer = Transfer::of(10, 1_000_000_000);
        transfer.now.tally = Tally {
            ignored: 4,
            failed: 4,
            ..Tally::default()
        };
        transfer.now.ignored_bytes = 400_000_000;
        transfer.now.failed_bytes = 400_000_000;
        let figures = transfer.run(0..10, 0, 10_000_000);
        assert_eq!((figures.found, figures.found_bytes), (6, 600_000_000));
        assert_eq!(figures.seconds_left, Some(10));
        assert_eq!(figures.current.as_deref(), Some("a"));
        let figures = transfer.run(10..11, 2, 100_000_000);
        assert_eq!((figures.seconds_left, figures.current), (None, None));
        // Parts of files that failed after all were sent in vain.
        transfer.now.sent_bytes = 5_000_000_000;
        assert_eq!(transfer.look(12_000).sent_bytes, 1_000_000_000);
    }
}
