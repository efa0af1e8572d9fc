//! What the probe finds in stores that lie, refuse or break, and that it leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use awshttp::Answer;
use bytes::Bytes;
use model::capabilities::{Capabilities, Finding, PartCheck};
use model::ids::ObjectKey;
use model::key_space::{Kept, KeySpace, Oddity as Strange};
use objectstore::memory::MemoryBucket;
use objectstore::object::{Attributes, Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use objectstore::part_sum::PartSum;
use objectstore::probe::{self, Subject, capabilities};
use objectstore::upload::{OpenUpload, PartNumber, PartReceipt, UploadId};
use objectstore::{Body, Bucket, Checksums, StoreError};

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
    /// Refuses checksums in headers.
    Sumless,
    /// Refuses metadata.
    Bare,
    /// Gives parts tags that look like an MD5 and are none.
    Opaque,
    /// Does so for those that come with another sum only.
    OpaqueIfSummed,
    /// Knows CRC-32C, and not CRC-64/NVME.
    Older,
    /// Says of an object in parts the sum of another.
    Misjoining,
    /// Refuses to complete what has the sum of the whole with it.
    Incomplete,
    /// Takes `\\` for `/`, and capital letters for small ones of a key that is there.
    Folding,
    /// Refuses keys with empty or dotted parts.
    Tidy,
    /// Lists folder by folder.
    ByFolder,
    /// Lets nobody remove what it has.
    Keeping,
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

    fn must_be_absent(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.option()?;
        let is_there = self.inner.head(&self.filed(key))?.is_some();
        if is_there && !self.is(Oddity::Careless) {
            let answer = Answer::new(412, "PreconditionFailed", "");
            return Err(StoreError::Exists(answer));
        }
        Ok(())
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

impl Odd {
    /// Makes tags of those within, and back.
    fn turn_tags(&self, parts: &mut [PartReceipt]) {
        for part in parts {
            let is_summed = part.sum.is_some();
            if self.is(Oddity::Opaque) || self.is(Oddity::OpaqueIfSummed) && is_summed {
                part.etag = part.etag.chars().rev().collect();
            }
        }
    }

    /// The key under which a folding store has it.
    fn filed(&self, key: &ObjectKey) -> ObjectKey {
        if !self.is(Oddity::Folding) {
            return key.clone();
        }
        let slashed = ObjectKey::new(key.as_str().replace('\\', "/")).unwrap();
        let there = keys(&self.inner);
        let same = |known: &&String| known.eq_ignore_ascii_case(slashed.as_str());
        match there.iter().find(same) {
            Some(known) => ObjectKey::new(known.clone()).unwrap(),
            None => slashed,
        }
    }
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
        let has_sums = sums.sha256.is_some() || sums.crc64nvme.is_some();
        if self.is(Oddity::Sumless) && has_sums {
            return Err(refused(501, "NotImplemented"));
        }
        if self.is(Oddity::Bare) && !attributes.metadata.is_empty() {
            return Err(refused(400, "InvalidArgument"));
        }
        if self.is(Oddity::Tidy)
            && key
                .as_str()
                .split('/')
                .any(|p| matches!(p, "" | "." | ".."))
        {
            return Err(refused(400, "InvalidObjectName"));
        }
        self.store(&self.filed(key), body, attributes, sums)
    }
    fn put_new(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        sums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.must_be_absent(key)?;
        self.put(key, body, attributes, sums)
    }
    fn begin_multipart(
        &self,
        k: &ObjectKey,
        a: &Attributes,
        check: PartCheck,
    ) -> Result<UploadId, StoreError> {
        self.option()?;
        let is_new = check == PartCheck::Crc64Nvme;
        if self.is(Oddity::Sumless) && !check.is_md5() || self.is(Oddity::Older) && is_new {
            return Err(refused(501, "NotImplemented"));
        }
        self.inner.begin_multipart(k, a, check)
    }
    fn put_part(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        self.call()?;
        let honest = PartSum::of(sum.check(), &body);
        let sum = if self.is(Oddity::Careless) {
            &honest
        } else {
            sum
        };
        let mut part = self.inner.put_part(key, upload, number, body, sum)?;
        if self.is(Oddity::Opaque) || self.is(Oddity::OpaqueIfSummed) && part.sum.is_some() {
            part.etag = part.etag.chars().rev().collect();
        }
        Ok(part)
    }
    fn list_parts(&self, k: &ObjectKey, u: &UploadId) -> Result<Vec<PartReceipt>, StoreError> {
        self.call()?;
        let mut parts = self.inner.list_parts(k, u)?;
        self.turn_tags(&mut parts);
        Ok(parts)
    }
    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.call()?;
        let mut parts = parts.to_vec();
        self.turn_tags(&mut parts);
        let is_summed = parts.iter().any(|part| part.sum.is_some());
        if self.is(Oddity::Incomplete) && is_summed {
            return Err(refused(400, "InvalidRequest"));
        }
        let receipt = self.inner.complete(key, upload, &parts)?;
        if self.is(Oddity::Misjoining) && is_summed {
            self.inner.tell(key, |info| info.checksums[0].value[0] ^= 1);
        }
        Ok(receipt)
    }
    fn complete_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.must_be_absent(key)?;
        self.complete(key, upload, parts)
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
        self.inner.head(&self.filed(key))
    }
    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError> {
        self.inner.head_part(key, number)
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        self.inner.get(&self.filed(key), range)
    }
    fn list(&self, p: &str, after: Option<&ObjectKey>, n: u16) -> Result<Page, StoreError> {
        self.call()?;
        if self.is(Oddity::WriteOnly) {
            return Err(refused(403, "AccessDenied"));
        }
        if self.is(Oddity::ByFolder) {
            let mut page = self.inner.list(p, None, 1000)?;
            page.objects
                .sort_by_key(|o| o.key.as_str().replace('/', "\u{1}"));
            let from = |at: &ObjectKey| page.objects.iter().position(|o| o.key == *at);
            let skipped = after.and_then(from).map_or(0, |at| at + 1);
            let rest = page.objects.split_off(skipped);
            let more = rest.len() > usize::from(n);
            let objects = rest.into_iter().take(n.into()).collect();
            return Ok(Page {
                objects,
                more,
                next: None,
            });
        }
        self.inner.list(p, after, n)
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        self.inner.list_on(prefix, next, limit)
    }
    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.call()?;
        if self.is(Oddity::WriteOnly) || self.is(Oddity::Keeping) {
            return Err(refused(403, "AccessDenied"));
        }
        self.inner.delete(&self.filed(key))
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
    fn put_as_is(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        sums: &Checksums,
        signed: Option<&[u8; 32]>,
    ) -> Result<Receipt, StoreError> {
        let Some(signed) = signed else {
            return self.put(key, body, attributes, sums);
        };
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
        if self.is(Oddity::Sumless) && sums.sha256.is_some() {
            return Err(refused(501, "NotImplemented"));
        }
        self.store(key, body, attributes, &wrong)
    }
    fn put_part_as_is(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        self.put_part(key, upload, number, body, sum)
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
        key_space: KeySpace::honest(),
        // Nobody asked: the first sum of parts that is looked at is enough.
        part_crc32c: Finding::Unknown,
        part_sha256: Finding::Unknown,
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
    if ![Oddity::WriteOnly, Oddity::Keeping].contains(&oddity) {
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
        key_space: KeySpace::honest(),
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
        part_crc64nvme: Finding::Unknown,
        part_etag_is_md5: Finding::Unknown,
        lists_parts: Finding::Unknown,
        acl: Finding::Refused,
        long_keys: Finding::Refused,
        tags: Finding::Refused,
        extraction: Finding::Refused,
        put_if_absent: Finding::Refused,
        complete_if_absent: Finding::Refused,
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
        Capabilities {
            extraction: Finding::Honored,
            ..honest()
        }
    );
}

