//! A person gives a job up that is on hold: it ends as what it is on hold for says, or with what is loaded.

use model::control::{FinishRequest, GiveUpRequest};
use model::event::Event;
use model::job::{Job, Refusal};
use model::stopped::Stopped;

use super::decision::{Decision, sentence};
use super::find;
use crate::access::{Action, Caller};
use crate::giving_up;
use crate::ops::{Context, DockingFault, Refused};

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
        Ok(vec![giving_up::event(hold_of(job)?, &because)])
    };
    decision.carry_out(context, caller, is_done, events).await
}

/// Has a job end with what is loaded of it: a station that has its device, or began it, is to say what is not. The same
/// message again is answered alike.
///
/// # Errors
/// [`DockingFault::NoFinish`] if it cannot end so; the job is unchanged then.
pub async fn finish_without(
    context: &Context,
    caller: &Caller,
    request: FinishRequest,
) -> Result<(), Refused> {
    let because = request.because.as_deref().map(sentence).transpose()?;
    let id = request.job;
    let job = find(context, caller, Action::GiveUpJob, id.as_str()).await?;
    let is_done = |job: &Job| job.without.is_some();
    if !is_done(&job) {
        let may = giving_up::may_finish_without(context, &job, hold_of(&job)?).await?;
        may.map_err(|why| DockingFault::NoFinish { job: id, why })?;
    }
    let decision = Decision {
        action: Action::GiveUpJob,
        job: id,
        account: &request.account,
        shown: &request.shown,
    };
    let events = |job: &Job| -> Result<Vec<Event>, Refused> {
        hold_of(job)?;
        let because = because.clone();
        Ok(vec![Event::ToFinishWithout { because }])
    };
    decision.carry_out(context, caller, is_done, events).await
}

fn hold_of(job: &Job) -> Result<&Stopped, Refused> {
    let why = Refusal::NotOnHold;
    job.hold().ok_or(Refused::State { job: job.id, why })
}
