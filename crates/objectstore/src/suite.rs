//! What every [`Bucket`] must do, as functions that panic where one does not.
//!
//! Run by the tests of each implementation, and by an operator who wonders whether a store will do.
//! Each function works under a prefix of its own and clears it first, so that a suite can be repeated on
//! the same bucket.

use std::io::Read as _;

use bytes::Bytes;
use model::capabilities::PartCheck;
use model::ids::ObjectKey;
use model::limits;

use crate::bucket::Bucket;
use crate::checksum::Checksums;
use crate::error::StoreError;
use crate::object::{Attributes, Receipt};
use crate::part_sum::{self, PartSum};
use crate::probe::{check_read, check_write};
use crate::upload::{PartNumber, PartReceipt, UploadId, expected_etag};

/// Runs the whole suite.
pub fn run(bucket: &dyn Bucket) {
    objects(bucket);
    new_objects(bucket);
    attributes(bucket);
    digests(bucket);
    ranges(bucket);
    listings(bucket);
    odd_keys(bucket);
    multipart(bucket);
    multipart_refusals(bucket);
    summed_parts(bucket);
    open_uploads(bucket);
    probes(bucket);
}

/// Objects are put, replaced, read back and removed.
pub fn objects(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "objects/");
    let it = key(&prefix, "one");
    assert!(
        bucket.head(&it).expect("head").is_none(),
        "there is none yet"
    );
    assert!(matches!(
        bucket.get(&it, None),
        Err(StoreError::NoSuchKey(_))
    ));
    bucket.delete(&it).expect("removing what is not there");

    for body in [&b"first"[..], b"", b"the second, longer"] {
        let receipt = put(bucket, &it, body);
        assert_eq!(
            receipt.etag,
            Checksums::of(body).md5_hex(),
            "the tag is the MD5"
        );
        let info = bucket.head(&it).expect("head").expect("it is there");
        assert_eq!((info.size, &info.etag), (body.len() as u64, &receipt.etag));
        assert!(info.last_modified.is_some(), "a store knows when");
        assert_eq!(read(bucket, &it), body);
    }

    bucket.delete(&it).expect("delete");
    assert!(bucket.head(&it).expect("head").is_none(), "it is gone");
    assert!(matches!(
        bucket.get(&it, None),
        Err(StoreError::NoSuchKey(_))
    ));
}

/// What is not to replace an object does not, and of many at once one is stored; where the store does so.
pub fn new_objects(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "new-objects/");
    let probed = bucket.capabilities(&key(&prefix, "store")).expect("probe");
    let put_new: &PutNew = &|it, body| {
        let (sums, body) = (Checksums::of(body), Bytes::from_static(body));
        bucket.put_new(it, body, &Attributes::default(), &sums)
    };
    let complete_new: &PutNew = &|it, body| {
        let (sum, body) = (PartSum::of(PartCheck::Md5, body), Bytes::from_static(body));
        let upload = bucket
            .begin_multipart(it, &Attributes::default(), PartCheck::Md5)
            .expect("begin");
        let part = bucket
            .put_part(it, &upload, PartNumber::FIRST, body, &sum)
            .expect("part");
        let done = bucket.complete_new(it, &upload, &[part]);
        bucket.abort(it, &upload).expect("abort");
        done
    };
    for (name, put, found) in [
        ("whole", put_new, probed.put_if_absent),
        ("parted", complete_new, probed.complete_if_absent),
    ] {
        if found.is_honored() {
            one_is_stored(bucket, &key(&prefix, name), put);
        }
    }
}

/// A way to put what is not to replace anything.
type PutNew<'b> = dyn Fn(&ObjectKey, &'static [u8]) -> Result<Receipt, StoreError> + Sync + 'b;

