//! What is known of an object beside its bytes: asked of the store, and compared with what came.
//!
//! An object whose bytes are not what is said of them is never written under its name. A line of the
//! report says what differs from what.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use awshttp::TransportError;
use model::ids::BucketName;
use model::outcome::{Failure, FailureCode};
use objectstore::StoreError;
use objectstore::evidence::{Compared, Difference, Evidence, Parts};
use objectstore::object::{ObjectInfo, Tag};
use objectstore::upload::PartNumber;

use super::plan::Item;
use super::run::ExportRun;

/// Objects whose entity tags have to be no MD5s, against none whose tag is one, before the tags of a
/// bucket prove nothing.
const CONTRADICTED: u32 = 2;

/// What the objects of each bucket have shown of its entity tags, which look like MD5s.
#[derive(Debug, Default)]
pub(super) struct Tags(Mutex<BTreeMap<BucketName, Shown>>);

#[derive(Debug, Default, Clone, Copy)]
struct Shown {
    /// Tags that are the MD5 of the content.
    right: u32,
    /// Tags that are not, of objects whose content is proven otherwise.
    wrong: u32,
}

impl Tags {
    fn note(&self, bucket: &BucketName, compared: &Compared) {
        let Some(agrees) = compared.tag_agrees else {
            return;
        };
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = shown.entry(bucket.clone()).or_default();
        match (agrees, &compared.difference) {
            (true, _) => shown.right = shown.right.saturating_add(1),
            (false, None) => shown.wrong = shown.wrong.saturating_add(1),
            (false, Some(_)) => {}
        }
    }

    fn are_no_md5s(&self, bucket: &BucketName) -> bool {
        let shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = shown.get(bucket).copied().unwrap_or_default();
        shown.right == 0 && shown.wrong >= CONTRADICTED
    }
}

/// How much is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// What costs nothing for most objects.
    Usual,
    /// All there is, because something differs.
    All,
}

impl ExportRun<'_> {
    /// All that is known of an object's content, and of its parts. The error is a line of the report,
    /// or `None` if the run stops.
    pub(super) fn evidence(
        &self,
        item: &Item,
        info: &ObjectInfo,
        asked: Asked,
    ) -> Result<(Evidence, Parts), Option<Failure>> {
        let is_tagged = info.tag_count.is_some_and(|count| count > 0);
        // An import of ours gives those a tag that cannot have metadata.
        let is_of_parts = Evidence::of(info, &[]).parts().is_some();
        let tags = match is_tagged || is_of_parts || asked == Asked::All {
            true => self.tags_of(item)?,
            false => Vec::new(),
        };
        let evidence = Evidence::of(info, &tags);
        let parts = match evidence.parts() {
            Some(count) => self.parts_of(item, info.size, count, asked)?,
            None => Parts::Unknown,
        };
        Ok((evidence, parts))
    }

    fn tags_of(&self, item: &Item) -> Result<Vec<Tag>, Option<Failure>> {
        let bucket = self.bucket(item).ok_or(None)?;
        match bucket.tags(&item.key) {
            Ok(tags) => Ok(tags),
            // Who may read an object may not always read its tags, and not every store has some.
            Err(
                StoreError::AccessDenied(_)
                | StoreError::Refused(_)
                | StoreError::NoSuchKey(_)
                | StoreError::Transport(TransportError::Protocol { .. }),
            ) => Ok(Vec::new()),
            Err(error) => Err(self.judge(item, error)),
        }
    }

    /// The sizes of an object's parts, as far as the store tells: that of the first, which most
    /// clients give all of them, or each.
    fn parts_of(
        &self,
        item: &Item,
        bytes: u64,
        count: u32,
        asked: Asked,
    ) -> Result<Parts, Option<Failure>> {
        let Some(first) = self.part_of(item, 1, count)? else {
            return Ok(Parts::Unknown);
        };
        if asked == Asked::Usual {
            return Ok(Parts::alike(first, count, bytes));
        }
        let mut sizes = vec![first];
        for number in 2..=u64::from(count) {
            match self.part_of(item, number, count)? {
                Some(size) if !self.stop.is_set() => sizes.push(size),
                _ => return Ok(Parts::Unknown),
            }
        }
        let is_all = sizes.iter().sum::<u64>() == bytes;
        Ok(if is_all {
            Parts::Each(sizes)
        } else {
            Parts::Unknown
        })
    }

    fn part_of(
        &self,
        item: &Item,
        number: u64,
        count: u32,
    ) -> Result<Option<u64>, Option<Failure>> {
        let bucket = self.bucket(item).ok_or(None)?;
        let Ok(number) = PartNumber::new(number) else {
            return Ok(None);
        };
        match bucket.head_part(&item.key, number) {
            Ok(part) => Ok(part
                .filter(|part| part.count == count)
                .map(|part| part.bytes)),
            Err(
                StoreError::AccessDenied(_)
                | StoreError::Transport(TransportError::Protocol { .. }),
            ) => Ok(None),
            Err(error) => Err(self.judge(item, error)),
        }
    }

    /// What differs, if it proves that the content is damaged.
    pub(super) fn proves_damage(&self, item: &Item, compared: Compared) -> Option<Difference> {
        self.entity_tags.note(&item.bucket, &compared);
        let is_proof = |difference: &Difference| {
            !(difference.is_of_tag() && self.entity_tags.are_no_md5s(&item.bucket))
        };
        compared.difference.filter(is_proof)
    }
}

/// The bytes of an object, read twice, are not what is said of them.
pub(super) fn damaged(item: &Item, difference: &Difference) -> Failure {
    let hint = match difference.is_of_tag() {
        true => {
            ". If the entity tags of this store are no MD5s, give the object a tag `sha256` with the \
             SHA-256 of its content: that counts instead"
        }
        false => "",
    };
    rotten(item, &format!("{difference}{hint}"))
}

/// The store gives more or less of an object than it lists.
pub(super) fn other_size(item: &Item, found: u64) -> Failure {
    let listed = item.bytes;
    rotten(
        item,
        &format!("it has {found} bytes, and is listed with {listed}"),
    )
}

fn rotten(item: &Item, what: &str) -> Failure {
    let reason = format!("the object is damaged in its store: {what}");
    Failure::of(FailureCode::ObjectDamaged, reason, item.key.clone())
}
