//! What is said between a service and the people who run it: the documents of `/operator/v1`, and of `--json` on the
//! command line. `docs/operator-api.md` lists the paths.
//!
//! Names are those that the API of AWS has for the same thing. Fields are only added; whoever reads passes over those
//! it does not know. Refusals are [`ControlFault`](crate::control::ControlFault)s.

pub mod audit;
pub mod console;
pub mod custody;
pub mod disposal;
pub mod notices;
pub mod parcels;
pub mod rates;
pub mod reports;
pub mod scanned;
pub mod stations;
pub mod stores;
pub mod today;
pub mod users;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::actor::Actor;
use crate::control::JobFacts;
use crate::event::Event;
use crate::ids::{
    AccessKeyId, AccountId, BucketName, IdentityName, JobId, JobType, PersonName, StationName,
};
use crate::job::Job;
use crate::parcel::Due;
use crate::progress::AbortReason;
use crate::role::Role;
use crate::secret::DeviceSecret;
use crate::stopped::Stopped;
use crate::time::Timestamp;

/// `GET /operator/v1/me`: who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Me {
    /// As histories name the caller.
    pub actor: Actor,
    /// What the caller may do; none for a station.
    pub role: Option<Role>,
}

/// `GET /operator/v1/jobs`: a page of the jobs of all accounts, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobsPage {
    /// The jobs.
    pub jobs: Vec<JobLine>,
    /// The `before` of the next page, where there are more.
    pub next: Option<JobId>,
}

/// A job in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobLine {
    /// Which.
    pub job_id: JobId,
    /// Import or export.
    pub job_type: JobType,
    /// Whose.
    pub account: AccountId,
    /// What that account is called.
    pub account_name: Option<String>,
    /// When it was made.
    pub creation_date: Timestamp,
    /// Where the device is.
    pub location_code: String,
    /// The station that has it.
    pub station: Option<StationName>,
    /// The serial number that the device tells, as far as a station has seen it.
    pub serial: Option<String>,
    /// What became of the data.
    pub progress_code: String,
    /// Files that failed, of a job that is over.
    pub error_count: Option<u64>,
    /// What it is on hold for, if it is: somebody has to mend something.
    pub held: Option<HeldLine>,
}

/// Of what age a hold is overdue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// What time it is.
    pub now: Timestamp,
    /// The operator's `hold_days`.
    pub days: u32,
}

/// What a job is on hold for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HeldLine {
    /// Since when.
    pub since: Timestamp,
    /// Why, in a stable word.
    pub code: String,
    /// The same in the sentences that the customer reads.
    pub message: String,
    /// The bucket that it is about, where there is just one that can be meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<BucketName>,
    /// What of the message are a person's own words, or the place in the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// Whether nobody has mended it for longer than the operator's `hold_days`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overdue: bool,
}

impl From<&Stopped> for HeldLine {
    fn from(stopped: &Stopped) -> Self {
        Self {
            since: stopped.at,
            code: stopped.cause.code().to_owned(),
            message: stopped.to_string(),
            bucket: stopped.bucket.clone(),
            words: stopped.words.clone(),
            overdue: false,
        }
    }
}

impl JobLine {
    /// The line of a job whose account is called so.
    #[must_use]
    pub fn of(job: &Job, account_name: Option<String>, Patience { now, days }: Patience) -> Self {
        let held = job.hold().map(|hold| HeldLine {
            overdue: hold.is_overdue(now, days),
            ..HeldLine::from(hold)
        });
        Self {
            job_id: job.id,
            job_type: job.job_type,
            account: job.account.clone(),
            account_name,
            creation_date: job.created,
            location_code: job.custody.code().to_owned(),
            station: job.custody.station().cloned(),
            serial: job.custody.serial().map(str::to_owned),
            progress_code: job.progress.code().to_owned(),
            error_count: job.progress.errors(),
            held,
        }
    }
}

