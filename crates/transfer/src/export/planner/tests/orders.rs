//! Stores that list in orders of their own.

use std::ops::Range;

use model::capabilities::{Capabilities, PartCheck};
use objectstore::object::{Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use objectstore::part_sum::PartSum;
use objectstore::upload::{OpenUpload, PartNumber, PartReceipt, UploadId};
use objectstore::{Body, StoreError};

use super::*;

/// A store that lists in an order of its own, pages of two, and goes on where its tokens say.
struct Folders {
    inner: MemoryBucket,
    order: fn(&str) -> Vec<String>,
    /// What becomes of the token for a page that begins at this place.
    token: fn(usize) -> Option<usize>,
}

/// Below this prefix there is no object, and always one more page.
const ENDLESS: &str = "endless/";

impl Folders {
    fn page(&self, prefix: &str, from: usize) -> Result<Page, StoreError> {
        let mut objects = self.inner.list("", None, 1000)?.objects;
        objects.sort_by_key(|listed| (self.order)(listed.key.as_str()));
        // Prefixes are hints: everything below the first folder comes.
        let folder = prefix.split('/').next().unwrap_or_default();
        objects.retain(|listed| listed.key.as_str().starts_with(folder));
        let more = prefix == ENDLESS || from + 2 < objects.len();
        Ok(Page {
            objects: objects.into_iter().skip(from).take(2).collect(),
            more,
            next: (self.token)(from + 2)
                .filter(|_| more)
                .map(|at| at.to_string()),
        })
    }
}

/// As SeaweedFS has it: by the parts of the path.
fn by_folder(key: &str) -> Vec<String> {
    key.split('/').map(str::to_owned).collect()
}

fn backwards(key: &str) -> Vec<String> {
    vec![key.chars().rev().collect()]
}

fn listed_by(
    order: fn(&str) -> Vec<String>,
    token: fn(usize) -> Option<usize>,
    options: &str,
) -> Result<Vec<String>, PlanFailure> {
    let inner = MemoryBucket::new();
    for name in [
        "a/b", "a/c/d", "a-b", "a.b", "p/1", "p-old/1", "z", "\u{e9}",
    ] {
        let body = Bytes::from_static(b"1");
        let sums = Checksums::of(&body);
        inner
            .put(&key(name), body, &Attributes::default(), &sums)
            .unwrap();
    }
    let store: Box<dyn Bucket> = Box::new(Folders {
        inner,
        order,
        token,
    });
    let buckets = Buckets::from([(BucketName::new("bkt").unwrap(), store)]);
    let rules = rules(
        "EXT4",
        &format!("operations:\n- exportBucket: bkt\n{options}"),
    );
    let (folder, stop) = (tempfile::tempdir().unwrap(), Stop::default());
    let mut cursor = Cursor::begin(&rules, &buckets, folder.path(), &stop);
    let names = folder.path().join("names");
    cursor.load(&names, None, room(&rules, ROOMY)).unwrap();
    let mut keys = Vec::new();
    while let PlanStep::Item(item) = cursor.step()? {
        keys.push(item.key.to_string());
    }
    Ok(keys)
}

#[test]
fn a_store_may_list_in_any_order() {
    let all = [
        "a-b", "a.b", "a/b", "a/c/d", "p-old/1", "p/1", "z", "\u{e9}",
    ];
    for order in [by_folder, backwards] {
        let listed = |options: &str| listed_by(order, Some, options).unwrap();
        assert_eq!(listed(""), all);
        assert_eq!(listed("  prefix: a/\n"), all[2..4]);
        assert_eq!(listed("  beginMarker: a.b\n  endMarker: p/1\n"), all[2..6]);
        assert_eq!(listed("  beginMarker: p\n  endMarker: a\n"), [""; 0]);
    }
}

#[test]
fn pages_that_overlap_give_every_object_once_and_those_without_end_are_an_error() {
    let overlap = |at: usize| Some(if at == 4 { 3 } else { at });
    let listed = listed_by(by_folder, overlap, "").unwrap();
    assert_eq!(listed.len(), 8);
    let again = |at: usize| Some(if at == 6 { 2 } else { at });
    for endless in [again, |_: usize| Some(0), |at: usize| Some(at.min(2))] {
        let failed = listed_by(by_folder, endless, "");
        assert!(
            matches!(failed, Err(PlanFailure::Endless { .. })),
            "{failed:?}"
        );
    }
    // Pages without an object, each of which begins at another place.
    let failed = listed_by(by_folder, Some, &format!("  prefix: {ENDLESS}\n"));
    assert!(
        matches!(failed, Err(PlanFailure::Endless { .. })),
        "{failed:?}"
    );
    // Without tokens the last key has to do, and a store that does not go on after it is found out.
    let failed = listed_by(by_folder, |_| None, "");
    assert!(
        matches!(failed, Err(PlanFailure::Endless { .. })),
        "{failed:?}"
    );
}

impl Bucket for Folders {
    fn list(&self, prefix: &str, _: Option<&ObjectKey>, _: u16) -> Result<Page, StoreError> {
        self.page(prefix, 0)
    }
    fn list_on(&self, prefix: &str, next: &str, _: u16) -> Result<Page, StoreError> {
        self.page(prefix, next.parse().unwrap())
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
    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        self.inner.get(key, range)
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