#[test]
fn who_may_only_write_is_served_all_the_same() {
    let expected = Capabilities {
        // A public object that cannot be removed is not made.
        acl: Finding::Unknown,
        key_space: KeySpace {
            order: Finding::Refused,
            pages: Finding::Refused,
            ..KeySpace::honest()
        },
        ..honest()
    };
    assert_eq!(found(Oddity::WriteOnly), expected);
}

#[test]
fn nothing_public_is_left_where_nothing_can_be_removed() {
    let bucket = odd(Oddity::Keeping);
    assert_eq!(capabilities(&bucket, &key()).unwrap().acl, Finding::Unknown);
    let left = keys(&bucket.inner);
    assert!(!left.is_empty());
    for name in left {
        let name = ObjectKey::new(name).unwrap();
        assert!(!bucket.inner.is_public(&name).unwrap(), "{name}");
    }
}

/// Wherever the store goes down for good, hardly anywhere something public is left.
#[test]
fn what_is_public_is_removed_before_anything_else_is_tried() {
    let sound = odd(Oddity::None);
    capabilities(&sound, &key()).unwrap();
    let mut left_public = 0;
    for down_from in 0..sound.calls.into_inner() {
        let mut bucket = odd(Oddity::None);
        (bucket.down_from, bucket.down_until) = (down_from, usize::MAX);
        capabilities(&bucket, &key()).unwrap_err();
        let is_public = |name: &String| {
            let name = ObjectKey::new(name.clone()).unwrap();
            bucket.inner.is_public(&name).unwrap()
        };
        left_public += usize::from(keys(&bucket.inner).iter().any(is_public));
    }
    assert_eq!(
        left_public, 1,
        "only where it goes down at the removing itself"
    );
}