fn one_is_stored(bucket: &dyn Bucket, it: &ObjectKey, put_new: &PutNew<'_>) {
    const BODIES: [&[u8]; 4] = [b"first", b"the second", b"this is the third", b""];
    let put = |body| (put_new(it, body), body);
    let puts: Vec<_> = std::thread::scope(|scope| {
        let threads = BODIES.map(|body| scope.spawn(move || put(body)));
        let ended = threads.into_iter().map(|thread| thread.join());
        ended.map(|put| put.expect("no panic")).collect()
    });
    let stored: Vec<_> = puts.iter().filter(|(put, _)| put.is_ok()).collect();
    let [(_, body)] = stored[..] else {
        panic!("one of them is stored, and not {puts:?}");
    };
    let refused = puts.iter().filter_map(|(put, _)| put.as_ref().err());
    for error in refused {
        assert!(error.finds_an_object(), "{error:?}");
    }
    assert_eq!(read(bucket, it), *body);
    assert!(put(b"much later").0.is_err());
    assert_eq!(read(bucket, it), *body);
    put_plainly(bucket, it);
}

/// Whoever may replace still does.
fn put_plainly(bucket: &dyn Bucket, it: &ObjectKey) {
    put(bucket, it, b"replaced");
    assert_eq!(read(bucket, it), b"replaced");
}

/// What is stored beside an object comes back, metadata of any text included.
pub fn attributes(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "attributes/");
    let given = full_attributes();
    let (whole, parted) = (key(&prefix, "whole"), key(&prefix, "parted"));
    let body = Bytes::from_static(b"body");
    let sums = Checksums::of(&body);
    bucket
        .put(&whole, body.clone(), &given, &sums)
        .expect("put");
    let upload = bucket
        .begin_multipart(&parted, &given, PartCheck::Md5)
        .expect("begin");
    let part = bucket
        .put_part(
            &parted,
            &upload,
            PartNumber::FIRST,
            body,
            &PartSum::Md5(sums.md5),
        )
        .expect("part");
    bucket
        .complete(&parted, &upload, &[part])
        .expect("complete");
    for it in [whole, parted] {
        let told = bucket
            .head(&it)
            .expect("head")
            .expect("it is there")
            .attributes;
        assert_eq!(told, given, "head of {it}");
        let told = bucket.get(&it, None).expect("get").info.attributes;
        assert_eq!(told, given, "get of {it}");
    }
}

fn full_attributes() -> Attributes {
    let text = |text: &str| Some(text.to_owned());
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Attributes {
        content_type: text("image/jpeg"),
        content_encoding: text("identity"),
        content_language: text("de"),
        content_disposition: text("attachment; filename=\"a b.jpg\""),
        cache_control: text("max-age=60"),
        expires: text("Tue, 03 Feb 2032 21:57:43 GMT"),
        acl: None,
        storage_class: None,
        metadata: vec![
            pair("job", "ABCDE"),
            pair("path", "Größe/世界  .txt"),
            pair("plain", "two words"),
        ],
    }
}

/// Bytes that are not those promised are refused and leave nothing behind.
pub fn digests(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "digests/");
    let it = key(&prefix, "damaged");
    let body = Bytes::from_static(b"as it is");
    let wrong = Checksums::of(b"as it should be");
    let right = Checksums::of(&body);
    let wrong_md5 = Checksums {
        md5: wrong.md5,
        ..right
    };
    let wrong_sha256 = Checksums {
        sha256: wrong.sha256,
        ..right
    };
    for sums in [wrong, wrong_md5, wrong_sha256] {
        let error = bucket.put(&it, body.clone(), &Attributes::default(), &sums);
        let error = error.expect_err("damaged bytes must be refused");
        assert!(matches!(error, StoreError::BadDigest(_)), "{error:?}");
        assert!(
            bucket.head(&it).expect("head").is_none(),
            "nothing is left behind"
        );
    }
    let upload = bucket
        .begin_multipart(&it, &Attributes::default(), PartCheck::Md5)
        .expect("begin");
    let error = bucket.put_part(
        &it,
        &upload,
        PartNumber::FIRST,
        body,
        &PartSum::Md5(wrong.md5),
    );
    let error = error.expect_err("damaged parts must be refused");
    assert!(matches!(error, StoreError::BadDigest(_)), "{error:?}");
    bucket.abort(&it, &upload).expect("abort");
}

