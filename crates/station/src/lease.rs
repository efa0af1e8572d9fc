//! Keeps a lease alive while its job runs: by the heartbeats of the station where it sends some, else by itself.

mod carried;

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use model::control::{Claim, LeaseState, PROTOCOL_VERSION, Renewal};
use model::readable;

pub(crate) use carried::{By, Carried, Carrying};

use crate::control::{Control, ControlError};
use transfer::progress::{Pace, Progress};
use transfer::stop::{Halt, Stop};

/// Signs of life within one term: three may be lost.
const RENEWALS_PER_TERM: u32 = 4;

/// They also carry how far the job is, which people watch: so often at least.
const NEWS_EVERY: Duration = Duration::from_secs(5);

/// Most characters of a name in a sign of life: paths can be of any length, messages cannot.
const NAME_CHARS: usize = 200;

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
    let mut pace = Pace::default();
    pace.figures(progress.snapshot(), Instant::now());
    while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(pause) {
        let renewal = sign_of_life(claim, progress, &mut pace);
        let state = match control.carried().say(renewal.clone()) {
            By::Heartbeat(state) => state,
            By::Itself => renew(control, &renewal, last_answer),
        };
        match state.map(halt) {
            Some(None) => last_answer = Instant::now(),
            Some(Some(why)) => stop.halt(why),
            None => {}
        }
    }
    control.carried().forget(claim.job, &claim.lease);
}

/// Why a lease has ended, asked at once; nothing if it holds, or the server does not say. With a lease end the keys that its
/// docking was given, and a store that refuses them says nothing of the reason.
pub fn ended(control: &Control, claim: &Claim, progress: &Progress) -> Option<Halt> {
    let renewal = sign_of_life(claim, progress, &mut Pace::default());
    match control.renew(&renewal) {
        Ok(state) => halt(state),
        Err(_) => None,
    }
}

/// What ends a run, if its lease is in this state.
fn halt(state: LeaseState) -> Option<Halt> {
    match state {
        LeaseState::Held => None,
        LeaseState::Canceled => Some(Halt::Canceled),
        LeaseState::Lost => Some(Halt::LeaseLost),
        LeaseState::OnHold => Some(Halt::OnHold),
    }
}

/// Renews the lease; nothing if the server cannot be asked.
fn renew(control: &Control, renewal: &Renewal, last_answer: Instant) -> Option<LeaseState> {
    let job = renewal.job;
    match control.renew(renewal) {
        Ok(state) => Some(state),
        Err(ControlError::Refused(fault)) => {
            tracing::error!(%job, code = %fault.code, "lease not renewed: {}", fault.message);
            Some(LeaseState::Lost)
        }
        Err(error) => {
            let silent = last_answer.elapsed().as_secs();
            tracing::warn!(%job, silent_seconds = silent, %error, "lease not renewed");
            None
        }
    }
}

fn sign_of_life(claim: &Claim, progress: &Progress, pace: &mut Pace) -> Renewal {
    let mut figures = pace.figures(progress.snapshot(), Instant::now());
    figures.current = figures
        .current
        .map(|current| readable::name(&current, NAME_CHARS));
    Renewal {
        version: PROTOCOL_VERSION,
        job: claim.job,
        lease: claim.lease.clone(),
        figures,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::control::LeaseToken;
    use model::ids::{AccountId, JobId, JobType};

    #[test]
    fn the_deepest_path_fits_into_a_heartbeat() {
        let claim = Claim {
            job: JobId::new("ABCDE").unwrap(),
            job_type: JobType::Import,
            account: AccountId::new("000000000001").unwrap(),
            created: "2026-01-02T03:04:05Z".parse().unwrap(),
            manifest: String::new(),
            begun: None,
            attempt: 1,
            lease: LeaseToken("0".repeat(32)),
            lease_seconds: 60,
            buckets: Vec::new(),
            image: None,
            without: None,
            as_it_is: Vec::new(),
            secrets: Vec::new(),
        };
        let progress = Progress::default();
        progress.found(10);
        progress.reading(&"\u{1}\u{202e}".repeat(100_000));
        let renewal = sign_of_life(&claim, &progress, &mut Pace::default());
        assert!(serde_json::to_vec(&renewal).unwrap().len() < 4096);
        assert_eq!(
            (renewal.figures.found, renewal.figures.found_bytes),
            (1, 10)
        );
    }
}
