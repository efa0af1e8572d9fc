//! The rate, by a clock that is set by hand.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use awshttp::retry::{RealTime, Slept};
use bytes::Bytes;
use model::time::{SystemClock, Timestamp};

use awshttp::retry::Sleeper;
use model::time::Clock;

use super::*;
use crate::memory::MemoryBucket;

/// Time that passes only by waiting; the day begins at noon UTC.
#[derive(Clone, Default)]
pub(super) struct ManualTime(Arc<AtomicU64>);

impl Sleeper for ManualTime {
    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::SeqCst))
    }
    fn sleep(&self, duration: Duration) -> Slept {
        let nanos = u64::try_from(duration.as_nanos()).unwrap();
        self.0.fetch_add(nanos, Ordering::SeqCst);
        Slept::Through
    }
}

impl Clock for ManualTime {
    fn now(&self) -> Timestamp {
        let noon: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        noon.plus_seconds(i64::try_from(self.elapsed().as_secs()).unwrap())
    }
}

fn paced(rate: &str, quiet: Option<(&str, u64)>) -> (Paced<MemoryBucket>, ManualTime) {
    let time = ManualTime::default();
    let schedule = RateSchedule {
        bytes_per_second: std::num::NonZeroU64::new(parse_rate(rate).unwrap()),
        quiet: quiet.map(|(hours, rate)| QuietHours::parse(hours, rate).unwrap()),
    };
    let clock = Arc::new(time.clone());
    let sleeper = Box::new(time.clone());
    let tokens = TokenBucket::of(schedule, None, sleeper, clock);
    (
        Paced::new(MemoryBucket::new(), tokens, Arc::new(time.clone())),
        time,
    )
}

fn put(bucket: &dyn Bucket, length: usize) -> Result<(), StoreError> {
    let body = Bytes::from(vec![b'x'; length]);
    let sums = Checksums::of(&body);
    let key = ObjectKey::new("k").unwrap();
    bucket
        .put(&key, body, &Attributes::default(), &sums)
        .map(drop)
}

#[test]
fn a_paced_bucket_is_a_bucket() {
    crate::suite::run(&paced("0", None).0);
    crate::suite::run(&paced("10MB", None).0);
    crate::suite::tags(&paced("10MB", None).0);
}

#[test]
fn no_more_is_sent_than_the_rate_allows() {
    let (bucket, time) = paced("1MB", None);
    for size in [1, 10, 1000, 500_000, 3_000_000] {
        let start = time.elapsed();
        for _ in 0..20 {
            put(&bucket, size).unwrap();
        }
        let took = (time.elapsed() - start).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "sizes of a test")]
        let nominal = (20 * size) as f64 / 1e6;
        #[expect(clippy::cast_precision_loss, reason = "sizes of a test")]
        let one = size as f64 / 1e6;
        assert!(took >= nominal - one - 0.11, "{size}: {took} of {nominal}");
        // What the one before left to wait for counts here.
        assert!(took <= nominal + 3.1, "{size}: {took} of {nominal}");
    }
}

#[test]
fn downloads_are_held_to_the_rate_too() {
    let (bucket, time) = paced("1MB", None);
    put(&bucket, 2_000_000).unwrap();
    let before = time.elapsed();
    let mut download = bucket.get(&ObjectKey::new("k").unwrap(), None).unwrap();
    io::copy(&mut download.body, &mut io::sink()).unwrap();
    let took = time.elapsed() - before;
    assert!(took >= Duration::from_millis(3_800), "{took:?}");
}

/// From noon on nothing moves until one o'clock, and slowly from two to three.
#[test]
fn quiet_hours_are_kept() {
    let (bucket, time) = paced("100MB", Some(("11:00-13:00", 0)));
    put(&bucket, 10).unwrap();
    let hour = Duration::from_secs(3600);
    assert!((hour..hour + Duration::from_secs(2)).contains(&time.elapsed()));
    let (bucket, time) = paced("100MB", Some(("11:00-13:00", 1000)));
    for _ in 0..5 {
        put(&bucket, 1_000_000).unwrap();
    }
    // 3.6 MB in the hour, and the rest at once.
    assert!((hour..hour + Duration::from_secs(2)).contains(&time.elapsed()));
}

#[test]
fn without_a_rate_nothing_waits() {
    let (bucket, time) = paced("0", None);
    put(&bucket, 50_000_000).unwrap();
    assert_eq!(time.elapsed(), Duration::ZERO);
}

