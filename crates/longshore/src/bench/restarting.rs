//! A bench within the service that cannot be run is tried again: what stood in its way may go, and nobody would start it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use station::resident::BenchError;
use transfer::stop::Stop;

/// The waits from one try to the next: twice as long each time, and no longer than that.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// How often it is looked whether to stop.
const LOOK: Duration = Duration::from_millis(200);

/// Runs a bench until it is stopped. `runs` is false while it is not run.
pub(super) fn run_again(
    stop: &Stop,
    runs: &AtomicBool,
    mut run: impl FnMut() -> Result<(), BenchError>,
) {
    let mut wait = FIRST;
    while let Err(error) = run() {
        let again_seconds = wait.as_secs();
        // One that ran before ends without an error.
        runs.store(false, Ordering::Relaxed);
        let error = anyhow::Error::from(error);
        tracing::error!(again_seconds, "the bays are not watched: {error:#}");
        if !rest(stop, wait) {
            return;
        }
        wait = (wait * 2).min(LONGEST);
    }
}

/// Waits; `false` if it is to stop.
fn rest(stop: &Stop, time: Duration) -> bool {
    let mut left = time;
    while !left.is_zero() && !stop.is_set() {
        let nap = left.min(LOOK);
        std::thread::sleep(nap);
        left -= nap;
    }
    !stop.is_set()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;
    use transfer::stop::Halt;

    fn taken() -> BenchError {
        BenchError::Taken("bench".into())
    }

    #[test]
    fn what_cannot_be_run_is_tried_again_until_it_can_be() {
        let (stop, runs) = (Stop::default(), AtomicBool::new(true));
        let mut tries = 0;
        let begun = Instant::now();
        run_again(&stop, &runs, || {
            tries += 1;
            match tries {
                1 => Err(taken()),
                _ => {
                    assert!(!runs.load(Ordering::Relaxed));
                    Ok(())
                }
            }
        });
        assert_eq!(tries, 2);
        assert!(begun.elapsed() >= FIRST);
    }

    #[test]
    fn who_waits_to_try_again_stops_soon() {
        let (stop, runs) = (Stop::default(), AtomicBool::new(true));
        let begun = Instant::now();
        run_again(&stop, &runs, || {
            stop.halt(Halt::Interrupted);
            Err(taken())
        });
        assert!(begun.elapsed() < FIRST);
        assert!(!runs.load(Ordering::Relaxed));
    }
}