/// `GET /operator/v1/jobs/JOBID`: a job, without its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobDetail {
    /// As a list has it.
    #[serde(flatten)]
    pub line: JobLine,
    /// What its customer calls the device.
    pub device_id: Option<String>,
    /// Who carries the device back.
    pub carrier: Option<String>,
    /// The carrier's number for the parcel.
    pub tracking_number: Option<String>,
    /// The station that is at work on it at this moment.
    pub at_work: Option<StationName>,
    /// What became of the device, in a stable word.
    #[serde(default)]
    pub disposal: String,
    /// Why its account objects to an erase.
    #[serde(default)]
    pub objection: Option<String>,
    /// How far its transfer is, while there is one.
    #[serde(default)]
    pub figures: Option<stations::FiguresLine>,
    /// What is to become of its device, once somebody has that in hand.
    #[serde(default)]
    pub due: Option<Due>,
    /// The same for a person.
    #[serde(default)]
    pub due_sentence: Option<String>,
    /// Whether its device is taken as an image, by a sheet.
    #[serde(default)]
    pub is_image: bool,
}

impl JobDetail {
    /// What stands on the tag of its device, a line each: whose it is, which, and what is due. `shown` makes a name from
    /// elsewhere harmless.
    #[must_use]
    pub fn shelf_lines(&self, shown: impl Fn(&str) -> String) -> Vec<String> {
        let line = &self.line;
        let name = line.account_name.as_deref();
        let whose = name.map_or_else(|| line.account.to_string(), &shown);
        let due = self.due_sentence.as_deref().map(&shown);
        let device = [self.device_id.as_deref(), line.serial.as_deref()];
        let device = device.into_iter().flatten().map(&shown);
        let device: Vec<String> = device.chain(Some(line.progress_code.clone())).collect();
        let lines = [
            Some(format!("{} of {whose}", line.job_type.as_str())),
            Some(device.join(", ")),
            due,
        ];
        lines.into_iter().flatten().collect()
    }
}

impl From<JobFacts> for JobDetail {
    fn from(facts: JobFacts) -> Self {
        let parcel = facts.custody.parcel();
        let parcel = parcel.map(|(carrier, number)| (carrier.to_owned(), number.to_owned()));
        let (carrier, tracking_number) = parcel.unzip();
        let line = JobLine {
            job_id: facts.job,
            job_type: facts.job_type,
            account: facts.account,
            account_name: facts.account_name,
            creation_date: facts.created,
            location_code: facts.custody.code().to_owned(),
            station: facts.custody.station().cloned(),
            serial: facts.custody.serial().map(str::to_owned),
            progress_code: facts.progress.code().to_owned(),
            error_count: facts.progress.errors(),
            held: facts
                .stopped
                .as_ref()
                .filter(|why| why.is_held())
                .map(|why| HeldLine {
                    overdue: facts.overdue,
                    ..HeldLine::from(why)
                }),
        };
        Self {
            line,
            device_id: facts.device_id,
            carrier,
            tracking_number,
            at_work: facts.held_by,
            disposal: facts.disposal.code().to_owned(),
            objection: facts.objection.map(|objection| objection.because),
            figures: None,
            due: None,
            due_sentence: None,
            is_image: false,
        }
    }
}

/// `GET /operator/v1/jobs/JOBID/history`: what happened to a job, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct History {
    /// Which job.
    pub job_id: JobId,
    /// What happened.
    pub history: Vec<HistoryEntry>,
    /// The same as the log of custody tells it to people, which begins where that log does.
    #[serde(default)]
    pub told: Vec<ToldLine>,
}

/// An event of the log of custody, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ToldLine {
    /// Its number in its job, from 0.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who did it, and where.
    pub who: String,
    /// What happened, in one sentence.
    pub sentence: String,
}

/// Something that happened to a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// Whose request or command it was.
    pub actor: Actor,
    /// What happened, in a stable word: `Created`, or the name of an event in `docs/job-states.md`.
    pub event: String,
    /// The event as the job store has it; none of `Created`.
    pub details: Option<Value>,
}

impl HistoryEntry {
    /// The line of an event; `None` is the job's creation.
    #[must_use]
    pub fn of(at: Timestamp, actor: Actor, event: Option<&Event>) -> Self {
        Self {
            at,
            actor,
            event: event.map_or("Created", Event::name).to_owned(),
            details: event.and_then(|event| serde_json::to_value(event).ok()),
        }
    }
}

/// `POST /operator/v1/jobs/JOBID/abort`: ends a job, having seen whose it is and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Abort {
    /// What the customer sees as its `ProgressCode`.
    pub reason: AbortReason,
    /// Why, in a sentence that the customer reads.
    pub because: String,
    /// Whose job it was when the person looked.
    pub account: AccountId,
    /// Its `ProgressCode` then.
    pub progress_code: String,
}

