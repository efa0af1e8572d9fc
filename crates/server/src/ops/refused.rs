//! Why an operation is not done, in no face's words.
//!
//! Each face has one table from here to its own codes and statuses. The sentences are for people: an
//! operator at a command line or a console reads them as they are.

use model::disposal::gate::Shut;
use model::ids::{
    AccessKeyId, AccountId, BayName, IdentityName, JobId, PersonName, PolicyName, StationName,
    WebhookId,
};
use model::job::Refusal;
use model::limits::SECRETS_A_MINUTE;
use model::manifest::ManifestFaults;
use model::parcel::ParcelNumber;

use crate::access::Denied;
use crate::artifact::BadAddress;
use crate::giving_up::NoFinish;
use crate::jobstore::{IdentityKind, JobStoreError};
use crate::stores::BucketFault;
use crate::work::NotDone;

/// Why an operation is not done. Nothing was changed, except possibly with
/// [`SubmissionFault::OutcomeUnknown`].
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The caller has no right to it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// There is no such job, or none of which the caller may know; the text is the id as given.
    #[error("there is no job {0}")]
    NoSuchJob(String),
    /// The job stands so that this cannot happen to it.
    #[error("job {job}: {why}")]
    State {
        /// The job.
        job: JobId,
        /// What the state of the job forbids.
        why: Refusal,
    },
    /// What a customer submitted.
    #[error(transparent)]
    Submission(#[from] SubmissionFault),
    /// What a station or the person in front of it wants.
    #[error(transparent)]
    Docking(#[from] DockingFault),
    /// What an operator wants of accounts, keys, stations, people and lists.
    #[error(transparent)]
    Account(#[from] AccountFault),
    /// There was no turn for work that keeps a processor busy.
    #[error(transparent)]
    Busy(#[from] NotDone),
    /// The job store failed; nothing was changed.
    #[error("the service cannot reach its job store")]
    Store(#[from] JobStoreError),
    /// Our mistake; nothing was changed.
    #[error("the service failed; its log says why")]
    Internal,
}

impl Refused {
    /// No job has this id.
    pub(super) fn no_such_job(id: JobId) -> Self {
        Self::NoSuchJob(id.to_string())
    }
}

/// Why what a customer submits is not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmissionFault {
    /// The manifest has faults.
    #[error("the manifest cannot be used: {faults}")]
    Manifest {
        /// All of them.
        faults: ManifestFaults,
        /// Whether the text has no options or lines into which the faults could point.
        is_bare: bool,
    },
    /// Its buckets cannot be used.
    #[error(transparent)]
    Buckets(#[from] BucketFault),
    /// The sender's address cannot be printed.
    #[error("the address cannot be printed: {0}")]
    Address(#[from] BadAddress),
    /// The page of jobs is to begin after something that is no job, or none of the account's; the text is as
    /// given.
    #[error("the list cannot go on after `{0}`: there is no such job")]
    Marker(String),
    /// The account has made as many jobs in 24 hours as it may: so many.
    #[error("the account has made {0} jobs in 24 hours, and may not make more")]
    Quota(u32),
    /// The job store failed in the middle of a write, and cannot be asked what came of it.
    #[error(
        "the job store failed while it stored the job, which may be there all the same: list the jobs before trying again"
    )]
    OutcomeUnknown,
}

/// Why something is not done about a device or a lease.
#[derive(Debug, thiserror::Error)]
pub enum DockingFault {
    /// A token of another station than the message names.
    #[error("the token belongs to station `{token}`, and the message comes from `{says}`")]
    OtherStation {
        /// Whose the token is.
        token: StationName,
        /// Who the message says it is.
        says: StationName,
    },
    /// A value that cannot be.
    #[error("`{field}` {wrong}")]
    Field {
        /// Of what.
        field: &'static str,
        /// What is wrong with it, after the field's name.
        wrong: String,
    },
    /// A station is at work on the job.
    #[error("job {job} is being done by station `{holder}`")]
    Leased {
        /// The job.
        job: JobId,
        /// The one that has its lease.
        holder: StationName,
    },
    /// Something stands against the erase of the device, so that it may not be destroyed either.
    #[error("the device of job {job} may not be destroyed: {}", .why.join(" "))]
    Shut {
        /// The job.
        job: JobId,
        /// Everything that stands against it, in sentences.
        why: Vec<String>,
    },
    /// The station has told that nothing is plugged in there.
    #[error("there is nothing in bay `{bay}` of station `{station}`, by what that has told last")]
    NothingInBay {
        /// The station.
        station: StationName,
        /// The bay.
        bay: BayName,
    },
    /// No parcel with this number has come.
    #[error("no parcel {0} has come")]
    NoSuchParcel(ParcelNumber),
    /// What was scanned names one job, and the device itself another, or none.
    #[error("mixed up? Bay `{bay}` has {}, not the device of job {scanned}", device_of(*.told))]
    MixedUp {
        /// The bay.
        bay: BayName,
        /// The job that was scanned.
        scanned: JobId,
        /// The job that the device names.
        told: Option<JobId>,
    },
    /// A sheet that was not issued for its job.
    #[error("the sheet of job {0} is not the one that was issued for it")]
    WrongSheet(JobId),
    /// A command card that this installation has not printed.
    #[error(
        "this is no command card of this installation: print its own with `longshore bay cards`"
    )]
    WrongCard,
    /// More secrets came for something than are tried.
    #[error(
        "{SECRETS_A_MINUTE} secrets came for {0} within a minute, which are all that are taken: wait for a minute"
    )]
    TooManySecrets(String),
    /// The job is not as the person was shown.
    #[error("job {0} has changed since it was shown: look at it again")]
    Changed(JobId),
    /// The job is on hold by the word of somebody else.
    #[error("job {job} is on hold for what {who} lets go on")]
    HeldByOther {
        /// The job.
        job: JobId,
        /// Who may let it go on.
        who: &'static str,
    },
    /// Only files of an import can be tried again by themselves.
    #[error("only an import of files can be tried again; for job {0} the customer makes a new job")]
    NoRetry(JobId),
    /// What was told of a job is no receipt.
    #[error("there is no receipt of job {job}: {why}")]
    NoReceipt {
        /// The job.
        job: JobId,
        /// Why not.
        why: String,
    },
    /// The report of a job cannot be handed on.
    #[error("there is no report of job {job} to be had here: {why}")]
    NoReport {
        /// The job.
        job: JobId,
        /// Why not.
        why: &'static str,
    },
    /// The job cannot end with what is loaded.
    #[error("job {job} is not finished without what is not loaded: {why}")]
    NoFinish {
        /// The job.
        job: JobId,
        /// Why not.
        why: NoFinish,
    },
    /// A store is to give keys for a job, and does not.
    #[error(
        "the store `{store}` gives no key for job {job} at the moment; the log of the service says why"
    )]
    NoKey {
        /// The job.
        job: JobId,
        /// What the store is called.
        store: String,
    },
    /// The lease is not in force: another attempt has the job, or it ended otherwise.
    #[error("the lease of job {0} has ended, or another attempt has taken it over")]
    LeaseLost(JobId),
}

