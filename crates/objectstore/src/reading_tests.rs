//! An object that is read on after breaks.

use std::io::{Cursor, Read};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use model::capabilities::{Capabilities, PartCheck};

use super::*;
use crate::bucket::Body;
use crate::checksum::Checksums;
use crate::memory::MemoryBucket;
use crate::object::{Attributes, Page, PartInfo, Receipt, Tag};
use crate::part_sum::PartSum;
use crate::upload::{OpenUpload, PartNumber, PartReceipt, UploadId};

/// What happens to the body of one answer.
#[derive(Clone, Copy)]
enum Turn {
    /// It comes whole.
    Whole,
    /// It breaks off after so many bytes.
    Breaks(usize),
    /// It breaks off after so many bytes, and the object is replaced by one as long.
    Replaced(usize),
    /// As before, by a shorter one.
    Cut(usize),
}

/// A bucket with one object, whose answers go as they are told to.
struct Told {
    inner: MemoryBucket,
    turns: Mutex<Vec<Turn>>,
    asked: Mutex<Vec<Option<Range<u64>>>>,
}

struct Breaking(Cursor<Vec<u8>>);

impl Read for Breaking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 if !buffer.is_empty() => Err(io::ErrorKind::ConnectionReset.into()),
            count => Ok(count),
        }
    }
}

/// Time that passes at once, and somebody who asks to stop after a number of looks.
struct Hurried(AtomicU32);

impl Sleeper for Hurried {
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Slept {
        match self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            }) {
            Ok(_) => Slept::Through,
            Err(_) => Slept::Canceled,
        }
    }
}

const LENGTH: usize = 700_000;

fn key() -> ObjectKey {
    ObjectKey::new("object").unwrap()
}

fn content(salt: u8, length: usize) -> Vec<u8> {
    (0..=250)
        .cycle()
        .take(length)
        .map(|byte: u8| byte ^ salt)
        .collect()
}

fn put(bucket: &MemoryBucket, content: Vec<u8>) {
    let sums = Checksums::of(&content);
    let body = Bytes::from(content);
    bucket
        .put(&key(), body, &Attributes::default(), &sums)
        .unwrap();
}

fn told(turns: &[Turn]) -> Told {
    let inner = MemoryBucket::new();
    put(&inner, content(0, LENGTH));
    Told {
        inner,
        turns: Mutex::new(turns.iter().rev().copied().collect()),
        asked: Mutex::default(),
    }
}

fn read(bucket: &Told, looks: u32) -> (Result<ObjectInfo, ReadError>, Vec<u8>) {
    let (key, sleeper) = (key(), Hurried(AtomicU32::new(looks)));
    let mut read = Vec::new();
    let result =
        Reading::new(bucket, &key, &sleeper).stream(0, &mut |bytes| read.extend_from_slice(bytes));
    (result, read)
}

#[test]
fn a_body_that_breaks_is_read_on_from_where_it_broke() {
    let bucket = told(&[Turn::Breaks(300_000), Turn::Breaks(1), Turn::Whole]);
    let (result, read) = read(&bucket, u32::MAX);
    assert_eq!(result.unwrap().size, LENGTH as u64);
    assert_eq!(read, content(0, LENGTH));
    let asked = bucket.asked.lock().unwrap().clone();
    let end = u64::MAX;
    assert_eq!(asked, [None, Some(300_000..end), Some(300_001..end)]);
}

#[test]
fn an_object_that_was_replaced_is_never_read_half_and_half() {
    for turn in [Turn::Replaced(300_000), Turn::Cut(300_000)] {
        let bucket = told(&[turn, Turn::Whole]);
        let (result, read) = read(&bucket, u32::MAX);
        assert!(matches!(result, Err(ReadError::Replaced)), "{result:?}");
        assert_eq!(read, content(0, LENGTH)[..300_000]);
    }
}

#[test]
fn another_version_than_was_asked_for_is_not_read() {
    let bucket = told(&[]);
    let (key, sleeper) = (key(), Hurried(AtomicU32::new(u32::MAX)));
    let listed = bucket.list("", None, 1).unwrap().objects.remove(0);
    put(&bucket.inner, content(1, LENGTH));
    let mut buffer = vec![0; 100];
    let mut reading = Reading::new(&bucket, &key, &sleeper).of(Version::listed(&listed));
    let result = reading.fill(200, &mut buffer);
    assert!(matches!(result, Err(ReadError::Replaced)), "{result:?}");
    assert_eq!(buffer, [0; 100]);
}

