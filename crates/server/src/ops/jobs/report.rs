//! The report of a job, for whoever asks here instead of in the bucket where it lies.

use model::ids::ObjectKey;

use super::find;
use crate::access::{Action, Caller};
use crate::ops::{Context, DockingFault, Refused, SubmissionFault};

/// Longest report that is handed on, in bytes: at 200 bytes a line 160,000 files. It is held in memory while it is sent.
const REPORT_BYTES: u64 = 32 << 20;

/// A report.
#[derive(Debug)]
pub struct JobReport {
    /// Where it lies.
    pub key: ObjectKey,
    /// The file.
    pub content: Vec<u8>,
}

/// Gets the report of a job out of its bucket.
///
/// # Errors
/// [`Refused::NoSuchJob`]; [`DockingFault::NoReport`] if there is none, or it is too long; the failure of its store.
pub async fn report(context: &Context, caller: &Caller, id: &str) -> Result<JobReport, Refused> {
    let job = find(context, caller, Action::MakeReceipt, id).await?;
    let none = |why| DockingFault::NoReport { job: job.id, why };
    let log = job
        .progress
        .log()
        .ok_or_else(|| none("nothing was transferred"))?;
    let got = context.stores.get(&log.bucket, &log.key, REPORT_BYTES + 1);
    let content = got.await.map_err(SubmissionFault::from)?;
    let content = content.ok_or_else(|| none("it is not in its bucket any more"))?;
    match content.len() as u64 > REPORT_BYTES {
        true => Err(none("it is too long to be handed on: get it from its bucket").into()),
        false => Ok(JobReport {
            key: log.key.clone(),
            content,
        }),
    }
}
