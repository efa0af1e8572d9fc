//! Another key for a store that gives keys which end by themselves.

use model::control::{KeysAnswer, KeysRequest};
use model::manifest::Manifest;

use crate::access::{Action, Caller};
use crate::jobstore::Lease;
use crate::ops::{Context, DockingFault, Refused, ways};
use crate::stores::Whence;

/// Gives the holder of a lease keys anew. One whose lease has ended gets none, so that its last ones end by themselves.
///
/// # Errors
/// [`DockingFault::LeaseLost`], [`DockingFault::NoKey`], [`Refused::Denied`] for a caller that is no station, or the job
/// store's failure.
pub async fn keys(
    context: &Context,
    caller: &Caller,
    request: KeysRequest,
    whence: Whence,
) -> Result<KeysAnswer, Refused> {
    let station = caller.station(Action::UseLease)?;
    let KeysRequest { job: id, lease } = request;
    let lost = || DockingFault::LeaseLost(id);
    let (now, term) = (context.clock.now(), context.rules.lease_seconds);
    let is_held = |held: &Lease| {
        held.station == *station && held.token == lease && held.is_in_force(now, term)
    };
    let held = context.jobs.lease(id).await?.filter(is_held);
    let held = held.ok_or_else(lost)?;
    let job = context.jobs.job(id).await?.ok_or_else(lost)?.job;
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type).map_err(|_| lost())?;
    let buckets = ways::to_buckets(context, whence, (&job, &manifest), &held).await?;
    tracing::info!(%station, job = %id, "keys renewed");
    Ok(KeysAnswer { buckets })
}