/// Ranges give their bytes, as far as there are any.
pub fn ranges(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "ranges/");
    let it = key(&prefix, "digits");
    put(bucket, &it, b"0123456789");
    for (asked, given, bytes) in [
        (0..4, 0..4, &b"0123"[..]),
        (4..10, 4..10, b"456789"),
        (9..100, 9..10, b"9"),
        (0..u64::MAX, 0..10, b"0123456789"),
    ] {
        let mut download = bucket.get(&it, Some(asked.clone())).expect("get");
        assert_eq!(
            (&download.range, download.info.size),
            (&given, 10),
            "{asked:?}"
        );
        let mut body = Vec::new();
        download.body.read_to_end(&mut body).expect("body");
        assert_eq!(body, bytes, "{asked:?}");
    }
    for asked in [10..11, 5..5] {
        let error = bucket
            .get(&it, Some(asked.clone()))
            .expect_err("there are no such bytes");
        assert!(
            matches!(error, StoreError::Refused(_)),
            "{asked:?}: {error:?}"
        );
    }
}

/// Listings keep to their prefix, go on after a key and give everything once.
pub fn listings(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "listings/");
    let names = ["a/1", "a/2", "a/3", "b", "c/x/1", "c/y/2", "d"];
    for name in names {
        put(bucket, &key(&prefix, name), name.as_bytes());
    }
    let all: Vec<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
    for limit in [1, 2, 7, 8, 1000] {
        assert_eq!(list_all(bucket, &prefix, limit), all, "by {limit}");
    }
    let page = bucket.list(&prefix, None, 2).expect("list");
    assert!(page.more && page.objects.len() == 2);
    assert_eq!(page.objects[0].size, 3);
    assert_eq!(page.objects[0].etag, Checksums::of(b"a/1").md5_hex());
    assert!(page.objects[0].last_modified.is_some());

    assert_eq!(list_all(bucket, &format!("{prefix}a/"), 1000), all[..3]);
    assert_eq!(list_all(bucket, &format!("{prefix}c/x/1"), 1000), all[4..5]);
    assert_eq!(list_all(bucket, &format!("{prefix}nothing"), 1000), [""; 0]);
    // A key that is not there is as good a start as any.
    let start = key(&prefix, "a/25");
    let page = bucket.list(&prefix, Some(&start), 1000).expect("list");
    let rest: Vec<&str> = page
        .objects
        .iter()
        .map(|object| object.key.as_str())
        .collect();
    assert_eq!(rest, all[2..]);
}

/// Keys are bytes to be kept, whatever they look like.
pub fn odd_keys(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "odd/");
    // In steps that are file names: one name of 1,000 bytes is a case of `path_like_keys`.
    let mut longest = format!("{}/", "k".repeat(199)).repeat(6);
    longest.truncate(limits::KEY_BYTES - prefix.len());
    for name in ODD_NAMES.into_iter().chain([longest.as_str()]) {
        let it = key(&prefix, name);
        put(bucket, &it, name.as_bytes());
        assert_eq!(read(bucket, &it), name.as_bytes(), "{name:?}");
        assert!(bucket.head(&it).expect("head").is_some(), "{name:?}");
        assert_eq!(list_all(bucket, &prefix, 1000), [it.as_str()], "{name:?}");
        bucket.delete(&it).expect("delete");
        assert!(bucket.head(&it).expect("head").is_none(), "{name:?}");
    }
}

const ODD_NAMES: [&str; 11] = [
    "a b",
    "a+b",
    "a%20b%2Bc%",
    "é世界🚢",
    "~tilde_-.",
    "a&b=c?d#e",
    "<\"'>;:@,$!*()",
    "{a}|^`[b]",
    ".hidden",
    "two..dots",
    " leading and trailing ",
];

