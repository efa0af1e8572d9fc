//! The vocabulary of multipart uploads.
//!
//! A part is the unit of sending and of trying again; a receipt is the store's word that it has
//! the part. Receipts are plain data, so that a journal can keep them over a crash.

use std::fmt;

use model::limits;
use time::OffsetDateTime;

use crate::checksum::composite_etag;
use crate::part_sum::PartSum;

/// The name a store gives to an upload that is not complete yet.
///
/// Opaque: stores use anything from a number to half a kilobyte of base64.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(String);

impl UploadId {
    /// Wraps an id as a store or a journal gave it.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A part's place in its object, from 1 to 10,000 (S3 User Guide, *Multipart upload limits*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartNumber(u16);

/// A number that cannot name a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a part number from 1 to 10000")]
pub struct InvalidPartNumber(pub u64);

impl PartNumber {
    /// The number of the first part.
    pub const FIRST: Self = Self(1);

    /// Checks `number`.
    ///
    /// # Errors
    /// [`InvalidPartNumber`] unless it lies between 1 and 10,000.
    pub fn new(number: u64) -> Result<Self, InvalidPartNumber> {
        match u16::try_from(number) {
            Ok(small) if (1..=limits::PARTS).contains(&number) => Ok(Self(small)),
            _ => Err(InvalidPartNumber(number)),
        }
    }

    /// The number of the part at `index`, counted from zero.
    ///
    /// # Errors
    /// [`InvalidPartNumber`] if an object cannot have that many parts.
    pub fn from_index(index: u64) -> Result<Self, InvalidPartNumber> {
        Self::new(index.saturating_add(1))
    }

    /// From 1 to 10,000.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for PartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The store's word that it holds one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartReceipt {
    /// The place of the part in the object.
    pub number: PartNumber,
    /// The part's entity tag without quotes: its MD5 in hex on stores that do not encrypt.
    pub etag: String,
    /// Length of the part in bytes.
    pub size: u64,
    /// The part's sum, where that is not its entity tag: as it was sent and confirmed, or as the store lists it.
    pub sum: Option<PartSum>,
}

impl PartReceipt {
    /// Whether the store still has what it confirmed, by a list of what it `holds`: a part of the same number, tag and
    /// size, and of no other sum.
    #[must_use]
    pub fn is_held(&self, holds: &[Self]) -> bool {
        holds.iter().any(|held| {
            let is_same =
                (held.number, &held.etag, held.size) == (self.number, &self.etag, self.size);
            let sums = held.sum.zip(self.sum);
            is_same && sums.is_none_or(|(held, ours)| held == ours)
        })
    }
}

/// An upload somebody began and nobody completed or abandoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenUpload {
    /// The key it is meant for, as the store tells it.
    pub key: String,
    /// What the store calls it.
    pub id: UploadId,
    /// When it was begun, by the store's clock; `None` where the store does not say.
    pub initiated: Option<OffsetDateTime>,
}

/// Sums the sizes of `parts`, in bytes.
#[must_use]
pub fn total_size(parts: &[PartReceipt]) -> u64 {
    parts
        .iter()
        .fold(0, |sum, part| sum.saturating_add(part.size))
}

/// The entity tag S3 gives to an object made of `parts`: the MD5 of their MD5s, a hyphen, their count.
///
/// `None` where a part's tag is not an MD5, as on stores that encrypt with keys of their own.
#[must_use]
pub fn expected_etag(parts: &[PartReceipt]) -> Option<String> {
    let digests = parts.iter().map(|part| {
        let mut digest = [0; 16];
        hex::decode_to_slice(&part.etag, &mut digest)
            .ok()
            .map(|()| digest)
    });
    Some(composite_etag(&digests.collect::<Option<Vec<_>>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_numbers_run_from_1_to_10000() {
        assert_eq!(PartNumber::from_index(0), Ok(PartNumber::FIRST));
        assert_eq!(PartNumber::new(10_000).map(PartNumber::get), Ok(10_000));
        for bad in [0, 10_001, 65_536 + 1, u64::MAX] {
            assert_eq!(PartNumber::new(bad), Err(InvalidPartNumber(bad)));
        }
        assert!(PartNumber::from_index(u64::MAX).is_err());
    }

    #[test]
    fn a_tag_that_is_no_md5_gives_no_expectation() {
        let part = |etag: &str| PartReceipt {
            number: PartNumber::FIRST,
            etag: etag.to_owned(),
            size: 1,
            sum: None,
        };
        assert!(expected_etag(&[part("0cc175b9c0f1b6a831c399e269772661")]).is_some());
        assert_eq!(expected_etag(&[part("opaque")]), None);
    }

    #[test]
    fn a_part_is_held_if_nothing_of_it_is_another() {
        let ours = PartReceipt {
            number: PartNumber::FIRST,
            etag: "tag".to_owned(),
            size: 3,
            sum: Some(PartSum::Crc64Nvme(7)),
        };
        let untold = PartReceipt {
            sum: None,
            ..ours.clone()
        };
        for held in [&ours, &untold] {
            assert!(ours.is_held(std::slice::from_ref(held)));
        }
        assert!(untold.is_held(std::slice::from_ref(&ours)));
        let others = [
            PartReceipt {
                sum: Some(PartSum::Crc64Nvme(8)),
                ..ours.clone()
            },
            PartReceipt {
                etag: "another".to_owned(),
                ..ours.clone()
            },
            PartReceipt {
                size: 4,
                ..ours.clone()
            },
        ];
        assert!(!ours.is_held(&others) && !ours.is_held(&[]));
    }
}
