//! Trying again, with the patience and the chance of [`objects::retrying`].

use std::fmt;
use std::time::Duration;

use objects::retrying::{Chance, Patience, Policy, Waited};
use tracing::{debug, warn};

use crate::error::ServiceError;

/// For how long a snapshot that was just begun may be unknown to parts of the service: two minutes, as the EBS
/// team advised (awslabs/coldsnap, issue 43).
const BIRTH: Duration = Duration::from_secs(120);

/// How long and how often to try, and what ends it.
///
/// # Contract
/// An error that [may be retried](ServiceError::may_retry) means that the time is used up. If an earlier try
/// may have succeeded and the last one says it did not happen, the error is [`ServiceError::Unsure`].
pub struct Retry {
    policy: Policy,
    chance: Chance,
    patience: Box<dyn Patience>,
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl Retry {
    /// Tries again as `policy` says, in the time `patience` gives; `seed` decides the odd milliseconds.
    #[must_use]
    pub fn new(policy: Policy, seed: u64, patience: Box<dyn Patience>) -> Self {
        Self {
            policy,
            chance: Chance::new(seed),
            patience,
        }
    }

    /// Repeats an act that changes something.
    pub(crate) fn act<T>(
        &self,
        operation: &str,
        act: impl Fn() -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        Tries::new(self, operation, Duration::ZERO).run(act)
    }

    /// Repeats an act on what may have been begun a moment ago, also while the service does not know it.
    pub(crate) fn act_on_new<T>(
        &self,
        operation: &str,
        act: impl Fn() -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        Tries::new(self, operation, BIRTH).run(act)
    }

    /// Repeats a look, or an act of which nobody asks whether an earlier try did it.
    pub(crate) fn look<T>(
        &self,
        operation: &str,
        look: impl Fn() -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        self.act(operation, look).map_err(|error| match error {
            ServiceError::Unsure { last, .. } => *last,
            other => other,
        })
    }
}

/// Tries of one call: what failed so far, and since when.
struct Tries<'r> {
    retry: &'r Retry,
    operation: &'r str,
    /// For how long what is not found is looked for again.
    birth: Duration,
    start: Duration,
    failures: u32,
    open: Option<ServiceError>,
}

impl<'r> Tries<'r> {
    fn new(retry: &'r Retry, operation: &'r str, birth: Duration) -> Self {
        Self {
            retry,
            operation,
            birth,
            start: Duration::ZERO,
            failures: 0,
            open: None,
        }
    }

    fn run<T>(mut self, act: impl Fn() -> Result<T, ServiceError>) -> Result<T, ServiceError> {
        loop {
            match act() {
                Ok(done) => return Ok(done),
                Err(error) => self.again(error)?,
            }
        }
    }

    /// Takes note of `error` and waits; `Err` if there is to be no other try.
    fn again(&mut self, error: ServiceError) -> Result<(), ServiceError> {
        let Retry {
            policy,
            chance,
            patience,
        } = self.retry;
        self.failures += 1;
        if self.failures == 1 {
            self.start = patience.elapsed();
        }
        let wait = policy.wait(self.failures, chance);
        let spent = patience.elapsed().saturating_sub(self.start);
        if spent.saturating_add(wait) > self.budget(&error) {
            return Err(self.give_up(error));
        }
        self.tell(&error, wait);
        if patience.wait(wait) == Waited::Canceled {
            let last = Box::new(self.give_up(error));
            return Err(ServiceError::Canceled { last });
        }
        if error.might_have_happened() {
            self.open = Some(error);
        }
        Ok(())
    }

    /// For how long after the first failure `error` is met by another try.
    fn budget(&self, error: &ServiceError) -> Duration {
        match error {
            ServiceError::NotFound(_) => self.birth.min(self.retry.policy.budget),
            error if error.may_retry() => self.retry.policy.budget,
            _ => Duration::ZERO,
        }
    }

    /// One failure is common; from the third on the operator should know.
    fn tell(&self, error: &ServiceError, wait: Duration) {
        let (operation, failures) = (self.operation, self.failures);
        let wait_ms = wait.as_millis();
        if failures == 3 {
            warn!(operation, failures, %error, "the service fails; trying again");
        } else {
            debug!(operation, failures, wait_ms, %error, "trying again");
        }
    }

