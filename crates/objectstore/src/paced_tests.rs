//! The rate, by a clock that is set by hand.

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use awshttp::retry::{RealTime, Retry, RetryPolicy, Sleeper, Slept};
use bytes::Bytes;
use model::share::{Measure, REQUEST, RateShare, Share, SharedStore};
use model::time::{Clock, SystemClock, Timestamp};

use super::*;
use crate::faulty::{Failure, Fault, Faulty};
use crate::memory::MemoryBucket;
use crate::retrying::Retrying;

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
        bytes_per_second: NonZeroU64::new(parse_rate(rate).unwrap()),
        quiet: quiet.map(|(hours, rate)| QuietHours::parse(hours, rate).unwrap()),
        requests_per_second: None,
    };
    (
        Paced::new(MemoryBucket::new(), turns(schedule, &time)),
        time,
    )
}

/// Of one who keeps to `schedule` alone.
fn turns(schedule: RateSchedule, time: &ManualTime) -> Turns {
    let tokens = |measure| {
        let clock = Arc::new(time.clone());
        TokenBucket::of(measure, schedule, None, Box::new(time.clone()), clock)
    };
    let [bytes, requests] = Measure::ALL.map(tokens);
    Turns::new(bytes, requests, Arc::new(time.clone()))
}

fn bytes_per_second(rate: u64) -> RateSchedule {
    RateSchedule {
        bytes_per_second: NonZeroU64::new(rate),
        ..RateSchedule::default()
    }
}

fn requests_per_second(requests: u32) -> RateSchedule {
    RateSchedule {
        requests_per_second: NonZeroU32::new(requests),
        ..RateSchedule::default()
    }
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
    let schedule = bytes_per_second(1000);
    let clock = Arc::new(time.clone());
    let tokens = TokenBucket::new(
        Measure::Bytes,
        schedule,
        None,
        Box::new(time.clone()),
        clock,
    );
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
    let schedule = bytes_per_second(1);
    let sleeper = || RealTime::new(Arc::clone(&stop));
    let (time, clock) = (Box::new(sleeper()), Arc::new(SystemClock));
    let tokens = TokenBucket::of(Measure::Bytes, schedule, None, time, clock);
    let bucket = Paced::new(
        MemoryBucket::new(),
        Turns::new(tokens, None, Arc::new(sleeper())),
    );
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
    let schedule = bytes_per_second(1_000_000);
    let turns = turns(schedule, &time);
    let bucket = || Paced::new(MemoryBucket::new(), turns.clone());
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
    let schedule = bytes_per_second(100_000);
    let sleeper = |run: usize| RealTime::new(Arc::clone(&stops[run]));
    let time = Box::new(RealTime::new(Arc::default()));
    let tokens = TokenBucket::new(Measure::Bytes, schedule, None, time, Arc::new(SystemClock));
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

/// What a host keeps to itself, and what a server gives it: as much of bytes, and a thousandth of that in requests.
fn given(rate: u64) -> Share {
    let of = |rate| RateShare {
        per_second: Some(rate),
        afterwards: Some(rate),
    };
    Share::new("ceph".to_owned(), of(rate), Some(of(rate / 1000 * REQUEST)))
}

#[test]
fn of_a_share_and_the_rate_of_this_host_the_lower_counts() {
    let time = ManualTime::default();
    let shared = SharedStore {
        name: "ceph".to_owned(),
        afterwards: None,
        requests_afterwards: None,
    };
    let share = StoreShare::new(&shared, Arc::new(time.clone()));
    let (_, asked) = share.ask(1, 0);
    let schedule = RateSchedule {
        requests_per_second: NonZeroU32::new(2_000),
        ..bytes_per_second(2_000_000)
    };
    let tokens = |measure| {
        let (sleeper, clock) = (Box::new(time.clone()), Arc::new(time.clone()));
        let share = Some(Arc::clone(share.rate(measure)));
        TokenBucket::of(measure, schedule, share, sleeper, clock)
    };
    let [bytes, requests] = Measure::ALL.map(tokens);
    let turns = Turns::new(bytes, requests, Arc::new(time.clone()));
    let bucket = Paced::new(MemoryBucket::new(), turns);
    for (rate, seconds) in [(1_000_000, 9..=11), (9_000_000, 4..=6)] {
        share.give(&given(rate), asked + time.elapsed());
        let begun = time.elapsed();
        for _ in 0..10 {
            put(&bucket, 1_000_000).unwrap();
        }
        let took = (time.elapsed() - begun).as_secs();
        assert!(seconds.contains(&took), "{rate}: {took} s");
        share.give(&given(rate), asked + time.elapsed());
        let begun = time.elapsed();
        for _ in 0..10_000 {
            put(&bucket, 1).unwrap();
        }
        let took = (time.elapsed() - begun).as_secs();
        assert!(seconds.contains(&took), "{rate}: {took} s of requests");
    }
    let (said, _) = share.ask(1, 0);
    assert!(
        said.bytes.used > 300_000,
        "what has gone is counted: {said:?}"
    );
    let requests = said.requests.unwrap();
    assert!(
        requests.used > 500 * REQUEST,
        "and what was asked: {said:?}"
    );
}

#[test]
fn a_bucket_with_a_limit_of_requests_is_a_bucket() {
    let time = ManualTime::default();
    let bucket = Paced::new(MemoryBucket::new(), turns(requests_per_second(100), &time));
    crate::suite::run(&bucket);
    crate::suite::tags(&bucket);
    assert!(
        time.elapsed() > Duration::from_secs(1),
        "{:?}",
        time.elapsed()
    );
}

/// Over any time as many as are allowed, a tenth of a second's and one more; and whoever asks all the time gets as many.
#[test]
fn no_more_is_asked_than_is_allowed() {
    for limit in [1, 7, 100, 3_000] {
        let time = ManualTime::default();
        let bucket = Paced::new(
            MemoryBucket::new(),
            turns(requests_per_second(limit), &time),
        );
        let key = ObjectKey::new("k").unwrap();
        time.sleep(Duration::from_secs(60));
        let mut asked = Vec::new();
        for number in 0..limit * 4 + 20 {
            match number % 4 {
                0 => put(&bucket, 100).unwrap(),
                1 => drop(bucket.head(&key).unwrap()),
                2 => drop(bucket.list("", None, 10).unwrap()),
                _ => bucket.delete(&key).unwrap(),
            }
            asked.push(time.elapsed());
        }
        for (first, at) in asked.iter().enumerate().step_by(3) {
            for seconds in [1, 2] {
                let until = *at + Duration::from_secs(seconds);
                let count = asked[first..].partition_point(|other| *other < until);
                let allowed = u64::from(limit) * seconds + u64::from(limit / 10) + 1;
                assert!(
                    count as u64 <= allowed,
                    "{count} of {allowed}, {limit} a second"
                );
            }
        }
        let took = (*asked.last().unwrap() - asked[0]).as_secs_f64();
        let nominal = f64::from(limit * 4 + 20) / f64::from(limit);
        assert!(
            took <= nominal && took >= nominal - 1.2,
            "{took} of {nominal}"
        );
    }
}

/// A store that fails is not asked more often than one that does not.
#[test]
fn each_try_counts() {
    let time = ManualTime::default();
    let tries = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&tries);
    let faulty = Faulty::new(MemoryBucket::new(), move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Some(Fault::before(Failure::SlowDown))
    });
    let paced = Paced::new(faulty, turns(requests_per_second(1), &time));
    let eager = RetryPolicy {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(2),
        budget: Duration::from_secs(60),
    };
    let bucket = Retrying::new(paced, Retry::new(eager, 1, Box::new(time.clone())));
    put(&bucket, 1).unwrap_err();
    let tries = tries.load(Ordering::SeqCst);
    assert!(
        (30..=62).contains(&tries),
        "{tries} in {:?}",
        time.elapsed()
    );
}

