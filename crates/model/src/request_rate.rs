//! How many requests there are each second, as it is told: `500`, `12.5`.
//!
//! Shares of a limit of few requests are parts of one; so they are counted in thousandths and told as numbers.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected};
use serde::ser::{Serialize, Serializer};

use crate::share::REQUEST;

/// Requests per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestRate {
    /// In thousandths.
    pub thousandths: u64,
}

impl RequestRate {
    /// The same as a number, for figures.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "nobody has 2^53 thousandths of a request a second"
    )]
    pub fn number(self) -> f64 {
        self.thousandths as f64 / REQUEST as f64
    }
}

/// `500`, `12.5`, `0.333`.
impl fmt::Display for RequestRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.thousandths / REQUEST, self.thousandths % REQUEST);
        let digits = format!("{whole}.{rest:03}");
        f.write_str(digits.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A number: whole where it is.
impl Serialize for RequestRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.thousandths % REQUEST {
            0 => serializer.serialize_u64(self.thousandths / REQUEST),
            _ => serializer.serialize_f64(self.number()),
        }
    }
}

impl<'de> Deserialize<'de> for RequestRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = f64::deserialize(deserializer)?;
        let thousandths = format!("{:.0}", number * 1e3).parse();
        let thousandths = thousandths
            .map_err(|_| D::Error::invalid_value(Unexpected::Float(number), &"a rate"))?;
        Ok(Self { thousandths })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_told_as_numbers_and_read_again() {
        for (thousandths, text) in [
            (0, "0"),
            (333, "0.333"),
            (1_000, "1"),
            (12_500, "12.5"),
            (500_000, "500"),
            (1_000_000_000, "1000000"),
        ] {
            let rate = RequestRate { thousandths };
            assert_eq!(rate.to_string(), text);
            assert_eq!(serde_json::to_string(&rate).unwrap(), text);
            assert_eq!(serde_json::from_str::<RequestRate>(text).unwrap(), rate);
        }
        for bad in ["-1", "\"1\"", "null"] {
            assert!(serde_json::from_str::<RequestRate>(bad).is_err(), "{bad}");
        }
    }
}
