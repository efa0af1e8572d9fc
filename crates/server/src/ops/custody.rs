//! Where devices are: they come with a claim, and go back to the customer.

use model::control::ReturnRequest;
use model::custody::Custody;
use model::disposal::Unerased;
use model::event::Event;
use model::ids::JobId;
use model::job::Job;

use super::disposal::{self, answered_for};
use super::{Context, DockingFault, Refused, jobs};
use crate::access::{Action, Caller};
use crate::change;

/// Longest carrier or tracking number, in characters: both go into one sentence of `GetStatus`.
const TEXT_CHARS: usize = 100;

/// Books a device as sent back. The same message again is answered alike.
///
/// # Errors
/// [`Refused`]; the job is unchanged then.
pub async fn give_back(
    context: &Context,
    caller: &Caller,
    request: ReturnRequest,
) -> Result<(), Refused> {
    check("carrier", &request.carrier)?;
    check("tracking_number", &request.tracking_number)?;
    let ReturnRequest {
        job,
        carrier,
        tracking_number,
        unerased,
    } = request;
    let unerased = unerased.map(answered_for).transpose()?;
    let found = jobs::find(context, caller, Action::ReturnDevice, job.as_str()).await?;
    if is_returned(&found.custody, &carrier, &tracking_number) {
        return Ok(());
    }
    nobody_erases(context, job).await?;
    let event = Event::DeviceReturned {
        carrier,
        tracking_number,
        unerased: needed(&found, unerased),
    };
    let refused = |why| Refused::State { job, why };
    change::apply(context, job, &caller.actor(), &event, refused)
        .await?
        .ok_or_else(|| Refused::no_such_job(job))?;
    tracing::info!(actor = %caller.actor(), %job, "device returned");
    Ok(())
}

/// Whether [`give_back`] would do it.
///
/// # Errors
/// [`Refused`] as it would refuse.
pub(super) async fn may_give_back(
    context: &Context,
    caller: &Caller,
    request: &ReturnRequest,
) -> Result<(), Refused> {
    let ReturnRequest {
        job,
        carrier,
        tracking_number,
        unerased,
    } = request;
    let unerased = unerased.clone().map(answered_for).transpose()?;
    let found = jobs::find(context, caller, Action::ReturnDevice, job.as_str()).await?;
    if is_returned(&found.custody, carrier, tracking_number) {
        return Ok(());
    }
    nobody_erases(context, *job).await?;
    let event = Event::DeviceReturned {
        carrier: carrier.clone(),
        tracking_number: tracking_number.clone(),
        unerased: needed(&found, unerased),
    };
    let done = found.apply(&event, context.clock.now());
    done.map_err(|why| Refused::State { job: *job, why })?;
    Ok(())
}

/// What somebody answers for, where it is needed: of a box with several devices some may be erased, and others were never to
/// be.
fn needed(job: &Job, unerased: Option<Unerased>) -> Option<Unerased> {
    let is_begun = job.disposal.begun().is_some();
    unerased.filter(|_| job.owes_erase() || is_begun)
}

/// A device that a station erases stays where it is.
async fn nobody_erases(context: &Context, job: JobId) -> Result<(), Refused> {
    match disposal::eraser(context, job).await? {
        Some(holder) => Err(DockingFault::Leased { job, holder }.into()),
        None => Ok(()),
    }
}

pub(super) fn check(field: &'static str, text: &str) -> Result<(), DockingFault> {
    let fits = !text.trim().is_empty() && text.chars().count() <= TEXT_CHARS;
    if fits && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let wrong = format!("must have 1 to {TEXT_CHARS} characters, and no control characters");
    Err(DockingFault::Field { field, wrong })
}

fn is_returned(custody: &Custody, carrier: &str, tracking_number: &str) -> bool {
    matches!(custody, Custody::Returned { carrier: c, tracking_number: t, .. }
        if c == carrier && t == tracking_number)
}
