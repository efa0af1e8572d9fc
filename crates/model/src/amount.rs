//! Amounts of bytes as people write them: `5TB`.

/// A text that is no amount of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an amount such as `5TB` or `500GiB`")]
pub struct BadAmount(String);

/// Units, each with its bytes.
const UNITS: [(&str, u64); 9] = [
    ("kB", 1_000),
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
/// [`BadAmount`]: of another unit, a fraction, nothing at all, or more than 2^63 bytes.
pub fn bytes(text: &str) -> Result<u64, BadAmount> {
    let bad = || BadAmount(crate::readable::name(text, 40));
    let text = text.trim();
    let unit = UNITS.iter().find(|(unit, _)| text.ends_with(unit));
    let (unit, each) = unit.ok_or_else(bad)?;
    let number = text.trim_end_matches(unit).trim();
    let is_whole = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| is_whole).ok_or_else(bad)?;
    let bytes = number.checked_mul(*each).ok_or_else(bad)?;
    // Databases count in signed numbers.
    (bytes > 0 && i64::try_from(bytes).is_ok())
        .then_some(bytes)
        .ok_or_else(bad)
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
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "5",
            "TB",
            "5.5TB",
            "-1GB",
            "0B",
            "99999999TB",
            "5tb",
            "1PB",
        ] {
            let error = bytes(text).unwrap_err().to_string();
            assert!(error.contains("such as `5TB`"), "{error}");
        }
    }
}
