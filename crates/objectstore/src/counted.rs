//! A bucket that counts what is asked of its store, how that ends and how long it takes.
//!
//! It stands closest to the store: a call that waits for its turn has not begun, and one that is tried again is several.
//! What is counted is kept for the whole process, and has as many figures as there are stores, operations and kinds of
//! answer, whatever is done.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use model::capabilities::{Capabilities, PartCheck};
use model::ids::ObjectKey;
use model::timings::Timings;

use crate::bucket::{Body, Bucket};
use crate::checksum::Checksums;
use crate::error::StoreError;
use crate::object::{Attributes, Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use crate::part_sum::PartSum;
use crate::upload::{OpenUpload, PartNumber, PartReceipt, UploadId};

/// Most stores that are told apart: an installation has a handful, each with some 150 figures.
const STORES: usize = 64;

/// What stores beyond those are called together.
const OTHERS: &str = "others";

/// Bounds of how long requests take: a small object on a disk nearby some milliseconds, a part over a thin line minutes.
const BOUNDS: &[Duration] = &[
    Duration::from_millis(5),
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2500),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(120),
];

/// What is asked, by its name in the S3 API reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked(&'static str);

impl Asked {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0
    }
}

/// How a request ended: a stable word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ending(&'static str);

impl Ending {
    /// As it should.
    pub const OK: Self = Self("OK");

    /// The store asked to slow down.
    pub const SLOW_DOWN: Self = Self("SlowDown");

    /// The store is not there, or in trouble.
    const UNAVAILABLE: Self = Self("Unavailable");

    /// Nothing came back.
    const NO_ANSWER: Self = Self("NoAnswer");

    /// The word.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0
    }

    fn is_silence(self) -> bool {
        self == Self::UNAVAILABLE || self == Self::NO_ANSWER
    }

    /// How a request ended that failed; none if it was not sent.
    fn of(error: &StoreError) -> Option<Self> {
        Some(match error {
            StoreError::NoSuchBucket(_) => Self("NoSuchBucket"),
            StoreError::NoSuchKey(_) => Self("NoSuchKey"),
            StoreError::NoSuchUpload(_) => Self("NoSuchUpload"),
            StoreError::AccessDenied(_) => Self("AccessDenied"),
            StoreError::Credentials(_) | StoreError::KeyExpired(_) => Self("BadCredentials"),
            StoreError::WrongRegion { .. } => Self("WrongRegion"),
            StoreError::Refused(_) => Self("Refused"),
            StoreError::Exists(_) => Self("ObjectExists"),
            StoreError::BadDigest(_) => Self("BadDigest"),
            StoreError::Throttled(_) => Self::SLOW_DOWN,
            StoreError::Full(_) => Self("StoreFull"),
            StoreError::Unavailable(_) => Self::UNAVAILABLE,
            StoreError::Transport(_) => Self::NO_ANSWER,
            StoreError::Unsure { last, .. } => return Self::of(last),
            StoreError::Canceled { .. } => return None,
        })
    }
}

/// What was asked of all stores.
#[derive(Debug, Default)]
pub struct Requests {
    stores: Mutex<BTreeMap<Arc<str>, StoreFigures>>,
}

/// What was asked of one store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreFigures {
    /// How many requests ended how.
    pub endings: BTreeMap<(Asked, Ending), u64>,
    /// How long those of each kind took.
    pub took: BTreeMap<Asked, Timings>,
    /// Whether it answers; none before the first request has ended.
    pub voice: Option<Voice>,
}

/// Whether a store answers, by the request that ended last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// It answered, at this time.
    Answered(Instant),
    /// It did not, as little as to those before.
    Silent {
        /// When the first of them was begun.
        since: Instant,
        /// When the last one failed.
        last: Instant,
    },
}

/// Where the requests to one store are counted.
#[derive(Debug, Clone)]
pub struct StoreRequests {
    store: Arc<str>,
    all: Arc<Requests>,
}

