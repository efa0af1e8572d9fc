//! What the probe finds in stores that lie, refuse or break, and that it leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use model::capabilities::{Capabilities, Finding};
use model::ids::ObjectKey;
use objects::error::Answer;
use objects::memory::MemoryBucket;
use objects::object::{Attributes, Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use objects::probe::{self, Subject, capabilities};
use objects::upload::{OpenUpload, PartNumber, PartReceipt, UploadId};
use objects::{Body, Bucket, Checksums, StoreError};

/// What is odd about a store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Oddity {
    None,
    /// Checks nothing and keeps only bytes.
    Careless,
    /// Says no to all that is optional.
    Plain,
    /// Answers 500 to all that is optional.
    Confused,
    /// Refuses damaged objects after it has stored them.
    Late,
    /// Lets nobody remove or list.
    WriteOnly,
    /// Takes tags for a new content.
    BlindToQueries,
    /// Unpacks archives.
    Unpacking,
}

/// A bucket in memory with an oddity, which fails at a call if told to.
struct Odd {
    inner: MemoryBucket,
    oddity: Oddity,
    calls: AtomicUsize,
    down_from: usize,
    down_until: usize,
}

fn odd(oddity: Oddity) -> Odd {
    Odd {
        inner: MemoryBucket::new(),
        oddity,
        calls: AtomicUsize::new(0),
        down_from: usize::MAX,
        down_until: usize::MAX,
    }
}

fn refused(status: u16, code: &str) -> StoreError {
    StoreError::from_answer(Answer::new(status, code, ""), None)
}

impl Odd {
    fn is(&self, oddity: Oddity) -> bool {
        self.oddity == oddity
    }

    fn call(&self) -> Result<(), StoreError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if (self.down_from..self.down_until).contains(&call) {
            return Err(refused(503, "ServiceUnavailable"));
        }
        Ok(())
    }

    fn option(&self) -> Result<(), StoreError> {
        self.call()?;
        match self.oddity {
            Oddity::Plain => Err(refused(501, "NotImplemented")),
            Oddity::Confused => Err(refused(500, "InternalError")),
            _ => Ok(()),
        }
    }

    fn store(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        sums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        match self.oddity {
            Oddity::Careless => {
                let sums = Checksums {
                    sha256: None,
                    ..Checksums::of(&body)
                };
                self.inner.put(key, body, &Attributes::default(), &sums)
            }
            Oddity::Late => {
                let stored = self
                    .inner
                    .put(key, body.clone(), attributes, &Checksums::of(&body));
                self.inner.put(
                    &ObjectKey::new("elsewhere").unwrap(),
                    body,
                    attributes,
                    sums,
                )?;
                stored
            }
            Oddity::Unpacking if is_archive(attributes) => {
                let name = body[..100].split(|byte| *byte == 0).next().unwrap();
                let inside = ObjectKey::new(String::from_utf8(name.to_vec()).unwrap()).unwrap();
                let length = std::str::from_utf8(&body[124..135]).unwrap();
                let length = usize::from_str_radix(length, 8).unwrap();
                let content = body.slice(512..512 + length);
                let sums = Checksums::of(&content);
                self.inner
                    .put(&inside, content, &Attributes::default(), &sums)
            }
            _ => self.inner.put(key, body, attributes, sums),
        }
    }
}

fn is_archive(attributes: &Attributes) -> bool {
    let mut all = attributes.metadata.iter();
    all.any(|(name, _)| name == "snowball-auto-extract")
}

