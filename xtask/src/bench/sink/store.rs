//! What the sink remembers: names, sizes and entity tags, and what it was given to serve.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crc_fast::{CrcAlgorithm, checksum_combine};
use md5::{Digest as _, Md5};

use super::source::{Object, Source};

/// An entity tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tag {
    /// The MD5 that the client sent along.
    Md5([u8; 16]),
    /// Of an object in parts: the MD5 of the parts' MD5s, and how many there were.
    Parts([u8; 16], usize),
    /// Nothing is known of the content.
    Unknown,
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Md5(md5) => write!(f, "\"{}\"", hex::encode(md5)),
            Self::Parts(md5, count) => write!(f, "\"{}-{count}\"", hex::encode(md5)),
            Self::Unknown => f.write_str("\"unknown\""),
        }
    }
}

/// An object or a part, without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Content {
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) tag: Tag,
    /// The CRC-64/NVME that the client sent along, or that follows from those of the parts.
    pub(crate) crc64nvme: Option<u64>,
}

/// Why an upload does not become an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotCompleted {
    /// There is none such.
    NoUpload,
    /// The client says another CRC of the whole than follows from the parts.
    OtherSum,
}

/// Parts by number.
pub(crate) type Parts = BTreeMap<u16, Content>;

/// Everything that was sent, and everything that is served.
#[derive(Default)]
pub(crate) struct Store {
    kept: Mutex<Kept>,
    source: Source,
}

#[derive(Default)]
struct Kept {
    /// By `bucket/key`.
    objects: BTreeMap<String, Content>,
    /// By upload id.
    uploads: HashMap<String, Upload>,
    begun: u64,
}

struct Upload {
    path: String,
    parts: Parts,
}

impl Store {
    /// A store that also has the objects of `source`.
    pub(crate) fn serving(source: Source) -> Self {
        let mut kept = Kept::default();
        for (path, content) in source.contents() {
            kept.objects.insert(path.to_owned(), content);
        }
        Self {
            kept: Mutex::new(kept),
            source,
        }
    }

    /// An object that is served, with its bytes.
    pub(crate) fn served(&self, path: &str) -> Option<&Object> {
        self.source.get(path)
    }

    /// A thread that panicked left nothing half done.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, path: &str, content: Content) -> Content {
        self.kept().objects.insert(path.to_owned(), content);
        content
    }

    pub(crate) fn get(&self, path: &str) -> Option<Content> {
        self.kept().objects.get(path).copied()
    }

    pub(crate) fn delete(&self, path: &str) {
        self.kept().objects.remove(path);
    }

    /// Begins an upload in parts and gives its id.
    pub(crate) fn begin(&self, path: &str) -> String {
        let mut kept = self.kept();
        kept.begun += 1;
        let id = format!("upload-{}", kept.begun);
        let upload = Upload {
            path: path.to_owned(),
            parts: Parts::new(),
        };
        kept.uploads.insert(id.clone(), upload);
        id
    }

    pub(crate) fn put_part(&self, id: &str, number: u16, content: Content) -> Option<Content> {
        let mut kept = self.kept();
        let upload = kept.uploads.get_mut(id)?;
        upload.parts.insert(number, content);
        Some(content)
    }

    pub(crate) fn parts(&self, id: &str) -> Option<Parts> {
        let kept = self.kept();
        kept.uploads.get(id).map(|upload| upload.parts.clone())
    }

    /// Makes one object of the parts that are named.
    pub(crate) fn complete(
        &self,
        id: &str,
        named: &[u16],
        crc64nvme: Option<u64>,
    ) -> Result<Content, NotCompleted> {
        let mut kept = self.kept();
        let upload = kept.uploads.get(id).ok_or(NotCompleted::NoUpload)?;
        let mut parts = upload.parts.clone();
        parts.retain(|number, _| named.contains(number));
        let content = joined(&parts);
        if crc64nvme.is_some() && crc64nvme != content.crc64nvme {
            return Err(NotCompleted::OtherSum);
        }
        let upload = kept.uploads.remove(id).ok_or(NotCompleted::NoUpload)?;
        kept.objects.insert(upload.path, content);
        Ok(content)
    }

    pub(crate) fn abort(&self, id: &str) {
        self.kept().uploads.remove(id);
    }

    /// Id and key of the uploads in progress whose `bucket/key` begins with `start`.
    pub(crate) fn uploads(&self, start: &str) -> Vec<(String, String)> {
        let kept = self.kept();
        let uploads = kept.uploads.iter();
        let ours = uploads.filter(|(_, upload)| upload.path.starts_with(start));
        ours.filter_map(|(id, upload)| {
            Some((id.clone(), upload.path.split_once('/')?.1.to_owned()))
        })
        .collect()
    }

    pub(crate) fn list(&self, listing: &Listing) -> Page {
        let kept = self.kept();
        let mut page = Page::default();
        let start = listing.path(&listing.prefix);
        let mut from = Bound::Included(start.clone());
        if listing.after >= listing.prefix {
            from = Bound::Excluded(listing.path(&listing.after));
        }
        loop {
            let mut rest = kept.objects.range((from, Bound::Unbounded));
            let next = rest.next().filter(|(path, _)| path.starts_with(&start));
            let Some((path, content)) = next else {
                return page;
            };
            let key = &path[listing.bucket.len() + 1..];
            if page.objects.len() + page.folders.len() == listing.limit {
                page.is_truncated = true;
                return page;
            }
            let name = match listing.folder_of(key) {
                Some(folder) => {
                    page.folders.push(folder.to_owned());
                    // Behind everything in the folder.
                    format!("{folder}{}", char::MAX)
                }
                None => {
                    page.objects.push((key.to_owned(), *content));
                    key.to_owned()
                }
            };
            from = Bound::Excluded(listing.path(&name));
            page.last = name;
        }
    }
}

