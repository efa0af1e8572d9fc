//! How fast a transfer is lately, and about how long it still takes: worked out by whoever looks,
//! from what the transfer counts anyway. What files and bytes cost is a matter of [`cost`].

mod cost;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use model::loading::Figures;

use super::Snapshot;
use cost::{Cost, Span};

/// The rate is that of so long: a part of 64 MiB arrives at once, and at 5 MB/s that is every
/// thirteen seconds.
const WINDOW: Duration = Duration::from_secs(30);

/// Samples are at least so far apart: numbers that change faster cannot be read.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// Nothing is said of the rate before, nor of the time left.
const RATE_AFTER: Duration = Duration::from_secs(2);
const LEFT_AFTER: Duration = Duration::from_secs(2);

/// How fast the time left follows a new estimate: after so long it has come about half the way.
const SMOOTHING: Duration = Duration::from_secs(10);

/// Longer estimates are noise: something barely moves.
const LONGEST: Duration = Duration::from_secs(60 * 24 * 3600);

/// Watches the figures of one transfer. Whoever looks has one of its own.
#[derive(Debug, Default)]
pub struct Pace {
    /// Oldest first; the first is as old as the window, or the oldest there is.
    samples: VecDeque<RateSample>,
    /// What a file and a byte cost, as learned from all samples so far.
    cost: Cost,
    rate: Option<u64>,
    left: Option<Duration>,
}

/// What this attempt had done at one moment.
#[derive(Debug, Clone, Copy)]
struct RateSample {
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
            self.sample(RateSample::of(&snapshot, now));
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
    fn sample(&mut self, sample: RateSample) {
        self.samples.push_back(sample);
        let is_old = |other: &RateSample| sample.at.saturating_duration_since(other.at) >= WINDOW;
        while self.samples.get(1).is_some_and(is_old) {
            self.samples.pop_front();
        }
    }