impl Requests {
    /// Where those to the store at an address are counted: it is called by host and port.
    #[must_use]
    pub fn of(self: &Arc<Self>, endpoint: &str) -> StoreRequests {
        let name: Arc<str> = place(endpoint).into();
        let mut stores = self.stores();
        let has_room = stores.len() < STORES || stores.contains_key(&name);
        let store = if has_room { name } else { OTHERS.into() };
        stores.entry(Arc::clone(&store)).or_default();
        drop(stores);
        StoreRequests {
            store,
            all: Arc::clone(self),
        }
    }

    /// Whether a store answers, by its [`place`]; none if nothing was asked of it.
    #[must_use]
    pub fn voice_of(&self, store: &str) -> Option<Voice> {
        self.stores().get(store)?.voice
    }

    /// All that was counted, by store.
    #[must_use]
    pub fn figures(&self) -> BTreeMap<Arc<str>, StoreFigures> {
        self.stores().clone()
    }

    fn stores(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, StoreFigures>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Host and port of an address: what stands in it besides is nobody's business.
#[must_use]
pub fn place(endpoint: &str) -> String {
    let rest = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, it)| it);
    host.to_ascii_lowercase()
}

impl StoreRequests {
    /// Counts a request that has ended.
    fn count(&self, operation: Asked, ending: Ending, begun: Instant) {
        let mut stores = self.all.stores();
        let Some(figures) = stores.get_mut(&self.store) else {
            return;
        };
        let last = Instant::now();
        figures.voice = Some(match (ending.is_silence(), figures.voice) {
            (false, _) => Voice::Answered(last),
            (true, Some(Voice::Silent { since, .. })) => Voice::Silent { since, last },
            (true, _) => Voice::Silent { since: begun, last },
        });
        *figures.endings.entry((operation, ending)).or_default() += 1;
        let timings = figures.took.entry(operation);
        timings
            .or_insert_with(|| Timings::new(BOUNDS))
            .add(begun.elapsed());
    }
}

/// A bucket around `B` whose requests are counted.
///
/// # Contract
/// As every bucket. Experiments are not counted: they fail on purpose. A download counts as over when its body begins.
pub struct Counted<B> {
    inner: B,
    requests: StoreRequests,
}

impl<B: fmt::Debug> fmt::Debug for Counted<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counted").field(&self.inner).finish()
    }
}

impl<B: Bucket> Counted<B> {
    /// Counts in `requests`, as other buckets of the same store may.
    pub fn new(inner: B, requests: StoreRequests) -> Self {
        Self { inner, requests }
    }

    fn counted<T>(
        &self,
        operation: &'static str,
        act: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let begun = Instant::now();
        let result = act();
        let ending = match &result {
            Ok(_) => Some(Ending::OK),
            Err(error) => Ending::of(error),
        };
        if let Some(ending) = ending {
            let operation = Asked(operation);
            self.requests.count(operation, ending, begun);
        }
        result
    }
}

