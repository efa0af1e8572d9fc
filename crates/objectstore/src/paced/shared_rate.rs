//! What a server lets this host use of one rate of a store.
//!
//! Nothing goes before the first share. A share holds until its end, counted from when it was asked for; from then on as
//! much goes as the server said for that case, and half of it when it has been silent for long.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use awshttp::retry::Sleeper;
use model::share::{
    HALVED_AFTER_SECONDS, Measure, RateShare, RateWants, SHARE_SECONDS, UNLIMITED, Wanting,
};

/// The share of a rate that this host goes by. All that are paced by it count together. What is said of it is in the units
/// of its [`Measure`].
pub struct SharedRate {
    /// The time in which shares end; nobody waits by it.
    time: Arc<dyn Sleeper>,
    state: Mutex<Pace>,
}

struct Pace {
    per_second: Option<u64>,
    end: Duration,
    afterwards: Option<u64>,
    /// Whether the server does not know yet what is gone by.
    has_news: bool,
    passed: u64,
    asked: LastAsked,
    wanting: Wanting,
}

/// How things were when a share was asked for last.
#[derive(Clone, Copy)]
struct LastAsked {
    at: Duration,
    passed: u64,
    slowed: u64,
}

impl fmt::Debug for SharedRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedRate")
            .field("rate", &self.rate())
            .finish_non_exhaustive()
    }
}

impl SharedRate {
    /// Of what is measured so, by `time`. `afterwards` is what may go each second if no share is ever given.
    #[must_use]
    pub fn new(measure: Measure, afterwards: Option<u64>, time: Arc<dyn Sleeper>) -> Self {
        let now = time.elapsed();
        let state = Pace {
            per_second: Some(0),
            end: now + Duration::from_secs(SHARE_SECONDS.into()),
            afterwards,
            has_news: true,
            passed: 0,
            asked: LastAsked {
                at: now,
                passed: 0,
                slowed: 0,
            },
            wanting: Wanting::new(measure),
        };
        Self {
            time,
            state: Mutex::new(state),
        }
    }

    /// Waits for a new share, since nothing goes by the last any more.
    pub(crate) fn begin(&self) {
        let now = self.time.elapsed();
        let mut state = self.state();
        state.per_second = Some(0);
        state.end = now + Duration::from_secs(SHARE_SECONDS.into());
        state.has_news = true;
        state.asked.at = now;
        state.asked.passed = state.passed;
    }

    /// Units per second at present; `None` is no limit, 0 a pause.
    #[must_use]
    pub fn rate(&self) -> Option<u64> {
        self.state().rate_at(self.time.elapsed())
    }

    /// Whether a share should be asked for at once: there was none yet, or the last was less than the one before, which
    /// the server counts until it hears of it.
    #[must_use]
    pub fn has_news(&self) -> bool {
        self.state().has_news
    }

    /// What is asked for at `now`, when the store has asked `slowed` times to slow down.
    pub(super) fn ask(&self, now: Duration, slowed: u64) -> RateWants {
        let mut state = self.state();
        let LastAsked {
            at,
            passed,
            slowed: before,
        } = state.asked;
        let millis = now.saturating_sub(at).as_millis().max(1);
        let used = u128::from(state.passed.saturating_sub(passed)) * 1000 / millis;
        let used = u64::try_from(used).unwrap_or(u64::MAX);
        let has = state.rate_at(now);
        let wants = state
            .wanting
            .hear(used, has.unwrap_or(UNLIMITED), slowed > before);
        state.asked = LastAsked {
            at: now,
            passed: state.passed,
            slowed,
        };
        state.has_news = false;
        RateWants { wants, used, has }
    }

    /// Goes by a share that was asked for at `asked`, until `end`.
    pub(super) fn give(&self, share: RateShare, asked: Duration, end: Duration) {
        let mut state = self.state();
        let of = |rate: Option<u64>| rate.unwrap_or(UNLIMITED);
        state.has_news = of(share.per_second) < of(state.rate_at(asked));
        state.per_second = share.per_second;
        state.afterwards = share.afterwards;
        state.end = end;
    }

    /// Counts what has gone.
    pub fn passed(&self, amount: u64) {
        let mut state = self.state();
        state.passed = state.passed.saturating_add(amount);
    }

    fn state(&self) -> MutexGuard<'_, Pace> {
        // Every change is made of assignments that cannot panic half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    fn rate_at(&self, now: Duration) -> Option<u64> {
        if now < self.end {
            return self.per_second;
        }
        let silent = now.saturating_sub(self.end);
        match silent < Duration::from_secs(HALVED_AFTER_SECONDS.into()) {
            true => self.afterwards,
            false => self.afterwards.map(|rate| rate / 2),
        }
    }
}
