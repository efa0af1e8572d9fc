//! The limit of requests at once, against stores that answer by a law.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use awshttp::Answer;
use awshttp::retry::RealTime;
use bytes::Bytes;

use super::*;
use crate::faulty::Failure;
use crate::memory::MemoryBucket;

/// Time that passes only by waiting.
#[derive(Clone, Default)]
struct ManualTime(Arc<AtomicU64>);

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

fn adaptive(cap: usize) -> (Adaptive<MemoryBucket>, ManualTime) {
    let time = ManualTime::default();
    let bucket = Adaptive::new(
        MemoryBucket::new(),
        Arc::new(ConcurrencyLimit::new(cap, Box::new(time.clone()))),
        Box::new(time.clone()),
    );
    (bucket, time)
}

fn put(bucket: &dyn Bucket) -> Result<(), StoreError> {
    let body = Bytes::from_static(b"abc");
    let sums = Checksums::of(&body);
    let key = ObjectKey::new("k").unwrap();
    bucket
        .put(&key, body, &Attributes::default(), &sums)
        .map(drop)
}

fn slow_down() -> StoreError {
    StoreError::Throttled(Answer::new(503, "SlowDown", ""))
}

/// Fills the limit, lets `each` pass, and empties it.
fn round(bucket: &Adaptive<MemoryBucket>, time: &ManualTime, each: Duration) {
    let limit = bucket.gauge().limit();
    let passes: Vec<_> = (0..limit)
        .map(|_| bucket.limit.enter(&*bucket.sleeper).unwrap())
        .collect();
    assert_eq!(bucket.gauge().in_flight(), limit);
    time.sleep(each);
    for pass in passes {
        pass.ended(1 << 20, None);
    }
}

#[test]
fn an_adaptive_bucket_is_a_bucket() {
    let (bucket, _) = adaptive(32);
    crate::suite::run(&bucket);
    crate::suite::tags(&bucket);
    assert_eq!(bucket.gauge().in_flight(), 0);
}

#[test]
fn more_are_let_in_while_they_get_more_done() {
    let (bucket, time) = adaptive(32);
    assert_eq!(bucket.gauge().limit(), 8);
    for _ in 0..100 {
        round(&bucket, &time, Duration::from_millis(50));
    }
    assert_eq!(bucket.gauge().limit(), 32);
}

#[test]
fn no_more_are_let_in_if_each_takes_longer() {
    let (bucket, time) = adaptive(32);
    for _ in 0..100 {
        let shared = u32::try_from(bucket.gauge().limit()).unwrap();
        round(&bucket, &time, Duration::from_millis(10) * shared);
        assert!(bucket.gauge().limit() <= 12);
    }
}

/// Eight requests that were on their way together are told to slow down: that is one telling.
#[test]
fn a_store_that_asks_to_slow_down_is_given_half_and_a_pause() {
    let (bucket, time) = adaptive(32);
    let passes: Vec<_> = (0..8)
        .map(|_| bucket.limit.enter(&*bucket.sleeper).unwrap())
        .collect();
    time.sleep(Duration::from_millis(10));
    for pass in passes {
        pass.ended(0, Some(&slow_down()));
    }
    assert_eq!(bucket.gauge().limit(), 4);
    let before = time.elapsed();
    let pass = bucket.limit.enter(&*bucket.sleeper).unwrap();
    assert_eq!(time.elapsed() - before, PAUSE);
    time.sleep(Duration::from_millis(10));
    pass.ended(0, Some(&slow_down()));
    assert_eq!(bucket.gauge().limit(), 2);
}

#[test]
fn what_asks_to_slow_down_and_what_does_not() {
    let unavailable = |status| StoreError::Unavailable(Answer::new(status, "", ""));
    assert!(asks_to_slow_down(&slow_down()));
    assert!(asks_to_slow_down(&unavailable(503)));
    assert!(asks_to_slow_down(&Failure::TimedOut.error()));
    for other in [
        unavailable(500),
        Failure::Reset.error(),
        Failure::Refused.error(),
    ] {
        assert!(!asks_to_slow_down(&other), "{other:?}");
    }
}

