//! The store against a model in memory: whatever is asked in whatever order, both answer the same and hold the same, also after
//! the store was opened again; and what lies in the folder is the objects and nothing else.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod door;
#[path = "model/oracle.rs"]
mod oracle;

use std::path::Path;

use door::{Door, Reply, path};
use oracle::{If, Line, Oracle, Outcome, Range, Upload, decoded, md5};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// Keys that get into each other's way: files that are folders of others, names that file systems do not have, and what the store
/// itself would call a file whose name is taken.
const KEYS: [&str; 24] = [
    "a",
    "a/b",
    "a/b/c",
    "a//b",
    "a/",
    "/",
    "//",
    "/a",
    ".",
    "..",
    "../a",
    "a/../b",
    "%",
    "%2E",
    "~",
    "A",
    "é",
    "e\u{301}",
    "x y+z&<>\"'",
    "tab\there",
    "a~00000000",
    "a-b",
    "a.b",
    "\u{1F4BE}/\u{1F4BE}",
];

const PREFIXES: [&str; 8] = ["", "a", "a/", "a//", "/", "é", "zzz", "."];

const DELIMITERS: [&str; 4] = ["", "/", "/b", "."];

/// Contents that follow from a length and a seed.
#[derive(Debug, Clone, Copy)]
struct Contents {
    length: usize,
    seed: u8,
}

impl Contents {
    fn bytes(self) -> Vec<u8> {
        let step = |n: usize| u8::try_from(n % 251).unwrap().wrapping_mul(self.seed | 1);
        (0..self.length).map(step).collect()
    }
}

#[derive(Debug, Clone)]
enum Act {
    Put(usize, Contents, If),
    Get(usize, Option<Range>),
    Head(usize),
    Delete(usize, If),
    DeleteMany(Vec<usize>, bool),
    Copy(usize, usize),
    Begin(usize),
    Part(usize, u32, Contents),
    Parts(usize, usize),
    Complete(usize),
    Abort(usize),
    Uploads,
    List(usize, usize, usize),
    Reopen,
}

fn contents() -> impl Strategy<Value = Contents> {
    // Around what is read from the disk at once, and what is written at once.
    let length = prop_oneof![
        20 => 0..40_usize,
        2 => (256 << 10) - 2..(256 << 10) + 3_usize,
        1 => (1 << 20) - 2..(1 << 20) + 3_usize,
    ];
    (length, any::<u8>()).prop_map(|(length, seed)| Contents { length, seed })
}

/// Of a part. A long body that is refused before it is read may end in a broken connection instead of an answer.
fn short() -> impl Strategy<Value = Contents> {
    (0..40_usize, any::<u8>()).prop_map(|(length, seed)| Contents { length, seed })
}

fn condition() -> impl Strategy<Value = If> {
    prop_oneof![6 => Just(If::Always), 1 => Just(If::Absent), 1 => Just(If::Same), 1 => Just(If::Other)]
}

fn range() -> impl Strategy<Value = Range> {
    prop_oneof![
        (0..50_u64, 0..50_u64).prop_map(|(first, more)| Range::Between(first, first + more)),
        (0..1_u64 << 21).prop_map(Range::From),
        (0..1_u64 << 21).prop_map(Range::Last),
        (0..50_u64).prop_map(Range::Last),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let key = || 0..KEYS.len();
    // Uploads are named by what is taken modulo the number of those that were begun.
    let upload = || 0..64_usize;
    let size = || prop_oneof![Just(1_usize), 2..6_usize, Just(1000)];
    prop_oneof![
        16 => (key(), contents(), condition()).prop_map(|(key, put, condition)| Act::Put(key, put, condition)),
        6 => (key(), proptest::option::of(range())).prop_map(|(key, range)| Act::Get(key, range)),
        2 => key().prop_map(Act::Head),
        4 => (key(), condition()).prop_map(|(key, condition)| Act::Delete(key, condition)),
        1 => (vec(key(), 1..6), any::<bool>()).prop_map(|(keys, quiet)| Act::DeleteMany(keys, quiet)),
        3 => (key(), key()).prop_map(|(from, to)| Act::Copy(from, to)),
        2 => key().prop_map(Act::Begin),
        4 => (upload(), 1..5_u32, short()).prop_map(|(upload, number, part)| Act::Part(upload, number, part)),
        1 => (upload(), size()).prop_map(|(upload, size)| Act::Parts(upload, size)),
        3 => upload().prop_map(Act::Complete),
        1 => upload().prop_map(Act::Abort),
        1 => Just(Act::Uploads),
        4 => (0..PREFIXES.len(), 0..DELIMITERS.len(), size()).prop_map(|(p, d, size)| Act::List(p, d, size)),
        1 => Just(Act::Reopen),
    ]
}

/// A bucket of the store, and what should be in it.
struct Pair<'a> {
    door: &'a mut Door,
    bucket: String,
    oracle: Oracle,
}

