//! The messages between a station and its server, as JSON over HTTP. `docs/formats.md` lists the
//! paths.
//!
//! Every message is idempotent under its lease token: a station that lost an answer asks again.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::custody::Custody;
use crate::delivered::{Delivered, Sums};
use crate::device::DeviceFacts;
use crate::disposal::{Disposal, Objection, Unerased};
use crate::ids::{AccountId, BucketName, JobId, JobType, StationName};
use crate::loading::Figures;
use crate::progress::{AbortReason, LogLocation, Progress};
use crate::secret::DeviceSecret;
use crate::share::SharedStore;
use crate::stopped::{StopCause, Stopped};
use crate::time::Timestamp;
use crate::without::Without;

/// The version of the messages in which this release speaks. 2 added `version` and `facts` to a claim, 3 `reads_files`,
/// 4 the heartbeat, 5 `cause` of a denial, `version` of a renewal, `on-hold`, `mended`,
/// `from_journal` and `without`, 6 `session` of a way to a store, and the message that asks for another key, 7 the
/// messages about erasing ([`crate::disposal::messages`]), the order to erase, and `unerased` of a return, 8 `secrets` of a
/// claim, the order to unlock, and what is told of the device of a lease
/// ([`crate::handling`]), 9 `untouched` of a release, `secrets` of the claim of an export, and what is told of how its device
/// is encrypted.
/// Whoever reads a message passes over fields it does not know, and does without those that an earlier version does not
/// have.
pub const PROTOCOL_VERSION: u32 = 9;

/// The first version whose stations understand [`LeaseState::OnHold`].
pub const KNOWS_ON_HOLD: u32 = 5;

/// The first version whose stations can use a key that ends by itself, [`KeySession`].
pub const KNOWS_SESSIONS: u32 = 6;

/// The first version whose stations try the secrets of a claim, [`Claim::secrets`].
pub const KNOWS_SECRETS: u32 = 8;

/// The first version whose stations encrypt the device of an export, or do not fill it.
pub const ENCRYPTS_EXPORTS: u32 = 9;

/// The version of a station that does not say.
fn first_version() -> u32 {
    1
}

/// `POST /station/v1/claim`: a device has appeared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRequest {
    /// The [`PROTOCOL_VERSION`] of the station.
    #[serde(default = "first_version")]
    pub version: u32,
    /// Who has it.
    pub station: StationName,
    /// The SIGNATURE file's bytes in base64, if there is one.
    pub signature_file: Option<String>,
    /// The job the operator says it belongs to.
    pub job: Option<JobId>,
    /// Where the operator sees it, for messages and the history.
    pub device: String,
    /// As what it is docked. An earlier release does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<View>,
    /// What keeps the device from being loaded whatever its job, where the station has seen that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<StopCause>,
    /// The size of a device that is docked as a block device or image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// What the station knows of the device, whatever it is called there. An earlier release does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<DeviceFacts>,
    /// Whether the station can read the files of a device that is docked as a block device or image, itself and
    /// without mounting it. An earlier release cannot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reads_files: bool,
    /// What all files on the device come to, in bytes, where they are listed before the claim: of a block device or image.
    /// An earlier release does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files_bytes: Option<u64>,
    /// Whether there is no device, and the journal of the station is all that is had of a job that is to end with what is
    /// loaded of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub from_journal: bool,
}

impl ClaimRequest {
    /// The claim for a device that is seen at `device` and of which no more is known.
    #[must_use]
    pub fn new(station: StationName, device: String) -> Self {
        Self {
            version: PROTOCOL_VERSION,
            station,
            signature_file: None,
            job: None,
            device,
            view: None,
            obstacle: None,
            bytes: None,
            facts: None,
            reads_files: false,
            files_bytes: None,
            from_journal: false,
        }
    }
}

/// As what a device is docked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// A folder where its file system is mounted.
    Mounted,
    /// A block device or image as it is.
    Raw,
    /// A block device or image that may be formatted to be filled, or was for its job.
    Fill,
}

/// The answer to a claim.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum ClaimAnswer {
    /// Load it.
    Granted(Box<Claim>),
    /// Do not load it.
    Denied {
        /// A stable word: [`crate::dispatch::Denial::code`], or `Leased`,
        /// `Unsupported`, `BucketPermission`.
        code: String,
        /// What is wrong.
        message: String,
        /// What the operator can do.
        hint: String,
        /// The job concerned, where one is known.
        job: Option<JobId>,
        /// What the job waits for, where it waits for something that is known. An earlier release does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<StopCause>,
    },
}