#[test]
fn what_is_left_is_removed_when_that_is_allowed_again() {
    let mut bucket = odd(Oddity::Keeping);
    capabilities(&bucket, &key()).unwrap();
    assert!(probe::sweep(&bucket, &key()).unwrap() > 10);
    bucket.oddity = Oddity::None;
    assert_eq!(probe::sweep(&bucket, &key()).unwrap(), 0);
    assert_clean(&bucket.inner);
}

#[test]
fn a_store_that_refuses_a_header_is_probed_without_it() {
    let sumless = Capabilities {
        sha256: Finding::Refused,
        crc64nvme: Finding::Refused,
        keeps_sha256: Finding::Ignored,
        part_crc64nvme: Finding::Refused,
        part_crc32c: Finding::Refused,
        part_sha256: Finding::Refused,
        ..honest()
    };
    assert_eq!(found(Oddity::Sumless), sumless);
    let bare = Capabilities {
        metadata: Finding::Refused,
        extraction: Finding::Refused,
        ..honest()
    };
    assert_eq!(found(Oddity::Bare), bare);
}

#[test]
fn tags_of_parts_that_only_look_like_md5s_are_found() {
    let expected = Capabilities {
        part_etag_is_md5: Finding::Ignored,
        ..honest()
    };
    assert_eq!(found(Oddity::Opaque), expected);
    assert_eq!(found(Oddity::OpaqueIfSummed), expected);
}

/// The sum of parts is one that a wrong part is refused by, and that a right one completes by.
#[test]
fn by_which_sum_a_store_checks_parts_is_found() {
    let older = Capabilities {
        part_crc64nvme: Finding::Refused,
        part_crc32c: Finding::Honored,
        ..honest()
    };
    assert_eq!(found(Oddity::Older), older);
    for (oddity, finding) in [
        (Oddity::Misjoining, Finding::Ignored),
        (Oddity::Incomplete, Finding::Refused),
    ] {
        let expected = Capabilities {
            part_crc64nvme: finding,
            part_crc32c: finding,
            part_sha256: finding,
            ..honest()
        };
        assert_eq!(found(oddity), expected);
    }
}

#[test]
fn keys_that_become_one_are_found() {
    let found = found(Oddity::Folding).key_space;
    let mut expected = KeySpace::honest();
    expected.odd.insert(Strange::Backslash, Kept::Renamed);
    expected.odd.insert(Strange::Capitals, Kept::Merged);
    assert_eq!(found, expected);
}

#[test]
fn keys_that_are_refused_are_found() {
    let found = found(Oddity::Tidy).key_space;
    let mut expected = KeySpace::honest();
    for oddity in [Strange::EmptyPart, Strange::DotPart, Strange::TrailingSlash] {
        expected.odd.insert(oddity, Kept::Refused);
    }
    assert_eq!(found, expected);
}

#[test]
fn a_listing_by_folders_is_found() {
    let found = found(Oddity::ByFolder).key_space;
    let expected = KeySpace {
        order: Finding::Ignored,
        ..KeySpace::honest()
    };
    assert_eq!(found, expected);
}

/// The store goes down at every call in turn, for a while or for good.
#[test]
fn nothing_is_left_when_the_store_fails_half_way() {
    let calls = {
        let bucket = odd(Oddity::None);
        capabilities(&bucket, &key()).unwrap();
        bucket.calls.into_inner()
    };
    assert!((90..130).contains(&calls), "{calls}");
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
        // One lost request is asked again; two in a row end the experiments.
        bucket.down_until = down_from + 2;
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
