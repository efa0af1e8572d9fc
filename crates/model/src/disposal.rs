//! What is to become of the device, and what became of it: the third fact of a job, beside custody and progress.
//!
//! A device is kept as it came until its job is finished and somebody who may has released it. Then it may be erased, once
//! [`gate`](gate::gate) has looked at everything: nothing else begins an erase. What is told here is told for ever; how an
//! erase is done, and what its certificate claims, stands elsewhere.

pub mod gate;
pub mod messages;
pub mod rules;
pub mod told;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::erasure::ErasureMethod;
use crate::ids::{InvalidId, StationName};
use crate::time::Timestamp;
use rules::ReleaseRule;

/// What became of the device.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Disposal {
    /// Nothing was done to it, and nothing may be.
    #[default]
    Kept,
    /// It may be erased.
    Released(Release),
    /// A station erases it, or began to. What was on it is gone in part.
    Erasing {
        /// Which grant it was begun by.
        grant: GrantId,
        /// Where.
        station: StationName,
        /// Since when.
        since: Timestamp,
    },
    /// It was erased, and its certificate is told.
    Erased {
        /// As what.
        method: ErasureMethod,
        /// When.
        at: Timestamp,
    },
    /// It could not be erased whole. It is held, until it is destroyed or a person tries again.
    EraseFailed {
        /// Which grant it was begun by.
        grant: GrantId,
        /// When.
        at: Timestamp,
    },
    /// It was destroyed.
    Destroyed {
        /// Who answers for it.
        authority: String,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
}

/// That a device may be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// By which rule.
    pub rule: ReleaseRule,
    /// When.
    pub at: Timestamp,
    /// How many lines of the report are given up: entries that were not stored, or not whole.
    pub gives_up: u64,
    /// What was said with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// Whether the account released it itself, with its key. Nobody else gives up lines of a report.
    pub by_the_account: bool,
}

/// That the account does not want its device to be erased: the gate is shut until it takes that back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub because: String,
}

/// That a device goes back as it is, although it was to be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unerased {
    /// Who answers for it.
    pub authority: String,
    /// Why.
    pub reason: String,
}

/// That one half of what somebody answers for is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a device that goes back unerased needs both: who answers for it, and why")]
pub struct HalfSaid;

impl Unerased {
    /// What was said in two halves: both of them, or neither.
    ///
    /// # Errors
    /// [`HalfSaid`].
    pub fn of(authority: Option<String>, reason: Option<String>) -> Result<Option<Self>, HalfSaid> {
        match (authority, reason) {
            (Some(authority), Some(reason)) => Ok(Some(Self { authority, reason })),
            (None, None) => Ok(None),
            (Some(_), None) | (None, Some(_)) => Err(HalfSaid),
        }
    }
}

/// Whether the device of a job is to be erased before it goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EraseWish {
    /// Its manifest does not say so, or the job fills a device.
    No,
    /// Its manifest says so.
    Manifest,
    /// Every device that is loaded is.
    Every,
}

impl EraseWish {
    /// Whether it is.
    #[must_use]
    pub fn is_wanted(self) -> bool {
        match self {
            Self::No => false,
            Self::Manifest | Self::Every => true,
        }
    }
}

/// A right to erase a device that was given once: 32 hexadecimal digits. It is no secret; the station that erases keeps it
/// beside its journal, so that an erase goes on only where it was begun.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GrantId(String);

impl GrantId {
    /// The grant of these digits.
    ///
    /// # Errors
    /// [`InvalidId`].
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
        let text = text.into();
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match text.len() == 32 && text.bytes().all(is_digit) {
            true => Ok(Self(text)),
            false => Err(InvalidId {
                value: text,
                expected: "a grant of 32 lower-case hexadecimal digits",
            }),
        }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for GrantId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::new(text)
    }
}

impl TryFrom<String> for GrantId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::new(text)
    }
}

impl From<GrantId> for String {
    fn from(grant: GrantId) -> Self {
        grant.0
    }
}

impl Disposal {
    /// A stable word for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Kept => "Kept",
            Self::Released(_) => "Released",
            Self::Erasing { .. } => "Erasing",
            Self::Erased { .. } => "Erased",
            Self::EraseFailed { .. } => "EraseFailed",
            Self::Destroyed { .. } => "Destroyed",
        }
    }

    /// Whether it is as it came: what a job that has never been touched is stored without.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        *self == Self::Kept
    }

    /// Whether nothing of the customer's is on it any more, so that it may go wherever it goes.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        match self {
            Self::Erased { .. } | Self::Destroyed { .. } => true,
            Self::Kept | Self::Released(_) | Self::Erasing { .. } | Self::EraseFailed { .. } => {
                false
            }
        }
    }

    /// The grant by which an erase was begun that did not end well, or has not ended.
    #[must_use]
    pub fn begun(&self) -> Option<&GrantId> {
        match self {
            Self::Erasing { grant, .. } | Self::EraseFailed { grant, .. } => Some(grant),
            Self::Kept | Self::Released(_) | Self::Erased { .. } | Self::Destroyed { .. } => None,
        }
    }
}