impl Pair<'_> {
    fn path(&self, key: &str) -> String {
        path(&self.bucket, key)
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Put(key, contents, condition) => {
                self.put(KEYS[*key], contents.bytes(), *condition)
            }
            Act::Get(key, range) => self.get(KEYS[*key], *range),
            Act::Head(key) => self.head(KEYS[*key]),
            Act::Delete(key, condition) => self.delete(KEYS[*key], *condition),
            Act::DeleteMany(keys, quiet) => self.delete_many(keys, *quiet),
            Act::Copy(from, to) => self.copy(KEYS[*from], KEYS[*to]),
            Act::Begin(key) => self.begin(KEYS[*key]),
            Act::Uploads => self.list_uploads(),
            Act::List(prefix, delimiter, size) => {
                self.list(PREFIXES[*prefix], DELIMITERS[*delimiter], *size)
            }
            Act::Reopen => self.door.reopen(),
            Act::Part(upload, ..)
            | Act::Parts(upload, _)
            | Act::Complete(upload)
            | Act::Abort(upload) => {
                if !self.oracle.uploads.is_empty() {
                    self.act_on_upload(act, upload % self.oracle.uploads.len());
                }
            }
        }
    }

    fn act_on_upload(&mut self, act: &Act, upload: usize) {
        let Upload { id, key, .. } = &self.oracle.uploads[upload];
        let (id, path) = (id.clone(), self.path(key));
        match act {
            Act::Part(_, number, contents) => {
                let body = contents.bytes();
                let reply = self.door.put_part(&path, &id, *number, &body);
                same(&reply, self.oracle.put_part(upload, *number, body));
            }
            Act::Parts(_, size) => self.list_parts(upload, *size),
            Act::Complete(_) => self.complete(upload),
            Act::Abort(_) => {
                let reply = self
                    .door
                    .ask("DELETE", &path, &[("uploadId", &id)], &[], b"");
                same(&reply, self.oracle.abort(upload));
            }
            _ => unreachable!("no act on an upload"),
        }
    }

    fn headers(&self, key: &str, condition: If) -> Option<(&'static str, String)> {
        let there = self.oracle.objects.get(key);
        match condition {
            If::Always => None,
            If::Absent => Some(("if-none-match", "*".to_owned())),
            If::Same => Some((
                "if-match",
                there.map_or(md5(b""), |object| object.etag.clone()),
            )),
            If::Other => Some(("if-match", "0".repeat(32))),
        }
    }

    fn change(&self, method: &str, key: &str, condition: If, body: &[u8]) -> Reply {
        let header = self.headers(key, condition);
        let headers: Vec<(&str, &str)> = header
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.door.ask(method, &self.path(key), &[], &headers, body)
    }

    fn put(&mut self, key: &str, body: Vec<u8>, condition: If) {
        let reply = self.change("PUT", key, condition, &body);
        same(&reply, self.oracle.put(key, body, condition));
    }

    fn delete(&mut self, key: &str, condition: If) {
        // There is no deletion of what is absent.
        let condition = if condition == If::Absent {
            If::Always
        } else {
            condition
        };
        let reply = self.change("DELETE", key, condition, b"");
        same(&reply, self.oracle.delete(key, condition));
    }

    fn delete_many(&mut self, keys: &[usize], quiet: bool) {
        let escape = |key: &str| {
            let key = key.replace('&', "&amp;").replace('<', "&lt;");
            key.replace('\t', "&#9;")
        };
        let objects: String = keys
            .iter()
            .map(|key| format!("<Object><Key>{}</Key></Object>", escape(KEYS[*key])))
            .collect();
        let body = format!("<Delete><Quiet>{quiet}</Quiet>{objects}</Delete>");
        let path = format!("/{}", self.bucket);
        let reply = self
            .door
            .ok("POST", &path, &[("delete", "")], &[], body.as_bytes());
        assert!(reply.texts("Error").is_empty(), "{}", reply.text());
        let told = if quiet { 0 } else { keys.len() };
        assert_eq!(reply.texts("Deleted").len(), told, "{}", reply.text());
        for key in keys {
            self.oracle.delete(KEYS[*key], If::Always);
        }
    }

    fn copy(&mut self, from: &str, to: &str) {
        let source = self.path(from);
        let headers = [("x-amz-copy-source", source.as_str())];
        let reply = self.door.ask("PUT", &self.path(to), &[], &headers, b"");
        same(&reply, self.oracle.copy(from, to));
    }

    fn get(&self, key: &str, range: Option<Range>) {
        let header = range.map(|range| match range {
            Range::Between(first, last) => format!("bytes={first}-{last}"),
            Range::From(first) => format!("bytes={first}-"),
            Range::Last(count) => format!("bytes=-{count}"),
        });
        let headers: Vec<(&str, &str)> = header
            .iter()
            .map(|range| ("range", range.as_str()))
            .collect();
        let reply = self.door.ask("GET", &self.path(key), &[], &headers, b"");
        let (outcome, bytes) = self.oracle.get(key, range);
        same(&reply, outcome);
        if let Some(bytes) = bytes {
            assert!(reply.body == bytes, "other bytes of {key:?}, {range:?}");
            let etag = &self.oracle.objects[key].etag;
            assert_eq!(reply.header("etag").trim_matches('"'), etag);
        }
    }

    fn head(&self, key: &str) {
        let reply = self.door.ask("HEAD", &self.path(key), &[], &[], b"");
        match self.oracle.objects.get(key) {
            None => assert_eq!(reply.status, 404),
            Some(object) => {
                assert_eq!(
                    reply.header("content-length"),
                    object.body.len().to_string()
                );
                assert_eq!(reply.header("etag").trim_matches('"'), object.etag);
            }
        }
    }

    fn begin(&mut self, key: &str) {
        let id = self.door.begin_upload(&self.path(key), &[]);
        self.oracle.uploads.push(Upload {
            id,
            key: key.to_owned(),
            parts: [].into(),
            is_open: true,
        });
    }

    fn complete(&mut self, upload: usize) {
        let Upload { id, key, parts, .. } = &self.oracle.uploads[upload];
        let named: Vec<(u32, String)> = parts
            .iter()
            .map(|(number, part)| (*number, md5(part)))
            .collect();
        let reply = self.door.complete(&self.path(key), id, &named);
        same(&reply, self.oracle.complete(upload));
    }

    /// Parts in pages of `size`.
    fn list_parts(&self, upload: usize, size: usize) {
        let Upload {
            id,
            key,
            parts,
            is_open,
        } = &self.oracle.uploads[upload];
        let (size, mut marker, mut found) = (size.to_string(), "0".to_owned(), Vec::new());
        loop {
            let query = [
                ("uploadId", id.as_str()),
                ("max-parts", &size),
                ("part-number-marker", &marker),
            ];
            let reply = self.door.ask("GET", &self.path(key), &query, &[], b"");
            if !is_open {
                return same(&reply, (404, "NoSuchUpload"));
            }
            let (numbers, sizes) = (reply.texts("PartNumber"), reply.texts("Size"));
            found.extend(numbers.into_iter().zip(sizes));
            match reply.texts("NextPartNumberMarker").pop() {
                Some(next) if reply.text().contains("<IsTruncated>true") => marker = next,
                _ => break,
            }
        }
        let expected = parts
            .iter()
            .map(|(number, part)| (number.to_string(), part.len().to_string()));
        assert_eq!(found, expected.collect::<Vec<_>>());
    }

    fn list_uploads(&self) {
        let query = [("uploads", ""), ("encoding-type", "url")];
        let reply = self
            .door
            .ok("GET", &format!("/{}", self.bucket), &query, &[], b"");
        let (keys, ids) = (reply.texts("Key"), reply.texts("UploadId"));
        let found: Vec<_> = keys.iter().map(|key| decoded(key)).zip(ids).collect();
        assert_eq!(found, self.oracle.open_uploads());
    }

    /// All three lists in pages of `size`: each page but the last is full, and together they have every line once.
    fn list(&self, prefix: &str, delimiter: &str, size: usize) {
        let lines = self.oracle.list(prefix, delimiter);
        let expected: Vec<Vec<Line>> = lines.chunks(size).map(<[Line]>::to_vec).collect();
        for kind in [List::First, List::Second, List::Versions] {
            let mut pages = self.pages(kind, prefix, delimiter, size);
            if lines.is_empty() {
                assert_eq!(pages.remove(0), []);
            }
            assert_eq!(
                pages, expected,
                "{kind:?} of {prefix:?} under {delimiter:?} by {size}"
            );
        }
    }

    fn pages(&self, kind: List, prefix: &str, delimiter: &str, size: usize) -> Vec<Vec<Line>> {
        let (size, mut marker, mut pages) = (size.to_string(), String::new(), Vec::new());
        let (question, from, next, is_decoded) = kind.words();
        loop {
            let mut query = vec![("encoding-type", "url"), ("max-keys", &size)];
            query.extend(question);
            let optional = [
                ("prefix", prefix),
                ("delimiter", delimiter),
                (from, &marker),
            ];
            query.extend(optional.into_iter().filter(|(_, value)| !value.is_empty()));
            let page = self
                .door
                .ok("GET", &format!("/{}", self.bucket), &query, &[], b"");
            pages.push(lines_of(&page, kind));
            assert!(
                pages.len() <= KEYS.len() + 1,
                "a list without an end: {pages:?}"
            );
            match page.texts(next).pop() {
                Some(next) if page.text().contains("<IsTruncated>true") => {
                    marker = if is_decoded { decoded(&next) } else { next };
                }
                _ => return pages,
            }
        }
    }

    /// Everything, and what lies in the folder.
    fn check(&mut self) {
        for key in KEYS {
            self.get(key, None);
        }
        self.list("", "", 1000);
        self.list_uploads();
        // Files go after the answer, but before the store is closed.
        self.door.reopen();
        let mut found = contents_below(&self.door.root().join(&self.bucket));
        let mut expected: Vec<_> = self
            .oracle
            .objects
            .values()
            .map(|object| object.body.clone())
            .collect();
        found.sort();
        expected.sort();
        assert!(
            found == expected,
            "{} files of {} objects",
            found.len(),
            expected.len()
        );
        assert!(contents_below(&self.door.root().join(".incoming")).is_empty());
        let parts = self.oracle.uploads.iter().filter(|upload| upload.is_open);
        let parts: usize = parts.map(|upload| upload.parts.len()).sum();
        assert_eq!(
            contents_below(&self.door.root().join(".uploads")).len(),
            parts
        );
    }
}

