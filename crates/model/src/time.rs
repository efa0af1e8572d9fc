//! Instants to the second in UTC, and where they come from.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::time::format_description::well_known::Rfc3339;
use ::time::macros::format_description;
use ::time::{OffsetDateTime, UtcOffset};
use serde::{Deserialize, Serialize};

/// An instant in UTC, to the second. Text form is `2010-09-21T16:22:10Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(OffsetDateTime);

/// A text that is no RFC 3339 time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 time")]
pub struct InvalidTimestamp(String);

impl Timestamp {
    /// The given instant, fraction of a second cut off.
    #[must_use]
    pub fn new(instant: OffsetDateTime) -> Self {
        let utc = instant.to_offset(UtcOffset::UTC);
        Self(utc.replace_nanosecond(0).unwrap_or(utc))
    }

    /// Seconds since 1970; out-of-range values are held at the nearest representable instant.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Self {
        let last = ::time::macros::datetime!(9999-12-31 23:59:59 UTC);
        let first = ::time::macros::datetime!(0001-01-01 00:00 UTC);
        Self(
            OffsetDateTime::from_unix_timestamp(seconds)
                .map_or(if seconds < 0 { first } else { last }, |t| {
                    t.clamp(first, last)
                }),
        )
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn unix(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// The instant as the `time` crate has it.
    #[must_use]
    pub fn instant(self) -> OffsetDateTime {
        self.0
    }

    /// This instant plus `seconds`, held at the end of year 9999.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_unix(self.unix().saturating_add(seconds))
    }

    /// How much later this is than `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> ::time::Duration {
        self.0 - earlier.0
    }

    /// The form of the AWS log, `Tue 03 Feb 2009 21:57:43 GMT` (developer guide, *Examples*).
    #[must_use]
    pub fn log_form(self) -> String {
        let form = format_description!(
            "[weekday repr:short] [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        self.0.format(&form).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl std::str::FromStr for Timestamp {
    type Err = InvalidTimestamp;
    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        OffsetDateTime::parse(text, &Rfc3339)
            .map(Self::new)
            .map_err(|_| InvalidTimestamp(text.to_owned()))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;
    fn try_from(text: String) -> Result<Self, InvalidTimestamp> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> String {
        timestamp.to_string()
    }
}

/// Where instants come from.
///
/// # Contract
/// Never fails. Need not be monotonic: callers compare instants, they do not measure with them.
pub trait Clock: Send + Sync {
    /// The instant now.
    fn now(&self) -> Timestamp;

    /// Time that has passed since some moment, by a clock that nobody sets. What is measured is
    /// measured with it.
    fn steady(&self) -> Duration {
        static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
        BEGUN.elapsed()
    }
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::new(OffsetDateTime::now_utc())
    }
}

/// A clock that stands still until it is set, for tests and simulations.
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicI64,
    steady: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self {
            now: AtomicI64::new(now.unix()),
            steady: AtomicU64::new(0),
        }
    }

    /// Lets `seconds` pass.
    pub fn advance(&self, seconds: i64) {
        self.set_wrong(seconds);
        let passed = u64::try_from(seconds).unwrap_or_default();
        self.steady.fetch_add(passed, Ordering::SeqCst);
    }

    /// Sets the clock on by `seconds` that have not passed.
    pub fn set_wrong(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.now.load(Ordering::SeqCst))
    }

    fn steady(&self) -> Duration {
        Duration::from_secs(self.steady.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_as_the_service_printed_them() {
        let t: Timestamp = "2009-02-03T21:57:43.5+00:00".parse().unwrap();
        assert_eq!(t.to_string(), "2009-02-03T21:57:43Z");
        assert_eq!(t.log_form(), "Tue 03 Feb 2009 21:57:43 GMT");
    }

    #[test]
    fn impossible_disk_times_are_held_in_range() {
        assert_eq!(
            Timestamp::from_unix(i64::MAX).to_string(),
            "9999-12-31T23:59:59Z"
        );
        assert_eq!(
            Timestamp::from_unix(i64::MIN).to_string(),
            "0001-01-01T00:00:00Z"
        );
    }
}
