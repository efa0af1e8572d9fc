//! Where jobs, accounts and leases are kept.
//!
//! Each noun has a file: its types, the trait of what is asked of it, the statements in the SQL that SQLite
//! and PostgreSQL share, what their rows mean, and a macro that implements the trait for the store of a
//! database. What the databases do not share is in `migrations/`. The suite of a noun has its name in
//! `suite/`. A new noun is a file there and here, a migration, and a line in each of the two lists below.
//!
//! A macro and not a generic type: the bounds that sqlx demands of a generic database would be longer than
//! the methods. A store brings `readers()`, a pool for statements that only read; `row()`, one row by its
//! key, which is what most requests ask for; `begin()`, a transaction that may write; and `sealer`.
//!
//! The store decides nothing: it compares and swaps what `model::job::Job::apply` returned. Manifests and the
//! secrets of access keys are sealed before they reach the database. Nothing in a row is taken on trust: what
//! does not parse is [`JobStoreError::Corrupt`].

mod accounts;
mod audit;
mod canary;
mod clock;
mod custody_keys;
mod days;
mod deliveries;
mod device_secrets;
mod erases;
mod error;
mod heartbeats;
mod holds;
mod identities;
mod jobs;
mod keys;
mod leases;
mod ledger;
mod listing;
pub mod look;
mod migrations;
mod operators;
mod orders;
mod outbox;
mod parcels;
mod passkeys;
mod postgres;
mod rates;
mod receipts;
mod shares;
mod sign_ins;
mod sqlite;
mod statement;
mod stations;
pub mod suite;
mod webhooks;

pub use accounts::{Account, Accounts, JobLimit};
pub use audit::{Act, ActFilter, Audit};
pub use canary::Fitness;
pub use clock::LatestTime;
pub use custody_keys::{CustodyKeys, StoredCustodyKey};
pub use days::{DayEvent, Days, InHand};
pub use deliveries::{Deliveries, Delivery, DeliveryFilter, Lane, Message, NewDelivery, Settled};
pub use device_secrets::{DeviceSecrets, KeptSecret};
pub use erases::{Erase, Erases};
pub use error::JobStoreError;
pub use heartbeats::{Heartbeat, Heartbeats};
pub use holds::{HeldJob, HoldCount, Holds};
pub use identities::{Identities, Identity, IdentityKind, StoredPolicy};
pub use jobs::{HistoryLine, JobPage, Jobs, Quota, StoredJob};
pub use keys::{AccessKey, KeyUser, Keys};
pub use leases::{HeldLease, LONGEST_LEASE, Lease, Leases, SignOfLife};
pub use ledger::{Ledger, LedgerLine};
pub use listing::{JobFilter, JobsFound, Listing, WORD_MATCHES};
pub use look::{Schema, Standing};
pub use operators::{Operators, Person, StoredPerson};
pub use orders::{Orders, StoredOrder};
pub use outbox::{Notice, Outbox};
pub use parcels::{JOBS_OF_WORD, Parcel, ParcelFilter, Parcels};
pub use passkeys::{FreshPasskey, PasskeyHolder, Passkeys, StoredPasskey, Touch};
pub use postgres::PostgresJobStore;
pub use rates::{RateSample, Rates};
pub use receipts::{DueReceipt, Edition, Receipts};
pub use shares::{Decide, HeldShares, Shares, SharesOf, StoredShare};
pub use sign_ins::{Holder, LetIn, NewSession, SignInLink, SignIns, StoredSession};
pub use sqlite::SqliteJobStore;
pub use stations::{Station, Stations};
pub use webhooks::{Secret, StoredWebhook, Webhooks};

/// Keeps jobs, their holds and leases, what opens their devices, accounts with their users and groups, keys, stations with their heartbeats, orders and
/// shares, operators, who of them is signed in and by which passkeys and what they did, parcels, what happened on a day, how fast jobs went, what happened to devices and the keys that prove
/// it, who is told of it and what became of that,
/// and the time; and says whether it is fit for that.
///
/// # Contract
/// Every method is atomic and durable when it returns `Ok`. After an error of the kind
/// `Unavailable` a write may or may not have happened; all writes may be repeated.
pub trait JobStore:
    Jobs
    + Listing
    + Holds
    + Leases
    + Erases
    + DeviceSecrets
    + Accounts
    + Keys
    + Identities
    + Stations
    + Heartbeats
    + Orders
    + Shares
    + Operators
    + SignIns
    + Passkeys
    + Audit
    + Parcels
    + Days
    + Rates
    + Ledger
    + CustodyKeys
    + Receipts
    + Outbox
    + Deliveries
    + Webhooks
    + LatestTime
    + Fitness
{
}

impl<T> JobStore for T where
    T: Jobs
        + Listing
        + Holds
        + Leases
        + Erases
        + DeviceSecrets
        + Accounts
        + Keys
        + Identities
        + Stations
        + Heartbeats
        + Orders
        + Shares
        + Operators
        + SignIns
        + Passkeys
        + Audit
        + Parcels
        + Days
        + Rates
        + Ledger
        + CustodyKeys
        + Receipts
        + Outbox
        + Deliveries
        + Webhooks
        + LatestTime
        + Fitness
{
}

/// Implements every noun for the store of a database.
macro_rules! implement_job_store {
    ($store:ident, $database:ident) => {
        $crate::jobstore::canary::implement_canary!($store);
        $crate::jobstore::jobs::implement_jobs!($store);
        $crate::jobstore::holds::implement_holds!($store);
        $crate::jobstore::listing::implement_listing!($store);
        $crate::jobstore::leases::implement_leases!($store);
        $crate::jobstore::erases::implement_erases!($store);
        $crate::jobstore::device_secrets::implement_device_secrets!($store);
        $crate::jobstore::accounts::implement_accounts!($store);
        $crate::jobstore::keys::implement_keys!($store);
        $crate::jobstore::identities::implement_identities!($store);
        $crate::jobstore::stations::implement_stations!($store);
        $crate::jobstore::heartbeats::implement_heartbeats!($store);
        $crate::jobstore::orders::implement_orders!($store);
        $crate::jobstore::shares::implement_shares!($store);
        $crate::jobstore::operators::implement_operators!($store);
        $crate::jobstore::sign_ins::implement_sign_ins!($store);
        $crate::jobstore::passkeys::implement_passkeys!($store);
        $crate::jobstore::audit::implement_audit!($store);
        $crate::jobstore::parcels::implement_parcels!($store);
        $crate::jobstore::days::implement_days!($store);
        $crate::jobstore::rates::implement_rates!($store);
        $crate::jobstore::ledger::implement_ledger!($store, $database);
        $crate::jobstore::custody_keys::implement_custody_keys!($store);
        $crate::jobstore::receipts::implement_receipts!($store);
        $crate::jobstore::outbox::implement_outbox!($store, $database);
        $crate::jobstore::deliveries::implement_deliveries!($store);
        $crate::jobstore::webhooks::implement_webhooks!($store);
        $crate::jobstore::clock::implement_clock!($store);
    };
}
use implement_job_store;
