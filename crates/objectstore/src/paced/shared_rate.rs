//! What a server lets this host use of a store's rate.
//!
//! Nothing goes before the first share. A share holds until its end, counted from when it was asked for; from then on as
//! much goes as the server said for that case, and half of it when it has been silent for long.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use awshttp::retry::Sleeper;
use model::share::{HALVED_AFTER_SECONDS, SHARE_SECONDS, Share, StoreWants, UNLIMITED, Wanting};

/// The share of a store that this host goes by. All that are paced by it count together.
pub struct SharedRate {
    store: String,
    /// The time in which shares end; nobody waits by it.
    time: Box<dyn Sleeper>,
    state: Mutex<Pace>,
}

struct Pace {
    bytes_per_second: Option<u64>,
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
            .field("store", &self.store)
            .field("rate", &self.rate())
            .finish_non_exhaustive()
    }
}

impl SharedRate {
    /// Of the store with this name, by `time`. `afterwards` is what may go if no share is ever given.
    #[must_use]
    pub fn new(store: &str, afterwards: Option<u64>, time: Box<dyn Sleeper>) -> Self {
        let now = time.elapsed();
        let state = Pace {
            bytes_per_second: Some(0),
            end: now + Duration::from_secs(SHARE_SECONDS.into()),
            afterwards,
            has_news: true,
            passed: 0,
            asked: LastAsked {
                at: now,
                passed: 0,
                slowed: 0,
            },
            wanting: Wanting::default(),
        };
        Self {
            store: store.to_owned(),
            time,
            state: Mutex::new(state),
        }
    }

    /// Waits for a new share, since nothing goes by the last any more.
    pub(crate) fn begin(&self) {
        let now = self.time.elapsed();
        let mut state = self.state();
        state.bytes_per_second = Some(0);
        state.end = now + Duration::from_secs(SHARE_SECONDS.into());
        state.has_news = true;
        state.asked.at = now;
        state.asked.passed = state.passed;
    }

    /// The store that it is a part of.
    #[must_use]
    pub fn store(&self) -> &str {
        &self.store
    }

    /// Bytes per second at present; `None` is no limit, 0 a pause.
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

    /// What is asked for, by `loading` devices, when the store has asked `slowed` times to slow down. With it comes when
    /// it was asked, for [`give`](Self::give).
    pub fn ask(&self, loading: u32, slowed: u64) -> (StoreWants, Duration) {
        let now = self.time.elapsed();
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
        let asked = StoreWants {
            store: self.store.clone(),
            loading,
            wants,
            used,
            has,
        };
        (asked, now)
    }

    /// Goes by a share that was asked for at `asked`.
    pub fn give(&self, share: &Share, asked: Duration) {
        let mut state = self.state();
        let of = |rate: Option<u64>| rate.unwrap_or(UNLIMITED);
        state.has_news = of(share.bytes_per_second) < of(state.rate_at(asked));
        state.bytes_per_second = share.bytes_per_second;
        state.afterwards = share.afterwards;
        state.end = asked + Duration::from_secs(share.seconds.into());
    }

    /// Counts what has gone.
    pub fn passed(&self, bytes: u64) {
        let mut state = self.state();
        state.passed = state.passed.saturating_add(bytes);
    }

    fn state(&self) -> MutexGuard<'_, Pace> {
        // Every change is made of assignments that cannot panic half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    fn rate_at(&self, now: Duration) -> Option<u64> {
        if now < self.end {
            return self.bytes_per_second;
        }
        let silent = now.saturating_sub(self.end);
        match silent < Duration::from_secs(HALVED_AFTER_SECONDS.into()) {
            true => self.afterwards,
            false => self.afterwards.map(|rate| rate / 2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paced::tests::ManualTime;

    fn share(rate: u64, afterwards: u64) -> Share {
        Share {
            store: "ceph".to_owned(),
            bytes_per_second: Some(rate),
            seconds: SHARE_SECONDS,
            afterwards: Some(afterwards),
        }
    }

    #[test]
    fn a_share_holds_until_its_end_and_then_less_goes() {
        let time = ManualTime::default();
        let step = |seconds| time.sleep(Duration::from_secs(seconds));
        let rate = SharedRate::new("ceph", Some(40), Box::new(time.clone()));
        assert_eq!(rate.rate(), Some(0), "nothing goes before the first share");
        step(14);
        let (_, asked) = rate.ask(1, 0);
        step(1);
        assert_eq!(rate.rate(), Some(40), "no share came");
        rate.give(&share(100, 30), asked);
        assert_eq!(rate.rate(), Some(100));
        step(13);
        assert_eq!(rate.rate(), Some(100));
        step(1);
        assert_eq!(rate.rate(), Some(30), "it ends by when it was asked for");
        step(299);
        assert_eq!(rate.rate(), Some(30));
        step(1);
        assert_eq!(rate.rate(), Some(15));
    }

    #[test]
    fn who_begins_again_waits_for_a_share_of_its_own() {
        let time = ManualTime::default();
        let rate = SharedRate::new("ceph", Some(40), Box::new(time.clone()));
        let (_, asked) = rate.ask(1, 0);
        rate.give(&share(100, 30), asked);
        time.sleep(Duration::from_secs(60));
        assert_eq!((rate.rate(), rate.has_news()), (Some(30), false));
        rate.begin();
        assert_eq!((rate.rate(), rate.has_news()), (Some(0), true));
        let (asked, at) = rate.ask(1, 0);
        assert_eq!(asked.wants, None);
        rate.give(&share(50, 30), at);
        assert_eq!(rate.rate(), Some(50));
    }

    #[test]
    fn what_is_used_is_said_and_a_smaller_share_is_news() {
        let time = ManualTime::default();
        let step = |seconds| time.sleep(Duration::from_secs(seconds));
        let rate = SharedRate::new("ceph", None, Box::new(time.clone()));
        assert!(rate.has_news());
        let (asked, at) = rate.ask(2, 0);
        assert_eq!((asked.loading, asked.has, asked.wants), (2, Some(0), None));
        rate.give(&share(100, 100), at);
        assert!(!rate.has_news());
        rate.passed(500);
        step(5);
        let (asked, at) = rate.ask(2, 0);
        assert_eq!((asked.used, asked.has, asked.wants), (100, Some(100), None));
        rate.give(&share(50, 50), at);
        assert!(
            rate.has_news(),
            "the server counts the larger one until it hears"
        );
        let (asked, at) = rate.ask(2, 1);
        assert_eq!(asked.has, Some(50));
        assert!(asked.wants.is_some(), "the store has asked to slow down");
        rate.give(&share(50, 50), at);
        assert!(!rate.has_news());
    }
}
