//! The log of custody and the receipts of jobs: the documents of `/operator/v1/custody`, and of `jobs/JOBID/receipt`, `…/photograph`
//! and `…/correct`.

use serde::{Deserialize, Serialize};

use crate::delivered::Sha256Hex;
use crate::ids::JobId;
use crate::photograph::Subject;
use crate::time::Timestamp;

/// `GET /operator/v1/jobs/JOBID/receipt`: the receipt of a job as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobReceipt {
    /// Of which job.
    pub job_id: JobId,
    /// Which one it is of its job, from 1.
    pub edition: u32,
    /// How many events it has.
    pub events: u64,
    /// Whether nothing more is to come.
    pub closed: bool,
    /// The file, to the byte.
    pub receipt: String,
}

/// `GET /operator/v1/jobs/JOBID/receipt.pdf`: the receipt of a job for people, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobReceiptPdf {
    /// Of which job.
    pub job_id: JobId,
    /// Which one it is of its job, from 1.
    pub edition: u32,
    /// How many events it has.
    pub events: u64,
    /// Whether nothing more is to come.
    pub closed: bool,
    /// The file, in base64.
    pub pdf: String,
}

/// `GET /operator/v1/custody`: who signs receipts, and how long the log is. So does `POST custody/rotate` answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CustodyFacts {
    /// The name under which they are signed.
    pub installation: String,
    /// The keys there ever were, the oldest first; the last is in force.
    pub keys: Vec<CustodyKeyLine>,
    /// The head of the log, signed.
    pub checkpoint: String,
    /// What is known of each witness, in the order of the settings.
    #[serde(default)]
    pub witnesses: Vec<WitnessLine>,
}

/// A witness of the log of custody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WitnessLine {
    /// What its signatures verify with: `NAME+ID+KEY`.
    pub key: String,
    /// Events of the log that it has seen.
    pub size: u64,
    /// When it signed, as it says; null if it has not since the service started.
    pub signed: Option<Timestamp>,
    /// Why it did not sign the last head that it was shown.
    pub trouble: Option<String>,
}

/// A key that receipts are, or were, signed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CustodyKeyLine {
    /// `SHA256:…`, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
    /// As OpenSSH writes it.
    pub public_key: String,
    /// From when on it signs.
    pub since: Timestamp,
    /// Until when it signed.
    pub until: Option<Timestamp>,
    /// Whether it counts no more.
    pub revoked: bool,
}

/// `POST /operator/v1/custody/rotate`: another key is to sign from now on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RotateCustodyKey {
    /// Why the key in force counts no more, if it may be in wrong hands. What it signed is then not to be believed.
    #[serde(default)]
    pub lost_because: Option<String>,
}

/// `POST /operator/v1/jobs/JOBID/photograph`: a picture was taken, which whoever took it keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Photograph {
    /// What is to be seen.
    pub of: Subject,
    /// What the file is called.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Of its content.
    pub sha256: Sha256Hex,
    /// What it is, such as `image/jpeg`.
    pub media_type: String,
}

/// `POST /operator/v1/jobs/JOBID/correct`: something was told wrongly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Correct {
    /// The `seq` of the event that says it.
    pub of: u64,
    /// What is true.
    pub says: String,
    /// How the slip came about.
    pub because: String,
}

/// `POST /operator/v1/jobs/JOBID/unpack`: the parcel of the device was unpacked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Unpack {
    /// What was in it of what belongs to the device.
    pub found: Vec<Belonging>,
    /// Whether its seal was whole; nothing of a parcel that had none.
    #[serde(default)]
    pub seal_intact: Option<bool>,
}

/// What comes with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Belonging {
    /// The device itself.
    Device,
    /// Its power supply.
    PowerSupply,
    /// A cable.
    Cable,
    /// Its packing slip.
    Slip,
}

/// `POST /operator/v1/jobs/JOBID/seal`: the device was packed to go back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Seal {
    /// What stands on the seal.
    pub seal: String,
    /// In which box.
    #[serde(default)]
    pub r#box: Option<String>,
}

/// That something was told of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Remarked {
    /// Of which job.
    pub job_id: JobId,
    /// As which event.
    pub event: String,
}
