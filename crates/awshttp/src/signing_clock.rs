//! The time to sign with: this host's, or that of a service whose clock is another.
//!
//! A signature is good for a quarter of an hour. A service that takes ours for too old or too new tells
//! its own time in the `Date` of the answer, and from then on it is signed by that.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use time::format_description::well_known::Rfc2822;
use time::{Duration, OffsetDateTime};

/// A difference from here on is worth telling, in seconds: shorter than what any service refuses.
const NOTABLE_SECONDS: i64 = 240;

/// The clock of one service.
#[derive(Debug, Default)]
pub struct SigningClock {
    /// Seconds that the service is ahead of this host.
    ahead: AtomicI64,
    told: AtomicBool,
}

impl SigningClock {
    /// The time there, as far as it is known.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.ahead()
    }

    /// How far it is ahead of this host's.
    #[must_use]
    pub fn ahead(&self) -> Duration {
        Duration::seconds(self.ahead.load(Ordering::Relaxed))
    }

    /// Takes the time from the `Date` of an answer that found a signature's time wrong. `name` is what
    /// is said of the service where the clocks are told to differ, which is once.
    pub fn correct(&self, date: Option<&str>, name: &str) {
        if let Some(ahead) = self.take(date) {
            let minutes = ahead.abs().div_euclid(60).max(1);
            let which = if ahead > 0 { "behind" } else { "ahead of" };
            tracing::warn!(
                "this host's clock is {minutes} min {which} that of {name}; requests are signed by \
                 theirs: set this host's clock"
            );
        }
    }

    /// Takes the time from a `Date`. Gives by how many seconds it is ahead if that is to be told.
    fn take(&self, date: Option<&str>) -> Option<i64> {
        let ahead = date.and_then(seconds_ahead)?;
        if ahead.abs() < NOTABLE_SECONDS {
            // The answer was about one request that took long, or our offset is not needed any more.
            self.ahead.store(0, Ordering::Relaxed);
            return None;
        }
        self.ahead.store(ahead, Ordering::Relaxed);
        let was_told = self.told.swap(true, Ordering::Relaxed);
        (!was_told).then_some(ahead)
    }

    /// Whether an answer's `Date` is so far from the time we sign with that this may be what is refused.
    #[must_use]
    pub fn differs_from(&self, date: Option<&str>) -> bool {
        let known = self.ahead.load(Ordering::Relaxed);
        date.and_then(seconds_ahead)
            .is_some_and(|ahead| (ahead - known).abs() >= NOTABLE_SECONDS)
    }
}

/// How many seconds an HTTP date (RFC 9110, section 5.6.7) is ahead of this host's clock.
fn seconds_ahead(date: &str) -> Option<i64> {
    let theirs = OffsetDateTime::parse(date, &Rfc2822).ok()?;
    Some((theirs - OffsetDateTime::now_utc()).whole_seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(minutes_ahead: i64) -> String {
        let time = OffsetDateTime::now_utc() + Duration::minutes(minutes_ahead);
        let text = time.format(&Rfc2822).unwrap();
        text.replace("+0000", "GMT")
    }

    #[test]
    fn a_wrong_clock_is_told_once() {
        let clock = SigningClock::default();
        assert_eq!(clock.take(Some(&date(1))), None);
        let ahead = clock.take(Some(&date(20))).unwrap();
        assert!((1198..=1200).contains(&ahead), "{ahead}");
        assert_eq!(clock.take(Some(&date(30))), None);
    }

    #[test]
    fn the_date_of_an_answer_sets_the_clock_and_a_nearer_one_sets_it_back() {
        let clock = SigningClock::default();
        assert!(clock.differs_from(Some(&date(20))) && !clock.differs_from(Some(&date(1))));
        for minutes in [20, -61 * 24 * 366] {
            clock.correct(Some(&date(minutes)), "the store");
            let off = clock.ahead() - Duration::minutes(minutes);
            assert!(off.abs() <= Duration::seconds(2), "{off}");
            assert!(!clock.differs_from(Some(&date(minutes))));
        }
        clock.correct(Some("yesterday"), "the store");
        clock.correct(None, "the store");
        assert!(clock.ahead() < Duration::days(-1));
        clock.correct(Some(&date(0)), "the store");
        assert_eq!(clock.ahead(), Duration::ZERO);
    }
}
