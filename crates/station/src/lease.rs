//! Keeps a lease alive while its job runs.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use model::control::{Claim, LeaseState, Renewal};

use crate::control::{Control, ControlError};
use crate::progress::Progress;
use crate::stop::{Halt, Stop};

/// Signs of life within one term: three may be lost.
const RENEWALS_PER_TERM: u32 = 4;

/// They also carry how far the job is, which people watch: so often at least.
const NEWS_EVERY: Duration = Duration::from_secs(5);

/// Renews the lease until `done` is closed. A customer who canceled, or a server that gave the job
/// to another attempt, stops the run.
///
/// A server that does not answer stops nothing: the station goes on, and if another attempt took
/// over meanwhile the next answer says so.
pub fn keep(
    control: &Control,
    claim: &Claim,
    progress: &Progress,
    stop: &Stop,
    done: &Receiver<()>,
) {
    let term = Duration::from_secs(claim.lease_seconds.into());
    let pause = (term / RENEWALS_PER_TERM).min(NEWS_EVERY);
    let mut last_answer = Instant::now();
    while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(pause) {
        let snapshot = progress.snapshot();
        let (tally, current) = (snapshot.tally, snapshot.current);
        let (job, lease) = (claim.job, claim.lease.clone());
        match control.renew(&Renewal {
            job,
            lease,
            tally,
            current,
        }) {
            Ok(LeaseState::Held) => last_answer = Instant::now(),
            Ok(LeaseState::Canceled) => stop.halt(Halt::Canceled),
            Ok(LeaseState::Lost) => stop.halt(Halt::LeaseLost),
            Err(ControlError::Refused(fault)) => {
                tracing::error!(%job, code = %fault.code, "lease not renewed: {}", fault.message);
                stop.halt(Halt::LeaseLost);
            }
            Err(error) => {
                let silent = last_answer.elapsed().as_secs();
                tracing::warn!(%job, silent_seconds = silent, %error, "lease not renewed");
            }
        }
    }
}