impl Bucket for Odd {
    fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        sums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        let long = key.as_str().len() == 1024;
        if attributes.acl.is_some() || long || is_archive(attributes) || sums.crc64nvme.is_some() {
            self.option()?;
        } else {
            self.call()?;
        }
        self.store(key, body, attributes, sums)
    }
    fn begin_multipart(&self, k: &ObjectKey, a: &Attributes) -> Result<UploadId, StoreError> {
        self.option()?;
        self.inner.begin_multipart(k, a)
    }
    fn put_part(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sums: &Checksums,
    ) -> Result<PartReceipt, StoreError> {
        self.call()?;
        let honest = Checksums::of(&body);
        let sums = if self.is(Oddity::Careless) {
            &honest
        } else {
            sums
        };
        self.inner.put_part(key, upload, number, body, sums)
    }
    fn list_parts(&self, k: &ObjectKey, u: &UploadId) -> Result<Vec<PartReceipt>, StoreError> {
        self.call()?;
        self.inner.list_parts(k, u)
    }
    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.call()?;
        self.inner.complete(key, upload, parts)
    }
    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError> {
        self.call()?;
        self.inner.abort(key, upload)
    }
    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        self.option()?;
        self.inner.list_uploads(prefix)
    }
    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        self.call()?;
        self.inner.head(key)
    }
    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError> {
        self.inner.head_part(key, number)
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        self.inner.get(key, range)
    }
    fn list(&self, p: &str, after: Option<&ObjectKey>, n: u16) -> Result<Page, StoreError> {
        self.call()?;
        if self.is(Oddity::WriteOnly) {
            return Err(refused(403, "AccessDenied"));
        }
        self.inner.list(p, after, n)
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        self.inner.list_on(prefix, next, limit)
    }
    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.call()?;
        if self.is(Oddity::WriteOnly) {
            return Err(refused(403, "AccessDenied"));
        }
        self.inner.delete(key)
    }
    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        self.option()?;
        if self.is(Oddity::BlindToQueries) {
            let body = Bytes::from_static(b"<Tagging/>");
            let sums = Checksums::of(&body);
            self.inner.put(key, body, &Attributes::default(), &sums)?;
        }
        self.inner
            .put_tags(key, if self.is(Oddity::Careless) { &[] } else { tags })
    }
    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        self.inner.tags(key)
    }
    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        probe::experiment(self, key)
    }
}

impl Subject for Odd {
    fn put_signed_as(
        &self,
        key: &ObjectKey,
        body: Body,
        sums: &Checksums,
        signed: &[u8; 32],
    ) -> Result<Receipt, StoreError> {
        self.call()?;
        let told = Checksums {
            sha256: Some(*signed),
            ..*sums
        };
        let honest = Checksums::of(&body);
        let wrong = if told.sha256 == honest.sha256 {
            *sums
        } else {
            told
        };
        self.store(key, body, &Attributes::default(), &wrong)
    }
    fn is_public(&self, key: &ObjectKey) -> Result<bool, StoreError> {
        self.inner.is_public(key)
    }
}

fn key() -> ObjectKey {
    ObjectKey::new("logs/import-log-ABCDE").unwrap()
}

fn honest() -> Capabilities {
    Capabilities {
        extraction: Finding::Ignored,
        ..Capabilities::all(Finding::Honored)
    }
}

fn keys(bucket: &MemoryBucket) -> Vec<String> {
    let page = bucket.list("", None, 1000).unwrap();
    page.objects.iter().map(|o| o.key.to_string()).collect()
}

fn assert_clean(bucket: &MemoryBucket) {
    let kept: Vec<_> = keys(bucket)
        .into_iter()
        .filter(|k| k != "elsewhere")
        .collect();
    assert_eq!(kept, [""; 0]);
    assert_eq!(bucket.list_uploads("").unwrap(), []);
}

fn found(oddity: Oddity) -> Capabilities {
    let bucket = odd(oddity);
    let found = capabilities(&bucket, &key()).unwrap();
    if oddity != Oddity::WriteOnly {
        assert_clean(&bucket.inner);
    }
    found
}

#[test]
fn an_honest_store_is_found_honest() {
    assert_eq!(found(Oddity::None), honest());
    let memory = MemoryBucket::new();
    assert_eq!(capabilities(&memory, &key()).unwrap(), honest());
    assert_clean(&memory);
}

