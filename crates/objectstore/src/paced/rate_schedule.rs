//! How fast to go at which hour of the day, and how much to ask at any.

use std::num::{NonZeroU32, NonZeroU64};

use model::amount;
use model::share::{Measure, REQUEST};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use time::{Time, UtcOffset};

/// A rate, and another for some hours of the day; and a limit of requests, which is that of all hours: what wears a store
/// out by night does so by day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateSchedule {
    /// Bytes per second; `None` is no limit.
    pub bytes_per_second: Option<NonZeroU64>,
    /// The hours in which to go slower.
    pub quiet: Option<QuietHours>,
    /// Requests per second; `None` is no limit.
    pub requests_per_second: Option<NonZeroU32>,
}

/// Hours of every day in which a rate of their own holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    /// When they begin.
    pub from: Time,
    /// When they end: the next day, if that is earlier than `from`.
    pub to: Time,
    /// Where on earth: east is positive.
    pub offset: UtcOffset,
    /// Bytes per second meanwhile; 0 is a pause.
    pub bytes_per_second: u64,
}

/// A text that is no rate or no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRate {
    /// Not a number with a unit.
    #[error("`{0}` is not a rate such as `50MB` or `100MiB`, each second")]
    Rate(String),
    /// Not two times of the day.
    #[error("`{0}` is not a span of hours such as `08:00-18:00` (UTC) or `08:00-18:00+01:00`")]
    Hours(String),
}

impl RateSchedule {
    /// Whether there is nothing to keep to.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        !Measure::ALL.into_iter().any(|of| self.limits(of))
    }

    /// Whether there is something to keep to at some hour.
    #[must_use]
    pub fn limits(&self, measure: Measure) -> bool {
        match measure {
            Measure::Bytes => self.bytes_per_second.is_some() || self.quiet.is_some(),
            Measure::Requests => self.requests_per_second.is_some(),
        }
    }

    /// [Units](Measure) per second at `now`; `None` is no limit, 0 a pause.
    #[must_use]
    pub fn limit_at(&self, measure: Measure, now: Timestamp) -> Option<u64> {
        match measure {
            Measure::Bytes => self.rate_at(now),
            Measure::Requests => self
                .requests_per_second
                .map(|requests| u64::from(requests.get()) * REQUEST),
        }
    }

    /// Bytes per second at `now`. The lower one counts.
    fn rate_at(&self, now: Timestamp) -> Option<u64> {
        let usual = self.bytes_per_second.map(NonZeroU64::get);
        match self.quiet.filter(|hours| hours.contain(now)) {
            Some(hours) => Some(usual.map_or(hours.bytes_per_second, |rate| {
                rate.min(hours.bytes_per_second)
            })),
            None => usual,
        }
    }
}

impl QuietHours {
    /// Reads hours such as `22:30-06:00` (UTC) or `08:00-18:00+01:00`, in which `bytes_per_second`
    /// is the rate.
    ///
    /// # Errors
    /// [`InvalidRate::Hours`], also if they begin when they end.
    pub fn parse(text: &str, bytes_per_second: u64) -> Result<Self, InvalidRate> {
        let invalid = || InvalidRate::Hours(text.to_owned());
        let hours = Self::read(text, bytes_per_second).ok_or_else(invalid)?;
        if hours.from == hours.to {
            return Err(invalid());
        }
        Ok(hours)
    }

    fn read(text: &str, bytes_per_second: u64) -> Option<Self> {
        let (from, rest) = text.split_once('-')?;
        let (to, offset) = rest.split_at_checked(5)?;
        Some(Self {
            from: time_of_day(from)?,
            to: time_of_day(to)?,
            offset: offset_of(offset)?,
            bytes_per_second,
        })
    }

    fn contain(&self, now: Timestamp) -> bool {
        let time = now.instant().to_offset(self.offset).time();
        if self.from < self.to {
            (self.from..self.to).contains(&time)
        } else {
            time >= self.from || time < self.to
        }
    }
}

/// Reads a rate in bytes per second: an [amount], or `0`.
///
/// # Errors
/// [`InvalidRate::Rate`].
pub fn parse_rate(text: &str) -> Result<u64, InvalidRate> {
    match text {
        "0" => Ok(0),
        amount => amount::bytes(amount).map_err(|_| InvalidRate::Rate(text.to_owned())),
    }
}

/// `HH:MM`.
fn time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = hours_and_minutes(text)?;
    Time::from_hms(hour, minute, 0).ok()
}

