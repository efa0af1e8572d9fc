//! The objects an export selects: its operations in their order, and of each the keys in theirs.
//!
//! Stores list in orders of their own: SeaweedFS folder by folder, directory buckets in none. So the
//! pages are followed by the store's own word, all that is below the prefix is listed, what is outside the
//! markers is left out here, and the rest is sorted on disk.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read};
use std::path::Path;

use model::ids::ObjectKey;
use model::manifest::{ExportSet, S3Export};
use objectstore::Bucket;
use objectstore::object::{Listed, Page};

use super::PlanFailure;
use crate::export::Buckets;
use crate::stop::Stop;
use spool::{Sorted, Spool, Spooled};

/// Objects that are asked for at once: more than S3 gives.
const PAGE: u16 = 1000;

/// Pages without an object that may follow each other: S3 gives some where many objects were removed, at
/// a thousand of them a page, hence ten million.
const EMPTY_PAGES: u32 = 10_000;

/// An object that an operation selects.
#[derive(Debug)]
pub(super) struct Selected {
    /// Which of the manifest's `operations`, from 0.
    pub(super) operation: u32,
    /// What the store says of it.
    pub(super) listed: Listed,
}

impl Selected {
    /// The operation that selects it.
    pub(super) fn set<'a>(&self, rules: &'a S3Export) -> &'a ExportSet {
        &rules.operations[usize::try_from(self.operation).expect("it was an index")]
    }
}

/// All objects that an export selects, one after the other.
pub(super) struct Selection<'a> {
    rules: &'a S3Export,
    buckets: &'a Buckets,
    folder: &'a Path,
    stop: &'a Stop,
    /// Of the operation that is listed.
    operation: usize,
    sorted: Option<Sorted<ListedRecord>>,
}

impl<'a> Selection<'a> {
    /// Begins before the first object of the first operation. What is listed is kept in `folder`.
    pub(super) fn new(
        rules: &'a S3Export,
        buckets: &'a Buckets,
        folder: &'a Path,
        stop: &'a Stop,
    ) -> Self {
        Self {
            rules,
            buckets,
            folder,
            stop,
            operation: 0,
            sorted: None,
        }
    }

    /// The next object; `None` after the last, or if it was stopped.
    pub(super) fn next(&mut self) -> Result<Option<Selected>, PlanFailure> {
        let rules = self.rules;
        while let Some(set) = rules.operations.get(self.operation) {
            let mut sorted = match self.sorted.take() {
                Some(sorted) => sorted,
                None => self.sorted(set)?,
            };
            if self.stop.is_set() {
                return Ok(None);
            }
            let listed = first_of_next(&mut sorted).map_err(|source| self.unkept(source))?;
            if let Some(listed) = listed {
                self.sorted = Some(sorted);
                let operation =
                    u32::try_from(self.operation).expect("a manifest is 512 KiB at most");
                return Ok(Some(Selected { operation, listed }));
            }
            self.operation += 1;
        }
        Ok(None)
    }

    /// All objects of an operation, in the order of their keys.
    fn sorted(&self, set: &ExportSet) -> Result<Sorted<ListedRecord>, PlanFailure> {
        let unkept = |source| self.unkept(source);
        let mut spool = Spool::create(self.folder).map_err(unkept)?;
        if !is_empty(set) {
            let mut pages = self.pages(set)?;
            while let Some(objects) = pages.next()? {
                let selected = objects
                    .into_iter()
                    .filter(|listed| selects(set, &listed.key));
                for listed in selected {
                    spool.push(ListedRecord(listed)).map_err(unkept)?;
                }
                if self.stop.is_set() {
                    break;
                }
            }
        }
        spool.sorted().map_err(unkept)
    }

