//! Brings notices to those who are told, tells of jobs that expire soon, and forgets what is long over.

use model::ids::JobId;
use model::notice::NoticeKind;
use tokio_util::sync::CancellationToken;

use crate::app::Context;
use crate::jobstore::{HeldJob, JobStoreError, Notice};
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

/// Days after which nobody is reminded of a hold any more: fewer than it is kept that it was told.
const REMIND_DAYS: i64 = 60;

/// Puts notices on their way, and sends what is due.
pub(super) async fn bring(
    context: &Context,
    stop: &CancellationToken,
) -> Result<(), JobStoreError> {
    let mails = context.post.mail().map(|route| route.config());
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

/// Tells once of each hold that is overdue; after a batch no other if the service is to stop. What was so for longer than
/// [`REMIND_DAYS`] before anybody looked is not told any more: that it was told may be forgotten by then.
pub(super) async fn tell_of_overdue(
    context: &Context,
    stop: &CancellationToken,
) -> Result<(), JobStoreError> {
    let certain = context.certain.now(&*context.clock);
    let until = certain.plus_seconds(-i64::from(context.rules.hold_days) * DAY);
    let mut after = HeldJob {
        id: JobId::from_entropy([0; 8]),
        since: until.plus_seconds(-REMIND_DAYS * DAY),
        seq: 0,
    };
    while !stop.is_cancelled() {
        let overdue = context.jobs.jobs_on_hold(until, Some(after), BATCH).await?;
        for held in &overdue {
            let notice = Notice {
                id: table::id_of_overdue(held.id, held.since),
                job: held.id,
                kind: NoticeKind::JobOverdue,
                about: 0,
                at: context.clock.now().into(),
            };
            if context.jobs.put_notice(&notice).await? {
                tracing::warn!(job = %held.id, since = %held.since, "job is on hold for too long");
            }
        }
        match overdue.last() {
            Some(last) if overdue.len() >= BATCH.try_into().unwrap_or(usize::MAX) => after = *last,
            _ => break,
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
