//! A bucket that tries again.
//!
//! It waits longer each time, by chance a little more or less, so that many stations do not come
//! back at the same instant, and it stops when its time is used up or somebody cancels. What to
//! make of the error that is left is the caller's affair. The one act that is not simply repeated is
//! `complete`: after a failure that leaves its outcome open, this looks first.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use model::capabilities::{Capabilities, Finding};
use model::ids::ObjectKey;
use tracing::{debug, warn};

use crate::bucket::{Body, Bucket};
use crate::checksum::Checksums;
use crate::error::StoreError;
use crate::object::{Attributes, Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use crate::upload::{OpenUpload, PartNumber, PartReceipt, UploadId, expected_etag, total_size};

/// How long and how often to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// About how long to wait before the second try; each later wait is twice the one before.
    pub first_wait: Duration,
    /// The longest wait between two tries.
    pub longest_wait: Duration,
    /// For how long after the first failure other tries may begin.
    pub budget: Duration,
}

impl Default for Policy {
    /// A quarter of a second, at most twenty, for five minutes: a store's restart is survived.
    fn default() -> Self {
        Self {
            first_wait: Duration::from_millis(250),
            longest_wait: Duration::from_secs(20),
            budget: Duration::from_secs(300),
        }
    }
}

impl Policy {
    /// The wait after `failures` failures in a row, between half and all of the nominal one.
    #[must_use]
    pub fn wait(&self, failures: u32, chance: &Chance) -> Duration {
        let doubled = self
            .first_wait
            .saturating_mul(1 << failures.saturating_sub(1).min(20));
        let nominal = doubled.min(self.longest_wait);
        let half = u64::try_from(nominal.as_micros() / 2).unwrap_or(u64::MAX - 1);
        Duration::from_micros(half + chance.below(half + 1))
    }
}

/// Numbers that look like chance and follow from a seed (SplitMix64). Not for secrets.
#[derive(Debug)]
pub struct Chance(AtomicU64);

impl Chance {
    /// Starts at `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next number below `bound`, or zero if that is zero.
    pub fn below(&self, bound: u64) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let state = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)).checked_rem(bound).unwrap_or(0)
    }
}

/// When trouble was last told, in milliseconds of [`Patience::elapsed`] and one more; 0 if never.
#[derive(Debug, Default)]
struct News(AtomicU64);

impl News {
    /// The least time between two warnings.
    const EVERY: Duration = Duration::from_secs(30);

    /// Whether trouble is to be told at `now`; true for one of those who ask at once.
    fn is_due(&self, now: Duration) -> bool {
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX - 1) + 1;
        let every = u64::try_from(Self::EVERY.as_millis()).unwrap_or(u64::MAX);
        let told = |last: u64| (last == 0 || now.saturating_sub(last) >= every).then_some(now);
        let order = Ordering::Relaxed;
        self.0.fetch_update(order, order, told).is_ok()
    }
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// The time is over.
    Through,
    /// Somebody asked to stop.
    Canceled,
}

/// The passing of time, as far as trying again needs it.
///
/// # Contract
/// `elapsed` never goes back, and grows by at least `duration` over a `wait` that went through.
/// `wait` returns [`Waited::Canceled`] soon after somebody asked to stop, and always from then on.
pub trait Patience: Send + Sync {
    /// Time since some fixed moment.
    fn elapsed(&self) -> Duration;

    /// Waits for `duration`, or until somebody asks to stop.
    fn wait(&self, duration: Duration) -> Waited;
}

/// Real time, and a flag that ends it.
#[derive(Debug)]
pub struct RealTime {
    start: Instant,
    cancel: Arc<AtomicBool>,
}

impl RealTime {
    /// Waits until `cancel` is set.
    #[must_use]
    pub fn new(cancel: Arc<AtomicBool>) -> Self {
        Self {
            start: Instant::now(),
            cancel,
        }
    }
}

#[deny(clippy::missing_trait_methods)]
impl Patience for RealTime {
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn wait(&self, duration: Duration) -> Waited {
        /// Somebody who pressed Ctrl-C does not notice a twentieth of a second.
        const NAP: Duration = Duration::from_millis(50);
        let end = Instant::now() + duration;
        loop {
            if self.cancel.load(Ordering::Relaxed) {
                return Waited::Canceled;
            }
            match end.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => thread::sleep(left.min(NAP)),
                _ => return Waited::Through,
            }
        }
    }
}

