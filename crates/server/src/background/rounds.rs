//! The loop that all background tasks share.
//!
//! A round that failed is logged and done again soon, then less and less often, so that a database that is down is
//! neither asked in vain all the time nor waited for longer than it takes. Servers that were started together drift
//! apart by the jitter.

use std::any::Any;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use awshttp::retry::{Jitter, RetryPolicy};
use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;

/// Waits after rounds that failed: a moment at first, for a database that starts again; a few minutes at most.
const BACKOFF: RetryPolicy = RetryPolicy {
    first_wait: Duration::from_secs(4),
    longest_wait: Duration::from_secs(5 * 60),
    budget: Duration::MAX,
};

/// Does a round at once and then every `interval`, or up to a tenth sooner, until `stop`. A round that has begun is
/// not cut off. `task` is its name in the log.
pub(super) async fn repeat<F, E>(
    task: &'static str,
    interval: Duration,
    stop: CancellationToken,
    round: impl Fn() -> F,
) where
    F: Future<Output = Result<(), E>>,
    E: Error + 'static,
{
    let jitter = Jitter::new(seed());
    let mut failures: u32 = 0;
    while !stop.is_cancelled() {
        let wait = if succeeds(task, failures, round()).await {
            failures = 0;
            interval - sooner(interval, &jitter)
        } else {
            failures = failures.saturating_add(1);
            BACKOFF.wait(failures, &jitter)
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Does a round, and logs if it failed or if one succeeds after `failures`.
async fn succeeds<E: Error + 'static>(
    task: &'static str,
    failures: u32,
    round: impl Future<Output = Result<(), E>>,
) -> bool {
    match AssertUnwindSafe(round).catch_unwind().await {
        Ok(Ok(())) => {
            if failures > 0 {
                tracing::info!(task, failures, "background task succeeds again");
            }
            return true;
        }
        Ok(Err(error)) => tracing::warn!(
            task,
            failures,
            error = &error as &dyn Error,
            "background task failed; it will be tried again"
        ),
        Err(panic) => tracing::error!(
            task,
            failures,
            panic = text_of(&*panic),
            "background task failed by a mistake of ours; it will be tried again"
        ),
    }
    false
}

/// Up to a tenth of the interval.
fn sooner(interval: Duration, jitter: &Jitter) -> Duration {
    let tenth = u64::try_from(interval.as_millis() / 10).unwrap_or(u64::MAX);
    Duration::from_millis(jitter.below(tenth))
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no text")
}

/// Another for each task of each server; without chance from the system they stay together, which harms nobody.
fn seed() -> u64 {
    getrandom::u64().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex};
    use tokio::task::JoinHandle;
    use tokio::time::Instant;

    const INTERVAL: Duration = Duration::from_secs(60);

    /// A task whose rounds end as `outcome` says by their number; when each began.
    struct Task {
        begun: Arc<Mutex<Vec<Duration>>>,
        stop: CancellationToken,
        task: JoinHandle<()>,
    }

    impl Task {
        fn start(outcome: impl Fn(usize) -> Result<(), io::Error> + Send + Sync + 'static) -> Self {
            let (begun, start) = (Arc::new(Mutex::new(Vec::new())), Instant::now());
            let (of_round, outcome) = (Arc::clone(&begun), Arc::new(outcome));
            let round = move || {
                let number = {
                    let mut begun = of_round.lock().unwrap();
                    begun.push(start.elapsed());
                    begun.len() - 1
                };
                let outcome = Arc::clone(&outcome);
                async move {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    outcome(number)
                }
            };
            let stop = CancellationToken::new();
            let task = tokio::spawn(repeat("test", INTERVAL, stop.clone(), round));
            Self { begun, stop, task }
        }

        /// The waits between rounds that began within `time`.
        async fn waits(self, time: Duration) -> Vec<Duration> {
            tokio::time::sleep(time).await;
            self.stop.cancel();
            self.task.await.unwrap();
            let begun = self.begun.lock().unwrap();
            assert_eq!(begun[0], Duration::ZERO, "the first begins at once");
            begun.windows(2).map(|pair| pair[1] - pair[0]).collect()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rounds_come_at_their_interval_or_a_little_sooner() {
        let waits = Task::start(|_| Ok(())).waits(INTERVAL * 30).await;
        let within = |wait: &Duration| {
            (INTERVAL * 9 / 10..=INTERVAL + Duration::from_millis(5)).contains(wait)
        };
        assert!(waits.len() >= 29 && waits.iter().all(within), "{waits:?}");
        assert!(
            waits.windows(2).any(|pair| pair[0] != pair[1]),
            "there is jitter: {waits:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_fails_backs_off_and_comes_back_to_its_interval() {
        const FAILURES: usize = 12;
        let outcome = |number| match number {
            0..FAILURES => Err(io::Error::other("down")),
            _ => Ok(()),
        };
        let waits = Task::start(outcome)
            .waits(Duration::from_secs(2 * 60 * 60))
            .await;
        assert!(
            waits[0] < Duration::from_secs(5),
            "soon at first: {waits:?}"
        );
        for (number, wait) in waits[..FAILURES].iter().enumerate() {
            let nominal = (BACKOFF.first_wait * (1 << number)).min(BACKOFF.longest_wait);
            let within = nominal / 2..=nominal + Duration::from_millis(5);
            assert!(within.contains(wait), "after {number} failures {wait:?}");
        }
        assert!(waits.len() > FAILURES + 2);
        assert!(
            waits[FAILURES..].iter().all(|wait| *wait > INTERVAL / 2),
            "{waits:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_ends_a_round_and_not_the_task() {
        let outcome = |number| match number {
            1 => panic!("a mistake"),
            _ => Ok(()),
        };
        let waits = Task::start(outcome).waits(INTERVAL * 4).await;
        assert!(waits.len() >= 3, "{waits:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_waits_for_the_round_under_way_and_not_for_the_next() {
        let done = Arc::new(Mutex::new(false));
        let of_round = Arc::clone(&done);
        let task = Task::start(move |_| {
            *of_round.lock().unwrap() = true;
            Ok(())
        });
        tokio::task::yield_now().await;
        let waits = task.waits(Duration::ZERO).await;
        assert!(*done.lock().unwrap(), "the round came to its end");
        assert!(waits.is_empty());
    }
}
