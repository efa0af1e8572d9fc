//! The store: honest buckets in memory that outlive every attempt, behind a bad line.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use awshttp::Answer;
use awshttp::retry::{Retry, RetryPolicy, Sleeper, Slept};
use bytes::Bytes;
use model::capabilities::{Capabilities, PartCheck};
use model::control::{Claim, StoreAccess};
use model::ids::{BucketName, ObjectKey};
use objectstore::faulty::{Failure, Moment, Operation};
use objectstore::memory::MemoryBucket;
use objectstore::object::{Attributes, Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use objectstore::part_sum::PartSum;
use objectstore::probe::{Subject, experiment};
use objectstore::retrying::Retrying;
use objectstore::upload::{OpenUpload, PartNumber, PartReceipt, UploadId};
use objectstore::{Body, Bucket, Checksums, StoreError};
use station::stores::{NoWayToBucket, Stores};
use transfer::resources::Resources;
use transfer::stop::Stop;

use crate::attempt::Attempt;

/// What the keys of experiments on the store contain.
pub const PROBE: &str = ".probe/";

/// The buckets of a run.
pub type Buckets = BTreeMap<BucketName, Arc<MemoryBucket>>;

/// The way of one attempt to the buckets.
pub struct Line {
    /// What is at its other end.
    pub buckets: Buckets,
    /// Whose trouble it has.
    pub attempt: Arc<Attempt>,
}

impl Stores for Line {
    fn open(
        &self,
        claim: &Claim,
        bucket: &BucketName,
        _resources: &Resources,
        stop: &Stop,
    ) -> Result<Box<dyn Bucket>, NoWayToBucket> {
        let refused = |reason: &str| NoWayToBucket {
            bucket: bucket.clone(),
            reason: reason.to_owned(),
        };
        claim
            .access(bucket)
            .ok_or_else(|| refused("the server did not name it"))?;
        let inner = self
            .buckets
            .get(bucket)
            .ok_or_else(|| refused("the store does not have it"))?;
        let weather = Weather {
            inner: Arc::clone(inner),
            attempt: Arc::clone(&self.attempt),
            calls: AtomicU64::new(0),
            counts: Mutex::default(),
        };
        let sleeper = Box::new(Patient {
            attempt: Arc::clone(&self.attempt),
            stop: stop.clone(),
            waited: Mutex::default(),
        });
        let seed = self.attempt.chance.of("jitter").below(u64::MAX);
        let retry = Retry::new(RetryPolicy::default(), seed, sleeper);
        Ok(Box::new(Retrying::new(weather, retry)))
    }

    /// No key of these buckets ends.
    fn renew(&self, _claimed: &StoreAccess, _now: &StoreAccess) {}

    fn forget(&self, _claimed: &StoreAccess) {}
}

/// Time that passes at once, for each thread its own.
struct Patient {
    attempt: Arc<Attempt>,
    stop: Stop,
    waited: Mutex<HashMap<ThreadId, Duration>>,
}

impl Sleeper for Patient {
    fn elapsed(&self) -> Duration {
        let waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        waited
            .get(&thread::current().id())
            .copied()
            .unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) -> Slept {
        if self.stop.is_set() || self.attempt.is_dead() {
            return Slept::Canceled;
        }
        let mut waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        *waited.entry(thread::current().id()).or_default() += duration;
        Slept::Through
    }
}

/// What happens to one call.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Done,
    Failed(Moment, Failure),
    /// The bytes are damaged on their way; a call without bytes gets through.
    Damaged,
}

struct Weather {
    inner: Arc<MemoryBucket>,
    attempt: Arc<Attempt>,
    calls: AtomicU64,
    counts: Mutex<HashMap<(Operation, String), u64>>,
}

impl Weather {
    fn call<T>(
        &self,
        operation: Operation,
        about: &str,
        act: impl FnOnce(&MemoryBucket) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.send(operation, about, |bucket, _| act(bucket))
    }

    /// As `call`, of bytes that may be damaged.
    fn send<T>(
        &self,
        operation: Operation,
        about: &str,
        act: impl FnOnce(&MemoryBucket, bool) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let what = format!("{operation:?} `{about}`");
        self.step(operation, about, &what)?;
        if self.attempt.trouble.slow {
            let millis = 1 + self.attempt.chance.of(("slow", &what)).below(8);
            thread::sleep(Duration::from_millis(millis));
        }
        if let Some(error) = self.climate() {
            return Err(error);
        }
        let done = match self.fate(operation, about) {
            Fate::Done => act(&self.inner, false),
            Fate::Damaged => act(&self.inner, true),
            Fate::Failed(Moment::Before, failure) => return Err(failure.error()),
            Fate::Failed(Moment::After, failure) => {
                act(&self.inner, false).and(Err(failure.error()))
            }
        };
        self.step(operation, about, &format!("the answer to {what}"))?;
        done
    }

    fn step(&self, operation: Operation, about: &str, what: &str) -> Result<(), StoreError> {
        let of_parts = [
            Operation::BeginMultipart,
            Operation::PutPart,
            Operation::Complete,
        ];
        let step = if of_parts.contains(&operation) && !about.contains(PROBE) {
            self.attempt.step_in_parts(what)
        } else {
            self.attempt.step(what)
        };
        step.map_err(|_| dead())
    }

