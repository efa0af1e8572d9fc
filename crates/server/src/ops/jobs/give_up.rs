//! A person gives a job up that is on hold: it ends as what it is on hold for says.

use model::control::GiveUpRequest;
use model::event::Event;
use model::job::{Job, Refusal};

use super::decision::{Decision, sentence};
use crate::access::{Action, Caller};
use crate::giving_up;
use crate::ops::{Context, Refused};

/// Gives a job up. The same message again is answered alike.
///
/// # Errors
/// [`Refused`]; the job is unchanged then.
pub async fn give_up(
    context: &Context,
    caller: &Caller,
    request: GiveUpRequest,
) -> Result<(), Refused> {
    let because = sentence(&request.because)?;
    let id = request.job;
    let decision = Decision {
        action: Action::GiveUpJob,
        job: id,
        account: &request.account,
        shown: &request.shown,
    };
    let is_done = |job: &Job| giving_up::is_given_up(job, &because);
    let events = |job: &Job| -> Result<Vec<Event>, Refused> {
        let why = Refusal::NotOnHold;
        let hold = job.hold().ok_or(Refused::State { job: id, why })?;
        Ok(vec![giving_up::event(hold, &because)])
    };
    decision.carry_out(context, caller, is_done, events).await
}
