//! Events at the door: what came, what went, and what was told wrongly.

pub use model::parcel::ParcelCondition;
use serde::{Deserialize, Serialize};

use crate::told::Told;

/// A parcel with the device came. Fields are in the order of the line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Received {
    /// Who brought it.
    pub carrier: Option<Told>,
    /// The carrier's number for it.
    pub tracking: Option<Told>,
    /// How many packages it was.
    pub packages: Option<u32>,
    /// How it looked.
    pub condition: Option<ParcelCondition>,
    /// What stood on its seal.
    pub seal: Option<Told>,
}

/// The parcel was unpacked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// What was in it.
    pub contents: Belongings,
    /// Whether its seal was whole; nothing of a parcel that had none.
    pub seal_intact: Option<bool>,
}

/// What was in a parcel of what belongs to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Belongings {
    /// The device itself.
    pub device: bool,
    /// Its power supply.
    pub power_supply: bool,
    /// A cable.
    pub cable: bool,
    /// Its packing slip.
    pub slip: bool,
}

/// The device was packed to go back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// What stands on the seal.
    pub seal: Told,
    /// In which box.
    pub r#box: Option<Told>,
}

/// The device was given to a carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOver {
    /// To whom.
    pub carrier: Told,
    /// The carrier's number for the parcel.
    pub tracking: Told,
}

/// An earlier event told something wrongly, and stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corrected {
    /// The `seq` of the event.
    pub of: u64,
    /// What is true.
    pub says: Told,
    /// How the slip came about.
    pub reason: Told,
}

/// Nothing more is to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// How many events stand before it, which is its own `seq`.
    pub events: u64,
}

/// A parcel came that no job is known for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelUnknown {
    /// Who brought it.
    pub carrier: Option<Told>,
    /// The carrier's number for it.
    pub tracking: Option<Told>,
    /// What is to be known of it.
    pub note: Option<Told>,
}
