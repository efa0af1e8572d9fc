//! Events of the device itself: who may have it erased, what was done to it, and how it went back.

use model::erasure::{Certificate, ErasureFailure, Technique};
use serde::{Deserialize, Serialize};

use crate::told::Told;

/// The device may be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// What released it: `manifest`, `customer` or `aws`.
    pub rule: String,
    /// How many lines of the report are given up, of entries that were not stored whole.
    pub gives_up: u64,
    /// What was said with it.
    pub statement: Option<Told>,
}

/// The account does not want its device to be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objected {
    /// Why.
    pub statement: Told,
}

/// The account does not object any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectionWithdrawn {
    /// What was said with it.
    pub statement: Option<Told>,
}

/// A station erases the device from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseStarted {
    /// By which it is gone on with.
    pub grant: String,
    /// How.
    pub technique: Technique,
    /// Who confirmed it: people by their names, or users of the station's host.
    #[serde(default)]
    pub confirmed_by: Vec<Told>,
}

/// The device is erased.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Erased {
    /// Whose it is.
    pub account: Told,
    /// What the customer calls it.
    pub device_id: Option<Told>,
    /// Where the report lies that tells where its content is.
    pub backed_up: Option<Told>,
    /// Where it goes.
    pub destination: Told,
    /// Who confirmed it: people by their names, or users of the station's host.
    #[serde(default)]
    pub confirmed_by: Vec<Told>,
    /// What was done, and what is claimed.
    pub certificate: Box<Certificate>,
}

/// The device could not be erased.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EraseFailed {
    /// What was done until then, and why it is no erase.
    pub failure: Box<ErasureFailure>,
}

/// Somebody has destroyed the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destroyed {
    /// Who answers for it.
    pub authority: Told,
    /// Why.
    pub reason: Told,
}

/// The device goes back as it is, although it was to be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedUnerased {
    /// Who answers for it.
    pub authority: Told,
    /// Why.
    pub reason: Told,
}
