//! For which stores bays wait: a station knows an address, and people know a name.

use std::collections::BTreeMap;

use model::bay::{BayState, BayStatus};
use model::ids::{BucketName, JobId};
use model::job::Job;
use model::manifest::Manifest;
use model::stopped::StopCause;

use crate::ops::{Admin, Refused};
use crate::stores::Stores;

/// The stores for which the jobs of bays wait that say that theirs does not answer, by their names.
///
/// # Errors
/// [`Refused`] if the job store fails.
pub async fn waited_for<'a>(
    admin: &Admin,
    stores: &Stores,
    bays: impl Iterator<Item = &'a BayStatus> + Send,
) -> Result<BTreeMap<JobId, String>, Refused> {
    let waiting = bays.filter(|bay| bay.state == BayState::WaitingForStore);
    let jobs: Vec<JobId> = waiting.filter_map(|bay| bay.job).collect();
    let mut found = BTreeMap::new();
    for id in jobs {
        let Some(stored) = admin.jobs.job(id).await? else {
            continue;
        };
        let store = bucket(&stored.job).and_then(|bucket| stores.store_of(&bucket));
        found.extend(store.map(|store| (id, store.name)));
    }
    Ok(found)
}

/// The bucket that a job waits for: the one that was told when it stopped, else the one that it is loaded into.
fn bucket(job: &Job) -> Option<BucketName> {
    let silent = |it: &&model::stopped::Stopped| it.cause == StopCause::StoreSilent;
    let told = job.stopped.as_ref().filter(silent);
    let told = told.and_then(|stopped| stopped.bucket.clone());
    told.or_else(|| {
        let manifest = Manifest::parse_accepted(&job.manifest, job.job_type).ok()?;
        Some(match &manifest {
            Manifest::S3Import(rules) => rules.bucket.clone(),
            other => other.log_bucket().clone(),
        })
    })
}
