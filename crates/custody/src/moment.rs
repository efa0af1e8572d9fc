//! Instants to the millisecond in UTC, in one form whose order is that of the texts.

use std::fmt;
use std::str::FromStr;

use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

const FORM: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Milliseconds from 1970 to the end of the year 9999, the last that has four digits.
const LAST: i64 = 253_402_300_799_999;

/// An instant, to the millisecond: `2026-11-29T21:04:11.000Z`, from 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(i64);

/// A text that is no such instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time such as `2026-11-29T21:04:11.000Z`")]
pub struct NotAMoment(String);

impl Moment {
    /// Before all others.
    pub const FIRST: Self = Self(0);

    /// So many milliseconds after the beginning of 1970; held in range.
    #[must_use]
    pub fn from_unix_millis(millis: i64) -> Self {
        Self(millis.clamp(0, LAST))
    }

    /// Milliseconds since the beginning of 1970.
    #[must_use]
    pub fn unix_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the beginning of 1970.
    #[must_use]
    pub fn unix(self) -> i64 {
        self.0 / 1000
    }

    /// The instant as the `time` crate has it.
    fn instant(self) -> OffsetDateTime {
        let whole = OffsetDateTime::from_unix_timestamp(self.unix());
        whole.unwrap_or(OffsetDateTime::UNIX_EPOCH) + time::Duration::milliseconds(self.0 % 1000)
    }
}

impl From<Timestamp> for Moment {
    fn from(second: Timestamp) -> Self {
        Self::from_unix_millis(second.unix().saturating_mul(1000))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.instant().format(FORM).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        let wrong = || NotAMoment(model::readable::name(text, 40));
        let instant = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| wrong())?;
        let millis = instant.unix_timestamp_nanos() / 1_000_000;
        let moment = Self::from_unix_millis(i64::try_from(millis).map_err(|_| wrong())?);
        // There is one text of each, so that texts compare as times do.
        (moment.to_string() == text)
            .then_some(moment)
            .ok_or_else(wrong)
    }
}

impl TryFrom<String> for Moment {
    type Error = NotAMoment;

    fn try_from(text: String) -> Result<Self, NotAMoment> {
        text.parse()
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_instant_has_one_text() {
        let moment = Moment::from_unix_millis(1_300_000_000_007);
        assert_eq!(moment.to_string(), "2011-03-13T07:06:40.007Z");
        assert_eq!("2011-03-13T07:06:40.007Z".parse(), Ok(moment));
        assert_eq!(
            Moment::from_unix_millis(i64::MAX).to_string(),
            "9999-12-31T23:59:59.999Z"
        );
        assert_eq!(
            Moment::from_unix_millis(-1).to_string(),
            "1970-01-01T00:00:00.000Z"
        );
        for other in [
            "2011-03-13T07:06:40Z",
            "2011-03-13T07:06:40.0070Z",
            "2011-03-13T08:06:40.007+01:00",
            "2011-03-13t07:06:40.007z",
            "1969-12-31T23:59:59.999Z",
            "",
        ] {
            assert!(other.parse::<Moment>().is_err(), "{other}");
        }
    }

    #[test]
    fn the_order_of_texts_is_that_of_times() {
        let seconds = [0, 999, 1_000, 1_300_000_000_007, 4_102_444_800_000];
        let texts = seconds.map(|millis| Moment::from_unix_millis(millis).to_string());
        assert!(texts.is_sorted());
        let second: Timestamp = "2011-03-13T07:06:40Z".parse().unwrap();
        assert_eq!(Moment::from(second).to_string(), "2011-03-13T07:06:40.000Z");
    }
}
