//! The two ways AWS writes a time: RFC 3339 (`2011-06-20T22:30:59Z`) and basic ISO 8601
//! (`20110620T223059Z`).
//!
//! All times leave this module in UTC. Printing is total: no value of [`OffsetDateTime`] makes it
//! fail.

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

const BASIC: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// Parses the extended form, with or without a fraction and with `Z` or a numeric offset.
///
/// Forms seen from clients: `2011-06-20T22:30:59Z`, `2011-06-20T22:30:59.556Z`,
/// `2010-09-20T05:10:35+00:00`.
pub fn parse_extended(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()?
        .checked_to_offset(UtcOffset::UTC)
}

/// Parses the basic form of `X-Amz-Date`, `YYYYMMDD'T'HHMMSS'Z'`.
pub fn parse_basic(text: &str) -> Option<OffsetDateTime> {
    // The length keeps out a sign before the year, which the format alone would let pass.
    if text.len() != 16 {
        return None;
    }
    PrimitiveDateTime::parse(text, BASIC)
        .ok()
        .map(PrimitiveDateTime::assume_utc)
}

/// Prints a time as `YYYY-MM-DDTHH:MM:SSZ`; fractions of a second are cut.
pub fn extended(time: OffsetDateTime) -> String {
    let t = utc(time);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        t.year(),
        u8::from(t.month()),
        t.day(),
        t.hour(),
        t.minute(),
        t.second()
    )
}

/// Prints a time as `YYYYMMDD'T'HHMMSS'Z'`; fractions of a second are cut.
pub fn basic(time: OffsetDateTime) -> String {
    let t = utc(time);
    format!(
        "{}T{:02}{:02}{:02}Z",
        day(t),
        t.hour(),
        t.minute(),
        t.second()
    )
}

/// Prints the UTC day of a time as `YYYYMMDD`, as credential scopes have it.
pub fn day(time: OffsetDateTime) -> String {
    let t = utc(time);
    format!("{:04}{:02}{:02}", t.year(), u8::from(t.month()), t.day())
}

/// Moves to UTC; within a day of the calendar's ends, where that is impossible, the time stays as
/// it is.
fn utc(time: OffsetDateTime) -> OffsetDateTime {
    time.checked_to_offset(UtcOffset::UTC).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_forms_seen_from_clients_parse() {
        let t = datetime!(2011-06-20 22:30:59 UTC);
        assert_eq!(parse_extended("2011-06-20T22:30:59Z"), Some(t));
        assert_eq!(
            parse_extended("2011-06-20T22:30:59.556Z"),
            Some(t + time::Duration::milliseconds(556))
        );
        assert_eq!(parse_extended("2011-06-21T00:30:59+02:00"), Some(t));
        assert_eq!(parse_basic("20110620T223059Z"), Some(t));
    }

    #[test]
    fn other_forms_do_not() {
        for text in [
            "",
            "2011-06-20",
            "2011-06-20T22:30:59",
            "2011-13-20T22:30:59Z",
            "yesterday",
        ] {
            assert_eq!(parse_extended(text), None, "{text}");
        }
        for text in [
            "",
            "20110620",
            "20110620T223059",
            "+20110620T22305Z",
            "2011-06-20T22:30Z",
        ] {
            assert_eq!(parse_basic(text), None, "{text}");
        }
        assert_eq!(
            parse_extended("9999-12-31T23:59:59-23:59"),
            None,
            "past the calendar in UTC"
        );
    }

    #[test]
    fn printing_is_in_utc() {
        let t = datetime!(2011-06-21 00:30:59.9 +2);
        assert_eq!(extended(t), "2011-06-20T22:30:59Z");
        assert_eq!(basic(t), "20110620T223059Z");
        assert_eq!(day(t), "20110620");
    }
}