/// The end of an upload frees what others wait for, so it never waits itself.
#[test]
fn what_ends_an_upload_is_let_in_though_the_gate_is_full() {
    let (bucket, _) = adaptive(1);
    let key = ObjectKey::new("k").unwrap();
    let begin = || bucket.begin_multipart(&key, &Attributes::default(), PartCheck::Md5);
    let (upload, other) = (begin().unwrap(), begin().unwrap());
    let body = Bytes::from_static(b"abc");
    let sum = PartSum::of(PartCheck::Md5, &body);
    let part = bucket.put_part(&key, &upload, PartNumber::FIRST, body, &sum);
    let pass = bucket.limit.enter(&*bucket.sleeper).unwrap();
    bucket.complete(&key, &upload, &[part.unwrap()]).unwrap();
    bucket.abort(&key, &other).unwrap();
    drop(pass);
    put(&bucket).unwrap();
}

#[test]
fn never_are_more_on_their_way_than_the_limit() {
    let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let time = || Box::new(RealTime::new(Arc::default()));
    let limit = Arc::new(ConcurrencyLimit::new(3, time()));
    let bucket = Adaptive::new(MemoryBucket::new(), limit, time());
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let counted = bucket.limited(1, || {
                        now.fetch_add(1, Ordering::SeqCst);
                        thread::yield_now();
                        put(&bucket.inner)?;
                        most.fetch_max(now.load(Ordering::SeqCst), Ordering::SeqCst);
                        now.fetch_sub(1, Ordering::SeqCst);
                        Ok(())
                    });
                    counted.unwrap();
                }
            });
        }
    });
    assert!((1..=3).contains(&most.load(Ordering::SeqCst)));
    assert_eq!(bucket.gauge().in_flight(), 0);
}

#[test]
fn waiting_to_be_let_in_ends_when_somebody_asks_to_stop() {
    let stop = Arc::new(AtomicBool::new(false));
    let time = |stop| Box::new(RealTime::new(stop));
    let limit = Arc::new(ConcurrencyLimit::new(1, time(Arc::default())));
    let bucket = Adaptive::new(MemoryBucket::new(), limit, time(Arc::clone(&stop)));
    let pass = bucket.limit.enter(&*bucket.sleeper).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| put(&bucket));
        thread::sleep(Duration::from_millis(20));
        stop.store(true, Ordering::SeqCst);
        let error = waiting.join().unwrap().unwrap_err();
        assert!(
            matches!(error, StoreError::Canceled { last: None }),
            "{error:?}"
        );
    });
    drop(pass);
}

#[test]
fn a_panic_gives_its_place_back() {
    let (bucket, _) = adaptive(1);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        bucket.limited(0, || -> Result<(), StoreError> { panic!("of a test") })
    }));
    assert!(panicked.is_err());
    assert_eq!(bucket.gauge().in_flight(), 0);
    put(&bucket).unwrap();
}

#[test]
fn buckets_of_one_store_share_what_it_can_take() {
    let time = ManualTime::default();
    let limit = Arc::new(ConcurrencyLimit::new(8, Box::new(time.clone())));
    let bucket = MemoryBucket::new;
    let share = || Adaptive::new(bucket(), Arc::clone(&limit), Box::new(time.clone()));
    let (one, other) = (share(), share());
    let passes: Vec<_> = (0..5)
        .map(|_| one.limit.enter(&*one.sleeper).unwrap())
        .collect();
    assert_eq!(other.gauge().in_flight(), 5);
    let refused = one.limited(0, || -> Result<(), _> { Err(slow_down()) });
    assert!(refused.is_err());
    assert_eq!(other.gauge().limit(), 4, "who halves, halves for all");
    drop(passes);
}
