//! A bucket that finds out how many requests do best at once.
//!
//! It begins with few and lets more in while they get more done together; when more would not, it stays,
//! and tries again now and then. When the store asks to slow down it halves them and pauses. The
//! judgement is [`hill_climb`]'s; here are the limit itself, before which requests wait, and what is measured of them.

mod hill_climb;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use awshttp::NetworkFailure;
use awshttp::retry::{Sleeper, Slept};
use model::capabilities::{Capabilities, PartCheck};
use model::ids::ObjectKey;
use tracing::debug;

use self::hill_climb::{HillClimb, Window};
use crate::bucket::{Body, Bucket};
use crate::checksum::Checksums;
use crate::error::StoreError;
use crate::object::{Attributes, Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use crate::part_sum::PartSum;
use crate::upload::{OpenUpload, PartNumber, PartReceipt, UploadId};

/// How long nothing new begins after the store asked to slow down.
const PAUSE: Duration = Duration::from_millis(500);

/// How often one who waits for others looks whether to stop.
const LOOK: Duration = Duration::from_millis(50);

/// What a request is worth beside its bytes: a small put is work too. About what a store stores in
/// the time it takes to answer at all.
const REQUEST_WORTH: u64 = 64 << 10;

/// A bucket around `B` that lets no more requests in at once than do good, and never more than its cap.
///
/// # Contract
/// As every bucket. A call that waits to be let in ends with [`StoreError::Canceled`] soon after
/// somebody asked to stop; nothing was sent then. What ends an upload, `complete` and `abort`, is let
/// in at once, and so are experiments. A download counts until its body begins.
pub struct Adaptive<B> {
    inner: B,
    limit: Arc<ConcurrencyLimit>,
    sleeper: Box<dyn Sleeper>,
}

impl<B: fmt::Debug> fmt::Debug for Adaptive<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adaptive")
            .field("inner", &self.inner)
            .field("limit", &self.limit.state().climb.limit())
            .finish_non_exhaustive()
    }
}

/// Shows how many requests are let in, for progress and metrics. Cheap to clone.
#[derive(Clone)]
pub struct Gauge(Arc<ConcurrencyLimit>);

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gauge").field(&self.limit()).finish()
    }
}

impl Gauge {
    /// How many requests may be on their way at present.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.0.state().climb.limit()
    }

    /// How many are.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.state().in_flight
    }
}

/// How many requests may be on their way, and who waits for it to be fewer.
pub struct ConcurrencyLimit {
    /// The time by which all are measured; nobody waits by it.
    time: Box<dyn Sleeper>,
    state: Mutex<Occupancy>,
    room: Condvar,
}

/// How many are, and how they do.
struct Occupancy {
    climb: HillClimb,
    in_flight: usize,
    /// Nothing begins before.
    resume_at: Duration,
    /// When the limit was last halved: what began before tells nothing new.
    halved_at: Option<Duration>,
    /// How often it was.
    halved: u64,
    window: Window,
    began: Duration,
}

/// A request that was let in.
struct Pass<'l> {
    limit: &'l ConcurrencyLimit,
    since: Duration,
}

impl<B: Bucket> Adaptive<B> {
    /// Lets in as many as `limit` says, which other buckets of the same store may share, those of other runs too.
    /// Calls of this one wait as `sleeper` lets them.
    pub fn new(inner: B, limit: Arc<ConcurrencyLimit>, sleeper: Box<dyn Sleeper>) -> Self {
        Self {
            inner,
            limit,
            sleeper,
        }
    }

    /// Shows how many requests are let in.
    #[must_use]
    pub fn gauge(&self) -> Gauge {
        Gauge(Arc::clone(&self.limit))
    }

    fn limited<T>(
        &self,
        bytes: usize,
        act: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let pass = self.limit.enter(&*self.sleeper)?;
        let result = act();
        pass.ended(bytes as u64, result.as_ref().err());
        result
    }
}

impl fmt::Debug for ConcurrencyLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimit")
            .field("limit", &self.state().climb.limit())
            .finish_non_exhaustive()
    }
}

impl ConcurrencyLimit {
    /// Lets in at most `cap` requests, at least one, measured by `time`.
    #[must_use]
    pub fn new(cap: usize, time: Box<dyn Sleeper>) -> Self {
        let began = time.elapsed();
        let state = Occupancy {
            climb: HillClimb::new(cap),
            in_flight: 0,
            resume_at: began,
            halved_at: None,
            halved: 0,
            window: Window::default(),
            began,
        };
        Self {
            time,
            state: Mutex::new(state),
            room: Condvar::new(),
        }
    }

    /// How often the store has asked to slow down. What it asks of requests that were on their way together counts once.
    #[must_use]
    pub fn slowed_down(&self) -> u64 {
        self.state().halved
    }

