//! What the store should hold and answer: a map in memory and S3's rules, and nothing about files.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use s3s::crypto::{Checksum, Md5};

/// A bucket.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    pub(crate) objects: BTreeMap<String, Object>,
    pub(crate) uploads: Vec<Upload>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) body: Vec<u8>,
    pub(crate) etag: String,
}

#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) parts: BTreeMap<u32, Vec<u8>>,
    pub(crate) is_open: bool,
}

/// What a change is on condition of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum If {
    Always,
    /// `If-None-Match: *`.
    Absent,
    /// `If-Match` with the tag of what is there, or any if nothing is.
    Same,
    /// `If-Match` with a tag that nothing has.
    Other,
}

/// The bytes that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// First and last, both included.
    Between(u64, u64),
    From(u64),
    Last(u64),
}

/// Status and error code.
pub(crate) type Outcome = (u16, &'static str);

pub(crate) const OK: Outcome = (200, "");
const GONE: Outcome = (204, "");
const NO_KEY: Outcome = (404, "NoSuchKey");
const NO_UPLOAD: Outcome = (404, "NoSuchUpload");
const FAILED: Outcome = (412, "PreconditionFailed");

/// A line of a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// Size and tag; a common prefix has none.
    pub(crate) object: Option<(usize, String)>,
}

pub(crate) fn md5(body: &[u8]) -> String {
    hex::encode(Md5::checksum(body))
}

/// The tag of an object that was put in parts.
pub(crate) fn tag_of_parts<'a>(parts: impl Iterator<Item = &'a Vec<u8>>) -> String {
    let sums: Vec<[u8; 16]> = parts.map(|part| Md5::checksum(part)).collect();
    format!("{}-{}", md5(&sums.concat()), sums.len())
}

impl Object {
    fn new(body: Vec<u8>) -> Self {
        let etag = md5(&body);
        Self { body, etag }
    }
}

impl Oracle {
    fn allows(&self, key: &str, condition: If) -> Result<(), Outcome> {
        match (condition, self.objects.get(key)) {
            (If::Always, _) | (If::Absent, None) | (If::Same, Some(_)) => Ok(()),
            (If::Absent | If::Other, Some(_)) => Err(FAILED),
            (If::Same | If::Other, None) => Err(NO_KEY),
        }
    }

    pub(crate) fn put(&mut self, key: &str, body: Vec<u8>, condition: If) -> Outcome {
        if let Err(refused) = self.allows(key, condition) {
            return refused;
        }
        self.objects.insert(key.to_owned(), Object::new(body));
        OK
    }

    /// Of what is not there a deletion succeeds, unless it is to have a certain tag.
    pub(crate) fn delete(&mut self, key: &str, condition: If) -> Outcome {
        if let Err(refused) = self.allows(key, condition) {
            return refused;
        }
        self.objects.remove(key);
        GONE
    }

    pub(crate) fn copy(&mut self, from: &str, to: &str) -> Outcome {
        match self.objects.get(from) {
            None => NO_KEY,
            Some(_) if from == to => (400, "InvalidRequest"),
            Some(source) => {
                let copied = Object::new(source.body.clone());
                self.objects.insert(to.to_owned(), copied);
                OK
            }
        }
    }

    /// The status, and the bytes if they are there.
    pub(crate) fn get(&self, key: &str, range: Option<Range>) -> (Outcome, Option<&[u8]>) {
        let Some(object) = self.objects.get(key) else {
            return (NO_KEY, None);
        };
        let size = object.body.len();
        let at = |offset: u64| usize::try_from(offset).unwrap().min(size);
        let (first, end) = match range {
            None => return (OK, Some(&object.body)),
            Some(Range::Between(first, last)) => (at(first), at(last + 1)),
            Some(Range::From(first)) => (at(first), size),
            Some(Range::Last(count)) => (size - at(count), size),
        };
        if size == 0 && matches!(range, Some(Range::Last(1..))) {
            return (OK, Some(&object.body));
        }
        if first == end {
            return ((416, "InvalidRange"), None);
        }
        ((206, ""), Some(&object.body[first..end]))
    }

    pub(crate) fn put_part(&mut self, upload: usize, number: u32, body: Vec<u8>) -> Outcome {
        let upload = &mut self.uploads[upload];
        if !upload.is_open {
            return NO_UPLOAD;
        }
        upload.parts.insert(number, body);
        OK
    }

    pub(crate) fn abort(&mut self, upload: usize) -> Outcome {
        let was_open = std::mem::replace(&mut self.uploads[upload].is_open, false);
        if was_open { GONE } else { NO_UPLOAD }
    }

    /// With all its parts, none of which is as large as one must be that others follow.
    pub(crate) fn complete(&mut self, upload: usize) -> Outcome {
        let upload = &mut self.uploads[upload];
        let etag = tag_of_parts(upload.parts.values());
        if upload.parts.is_empty() {
            return (400, "MalformedXML");
        }
        if !upload.is_open {
            // Completing again what was completed is harmless.
            let is_it = self.objects.get(&upload.key).map(|object| &object.etag) == Some(&etag);
            return if is_it { OK } else { NO_UPLOAD };
        }
        if upload.parts.len() > 1 {
            return (400, "EntityTooSmall");
        }
        upload.is_open = false;
        let body = upload.parts.values().flatten().copied().collect();
        self.objects
            .insert(upload.key.clone(), Object { body, etag });
        OK
    }

    /// A list from its beginning to its end.
    pub(crate) fn list(&self, prefix: &str, delimiter: &str) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        for (key, object) in &self.objects {
            let Some(rest) = key.strip_prefix(prefix) else {
                continue;
            };
            let line = match rest.find(delimiter).filter(|_| !delimiter.is_empty()) {
                Some(at) => Line {
                    name: key[..prefix.len() + at + delimiter.len()].to_owned(),
                    object: None,
                },
                None => Line {
                    name: key.clone(),
                    object: Some((object.body.len(), object.etag.clone())),
                },
            };
            if lines.last() != Some(&line) {
                lines.push(line);
            }
        }
        lines
    }

    /// Key and id of the uploads that are open, as they are listed.
    pub(crate) fn open_uploads(&self) -> Vec<(String, String)> {
        let open = self.uploads.iter().filter(|upload| upload.is_open);
        let mut open: Vec<_> = open
            .map(|upload| (upload.key.clone(), upload.id.clone()))
            .collect();
        open.sort();
        open
    }
}

/// A name as a list with `encoding-type=url` shows it.
pub(crate) fn decoded(shown: &str) -> String {
    percent_decode_str(shown)
        .decode_utf8()
        .unwrap()
        .into_owned()
}
