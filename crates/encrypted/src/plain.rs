//! Where the plain bytes of an open volume are.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Locked;
use crate::cipher::{BadKey, SectorCipher, Suite};
use crate::limits::{KEY_ID_BYTES, PIECES};

/// A volume that was opened. Its plain bytes keep the places of the encrypted ones, so that whoever reads in the order of
/// places reads in the order of the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain {
    /// What it is, for a person: `LUKS2, aes-xts-plain64`.
    pub kind: String,
    /// By which its key is known to whoever made it, and which is no secret: the UUID of a LUKS header, the identifier of the way
    /// into BitLocker that was taken. VeraCrypt has none.
    pub key_id: Option<String>,
    /// Where the plain volume begins, in bytes of the encrypted one.
    pub at: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// What it is made of: in order, without a gap.
    pub pieces: Vec<Piece>,
    /// How it is deciphered.
    pub key: VolumeKey,
}

/// A stretch of a plain volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Where it begins, in bytes of the encrypted volume.
    pub at: u64,
    /// Its length in bytes, never 0.
    pub bytes: u64,
    /// Where its bytes come from.
    pub origin: Origin,
}

/// Where the bytes of a piece come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// They are deciphered.
    Cipher {
        /// Where they lie, in bytes of the encrypted volume.
        at: u64,
        /// The number of their first sector, as the cipher counts.
        sector: u64,
    },
    /// They are zeros.
    Zeros,
    /// They are these.
    These(Box<[u8]>),
    /// They lie there as they are.
    Clear,
}

/// With what the sectors of a volume are deciphered. It is wiped when it is dropped, and shows its key to nobody.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct VolumeKey {
    /// The ciphers and how they are used.
    #[zeroize(skip)]
    pub suite: Suite,
    /// What is deciphered at once, in bytes.
    pub sector_bytes: u32,
    /// How much the number of a sector grows from one to the next.
    pub step: u32,
    /// The keys of all ciphers.
    pub key: Vec<u8>,
}

impl fmt::Debug for VolumeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VolumeKey")
            .field("suite", &self.suite)
            .field("sector_bytes", &self.sector_bytes)
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}

impl VolumeKey {
    /// What deciphers sectors with it.
    ///
    /// # Errors
    /// [`BadKey`] if the ciphers do not take a key of this length.
    pub fn cipher(&self) -> Result<SectorCipher, BadKey> {
        SectorCipher::new(self)
    }
}

impl Plain {
    /// In which form it is encrypted: `LUKS2`. Of VeraCrypt nothing more may be told: outer and hidden volumes may have
    /// other ciphers.
    #[must_use]
    pub fn method(&self) -> &str {
        self.kind
            .split_once(',')
            .map_or(&self.kind, |(method, _)| method)
    }

    /// The same if it is within a volume of `volume` bytes, and its pieces are in order and without a gap.
    ///
    /// # Errors
    /// [`Locked::Damaged`] if not.
    pub fn checked(self, volume: u64) -> Result<Self, Locked> {
        match self.is_sound(volume) {
            true => Ok(self),
            false => Err(Locked::Damaged(
                "what it says of the volume cannot be".to_owned(),
            )),
        }
    }

    fn is_sound(&self, volume: u64) -> bool {
        let sector = u64::from(self.key.sector_bytes);
        let is_name =
            |id: &String| id.len() <= KEY_ID_BYTES && id.bytes().all(|it| it.is_ascii_graphic());
        let is_named = self.key_id.as_ref().is_none_or(is_name);
        let is_sector = matches!(sector, 512 | 1024 | 2048 | 4096) && self.key.step > 0;
        let is_inside = |at: u64, bytes: u64| at.checked_add(bytes).is_some_and(|it| it <= volume);
        if !is_sector || !is_named {
            return false;
        }
        let mut next = self.at;
        let mut is_sound = self.bytes > 0
            && self.pieces.len() <= PIECES
            && self.key.cipher().is_ok()
            && is_inside(self.at, self.bytes);
        for piece in &self.pieces {
            is_sound &= piece.at == next && piece.bytes > 0 && is_inside(piece.at, piece.bytes);
            is_sound &= match &piece.origin {
                Origin::Cipher { at, .. } => {
                    piece.bytes % sector == 0 && is_inside(*at, piece.bytes)
                }
                Origin::These(bytes) => bytes.len() as u64 == piece.bytes,
                Origin::Zeros | Origin::Clear => true,
            };
            next = next.saturating_add(piece.bytes);
        }
        is_sound && self.at.checked_add(self.bytes) == Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::{Algorithm, Mode};
    use proptest::prelude::*;

    fn plain(at: u64, bytes: u64, sector_bytes: u32, from: u64, keys: usize) -> Plain {
        let origin = Origin::Cipher {
            at: from,
            sector: u64::MAX,
        };
        Plain {
            kind: String::new(),
            key_id: None,
            at,
            bytes,
            pieces: vec![Piece { at, bytes, origin }],
            key: VolumeKey {
                suite: Suite::one(Mode::Xts, Algorithm::Aes),
                sector_bytes,
                step: 1,
                key: vec![0; keys],
            },
        }
    }

    #[test]
    fn a_sound_volume_is_taken() {
        assert!(plain(512, 4096, 512, 512, 64).checked(8192).is_ok());
    }

    proptest! {
        /// Whatever is said of a volume, by its header or by whoever read that.
        #[test]
        fn what_cannot_be_is_refused(
            at in prop_oneof![0..9000_u64, any::<u64>()],
            bytes in prop_oneof![0..9000_u64, any::<u64>()],
            sector in prop_oneof![Just(0), Just(512), Just(4096), any::<u32>()],
            from in prop_oneof![0..9000_u64, any::<u64>()],
            keys in 0..200_usize,
        ) {
            if plain(at, bytes, sector, from, keys).checked(8192).is_ok() {
                prop_assert!(at + bytes <= 8192 && from + bytes <= 8192 && bytes % u64::from(sector) == 0);
                prop_assert!(keys == 32 || keys == 48 || keys == 64);
            }
        }
    }
}