    /// Keeps in mind that an earlier try may have succeeded.
    fn give_up(&mut self, last: ServiceError) -> ServiceError {
        match self.open.take() {
            Some(earlier) if !last.might_have_happened() => ServiceError::Unsure {
                earlier: Box::new(earlier),
                last: Box::new(last),
            },
            _ => last,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::sync::Mutex;

    use objects::error::Answer;

    use super::*;

    /// A clock that jumps over waits, and is stopped at some time.
    struct Jumping {
        now: Mutex<Duration>,
        stop: Duration,
    }

    impl Patience for Jumping {
        fn elapsed(&self) -> Duration {
            *self.now.lock().unwrap()
        }

        fn wait(&self, duration: Duration) -> Waited {
            let mut now = self.now.lock().unwrap();
            *now += duration;
            if *now >= self.stop {
                Waited::Canceled
            } else {
                Waited::Through
            }
        }
    }

    fn retry(stop: Duration) -> Retry {
        let now = Mutex::new(Duration::ZERO);
        Retry::new(Policy::default(), 1, Box::new(Jumping { now, stop }))
    }

    fn failing(status: u16) -> ServiceError {
        ServiceError::from_answer(Answer::new(status, "", ""), None)
    }

    /// Answers with one status after the other; 200 succeeds.
    fn run(retry: &Retry, statuses: &[u16]) -> (Result<(), ServiceError>, usize) {
        run_in(Tries::new(retry, "op", Duration::ZERO), statuses)
    }

    fn run_in(tries: Tries<'_>, statuses: &[u16]) -> (Result<(), ServiceError>, usize) {
        let left = RefCell::new(statuses.iter());
        let tried = Cell::new(0);
        let done = tries.run(|| {
            tried.set(tried.get() + 1);
            match left.borrow_mut().next() {
                Some(200) => Ok(()),
                status => Err(failing(*status.unwrap_or(&503))),
            }
        });
        (done, tried.get())
    }

    #[test]
    fn trouble_passes_and_refusals_do_not() {
        let retry = retry(Duration::MAX);
        let (done, tried) = run(&retry, &[503, 429, 200]);
        assert!(done.is_ok() && tried == 3);
        let (done, tried) = run(&retry, &[400, 200]);
        assert!(matches!(done, Err(ServiceError::Refused(_))) && tried == 1);
    }

    #[test]
    fn an_open_outcome_is_not_forgotten() {
        let retry = retry(Duration::MAX);
        let (done, _) = run(&retry, &[500, 404]);
        assert!(matches!(done, Err(ServiceError::Unsure { .. })), "{done:?}");
        let (done, _) = run(&retry, &[429, 404]);
        assert!(matches!(done, Err(ServiceError::NotFound(_))), "{done:?}");
    }

    #[test]
    fn what_was_just_begun_may_be_unknown_for_a_while() {
        let retry = retry(Duration::MAX);
        let new = || Tries::new(&retry, "op", BIRTH);
        let (done, tried) = run_in(new(), &[404, 404, 503, 404, 200]);
        assert!(done.is_ok() && tried == 5, "{done:?}");
        let before = retry.patience.elapsed();
        let (done, _) = run_in(new(), &[404; 100]);
        assert!(matches!(done, Err(ServiceError::NotFound(_))), "{done:?}");
        let spent = retry.patience.elapsed() - before;
        assert!(spent <= BIRTH && spent > BIRTH / 2, "{spent:?}");
        let (done, tried) = run(&retry, &[404, 200]);
        assert!(done.is_err() && tried == 1, "others are gone for good");
    }

    #[test]
    fn time_runs_out() {
        let retry = retry(Duration::MAX);
        let (done, tried) = run(&retry, &[]);
        assert!(
            matches!(done, Err(ServiceError::Unavailable(_))),
            "{done:?}"
        );
        assert!((15..60).contains(&tried), "{tried} tries in five minutes");
    }

    #[test]
    fn a_stop_ends_the_waiting() {
        let (done, tried) = run(&retry(Duration::ZERO), &[500, 200]);
        assert!(
            matches!(done, Err(ServiceError::Canceled { .. })),
            "{done:?}"
        );
        assert!(done.unwrap_err().might_have_happened() && tried == 1);
    }
}