impl DockingFault {
    /// What the gate said.
    pub(super) fn shut(job: JobId, shut: &[Shut]) -> Self {
        let why = shut.iter().map(|shut| shut.sentence.clone()).collect();
        Self::Shut { job, why }
    }
}

/// Why something is not done about an account, a key, a station or a person, or not listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountFault {
    /// The name is empty, too long, or has a space at an end or a control character in it.
    #[error("`{0}` is not an account name of 1 to 64 printable characters")]
    Name(String),
    /// The right is neither a bucket's name nor the beginning of one.
    #[error("`{0}` is not a bucket name or the beginning of one followed by `*`")]
    Right(String),
    /// Another account has the name.
    #[error("account `{0}` exists already")]
    Exists(String),
    /// The account has a user or a group of this name.
    #[error("there is a {kind} `{name}` already")]
    IdentityExists {
        /// User or group.
        kind: IdentityKind,
        /// The name.
        name: IdentityName,
    },
    /// No account has this name or number.
    #[error("there is no account `{0}`")]
    NoSuchAccount(String),
    /// The account has no such right, so it cannot be taken away: `photos` is not what an account has
    /// that may use `*`.
    #[error("account `{account}` has no right `{right}`; its rights are: {}", listed(.rights))]
    NoSuchRight {
        /// The account's name.
        account: String,
        /// The right that it does not have.
        right: String,
        /// Those it has.
        rights: Vec<String>,
    },
    /// The account, of this name, has no access key of its own that is good.
    #[error("account `{0}` has no access key that is good, by which it could be let in")]
    NoKeyOf(String),
    /// No access key has this id.
    #[error("there is no access key `{0}`")]
    NoSuchKey(AccessKeyId),
    /// No user or group of an account has this name.
    #[error("account {account} has no {kind} `{name}`")]
    NoSuchIdentity {
        /// The account.
        account: AccountId,
        /// User or group.
        kind: IdentityKind,
        /// The name.
        name: IdentityName,
    },
    /// A user's name may be no longer.
    #[error("`{0}` has more than 64 characters, which a user's name may have")]
    LongName(IdentityName),
    /// There are as many of something as there may be.
    #[error("there may be at most {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        most: usize,
    },
    /// A policy that cannot be attached; the text is all that is wrong with it.
    #[error("the policy cannot be used: {0}")]
    Policy(String),
    /// The user or group has no policy of this name.
    #[error("`{holder}` has no policy `{policy}`")]
    NoSuchPolicy {
        /// The user or the group.
        holder: IdentityName,
        /// The policy it does not have.
        policy: PolicyName,
    },
    /// The user is not in the group.
    #[error("user `{user}` is not in group `{group}`")]
    NotInGroup {
        /// The user.
        user: IdentityName,
        /// The group.
        group: IdentityName,
    },
    /// No store has this name or bucket.
    #[error("there is no store `{0}`, and none that has such a bucket")]
    NoSuchStore(String),
    /// No station has this name.
    #[error("there is no station `{0}`")]
    NoSuchStation(StationName),
    /// The station's token is void.
    #[error("station `{0}` is revoked")]
    StationRevoked(StationName),
    /// The station has told of no bay of this name.
    #[error("station `{station}` has no bay `{bay}`")]
    NoSuchBay {
        /// The station.
        station: StationName,
        /// The bay it does not have.
        bay: BayName,
    },
    /// The name is a person's whose token is in force, or means whoever is at the host of the service.
    #[error("there is an operator `{0}` already")]
    PersonExists(PersonName),
    /// No person who runs the service has this name.
    #[error("there is no operator `{0}`")]
    NoSuchPerson(PersonName),
    /// There is no such session, or none that the caller may end.
    #[error("nobody is signed in under the number {0}")]
    NoSuchSession(i64),
    /// There is no such passkey, or none that the caller may remove.
    #[error("there is no passkey with the number {0}")]
    NoSuchPasskey(i64),
    /// What somebody calls a passkey is empty, too long, or has a control character in it.
    #[error("a passkey is called something of 1 to 64 characters, on one line")]
    PasskeyName,
    /// What a browser tells of a passkey is not so.
    #[error("the passkey is not taken: {0}")]
    Passkey(passkey::Fault),
    /// The passkey answers to a question that nobody asked, that was answered before, or that is over.
    #[error(
        "the passkey is not taken: the question was asked too long ago, or was answered before; try again"
    )]
    OldQuestion,
    /// Nobody has this passkey, or not here, or no more.
    #[error("the passkey is not taken: nobody has it here, or no more")]
    UnknownPasskey,
    /// Somebody has it already.
    #[error("the passkey is not taken: it is known already")]
    KnownPasskey,
    /// The caller is one who has no passkeys.
    #[error("passkeys are for people with a name and for customers")]
    NoPasskeys,
    /// A webhook that cannot be.
    #[error("the address of the webhook {0}")]
    Webhook(String),
    /// No webhook has this id.
    #[error("there is no webhook `{0}`")]
    NoSuchWebhook(WebhookId),
    /// No delivery has this number, or it is still tried.
    #[error("there is no delivery {0} that is over")]
    NoSuchDelivery(i64),
    /// The settings say nothing of mail.
    #[error("this service sends no mail: its settings have no `[mail]`")]
    NoMail,
    /// A mail was not taken.
    #[error("the mail was not sent: {0}")]
    MailNotTaken(String),
    /// A word by which jobs cannot be looked for.
    #[error("jobs cannot be looked for by `{text}`: {why}")]
    Word {
        /// The word as given.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

fn device_of(job: Option<JobId>) -> String {
    match job {
        Some(job) => format!("the device of job {job}"),
        None => "a device that says nothing of itself (scan its sheet instead)".to_owned(),
    }
}

fn listed(rights: &[String]) -> String {
    match rights {
        [] => "none".to_owned(),
        rights => rights.join(" "),
    }
}
