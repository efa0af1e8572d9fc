//! What can happen to a job. Events are kept with the job as its history.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::delivered::{Delivered, Sums};
use crate::device::DeviceFacts;
use crate::disposal::{GrantId, Release, Unerased};
use crate::erasure::{ErasureEnd, Technique};
use crate::hold::Mended;
use crate::ids::{BucketName, JobType, StationName};
use crate::progress::{AbortReason, LogLocation};
use crate::signature::SignatureSeen;
use crate::stopped::StopCause;

/// Something that happened, or is asked to happen, to a job.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The customer replaced the manifest, perhaps the type.
    Updated {
        /// The type from now on.
        job_type: JobType,
        /// The whole new manifest. Not kept in the history: it may hold a device's password.
        #[serde(skip)]
        manifest: String,
    },
    /// The customer took the job back, or the operator gave it up.
    Canceled {
        /// Whether a transfer that runs may be canceled.
        running: WhileRunning,
        /// Why, in the operator's words, which the customer reads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
    },
    /// The device did not come in time.
    Expired,
    /// A station has the device.
    DeviceArrived {
        /// Which station.
        station: StationName,
        /// What the station knows of the device. An earlier release does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<DeviceFacts>,
        /// What its SIGNATURE is worth, where a station has looked. An earlier release does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<SignatureSeen>,
    },
    /// The device went back to the customer.
    DeviceReturned {
        /// Who carries it.
        carrier: String,
        /// The carrier's number for the parcel.
        tracking_number: String,
        /// That it goes as it is, although it was to be erased.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unerased: Option<Unerased>,
    },
    /// A station began to transfer, or began again after an interruption.
    TransferStarted,
    /// Every entry has its line in the report.
    TransferFinished {
        /// Entries that should have been transferred and were not.
        errors: u64,
        /// Where the report lies.
        log: LogLocation,
        /// What the customer should know beyond that, in whole sentences.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
        /// The files that it is made of, in its bucket. A station of an earlier release does not say.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<Delivered>,
        /// What the report adds up to. A station of an earlier release does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sums: Option<Box<Sums>>,
    },
    /// A person gave the job up.
    TransferAborted {
        /// Why.
        reason: AbortReason,
        /// The same in the person's words, which the customer reads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
    },
    /// The job stands still: its transfer stopped, or its device was not taken.
    Stopped {
        /// Why.
        cause: StopCause,
        /// The bucket it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bucket: Option<BucketName>,
        /// What more the customer reads of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
        /// What a station said of it, for the operator: it may name stores and hosts.
        detail: String,
        /// Whether no attempt has moved anything yet. An earlier release does not say.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        untouched: bool,
    },
    /// What the job was on hold for is mended: it goes on when a station takes the device up.
    Resumed {
        /// How that is known.
        how: Mended,
    },
    /// The job is to end with what is loaded: nobody mends what it is on hold for.
    ToFinishWithout {
        /// Why, in a person's words, which the customer reads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
    },
    /// The job was over with failures, and is to be gone on with for those files alone.
    Reopened,
    /// The device may be erased.
    Released(Release),
    /// The account does not want its device to be erased.
    Objected {
        /// Why.
        because: String,
    },
    /// The account does not object any more.
    ObjectionWithdrawn,
    /// A station erases the device from now on.
    EraseStarted {
        /// By which grant.
        grant: GrantId,
        /// How.
        technique: Technique,
        /// Who confirmed it, for a person. An earlier release does not say.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        confirmed_by: Vec<String>,
    },
    /// It is done, or failed.
    EraseEnded {
        /// What was done.
        end: Box<ErasureEnd>,
        /// Who confirmed it, for a person. An earlier release does not say.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        confirmed_by: Vec<String>,
    },
    /// Somebody has destroyed the device.
    Destroyed(Unerased),
}

/// As it is stored: without the manifest, which may hold a device's password.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

/// Whether `CancelJob` may stop a transfer that runs. AWS's reference says no, its guide yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhileRunning {
    /// `UnableToCancelJobIdException`, as the API reference says.
    Refuse,
    /// The transfer stops, as the developer guide says.
    Cancel,
}

/// Whether no attempt but the last has moved anything, by all that happened to a job: each of them ended with a station that
/// said so.
#[must_use]
pub fn moved_nothing_before<'a>(history: impl IntoIterator<Item = &'a Event>) -> bool {
    let mut is_open = false;
    for event in history {
        match event {
            Event::TransferStarted if is_open => return false,
            Event::TransferStarted => is_open = true,
            Event::Stopped {
                untouched: true, ..
            } => is_open = false,
            _ => {}
        }
    }
    true
}

impl Event {
    /// The event's name, as in the history and the state table.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Updated { .. } => "Updated",
            Self::Canceled { .. } => "Canceled",
            Self::Expired => "Expired",
            Self::DeviceArrived { .. } => "DeviceArrived",
            Self::DeviceReturned { .. } => "DeviceReturned",
            Self::TransferStarted => "TransferStarted",
            Self::TransferFinished { .. } => "TransferFinished",
            Self::TransferAborted { .. } => "TransferAborted",
            Self::Stopped { .. } => "Stopped",
            Self::Resumed { .. } => "Resumed",
            Self::ToFinishWithout { .. } => "ToFinishWithout",
            Self::Reopened => "Reopened",
            Self::Released(_) => "Released",
            Self::Objected { .. } => "Objected",
            Self::ObjectionWithdrawn => "ObjectionWithdrawn",
            Self::EraseStarted { .. } => "EraseStarted",
            Self::EraseEnded { .. } => "EraseEnded",
            Self::Destroyed(_) => "Destroyed",
        }
    }
}