#[test]
fn ranges_are_filled_and_shorter_objects_are_other_ones() {
    let bucket = told(&[Turn::Breaks(10)]);
    let (key, sleeper) = (key(), Hurried(AtomicU32::new(u32::MAX)));
    let mut buffer = vec![0; 100];
    let mut reading = Reading::new(&bucket, &key, &sleeper);
    reading.fill(200, &mut buffer).unwrap();
    assert_eq!(buffer, content(0, LENGTH)[200..300]);
    let length = LENGTH as u64;
    let result = reading.fill(length - 10, &mut buffer);
    assert!(matches!(result, Err(ReadError::OtherSize(found)) if found == length));
    let result = reading.fill(length, &mut buffer);
    assert!(matches!(result, Err(ReadError::Replaced)), "{result:?}");
    let result = Reading::new(&bucket, &key, &sleeper)
        .sized(length + 1)
        .stream(0, &mut |_| panic!("it is not read"));
    assert!(matches!(result, Err(ReadError::OtherSize(found)) if found == length));
    assert!(reading.whole(LENGTH as u64 - 1).unwrap().is_none());
    let (_, whole) = reading.whole(LENGTH as u64).unwrap().unwrap();
    assert_eq!(whole, content(0, LENGTH));
}

#[test]
fn nothing_is_read_for_ever_and_anybody_may_stop_it() {
    let bucket = told(&[Turn::Breaks(0); 20]);
    let (result, _) = read(&bucket, u32::MAX);
    assert!(matches!(result, Err(ReadError::Broken(_))), "{result:?}");
    assert_eq!(bucket.asked.lock().unwrap().len(), 5);
    let bucket = told(&[Turn::Breaks(0); 20]);
    let (result, _) = read(&bucket, 3);
    assert!(matches!(result, Err(ReadError::Stopped)), "{result:?}");
    let (result, read) = read(&told(&[]), 2);
    assert!(matches!(result, Err(ReadError::Stopped)), "{result:?}");
    assert!(read.len() < LENGTH);
}

#[test]
fn an_object_without_content_is_read() {
    let bucket = told(&[]);
    put(&bucket.inner, Vec::new());
    let (result, read) = read(&bucket, u32::MAX);
    assert_eq!((result.unwrap().size, read.len()), (0, 0));
}

impl Bucket for Told {
    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        self.asked.lock().unwrap().push(range.clone());
        let mut whole = self.inner.get(key, range)?;
        let turn = self.turns.lock().unwrap().pop().unwrap_or(Turn::Whole);
        let (Turn::Breaks(after) | Turn::Replaced(after) | Turn::Cut(after)) = turn else {
            return Ok(whole);
        };
        match turn {
            Turn::Replaced(_) => put(&self.inner, content(1, LENGTH)),
            Turn::Cut(_) => put(&self.inner, content(0, 1000)),
            Turn::Whole | Turn::Breaks(_) => {}
        }
        let mut body = Vec::new();
        whole.body.read_to_end(&mut body).unwrap();
        body.truncate(after);
        whole.body = Box::new(Breaking(Cursor::new(body)));
        Ok(whole)
    }
    fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.inner.put(key, body, attributes, checksums)
    }
    fn put_new(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.inner.put_new(key, body, attributes, checksums)
    }
    fn begin_multipart(
        &self,
        k: &ObjectKey,
        a: &Attributes,
        check: PartCheck,
    ) -> Result<UploadId, StoreError> {
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
        self.inner.put_part(key, upload, number, body, sum)
    }
    fn list_parts(&self, k: &ObjectKey, u: &UploadId) -> Result<Vec<PartReceipt>, StoreError> {
        self.inner.list_parts(k, u)
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
        self.inner.list_uploads(prefix)
    }
    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        self.inner.head(key)
    }
    fn head_part(&self, k: &ObjectKey, n: PartNumber) -> Result<Option<PartInfo>, StoreError> {
        self.inner.head_part(k, n)
    }
    fn list(&self, p: &str, after: Option<&ObjectKey>, n: u16) -> Result<Page, StoreError> {
        self.inner.list(p, after, n)
    }
    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        self.inner.list_on(prefix, next, limit)
    }
    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.inner.delete(key)
    }
    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        self.inner.put_tags(key, tags)
    }
    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        self.inner.tags(key)
    }
    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        self.inner.capabilities(key)
    }
}