/// `POST /operator/v1/jobs/JOBID/hold`: has a job wait until a person says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HoldFor {
    /// Why, in words that the customer reads.
    pub because: String,
}

/// `POST /operator/v1/jobs/JOBID/secret`: what opens the device of the job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GiveSecretFor {
    /// A password, or a recovery password of BitLocker.
    pub secret: DeviceSecret,
}

/// `POST /operator/v1/jobs/JOBID/give-up` and `…/finish-without`: nobody will mend what a job is on hold for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GiveUpFor {
    /// Why, in words that the customer reads; needed to give up.
    #[serde(default)]
    pub because: Option<String>,
    /// Whose job it was when the person looked.
    pub account: AccountId,
    /// Its `ProgressCode` then.
    pub progress_code: String,
}

/// `POST /operator/v1/jobs/JOBID/return`: the device was sent back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Return {
    /// Who carries it.
    pub carrier: String,
    /// The carrier's number for the parcel.
    pub tracking_number: String,
    /// Why it goes as it is, although it was to be erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unerased: Option<String>,
    /// Who answers for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

/// `GET /operator/v1/accounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountList {
    /// All of them, by name.
    pub accounts: Vec<AccountLine>,
}

/// An account, and the buckets that it may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountLine {
    /// Its number.
    pub account: AccountId,
    /// What it is called.
    pub name: String,
    /// Buckets it may import to: names, or beginnings followed by `*`.
    pub import: Vec<String>,
    /// Buckets it may export from.
    pub export: Vec<String>,
    /// Bytes that a job of it may load, where that was said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_bytes: Option<u64>,
}

/// `POST /operator/v1/accounts/limit`: how much a job of the account of this name or number may load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountLimit {
    /// Which account.
    pub name: String,
    /// `5TB`, or `none` for as much as there is, whatever the settings say.
    pub most: String,
}

/// `POST /operator/v1/accounts` makes an account of this name; `…/allow` and `…/deny` give rights to the account of
/// this name or number, and take them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountRights {
    /// Which account.
    pub name: String,
    /// Buckets to import to.
    #[serde(default)]
    pub import: Vec<String>,
    /// Buckets to export from.
    #[serde(default)]
    pub export: Vec<String>,
}

/// `GET /operator/v1/keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyList {
    /// All of them, the oldest first.
    pub keys: Vec<KeyLine>,
}

/// An access key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyLine {
    /// Which.
    pub access_key_id: AccessKeyId,
    /// Whose.
    pub account: AccountId,
    /// What that account is called.
    pub account_name: String,
    /// The user of the account that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<IdentityName>,
    /// When it was made.
    pub created: Timestamp,
    /// Since when it is void.
    pub revoked: Option<Timestamp>,
}

/// `POST /operator/v1/keys`: a key for the account of this name or number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct KeyFor {
    /// Which account.
    pub account: String,
    /// For this user of it; none for a key that may all that the account may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<IdentityName>,
}

/// A key that was just made. `Debug` leaves out the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewKey {
    /// Which.
    pub access_key_id: AccessKeyId,
    /// Its secret half, which is shown this once.
    pub secret_access_key: String,
    /// Whose.
    pub account: AccountId,
    /// What that account is called.
    pub account_name: String,
    /// The user of the account that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<IdentityName>,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewKey({}, …)", self.access_key_id)
    }
}

/// `GET /operator/v1/operators`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PersonList {
    /// All of them, by name.
    pub operators: Vec<PersonLine>,
}

/// A person who runs the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PersonLine {
    /// Who.
    pub name: PersonName,
    /// What the person may do.
    pub role: Role,
    /// Since when.
    pub added: Timestamp,
    /// Since when no more.
    pub revoked: Option<Timestamp>,
}

/// `POST /operator/v1/operators`: a person who is to run the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewPerson {
    /// Who.
    pub name: PersonName,
    /// What the person may do.
    pub role: Role,
}

/// A token that was just made, for a station or a person. `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewToken {
    /// Whose.
    pub name: String,
    /// The token, which is shown this once.
    pub token: String,
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewToken({}, …)", self.name)
    }
}
