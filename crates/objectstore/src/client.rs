//! A store as a run speaks to it that moves much: patiently, and no more and no faster than does good.
//!
//! The connections, the limit of requests at once and the rate are the store's, and not a bucket's: a run that fills
//! two buckets of one store asks no more of it than one that fills one.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use awshttp::retry::{RealTime, Retry, RetryPolicy};
use model::ids::BucketName;
use model::time::SystemClock;

use crate::adaptive::{Adaptive, ConcurrencyLimit};
use crate::connect::Store;
use crate::paced::{Paced, RateSchedule, TokenBucket};
use crate::retrying::Retrying;
use crate::s3::S3Bucket;

/// A bucket of a [`StoreClient`]. Who waits to try again holds no place among those who try.
pub type ClientBucket = Retrying<Adaptive<Paced<S3Bucket>>>;

/// A store, for one run.
#[derive(Debug)]
pub struct StoreClient {
    store: Store,
    limit: Arc<ConcurrencyLimit>,
    tokens: Option<Arc<TokenBucket>>,
    stop: Arc<AtomicBool>,
}

impl StoreClient {
    /// Sends at most `parallel` requests at once, as fast as `schedule` allows, until `stop` is set.
    #[must_use]
    pub fn new(
        store: Store,
        parallel: usize,
        schedule: RateSchedule,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let sleeper = || Box::new(RealTime::new(Arc::clone(&stop)));
        Self {
            store,
            limit: Arc::new(ConcurrencyLimit::new(parallel, sleeper())),
            tokens: TokenBucket::of(schedule, sleeper(), Arc::new(SystemClock)),
            stop,
        }
    }

    /// Opens a bucket, without asking whether it exists. `seed` decides the odd milliseconds between two tries.
    #[must_use]
    pub fn bucket(&self, name: &BucketName, seed: u64) -> ClientBucket {
        let paced = Paced::new(self.store.bucket(name), self.tokens.clone());
        let adaptive = Adaptive::new(paced, Arc::clone(&self.limit));
        let sleeper = Box::new(RealTime::new(Arc::clone(&self.stop)));
        Retrying::new(adaptive, Retry::new(RetryPolicy::default(), seed, sleeper))
    }

    /// Whether it ends with `stop`.
    #[must_use]
    pub fn is_stopped_by(&self, stop: &Arc<AtomicBool>) -> bool {
        Arc::ptr_eq(&self.stop, stop)
    }

    /// Whether some bucket of it is open.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.limit) > 1
    }
}
