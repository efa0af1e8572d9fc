//! How trying again behaves in time, and around acts whose outcome is open.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use awshttp::retry::{RealTime, Retry, RetryPolicy, Sleeper, Slept};
use bytes::Bytes;
use model::capabilities::PartCheck;
use model::ids::ObjectKey;
use objectstore::bucket::Bucket;
use objectstore::faulty::{Failure, Fault, Faulty, Operation};
use objectstore::memory::MemoryBucket;
use objectstore::object::Attributes;
use objectstore::part_sum::PartSum;
use objectstore::retrying::Retrying;
use objectstore::upload::{PartNumber, PartReceipt, UploadId};
use objectstore::{Checksums, StoreError};

/// Time that passes only by waiting.
#[derive(Clone, Default)]
struct ManualTime {
    micros: Arc<AtomicU64>,
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl Sleeper for ManualTime {
    fn elapsed(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> Slept {
        let micros = u64::try_from(duration.as_micros()).unwrap();
        self.micros.fetch_add(micros, Ordering::Relaxed);
        self.waits.lock().unwrap().push(duration);
        Slept::Through
    }
}

type Subject = Retrying<Faulty<Arc<MemoryBucket>>>;

fn subject(script: &[(Operation, Fault)]) -> (Subject, Arc<MemoryBucket>, ManualTime) {
    let memory = Arc::new(MemoryBucket::new());
    let time = ManualTime::default();
    let faulty = Faulty::scripted(Arc::clone(&memory), script.to_vec());
    let subject = Retrying::new(
        faulty,
        Retry::new(RetryPolicy::default(), 42, Box::new(time.clone())),
    );
    (subject, memory, time)
}

fn key() -> ObjectKey {
    ObjectKey::new("large").unwrap()
}

fn put(bucket: &dyn Bucket) -> Result<(), StoreError> {
    let body = Bytes::from_static(b"abc");
    let sums = Checksums::of(&body);
    bucket
        .put(&key(), body, &Attributes::default(), &sums)
        .map(drop)
}

fn upload(bucket: &dyn Bucket) -> (UploadId, Vec<PartReceipt>) {
    let upload = bucket
        .begin_multipart(&key(), &Attributes::default(), PartCheck::Md5)
        .unwrap();
    let body = Bytes::from_static(b"abc");
    let sum = PartSum::of(PartCheck::Md5, &body);
    let part = bucket
        .put_part(&key(), &upload, PartNumber::FIRST, body, &sum)
        .unwrap();
    (upload, vec![part])
}

#[test]
fn waits_double_up_to_the_longest_and_end_with_the_budget() {
    let slow = (Operation::Put, Fault::before(Failure::SlowDown));
    let (bucket, _, time) = subject(&[slow; 1000]);
    assert!(matches!(put(&bucket), Err(StoreError::Throttled(_))));
    let waits = time.waits.lock().unwrap();
    let policy = RetryPolicy::default();
    for (index, wait) in waits.iter().enumerate() {
        let exponent = u32::try_from(index).unwrap().min(10);
        let nominal = (policy.first_wait * 2_u32.pow(exponent)).min(policy.longest_wait);
        assert!(
            *wait >= nominal / 2 && *wait <= nominal,
            "wait {index} of {wait:?}"
        );
    }
    let total: Duration = waits.iter().sum();
    assert!(
        total <= policy.budget && total + policy.longest_wait > policy.budget,
        "{total:?}"
    );
    let first: Vec<Duration> = waits.iter().copied().take(5).collect();
    let (again, _, other) = subject(&[slow; 5]);
    put(&again).unwrap();
    assert_eq!(
        *other.waits.lock().unwrap(),
        first,
        "the same seed waits the same"
    );
}

#[test]
fn what_is_final_is_not_tried_again() {
    let (bucket, _, time) = subject(&[(Operation::Put, Fault::before(Failure::AccessDenied))]);
    assert!(matches!(put(&bucket), Err(StoreError::AccessDenied(_))));
    assert!(time.waits.lock().unwrap().is_empty());
}

#[test]
fn an_earlier_try_that_may_have_succeeded_is_not_forgotten() {
    let (bucket, memory, _) = subject(&[
        (Operation::Put, Fault::after(Failure::TimedOut)),
        (Operation::Put, Fault::before(Failure::AccessDenied)),
    ]);
    let error = put(&bucket).unwrap_err();
    assert!(matches!(error, StoreError::Unsure { .. }), "{error:?}");
    assert!(error.might_have_happened() && memory.head(&key()).unwrap().is_some());
}

#[test]
fn a_look_is_never_unsure() {
    let (bucket, _, _) = subject(&[
        (Operation::Head, Fault::before(Failure::TimedOut)),
        (Operation::Head, Fault::before(Failure::AccessDenied)),
    ]);
    assert!(matches!(
        bucket.head(&key()),
        Err(StoreError::AccessDenied(_))
    ));
}

#[test]
fn a_completion_whose_answer_was_lost_is_found() {
    for failure in [Failure::TimedOut, Failure::Reset, Failure::InternalError] {
        let (bucket, memory, _) = subject(&[(Operation::Complete, Fault::after(failure))]);
        let (id, parts) = upload(&bucket);
        let receipt = bucket.complete(&key(), &id, &parts).unwrap();
        assert_eq!(memory.head(&key()).unwrap().unwrap().etag, receipt.etag);
        assert!(memory.list_uploads("").unwrap().is_empty());
    }
}

#[test]
fn a_completion_that_was_lost_is_made_again() {
    let (bucket, memory, _) = subject(&[(Operation::Complete, Fault::before(Failure::TimedOut))]);
    let (id, parts) = upload(&bucket);
    bucket.complete(&key(), &id, &parts).unwrap();
    assert!(memory.head(&key()).unwrap().is_some());
}

/// The same bytes under the same key, from an earlier run: the upload at hand must not stay open.
#[test]
fn an_older_twin_is_not_taken_for_the_completion() {
    let (bucket, memory, _) = subject(&[(Operation::Complete, Fault::before(Failure::TimedOut))]);
    let (old, old_parts) = upload(&*memory);
    memory.complete(&key(), &old, &old_parts).unwrap();
    let (id, parts) = upload(&bucket);
    bucket.complete(&key(), &id, &parts).unwrap();
    assert_eq!(memory.list_uploads("").unwrap(), []);
}

#[test]
fn looking_after_a_completion_is_tried_again_too() {
    let (bucket, _, _) = subject(&[
        (Operation::Complete, Fault::after(Failure::TimedOut)),
        (Operation::Head, Fault::before(Failure::SlowDown)),
        (Operation::ListParts, Fault::before(Failure::TimedOut)),
    ]);
    let (id, parts) = upload(&bucket);
    bucket.complete(&key(), &id, &parts).unwrap();
}

#[test]
fn an_upload_somebody_else_abandoned_is_reported() {
    let (bucket, memory, _) = subject(&[(Operation::Complete, Fault::before(Failure::TimedOut))]);
    let (id, parts) = upload(&bucket);
    memory.abort(&key(), &id).unwrap();
    let error = bucket.complete(&key(), &id, &parts).unwrap_err();
    assert!(
        error.might_have_happened() && !error.may_retry(),
        "{error:?}"
    );
    assert_eq!(error.answer().unwrap().code, "NoSuchUpload");
}

#[test]
fn canceling_ends_a_wait_at_once() {
    let cancel = Arc::new(AtomicBool::new(false));
    let faulty = Faulty::new(MemoryBucket::new(), |_| {
        Some(Fault::before(Failure::TimedOut))
    });
    let time = RealTime::new(Arc::clone(&cancel));
    let patient = RetryPolicy {
        first_wait: Duration::from_secs(3600),
        longest_wait: Duration::from_secs(3600),
        budget: Duration::from_secs(36_000),
    };
    let bucket = Retrying::new(faulty, Retry::new(patient, 1, Box::new(time)));
    let start = Instant::now();
    let error = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| put(&bucket).unwrap_err());
        std::thread::sleep(Duration::from_millis(100));
        cancel.store(true, Ordering::Relaxed);
        waiting.join().unwrap()
    });
    assert!(start.elapsed() < Duration::from_secs(10));
    assert!(matches!(error, StoreError::Canceled { .. }), "{error:?}");
    assert!(error.might_have_happened() && !error.may_retry());
}

/// A store that breaks while it is probed is probed again from the start, once it is back.
#[test]
fn a_probe_that_broke_is_made_again() {
    let fault = (Operation::Capabilities, Fault::after(Failure::TimedOut));
    let (bucket, memory, time) = subject(&[fault, fault]);
    let found = bucket.capabilities(&key()).unwrap();
    assert!(found.md5.is_honored() && found.part_md5.is_honored());
    // What is damaged on purpose was not tried again: only the faults were waited for.
    assert_eq!(time.waits.lock().unwrap().len(), 2);
    assert_eq!(memory.list("", None, 10).unwrap().objects, []);
}