fn joined(parts: &Parts) -> Content {
    Content {
        size: parts.values().map(|part| part.size).sum(),
        tag: tag_of(parts),
        crc64nvme: crc_of(parts),
    }
}

fn tag_of(parts: &Parts) -> Tag {
    let mut all = Md5::new();
    for part in parts.values() {
        let Tag::Md5(md5) = part.tag else {
            return Tag::Unknown;
        };
        all.update(md5);
    }
    Tag::Parts(all.finalize().into(), parts.len())
}

fn crc_of(parts: &Parts) -> Option<u64> {
    let mut crcs = parts
        .values()
        .map(|part| Some((part.crc64nvme?, part.size)));
    let (first, _) = crcs.next()??;
    crcs.try_fold(first, |whole, part| {
        let (crc, size) = part?;
        Some(checksum_combine(CrcAlgorithm::Crc64Nvme, whole, crc, size))
    })
}

/// Which objects to list.
pub(crate) struct Listing {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    delimiter: Option<String>,
    /// Where the page before ended; empty for the first.
    after: String,
    limit: usize,
    /// Whether keys are to be percent-encoded.
    pub(crate) encodes: bool,
}

impl Listing {
    /// What both versions of the request ask for.
    pub(crate) fn asked(bucket: &str, query: impl Fn(&str) -> Option<String>) -> Self {
        let after = ["continuation-token", "start-after", "marker"];
        let limit = query("max-keys").and_then(|text| text.parse().ok());
        Self {
            bucket: bucket.to_owned(),
            prefix: query("prefix").unwrap_or_default(),
            delimiter: query("delimiter").filter(|text| !text.is_empty()),
            after: after.into_iter().find_map(&query).unwrap_or_default(),
            limit: limit.unwrap_or(1000).clamp(1, 1000),
            encodes: query("encoding-type").is_some(),
        }
    }

    fn path(&self, key: &str) -> String {
        format!("{}/{key}", self.bucket)
    }

    /// The folder that stands for `key` in the listing, its delimiter included.
    fn folder_of<'a>(&self, key: &'a str) -> Option<&'a str> {
        let delimiter = self.delimiter.as_ref()?;
        let at = key.get(self.prefix.len()..)?.find(delimiter)?;
        key.get(..self.prefix.len() + at + delimiter.len())
    }
}

/// Objects in the order of their names.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) objects: Vec<(String, Content)>,
    pub(crate) folders: Vec<String>,
    pub(crate) is_truncated: bool,
    /// Where the next page goes on.
    pub(crate) last: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Content = Content {
        size: 1,
        tag: Tag::Unknown,
        crc64nvme: None,
    };

    fn names(store: &Store, pairs: &[(&str, &str)]) -> Vec<String> {
        let mut all = Vec::new();
        let mut after = String::new();
        loop {
            let listing = Listing::asked("b", |name| {
                let found = pairs.iter().find(|(key, _)| *key == name);
                let given = found.map(|(_, value)| (*value).to_owned());
                given.or_else(|| (name == "marker").then(|| after.clone()))
            });
            let page = store.list(&listing);
            all.extend(page.objects.into_iter().map(|(key, _)| key));
            all.extend(page.folders);
            if !page.is_truncated {
                return all;
            }
            after = page.last;
        }
    }

    #[test]
    fn listings_go_by_prefix_folder_and_page() {
        let store = Store::default();
        for path in [
            "a/x", "b/a", "b/d/1", "b/d/2", "b/d/e/3", "b/f", "b2/x", "c/x",
        ] {
            store.put(path, ONE);
        }
        assert_eq!(names(&store, &[]), ["a", "d/1", "d/2", "d/e/3", "f"]);
        assert_eq!(
            names(&store, &[("max-keys", "2")]),
            ["a", "d/1", "d/2", "d/e/3", "f"]
        );
        assert_eq!(names(&store, &[("delimiter", "/")]), ["a", "f", "d/"]);
        let one = [("delimiter", "/"), ("max-keys", "1")];
        assert_eq!(names(&store, &one), ["a", "d/", "f"]);
        let below = [("prefix", "d/"), ("delimiter", "/")];
        assert_eq!(names(&store, &below), ["d/1", "d/2", "d/e/"]);
    }

    #[test]
    fn parts_make_an_object_with_the_tag_of_s3() {
        let store = Store::default();
        let id = store.begin("b/k");
        assert_eq!(store.uploads("b/"), [(id.clone(), "k".to_owned())]);
        let part = |text: &str| Content {
            size: text.len() as u64,
            tag: Tag::Md5(Md5::digest(text).into()),
            crc64nvme: None,
        };
        store.put_part(&id, 2, part("world")).unwrap();
        store.put_part(&id, 1, part("wrong")).unwrap();
        store.put_part(&id, 1, part("hello ")).unwrap();
        let object = store.complete(&id, &[1, 2], None).unwrap();
        assert_eq!(object.size, 11);
        let md5s = [Md5::digest("hello "), Md5::digest("world")].concat();
        let wanted = format!("\"{}-2\"", hex::encode(Md5::digest(md5s)));
        assert_eq!(object.tag.to_string(), wanted);
        assert_eq!(store.get("b/k"), Some(object));
        assert!(store.uploads("b/").is_empty());
    }
}
