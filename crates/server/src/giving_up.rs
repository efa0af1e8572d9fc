//! How a job ends that is on hold and that nobody mends, whether a person says so or the settings do.

use model::event::{Event, WhileRunning};
use model::hold::GivenUp;
use model::job::Job;
use model::progress::Progress;
use model::stopped::Stopped;

/// What happens to a job that is given up.
pub(crate) fn event(hold: &Stopped, because: &str) -> Event {
    let because = Some(because.to_owned());
    match hold.cause.hold().map(|rule| rule.given_up) {
        Some(GivenUp::Aborted(reason)) => Event::TransferAborted { reason, because },
        Some(GivenUp::Canceled) | None => Event::Canceled {
            running: WhileRunning::Cancel,
            because,
        },
    }
}

/// Whether a job was given up with these words.
pub(crate) fn is_given_up(job: &Job, because: &str) -> bool {
    match &job.progress {
        Progress::Aborted { because: said, .. } | Progress::Canceled { because: said, .. } => {
            said.as_deref() == Some(because)
        }
        Progress::Pending
        | Progress::InProgress { .. }
        | Progress::Finished { .. }
        | Progress::Expired { .. } => false,
    }
}
