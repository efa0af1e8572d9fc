//! The time of a file's last change, to the nanosecond, and the form in which objects carry it.

use std::fmt;
use std::str::FromStr;

use crate::time::Timestamp;

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

/// An instant of a file, in nanoseconds since 1970: from 1677 to 2262, times beyond are held at the ends.
///
/// Its text is that of rclone's metadata `mtime`, so that other tools read ours and we read theirs:
/// seconds since 1970, and behind a point as many digits as are not zero (rclone manual, *S3*,
/// *Modification times*; `TimeToFloatString` in ncw/swift).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileTime(i64);

/// A text that is no such time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a number of seconds since 1970")]
pub struct InvalidFileTime(String);

impl FileTime {
    /// So many nanoseconds since 1970.
    #[must_use]
    pub fn from_ns(nanoseconds: i64) -> Self {
        Self(nanoseconds)
    }

    /// Seconds since 1970, and nanoseconds after that, as the system gives both.
    #[must_use]
    pub fn from_unix(seconds: i64, nanoseconds: i64) -> Self {
        Self(seconds.saturating_mul(SECOND).saturating_add(nanoseconds))
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub fn ns(self) -> i64 {
        self.0
    }

    /// The second it lies in.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_unix(self.0.div_euclid(SECOND))
    }
}

impl fmt::Display for FileTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (second, ns) = (SECOND.unsigned_abs(), self.0.unsigned_abs());
        write!(f, "{sign}{}", ns / second)?;
        match ns % second {
            0 => Ok(()),
            fraction => write!(f, ".{}", format!("{fraction:09}").trim_end_matches('0')),
        }
    }
}

impl FromStr for FileTime {
    type Err = InvalidFileTime;

    fn from_str(text: &str) -> Result<Self, InvalidFileTime> {
        let invalid = || InvalidFileTime(text.to_owned());
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        // Some tools write more digits than there are nanoseconds.
        let fraction = fraction.get(..9).unwrap_or(fraction);
        if seconds.is_empty() || !is_number(seconds) || !is_number(fraction) {
            return Err(invalid());
        }
        let whole: i64 = seconds.parse().map_err(|_| invalid())?;
        let part: i64 = format!("{fraction:0<9}").parse().map_err(|_| invalid())?;
        let ns = whole
            .checked_mul(SECOND)
            .and_then(|ns| ns.checked_add(part));
        let ns = ns.ok_or_else(invalid)?;
        Ok(Self(if is_negative { -ns } else { ns }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_rclones_and_is_read_again() {
        for (ns, text) in [
            (1_298_426_159_123_456_789, "1298426159.123456789"),
            (1_298_426_159_000_000_000, "1298426159"),
            (1_298_426_159_120_000_000, "1298426159.12"),
            (0, "0"),
            (1, "0.000000001"),
            (-1_500_000_000, "-1.5"),
        ] {
            assert_eq!(FileTime::from_ns(ns).to_string(), text);
            assert_eq!(text.parse(), Ok(FileTime::from_ns(ns)), "{text}");
        }
        assert_eq!("1.1234567891".parse(), Ok(FileTime::from_ns(1_123_456_789)));
        for bad in [
            "",
            "-",
            ".5",
            "1e9",
            "1.x",
            "+1",
            "99999999999999999999",
            "2011-02-23",
        ] {
            assert!(bad.parse::<FileTime>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_before_1970_lies_in_the_second_before() {
        assert_eq!(FileTime::from_ns(-1).timestamp(), Timestamp::from_unix(-1));
        assert_eq!(FileTime::from_unix(i64::MAX, 0).ns(), i64::MAX);
    }
}