    fn state(&self) -> MutexGuard<'_, Occupancy> {
        // Every change is made of assignments that cannot panic half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, sleeper: &dyn Sleeper) -> Result<Pass<'_>, StoreError> {
        let mut state = self.state();
        loop {
            let now = self.time.elapsed();
            let pause = state.resume_at.saturating_sub(now);
            if pause.is_zero() && state.in_flight < state.climb.limit() {
                state.in_flight += 1;
                state.window.most = state.window.most.max(state.in_flight);
                return Ok(Pass {
                    limit: self,
                    since: now,
                });
            }
            if pause.is_zero() {
                let waited = self.room.wait_timeout(state, LOOK);
                drop(waited.unwrap_or_else(PoisonError::into_inner));
            } else {
                drop(state);
            }
            if sleeper.sleep(pause) == Slept::Canceled {
                return Err(StoreError::Canceled { last: None });
            }
            state = self.state();
        }
    }
}

impl Pass<'_> {
    /// Takes note of how the request ended.
    fn ended(&self, bytes: u64, error: Option<&StoreError>) {
        let now = self.limit.time.elapsed();
        let mut state = self.limit.state();
        let before = state.climb.limit();
        match error {
            Some(error) if asks_to_slow_down(error) => state.slow_down(self.since, now),
            _ => state.count(self.since, now, if error.is_none() { bytes } else { 0 }),
        }
        let after = state.climb.limit();
        drop(state);
        if after != before {
            debug!(before, after, "requests at once");
            self.limit.room.notify_all();
        }
    }
}

/// Gives the place back, also after a panic.
impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut state = self.limit.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        drop(state);
        self.limit.room.notify_one();
    }
}

impl Occupancy {
    fn count(&mut self, since: Duration, now: Duration, bytes: u64) {
        self.window.requests += 1;
        self.window.work = self.window.work.saturating_add(bytes + REQUEST_WORTH);
        self.window.busy += now.saturating_sub(since);
        self.window.took = now.saturating_sub(self.began);
        if self.climb.has_seen_enough(&self.window) {
            self.climb.decide(&self.window);
            self.begin_window(now);
        }
    }

    /// Halves once for all requests that were on their way together.
    fn slow_down(&mut self, since: Duration, now: Duration) {
        if self.halved_at.is_some_and(|halved| since < halved) {
            return;
        }
        self.climb.halve();
        self.halved_at = Some(now);
        self.halved += 1;
        self.resume_at = now.saturating_add(PAUSE);
        self.begin_window(self.resume_at);
    }

    fn begin_window(&mut self, now: Duration) {
        self.began = now;
        self.window = Window {
            most: self.in_flight,
            ..Window::default()
        };
    }
}

fn asks_to_slow_down(error: &StoreError) -> bool {
    match error {
        StoreError::Throttled(_) => true,
        StoreError::Unavailable(answer) => answer.status == 503,
        StoreError::Transport(error) => error.network() == Some(NetworkFailure::TimedOut),
        _ => false,
    }
}

#[deny(clippy::missing_trait_methods)]
impl<B: Bucket> Bucket for Adaptive<B> {
    fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.limited(body.len(), || {
            self.inner.put(key, body, attributes, checksums)
        })
    }

    fn put_new(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.limited(body.len(), || {
            self.inner.put_new(key, body, attributes, checksums)
        })
    }

    fn begin_multipart(
        &self,
        key: &ObjectKey,
        attributes: &Attributes,
        check: PartCheck,
    ) -> Result<UploadId, StoreError> {
        self.limited(0, || self.inner.begin_multipart(key, attributes, check))
    }

    fn put_part(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        self.limited(body.len(), || {
            self.inner.put_part(key, upload, number, body, sum)
        })
    }

    fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
    ) -> Result<Vec<PartReceipt>, StoreError> {
        self.limited(0, || self.inner.list_parts(key, upload))
    }

    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.inner.complete(key, upload, parts)
    }

    fn complete_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.inner.complete_new(key, upload, parts)
    }

    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError> {
        self.inner.abort(key, upload)
    }

    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        self.limited(0, || self.inner.list_uploads(prefix))
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        self.limited(0, || self.inner.head(key))
    }

    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError> {
        self.limited(0, || self.inner.head_part(key, number))
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        self.limited(0, || self.inner.get(key, range))
    }

    fn list(
        &self,
        prefix: &str,
        start_after: Option<&ObjectKey>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        self.limited(0, || self.inner.list(prefix, start_after, limit))
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        self.limited(0, || self.inner.list_on(prefix, next, limit))
    }

    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.limited(0, || self.inner.delete(key))
    }

    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        self.limited(0, || self.inner.put_tags(key, tags))
    }

    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        self.limited(0, || self.inner.tags(key))
    }

    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        self.inner.capabilities(key)
    }
}

#[cfg(test)]
#[path = "adaptive_tests.rs"]
mod tests;
