//! Every right there is, decided by one function.
//!
//! A right is a sentence: this principal may do this to that. What no line below allows is refused.
//! Whether something is *possible*, because the job stands so or a lease is held, is no right and is
//! decided elsewhere.

use std::fmt;

use model::actor::Actor;
use model::ids::{AccountId, BucketName, StationName};
use model::job::Job;
use model::manifest::BucketUse;
use model::role::Role;

use super::{Caller, Customer, User};
use crate::jobstore::{Account, Lease, Person};

/// Who has rights. A caller is one; an account also is one while nobody calls for it, as when its
/// device is docked.
#[derive(Debug, Clone, Copy)]
pub enum Principal<'a> {
    /// A customer's account.
    Account(&'a Account),
    /// A user of a customer's account.
    User(&'a Account, &'a User),
    /// A station.
    Station(&'a StationName),
    /// A person who runs this service.
    Person(&'a Person),
    /// Whoever is at the host of this service.
    Operator,
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Register a job; of an account.
    CreateJob,
    /// List jobs; of an account, or of all.
    ListJobs,
    /// Learn how a job is, with its manifest.
    GetStatus,
    /// Replace a job's manifest.
    UpdateJob,
    /// Take a job back.
    CancelJob,
    /// Make the label of a job's parcel.
    PrintLabel,
    /// Load a device into a bucket.
    Import,
    /// Fill a device from a bucket.
    Export,
    /// Put a report into a bucket.
    Report,
    /// Claim the jobs of devices that are docked; at a station.
    ClaimJobs,
    /// Renew or end a lease.
    UseLease,
    /// Learn whose a job is and how it stands, without its manifest.
    LookAtJob,
    /// Learn what happened to a job, and by whom.
    ReadHistory,
    /// Book a job's device as sent back.
    ReturnDevice,
    /// End a job without an outcome.
    AbortJob,
    /// Reopen a job for what failed.
    RetryJob,
    /// Have a job wait.
    HoldJob,
    /// Let a job go on that waits.
    ResumeJob,
    /// End a job that waits for what nobody mends.
    GiveUpJob,
    /// Make accounts, list them and change their rights.
    ManageAccounts,
    /// Make access keys, list and revoke them.
    ManageKeys,
    /// Make users and groups of accounts, and say what they may do.
    ManageUsers,
    /// Admit stations.
    ManageStations,
    /// Say how a station and its bays are; for itself.
    SendHeartbeat,
    /// Learn how stations and their bays are.
    LookAtStations,
    /// Tell a station what to do with a bay.
    OrderStation,
    /// Let a station begin nothing new, or again.
    DrainStation,
    /// Make a station's token void.
    RevokeStation,
    /// Learn which stores there are, and whether they answer.
    LookAtStores,
    /// Find out what a store does, by trial objects.
    ProbeStore,
    /// Say who runs the service.
    ManageOperators,
    /// Learn what people have done.
    ReadAudit,
    /// Learn which parcels came and went.
    LookAtParcels,
    /// Book parcels and devices as here; at a station.
    ReceiveParcel,
    /// Have the receipt of a job made.
    MakeReceipt,
    /// Tell of a device what changes nothing of its job: a picture, a correction.
    TellOfDevice,
    /// Put another key in the place of the one that receipts are signed with.
    RotateCustodyKey,
    /// Learn who is told of jobs, and what became of it.
    LookAtNotices,
    /// Say which programs are told of jobs.
    ManageWebhooks,
    /// Have something sent that is a test, or failed.
    SendNotices,
    /// Say that a device may be erased.
    ReleaseDevice,
    /// Say that a device may not be erased, or no more.
    HoldDevice,
    /// Say that a device was destroyed.
    DestroyDevice,
    /// Erase devices whose gate is open; at a station.
    EraseDevices,
    /// Say what came of comparing a bucket or a device with the report.
    TellVerified,
    /// Sign in at the console.
    OpenConsole,
    /// Give what opens the device of a job.
    GiveSecret,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 47] = [
        Self::CreateJob,
        Self::ListJobs,
        Self::GetStatus,
        Self::UpdateJob,
        Self::CancelJob,
        Self::PrintLabel,
        Self::Import,
        Self::Export,
        Self::Report,
        Self::ClaimJobs,
        Self::UseLease,
        Self::LookAtJob,
        Self::ReadHistory,
        Self::ReturnDevice,
        Self::AbortJob,
        Self::RetryJob,
        Self::HoldJob,
        Self::ResumeJob,
        Self::GiveUpJob,
        Self::ManageAccounts,
        Self::ManageKeys,
        Self::ManageUsers,
        Self::ManageStations,
        Self::SendHeartbeat,
        Self::LookAtStations,
        Self::OrderStation,
        Self::DrainStation,
        Self::RevokeStation,
        Self::LookAtStores,
        Self::ProbeStore,
        Self::ManageOperators,
        Self::ReadAudit,
        Self::LookAtParcels,
        Self::ReceiveParcel,
        Self::MakeReceipt,
        Self::TellOfDevice,
        Self::RotateCustodyKey,
        Self::LookAtNotices,
        Self::ManageWebhooks,
        Self::SendNotices,
        Self::ReleaseDevice,
        Self::HoldDevice,
        Self::DestroyDevice,
        Self::EraseDevices,
        Self::TellVerified,
        Self::OpenConsole,
        Self::GiveSecret,
    ];

    /// Its name: in `docs/roles.md`, and in the audit.
    #[must_use]
    pub fn name(self) -> String {
        format!("{self:?}")
    }

    /// What a manifest asks of a bucket.
    #[must_use]
    pub fn on_bucket(usage: BucketUse) -> Self {
        match usage {
            BucketUse::Import => Self::Import,
            BucketUse::Export => Self::Export,
            BucketUse::Log => Self::Report,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::CreateJob => "create a job of",
            Self::ListJobs => "list the jobs of",
            Self::GetStatus => "ask for the status of",
            Self::UpdateJob => "update",
            Self::CancelJob => "cancel",
            Self::PrintLabel => "print a label for",
            Self::Import => "import to",
            Self::Export => "export from",
            Self::Report => "put reports into",
            Self::ClaimJobs => "claim jobs for",
            Self::UseLease => "use",
            Self::LookAtJob => "look at",
            Self::ReadHistory => "read the history of",
            Self::ReturnDevice => "return the device of",
            Self::AbortJob => "abort",
            Self::RetryJob => "retry",
            Self::HoldJob => "hold",
            Self::ResumeJob => "resume",
            Self::GiveUpJob => "give up",
            Self::ManageAccounts => "manage the accounts of",
            Self::ManageKeys => "manage the access keys of",
            Self::ManageUsers => "manage the users of",
            Self::ManageStations => "manage the stations of",
            Self::SendHeartbeat => "send heartbeats for",
            Self::LookAtStations => "look at the stations of",
            Self::OrderStation => "give orders to",
            Self::DrainStation => "drain",
            Self::RevokeStation => "revoke",
            Self::LookAtStores => "look at the stores of",
            Self::ProbeStore => "probe the stores of",
            Self::ManageOperators => "manage the operators of",
            Self::ReadAudit => "read the audit of",
            Self::LookAtParcels => "look at the parcels of",
            Self::ReceiveParcel => "receive parcels at",
            Self::MakeReceipt => "make the receipt of",
            Self::TellOfDevice => "tell of the device of",
            Self::RotateCustodyKey => "replace the custody key of",
            Self::LookAtNotices => "look at the notices of",
            Self::ManageWebhooks => "manage the webhooks of",
            Self::SendNotices => "have notices sent by",
            Self::ReleaseDevice => "release the device of",
            Self::HoldDevice => "object to the erasing of the device of",
            Self::DestroyDevice => "tell as destroyed the device of",
            Self::EraseDevices => "erase devices at",
            Self::TellVerified => "tell what came of verifying",
            Self::OpenConsole => "sign in at the console of",
            Self::GiveSecret => "give what opens the device of",
        }
    }

    /// The least role that it takes; `None` for what only customers and stations do. The manifest of a job may hold a
    /// device's password. Leases stay with the stations: they say who is at work on a device.
    pub(crate) fn least_role(self) -> Option<Role> {
        match self {
            Self::ListJobs
            | Self::LookAtJob
            | Self::ReadHistory
            | Self::LookAtStations
            | Self::LookAtParcels
            | Self::LookAtStores
            | Self::OpenConsole => Some(Role::Viewer),
            Self::GetStatus
            | Self::ReturnDevice
            | Self::RetryJob
            | Self::HoldJob
            | Self::ResumeJob
            | Self::OrderStation
            | Self::DrainStation
            | Self::ReceiveParcel
            | Self::MakeReceipt
            | Self::LookAtNotices
            | Self::HoldDevice
            | Self::GiveSecret
            | Self::TellVerified
            | Self::TellOfDevice
            | Self::ProbeStore => Some(Role::Operator),
            Self::CancelJob
            | Self::AbortJob
            | Self::GiveUpJob
            | Self::ReleaseDevice
            | Self::DestroyDevice
            | Self::RevokeStation
            | Self::SendNotices
            | Self::ReadAudit => Some(Role::Lead),
            Self::ManageAccounts
            | Self::ManageKeys
            | Self::ManageUsers
            | Self::ManageStations
            | Self::ManageOperators
            | Self::ManageWebhooks
            | Self::RotateCustodyKey => Some(Role::Admin),
            Self::CreateJob
            | Self::UpdateJob
            | Self::PrintLabel
            | Self::Import
            | Self::Export
            | Self::Report
            | Self::ClaimJobs
            | Self::UseLease
            | Self::SendHeartbeat
            | Self::EraseDevices => None,
        }
    }
}

/// What something is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'a> {
    /// All jobs of an account, those to come among them.
    JobsOf(&'a AccountId),
    /// A job.
    Job(&'a Job),
    /// A bucket.
    Bucket(&'a BucketName),
    /// A station.
    Station(&'a StationName),
    /// A lease.
    Lease(&'a Lease),
    /// The service itself: its accounts, keys, stations and operators, and the jobs of all.
    Service,
}

impl fmt::Display for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JobsOf(account) => write!(f, "account {account}"),
            Self::Job(job) => write!(f, "job {}", job.id),
            Self::Bucket(bucket) => write!(f, "the bucket `{bucket}`"),
            Self::Station(station) => write!(f, "station `{station}`"),
            Self::Lease(lease) => write!(f, "the lease of job {}", lease.job),
            Self::Service => f.write_str("this service"),
        }
    }
}

/// A right that is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{who} may not {} {resource}", action.words())]
pub struct Denied {
    who: Actor,
    action: Action,
    resource: String,
}

/// Decides whether `caller` may do `action` to `resource`.
///
/// # Errors
/// [`Denied`] if nothing allows it.
pub fn authorize<'a>(
    caller: impl Into<Principal<'a>>,
    action: Action,
    resource: Resource<'_>,
) -> Result<(), Denied> {
    let principal = caller.into();
    let is_allowed = match principal {
        Principal::Account(account) => of_account(account, action, resource),
        Principal::User(account, user) => {
            of_account(account, action, resource) && user.takes(action, resource)
        }
        Principal::Station(station) => of_station(station, action, resource),
        Principal::Person(person) => of_role(person.role, action, resource),
        Principal::Operator => of_role(Role::Admin, action, resource),
    };
    if is_allowed {
        return Ok(());
    }
    Err(Denied {
        who: principal.actor(),
        action,
        resource: resource.to_string(),
    })
}

/// An account uses its own jobs, and the buckets it was given. A report is written, so its bucket is
/// one that the account may import to.
fn of_account(account: &Account, action: Action, resource: Resource<'_>) -> bool {
    match (action, resource) {
        (Action::CreateJob | Action::ListJobs | Action::OpenConsole, Resource::JobsOf(owner)) => {
            *owner == account.id
        }
        (
            Action::GetStatus
            | Action::UpdateJob
            | Action::CancelJob
            | Action::PrintLabel
            | Action::ListJobs
            | Action::ReadHistory
            | Action::MakeReceipt
            | Action::ReleaseDevice
            | Action::HoldDevice
            | Action::HoldJob
            | Action::ResumeJob
            | Action::GiveSecret,
            Resource::Job(job),
        ) => job.account == account.id,
        (Action::Import | Action::Report, Resource::Bucket(bucket)) => {
            is_in(&account.import, bucket)
        }
        (Action::Export, Resource::Bucket(bucket)) => is_in(&account.export, bucket),
        _ => false,
    }
}

/// A station speaks for itself, uses its own leases, and does to jobs, to its own bays and to the parcels that come to it
/// what the person in front of it decides.
fn of_station(station: &StationName, action: Action, resource: Resource<'_>) -> bool {
    match (action, resource) {
        (
            Action::ClaimJobs
            | Action::SendHeartbeat
            | Action::ReceiveParcel
            | Action::OrderStation
            | Action::EraseDevices,
            Resource::Station(name),
        ) => name == station,
        (Action::UseLease, Resource::Lease(lease)) => lease.station == *station,
        (
            Action::LookAtJob
            | Action::ReturnDevice
            | Action::AbortJob
            | Action::RetryJob
            | Action::HoldJob
            | Action::ResumeJob
            | Action::GiveUpJob
            | Action::ReleaseDevice
            | Action::HoldDevice
            | Action::DestroyDevice
            | Action::TellVerified
            | Action::GiveSecret,
            Resource::Job(_),
        ) => true,
        _ => false,
    }
}

/// Who runs the service may do what stations do to jobs, help a customer, and manage the service, as far as the role
/// goes.
fn of_role(role: Role, action: Action, resource: Resource<'_>) -> bool {
    let is_meant = match action {
        Action::ListJobs => matches!(resource, Resource::JobsOf(_) | Resource::Service),
        Action::GetStatus
        | Action::CancelJob
        | Action::LookAtJob
        | Action::ReadHistory
        | Action::ReturnDevice
        | Action::AbortJob
        | Action::RetryJob
        | Action::HoldJob
        | Action::ResumeJob
        | Action::GiveUpJob
        | Action::ReleaseDevice
        | Action::HoldDevice
        | Action::DestroyDevice
        | Action::TellVerified
        | Action::MakeReceipt
        | Action::GiveSecret
        | Action::TellOfDevice => matches!(resource, Resource::Job(_)),
        Action::ManageAccounts
        | Action::ManageKeys
        | Action::ManageUsers
        | Action::ManageStations
        | Action::ManageOperators
        | Action::LookAtStations
        | Action::ReadAudit
        | Action::LookAtParcels
        | Action::LookAtStores
        | Action::ProbeStore
        | Action::OpenConsole
        | Action::LookAtNotices
        | Action::ManageWebhooks
        | Action::SendNotices
        | Action::RotateCustodyKey => matches!(resource, Resource::Service),
        Action::OrderStation
        | Action::DrainStation
        | Action::RevokeStation
        | Action::ReceiveParcel => matches!(resource, Resource::Station(_)),
        Action::CreateJob
        | Action::UpdateJob
        | Action::PrintLabel
        | Action::Import
        | Action::Export
        | Action::Report
        | Action::ClaimJobs
        | Action::UseLease
        | Action::SendHeartbeat
        | Action::EraseDevices => false,
    };
    is_meant && action.least_role().is_some_and(|least| role >= least)
}

/// Whether one of an account's rights, a bucket's name or a beginning followed by `*`, covers a bucket.
fn is_in(rights: &[String], bucket: &BucketName) -> bool {
    let name = bucket.as_str();
    let covers = |right: &String| match right.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => right == name,
    };
    rights.iter().any(covers)
}