/// Keys that look like paths to be tidied: promised by S3, kept by few stores that use folders.
pub fn path_like_keys(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "paths/");
    let longest = "k".repeat(limits::KEY_BYTES - prefix.len());
    for name in [
        &longest,
        "a/../b",
        "a/./b",
        "./a",
        "../a",
        "a//b",
        "/a",
        "a/",
        "//",
        "..",
        "line\nfeed",
        "back\\slash",
    ] {
        let it = key(&prefix, name);
        put(bucket, &it, name.as_bytes());
        assert_eq!(read(bucket, &it), name.as_bytes(), "{name:?}");
        assert_eq!(list_all(bucket, &prefix, 1000), [it.as_str()], "{name:?}");
        bucket.delete(&it).expect("delete");
        assert!(bucket.head(&it).expect("head").is_none(), "{name:?}");
    }
}

/// Keys are listed in the order of their bytes: promised by S3, not kept by stores that use folders.
pub fn byte_order(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "order/");
    // `.` comes before `/`, capitals before small letters, and U+FFFD before U+10000 only in UTF-8.
    let names = ["B", "a", "a.b", "a/b", "a0", "é", "\u{FFFD}", "\u{10000}"];
    for name in names {
        put(bucket, &key(&prefix, name), b"");
    }
    let all: Vec<String> = names.iter().map(|name| format!("{prefix}{name}")).collect();
    assert_eq!(list_all(bucket, &prefix, 3), all);
}

/// An object in parts becomes visible whole, when it is complete and not before.
pub fn multipart(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "multipart/");
    let it = key(&prefix, "large");
    let bodies = part_bodies();
    let upload = bucket
        .begin_multipart(&it, &Attributes::default(), PartCheck::Md5)
        .expect("begin");
    let mut receipts: Vec<PartReceipt> = (0..bodies.len())
        .rev()
        .map(|index| put_part(bucket, &it, &upload, index, &bodies[index]))
        .collect();
    receipts.reverse();
    // The same part again, as after a lost answer.
    receipts[0] = put_part(bucket, &it, &upload, 0, &bodies[0]);

    assert!(
        bucket.head(&it).expect("head").is_none(),
        "parts are invisible"
    );
    assert_eq!(
        bucket.list_parts(&it, &upload).expect("list parts"),
        receipts
    );
    let receipt = bucket.complete(&it, &upload, &receipts).expect("complete");
    assert_eq!(Some(&receipt.etag), expected_etag(&receipts).as_ref());
    let info = bucket.head(&it).expect("head").expect("it is there");
    assert_eq!(
        (info.size, info.etag),
        (2 * limits::PART_BYTES_MIN + 3, receipt.etag)
    );
    assert!(read(bucket, &it) == bodies.concat(), "the parts in order");
    let error = bucket
        .list_parts(&it, &upload)
        .expect_err("the upload is gone");
    assert!(matches!(error, StoreError::NoSuchUpload(_)), "{error:?}");
}

/// What cannot be completed is refused, and the upload stays open.
pub fn multipart_refusals(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "refusals/");
    let it = key(&prefix, "large");
    let bodies = part_bodies();
    let upload = bucket
        .begin_multipart(&it, &Attributes::default(), PartCheck::Md5)
        .expect("begin");
    let first = put_part(bucket, &it, &upload, 0, &bodies[0]);
    let second = put_part(bucket, &it, &upload, 1, &bodies[1]);
    let stranger = PartReceipt {
        etag: Checksums::of(b"something else").md5_hex(),
        ..second.clone()
    };
    for parts in [
        vec![first.clone(), stranger],
        vec![second.clone(), first.clone()],
    ] {
        let error = bucket
            .complete(&it, &upload, &parts)
            .expect_err("it must be refused");
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
        assert!(
            bucket.head(&it).expect("head").is_none(),
            "nothing became visible"
        );
    }
    bucket
        .complete(&it, &upload, &[first, second])
        .expect("the upload stayed open");
}

/// Where the store checks parts by another sum than MD5, damage is refused and the whole has the sum of its parts.
pub fn summed_parts(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "summed-parts/");
    let probed = bucket.capabilities(&key(&prefix, "store")).expect("probe");
    let checked = PartCheck::BEFORE_MD5.into_iter();
    checked
        .filter(|check| probed.checks_parts_by(*check))
        .for_each(|check| parts_summed_by(bucket, check));
}