/// A station's right to a job, and all it needs to do it.
#[derive(Clone, Serialize, Deserialize)]
pub struct Claim {
    /// The job.
    pub job: JobId,
    /// Import or export.
    pub job_type: JobType,
    /// Whose it is.
    pub account: AccountId,
    /// When it was created.
    pub created: Timestamp,
    /// The manifest to the byte.
    pub manifest: String,
    /// How many times the job has been claimed, from 1.
    pub attempt: u32,
    /// When the first of its attempts began, by the server's clock. An earlier release does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Timestamp>,
    /// The right itself.
    pub lease: LeaseToken,
    /// Seconds the lease holds without a sign of life.
    pub lease_seconds: u32,
    /// Where each bucket of the manifest lies.
    pub buckets: Vec<BucketAccess>,
    /// Where the image of the device goes, in an EBS or Glacier import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageTarget>,
    /// That nothing more is loaded, and why. A station of an earlier release loads what it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<Without>,
    /// What the device is loaded in spite of, as a person has said. A station of an earlier release holds nothing for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub as_it_is: Vec<StopCause>,
    /// What may open the volumes of the device that are encrypted, beside what stands in the manifest: the last that came
    /// first. A station of an earlier release passes over it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<DeviceSecret>,
}

/// Where the image of a device goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "kebab-case")]
pub enum ImageTarget {
    /// A snapshot, through the EBS direct APIs.
    Snapshot(StoreAccess),
    /// An archive in a vault, through the Glacier API.
    Vault(VaultAccess),
    /// Objects in the log bucket.
    Objects {
        /// Their storage class, where it is not the store's default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        storage_class: Option<String>,
    },
}

/// How to reach a Glacier API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VaultAccess {
    /// The vault's account as the API's paths name it: twelve digits, or `-` for the key's own.
    pub account: String,
    /// Where the API is, and with which key.
    #[serde(flatten)]
    pub access: StoreAccess,
}

/// Leaves out the manifest, which may hold a device's password, and the secrets.
impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("job", &self.job)
            .field("attempt", &self.attempt)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

impl Claim {
    /// How to reach one of the job's buckets.
    #[must_use]
    pub fn access(&self, bucket: &BucketName) -> Option<&StoreAccess> {
        self.way(bucket).map(|way| &way.access)
    }

    /// The same, with what is to be known of the store's rate.
    #[must_use]
    pub fn way(&self, bucket: &BucketName) -> Option<&BucketAccess> {
        self.buckets.iter().find(|way| &way.bucket == bucket)
    }
}

/// A bucket and how to reach it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BucketAccess {
    /// The bucket.
    pub bucket: BucketName,
    /// The store that has it.
    pub access: StoreAccess,
    /// What is to be known of its rate, where several stations share that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<SharedStore>,
}

/// How to reach an S3-compatible store.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreAccess {
    /// `http://` or `https://`, host, port.
    pub endpoint: String,
    /// The region to sign for.
    pub region: String,
    /// Whether the bucket goes into the path rather than into the host name.
    pub path_style: bool,
    /// The access key.
    pub access_key_id: String,
    /// Its secret. Never logged: `Debug` leaves it out.
    pub secret_access_key: String,
    /// That the key ends by itself, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<KeySession>,
    /// The proxy that leads there, perhaps with a password; `none` if none is to be used. Without it: as
    /// the station's own surroundings say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Certificates of authorities to trust there, beside those of the station's host, in the form of PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<String>,
}

impl fmt::Debug for StoreAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreAccess")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// What goes with a key that ends by itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySession {
    /// What is sent with every request. Never logged.
    pub token: String,
    /// Seconds for which the key is good, as of this message.
    pub seconds: u32,
}

impl fmt::Debug for KeySession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySession")
            .field("seconds", &self.seconds)
            .finish_non_exhaustive()
    }
}

/// `POST /station/v1/lease/keys`: the keys of a lease's stores end, and others are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysRequest {
    /// The job.
    pub job: JobId,
    /// The right to it.
    pub lease: LeaseToken,
}

