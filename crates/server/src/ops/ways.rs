//! The way to the stores of a job, with keys, for whoever has its lease.

use model::control::BucketAccess;
use model::job::Job;
use model::manifest::Manifest;
use model::share::Measure;

use super::shares::without_share;
use super::{Context, DockingFault, Refused};
use crate::jobstore::Lease;
use crate::stores::{Attempt, Whence};

/// How a station that has this lease reaches the buckets of its job.
///
/// # Errors
/// [`DockingFault::NoKey`] if a store gives none, or the job store's failure.
pub(super) async fn to_buckets(
    context: &Context,
    whence: Whence,
    (job, manifest): (&Job, &Manifest),
    lease: &Lease,
) -> Result<Vec<BucketAccess>, Refused> {
    let attempt = Attempt {
        whence,
        station: lease.station.clone(),
        job: job.id,
        lease: lease.token.clone(),
    };
    let found = context.stores.access(manifest, attempt).await;
    let mut buckets = found.map_err(|no_key| DockingFault::NoKey {
        job: job.id,
        store: no_key.store,
    })?;
    for shared in buckets.iter_mut().filter_map(|way| way.shared.as_mut()) {
        let name = &shared.name;
        shared.afterwards = without_share(context, name, Measure::Bytes).await?;
        shared.requests_afterwards = without_share(context, name, Measure::Requests).await?;
    }
    Ok(buckets)
}
