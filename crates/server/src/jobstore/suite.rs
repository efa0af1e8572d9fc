//! What every [`JobStore`] must do, as tests that any implementation can be put to.
//!
//! The tests share the store they are given, each with accounts and jobs of its own; the store
//! must be new. Where several tasks act at once they truly do: every call is polled before any has
//! to be done.

mod accounts;
mod audit;
mod canary;
mod clock;
mod custody_keys;
mod days;
mod device_secrets;
mod erases;
mod heartbeats;
mod holds;
mod identities;
mod jobs;
mod keys;
mod leases;
mod ledger;
mod listing;
mod operators;
mod orders;
mod outbox;
mod parcels;
mod passkeys;
mod rates;
mod receipts;
mod shares;
mod sign_ins;
mod stations;
mod webhooks;

use model::actor::Actor;
use model::control::LeaseToken;
use model::device::{Connector, DeviceFacts};
use model::event::{Event, WhileRunning};
use model::ids::{AccessKeyId, AccountId, JobId, JobType, StationName};
use model::job::Job;
use model::progress::LogLocation;
use model::time::Timestamp;

use super::{JobStore, JobStoreError, StoredJob};

/// Puts a new, empty store to every test.
///
/// # Panics
/// If the store breaks its contract.
pub async fn run_all(store: &dyn JobStore) {
    store
        .check()
        .await
        .expect("a store that was opened answers");
    jobs::run(store).await;
    holds::run(store).await;
    accounts::run(store).await;
    keys::run(store).await;
    identities::run(store).await;
    stations::run(store).await;
    heartbeats::run(store).await;
    orders::run(store).await;
    shares::run(store).await;
    operators::run(store).await;
    sign_ins::run(store).await;
    passkeys::run(store).await;
    audit::run(store).await;
    parcels::run(store).await;
    leases::run(store).await;
    erases::run(store).await;
    custody_keys::run(store).await;
    ledger::run(store).await;
    device_secrets::run(store).await;
    receipts::run(store).await;
    webhooks::run(store).await;
    outbox::run(store).await;
    listing::run(store).await;
    days::run(store).await;
    rates::run(store).await;
    jobs::a_quota_holds_for_requests_at_once(store).await;
    clock::run(store).await;
    canary::run(store).await;
}

/// The instant `seconds` after the beginning of the tests' time.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_700_000_000).plus_seconds(seconds)
}

fn job_id(text: &str) -> JobId {
    JobId::new(text).expect("the tests' job ids are valid")
}

fn account_id(digit: u8) -> AccountId {
    AccountId::new(digit.to_string().repeat(12)).expect("twelve digits")
}

fn key_id(letter: char) -> AccessKeyId {
    AccessKeyId::new(letter.to_string().repeat(20)).expect("twenty letters")
}

/// Who made the tests' jobs.
fn customer() -> Actor {
    Actor::Account(account_id(1))
}

fn station(name: &str) -> StationName {
    StationName::new(name).expect("the tests' station names are valid")
}

/// Admits a station; its token's hash begins with `number`, which no other test uses.
async fn admit(store: &dyn JobStore, name: &str, number: u8) -> StationName {
    let mut hash = [0xAA; 32];
    hash[0] = number;
    let name = station(name);
    store
        .put_station(&name, hash, &Actor::Service, at(0))
        .await
        .expect("a new station");
    name
}

fn token(text: &str) -> LeaseToken {
    LeaseToken(text.to_owned())
}

/// A new job with a manifest that holds a password.
fn new_job(id: &str, account: u8, created: Timestamp) -> Job {
    let manifest = format!("manifestVersion: 2.0\ntrueCryptPassword: \"hünter2 {id}\"\n");
    Job::open(
        job_id(id),
        account_id(account),
        JobType::Import,
        manifest,
        created,
    )
}

async fn insert(store: &dyn JobStore, job: &Job) {
    store
        .insert_job(job, &customer(), None)
        .await
        .expect("a new id can be inserted");
}

/// The job, which must be there.
async fn stored(store: &dyn JobStore, id: JobId) -> StoredJob {
    store
        .job(id)
        .await
        .expect("jobs can be read")
        .expect("the job is there")
}

/// Applies events in one change.
async fn change(store: &dyn JobStore, id: JobId, events: &[Event], now: Timestamp) -> Job {
    let StoredJob { job, version } = stored(store, id).await;
    let next = events.iter().fold(job, |job, event| {
        job.apply(event, now).expect("the tests' events are legal")
    });
    store
        .replace_job(&next, version, events, &Actor::Service, now)
        .await
        .expect("nobody else writes");
    next
}

fn arrived() -> Event {
    Event::DeviceArrived {
        station: station("dock-1"),
        device: Some(DeviceFacts {
            serial: Some("S5TXNF0R".to_owned()),
            connector: Some(Connector::Usb),
            ..DeviceFacts::default()
        }),
        signature: None,
    }
}

fn finished(errors: u64) -> Event {
    let bucket = "logs".to_owned().try_into().expect("a bucket name");
    let key = "import-log-X".to_owned().try_into().expect("a key");
    Event::TransferFinished {
        errors,
        log: LogLocation { bucket, key },
        remark: None,
        files: Vec::new(),
        sums: None,
    }
}

fn canceled() -> Event {
    Event::Canceled {
        because: None,
        running: WhileRunning::Refuse,
    }
}

/// The count of `Conflict`s; any other error fails the test.
fn conflicts(results: &[Result<(), JobStoreError>]) -> usize {
    let is_conflict = |result: &&Result<(), JobStoreError>| match result {
        Ok(()) => false,
        Err(JobStoreError::Conflict) => true,
        Err(other) => panic!("a change fails by conflict only, not by `{other}`"),
    };
    results.iter().filter(is_conflict).count()
}