/// The answer to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeysAnswer {
    /// Where each bucket of the manifest lies, as in a claim.
    pub buckets: Vec<BucketAccess>,
}

/// The proof of a lease: 32 hexadecimal digits, different for every attempt, so that a station
/// that lost its lease cannot act on it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaseToken(pub String);

impl fmt::Debug for LeaseToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeaseToken(…)")
    }
}

/// `POST /station/v1/lease/renew`: a sign of life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    /// The [`PROTOCOL_VERSION`] of the station.
    #[serde(default = "first_version")]
    pub version: u32,
    /// The job.
    pub job: JobId,
    /// The right to it.
    pub lease: LeaseToken,
    /// How far it is.
    #[serde(flatten)]
    pub figures: Figures,
}

/// What has become of the entries so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Entries whose bytes are in the store.
    pub stored: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Entries left out by a rule.
    pub ignored: u64,
    /// Entries that should have been stored and were not.
    pub failed: u64,
}

/// The answer to a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeaseState {
    /// Go on.
    Held,
    /// The customer canceled the job: stop.
    Canceled,
    /// The lease went to another attempt: stop, touch nothing.
    Lost,
    /// A person has put the job on hold: stop. Only who is known to understand it is told so; to others the lease is lost.
    OnHold,
}

/// `POST /station/v1/lease/finish`: how a lease ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conclusion {
    /// The job.
    pub job: JobId,
    /// The right to it.
    pub lease: LeaseToken,
    /// How it ends.
    pub ending: Ending,
}

/// How a lease ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "kebab-case")]
pub enum Ending {
    /// Every entry has its line in the report.
    Finished {
        /// Entries that should have been stored and were not.
        errors: u64,
        /// Where the report lies.
        log: LogLocation,
        /// What the customer should know beyond that, in whole sentences: becomes part of
        /// `ProgressMessage`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
        /// The files that the report is made of, in its bucket. An earlier release does not say.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<Delivered>,
        /// What the report adds up to. An earlier release does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sums: Option<Box<Sums>>,
    },
    /// The job is given up.
    Aborted {
        /// Why.
        reason: AbortReason,
    },
    /// Interrupted; another attempt goes on.
    Released {
        /// What interrupted it, for the operator who reads the server's log.
        reason: String,
        /// The same as the customer may know it. An earlier release does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<StopCause>,
        /// The bucket it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bucket: Option<BucketName>,
        /// What more the customer should know of it. An earlier release does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
        /// Whether this station has moved nothing of the job, in no attempt. An earlier release does not say.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        untouched: bool,
    },
}

/// `POST /station/v1/return`: a device goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnRequest {
    /// The job.
    pub job: JobId,
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number for the parcel.
    pub tracking_number: String,
    /// That it goes as it is, although it was to be erased. An earlier release does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unerased: Option<Unerased>,
}

/// `POST /station/v1/job`: whose job is this, and how is it?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRequest {
    /// The job.
    pub job: JobId,
}

/// What an operator is shown of a job before something is done to it that cannot be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFacts {
    /// The job.
    pub job: JobId,
    /// Import or export.
    pub job_type: JobType,
    /// Whose it is.
    pub account: AccountId,
    /// What the operator calls the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_name: Option<String>,
    /// The customer's name of the device; none if the manifest cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// Where the device is.
    pub custody: Custody,
    /// What became of the data.
    pub progress: Progress,
    /// What became of the device.
    #[serde(default, skip_serializing_if = "Disposal::is_kept")]
    pub disposal: Disposal,
    /// That its account objects to an erase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objection: Option<Objection>,
    /// That it stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// Whether it is on hold for longer than the operator's `hold_days`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overdue: bool,
    /// What its device is loaded in spite of, as a person has said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub as_it_is: Vec<StopCause>,
    /// The station that is at work on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<StationName>,
}

/// `POST /station/v1/abort`: a person gives a job up, who has seen whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbortRequest {
    /// The job.
    pub job: JobId,
    /// Why.
    pub reason: AbortReason,
    /// The same in the person's words, which the customer reads.
    pub because: String,
    /// Whose job the person was shown. Anything else is refused.
    pub account: AccountId,
    /// The [`Progress::code`] the person was shown. A job that has moved on since is left alone.
    pub shown: String,
}

/// `POST /station/v1/retry`: a job that is over with failures is to be gone on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryRequest {
    /// The job.
    pub job: JobId,
}