    fn estimate(&mut self, rest: Rest, found_all: bool) {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else {
            return;
        };
        let whole = first.until(last);
        let spans: Vec<Span> = self.samples.iter().map(|from| from.until(last)).collect();
        self.cost.learn(&spans);
        let knows_left = found_all && whole.time >= LEFT_AFTER;
        // What does not move now says nothing of when it will.
        let moves = whole.bytes > 0 || (whole.files > 0 && rest.bytes == 0);
        let estimate = self.cost.of(rest.files, rest.bytes);
        let estimate = estimate.filter(|left| knows_left && moves && *left <= LONGEST);
        self.left = estimate.map(|estimate| self.smooth(estimate));
        self.rate = (whole.time >= RATE_AFTER).then(|| per_second(whole.bytes, whole.time));
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

impl RateSample {
    /// What was done from this moment to a later one.
    fn until(&self, later: &Self) -> Span {
        Span {
            time: later.at.saturating_duration_since(self.at),
            files: later.files.saturating_sub(self.files),
            bytes: later.bytes.saturating_sub(self.bytes),
        }
    }

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
            self.look_at(Duration::from_millis(millis))
        }

        fn look_at(&mut self, time: Duration) -> Figures {
            self.pace.figures(self.now.clone(), self.begun + time)
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
        let figures = transfer.run(0..1, 0, 1_000_000);
        assert_eq!((figures.rate, figures.seconds_left), (None, None));
        let figures = transfer.run(1..3, 0, 1_000_000);
        assert_eq!(figures.rate, Some(1_000_000));
        near(figures, 97, "after the first seconds");
        let mut counting = Transfer::of(100, 100_000_000);
        counting.now.found_all = false;
        let figures = counting.run(0..20, 0, 1_000_000);
        assert_eq!(
            (figures.rate, figures.seconds_left),
            (Some(1_000_000), None)
        );
    }

    /// The time left is within a twentieth and two seconds of `left`.
    #[track_caller]
    fn near(figures: Figures, left: u64, name: &str) {
        let told = figures.seconds_left;
        let off = told.map(|told| told.abs_diff(left));
        assert!(
            off.is_some_and(|off| off <= left / 20 + 2),
            "{name}: {told:?}, not {left}"
        );
    }

    /// Found, bytes, then what each second brings, and what is left after ten.
    #[test]
    fn what_goes_on_as_it_went_is_foretold() {
        const GB: u64 = 1_000_000_000;
        for (name, found, bytes, each, left) in [
            ("by bytes", 100, 10 * GB, (0, 100_000_000), Some(90)),
            ("small files", 10_000, 10_000_000, (100, 100_000), Some(90)),
            ("empty files", 10_000, 0, (100, 0), Some(90)),
            ("films alone", 100, 10 * GB, (1, 100_000_000), Some(90)),
            (
                "films say nothing of small ones, of which 1,000 take a second",
                50_000,
                2 * GB,
                (0, 100_000_000),
                Some(60),
            ),
            ("nothing moves", 100, GB, (0, 0), None),
            ("bytes are left and none come", 200, GB, (1, 0), None),
            ("nearly nothing moves", 100, 1_000 * GB, (0, 1000), None),
            ("all is done", 10, 1000, (1, 100), None),
        ] {
            let mut transfer = Transfer::of(found, bytes);
            let figures = transfer.run(0..10, each.0, each.1);
            assert_eq!(figures.rate, Some(each.1), "{name}");
            match left {
                Some(left) => near(figures, left, name),
                None => assert_eq!(figures.seconds_left, None, "{name}"),
            }
        }
    }

    /// Files in the order of a device, each with its bytes, sent at a rate and with so many files a
    /// second. What is told is compared with what it then takes.
    #[derive(Clone, Copy)]
    struct Machine {
        bytes_per_second: f64,
        files_per_second: f64,
    }

    /// The worst estimate between two shares of the time, as a factor.
    fn worst(machine: Machine, files: &[u64], shares: std::ops::Range<f64>) -> f64 {
        let seconds =
            |bytes: u64| bytes as f64 / machine.bytes_per_second + 1.0 / machine.files_per_second;
        let whole: f64 = files.iter().map(|bytes| seconds(*bytes)).sum();
        let mut transfer = Transfer::of(files.len() as u64, files.iter().sum());
        let (mut now, mut looked, mut worst) = (0.0, 0.0, 1.0_f64);
        for bytes in files {
            // Large files arrive in parts.
            let mut rest = *bytes;
            while rest > 0 || now == 0.0 {
                let part = rest.min(8 << 20);
                (rest, now) = (rest - part, now + part as f64 / machine.bytes_per_second);
                transfer.store(0, part);
                if now >= looked + 0.1 {
                    looked = now;
                    let left = transfer.look_at(Duration::from_secs_f64(now)).seconds_left;
                    if shares.contains(&(now / whole)) {
                        let (left, true_left) = (left.unwrap_or(0).max(1) as f64, whole - now);
                        worst = worst.max(left / true_left).max(true_left / left);
                    }
                }
                if part == 0 {
                    break;
                }
            }
            now += 1.0 / machine.files_per_second;
            transfer.store(1, 0);
        }
        worst
    }

    /// Three films and ten thousand small files, in three orders and at several speeds. What was not
    /// seen yet can only be guessed, within a factor of 3.5; once both were, the time left is right
    /// within a half.
    #[test]
    fn films_and_small_files_are_foretold_within_a_half() {
        const FILM: u64 = 120_000_000;
        let films = [FILM; 3].to_vec();
        let small: Vec<u64> = (0..10_000).map(|n| 6_000 + n % 12_000).collect();
        let mut mixed = small.clone();
        for at in [1_000, 4_000, 8_000] {
            mixed.insert(at, FILM);
        }
        for (rate, files_per_second) in [(20e6, 1_000.0), (10e6, 1_500.0), (50e6, 500.0)] {
            let machine = Machine {
                bytes_per_second: rate,
                files_per_second,
            };
            let first = worst(machine, &[films.clone(), small.clone()].concat(), 0.1..0.9);
            let last = worst(machine, &[small.clone(), films.clone()].concat(), 0.1..0.9);
            let between = worst(machine, &mixed, 0.3..0.9);
            assert!(first < 3.5, "films first at {rate}: {first}");
            assert!(last < 3.5, "films last at {rate}: {last}");
            assert!(between < 1.5, "films between at {rate}: {between}");
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
        near(transfer.run(0..40, 0, 1_000_000), 960, "steady");
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
        assert_eq!(
            (figures.tally.stored, figures.sent_bytes),
            (910, 910_000_000)
        );
        near(figures, 90, "resumed");
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
        assert_eq!(figures.current.as_deref(), Some("a"));
        near(figures, 10, "what is left");
        let figures = transfer.run(10..11, 2, 100_000_000);
        assert_eq!((figures.seconds_left, figures.current), (None, None));
        // Parts of files that failed after all were sent in vain.
        transfer.now.sent_bytes = 5_000_000_000;
        assert_eq!(transfer.look(12_000).sent_bytes, 1_000_000_000);
    }
}
