//! Files that a station brought into the log bucket for a job, as whoever looks for them later can know them again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::ObjectKey;
use crate::report::lines::Totals;

/// Most files that are told of one report: its forms, and the map of the device.
pub const FILES: usize = 8;

/// A file of a report, in the log bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    /// Where it lies there.
    pub key: ObjectKey,
    /// Its size.
    pub bytes: u64,
    /// Of what was sent.
    pub sha256: Sha256Hex,
}

/// What a report adds up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Its entries.
    pub totals: Totals,
    /// Stretches of the device that could not be read; nothing of a device that was read through a mount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad_ranges: Option<u64>,
    /// From the beginning of the first attempt to the report, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

/// A SHA-256: 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Hex(String);

/// A text that is no SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not a SHA-256 of 64 lower-case hexadecimal digits")]
pub struct NotASha256;

impl Sha256Hex {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Sha256Hex {
    type Err = NotASha256;

    fn from_str(text: &str) -> Result<Self, NotASha256> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        match text.len() == 64 && text.bytes().all(is_digit) {
            true => Ok(Self(text.to_owned())),
            false => Err(NotASha256),
        }
    }
}

impl TryFrom<String> for Sha256Hex {
    type Error = NotASha256;

    fn try_from(text: String) -> Result<Self, NotASha256> {
        text.parse()
    }
}

impl From<Sha256Hex> for String {
    fn from(sum: Sha256Hex) -> Self {
        sum.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_has_one_form() {
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sum.parse::<Sha256Hex>().unwrap().as_str(), sum);
        for other in [
            &sum[1..],
            &sum.to_uppercase(),
            &format!("{sum}0"),
            "",
            &"g".repeat(64),
        ] {
            assert_eq!(other.parse::<Sha256Hex>(), Err(NotASha256), "{other}");
        }
    }
}