/// The same by one sum, for stores that are to check it.
pub fn parts_summed_by(bucket: &dyn Bucket, check: PartCheck) {
    let prefix = clean(bucket, "summed-by/");
    let it = key(&prefix, "large");
    let bodies = part_bodies();
    let upload = bucket
        .begin_multipart(&it, &Attributes::default(), check)
        .expect("begin");
    let receipts: Vec<PartReceipt> = (0..bodies.len())
        .map(|index| put_summed(bucket, &it, &upload, index, (&bodies[index], check)))
        .collect();
    let damaged = Bytes::from_static(b"and");
    let sum = PartSum::of(check, b"end");
    let error = bucket.put_part(&it, &upload, receipts[2].number, damaged, &sum);
    let error = error.expect_err("damaged parts must be refused");
    assert!(matches!(error, StoreError::BadDigest(_)), "{error:?}");

    let held = bucket.list_parts(&it, &upload).expect("list parts");
    assert!(receipts.iter().all(|part| part.is_held(&held)), "{held:?}");
    let mut forged = receipts.clone();
    forged[1].sum = Some(PartSum::of(check, b"something else"));
    bucket
        .complete(&it, &upload, &forged)
        .expect_err("the sum of a part, and so of the whole, is another");
    assert!(bucket.head(&it).expect("head").is_none(), "nothing is seen");

    bucket.complete(&it, &upload, &receipts).expect("complete");
    let info = bucket.head(&it).expect("head").expect("it is there");
    assert_eq!(info.size, 2 * limits::PART_BYTES_MIN + 3);
    let agreed = part_sum::agree(&info.checksums, &receipts);
    assert!(agreed.is_none_or(|agreed| agreed.is_ok()), "{info:?}");
}

/// Open uploads are found by prefix, and are gone once abandoned, even twice.
pub fn open_uploads(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "open/");
    let (a, b) = (key(&prefix, "x/a b+c"), key(&prefix, "y"));
    let upload_a = bucket
        .begin_multipart(&a, &Attributes::default(), PartCheck::Md5)
        .expect("begin");
    let upload_b = bucket
        .begin_multipart(&b, &Attributes::default(), PartCheck::Md5)
        .expect("begin");
    let again = bucket
        .begin_multipart(&b, &Attributes::default(), PartCheck::Md5)
        .expect("begin");
    put_part(bucket, &a, &upload_a, 0, b"part");
    assert_ne!(upload_b, again, "each begin opens an upload of its own");

    let open = bucket.list_uploads(&prefix).expect("list uploads");
    assert_eq!(open.len(), 3, "{open:?}");
    let under_x = bucket
        .list_uploads(&format!("{prefix}x/"))
        .expect("list uploads");
    assert_eq!(under_x.len(), 1, "{under_x:?}");
    assert_eq!(
        (under_x[0].key.as_str(), &under_x[0].id),
        (a.as_str(), &upload_a)
    );

    for (it, upload) in [
        (&a, &upload_a),
        (&b, &upload_b),
        (&b, &again),
        (&a, &upload_a),
    ] {
        bucket.abort(it, upload).expect("abort");
    }
    assert_eq!(bucket.list_uploads(&prefix).expect("list uploads"), []);
    let body = Bytes::from_static(b"late");
    let sum = PartSum::of(PartCheck::Md5, &body);
    let error = bucket.put_part(&a, &upload_a, PartNumber::FIRST, body, &sum);
    let error = error.expect_err("the upload is gone");
    assert!(matches!(error, StoreError::NoSuchUpload(_)), "{error:?}");
}

/// Probing for rights leaves nothing behind.
pub fn probes(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "probes/");
    let it = key(&prefix, "probe");
    check_write(bucket, &it).expect("may write");
    check_read(bucket).expect("may read");
    assert!(bucket.head(&it).expect("head").is_none());
    assert_eq!(bucket.list_uploads(&prefix).expect("list uploads"), []);
}

