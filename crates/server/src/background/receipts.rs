//! Puts receipts beside the reports of their jobs: when the report is there, and when nothing more is to come.

use std::error::Error;
use std::future::ready;

use futures::{StreamExt as _, TryStreamExt as _};
use tokio_util::sync::CancellationToken;

use crate::app::Context;
use crate::jobstore::{DueReceipt, JobStoreError};
use crate::ops::receipts;

/// Receipts of one round.
const BATCH: u32 = 50;

/// Receipts on their way at a time: a store, a witness or an authority that does not answer holds up others less.
const AT_ONCE: usize = 4;

/// Seconds for which a receipt is one server's to put into its bucket. A store is asked for some five seconds.
const IN_HAND: i64 = 60;

/// Seconds until a receipt is tried again that was tried in vain once; four times as long with each time, up to the next:
/// each try counts twice, when it begins and when it fails.
const FIRST_PAUSE: i64 = 10;

/// Seconds until one is tried again that was tried in vain often.
const LONGEST_PAUSE: i64 = 60 * 60;

/// Puts what is due; after one no other if the service is to stop.
pub(crate) async fn deliver(
    context: &Context,
    stop: &CancellationToken,
) -> Result<(), JobStoreError> {
    let due = context
        .jobs
        .due_receipts(context.clock.now(), BATCH)
        .await?;
    let begun = futures::stream::iter(due).take_while(|_| ready(!stop.is_cancelled()));
    let deliveries = begun.map(|receipt| async move { deliver_one(context, &receipt).await });
    deliveries.buffer_unordered(AT_ONCE).try_collect().await
}

/// Takes a receipt in hand, so that of several servers one puts it into its bucket, and puts it there.
async fn deliver_one(context: &Context, receipt: &DueReceipt) -> Result<(), JobStoreError> {
    let until = context.clock.now().plus_seconds(IN_HAND);
    if !context.jobs.settle_receipt(receipt, Some(until)).await? {
        return Ok(());
    }
    let taken = DueReceipt {
        due: until,
        tries: receipt.tries.saturating_add(1),
        ..*receipt
    };
    let done = receipts::deliver(context, receipt).await;
    let again = done.err().map(|why| {
        let (seconds, error) = (pause(receipt), &why as &dyn Error);
        let job = receipt.job;
        match why.is_there() {
            true => tracing::warn!(%job, error, seconds, "receipt not stamped yet"),
            false => tracing::warn!(%job, error, seconds, "receipt not put beside its report yet"),
        }
        context.clock.now().plus_seconds(seconds)
    });
    if !context.jobs.settle_receipt(&taken, again).await? {
        // It took so long that somebody else may have put a later edition there, which must be the last.
        let now = context.clock.now();
        context.jobs.make_receipt_due(receipt.job, now).await?;
    }
    Ok(())
}

fn pause(receipt: &DueReceipt) -> i64 {
    // Doubled so often it is longer than the longest already.
    (FIRST_PAUSE << receipt.tries.min(16)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use model::ids::JobId;
    use model::time::Timestamp;

    use super::*;

    #[test]
    fn what_fails_is_tried_less_and_less_often() {
        let after = |tries| {
            pause(&DueReceipt {
                job: JobId::new("ABCDE").unwrap(),
                due: Timestamp::from_unix(0),
                tries,
            })
        };
        assert_eq!([0, 1, 2, 8].map(after), [10, 20, 40, 2560]);
        assert_eq!([9, 62, 63, 64, u32::MAX].map(after), [LONGEST_PAUSE; 5]);
    }
}