#[deny(clippy::missing_trait_methods)]
impl<B: Bucket> Bucket for Counted<B> {
    fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.counted("PutObject", || {
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
        self.counted("PutObject", || {
            self.inner.put_new(key, body, attributes, checksums)
        })
    }

    fn begin_multipart(
        &self,
        key: &ObjectKey,
        attributes: &Attributes,
        check: PartCheck,
    ) -> Result<UploadId, StoreError> {
        self.counted("CreateMultipartUpload", || {
            self.inner.begin_multipart(key, attributes, check)
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
        self.counted("UploadPart", || {
            self.inner.put_part(key, upload, number, body, sum)
        })
    }

    fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
    ) -> Result<Vec<PartReceipt>, StoreError> {
        self.counted("ListParts", || self.inner.list_parts(key, upload))
    }

    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.counted("CompleteMultipartUpload", || {
            self.inner.complete(key, upload, parts)
        })
    }

    fn complete_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.counted("CompleteMultipartUpload", || {
            self.inner.complete_new(key, upload, parts)
        })
    }

    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError> {
        self.counted("AbortMultipartUpload", || self.inner.abort(key, upload))
    }

    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        self.counted("ListMultipartUploads", || self.inner.list_uploads(prefix))
    }

    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        self.counted("HeadObject", || self.inner.head(key))
    }

    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError> {
        self.counted("HeadObject", || self.inner.head_part(key, number))
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        self.counted("GetObject", || self.inner.get(key, range))
    }

    fn list(
        &self,
        prefix: &str,
        start_after: Option<&ObjectKey>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        self.counted("ListObjectsV2", || {
            self.inner.list(prefix, start_after, limit)
        })
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        self.counted("ListObjectsV2", || self.inner.list_on(prefix, next, limit))
    }

    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.counted("DeleteObject", || self.inner.delete(key))
    }

    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        self.counted("PutObjectTagging", || self.inner.put_tags(key, tags))
    }

    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        self.counted("GetObjectTagging", || self.inner.tags(key))
    }

    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        self.inner.capabilities(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryBucket;

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new(name).unwrap()
    }

    fn counts(requests: &Requests, store: &str) -> Vec<(&'static str, &'static str, u64)> {
        let figures = requests.figures();
        let endings = figures[store].endings.iter();
        let named =
            endings.map(|((operation, ending), count)| (operation.name(), ending.code(), *count));
        named.collect()
    }

    #[test]
    fn it_is_a_bucket() {
        let requests = Arc::<Requests>::default();
        let counted = Counted::new(MemoryBucket::new(), requests.of("http://store"));
        crate::suite::run(&counted);
        assert!(!requests.figures()["store"].endings.is_empty());
    }

    #[test]
    fn requests_are_counted_by_what_they_are_and_how_they_end() {
        let requests = Arc::<Requests>::default();
        let endpoint = "https://user:secret@Store.example:9000/path?x=secret";
        let bucket = Counted::new(MemoryBucket::new(), requests.of(endpoint));
        let body = Body::from_static(b"hello");
        let sums = Checksums::of(&body);
        let attributes = Attributes::default();
        bucket.put(&key("a"), body, &attributes, &sums).unwrap();
        bucket.head(&key("a")).unwrap();
        bucket.head(&key("b")).unwrap();
        bucket.get(&key("b"), None).unwrap_err();
        let expected = [
            ("GetObject", "NoSuchKey", 1),
            ("HeadObject", "OK", 2),
            ("PutObject", "OK", 1),
        ];
        assert_eq!(counts(&requests, "store.example:9000"), expected);
        let figures = &requests.figures()["store.example:9000"];
        let took: Vec<u64> = figures.took.values().map(Timings::count).collect();
        assert_eq!(took, [1, 2, 1]);
    }

    #[test]
    fn a_store_is_silent_from_the_first_request_without_an_answer_to_the_next_answer() {
        let requests = Arc::<Requests>::default();
        let of = requests.of("http://store");
        let ends = |ending| {
            of.count(Asked("PutObject"), ending, Instant::now());
            requests.voice_of("store").unwrap()
        };
        assert_eq!(requests.voice_of("store"), None);
        for answer in [Ending::OK, Ending::SLOW_DOWN, Ending("NoSuchKey")] {
            let Voice::Silent { since, last } = ends(Ending::UNAVAILABLE) else {
                panic!("it did not answer");
            };
            let Voice::Silent {
                since: first,
                last: later,
            } = ends(Ending::NO_ANSWER)
            else {
                panic!("it did not answer");
            };
            assert_eq!(first, since);
            assert!(later >= last);
            assert!(matches!(ends(answer), Voice::Answered(at) if at >= later));
        }
        assert_eq!(requests.voice_of("another"), None);
    }

    #[test]
    fn however_many_stores_there_are_the_figures_have_an_end() {
        let requests = Arc::<Requests>::default();
        for number in 0..STORES + 10 {
            let of = requests.of(&format!("http://store-{number}"));
            of.count(Asked("GetObject"), Ending::OK, Instant::now());
        }
        assert_eq!(requests.figures().len(), STORES + 1);
        assert_eq!(counts(&requests, OTHERS), [("GetObject", "OK", 10)]);
    }
}