    /// What goes wrong for a while, whatever is asked.
    fn climate(&self) -> Option<StoreError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let trouble = &self.attempt.trouble;
        let is_down = |(from, length)| (from..from + length).contains(&call);
        if trouble.outage.is_some_and(is_down) {
            return Some(Failure::Unreachable.error());
        }
        if trouble.revoked.is_some_and(|from| call >= from) {
            let answer = Answer::new(403, "InvalidAccessKeyId", "simulated");
            return Some(StoreError::Credentials(answer));
        }
        trouble
            .denied
            .is_some_and(|from| call >= from)
            .then(|| Failure::AccessDenied.error())
    }

    fn fate(&self, operation: Operation, about: &str) -> Fate {
        const FAILURES: [Fate; 8] = [
            Fate::Failed(Moment::Before, Failure::TimedOut),
            Fate::Failed(Moment::After, Failure::TimedOut),
            Fate::Failed(Moment::Before, Failure::Reset),
            Fate::Failed(Moment::After, Failure::Reset),
            Fate::Failed(Moment::After, Failure::InternalError),
            Fate::Failed(Moment::Before, Failure::SlowDown),
            Fate::Failed(Moment::Before, Failure::Unreachable),
            Fate::Damaged,
        ];
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((operation, about.to_owned())).or_default();
        let time = *count;
        *count += 1;
        drop(counts);
        let chance = self.attempt.chance.of((operation, about, time));
        // The experiments are made again from the first if one fails: most must succeed.
        let rarely = u64::from(about.contains(PROBE)) * 19 + 1;
        if !chance.percent(self.attempt.trouble.store_faults) || !chance.of("rarely").one_in(rarely)
        {
            return Fate::Done;
        }
        let fate = chance.of("how").pick(&FAILURES);
        self.attempt
            .note(format_args!("{operation:?} `{about}` #{time}: {fate:?}"));
        fate
    }
}

/// What a dead process hears: nothing that would make it try again.
fn dead() -> StoreError {
    StoreError::Credentials(Answer::new(403, "Dead", "the process is dead"))
}

fn damaged(body: Body, is_damaged: bool) -> Body {
    if !is_damaged || body.is_empty() {
        return body;
    }
    let mut bytes = body.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    Bytes::from(bytes)
}

#[deny(clippy::missing_trait_methods)]
impl Bucket for Weather {
    fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.send(Operation::Put, key.as_str(), |bucket, is_damaged| {
            bucket.put(key, damaged(body, is_damaged), attributes, checksums)
        })
    }

    fn put_new(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.send(Operation::Put, key.as_str(), |bucket, is_damaged| {
            bucket.put_new(key, damaged(body, is_damaged), attributes, checksums)
        })
    }

    fn begin_multipart(
        &self,
        key: &ObjectKey,
        attributes: &Attributes,
        check: PartCheck,
    ) -> Result<UploadId, StoreError> {
        self.call(Operation::BeginMultipart, key.as_str(), |bucket| {
            bucket.begin_multipart(key, attributes, check)
        })
    }

    fn put_part(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        let about = format!("{key} {number:?}");
        self.send(Operation::PutPart, &about, |bucket, is_damaged| {
            bucket.put_part(key, upload, number, damaged(body, is_damaged), sum)
        })
    }

    fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
    ) -> Result<Vec<PartReceipt>, StoreError> {
        self.call(Operation::ListParts, key.as_str(), |bucket| {
            bucket.list_parts(key, upload)
        })
    }

    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.call(Operation::Complete, key.as_str(), |bucket| {
            bucket.complete(key, upload, parts)
        })
    }

    fn complete_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.call(Operation::Complete, key.as_str(), |bucket| {
            bucket.complete_new(key, upload, parts)
        })
    }

    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError> {
        self.call(Operation::Abort, key.as_str(), |bucket| {
            bucket.abort(key, upload)
        })
    }

    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        self.call(Operation::ListUploads, prefix, |bucket| {
            bucket.list_uploads(prefix)
        })
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        self.call(Operation::Head, key.as_str(), |bucket| bucket.head(key))
    }

    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError> {
        self.call(Operation::Head, key.as_str(), |bucket| {
            bucket.head_part(key, number)
        })
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        self.call(Operation::Get, key.as_str(), |bucket| {
            bucket.get(key, range)
        })
    }

    fn list(
        &self,
        prefix: &str,
        start_after: Option<&ObjectKey>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        self.call(Operation::List, prefix, |bucket| {
            bucket.list(prefix, start_after, limit)
        })
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        self.call(Operation::List, prefix, |bucket| {
            bucket.list_on(prefix, next, limit)
        })
    }

    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.call(Operation::Delete, key.as_str(), |bucket| bucket.delete(key))
    }

    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        self.call(Operation::PutTags, key.as_str(), |bucket| {
            bucket.put_tags(key, tags)
        })
    }

    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        self.call(Operation::Tags, key.as_str(), |bucket| bucket.tags(key))
    }

    /// As a bucket of a real store does it: by many requests, each of which has its weather.
    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        experiment(self, key)
    }
}

impl Subject for Weather {
    fn put_as_is(
        &self,
        key: &ObjectKey,
        body: Bytes,
        attributes: &Attributes,
        checksums: &Checksums,
        signed: Option<&[u8; 32]>,
    ) -> Result<Receipt, StoreError> {
        let about = key.as_str();
        match signed {
            Some(_) => self.call(Operation::Put, about, |bucket| {
                bucket.put_as_is(key, body, attributes, checksums, signed)
            }),
            None => self.put(key, body, attributes, checksums),
        }
    }

    fn put_part_as_is(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Bytes,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        self.put_part(key, upload, number, body, sum)
    }

    fn is_public(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        self.call(Operation::Head, key.as_str(), |bucket| {
            bucket.is_public(key)
        })
    }
}
