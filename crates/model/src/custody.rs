//! Where the device is: one of the two facts that make a job's state.

use serde::{Deserialize, Serialize};

use crate::device::DeviceFacts;
use crate::ids::StationName;
use crate::time::Timestamp;

/// Where the device is. Wire codes are AWS's `LocationCode` (developer guide, *Job Status Codes*).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "where", rename_all = "kebab-case")]
pub enum Custody {
    /// Still with the customer or in the post.
    NotReceived,
    /// At a station.
    AtStation {
        /// Which station has it.
        station: StationName,
        /// When it first appeared there.
        since: Timestamp,
        /// What the station knows of it, as it was last docked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<DeviceFacts>,
    },
    /// On its way back to the customer, or there.
    Returned {
        /// Who carries it.
        carrier: String,
        /// The carrier's number for the parcel.
        tracking_number: String,
        /// When it was handed over.
        at: Timestamp,
    },
}

impl Custody {
    /// The station that has the device.
    #[must_use]
    pub fn station(&self) -> Option<&StationName> {
        match self {
            Self::AtStation { station, .. } => Some(station),
            Self::NotReceived | Self::Returned { .. } => None,
        }
    }

    /// The serial number that the device tells, as far as the station that has it knows.
    #[must_use]
    pub fn serial(&self) -> Option<&str> {
        match self {
            Self::AtStation { device, .. } => device.as_ref()?.serial.as_deref(),
            Self::NotReceived | Self::Returned { .. } => None,
        }
    }

    /// The carrier and the number of the parcel that took the device back.
    #[must_use]
    pub fn parcel(&self) -> Option<(&str, &str)> {
        match self {
            Self::Returned {
                carrier,
                tracking_number,
                ..
            } => Some((carrier, tracking_number)),
            Self::NotReceived | Self::AtStation { .. } => None,
        }
    }

    /// `LocationCode` as AWS writes it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotReceived => "NotReceived",
            Self::AtStation { .. } => "AtAWS",
            Self::Returned { .. } => "Returned",
        }
    }

    /// `LocationMessage` as AWS words it.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::NotReceived => "AWS has not received your device.".to_owned(),
            Self::AtStation { .. } => "Your device is at AWS.".to_owned(),
            Self::Returned {
                carrier,
                tracking_number,
                ..
            } => format!(
                "Your device has been returned. The {carrier} tracking number is {tracking_number}."
            ),
        }
    }
}