/// An offset from UTC, in minutes east of it: `+HH:MM` or `-HH:MM`, nothing or `Z` for UTC itself. `None` if it is none.
#[must_use]
pub fn parse_offset(text: &str) -> Option<i16> {
    offset_of(text).map(UtcOffset::whole_minutes)
}

/// Nothing or `Z` for UTC, else `+HH:MM` or `-HH:MM`.
fn offset_of(text: &str) -> Option<UtcOffset> {
    let (sign, rest) = match text.split_at_checked(1) {
        None | Some(("Z", "")) => return Some(UtcOffset::UTC),
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        Some(_) => return None,
    };
    let (hours, minutes) = hours_and_minutes(rest)?;
    if hours > 14 || minutes > 59 {
        return None;
    }
    let (hours, minutes) = (i8::try_from(hours).ok()?, i8::try_from(minutes).ok()?);
    UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()
}

fn hours_and_minutes(text: &str) -> Option<(u8, u8)> {
    let two_digits = |text: &str| {
        let fits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| text.parse().ok()).flatten()
    };
    let (hours, minutes) = text.split_once(':')?;
    Some((two_digits(hours)?, two_digits(minutes)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-21T{text}Z").parse().unwrap()
    }

    #[test]
    fn rates_have_units() {
        for (text, rate) in [
            ("50MB", 50_000_000),
            ("100MiB", 100 << 20),
            ("1kB", 1000),
            ("1KB", 1000),
            ("7B", 7),
            ("2GiB", 2 << 30),
            ("0", 0),
            ("0MB", 0),
            ("5 MB", 5_000_000),
        ] {
            assert_eq!(parse_rate(text), Ok(rate), "{text}");
        }
        for bad in [
            "",
            "50",
            "MB",
            "-1MB",
            "1.5MB",
            "5Mb",
            "5mb",
            "5MB/s",
            "99999999999GB",
            "18446744073709551616B",
        ] {
            assert!(parse_rate(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hours_hold_where_they_are_meant() {
        for (hours, inside, outside) in [
            (
                "08:00-18:00",
                ["08:00:00", "17:59:59"],
                ["07:59:59", "18:00:00"],
            ),
            (
                "08:00-18:00Z",
                ["08:00:00", "17:59:59"],
                ["07:59:59", "18:00:00"],
            ),
            (
                "08:00-18:00+01:00",
                ["07:00:00", "16:59:59"],
                ["06:59:59", "17:00:00"],
            ),
            (
                "08:00-18:00-05:30",
                ["13:30:00", "23:29:59"],
                ["13:29:59", "23:30:00"],
            ),
            (
                "22:00-06:00",
                ["22:00:00", "05:59:59"],
                ["21:59:59", "06:00:00"],
            ),
            (
                "20:00-04:00-05:00",
                ["01:00:00", "08:59:59"],
                ["00:59:59", "09:00:00"],
            ),
        ] {
            let schedule = RateSchedule {
                bytes_per_second: None,
                quiet: Some(QuietHours::parse(hours, 5).unwrap()),
                requests_per_second: None,
            };
            for time in inside {
                assert_eq!(schedule.rate_at(at(time)), Some(5), "{hours} {time}");
            }
            for time in outside {
                assert_eq!(schedule.rate_at(at(time)), None, "{hours} {time}");
            }
        }
        for bad in [
            "",
            "8-18",
            "8:00-18:00",
            "08:00",
            "08:00-08:00",
            "24:00-06:00",
            "08:60-09:00",
            "08:00-18:00+1",
            "08:00-18:00+15:00",
            "08:00-18:00+01:60",
            "08:00-18:00 ",
            "08:00-1é:00",
            "+8:00-18:00",
        ] {
            assert!(QuietHours::parse(bad, 0).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_lower_rate_counts() {
        for (usual, quiet, counts) in [(10, 5, 5), (10, 0, 0), (10, 20, 10)] {
            let schedule = RateSchedule {
                bytes_per_second: NonZeroU64::new(usual),
                quiet: Some(QuietHours::parse("00:00-23:59", quiet).unwrap()),
                requests_per_second: NonZeroU32::new(7),
            };
            assert_eq!(schedule.rate_at(at("12:00:00")), Some(counts));
            assert_eq!(schedule.rate_at(at("23:59:30")), Some(usual));
            let requests = schedule.limit_at(Measure::Requests, at("12:00:00"));
            assert_eq!(requests, Some(7 * REQUEST), "also in a pause");
        }
    }
}
