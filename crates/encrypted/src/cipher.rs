//! How sectors are deciphered, many blocks at once.
//!
//! A processor deciphers eight blocks in the time of one if it is given them together, and that is nearly all there is to
//! speed: of XTS, the tweaks of a run of sectors are worked out first, and then all its blocks go through the cipher.

mod blocks;
mod elephant;
mod xts;

use std::fmt;

use crate::plain::VolumeKey;
use blocks::{Cipher, xor};

/// A cipher of blocks of 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// AES (Rijndael).
    Aes,
    /// Serpent.
    Serpent,
    /// Twofish.
    Twofish,
    /// Camellia.
    Camellia,
    /// Kuznyechik (GOST R 34.12-2015).
    Kuznyechik,
}

/// How a cipher of blocks is used for sectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Each block by itself.
    Ecb,
    /// CBC that begins with the lower 32 bits of the number of the sector.
    CbcPlain,
    /// CBC that begins with the number of the sector.
    CbcPlain64,
    /// CBC that begins with the number of the sector, encrypted with the SHA-256 of the key.
    CbcEssiv,
    /// CBC that begins with the place of the sector in bytes, encrypted with the key: BitLocker's.
    CbcPlace,
    /// The same, with the diffuser of BitLocker, and a second key.
    Elephant,
    /// XTS that begins with the number of the sector.
    Xts,
}

/// The ciphers of a volume, in the order in which they decipher, each with an equal share of the key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Suite {
    /// How they are used.
    pub mode: Mode,
    /// Which.
    pub ciphers: Vec<Algorithm>,
}

/// Keys of this length are not what a cipher takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cipher takes no key of this length")]
pub struct BadKey;

/// What deciphers the sectors of a volume.
pub struct SectorCipher {
    sector: usize,
    step: u64,
    layers: Vec<Layer>,
}

/// One cipher of a cascade.
struct Layer {
    mode: Mode,
    data: Box<dyn Cipher>,
    /// What encrypts numbers, or places.
    second: Option<Box<dyn Cipher>>,
}

impl fmt::Debug for SectorCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SectorCipher")
            .field("sector", &self.sector)
            .finish_non_exhaustive()
    }
}

impl Suite {
    /// One cipher.
    #[must_use]
    pub fn one(mode: Mode, cipher: Algorithm) -> Self {
        Self {
            mode,
            ciphers: vec![cipher],
        }
    }

    /// What cryptsetup calls so: `aes-xts-plain64`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (cipher, mode) = name.split_once('-')?;
        let cipher = match cipher {
            "aes" => Algorithm::Aes,
            "serpent" => Algorithm::Serpent,
            "twofish" => Algorithm::Twofish,
            "camellia" => Algorithm::Camellia,
            _ => return None,
        };
        let mode = match mode {
            "ecb" => Mode::Ecb,
            "cbc-plain" => Mode::CbcPlain,
            "cbc-plain64" => Mode::CbcPlain64,
            "cbc-essiv:sha256" => Mode::CbcEssiv,
            "xts-plain64" => Mode::Xts,
            _ => return None,
        };
        Some(Self::one(mode, cipher))
    }
}

impl SectorCipher {
    pub(crate) fn new(key: &VolumeKey) -> Result<Self, BadKey> {
        let count = key.suite.ciphers.len();
        let is_sector =
            (16..=4096).contains(&key.sector_bytes) && key.sector_bytes.is_multiple_of(16);
        let is_words = key.suite.mode != Mode::Elephant || key.sector_bytes.is_power_of_two();
        let has_keys = count > 0 && !key.key.is_empty() && key.key.len().is_multiple_of(count);
        if !is_sector || !is_words || !has_keys {
            return Err(BadKey);
        }
        let shares = key.key.chunks(key.key.len() / count);
        let ciphers = key.suite.ciphers.iter().zip(shares);
        let layers = ciphers.map(|(cipher, share)| Layer::new(*cipher, key.suite.mode, share));
        Ok(Self {
            sector: usize::try_from(key.sector_bytes).map_err(|_| BadKey)?,
            step: key.step.into(),
            layers: layers.collect::<Result<_, _>>()?,
        })
    }

    /// What is deciphered at once, in bytes.
    #[must_use]
    pub fn sector_bytes(&self) -> usize {
        self.sector
    }

    /// Deciphers whole sectors where they are; `first` is the number of the first of them.
    ///
    /// What is left of `data` behind the last whole sector stays as it is.
    pub fn decipher(&self, first: u64, data: &mut [u8]) {
        let whole = data.len() / self.sector * self.sector;
        for layer in &self.layers {
            layer.decipher(self.sector, first, self.step, &mut data[..whole]);
        }
    }

    /// How much the number of a sector grows from one to the next.
    #[must_use]
    pub fn step(&self) -> u64 {
        self.step
    }
}