#[derive(Debug, Clone, Copy)]
enum List {
    First,
    Second,
    Versions,
}

impl List {
    /// How it is asked for, where a page begins, where the next one does, and whether that is an encoded key.
    fn words(
        self,
    ) -> (
        Option<(&'static str, &'static str)>,
        &'static str,
        &'static str,
        bool,
    ) {
        match self {
            Self::First => (None, "marker", "NextMarker", true),
            Self::Second => {
                let question = ("list-type", "2");
                (
                    Some(question),
                    "continuation-token",
                    "NextContinuationToken",
                    false,
                )
            }
            Self::Versions => (Some(("versions", "")), "key-marker", "NextKeyMarker", true),
        }
    }
}

/// Objects and common prefixes of a page, in the order of their names.
fn lines_of(page: &Reply, kind: List) -> Vec<Line> {
    let objects = page.texts(if matches!(kind, List::Versions) {
        "Version"
    } else {
        "Contents"
    });
    let text = |object: &str, element: &str| {
        let text = object.split(&format!("<{element}>")).nth(1).unwrap();
        text.split('<').next().unwrap().to_owned()
    };
    let object = |object: &String| Line {
        name: decoded(&text(object, "Key")),
        object: Some((
            text(object, "Size").parse().unwrap(),
            text(object, "ETag").replace("&quot;", "").replace('"', ""),
        )),
    };
    let prefix = |prefix: &String| Line {
        name: decoded(&text(prefix, "Prefix")),
        object: None,
    };
    let mut lines: Vec<Line> = objects.iter().map(object).collect();
    lines.extend(page.texts("CommonPrefixes").iter().map(prefix));
    lines.sort();
    lines
}

fn same(reply: &Reply, expected: Outcome) {
    assert_eq!(reply.outcome(), expected, "{}", reply.status);
}

fn contents_below(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents_below(&path));
        } else {
            found.push(std::fs::read(path).unwrap());
        }
    }
    found
}

/// Cases of a run: about two seconds.
const CASES: u32 = 48;

#[test]
fn the_store_does_what_the_model_does() {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 100,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&vec(act(), 1..60), |acts| {
        let mut door = Door::open();
        door.ok("PUT", "/bucket", &[], &[], b"");
        let mut pair = Pair {
            door: &mut door,
            bucket: "bucket".to_owned(),
            oracle: Oracle::default(),
        };
        for act in &acts {
            pair.act(act);
        }
        pair.check();
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
