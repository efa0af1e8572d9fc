//! What was read of a device after it was erased, and what that is worth.

use serde::{Deserialize, Serialize};

use super::account::PassFill;

/// How much of a device is read back after it was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerifyMode {
    /// All of it.
    #[default]
    Full,
    /// Beginning, end, and a place in each of two thousand equal stretches.
    Sampled,
}

impl VerifyMode {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Sampled => "sampled",
        }
    }
}

/// What was read of a device afterwards, past every memory of its host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// How much.
    pub extent: Extent,
    /// Bytes read.
    pub bytes_read: u64,
    /// The same in parts of the device: 1 is all of it.
    pub share: f64,
    /// What was expected in each byte.
    pub expected: PassFill,
    /// What could not be read, in ranges.
    pub unreadable: u64,
    /// The first byte that was another.
    pub first_difference: Option<Difference>,
    /// With which chance left-overs are missed that are scattered over some share of the device.
    pub misses: Vec<Miss>,
}

/// How much of a device was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "kebab-case")]
pub enum Extent {
    /// All of it.
    Full,
    /// Beginning and end, and one place in each of some equal stretches, which the seed tells.
    Sampled {
        /// 32 bytes in hexadecimal digits.
        seed: String,
        /// Stretches, with one place in each.
        places: u64,
        /// Bytes of a place.
        place_bytes: u64,
        /// Bytes read at the beginning, and as many at the end.
        edge_bytes: u64,
    },
}

/// A byte that is not what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Where, in bytes from the beginning of the device.
    pub offset: u64,
    /// What is there.
    pub found: u8,
    /// What should be.
    pub expected: u8,
}

/// With which chance something is missed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Miss {
    /// The share of the device over which left-overs are scattered.
    pub scattered_over: f64,
    /// The chance that no place meets any of them.
    pub chance: f64,
}

impl Verification {
    /// The shares for which a certificate says the chance of a miss.
    pub const SHARES: [f64; 3] = [0.01, 0.001, 0.0001];

    /// Whether everything that was to be read was, and was what it should be.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.first_difference.is_none() && self.unreadable == 0
    }

    /// The chances that a certificate says.
    #[must_use]
    pub fn misses_of(extent: &Extent) -> Vec<Miss> {
        let shares = Self::SHARES.into_iter();
        let miss = |scattered_over| Miss {
            scattered_over,
            chance: match extent {
                Extent::Full => 0.0,
                Extent::Sampled { places, .. } => chance_of_a_miss(scattered_over, *places),
            },
        };
        shares.map(miss).collect()
    }
}

/// The chance that none of so many places meets left-overs that are scattered over a share of a device in pieces as
/// large as a place: each place is free of them with the chance `1 - share`. What lies in one piece as long as two
/// stretches covers a whole one, and is always met.
#[must_use]
pub fn chance_of_a_miss(share: f64, places: u64) -> f64 {
    let places = i32::try_from(places).unwrap_or(i32::MAX);
    (1.0 - share.clamp(0.0, 1.0)).powi(places)
}
