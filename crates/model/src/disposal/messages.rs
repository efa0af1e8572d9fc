//! The messages of the station API about erasing. `docs/formats.md` lists the paths.
//!
//! A station asks with what it sees of the device; the server asks [`gate`](super::gate::gate) and grants or refuses.
//! What is granted is granted to one station at a time, by a lease that is renewed with every word on how far the erase is.
//! The job changes when the station says that it begins, right before its first write. A station that lost an answer, or was
//! killed, asks again with the grant from its journal.

use serde::{Deserialize, Serialize};

use super::GrantId;
use super::gate::Shut;
use crate::control::{LeaseState, LeaseToken};
use crate::device::DeviceFacts;
use crate::erasure::{ErasureEnd, ErasureMethod, Technique, VerifyMode};
use crate::ids::{AccountId, BayName, JobId, OrderId, StationName};
use crate::limits::COUNT_MAX;
use crate::readable;
use crate::time::Timestamp;

/// Most things that use a device which are told: a disk has at most 128 partitions.
pub const USES: usize = 256;

/// Most characters of what a thing that uses a device is called.
const USE_CHARS: usize = 120;

/// `POST /station/v1/erase/ask`: may this device be erased?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseRequest {
    /// The [`PROTOCOL_VERSION`](crate::control::PROTOCOL_VERSION) of the station.
    pub version: u32,
    /// Who has it.
    pub station: StationName,
    /// In which bay, if in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bay: Option<BayName>,
    /// Whose it is.
    pub job: JobId,
    /// What it says of itself, as in a claim.
    pub device: DeviceFacts,
    /// The SIGNATURE file's bytes in base64, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_file: Option<String>,
    /// What uses it, as the station sees it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_use: Vec<InUse>,
    /// What a person gave at the bay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// Whether it has not left its bay since it was loaded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stayed: bool,
    /// The grant that the station has a journal of: an erase that was begun and has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<GrantId>,
    /// Whether only to say what would be answered. Nothing is changed then, and no lease taken.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

/// What a person gave at the bay, or with an order: scanned or typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The job.
    pub job: JobId,
    /// The last four characters of the device's serial; of its WWN or the manifest's device id, where it tells none.
    pub serial_end: String,
    /// The order by which it was given: the server knows who gave that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// Who gave it at a terminal of the station, as that knows its users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

impl Confirmation {
    /// Of a job, by the end of its device's serial.
    #[must_use]
    pub fn of(job: JobId, serial_end: String) -> Self {
        Self {
            job,
            serial_end,
            order: None,
            user: None,
        }
    }
}

/// Something that uses a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InUse {
    /// How.
    pub how: UsedAs,
    /// What: a path, a partition, a program.
    pub what: String,
}

/// How a device is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UsedAs {
    /// It, or a part of it, is mounted.
    Mounted,
    /// Something is built on it: LVM, RAID, dm-crypt, a loop device.
    Held,
    /// The host swaps to it.
    Swap,
    /// The host runs from it.
    System,
    /// A program has it open, and does not share it.
    Open,
    /// The station itself is at work on it.
    AtWork,
    /// In a way that a later release knows.
    #[serde(other)]
    Other,
}

impl UsedAs {
    /// Every way that this release knows.
    pub const ALL: [Self; 7] = [
        Self::Mounted,
        Self::Held,
        Self::Swap,
        Self::System,
        Self::Open,
        Self::AtWork,
        Self::Other,
    ];
}