    fn pages(&self, set: &'a ExportSet) -> Result<Pages<'a>, PlanFailure> {
        let bucket = self.buckets.get(&set.bucket);
        let bucket = bucket.ok_or_else(|| PlanFailure::NoWay(set.bucket.clone()))?;
        Ok(Pages {
            bucket: &**bucket,
            set,
            from: Some(From::Start),
            hasher: RandomState::new(),
            seen: HashSet::new(),
            empty: 0,
        })
    }

    fn unkept(&self, source: std::io::Error) -> PlanFailure {
        PlanFailure::Spool {
            path: self.folder.to_owned(),
            source,
        }
    }
}

/// The next object. Of those that were listed under one key, the first.
fn first_of_next(sorted: &mut Sorted<ListedRecord>) -> io::Result<Option<Listed>> {
    let Some(record) = sorted.next_record()? else {
        return Ok(None);
    };
    while sorted.comes_again(record.key()) {
        sorted.next_record()?;
    }
    Ok(Some(record.0))
}

/// What is kept of an object that was listed, while all are sorted.
struct ListedRecord(Listed);

impl Spooled for ListedRecord {
    fn key(&self) -> &[u8] {
        self.0.key.as_str().as_bytes()
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let Listed {
            key, etag, size, ..
        } = &self.0;
        spool::put_bytes(key.as_str().as_bytes(), bytes);
        spool::put_bytes(etag.as_bytes(), bytes);
        bytes.extend(size.to_le_bytes());
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let text = |bytes| String::from_utf8(bytes).map_err(io::Error::other);
        let key = text(spool::bytes_of(from)?)?;
        Ok(Self(Listed {
            key: ObjectKey::new(key).map_err(io::Error::other)?,
            etag: text(spool::bytes_of(from)?)?,
            size: spool::number(from)?,
            last_modified: None,
        }))
    }
}

/// Where a page begins.
#[derive(Debug, Hash)]
enum From {
    Start,
    /// Where the store says.
    Token(String),
    /// After a key, with stores that do not say where.
    After(ObjectKey),
}

/// The pages of a listing. Eight bytes of each are kept, to know those that come again.
struct Pages<'a> {
    bucket: &'a dyn Bucket,
    set: &'a ExportSet,
    from: Option<From>,
    hasher: RandomState,
    seen: HashSet<u64>,
    empty: u32,
}

impl Pages<'_> {
    /// The objects of the next page; `None` after the last.
    fn next(&mut self) -> Result<Option<Vec<Listed>>, PlanFailure> {
        let Some(from) = self.from.take() else {
            return Ok(None);
        };
        let Page {
            objects,
            more,
            next,
        } = self.page(&from)?;
        let keys: Vec<&ObjectKey> = objects.iter().map(|listed| &listed.key).collect();
        let is_new = keys.is_empty() || self.seen.insert(self.hasher.hash_one(&keys));
        self.empty = if keys.is_empty() { self.empty + 1 } else { 0 };
        if more {
            let last = || objects.last().map(|listed| From::After(listed.key.clone()));
            let from = next.map(From::Token).or_else(last);
            let goes_on = from
                .as_ref()
                .is_some_and(|from| self.seen.insert(self.hasher.hash_one(from)));
            if !is_new || !goes_on || self.empty > EMPTY_PAGES {
                return Err(PlanFailure::Endless {
                    bucket: self.set.bucket.clone(),
                    after: objects.last().map(|listed| listed.key.clone()),
                });
            }
            self.from = from;
        }
        Ok(Some(objects))
    }

    fn page(&self, from: &From) -> Result<Page, PlanFailure> {
        let prefix = self.set.prefix.as_deref().unwrap_or_default();
        let page = match from {
            From::Start => self.bucket.list(prefix, None, PAGE),
            From::Token(token) => self.bucket.list_on(prefix, token, PAGE),
            From::After(key) => self.bucket.list(prefix, Some(key), PAGE),
        };
        page.map_err(|source| PlanFailure::Store {
            bucket: self.set.bucket.clone(),
            source: Box::new(source),
        })
    }
}

/// Whether an operation selects a key. Some stores take prefixes for hints.
fn selects(set: &ExportSet, key: &ObjectKey) -> bool {
    let key = key.as_str();
    let has_prefix = key.starts_with(set.prefix.as_deref().unwrap_or_default());
    let is_after = |marker: &Option<String>| marker.as_deref().is_none_or(|marker| key > marker);
    let is_beyond = set.end_marker.as_deref().is_some_and(|end| key > end);
    has_prefix && is_after(&set.begin_marker) && !is_beyond
}

/// Whether the markers cross: such an operation selects nothing (developer guide, *Export manifest
/// file*).
fn is_empty(set: &ExportSet) -> bool {
    match (&set.begin_marker, &set.end_marker) {
        (Some(begin), Some(end)) => begin >= end,
        _ => false,
    }
}
