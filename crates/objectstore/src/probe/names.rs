//! The experiments with odd keys: which of them the store keeps, keeps apart, and how it lists them.
//!
//! All keys lie below that of the experiments, each pair in a folder of its own, so that whatever a store
//! makes of `..` or `//` stays there.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::capabilities::Finding;
use model::ids::ObjectKey;
use model::key_space::{Kept, KeySpace, Oddity};
use model::limits;

use super::bench::{Answer, Bench, ask, asked_soundly, kept};
use crate::checksum::Checksums;
use crate::error::StoreError;
use crate::object::Attributes;

/// What is put under a key with an oddity, and under its plain twin: of different lengths, so that a listing
/// tells which is which.
const ODD: &[u8] = b"Longshore: under an odd key.\n";
const PLAIN: &[u8] = b"Longshore: under its plain twin.\n";

/// Keys whose order by bytes differs from that of folders, and from that of UTF-16.
const ORDERED: [&str; 5] = ["a", "b-c", "b/c", "\u{ff5e}", "\u{10000}"];

/// What is listed under a prefix: key and length.
type Listing = BTreeMap<String, u64>;

impl Bench<'_> {
    /// Finds out which keys are kept apart.
    pub(super) fn key_space(&self) -> Result<KeySpace, StoreError> {
        if !self.has_room() {
            return Ok(KeySpace::default());
        }
        let mut space = KeySpace {
            odd: self.odd_keys()?,
            ..KeySpace::default()
        };
        (space.order, space.pages) = self.listings()?;
        Ok(space)
    }

    fn odd_keys(&self) -> Result<BTreeMap<Oddity, Kept>, StoreError> {
        let mut found = BTreeMap::new();
        let mut alone = Vec::new();
        for oddity in Oddity::ALL {
            match self.put_named(&self.odd_key(oddity)?, ODD)? {
                Ok(()) => alone.push(oddity),
                // Not about the key.
                Err(StoreError::AccessDenied(_) | StoreError::Credentials(_)) => {}
                Err(_) => drop(found.insert(oddity, Kept::Refused)),
            }
        }
        let listing = self.listing("odd/")?;
        let mut beside = Vec::new();
        for oddity in alone {
            let key = self.odd_key(oddity)?;
            let others = listing
                .iter()
                .flatten()
                .filter(|(name, _)| **name != *key.as_str());
            let is_renamed = others.into_iter().any(|(name, _)| self.is_of(oddity, name));
            // One that is not listed at all may be listed later.
            if !is_renamed && self.reads(&key, ODD)? {
                beside.push(oddity);
            } else {
                found.insert(oddity, Kept::Renamed);
            }
        }
        for oddity in &beside {
            // A twin that is refused merges with nothing.
            let _refused_or_not = self.put_named(&self.plain_key(*oddity)?, PLAIN)?;
        }
        for oddity in beside {
            let is_intact = self.reads(&self.odd_key(oddity)?, ODD)?;
            found.insert(oddity, if is_intact { Kept::Apart } else { Kept::Merged });
        }
        Ok(found)
    }

    /// Whether the store lists by bytes, and in small pages what it lists in one.
    fn listings(&self) -> Result<(Finding, Finding), StoreError> {
        for name in ORDERED {
            let put = self.put_named(&self.key(&format!("order/{name}"))?, PLAIN)?;
            if put.is_err() {
                return Ok((Finding::Unknown, Finding::Unknown));
            }
        }
        let Some(listed) = self.pages("order/", 1000)? else {
            return Ok((Finding::Refused, Finding::Refused));
        };
        let order = kept(Some(listed.is_sorted()));
        let all = |mut keys: Vec<String>| {
            keys.sort();
            keys.iter().map(|key| self.name_of(key)).eq(ORDERED)
        };
        let mut pages = vec![listed];
        for limit in [1, 2] {
            match self.pages("order/", limit)? {
                Some(keys) => pages.push(keys),
                None => return Ok((order, Finding::Refused)),
            }
        }
        Ok((order, kept(Some(pages.into_iter().all(all)))))
    }

    /// The keys under a part of ours, listed in pages of `limit`, in the order of the store; `None` if they may
    /// not be listed. What never ends is cut off.
    fn pages(&self, part: &str, limit: u16) -> Result<Option<Vec<String>>, StoreError> {
        let prefix = format!("{}/{part}", self.root);
        let mut keys: Vec<ObjectKey> = Vec::new();
        loop {
            let list = || self.subject.list(&prefix, keys.last(), limit);
            let Answer::Done(page) = ask(list)? else {
                return Ok(None);
            };
            let before = keys.len();
            keys.extend(page.objects.into_iter().map(|object| object.key));
            if !page.more || keys.len() == before || keys.len() > 4 * ORDERED.len() {
                return Ok(Some(keys.iter().map(ToString::to_string).collect()));
            }
        }
    }

    fn listing(&self, part: &str) -> Result<Option<Listing>, StoreError> {
        let prefix = format!("{}/{part}", self.root);
        Ok(match ask(|| self.subject.list(&prefix, None, 1000))? {
            Answer::Done(page) => {
                let objects = page.objects.into_iter();
                Some(objects.map(|o| (o.key.to_string(), o.size)).collect())
            }
            Answer::Refused => None,
        })
    }

    /// Puts an object; the refusal is an answer.
    fn put_named(
        &self,
        key: &ObjectKey,
        body: &'static [u8],
    ) -> Result<Result<(), StoreError>, StoreError> {
        let sums = self.sendable(Checksums::of(body));
        let (body, attributes) = (Bytes::from_static(body), Attributes::default());
        let put = asked_soundly(|| {
            self.subject
                .put_as_is(key, body.clone(), &attributes, &sums, None)
        });
        Ok(put?.map(drop))
    }

    /// Whether the object under `key` has just this content. A store that does not let us read is believed by
    /// the length it tells.
    fn reads(&self, key: &ObjectKey, content: &[u8]) -> Result<bool, StoreError> {
        let got = ask(|| {
            let mut bytes = Vec::new();
            let mut body = self.subject.get(key, None)?.body;
            let read = std::io::Read::read_to_end(&mut body, &mut bytes);
            read.map_err(StoreError::while_reading)?;
            Ok(bytes)
        })?;
        match got {
            Answer::Done(bytes) => Ok(bytes == content),
            Answer::Refused => {
                let info = self.look(key)?;
                Ok(info.is_some_and(|info| info.size == length(content)))
            }
        }
    }

    /// Whether the longest of these keys is one.
    fn has_room(&self) -> bool {
        self.root.len() + "/odd/9/a/./c/../b".len() <= limits::KEY_BYTES
    }

    fn odd_key(&self, oddity: Oddity) -> Result<ObjectKey, StoreError> {
        self.of_pair(oddity, oddity.example().0)
    }

    fn plain_key(&self, oddity: Oddity) -> Result<ObjectKey, StoreError> {
        self.of_pair(oddity, oddity.example().1)
    }

    fn of_pair(&self, oddity: Oddity, name: &str) -> Result<ObjectKey, StoreError> {
        // The number keeps pairs apart.
        self.key(&format!("odd/{}/{name}", oddity as u8))
    }

    /// Whether a key is in the folder of a pair.
    fn is_of(&self, oddity: Oddity, key: &str) -> bool {
        key.starts_with(&format!("{}/odd/{}/", self.root, oddity as u8))
    }

    fn name_of<'k>(&self, key: &'k str) -> &'k str {
        key.get(self.root.len() + "/order/".len()..)
            .unwrap_or_default()
    }

    /// All keys of these experiments, where what is there cannot be listed.
    pub(super) fn named(&self) -> Result<Vec<ObjectKey>, StoreError> {
        if !self.has_room() {
            return Ok(Vec::new());
        }
        let ordered = ORDERED
            .iter()
            .map(|name| self.key(&format!("order/{name}")));
        let pairs = Oddity::ALL.into_iter();
        let pairs = pairs.flat_map(|oddity| [self.odd_key(oddity), self.plain_key(oddity)]);
        ordered.chain(pairs).collect()
    }
}

fn length(content: &[u8]) -> u64 {
    content.len() as u64
}
