//! Lets jobs expire whose device did not come in time.
//!
//! Nothing depends on when it runs: an overdue job counts as expired from the moment it is. The
//! sweeper writes that down, so that the history has it and lists and counters show it.

use std::time::Duration;

use model::ids::JobId;
use tokio_util::sync::CancellationToken;

use crate::api::Context;
use crate::change::{Committed, Draft, SERVICE, overdue_since};
use crate::jobstore::JobStoreError;

/// How often it runs.
const PAUSE: Duration = Duration::from_secs(60);

/// Jobs read at a time.
const BATCH: u32 = 100;

/// Sweeps until told to stop.
pub(crate) async fn run(context: Context, stop: CancellationToken) {
    loop {
        if let Err(error) = note_time(&context).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the time was not noted"
            );
        }
        if let Err(error) = sweep(&context).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "overdue jobs not swept"
            );
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Writes down what time it surely is, for the next start.
async fn note_time(context: &Context) -> Result<(), JobStoreError> {
    let certain = context.certain.now(&*context.clock);
    context.jobs.note_time(certain).await
}

/// Lets every overdue job expire.
async fn sweep(context: &Context) -> Result<(), JobStoreError> {
    loop {
        let certain = context.certain.now(&*context.clock);
        let since = overdue_since(&context.rules, certain);
        let overdue = context.jobs.expirable_jobs(since, BATCH).await?;
        let mut expired = 0;
        for id in &overdue {
            if expire(context, *id).await? {
                expired += 1;
                tracing::info!(job = %id, "job expired");
            }
        }
        // A batch of which nothing expired would come again.
        if expired == 0 || overdue.len() < BATCH.try_into().unwrap_or(usize::MAX) {
            return Ok(());
        }
    }
}

/// Writes down that a job has expired; `false` if its device has come or the customer was faster.
async fn expire(context: &Context, id: JobId) -> Result<bool, JobStoreError> {
    match Draft::open(context, id).await? {
        Some(draft) if draft.is_changed() => Ok(matches!(
            draft.commit(context, SERVICE).await?,
            Committed::Saved(_)
        )),
        _ => Ok(false),
    }
}
