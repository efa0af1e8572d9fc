//! Trying again: exponential backoff with jitter, until the time is used up or somebody cancels.
//!
//! Of a call that failed two things count: whether the same call may succeed later, and whether it may have taken
//! effect. What the second means for an act is the caller's affair; here it is only not forgotten.

mod backoff;
mod log_limiter;
mod sleeper;

use std::fmt;
use std::time::Duration;

use tracing::{debug, warn};

use self::log_limiter::LogLimiter;

pub use backoff::{Jitter, RetryPolicy};
pub use sleeper::{RealTime, Sleeper, Slept};

/// A call that failed, as far as trying again needs it.
///
/// # Contract
/// What [`unsure`](Self::unsure) makes might have happened, and [`settled`](Self::settled) takes that back. What
/// [`canceled`](Self::canceled) makes may not be retried.
pub trait CallError: fmt::Display + Sized {
    /// What messages call the other side, such as `the store`.
    const PEER: &'static str;

    /// Tells whether the same call may succeed when made again.
    fn may_retry(&self) -> bool;

    /// Tells whether the call may have taken effect although it failed.
    fn might_have_happened(&self) -> bool;

    /// Tries that ended in `last`, of which an earlier one, which failed with `earlier`, may have succeeded.
    fn unsure(earlier: Self, last: Self) -> Self;

    /// Somebody asked to stop while the call waited to be made again after `last`.
    fn canceled(last: Self) -> Self;

    /// What the last try said, where nobody asks whether an earlier one succeeded.
    fn settled(self) -> Self;
}

/// How long and how often to try, and what ends it.
///
/// # Contract
/// An error that [may be retried](CallError::may_retry) means that the time is used up. If an earlier try may have
/// succeeded and the last one says it did not happen, the error is [unsure](CallError::unsure).
pub struct Retry {
    policy: RetryPolicy,
    jitter: Jitter,
    sleeper: Box<dyn Sleeper>,
    warnings: LogLimiter,
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl Retry {
    /// Tries again as `policy` says, in the time `sleeper` gives; `seed` decides the odd milliseconds.
    #[must_use]
    pub fn new(policy: RetryPolicy, seed: u64, sleeper: Box<dyn Sleeper>) -> Self {
        Self {
            policy,
            jitter: Jitter::new(seed),
            sleeper,
            warnings: LogLimiter::default(),
        }
    }

    /// Repeats an act that changes something.
    ///
    /// # Errors
    /// See the contract.
    pub fn act<T, E: CallError>(
        &self,
        operation: &str,
        act: impl Fn() -> Result<T, E>,
    ) -> Result<T, E> {
        self.tries().run(operation, act)
    }

    /// Repeats a look, or an act of which nobody asks whether an earlier try did it.
    ///
    /// # Errors
    /// As of [`act`](Self::act), and never [unsure](CallError::unsure).
    pub fn look<T, E: CallError>(
        &self,
        operation: &str,
        look: impl Fn() -> Result<T, E>,
    ) -> Result<T, E> {
        self.act(operation, look).map_err(E::settled)
    }

    /// The tries of one call, of which none was made yet.
    pub fn tries<E: CallError>(&self) -> Tries<'_, E> {
        Tries {
            retry: self,
            grace: None,
            start: Duration::ZERO,
            failures: 0,
            open: None,
        }
    }
}

/// A failure that is met by another try although it is final by itself, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Grace<E> {
    /// Which failures.
    pub covers: fn(&E) -> bool,
    /// For how long after the first failure.
    pub within: Duration,
}

/// Tries of one call: what failed so far, and whether there is time for another.
pub struct Tries<'r, E> {
    retry: &'r Retry,
    grace: Option<Grace<E>>,
    start: Duration,
    failures: u32,
    open: Option<E>,
}

impl<E: CallError> fmt::Debug for Tries<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tries")
            .field("failures", &self.failures)
            .field("outcome_is_open", &self.outcome_is_open())
            .finish_non_exhaustive()
    }
}

impl<E: CallError> Tries<'_, E> {
    /// Meets some failures by another try for a while, which are final otherwise.
    #[must_use]
    pub fn with_grace(self, grace: Grace<E>) -> Self {
        Self {
            grace: Some(grace),
            ..self
        }
    }

    /// Tries until it succeeds or is to be given up.
    ///
    /// # Errors
    /// See [`Retry`].
    pub fn run<T>(mut self, operation: &str, act: impl Fn() -> Result<T, E>) -> Result<T, E> {
        loop {
            match act() {
                Ok(done) => return Ok(done),
                Err(error) => self.again(operation, error)?,
            }
        }
    }

    /// Takes note of `error` and waits.
    ///
    /// # Errors
    /// What to give up with, if there is to be no other try.
    pub fn again(&mut self, operation: &str, error: E) -> Result<(), E> {
        let Retry {
            policy,
            jitter,
            sleeper,
            ..
        } = self.retry;
        self.failures += 1;
        if self.failures == 1 {
            // Not before: the first try may have waited long for its turn.
            self.start = sleeper.elapsed();
        }
        let wait = policy.wait(self.failures, jitter);
        let spent = sleeper.elapsed().saturating_sub(self.start);
        let is_late = |budget: Duration| spent.saturating_add(wait) > budget;
        if self.budget(&error).is_none_or(is_late) {
            return Err(self.give_up(error));
        }
        self.tell(operation, &error, wait);
        if sleeper.sleep(wait) == Slept::Canceled {
            return Err(E::canceled(self.give_up(error)));
        }
        if error.might_have_happened() {
            self.open = Some(error);
        }
        Ok(())
    }

    /// Whether a try that failed may have succeeded.
    #[must_use]
    pub fn outcome_is_open(&self) -> bool {
        self.open.is_some()
    }

    /// For how long after the first failure `error` is met by another try; `None` if it never is.
    fn budget(&self, error: &E) -> Option<Duration> {
        let budget = self.retry.policy.budget;
        if error.may_retry() {
            return Some(budget);
        }
        let grace = self.grace.as_ref().filter(|grace| (grace.covers)(error));
        grace.map(|grace| grace.within.min(budget))
    }

    /// Many threads meet the same trouble at once: one of them says so.
    fn tell(&self, operation: &str, error: &E, wait: Duration) {
        let failures = self.failures;
        let wait_ms = wait.as_millis();
        if self.retry.warnings.is_due(self.retry.sleeper.elapsed()) {
            warn!(operation, failures, %error, "{} fails; trying again", E::PEER);
        }
        debug!(operation, failures, wait_ms, %error, "trying again");
    }

    /// Keeps in mind that an earlier try may have succeeded.
    fn give_up(&mut self, last: E) -> E {
        match self.open.take() {
            Some(earlier) if !last.might_have_happened() => E::unsure(earlier, last),
            _ => last,
        }
    }
}

#[cfg(test)]
mod tests;
