//! The memory bucket, plain and wrapped, passes the suite.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use awshttp::retry::{RealTime, Retry, RetryPolicy};
use objectstore::faulty::Faulty;
use objectstore::memory::MemoryBucket;
use objectstore::retrying::Retrying;
use objectstore::suite;

#[test]
fn memory_keeps_every_promise() {
    let bucket = MemoryBucket::new();
    suite::run(&bucket);
    suite::path_like_keys(&bucket);
    suite::byte_order(&bucket);
    suite::tags(&bucket);
    suite::run(&bucket);
}

#[test]
fn a_wrapped_bucket_is_a_bucket() {
    suite::run(&Faulty::scripted(Arc::new(MemoryBucket::new()), []));
    suite::run(&Arc::new(MemoryBucket::new()));
}

/// Whatever may be tried again is, until the suite cannot tell the bucket from a sound one.
#[test]
fn trying_again_hides_every_fault_that_passes() {
    for seed in 0..20 {
        let bucket = retrying(Faulty::seeded(MemoryBucket::new(), seed, 4));
        suite::objects(&bucket);
        suite::attributes(&bucket);
        suite::ranges(&bucket);
        suite::listings(&bucket);
        suite::multipart(&bucket);
    }
}

fn retrying<B: objectstore::Bucket>(inner: B) -> Retrying<B> {
    let policy = RetryPolicy {
        first_wait: Duration::from_micros(1),
        longest_wait: Duration::from_micros(2),
        budget: Duration::from_secs(60),
    };
    let time = RealTime::new(Arc::new(AtomicBool::new(false)));
    Retrying::new(inner, Retry::new(policy, 1, Box::new(time)))
}
