//! A device goes back to the customer.

use model::control::ReturnRequest;
use model::custody::Custody;
use model::event::Event;
use model::ids::StationName;

use super::{StationFault, actor};
use crate::change;
use crate::http::App;

/// Longest carrier or tracking number, in characters: both go into one sentence of `GetStatus`.
const TEXT_CHARS: usize = 100;

/// Books a device as sent back. The same message again is answered alike.
pub(super) async fn give_back(
    app: &App,
    station: &StationName,
    request: ReturnRequest,
) -> Result<(), StationFault> {
    check("carrier", &request.carrier)?;
    check("tracking_number", &request.tracking_number)?;
    let ReturnRequest {
        job,
        carrier,
        tracking_number,
    } = request;
    let found = change::look(&app.context, job)
        .await?
        .ok_or(StationFault::UnknownJob(job))?;
    if is_returned(&found.custody, &carrier, &tracking_number) {
        return Ok(());
    }
    let event = Event::DeviceReturned {
        carrier,
        tracking_number,
    };
    let refused = |why| StationFault::Refused { job, why };
    change::apply(&app.context, job, &actor(station), &event, refused)
        .await?
        .ok_or(StationFault::UnknownJob(job))?;
    tracing::info!(%station, %job, "device returned");
    Ok(())
}

fn check(field: &'static str, text: &str) -> Result<(), StationFault> {
    let fits = !text.trim().is_empty() && text.chars().count() <= TEXT_CHARS;
    if fits && !text.chars().any(char::is_control) {
        return Ok(());
    }
    let wrong = format!("must have 1 to {TEXT_CHARS} characters, and no control characters");
    Err(StationFault::BadField { field, wrong })
}

fn is_returned(custody: &Custody, carrier: &str, tracking_number: &str) -> bool {
    matches!(custody, Custody::Returned { carrier: c, tracking_number: t, .. }
        if c == carrier && t == tracking_number)
}