/// While one waits for a request, what it will send is not taken from the rate: it goes when both let it.
#[test]
fn nothing_is_taken_of_a_rate_before_the_request_has_its_turn() {
    let time = ManualTime::default();
    let schedule = RateSchedule {
        requests_per_second: NonZeroU32::new(1),
        ..bytes_per_second(1_000_000)
    };
    let bucket = Paced::new(MemoryBucket::new(), turns(schedule, &time));
    let mut sent = Vec::new();
    for length in [10, 3_000_000, 10, 2_000_000, 10] {
        put(&bucket, length).unwrap();
        sent.push(time.elapsed().as_millis() / 100);
    }
    // Were a large body counted before its request had its turn, what follows it would go when the two wait side by side.
    assert_eq!(sent, [0, 10, 39, 48, 67], "tenths of a second");
}

#[test]
fn waiting_for_a_request_ends_when_somebody_asks_to_stop() {
    let stop = Arc::new(AtomicBool::new(false));
    let sleeper = || RealTime::new(Arc::clone(&stop));
    let (time, clock) = (Box::new(sleeper()), Arc::new(SystemClock));
    let tokens = TokenBucket::of(Measure::Requests, requests_per_second(1), None, time, clock);
    let turns = Turns::new(None, tokens, Arc::new(sleeper()));
    let bucket = Paced::new(MemoryBucket::new(), turns);
    let key = ObjectKey::new("k").unwrap();
    let ask = || bucket.head(&key).map(drop);
    let start = Instant::now();
    thread::scope(|scope| {
        let asking: Vec<_> = (0..40).map(|_| scope.spawn(ask)).collect();
        thread::sleep(Duration::from_millis(100));
        stop.store(true, Ordering::SeqCst);
        let ended = asking.into_iter().map(|thread| thread.join().unwrap());
        let (done, stopped): (Vec<_>, Vec<_>) = ended.partition(Result::is_ok);
        assert!((1..=2).contains(&done.len()), "{} were asked", done.len());
        let is_canceled =
            |end: &Result<(), StoreError>| matches!(end, Err(StoreError::Canceled { last: None }));
        assert!(stopped.iter().all(is_canceled), "{stopped:?}");
    });
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// What is sent already goes by it too, and what waits notices it soon.
#[test]
fn a_rate_that_is_said_anew_holds_from_then_on() {
    let time = ManualTime::default();
    let changing = ChangingRate::from(RateSchedule::default());
    let (sleeper, clock) = (Box::new(time.clone()), Arc::new(time.clone()));
    let tokens = TokenBucket::changing(Measure::Bytes, &changing, None, sleeper, clock);
    let turns = Turns::new(Some(tokens), None, Arc::new(time.clone()));
    let bucket = Paced::new(MemoryBucket::new(), turns);
    let took = |said: RateSchedule| {
        changing.go_by(said);
        let begun = time.elapsed();
        for _ in 0..10 {
            put(&bucket, 1_000_000).unwrap();
        }
        (time.elapsed() - begun).as_secs()
    };
    assert_eq!(took(RateSchedule::default()), 0);
    assert!((8..=10).contains(&took(bytes_per_second(1_000_000))));
    assert!((4..=6).contains(&took(bytes_per_second(2_000_000))));
    assert!(took(RateSchedule::default()) <= 1);
}
