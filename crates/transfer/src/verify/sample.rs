//! Which entries are compared: all, or a share of them that a number decides.

use std::fmt;
use std::str::FromStr;

use lanes::Sha256;
use model::entry::EntryPath;

/// The whole, in the unit in which shares are counted.
const MILLION: u32 = 1_000_000;

/// A share of the entries. The same seed chooses the same ones; nobody who does not know it can
/// tell which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    share: Share,
    seed: u64,
}

/// Millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Share(u32);

/// A text that is no share.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a percentage above 0 and up to 100 with at most four decimals")]
pub struct NotAPercentage(String);

impl Sample {
    /// Every entry.
    pub const ALL: Self = Self {
        share: Share(MILLION),
        seed: 0,
    };

    /// The same share, chosen by another seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// By what it is chosen; `None` if it is everything.
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        (self.share.0 < MILLION).then_some(self.seed)
    }

    /// Whether it has the entry of this path.
    #[must_use]
    pub fn has(&self, path: &EntryPath) -> bool {
        let mut sha256 = Sha256::new();
        sha256.update(&self.seed.to_le_bytes());
        sha256.update(path.as_bytes());
        let [b0, b1, b2, b3, b4, b5, b6, b7, ..] = sha256.finish();
        let number = u64::from_le_bytes([b0, b1, b2, b3, b4, b5, b6, b7]);
        number % u64::from(MILLION) < u64::from(self.share.0)
    }
}

/// Reads a percentage, such as `5` or `0.25`.
impl FromStr for Sample {
    type Err = NotAPercentage;

    fn from_str(text: &str) -> Result<Self, NotAPercentage> {
        let wrong = || NotAPercentage(text.to_owned());
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(decimals) || decimals.len() > 4 {
            return Err(wrong());
        }
        let share = format!("{whole}{decimals:0<4}").parse();
        match share {
            Ok(share) if (1..=MILLION).contains(&share) => Ok(Self {
                share: Share(share),
                seed: 0,
            }),
            _ => Err(wrong()),
        }
    }
}

/// The percentage, as it is read.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Share(share) = self.share;
        let text = format!("{}.{:04}", share / 10_000, share % 10_000);
        f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_exactly_and_printed_as_they_were_read() {
        for text in ["100", "5", "0.25", "99.9999", "0.0001", "10"] {
            assert_eq!(text.parse::<Sample>().unwrap().to_string(), text);
        }
        assert_eq!("100".parse(), Ok(Sample::ALL));
        for bad in [
            "0", "0.0", "", ".", "5.", ".5", "-1", "100.1", "1e1", "0.00001", "5%",
        ] {
            assert!(bad.parse::<Sample>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_seed_chooses_its_share_and_another_seed_another_one() {
        let paths: Vec<EntryPath> = (0..20_000)
            .map(|i| EntryPath::new(format!("f/{i}")))
            .collect();
        let chosen = |seed| -> Vec<bool> {
            let sample = "5".parse::<Sample>().unwrap().with_seed(seed);
            paths.iter().map(|path| sample.has(path)).collect()
        };
        let count = chosen(1).iter().filter(|has| **has).count();
        assert!((850..1150).contains(&count), "{count}");
        assert_eq!(chosen(1), chosen(1));
        assert_ne!(chosen(1), chosen(2));
        assert!(paths.iter().all(|path| Sample::ALL.has(path)));
    }
}
