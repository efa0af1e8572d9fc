//! The S3 stores of the installation, as the people who run it see them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use model::capabilities::Capabilities;
use model::ids::{BucketName, ObjectKey};
use model::share::Measure;
use model::stopped::StopCause;

use super::{AccountFault, Admin, Refused};
use crate::access::{Action, Caller, Resource, authorize};
use crate::jobstore::{HeldShares, JobStoreError, SharesOf};
use crate::sealing::random;
use crate::stores::{StoreFacts, Stores};

/// Jobs on hold that are looked at for their buckets: a list is read by a person, and each costs a row.
const HELD: u32 = 1_000;

/// A store, and how it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreState {
    /// As it is described.
    pub facts: StoreFacts,
    /// How soon it answers, or what came in the place of an answer.
    pub heard: Result<Duration, String>,
    /// How many jobs are on hold because of its buckets, of those that were looked at.
    pub held: u64,
    /// What all stations together may use of it at this hour, by [`Measure`], in its units each second.
    pub limits: [Option<u64>; Measure::ALL.len()],
    /// What stations have of that.
    pub shares: Vec<HeldShares>,
}

/// What a probe has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// Of which store.
    pub facts: StoreFacts,
    /// How soon it answers, or what came in the place of an answer.
    pub heard: Result<Duration, String>,
    /// The bucket, and what the store does in it or why it takes nothing; none if only the store was named.
    pub bucket: Option<(BucketName, Result<Capabilities, String>)>,
}

/// All stores, each asked for a sign of life.
///
/// # Errors
/// [`Refused`] if the caller has no right to it, or the job store fails.
pub async fn list(
    admin: &Admin,
    stores: &Arc<Stores>,
    caller: &Caller,
) -> Result<Vec<StoreState>, Refused> {
    authorize(caller, Action::LookAtStores, Resource::Service)?;
    let held = held(admin, stores).await?;
    let facts = stores.facts();
    let times = join_all(facts.iter().map(|facts| stores.time(&facts.name))).await;
    let (now, mut found) = (admin.clock.now(), Vec::new());
    for (facts, heard) in facts.into_iter().zip(times) {
        let limits = stores.limits(&facts.name);
        found.push(StoreState {
            held: held.get(&facts.name).copied().unwrap_or(0),
            limits: Measure::ALL.map(|of| limits.and_then(|limits| limits.limit_at(of, now))),
            shares: match limits {
                Some(_) => admin.jobs.shares(SharesOf::Store(&facts.name), now).await?,
                None => Vec::new(),
            },
            facts,
            heard,
        });
    }
    Ok(found)
}

/// Asks the store of this name for a sign of life; or finds out, by some hundred small requests, what the store of this
/// bucket does there. Trial objects are removed.
///
/// # Errors
/// [`AccountFault::NoSuchStore`], or [`Refused`] if the caller has no right to it or there is no turn for it.
pub async fn probe(stores: &Arc<Stores>, caller: &Caller, of: &str) -> Result<Probed, Refused> {
    authorize(caller, Action::ProbeStore, Resource::Service)?;
    let named = stores.facts().into_iter().find(|facts| facts.name == of);
    let bucket = BucketName::new(of).ok().filter(|_| named.is_none());
    let facts = named.or_else(|| stores.store_of(bucket.as_ref()?));
    let facts = facts.ok_or_else(|| AccountFault::NoSuchStore(of.to_owned()))?;
    let heard = stores.time(&facts.name).await;
    let bucket = match bucket.filter(|_| heard.is_ok()) {
        Some(bucket) => {
            let found = stores.probe(bucket.clone(), trial_key()?).await?;
            tracing::info!(actor = %caller.actor(), %bucket, store = facts.name, "bucket probed");
            Some((bucket, found))
        }
        None => None,
    };
    Ok(Probed {
        facts,
        heard,
        bucket,
    })
}

/// A key that nobody else uses.
fn trial_key() -> Result<ObjectKey, Refused> {
    let name = format!("longshore-probe-{}", hex::encode(random::<8>()));
    ObjectKey::new(name).map_err(|_| Refused::Internal)
}

/// How many jobs are on hold for buckets of each store, of those that are so for the longest time.
async fn held(admin: &Admin, stores: &Stores) -> Result<BTreeMap<String, u64>, JobStoreError> {
    let mut counts = BTreeMap::new();
    let held = admin
        .jobs
        .jobs_on_hold(admin.clock.now(), None, HELD)
        .await?;
    for line in held {
        let Some(found) = admin.jobs.job(line.id).await? else {
            continue;
        };
        let hold = found.job.hold().filter(|hold| is_of_store(hold.cause));
        let bucket = hold.and_then(|hold| hold.bucket.as_ref());
        if let Some(facts) = bucket.and_then(|bucket| stores.store_of(bucket)) {
            *counts.entry(facts.name).or_default() += 1;
        }
    }
    Ok(counts)
}

/// Whether a cause is one that a store mends, or somebody at it.
fn is_of_store(cause: StopCause) -> bool {
    matches!(
        cause,
        StopCause::BucketMissing | StopCause::StoreRefuses | StopCause::StoreFull
    )
}