#[test]
fn what_a_careless_store_lets_pass_is_found() {
    let expected = Capabilities {
        etag_is_md5: Finding::Honored,
        multipart: Finding::Honored,
        part_etag_is_md5: Finding::Honored,
        lists_parts: Finding::Honored,
        long_keys: Finding::Honored,
        ..Capabilities::all(Finding::Ignored)
    };
    assert_eq!(found(Oddity::Careless), expected);
}

/// Whether a store says 501 or 500 of what it does not know comes to the same.
#[test]
fn what_a_store_refuses_is_found() {
    let expected = Capabilities {
        crc64nvme: Finding::Refused,
        multipart: Finding::Refused,
        part_md5: Finding::Unknown,
        part_etag_is_md5: Finding::Unknown,
        lists_parts: Finding::Unknown,
        acl: Finding::Refused,
        long_keys: Finding::Refused,
        tags: Finding::Refused,
        extraction: Finding::Refused,
        ..honest()
    };
    assert_eq!(found(Oddity::Plain), expected);
    assert_eq!(found(Oddity::Confused), expected);
}

#[test]
fn what_is_refused_too_late_is_not_refused() {
    let found = found(Oddity::Late);
    for late in [found.md5, found.sha256, found.crc64nvme, found.signed_body] {
        assert_eq!(late, Finding::Ignored);
    }
}

#[test]
fn tags_that_would_overwrite_the_object_are_no_tags() {
    assert_eq!(found(Oddity::BlindToQueries).tags, Finding::Ignored);
}

#[test]
fn an_archive_that_is_unpacked_is_found() {
    assert_eq!(
        found(Oddity::Unpacking),
        Capabilities::all(Finding::Honored)
    );
}

#[test]
fn who_may_only_write_is_served_all_the_same() {
    assert_eq!(found(Oddity::WriteOnly), honest());
}

/// The store goes down at every call in turn, for a while or for good.
#[test]
fn nothing_is_left_when_the_store_fails_half_way() {
    let calls = {
        let bucket = odd(Oddity::None);
        capabilities(&bucket, &key()).unwrap();
        bucket.calls.into_inner()
    };
    assert!((25..45).contains(&calls), "{calls}");
    for down_from in 0..calls {
        let mut bucket = odd(Oddity::None);
        let other = ObjectKey::new("logs/import-log-ABCDE.probed").unwrap();
        let sums = Checksums::of(b"");
        let none = Attributes::default();
        bucket
            .inner
            .put(&other, Bytes::new(), &none, &sums)
            .unwrap();
        bucket.down_from = down_from;
        bucket.down_until = down_from + 1;
        let error = capabilities(&bucket, &key()).unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        // The next probe finds everything, whatever the first one left.
        assert_eq!(
            capabilities(&bucket, &key()).unwrap(),
            honest(),
            "{down_from}"
        );
        assert_eq!(keys(&bucket.inner), [other.as_str()], "{down_from}");
        assert_eq!(bucket.inner.list_uploads("").unwrap(), [], "{down_from}");
    }
}

#[test]
fn nothing_but_the_experiments_is_touched() {
    let bucket = odd(Oddity::None);
    let sums = Checksums::of(b"theirs");
    for other in [
        "logs/import-log-ABCDE",
        "logs/import-log-ABCDE.probe",
        "logs/import-log-ABCDE/plain",
    ] {
        let other = ObjectKey::new(other).unwrap();
        let body = Bytes::from_static(b"theirs");
        bucket
            .inner
            .put(&other, body, &Attributes::default(), &sums)
            .unwrap();
    }
    capabilities(&bucket, &key()).unwrap();
    assert_eq!(keys(&bucket.inner).len(), 3);
}

#[test]
fn a_store_that_denies_writing_and_a_key_too_long_are_errors() {
    let mut down = odd(Oddity::None);
    (down.down_from, down.down_until) = (0, usize::MAX);
    assert!(capabilities(&down, &key()).is_err());
    let long = ObjectKey::new("k".repeat(1020)).unwrap();
    let error = capabilities(&MemoryBucket::new(), &long).unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
}
