//! A store as runs speak to it that move much: patiently, and no more and no faster than does good.
//!
//! The connections, the limit of requests at once and the rate are the store's, and neither a bucket's nor a run's:
//! two runs, or one that fills two buckets, ask no more of a store than one run that fills one. What ends the
//! waiting is each run's own.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use awshttp::retry::{RealTime, Retry, RetryPolicy};
use model::ids::BucketName;
use model::time::SystemClock;

use crate::adaptive::{Adaptive, ConcurrencyLimit};
use crate::connect::Store;
use crate::counted::{Counted, StoreRequests};
use crate::paced::{Paced, RateSchedule, TokenBucket};
use crate::retrying::Retrying;
use crate::s3::S3Bucket;

/// A bucket of a [`StoreClient`]. Who waits to try again holds no place among those who try.
pub type ClientBucket = Retrying<Adaptive<Paced<Counted<S3Bucket>>>>;

/// How many requests a store gets at once, and how fast.
#[derive(Debug)]
pub struct StoreLimits {
    concurrency: Arc<ConcurrencyLimit>,
    rate: Option<Arc<TokenBucket>>,
}

impl StoreLimits {
    /// At most `parallel` requests at once, as fast as `schedule` allows.
    #[must_use]
    pub fn new(parallel: usize, schedule: RateSchedule) -> Self {
        let time = || Box::new(RealTime::new(Arc::default()));
        Self {
            concurrency: Arc::new(ConcurrencyLimit::new(parallel, time())),
            rate: TokenBucket::of(schedule, time(), Arc::new(SystemClock)),
        }
    }

    /// Whether some bucket is open that keeps to them.
    #[must_use]
    pub fn are_in_use(&self) -> bool {
        Arc::strong_count(&self.concurrency) > 1
    }
}

/// A store, for all runs that speak to it.
#[derive(Debug, Clone)]
pub struct StoreClient {
    store: Store,
    limits: Arc<StoreLimits>,
    requests: StoreRequests,
}

impl StoreClient {
    /// Speaks to `store` within `limits`, which are those of everybody who speaks to it, and counts in `requests`.
    #[must_use]
    pub fn new(store: Store, limits: Arc<StoreLimits>, requests: StoreRequests) -> Self {
        Self {
            store,
            limits,
            requests,
        }
    }

    /// Opens a bucket for a run, until `stop` is set, without asking whether it exists. `seed` decides the odd
    /// milliseconds between two tries.
    #[must_use]
    pub fn bucket(&self, name: &BucketName, seed: u64, stop: &Arc<AtomicBool>) -> ClientBucket {
        let sleeper = || RealTime::new(Arc::clone(stop));
        let StoreLimits { concurrency, rate } = &*self.limits;
        let counted = Counted::new(self.store.bucket(name), self.requests.clone());
        let paced = Paced::new(counted, rate.clone(), Arc::new(sleeper()));
        let adaptive = Adaptive::new(paced, Arc::clone(concurrency), Box::new(sleeper()));
        let retry = Retry::new(RetryPolicy::default(), seed, Box::new(sleeper()));
        Retrying::new(adaptive, retry)
    }

    /// Whether some bucket is open within its limits.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.limits.are_in_use()
    }
}
