//! Keeps the right to erase while a device is erased, and says how far it is.

use std::time::{Duration, Instant};

use bay::erase::{ErasingProgress, Figures};
use crossbeam_channel::RecvTimeoutError;
use model::control::LeaseState;
use model::disposal::messages::{EraseGrant, EraseProgress, EraseRenewal};
use model::ids::JobId;
use transfer::stop::{Halt, Stop};

use crate::control::Control;

/// Signs of life within one term: three may be lost.
const RENEWALS_PER_TERM: u32 = 4;

/// They also carry how far it is, which people watch: so often at least.
const NEWS_EVERY: Duration = Duration::from_secs(5);

/// Runs `work` with the right to it kept beside it. A server that took it back stops the work; one that does not answer
/// stops nothing.
pub(super) fn while_kept<T>(
    control: &Control,
    job: JobId,
    grant: &EraseGrant,
    progress: &ErasingProgress,
    stop: &Stop,
    work: impl FnOnce() -> T,
) -> T {
    let term = Duration::from_secs(grant.lease_seconds.max(1).into());
    let pause = (term / RENEWALS_PER_TERM).min(NEWS_EVERY);
    std::thread::scope(|scope| {
        let (running, done) = crossbeam_channel::bounded::<()>(0);
        scope.spawn(move || {
            let begun = (Instant::now(), progress.figures().all_bytes);
            while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(pause) {
                let renewal = EraseRenewal {
                    job,
                    lease: grant.lease.clone(),
                    progress: told(&progress.figures(), begun),
                };
                match control.erase_renew(&renewal).map(|lease| lease.state) {
                    Ok(LeaseState::Held) => {}
                    Ok(LeaseState::Canceled) => stop.halt(Halt::Canceled),
                    Ok(LeaseState::OnHold) => stop.halt(Halt::OnHold),
                    Ok(LeaseState::Lost) => stop.halt(Halt::LeaseLost),
                    Err(error) => {
                        tracing::warn!(%job, %error, "right to erase not renewed");
                    }
                }
            }
        });
        let result = work();
        drop(running);
        result
    })
}

/// How far it is, and about how long it still takes at the pace since it was begun here.
fn told(figures: &Figures, (since, before): (Instant, u64)) -> EraseProgress {
    let done = figures.all_bytes.saturating_sub(before);
    let left = figures.all_of.saturating_sub(figures.all_bytes);
    let seconds = since.elapsed().as_secs();
    let left = u128::from(left) * u128::from(seconds);
    EraseProgress {
        pass: figures.step,
        passes: figures.steps,
        bytes: figures.bytes,
        of_bytes: figures.of,
        seconds_left: left
            .checked_div(u128::from(done))
            .and_then(|seconds| u64::try_from(seconds).ok()),
    }
}
