//! Lets jobs go on for which a secret came while they were just put on hold, and destroys secrets that are needed no more.

use model::actor::Actor;
use tokio_util::sync::CancellationToken;

use crate::app::Context;
use crate::jobstore::JobStoreError;
use crate::ops::secrets;

/// Jobs read at a time.
const BATCH: u32 = 100;

const DAY: i64 = 24 * 60 * 60;

/// Lets jobs go on that are on hold for a secret which no station was told yet: whoever gave it came before the hold, or was
/// cut off.
pub(super) async fn hand_on(context: &Context) -> Result<(), JobStoreError> {
    for id in context.jobs.jobs_with_new_secrets(BATCH).await? {
        secrets::let_go_on(context, id, &Actor::Service).await?;
    }
    Ok(())
}

/// Destroys the secrets of jobs that have been over for as many days as the settings say; after a batch no other if the
/// service is to stop.
pub(super) async fn destroy_old(
    context: &Context,
    stop: &CancellationToken,
) -> Result<(), JobStoreError> {
    context
        .jobs
        .forget_counted_secrets(context.clock.now())
        .await?;
    while !stop.is_cancelled() {
        // What cannot be taken back is decided by a time of which the service is sure.
        let certain = context.certain.now(&*context.clock);
        let until = certain.plus_seconds(-i64::from(context.rules.secret_days) * DAY);
        let old = context.jobs.jobs_with_old_secrets(until, BATCH).await?;
        let mut destroyed = 0;
        for id in &old {
            if secrets::destroy(context, *id).await? {
                destroyed += 1;
            }
        }
        // A batch of which nothing was destroyed would come again.
        if destroyed == 0 || old.len() < BATCH.try_into().unwrap_or(usize::MAX) {
            break;
        }
    }
    Ok(())
}