#[test]
fn who_came_first_goes_first() {
    let time = ManualTime::default();
    let schedule = RateSchedule {
        bytes_per_second: std::num::NonZeroU64::new(1000),
        quiet: None,
    };
    let clock = Arc::new(time.clone());
    let tokens = TokenBucket::new(schedule, None, Box::new(time.clone()), clock);
    let order = Mutex::new(Vec::new());
    thread::scope(|scope| {
        // Drawn in order, because each is drawn before the next thread is made.
        for (index, bytes) in [5000, 1, 3000, 1, 1].into_iter().enumerate() {
            let (tokens, order, time) = (&tokens, &order, &time);
            scope.spawn(move || {
                tokens.pass(bytes, time).unwrap();
                order.lock().unwrap().push(index);
            });
            thread::sleep(Duration::from_millis(200));
        }
    });
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[test]
fn waiting_ends_when_somebody_asks_to_stop() {
    let stop = Arc::new(AtomicBool::new(false));
    let schedule = RateSchedule {
        bytes_per_second: std::num::NonZeroU64::new(1),
        quiet: None,
    };
    let sleeper = || RealTime::new(Arc::clone(&stop));
    let tokens = TokenBucket::of(schedule, None, Box::new(sleeper()), Arc::new(SystemClock));
    let bucket = Paced::new(MemoryBucket::new(), tokens, Arc::new(sleeper()));
    put(&bucket, 1_000_000).unwrap();
    let start = Instant::now();
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..4).map(|_| scope.spawn(|| put(&bucket, 1))).collect();
        thread::sleep(Duration::from_millis(30));
        stop.store(true, Ordering::SeqCst);
        for thread in waiting {
            let error = thread.join().unwrap().unwrap_err();
            assert!(
                matches!(error, StoreError::Canceled { last: None }),
                "{error:?}"
            );
            assert!(!error.may_retry() && !error.might_have_happened());
        }
    });
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn buckets_of_one_store_share_its_rate() {
    let time = ManualTime::default();
    let schedule = RateSchedule {
        bytes_per_second: std::num::NonZeroU64::new(1_000_000),
        quiet: None,
    };
    let clock = Arc::new(time.clone());
    let tokens = TokenBucket::of(schedule, None, Box::new(time.clone()), clock);
    let sleeper = Arc::new(time.clone());
    let bucket = || Paced::new(MemoryBucket::new(), tokens.clone(), sleeper.clone());
    let buckets = [bucket(), bucket()];
    for _ in 0..5 {
        for bucket in &buckets {
            put(bucket, 1_000_000).unwrap();
        }
    }
    let nine = Duration::from_secs(9);
    assert!(
        time.elapsed() >= nine - Duration::from_millis(100),
        "{:?}",
        time.elapsed()
    );
}

/// Of two runs that share a rate one is stopped, while it waits before the other: the other goes on.
#[test]
fn who_is_stopped_leaves_the_line_to_those_behind() {
    let stops = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let schedule = RateSchedule {
        bytes_per_second: std::num::NonZeroU64::new(100_000),
        quiet: None,
    };
    let sleeper = |run: usize| RealTime::new(Arc::clone(&stops[run]));
    let time = Box::new(RealTime::new(Arc::default()));
    let tokens = TokenBucket::new(schedule, None, time, Arc::new(SystemClock));
    // Half a second of waiting for the first behind it.
    tokens.pass(60_000, &sleeper(0)).unwrap();
    thread::scope(|scope| {
        let mut runs = Vec::new();
        for run in [1, 0, 0, 1] {
            let (tokens, sleeper) = (&tokens, sleeper(run));
            runs.push((run, scope.spawn(move || tokens.pass(1, &sleeper))));
            thread::sleep(Duration::from_millis(50));
        }
        stops[0].store(true, Ordering::SeqCst);
        for (run, passed) in runs {
            assert_eq!(passed.join().unwrap().is_ok(), run == 1);
        }
    });
}

#[test]
fn of_a_share_and_the_rate_of_this_host_the_lower_counts() {
    let time = ManualTime::default();
    let share = Arc::new(SharedRate::new("ceph", None, Box::new(time.clone())));
    let (_, asked) = share.ask(1, 0);
    let given = |rate| model::share::Share {
        store: "ceph".to_owned(),
        bytes_per_second: Some(rate),
        seconds: 15,
        afterwards: Some(rate),
    };
    let schedule = RateSchedule {
        bytes_per_second: std::num::NonZeroU64::new(2_000_000),
        quiet: None,
    };
    let (sleeper, clock) = (Box::new(time.clone()), Arc::new(time.clone()));
    let tokens = TokenBucket::of(schedule, Some(Arc::clone(&share)), sleeper, clock);
    let bucket = Paced::new(MemoryBucket::new(), tokens, Arc::new(time.clone()));
    for (rate, seconds) in [(1_000_000, 9..=11), (9_000_000, 4..=6)] {
        share.give(&given(rate), asked + time.elapsed());
        let begun = time.elapsed();
        for _ in 0..10 {
            put(&bucket, 1_000_000).unwrap();
        }
        let took = (time.elapsed() - begun).as_secs();
        assert!(seconds.contains(&took), "{rate}: {took} s");
    }
    let (said, _) = share.ask(1, 0);
    assert!(said.used > 1_000_000, "what has gone is counted: {said:?}");
}
