//! Somebody has compared a bucket or a device with the report of a job, and says what came of it.

use custody::by::By;
use custody::digest::Digest;
use custody::event::{Event, Side, Verified};
use model::custody::Custody;
use model::ids::JobId;
use model::job::Refusal;
use model::operator::disposal::{ComparedSide, ComparedWhole};

use crate::access::{Action, Caller, Resource, authorize};
use crate::ops::{Admin, Refused};

/// Tells it in the ledger: it changes no job, and is a word of whoever says it. With each time it is told again.
///
/// # Errors
/// [`Refused`]; of a job whose device has gone back nothing more is told.
pub async fn verified(
    admin: &Admin,
    caller: &Caller,
    id: JobId,
    compared: &ComparedWhole,
) -> Result<(), Refused> {
    let found = admin.jobs.job(id).await?;
    let job = found.ok_or_else(|| Refused::no_such_job(id))?.job;
    authorize(caller, Action::TellVerified, Resource::Job(&job))?;
    let why = match (&job.custody, job.progress.log()) {
        (Custody::Returned { .. }, _) => Some(Refusal::Returned),
        (_, None) => Some(Refusal::NotOver),
        (Custody::NotReceived | Custody::AtStation { .. }, Some(_)) => None,
    };
    if let Some(why) = why {
        return Err(Refused::State { job: id, why });
    }
    let verified = Verified {
        what: match compared.what {
            ComparedSide::Bucket => Side::Bucket,
            ComparedSide::Device => Side::Device,
        },
        share: None,
        seed: None,
        differences: compared.differences,
        report_sha256: Some(Digest::from(&compared.report_sha256)),
    };
    let event = Event {
        at: admin.clock.now().into(),
        what: verified.into(),
        by: By::usual(&caller.actor()),
        station: job.custody.station().cloned(),
        bay: None,
    };
    admin.jobs.tell(Some(id), &[event]).await?;
    tracing::info!(actor = %caller.actor(), job = %id, differences = compared.differences, "comparison told");
    Ok(())
}