/// `POST /station/v1/hold`: a person has a job wait until a person says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRequest {
    /// The job.
    pub job: JobId,
    /// Why, in words that the customer reads.
    pub because: String,
}

/// `POST /station/v1/resume`: what a job is on hold for is mended, a person says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResumeRequest {
    /// The job.
    pub job: JobId,
}

/// `POST /station/v1/give-up`: nobody will mend what a job is on hold for, says a person who has seen whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiveUpRequest {
    /// The job.
    pub job: JobId,
    /// Why, in words that the customer reads.
    pub because: String,
    /// Whose job the person was shown. Anything else is refused.
    pub account: AccountId,
    /// The [`Progress::code`] the person was shown. A job that has moved on since is left alone.
    pub shown: String,
}

/// `POST /station/v1/finish-without`: a job is to end with what is loaded of it, says a person who has seen whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishRequest {
    /// The job.
    pub job: JobId,
    /// Why, in words that the customer reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Whose job the person was shown. Anything else is refused.
    pub account: AccountId,
    /// The [`Progress::code`] the person was shown. A job that has moved on since is left alone.
    pub shown: String,
}

/// Any refusal of the station API, with an HTTP status of 4xx or 5xx.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlFault {
    /// A stable word.
    pub code: String,
    /// What is wrong.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Connector;

    /// One frozen sample of each version of the messages: what stations in the field send.
    #[test]
    fn claims_of_every_version_are_read() {
        let first = r#"{"station":"dock-1","signature_file":"c2ln","job":null,
            "device":"/mnt/disk","view":"mounted"}"#;
        let second = r#"{"version":2,"station":"dock-1","signature_file":"c2ln","job":"ABCDE",
            "device":"/dev/sdb","view":"raw","bytes":2000398934016,"facts":{"maker":"WDC",
            "model":"WD20EZAZ","serial":"WD-1","bytes":2000398934016,"connector":"sata"}}"#;
        let third = r#"{"version":3,"station":"dock-1","signature_file":"c2ln","job":null,
            "device":"/dev/sdb","view":"raw","bytes":2000398934016,"reads_files":true}"#;
        let read = |text: &str| serde_json::from_str::<ClaimRequest>(text).unwrap();
        let (first, second, third) = (read(first), read(second), read(third));
        assert!(third.reads_files && !second.reads_files && !first.reads_files);
        assert_eq!((first.version, &first.facts), (1, &None));
        assert_eq!(first.view, Some(View::Mounted));
        let facts = DeviceFacts {
            maker: Some("WDC".to_owned()),
            model: Some("WD20EZAZ".to_owned()),
            serial: Some("WD-1".to_owned()),
            wwn: None,
            bytes: Some(2_000_398_934_016),
            connector: Some(Connector::Sata),
            ..DeviceFacts::default()
        };
        assert_eq!((second.version, &second.facts), (2, &Some(facts)));
        for claim in [first, second, third] {
            let again = serde_json::to_string(&claim).unwrap();
            assert_eq!(read(&again), claim);
        }
    }

    #[test]
    fn a_renewal_is_flat_and_what_old_stations_say_is_understood() {
        let old = r#"{"job":"ABCDE","lease":"00","current":"a/b",
            "tally":{"stored":1,"bytes":18446744073709551615,"ignored":2,"failed":3}}"#;
        let renewal: Renewal = serde_json::from_str(old).unwrap();
        assert_eq!(renewal.figures.tally.bytes, u64::MAX);
        assert_eq!(renewal.figures.current.as_deref(), Some("a/b"));
        assert_eq!((renewal.figures.found, renewal.figures.rate), (0, None));

        let mut new = serde_json::to_value(&renewal).unwrap();
        assert_eq!(renewal.version, 1);
        new["version"] = 5.into();
        new["found"] = 9.into();
        new["seconds_left"] = 7.into();
        let renewal: Renewal = serde_json::from_value(new.clone()).unwrap();
        let figures = &renewal.figures;
        assert_eq!((figures.found, figures.seconds_left), (9, Some(7)));
        assert_eq!(serde_json::to_value(&renewal).unwrap(), new);

        let without_tally = r#"{"job":"ABCDE","lease":"00","current":null}"#;
        assert!(serde_json::from_str::<Renewal>(without_tally).is_err());
    }
}
