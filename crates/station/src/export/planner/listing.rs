//! The objects an export selects: its operations in their order, and of each the keys in theirs.

use std::vec::IntoIter;

use model::ids::ObjectKey;
use model::manifest::{ExportSet, S3Export};
use objects::object::Listed;

use super::PlanFailure;
use crate::export::Buckets;

/// Objects that are asked for at once: more than S3 gives.
const PAGE: u16 = 1000;

/// An object that an operation selects.
#[derive(Debug)]
pub(super) struct Found {
    /// Which of the manifest's `operations`, from 0.
    pub(super) operation: u32,
    /// What the store says of it.
    pub(super) listed: Listed,
}

impl Found {
    /// The operation that selects it.
    pub(super) fn set<'a>(&self, rules: &'a S3Export) -> &'a ExportSet {
        &rules.operations[usize::try_from(self.operation).expect("it was an index")]
    }
}

/// All objects that an export selects, one after the other.
pub(super) struct Listing<'a> {
    rules: &'a S3Export,
    buckets: &'a Buckets,
    /// Of the operation that is listed.
    operation: usize,
    page: IntoIter<Listed>,
    /// The last key that was seen, of whatever page.
    last: Option<ObjectKey>,
    /// Whether the operation has more pages.
    more: bool,
}

impl<'a> Listing<'a> {
    /// Begins before the first object of the first operation.
    pub(super) fn new(rules: &'a S3Export, buckets: &'a Buckets) -> Self {
        Self {
            rules,
            buckets,
            operation: 0,
            page: Vec::new().into_iter(),
            last: None,
            more: true,
        }
    }

    /// The next object.
    pub(super) fn next(&mut self) -> Result<Option<Found>, PlanFailure> {
        let rules = self.rules;
        while let Some(set) = rules.operations.get(self.operation) {
            if let Some(listed) = self.listed(set)? {
                let operation =
                    u32::try_from(self.operation).expect("a manifest is 512 KiB at most");
                return Ok(Some(Found { operation, listed }));
            }
            self.operation += 1;
            self.page = Vec::new().into_iter();
            self.last = None;
            self.more = true;
        }
        Ok(None)
    }

    /// The next object of an operation that is within its markers.
    fn listed(&mut self, set: &ExportSet) -> Result<Option<Listed>, PlanFailure> {
        if is_empty(set) {
            return Ok(None);
        }
        loop {
            let Some(listed) = self.page.next() else {
                if !self.more {
                    return Ok(None);
                }
                self.turn(set)?;
                continue;
            };
            self.advance(set, &listed.key)?;
            if is_after(&listed.key, set.end_marker.as_deref()) {
                return Ok(None);
            }
            let begin = set.begin_marker.as_deref();
            if begin.is_none() || is_after(&listed.key, begin) {
                return Ok(Some(listed));
            }
        }
    }

    /// Asks for the next page.
    fn turn(&mut self, set: &ExportSet) -> Result<(), PlanFailure> {
        let bucket = self
            .buckets
            .get(&set.bucket)
            .ok_or_else(|| PlanFailure::NoWay(set.bucket.clone()))?;
        let begin = set.begin_marker.as_deref();
        let begin = begin.and_then(|marker| ObjectKey::new(marker).ok());
        let after = self.last.clone().or(begin);
        let prefix = set.prefix.as_deref().unwrap_or_default();
        let page = bucket
            .list(prefix, after.as_ref(), PAGE)
            .map_err(|source| PlanFailure::Store {
                bucket: set.bucket.clone(),
                source: Box::new(source),
            })?;
        self.more = page.more && !page.objects.is_empty();
        self.page = page.objects.into_iter();
        Ok(())
    }

    /// Notes the key that was seen, which must come after the one before it.
    fn advance(&mut self, set: &ExportSet, key: &ObjectKey) -> Result<(), PlanFailure> {
        match self.last.replace(key.clone()) {
            Some(after) if after >= *key => Err(PlanFailure::Order {
                bucket: set.bucket.clone(),
                key: key.clone(),
                after,
            }),
            _ => Ok(()),
        }
    }
}

/// Whether the markers cross: such an operation selects nothing (developer guide, *Export manifest
/// file*).
fn is_empty(set: &ExportSet) -> bool {
    match (&set.begin_marker, &set.end_marker) {
        (Some(begin), Some(end)) => begin >= end,
        _ => false,
    }
}

/// Whether `key` comes after `marker`, by their bytes.
fn is_after(key: &ObjectKey, marker: Option<&str>) -> bool {
    marker.is_some_and(|marker| key.as_str() > marker)
}