impl Layer {
    fn new(cipher: Algorithm, mode: Mode, key: &[u8]) -> Result<Self, BadKey> {
        let halves = || match key.len().is_multiple_of(2) {
            true => Ok(key.split_at(key.len() / 2)),
            false => Err(BadKey),
        };
        let (data, second) = match mode {
            Mode::Ecb | Mode::CbcPlain | Mode::CbcPlain64 => (blocks::cipher(cipher, key)?, None),
            Mode::CbcPlace => {
                let second = blocks::cipher(cipher, key)?;
                (blocks::cipher(cipher, key)?, Some(second))
            }
            Mode::CbcEssiv => {
                let salted = crate::stretch::Hash::Sha256.of(&[key]);
                let second = blocks::cipher(cipher, &salted)?;
                (blocks::cipher(cipher, key)?, Some(second))
            }
            Mode::Elephant | Mode::Xts => {
                let (data, second) = halves()?;
                let second = blocks::cipher(cipher, second)?;
                (blocks::cipher(cipher, data)?, Some(second))
            }
        };
        Ok(Self { mode, data, second })
    }

    fn decipher(&self, sector: usize, first: u64, step: u64, data: &mut [u8]) {
        match (self.mode, &self.second) {
            (Mode::Ecb, _) => self.data.decrypt(data),
            (Mode::Xts, Some(tweak)) => {
                xts::decipher(&*self.data, &**tweak, sector, first, step, data);
            }
            (_, second) => {
                let mut number = first;
                for sector in data.chunks_mut(sector) {
                    self.cbc(second.as_deref(), number, sector);
                    number = number.wrapping_add(step);
                }
            }
        }
    }

    fn cbc(&self, second: Option<&dyn Cipher>, number: u64, sector: &mut [u8]) {
        let place = number.wrapping_mul(sector.len() as u64);
        let mut begin = [0; 16];
        match self.mode {
            Mode::CbcPlain => begin[..4].copy_from_slice(&number.to_le_bytes()[..4]),
            Mode::CbcPlain64 | Mode::CbcEssiv => begin[..8].copy_from_slice(&number.to_le_bytes()),
            Mode::CbcPlace | Mode::Elephant => begin[..8].copy_from_slice(&place.to_le_bytes()),
            Mode::Ecb | Mode::Xts => {}
        }
        match (self.mode, second) {
            (Mode::Elephant, _) => self.data.encrypt(&mut begin),
            (_, Some(second)) => second.encrypt(&mut begin),
            (_, None) => {}
        }
        cbc(&*self.data, begin, sector);
        if let (Mode::Elephant, Some(second)) = (self.mode, second) {
            elephant::diffuse(second, place, sector);
        }
    }
}

/// Deciphers a sector whose blocks hang on each other.
fn cbc(cipher: &dyn Cipher, begin: [u8; 16], sector: &mut [u8]) {
    let mut before = [0; 4096];
    let before = &mut before[..sector.len()];
    before[..16].copy_from_slice(&begin);
    before[16..].copy_from_slice(&sector[..sector.len() - 16]);
    cipher.decrypt(sector);
    xor(sector, before);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(suite: Suite, sector_bytes: u32, key: &str) -> VolumeKey {
        VolumeKey {
            suite,
            sector_bytes,
            step: 1,
            key: hex::decode(key).unwrap(),
        }
    }

    /// IEEE 1619-2007, annex B, vectors 2 and 10, the latter in its first blocks.
    #[test]
    fn xts_is_that_of_the_standard() {
        let suite = Suite::one(Mode::Xts, Algorithm::Aes);
        let two = ["11".repeat(16), "22".repeat(16)].concat();
        let cipher = key(suite, 32, &two).cipher().unwrap();
        let mut data =
            hex::decode("c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0")
                .unwrap();
        cipher.decipher(0x33_3333_3333, &mut data);
        assert_eq!(data, [0x44; 32]);
    }

    #[test]
    fn keys_of_other_lengths_are_refused() {
        for (suite, bytes) in [
            (Suite::one(Mode::Xts, Algorithm::Aes), 65),
            (Suite::one(Mode::Xts, Algorithm::Kuznyechik), 32),
            (Suite::one(Mode::CbcPlain, Algorithm::Aes), 0),
            (
                Suite {
                    mode: Mode::Ecb,
                    ciphers: Vec::new(),
                },
                32,
            ),
        ] {
            let key = key(suite, 512, &"00".repeat(bytes));
            assert!(key.cipher().is_err(), "{key:?}");
        }
    }

    #[test]
    fn what_is_deciphered_does_not_depend_on_how_much_at_once() {
        for mode in [
            Mode::Xts,
            Mode::CbcEssiv,
            Mode::CbcPlain64,
            Mode::Elephant,
            Mode::CbcPlace,
        ] {
            let suite = Suite::one(mode, Algorithm::Aes);
            let cipher = key(suite, 512, &"5a".repeat(32)).cipher().unwrap();
            let data: Vec<u8> = (0..16384_u32)
                .map(|it| it.to_le_bytes()[it as usize % 2])
                .collect();
            let mut at_once = data.clone();
            cipher.decipher(77, &mut at_once);
            let mut one_by_one = data;
            for (number, sector) in (77..).zip(one_by_one.chunks_mut(512)) {
                cipher.decipher(number, sector);
            }
            assert!(at_once == one_by_one, "{mode:?}");
        }
    }
}
