//! Amounts of bytes as people write them: `5TB`.
//!
//! Units are `B`, `kB` to `TB` in thousands and `KiB` to `TiB` in steps of 1024. A number alone is refused: who writes `50`
//! means anything but fifty bytes.

use crate::readable;

/// A text that is no amount of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an amount such as `5TB` or `500GiB`")]
pub struct BadAmount(String);

/// Units, each with its bytes.
const UNITS: [(&str, u64); 10] = [
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("B", 1),
];

/// Reads a whole number of one of the units.
///
/// # Errors
/// [`BadAmount`]: of another unit, a fraction, no number at all, or 2^63 bytes and more, which no database counts.
pub fn bytes(text: &str) -> Result<u64, BadAmount> {
    let bad = || bad(text);
    let text = text.trim();
    let unit = UNITS.iter().find(|(unit, _)| text.ends_with(unit));
    let (unit, each) = unit.ok_or_else(bad)?;
    let number = text.trim_end_matches(unit).trim();
    let is_whole = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| is_whole).ok_or_else(bad)?;
    let bytes = number.checked_mul(*each);
    bytes
        .filter(|bytes| i64::try_from(*bytes).is_ok())
        .ok_or_else(bad)
}

fn bad(text: &str) -> BadAmount {
    BadAmount(readable::name(text.trim(), 40))
}

/// Reads a limit: an amount that is not nothing, or `none`.
///
/// # Errors
/// [`BadAmount`], as [`bytes`].
pub fn limit(text: &str) -> Result<Option<u64>, BadAmount> {
    if text.trim() == "none" {
        return Ok(None);
    }
    match bytes(text)? {
        0 => Err(bad(text)),
        bytes => Ok(Some(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_whole_numbers_of_a_unit() {
        for (text, expected) in [
            ("5TB", 5_000_000_000_000),
            ("500 GiB", 500 << 30),
            ("1B", 1),
            (" 3kB ", 3_000),
            ("3KB", 3_000),
            ("0B", 0),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "5",
            "TB",
            "5.5TB",
            "5MB/s",
            "5Mb",
            "-1GB",
            "99999999TB",
            "5tb",
            "1PB",
        ] {
            let error = bytes(text).unwrap_err().to_string();
            assert!(error.contains("such as `5TB`"), "{error}");
        }
    }
    #[test]
    fn a_limit_is_an_amount_that_is_something_or_none() {
        assert_eq!(limit("5TB"), Ok(Some(5_000_000_000_000)));
        assert_eq!(limit(" none "), Ok(None));
        assert_eq!(limit("0B").unwrap_err(), bad("0B"));
        assert_eq!(limit("much").unwrap_err(), bad("much"));
    }
}
