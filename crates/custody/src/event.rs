//! What can happen to a device and in an installation, as it is told to a stranger.
//!
//! One event is one line of JSON. Its fields stand in the order in which they stand here; a field always stands, and
//! is `null` where nobody knows. Events are told once: a slip is mended by [`Corrected`].
//!
//! What a change of a job gives stands in [`crate::changes`]. The others come of what people and stations do besides:
//!
//! | what is done | gives |
//! | --- | --- |
//! | a job is made | [`Announced`] |
//! | a parcel is booked as received, for each job whose device is in it | [`Received`] |
//! | it is unpacked | [`Opened`] |
//! | … and no job is known for it | [`ParcelUnknown`], an event of the installation |
//! | a station has opened a volume that is encrypted | [`Unlocked`] |
//! | the device of an export is encrypted | [`Encrypted`] |
//! | a station works on the device, and has closed it | [`Docked`], [`Undocked`] |
//! | the device was asked how it is, before and after | [`Examined`] |
//! | the store was probed, and the whole device walked | [`Probed`], [`Planned`] |
//! | the forms of the report are in the log bucket | [`Reported`] |
//! | somebody compared the bucket or the device with the report | [`Verified`] |
//! | a person mends what was told wrongly | [`Corrected`] |
//! | the device is packed to go back | [`Sealed`] |
//! | the device was handed over | perhaps [`ReturnedUnerased`], then [`HandedOver`] and [`Closed`] |
//! | a key of the installation is made, replaced or given up | [`KeyMade`], [`KeyRotated`], [`KeyRevoked`] |
//! | secrets of a job are kept no more | [`SecretDestroyed`], of the installation |
//! | a station gets its first token | [`StationAdmitted`] |

mod device;
mod disposal;
mod files;
mod installation;
mod parcel;
mod work;

use model::ids::{BayName, StationName};
use serde::Serialize;

pub use device::{
    Docked, Encrypted, EncryptedHow, Examined, HiddenSectors, Identified, Seen, Undocked, Unlocked,
};
pub use disposal::{
    Destroyed, EraseFailed, EraseStarted, Erased, Objected, ObjectionWithdrawn, Released,
    ReturnedUnerased,
};
pub use files::{File, FileName, Photographed, Reported, Subject, UnfitName};
pub use installation::{KeyMade, KeyRevoked, KeyRotated, SecretDestroyed, StationAdmitted};
pub use parcel::{
    Belongings, Closed, Corrected, HandedOver, Opened, ParcelCondition, ParcelUnknown, Received,
    Sealed,
};
pub use work::{
    Aborted, Announced, Attempt, Canceled, Expired, Filled, Held, Interrupted, Loaded, Outcome,
    Planned, Probed, Resumed, Side, Updated, Verified,
};

use crate::by::By;
use crate::moment::Moment;

/// Something that happened, before it has its place in a chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When, by the server's clock.
    pub at: Moment,
    /// What.
    pub what: What,
    /// Who did it.
    pub by: By,
    /// The station where it happened.
    pub station: Option<StationName>,
    /// The bay where it happened.
    pub bay: Option<BayName>,
}

/// Lists what can happen once, with the name that each has in a line.
macro_rules! events {
    ($($(#[$doc:meta])* $name:literal $variant:ident,)*) => {
        /// What happened.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum What {
            $($(#[$doc])* $variant($variant),)*
        }

        impl What {
            /// Every name, in the order in which things happen.
            pub const NAMES: &[&str] = &[$($name),*];

            /// The name in the line.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)*
                }
            }

            /// Reads what is an event's own of a line. `None` if no event of this program has the name: a later
            /// release knows more.
            pub(crate) fn read(name: &str, line: &[u8]) -> Result<Option<Self>, serde_json::Error> {
                Ok(Some(match name {
                    $($name => Self::$variant(serde_json::from_slice(line)?),)*
                    _ => return Ok(None),
                }))
            }
        }

        $(impl From<$variant> for What {
            fn from(own: $variant) -> Self {
                Self::$variant(own)
            }
        })*
    };
}

events! {
    /// A job was made: a device is to come.
    "announced" Announced,
    /// The customer replaced the manifest.
    "updated" Updated,
    /// The job was taken back.
    "canceled" Canceled,
    /// The device did not come in time.
    "expired" Expired,
    /// A parcel with the device came.
    "received" Received,
    /// The parcel was unpacked.
    "opened" Opened,
    /// A picture was taken.
    "photographed" Photographed,
    /// A station looked at the device.
    "identified" Identified,
    /// The device is in a bay, and a station works on it.
    "docked" Docked,
    /// A volume of it that is encrypted was opened.
    "unlocked" Unlocked,
    /// What is written to it is encrypted.
    "encrypted" Encrypted,
    /// The device was asked how it is.
    "examined" Examined,
    /// The station has let go of it.
    "undocked" Undocked,
    /// A transfer began, or began again.
    "attempt" Attempt,
    /// The store was probed.
    "probed" Probed,
    /// The whole device was walked.
    "planned" Planned,
    /// A transfer stopped before its end.
    "interrupted" Interrupted,
    /// Every entry of the device has its line in the report.
    "loaded" Loaded,
    /// Every object of an export has its line in the report.
    "filled" Filled,
    /// A person gave the job up.
    "aborted" Aborted,
    /// The report lies in the log bucket.
    "reported" Reported,
    /// Bucket or device were compared with the report.
    "verified" Verified,
    /// The job stands still until somebody mends something.
    "held" Held,
    /// The job goes on.
    "resumed" Resumed,
    /// The device may be erased.
    "released" Released,
    /// The account does not want its device to be erased.
    "objected" Objected,
    /// The account does not object any more.
    "objection-withdrawn" ObjectionWithdrawn,
    /// A station erases the device from now on.
    "erase-started" EraseStarted,
    /// The device is erased.
    "erased" Erased,
    /// The device could not be erased.
    "erase-failed" EraseFailed,
    /// Somebody has destroyed the device.
    "destroyed" Destroyed,
    /// The device goes back as it is, although it was to be erased.
    "returned-unerased" ReturnedUnerased,
    /// The device was packed to go back.
    "sealed" Sealed,
    /// The device was given to a carrier.
    "handed-over" HandedOver,
    /// An earlier event told something wrongly.
    "corrected" Corrected,
    /// Nothing more is to come.
    "closed" Closed,
    /// The installation has a key.
    "key-made" KeyMade,
    /// The installation has another key.
    "key-rotated" KeyRotated,
    /// A key counts no more, and may be in wrong hands.
    "key-revoked" KeyRevoked,
    /// A station belongs to the installation.
    "station-admitted" StationAdmitted,
    /// What opened a device is kept no more.
    "secret-destroyed" SecretDestroyed,
    /// A parcel came that no job is known for.
    "parcel-unknown" ParcelUnknown,
}