/// Asks what no bucket is asked, such as whether it exists, and tries again as buckets do.
///
/// # Errors
/// As those of a [`Retrying`] bucket.
pub fn persist<T>(
    policy: &Policy,
    seed: u64,
    patience: &dyn Patience,
    operation: &str,
    ask: impl Fn() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let (news, chance) = (News::default(), Chance::new(seed));
    let mut tries = Tries {
        policy,
        news: &news,
        chance: &chance,
        patience,
        start: patience.elapsed(),
        failures: 0,
        open: None,
    };
    loop {
        match ask() {
            Ok(done) => return Ok(done),
            Err(error) => tries.again(operation, error)?,
        }
    }
}

/// A bucket around `B` that tries again what may be tried again.
///
/// # Contract
/// As every bucket, and: an error that [may be retried](StoreError::may_retry) means that the time
/// is used up. If an earlier try may have succeeded and the last one says it did not happen,
/// the error is [`StoreError::Unsure`]. Where a try to begin an upload may have succeeded and a later one
/// did, other uploads of the same key are abandoned; an error of `begin_multipart` may leave some. A body that breaks while it is read is not fetched again here:
/// its reader knows how far it came.
pub struct Retrying<B> {
    inner: B,
    /// Whether the probe has found that tags of parts are no MD5s.
    opaque_tags: AtomicBool,
    policy: Policy,
    news: News,
    chance: Chance,
    patience: Box<dyn Patience>,
}

impl<B: fmt::Debug> fmt::Debug for Retrying<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retrying")
            .field("inner", &self.inner)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// Tries of one call: what failed so far, and whether there is time for another.
struct Tries<'r> {
    policy: &'r Policy,
    news: &'r News,
    chance: &'r Chance,
    patience: &'r dyn Patience,
    start: Duration,
    failures: u32,
    open: Option<StoreError>,
}

impl Tries<'_> {
    /// Takes note of `error` and waits; `Err` if there is to be no other try.
    fn again(&mut self, operation: &str, error: StoreError) -> Result<(), StoreError> {
        self.failures += 1;
        if self.failures == 1 {
            // Not before: the first try may have waited long for its turn.
            self.start = self.patience.elapsed();
        }
        let wait = self.policy.wait(self.failures, self.chance);
        let spent = self.patience.elapsed().saturating_sub(self.start);
        if !error.may_retry() || spent.saturating_add(wait) > self.policy.budget {
            return Err(self.give_up(error));
        }
        let wait_ms = wait.as_millis();
        // Many threads meet the same trouble at once: one of them says so.
        if self.news.is_due(self.patience.elapsed()) {
            warn!(operation, failures = self.failures, %error, "the store fails; trying again");
        }
        debug!(operation, failures = self.failures, wait_ms, %error, "trying again");
        if self.patience.wait(wait) == Waited::Canceled {
            let last = Some(Box::new(self.give_up(error)));
            return Err(StoreError::Canceled { last });
        }
        if error.might_have_happened() {
            self.open = Some(error);
        }
        Ok(())
    }

    /// Keeps in mind that an earlier try may have succeeded.
    fn give_up(&mut self, last: StoreError) -> StoreError {
        match self.open.take() {
            Some(earlier) if !last.might_have_happened() => StoreError::Unsure {
                earlier: Box::new(earlier),
                last: Box::new(last),
            },
            _ => last,
        }
    }

    fn outcome_is_open(&self) -> bool {
        self.open.is_some()
    }
}

impl<B: Bucket> Retrying<B> {
    /// Tries again as `policy` says, in the time `patience` gives; `seed` decides the odd milliseconds.
    pub fn new(inner: B, policy: Policy, seed: u64, patience: Box<dyn Patience>) -> Self {
        Self {
            inner,
            opaque_tags: AtomicBool::new(false),
            policy,
            news: News::default(),
            chance: Chance::new(seed),
            patience,
        }
    }

    /// The bucket within.
    pub fn inner(&self) -> &B {
        &self.inner
    }

