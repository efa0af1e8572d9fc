//! Where devices are: they come with a claim, and go back to the customer.

use model::control::ReturnRequest;
use model::custody::Custody;
use model::event::Event;

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
    } = request;
    let found = jobs::find(context, caller, Action::ReturnDevice, job.as_str()).await?;
    if is_returned(&found.custody, &carrier, &tracking_number) {
        return Ok(());
    }
    let event = Event::DeviceReturned {
        carrier,
        tracking_number,
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
    } = request;
    let found = jobs::find(context, caller, Action::ReturnDevice, job.as_str()).await?;
    if is_returned(&found.custody, carrier, tracking_number) {
        return Ok(());
    }
    let event = Event::DeviceReturned {
        carrier: carrier.clone(),
        tracking_number: tracking_number.clone(),
    };
    let done = found.apply(&event, context.clock.now());
    done.map_err(|why| Refused::State { job: *job, why })?;
    Ok(())
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