/// Tags are kept beside an object, replaced as a whole, and gone with what they were given to.
///
/// Not part of [`run`]: stores need not have tags.
pub fn tags(bucket: &dyn Bucket) {
    let prefix = clean(bucket, "tags/");
    let it = key(&prefix, "tagged");
    let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let error = bucket.put_tags(&it, &[tag("a", "b")]);
    let error = error.expect_err("there is no object yet");
    assert!(matches!(error, StoreError::NoSuchKey(_)), "{error:?}");
    put(bucket, &it, b"content");
    assert_eq!(bucket.tags(&it).expect("tags"), []);
    let first = [tag("sha256", "ba78"), tag("a&b <c>", "\u{e9} + /=")];
    bucket.put_tags(&it, &first).expect("put tags");
    let [sha256, odd] = first;
    assert_eq!(bucket.tags(&it).expect("tags"), [odd, sha256.clone()]);
    bucket
        .put_tags(&it, std::slice::from_ref(&sha256))
        .expect("put tags");
    assert_eq!(bucket.tags(&it).expect("tags"), [sha256]);
    assert_eq!(read(bucket, &it), b"content");
    put(bucket, &it, b"other content");
    assert_eq!(bucket.tags(&it).expect("tags"), []);
    let many: Vec<_> = (0..11).map(|n| tag(&n.to_string(), "")).collect();
    let error = bucket.put_tags(&it, &many);
    let error = error.expect_err("S3 takes ten");
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
}

/// Empties the part of the bucket a function works in.
fn clean(bucket: &dyn Bucket, name: &str) -> String {
    let prefix = format!("longshore-suite/{name}");
    for open in bucket.list_uploads(&prefix).expect("list uploads") {
        bucket.abort(&key(&open.key, ""), &open.id).expect("abort");
    }
    for left in list_all(bucket, &prefix, 1000) {
        bucket.delete(&key(&left, "")).expect("delete");
    }
    prefix
}

fn key(prefix: &str, name: &str) -> ObjectKey {
    ObjectKey::new(format!("{prefix}{name}")).expect("keys of the suite are valid")
}

fn put(bucket: &dyn Bucket, it: &ObjectKey, body: &[u8]) -> Receipt {
    let sums = Checksums::of(body);
    let body = Bytes::copy_from_slice(body);
    let receipt = bucket.put(it, body, &Attributes::default(), &sums);
    receipt.unwrap_or_else(|error| panic!("put of {it:?}: {error:?}"))
}

fn put_part(
    bucket: &dyn Bucket,
    it: &ObjectKey,
    upload: &UploadId,
    index: usize,
    body: &[u8],
) -> PartReceipt {
    put_summed(bucket, it, upload, index, (body, PartCheck::Md5))
}

fn put_summed(
    bucket: &dyn Bucket,
    it: &ObjectKey,
    upload: &UploadId,
    index: usize,
    (body, check): (&[u8], PartCheck),
) -> PartReceipt {
    let number = PartNumber::from_index(index as u64).expect("few parts");
    let sum = PartSum::of(check, body);
    let body = Bytes::copy_from_slice(body);
    bucket
        .put_part(it, upload, number, body, &sum)
        .expect("put part")
}

/// Two parts of the smallest size, and a remainder.
fn part_bodies() -> Vec<Vec<u8>> {
    let least = usize::try_from(limits::PART_BYTES_MIN).expect("it fits into memory");
    vec![vec![b'a'; least], vec![b'b'; least], b"end".to_vec()]
}

fn read(bucket: &dyn Bucket, it: &ObjectKey) -> Vec<u8> {
    let mut download = bucket
        .get(it, None)
        .unwrap_or_else(|error| panic!("get {it:?}: {error:?}"));
    let mut body = Vec::new();
    download.body.read_to_end(&mut body).expect("body");
    body
}

fn list_all(bucket: &dyn Bucket, prefix: &str, limit: u16) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    loop {
        let after = keys.last().map(|last| key(last, ""));
        let page = bucket.list(prefix, after.as_ref(), limit).expect("list");
        keys.extend(page.objects.iter().map(|object| object.key.to_string()));
        if !page.more {
            return keys;
        }
    }
}