    fn tries(&self) -> Tries<'_> {
        Tries {
            policy: &self.policy,
            news: &self.news,
            chance: &self.chance,
            patience: &*self.patience,
            start: self.patience.elapsed(),
            failures: 0,
            open: None,
        }
    }

    /// Repeats an act that changes something.
    fn act<T>(
        &self,
        operation: &str,
        act: impl Fn() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut tries = self.tries();
        loop {
            match act() {
                Ok(done) => return Ok(done),
                Err(error) => tries.again(operation, error)?,
            }
        }
    }

    /// Repeats a look. Nobody asks whether it happened.
    fn look<T>(
        &self,
        operation: &str,
        look: impl Fn() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.act(operation, look).map_err(|error| match error {
            StoreError::Unsure { last, .. } => *last,
            other => other,
        })
    }

    /// Abandons the uploads that earlier tries to begin `upload` may have left. Nobody knows their
    /// ids, so all others of the same key go: at any time an object is uploaded by one only.
    fn drop_twins(&self, key: &ObjectKey, upload: &UploadId) {
        let dropped = self.list_uploads(key.as_str()).and_then(|open| {
            let twins = open
                .into_iter()
                .filter(|twin| twin.key == key.as_str() && twin.id != *upload);
            let mut dropped = twins.map(|twin| self.abort(key, &twin.id));
            dropped.try_for_each(|done| done)
        });
        if let Err(error) = dropped {
            warn!(%key, %error, "an upload that was begun twice may be left open");
        }
    }

    /// Completes an upload by `act`, and looks before doing so again whether it happened.
    fn completing(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
        act: impl Fn() -> Result<Receipt, StoreError>,
    ) -> Result<Receipt, StoreError> {
        let mut tries = self.tries();
        loop {
            if tries.outcome_is_open() {
                match self.find_completed(key, upload, parts) {
                    Ok(Some(receipt)) => return Ok(receipt),
                    // Looking is not allowed: the store's answer to the act itself must do.
                    Err(error) if !error.may_retry() => {}
                    Err(error) => {
                        tries.again("head", error)?;
                        continue;
                    }
                    Ok(None) => {}
                }
            }
            match act() {
                Ok(receipt) => return Ok(receipt),
                Err(error) => tries.again("complete", error)?,
            }
        }
    }

    /// Finds out whether the object that `parts` make is there and the upload gone.
    ///
    /// `None` if it is not, or if that cannot be told.
    fn find_completed(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Option<Receipt>, StoreError> {
        let Some(info) = self.inner.head(key)? else {
            return Ok(None);
        };
        let is_opaque = self.opaque_tags.load(Ordering::Relaxed);
        let expected = expected_etag(parts).filter(|_| !is_opaque);
        let tagged = expected.is_none_or(|etag| etag == info.etag);
        if info.size != total_size(parts) || !tagged {
            return Ok(None);
        }
        let done = Receipt {
            etag: info.etag,
            version: None,
        };
        // The object might be an older one of the same bytes: then the upload is still there.
        match self.inner.list_parts(key, upload) {
            Err(StoreError::NoSuchUpload(_)) => Ok(Some(done)),
            Ok(_) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[deny(clippy::missing_trait_methods)]
impl<B: Bucket> Bucket for Retrying<B> {
    fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.act("put", || {
            self.inner.put(key, body.clone(), attributes, checksums)
        })
    }

    fn put_new(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.act("put", || {
            self.inner.put_new(key, body.clone(), attributes, checksums)
        })
    }

    fn begin_multipart(
        &self,
        key: &ObjectKey,
        attributes: &Attributes,
    ) -> Result<UploadId, StoreError> {
        let mut tries = self.tries();
        loop {
            match self.inner.begin_multipart(key, attributes) {
                Ok(upload) if tries.outcome_is_open() => {
                    self.drop_twins(key, &upload);
                    return Ok(upload);
                }
                Ok(upload) => return Ok(upload),
                Err(error) => tries.again("begin_multipart", error)?,
            }
        }
    }

    fn put_part(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        checksums: &Checksums,
    ) -> Result<PartReceipt, StoreError> {
        self.act("put_part", || {
            self.inner
                .put_part(key, upload, number, body.clone(), checksums)
        })
    }

    fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
    ) -> Result<Vec<PartReceipt>, StoreError> {
        self.look("list_parts", || self.inner.list_parts(key, upload))
    }

    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.completing(key, upload, parts, || {
            self.inner.complete(key, upload, parts)
        })
    }

    fn complete_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.completing(key, upload, parts, || {
            self.inner.complete_new(key, upload, parts)
        })
    }

    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError> {
        self.act("abort", || self.inner.abort(key, upload))
    }

    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        self.look("list_uploads", || self.inner.list_uploads(prefix))
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        self.look("head", || self.inner.head(key))
    }

    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError> {
        self.look("head_part", || self.inner.head_part(key, number))
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        self.look("get", || self.inner.get(key, range.clone()))
    }

    fn list(
        &self,
        prefix: &str,
        start_after: Option<&ObjectKey>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        self.look("list", || self.inner.list(prefix, start_after, limit))
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        self.look("list", || self.inner.list_on(prefix, next, limit))
    }

    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.act("delete", || self.inner.delete(key))
    }

    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        self.act("put_tags", || self.inner.put_tags(key, tags))
    }

    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        self.look("tags", || self.inner.tags(key))
    }

    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        let found = self.look("capabilities", || self.inner.capabilities(key))?;
        let is_opaque = found.part_etag_is_md5 == Finding::Ignored;
        self.opaque_tags.store(is_opaque, Ordering::Relaxed);
        Ok(found)
    }
}
