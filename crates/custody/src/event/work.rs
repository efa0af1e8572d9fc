//! Events of a job: what it is for, how its transfer goes, and what it stands still for.

use model::capabilities::Capabilities;
use model::proof::ReadBack;
use model::report::lines::Totals;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::moment::Moment;
use crate::told::Told;

/// A job was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// Of the manifest as it was submitted, to the byte.
    pub manifest_sha256: Digest,
    /// What the customer calls the device.
    pub device_id: Option<Told>,
    /// Whether the device is to be erased before it goes back.
    pub erase: Option<bool>,
    /// The fingerprint of the key that receipts are signed with now, `SHA256:…`.
    pub signers: Option<String>,
}

/// The customer replaced the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Updated {
    /// Of the new one.
    pub manifest_sha256: Digest,
}

/// The job was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canceled {
    /// Of the manifest in force.
    pub manifest_sha256: Digest,
    /// Why, where it was not the customer.
    pub reason: Option<Told>,
}

/// The device did not come in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expired {
    /// Of the manifest in force.
    pub manifest_sha256: Digest,
}

/// A transfer began, or began again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
}

/// The store was probed, before anything was sent to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    /// How much of what is stored is read back.
    pub read_back: ReadBack,
    /// What the store was found to do.
    pub store_findings: Capabilities,
}

/// The whole device was walked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Entries that were found.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A transfer stopped before its end, and goes on when a station takes the device up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupted {
    /// The stable word for it.
    pub cause: String,
}

/// What a transfer came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Entries that should have been transferred and were not, or not whole.
    pub errors: u64,
    /// The sums of the report.
    pub tally: Option<Totals>,
    /// Stretches of the device that could not be read.
    pub bad_ranges: Option<u64>,
    /// How long it took, in all attempts.
    pub seconds: Option<u64>,
}

/// Every entry of the device has its line in the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Loaded(pub Outcome);

/// Every object of an export has its line in the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Filled(pub Outcome);

/// A person gave the job up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aborted {
    /// The code of AWS.
    pub cause: String,
    /// Why, in the person's words.
    pub reason: Option<Told>,
}

/// Bucket or device were compared with the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// What was compared.
    pub what: Side,
    /// How much of it, in percent.
    pub share: Option<Told>,
    /// The number that chose the share.
    pub seed: Option<u64>,
    /// Entries that are not as the report says.
    pub differences: u64,
    /// Of the report for programs.
    pub report_sha256: Option<Digest>,
}

/// What a report is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// The objects.
    Bucket,
    /// The files of the device.
    Device,
}

/// The job stands still until somebody mends something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The stable word for it.
    pub cause: String,
    /// When it is given up, if it is.
    pub until: Option<Moment>,
}

/// The job goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resumed {
    /// How it came to: the stable word for it.
    pub cause: String,
    /// Until when; null unless it goes on for a time only.
    pub until: Option<Moment>,
}