impl Principal<'_> {
    fn actor(self) -> Actor {
        match self {
            Self::Account(account) => Actor::Account(account.id.clone()),
            Self::User(account, user) => Actor::User(account.id.clone(), user.name().clone()),
            Self::Station(station) => Actor::Station(station.clone()),
            Self::Person(person) => Actor::Person(person.name.clone()),
            Self::Operator => Caller::Operator.actor(),
        }
    }
}

impl Caller {
    /// The customer that asks for what only customers can have done.
    ///
    /// # Errors
    /// [`Denied`] if it is somebody else.
    pub(crate) fn customer(&self, action: Action) -> Result<&Customer, Denied> {
        match self {
            Self::Customer(customer) => Ok(customer),
            Self::Station(_) | Self::Person(_) | Self::Operator => {
                Err(self.denied(action, "a customer's account"))
            }
        }
    }

    /// The station that asks for what only stations can have done.
    ///
    /// # Errors
    /// [`Denied`] if it is somebody else.
    pub(crate) fn station(&self, action: Action) -> Result<&StationName, Denied> {
        match self {
            Self::Station(station) => Ok(station),
            Self::Customer(_) | Self::Person(_) | Self::Operator => {
                Err(self.denied(action, "a station"))
            }
        }
    }

    fn denied(&self, action: Action, resource: &str) -> Denied {
        Denied {
            who: self.actor(),
            action,
            resource: resource.to_owned(),
        }
    }
}

impl<'a> From<&'a Account> for Principal<'a> {
    fn from(account: &'a Account) -> Self {
        Self::Account(account)
    }
}

impl<'a> From<&'a Customer> for Principal<'a> {
    fn from(customer: &'a Customer) -> Self {
        match &customer.user {
            Some(user) => Self::User(&customer.account, user),
            None => Self::Account(&customer.account),
        }
    }
}

impl<'a> From<&'a Caller> for Principal<'a> {
    fn from(caller: &'a Caller) -> Self {
        match caller {
            Caller::Customer(customer) => customer.into(),
            Caller::Station(station) => Self::Station(station),
            Caller::Person(person) => Self::Person(person),
            Caller::Operator => Self::Operator,
        }
    }
}

#[cfg(test)]
mod tests;
