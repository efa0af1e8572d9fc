//! How far one end of a connection lags behind the slowest pace that keeps a place.
//!
//! Only the time counts for which it was waited for: nobody is slow because the service is. Every byte pays
//! for a little of that time, and none is paid for in advance, so that a burst buys no rest after it. What
//! is begun anew, as the next request is, pays for nothing.

use std::time::Duration;

/// Bytes of a second that keep a place where places are short. A telephone line brings 6 KiB, so whoever
/// takes what the line gives keeps its place on the thinnest one; 512 places that are held against
/// everybody's interest cost 2 MiB of every second.
const FLOOR: u64 = 4 << 10;

/// How far behind is slow: a wireless line is silent for as long now and then, and a request waits at the
/// door for as long.
pub(crate) const SLOW: Duration = Duration::from_secs(5);

/// How far behind anybody gets: 40 KiB pay for it, which a line that was down has soon brought.
const MOST: Duration = Duration::from_secs(10);

/// The pace of one end in one direction. Times are those since the connection began.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Since when it has been waited for. `None` if it is not.
    waiting: Option<Duration>,
    /// How far it was behind then.
    behind: Duration,
}

impl Pace {
    /// It is waited for.
    pub(crate) fn waits(&mut self, now: Duration) {
        self.waiting.get_or_insert(now);
    }

    /// It is not waited for any more.
    pub(crate) fn goes_on(&mut self, now: Duration) {
        self.behind = self.behind(now);
        self.waiting = None;
    }

    /// It gave or took bytes, whether it is waited for further or not.
    pub(crate) fn moves(&mut self, bytes: usize, now: Duration) {
        let paid = Duration::from_micros(bytes as u64 * 1_000_000 / FLOOR);
        self.behind = self.behind(now).saturating_sub(paid);
        if self.waiting.is_some() {
            self.waiting = Some(now);
        }
    }

    /// Whether it is waited for.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.waiting.is_some()
    }

    /// How far behind it is, if it is waited for and that is too far.
    pub(crate) fn slow(&self, now: Duration) -> Option<Duration> {
        let behind = self.behind(now);
        (self.is_waited_for() && behind >= SLOW).then_some(behind)
    }

    fn behind(&self, now: Duration) -> Duration {
        let waited = self.waiting.map(|since| now.saturating_sub(since));
        (self.behind + waited.unwrap_or_default()).min(MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// Waited for from the start on, it moves so many bytes every `every`; when it is slow first.
    fn slow_after(bytes: usize, every: Duration) -> Option<Duration> {
        let mut pace = Pace::default();
        let mut now = Duration::ZERO;
        pace.waits(now);
        while now < ms(600_000) {
            now += every;
            if pace.slow(now).is_some() {
                return Some(now);
            }
            pace.goes_on(now);
            pace.moves(bytes, now);
            pace.waits(now);
        }
        None
    }

    #[test]
    fn a_trickle_is_slow() {
        let slow = slow_after(1400, ms(2000)).unwrap();
        assert!(slow <= ms(8000), "{slow:?}");
        assert!(slow_after(1, ms(50)).unwrap() <= ms(5100));
        assert!(slow_after(0, ms(100)).unwrap() <= ms(5000));
    }

    #[test]
    fn a_thin_line_is_not() {
        // By the packet, and by as much as a socket holds back of what is written.
        assert_eq!(slow_after(1400, ms(300)), None);
        assert_eq!(slow_after(16 << 10, ms(3900)), None);
    }

    #[test]
    fn nothing_is_paid_in_advance() {
        let mut pace = Pace::default();
        pace.moves(64 << 20, ms(0));
        pace.waits(ms(0));
        assert_eq!(pace.slow(ms(4999)), None);
        assert_eq!(pace.slow(ms(5000)), Some(SLOW));
    }

    #[test]
    fn the_time_of_the_service_does_not_count() {
        let mut pace = Pace::default();
        pace.waits(ms(0));
        pace.goes_on(ms(4000));
        assert_eq!(pace.slow(ms(90_000)), None);
        pace.waits(ms(90_000));
        assert_eq!(pace.slow(ms(90_999)), None);
        assert_eq!(pace.slow(ms(91_000)), Some(SLOW));
    }

    #[test]
    fn a_line_that_was_down_has_soon_paid() {
        let mut pace = Pace::default();
        pace.waits(ms(0));
        assert_eq!(pace.slow(ms(60_000)), Some(MOST));
        pace.moves(24 << 10, ms(60_000));
        assert_eq!(pace.slow(ms(60_000)), None);
    }
}