impl InUse {
    /// The same in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let what = readable::name(&self.what, USE_CHARS);
        match self.how {
            UsedAs::Mounted => format!("The device is mounted: {what}."),
            UsedAs::Held => format!("Something is built on the device: {what}."),
            UsedAs::Swap => format!("The host swaps to the device: {what}."),
            UsedAs::System => format!("The host runs from the device: {what}."),
            UsedAs::Open => format!("A program has the device open: {what}."),
            UsedAs::AtWork => format!("The station is at work on the device: {what}."),
            UsedAs::Other => format!("The device is in use: {what}."),
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum EraseAnswer {
    /// Erase it.
    Granted(Box<EraseGrant>),
    /// Touch nothing.
    Refused {
        /// Everything that stands against it.
        refusals: Vec<EraseRefusal>,
    },
    /// It would be granted: nothing was changed.
    WouldGrant {
        /// As it would be granted, without a lease.
        terms: Box<EraseTerms>,
    },
}

/// Something that stands against an erase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseRefusal {
    /// The number of the condition, from 1 to 8.
    pub condition: u8,
    /// What is wrong, in a sentence.
    pub message: String,
}

impl From<Shut> for EraseRefusal {
    fn from(shut: Shut) -> Self {
        Self {
            condition: shut.condition.number(),
            message: shut.sentence,
        }
    }
}

/// A right to erase one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseGrant {
    /// By which it is gone on with: the station keeps it in its journal.
    pub grant: GrantId,
    /// The right itself, good for this run of the station's erase only.
    pub lease: LeaseToken,
    /// Seconds the lease holds without a word.
    pub lease_seconds: u32,
    /// Whether an erase goes on that was begun before.
    pub goes_on: bool,
    /// How it is to be done.
    pub terms: EraseTerms,
}

/// How a device is to be erased, and what of its job goes into the certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseTerms {
    /// The job.
    pub job: JobId,
    /// At least this is to be achieved; a technique that gives less is not to be begun.
    pub at_least: ErasureMethod,
    /// How much is read to see that it is done.
    pub verify: VerifyMode,
    /// Whose the device is.
    pub account: AccountId,
    /// What the customer calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// What was told of it when it was loaded: it must still be so when the first byte is written.
    pub device: DeviceFacts,
    /// Where the report lies: what was on the device is there.
    pub report: String,
    /// When the lease was first given for this erase, by the server's clock.
    pub since: Timestamp,
}

/// `POST /station/v1/erase/begin`: the next thing is that a byte is written. Until this is answered, none may be.
///
/// The same again is answered alike. Of an erase that goes on it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseBegin {
    /// The job.
    pub job: JobId,
    /// The right to it.
    pub lease: LeaseToken,
    /// By which it is gone on with, as it was granted: it stands in the journal by now.
    pub grant: GrantId,
    /// How it is done.
    pub technique: Technique,
}

/// `POST /station/v1/erase/renew`: how far an erase is. Renews its lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseRenewal {
    /// The job.
    pub job: JobId,
    /// The right to it.
    pub lease: LeaseToken,
    /// How far it is.
    pub progress: EraseProgress,
}

/// How far an erase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EraseProgress {
    /// Which pass runs, from 1; verifying is one.
    pub pass: u32,
    /// How many there are.
    pub passes: u32,
    /// Bytes of this pass that are done.
    pub bytes: u64,
    /// Bytes of this pass.
    pub of_bytes: u64,
    /// About how many seconds all of it still takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<u64>,
}

impl EraseProgress {
    /// The same with numbers that a device has.
    #[must_use]
    pub fn tidied(self) -> Self {
        let most = |count: u64| count.min(COUNT_MAX);
        Self {
            bytes: most(self.bytes),
            of_bytes: most(self.of_bytes),
            seconds_left: self.seconds_left.map(most),
            ..self
        }
    }
}

/// The answer to a renewal. `Held` is to go on; anything else is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseLease {
    /// What has become of the lease.
    pub state: LeaseState,
}

/// `POST /station/v1/erase/end`: how an erase ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EraseConclusion {
    /// The job.
    pub job: JobId,
    /// The right to it.
    pub lease: LeaseToken,
    /// How it ends.
    pub ending: EraseEnding,
}

/// How an erase ends, as its station tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "kebab-case")]
pub enum EraseEnding {
    /// It is over.
    Over {
        /// With what was done.
        account: ErasureEnd,
    },
    /// It was not begun after all, or was interrupted and can be gone on with: the lease is given back.
    Interrupted {
        /// By what, for the operator.
        reason: String,
    },
}
