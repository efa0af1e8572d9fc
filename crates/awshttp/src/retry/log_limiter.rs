//! How often trouble is told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::limits::WARN_EVERY_SECONDS;

/// When trouble was last told, in milliseconds of [`Sleeper::elapsed`](super::Sleeper::elapsed) and one more; 0 if
/// never.
#[derive(Debug, Default)]
pub(super) struct LogLimiter(AtomicU64);

impl LogLimiter {
    /// Whether trouble is to be told at `now`; true for one of those who ask at once.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX - 1) + 1;
        let every = WARN_EVERY_SECONDS * 1000;
        let told = |last: u64| (last == 0 || now.saturating_sub(last) >= every).then_some(now);
        let order = Ordering::Relaxed;
        self.0.fetch_update(order, order, told).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_at_first_and_then_twice_a_minute() {
        let limiter = LogLimiter::default();
        let told: Vec<u64> = (0..90)
            .filter(|second| limiter.is_due(Duration::from_secs(*second)))
            .collect();
        assert_eq!(told, [0, 30, 60]);
    }
}
