//! Leases: a station's timed right to a job, kept and given back.

mod conclude;
mod keep;
mod keys;
mod renew;
mod tell;

use model::ids::{JobId, StationName};
use model::limits::BECAUSE_CHARS;

pub use conclude::conclude;
pub(super) use keep::keep;
pub use keys::keys;
pub use renew::renew;
pub(super) use renew::tidied;
pub use tell::tell;

use super::Context;
use crate::jobstore::JobStoreError;

/// What the customer is to read, in one line.
pub(super) fn in_one_line(words: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    words.chars().map(plain).take(BECAUSE_CHARS).collect()
}

/// The station whose lease of a job is in force, and the lease not lapsed.
pub(super) async fn holder(
    context: &Context,
    job: JobId,
) -> Result<Option<StationName>, JobStoreError> {
    let (now, term) = (context.clock.now(), context.rules.lease_seconds);
    let lease = context.jobs.lease(job).await?;
    Ok(lease
        .filter(|lease| lease.is_in_force(now, term))
        .map(|lease| lease.station))
}
