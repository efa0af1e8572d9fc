//! Of which time the service is sure.
//!
//! What cannot be taken back, the end of a job whose device has not come, is not decided by one reading
//! of a clock. The job store knows the latest time that has been; from there on the service is sure of
//! what has passed while it ran, and of a few days that it may have been off. A clock that is further
//! ahead is believed after a whole day in which it stayed so.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::time::{Clock, Timestamp};

/// How far a clock may be ahead of what is known to have passed: a service that was off over a long
/// weekend, in seconds. A job waits ten times as long by default.
const TOLERANCE: i64 = 3 * 24 * 60 * 60;

/// How long a clock that is further ahead is doubted.
const PROBATION: Duration = Duration::from_secs(24 * 60 * 60);

/// The latest time of which the service is sure.
#[derive(Debug)]
pub struct CertainTime(Mutex<Belief>);

#[derive(Debug)]
struct Belief {
    time: Timestamp,
    /// When that was believed, on the clock that nobody sets.
    at: Duration,
    /// Since when the clock is doubted.
    doubted: Option<Duration>,
}

impl CertainTime {
    /// Goes on from the latest time that is known to have been; without one the clock is believed.
    #[must_use]
    pub fn from(latest: Option<Timestamp>, clock: &dyn Clock) -> Self {
        Self(Mutex::new(Belief {
            time: latest.unwrap_or(clock.now()),
            at: clock.steady(),
            doubted: None,
        }))
    }

    /// The time it is at least; never later than the clock says.
    #[must_use]
    pub fn now(&self, clock: &dyn Clock) -> Timestamp {
        let mut belief = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        belief.update(clock.now(), clock.steady())
    }
}

impl Belief {
    fn update(&mut self, now: Timestamp, steady: Duration) -> Timestamp {
        let passed = steady.saturating_sub(self.at).as_secs();
        let expected = self
            .time
            .plus_seconds(i64::try_from(passed).unwrap_or(i64::MAX));
        self.time = if now <= expected.plus_seconds(TOLERANCE) {
            self.doubted = None;
            now
        } else {
            self.doubt(now, expected, steady)
        };
        self.at = steady;
        self.time.min(now)
    }

    fn doubt(&mut self, now: Timestamp, expected: Timestamp, steady: Duration) -> Timestamp {
        match self.doubted {
            Some(since) if steady.saturating_sub(since) >= PROBATION => {
                tracing::warn!(%now, "the clock is believed from now on");
                self.doubted = None;
                now
            }
            Some(_) => expected,
            None => {
                tracing::warn!(
                    %now, last_known = %expected,
                    "the clock is days ahead of what is known to have passed: no job expires until it \
                     has been so for a day"
                );
                self.doubted = Some(steady);
                expected
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::time::ManualClock;

    const DAY: i64 = 24 * 60 * 60;

    fn start() -> (ManualClock, Timestamp) {
        let begin: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        (ManualClock::at(begin), begin)
    }

    #[test]
    fn time_that_passes_is_believed() {
        let (clock, begin) = start();
        let certain = CertainTime::from(Some(begin), &clock);
        for days in [1, 40, 1000] {
            clock.advance(days * DAY);
            assert_eq!(certain.now(&clock), clock.now());
        }
    }

    #[test]
    fn a_clock_that_jumps_is_believed_after_a_day() {
        let (clock, begin) = start();
        let certain = CertainTime::from(Some(begin), &clock);
        clock.set_wrong(3650 * DAY);
        assert_eq!(certain.now(&clock), begin);
        clock.advance(DAY - 1);
        assert_eq!(certain.now(&clock), begin.plus_seconds(DAY - 1));
        clock.advance(1);
        assert_eq!(certain.now(&clock), clock.now());
    }

    #[test]
    fn a_clock_that_is_put_right_is_believed_at_once_and_doubted_anew() {
        let (clock, begin) = start();
        let certain = CertainTime::from(Some(begin), &clock);
        clock.set_wrong(10 * DAY);
        clock.advance(DAY - 10);
        assert_eq!(certain.now(&clock), begin.plus_seconds(DAY - 10));
        clock.set_wrong(-10 * DAY);
        assert_eq!(certain.now(&clock), clock.now());
        clock.set_wrong(10 * DAY);
        clock.advance(20);
        assert!(certain.now(&clock) < clock.now());
    }

    #[test]
    fn days_off_are_believed_and_what_is_behind_expires_nothing() {
        let (clock, begin) = start();
        clock.set_wrong(2 * DAY);
        assert_eq!(
            CertainTime::from(Some(begin), &clock).now(&clock),
            clock.now()
        );
        clock.set_wrong(-900 * DAY);
        assert_eq!(
            CertainTime::from(Some(begin), &clock).now(&clock),
            clock.now()
        );
    }
}
