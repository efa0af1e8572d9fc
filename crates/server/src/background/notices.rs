//! Brings notices to those who are told, tells of jobs that expire soon, and forgets what is long over.

use model::notice::NoticeKind;
use tokio_util::sync::CancellationToken;

use crate::app::Context;
use crate::jobstore::{JobStoreError, Notice};
use crate::notices::spread;
use crate::notices::table;

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// Days before a job expires on which that is told: enough for a parcel that is sent at once.
const EXPIRES_SOON: i64 = 3;

/// Jobs read at a time.
const BATCH: u32 = 100;

/// Days for which deliveries are kept that are over: longer than anybody looks for the reason of one.
const DELIVERY_DAYS: i64 = 30;

/// Days for which it is kept that something was told.
const NOTICE_DAYS: i64 = 90;

/// Puts notices on their way, and sends what is due.
pub(super) async fn bring(
    context: &Context,
    stop: &CancellationToken,
) -> Result<(), JobStoreError> {
    let mails = context.post.mail().map(|route| &route.config().templates);
    let days = context.rules.expire_after_days;
    spread::round(&*context.jobs, days, mails, context.clock.now()).await?;
    context.post.round(stop).await
}

/// Tells once of each job that expires soon; after a batch no other if the service is to stop.
pub(super) async fn tell_of_expiring(
    context: &Context,
    stop: &CancellationToken,
) -> Result<(), JobStoreError> {
    let days = i64::from(context.rules.expire_after_days);
    let certain = context.certain.now(&*context.clock);
    let after = certain.plus_seconds(-days * DAY);
    // Of one that never has longer than that it is told a day after it was made.
    let until = certain.plus_seconds(-(days - EXPIRES_SOON).max(1) * DAY);
    while !stop.is_cancelled() {
        let jobs = context.jobs.expiring_jobs(after, until, BATCH).await?;
        for job in &jobs {
            let notice = Notice {
                id: table::id_of_kind(*job, NoticeKind::JobExpiring),
                job: *job,
                kind: NoticeKind::JobExpiring,
                about: 0,
                at: context.clock.now().into(),
            };
            if context.jobs.put_notice(&notice).await? {
                tracing::info!(%job, "job expires soon");
            }
        }
        if jobs.len() < BATCH.try_into().unwrap_or(usize::MAX) {
            break;
        }
    }
    Ok(())
}

/// Forgets what is long over.
pub(super) async fn forget(context: &Context) -> Result<(), JobStoreError> {
    let certain = context.certain.now(&*context.clock);
    let before = |days: i64| certain.plus_seconds(-days * DAY);
    context
        .jobs
        .forget_deliveries(before(DELIVERY_DAYS))
        .await?;
    context.jobs.forget_notices(before(NOTICE_DAYS)).await
}
