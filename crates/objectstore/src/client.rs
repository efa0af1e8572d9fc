//! A store as runs speak to it that move much: patiently, and no more and no faster than does good.
//!
//! The connections, the limits of requests, at once and each second, and the rate are the store's, and neither a bucket's nor a run's:
//! two runs, or one that fills two buckets, ask no more of a store than one run that fills one. What ends the
//! waiting is each run's own.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use awshttp::retry::{RealTime, Retry, RetryPolicy};
use awsproto::sign::Credentials;
use model::ids::BucketName;
use model::share::{Measure, Share, SharedStore, StoreWants};
use model::time::SystemClock;

use crate::adaptive::{Adaptive, ConcurrencyLimit};
use crate::connect::Store;
use crate::counted::{Counted, StoreRequests};
use crate::paced::{ChangingRate, Paced, StoreShare, TokenBucket, Turns};
use crate::retrying::Retrying;
use crate::s3::S3Bucket;

/// A bucket of a [`StoreClient`]. Who waits to try again holds no place among those who try.
pub type ClientBucket = Retrying<Adaptive<Paced<Counted<S3Bucket>>>>;

/// How many requests a store gets at once, and how fast.
#[derive(Debug)]
pub struct StoreLimits {
    concurrency: Arc<ConcurrencyLimit>,
    bytes: Arc<TokenBucket>,
    requests: Option<Arc<TokenBucket>>,
    share: Option<StoreShare>,
    /// The flags by which the runs are stopped that speak to it: there are as many as runs.
    runs: Mutex<Vec<Weak<AtomicBool>>>,
}

impl StoreLimits {
    /// At most `parallel` requests at once, as fast as `schedule` allows, and this host's share where the rate is `shared`
    /// with others.
    #[must_use]
    pub fn new(parallel: usize, schedule: &ChangingRate, shared: Option<&SharedStore>) -> Self {
        let time = || Box::new(RealTime::new(Arc::default()));
        let share = shared.map(|of| StoreShare::new(of, Arc::new(RealTime::new(Arc::default()))));
        let share_of = |measure| {
            let share = share.as_ref();
            share.map(|share| Arc::clone(share.rate(measure)))
        };
        let clock = || Arc::new(SystemClock);
        let (of_bytes, of_requests) = (share_of(Measure::Bytes), share_of(Measure::Requests));
        Self {
            concurrency: Arc::new(ConcurrencyLimit::new(parallel, time())),
            bytes: TokenBucket::changing(Measure::Bytes, schedule, of_bytes, time(), clock()),
            requests: TokenBucket::of(
                Measure::Requests,
                schedule.schedule(),
                of_requests,
                time(),
                clock(),
            ),
            share,
            runs: Mutex::default(),
        }
    }

    /// What is wanted of the store's rates, where those are shared and a run speaks to it, and when that was said.
    #[must_use]
    pub fn ask(&self) -> Option<(StoreWants, Duration)> {
        let share = self.share.as_ref()?;
        let loading = u32::try_from(self.runs()).unwrap_or(u32::MAX);
        if loading == 0 {
            return None;
        }
        Some(share.ask(loading, self.concurrency.slowed_down()))
    }

    /// Goes by a share of the store's rates that was asked for at `asked`, if it is of this one.
    pub fn give(&self, share: &Share, asked: Duration) {
        if let Some(own) = &self.share {
            own.give(share, asked);
        }
    }

    /// Whether the server should hear at once of what is wanted.
    #[must_use]
    pub fn have_news(&self) -> bool {
        let has_news = self.share.as_ref().is_some_and(StoreShare::has_news);
        has_news && self.runs() > 0
    }

    /// What this host may use of a rate of the store at present, in units of its [`Measure`] each second. `None` if that is
    /// not shared, not limited at this hour, or not used by any run.
    #[must_use]
    pub fn share(&self, measure: Measure) -> Option<u64> {
        let share = self.share.as_ref().filter(|_| self.runs() > 0)?;
        share.rate(measure).rate()
    }

    /// Counts a run, which `stop` stops. What was given to earlier ones, when there is none any more, is not its own.
    fn join(&self, stop: &Arc<AtomicBool>) {
        let mut runs = self.living();
        let stop = Arc::downgrade(stop);
        if let (true, Some(share)) = (runs.is_empty(), &self.share) {
            share.begin();
        }
        if !runs.iter().any(|run| run.ptr_eq(&stop)) {
            runs.push(stop);
        }
    }

    /// How many runs speak to the store.
    fn runs(&self) -> usize {
        self.living().len()
    }

    fn living(&self) -> MutexGuard<'_, Vec<Weak<AtomicBool>>> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.retain(|run| run.strong_count() > 0);
        runs
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
        let StoreLimits {
            concurrency,
            bytes,
            requests,
            ..
        } = &*self.limits;
        self.limits.join(stop);
        let turns = Turns::new(
            Some(Arc::clone(bytes)),
            requests.clone(),
            Arc::new(sleeper()),
        );
        let bucket = self.store.bucket(name).in_turn(turns.of_requests());
        let counted = Counted::new(bucket, self.requests.clone());
        let paced = Paced::new(counted, turns);
        let adaptive = Adaptive::new(paced, Arc::clone(concurrency), Box::new(sleeper()));
        let retry = Retry::new(RetryPolicy::default(), seed, Box::new(sleeper()));
        Retrying::new(adaptive, retry)
    }

    /// Has all runs that share this client speak under another key from now on.
    pub fn sign_with(&self, credentials: &Credentials) {
        self.store.sign_with(credentials);
    }

    /// Whether some bucket is open within its limits.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.limits.are_in_use()
    }
}
