//! A person ends a job as AWS ended it, in so many words. No docking does that.

use model::control::AbortRequest;
use model::event::Event;
use model::progress::{AbortReason, Progress};

use super::decision::{Decision, sentence};
use crate::access::{Action, Caller};
use crate::ops::{Context, Refused};

/// Ends a job. The same message again is answered alike.
///
/// # Errors
/// [`Refused`]; the job is unchanged then.
pub async fn abort(
    context: &Context,
    caller: &Caller,
    request: AbortRequest,
) -> Result<(), Refused> {
    let because = sentence(&request.because)?;
    let reason = request.reason;
    let aborted = Event::TransferAborted {
        reason,
        because: Some(because.clone()),
    };
    let decision = Decision {
        action: Action::AbortJob,
        job: request.job,
        account: &request.account,
        shown: &request.shown,
    };
    let is_done = |job: &model::job::Job| is_done(&job.progress, reason, &because);
    let events = |_: &_| Ok(vec![aborted.clone()]);
    decision.carry_out(context, caller, is_done, events).await
}

fn is_done(progress: &Progress, reason: AbortReason, because: &str) -> bool {
    matches!(progress, Progress::Aborted { reason: r, because: b, .. }
        if *r == reason && b.as_deref() == Some(because))
}
