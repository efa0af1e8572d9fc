//! A header: 64 bytes of salt, and 448 that are enciphered, with the keys of the volume in them.

use filesystems::checksum::crc32;
use filesystems::fields::{be16, be32, be64};
use zeroize::Zeroize as _;

use crate::Locked;
use crate::cipher::Algorithm::{Aes, Camellia, Kuznyechik, Serpent, Twofish};
use crate::cipher::{Algorithm, Mode, Suite};
use crate::plain::{Origin, Piece, Plain, VolumeKey};
use crate::secrets::Wiped;

/// Bytes of salt before what is enciphered.
pub(super) const SALT: usize = 64;

/// What is deciphered at once, whatever the sectors of the device.
const UNIT: u32 = 512;

/// Ciphers, in the order in which they encipher, which is that of their keys.
const CASCADES: [&[Algorithm]; 15] = [
    &[Aes],
    &[Serpent],
    &[Twofish],
    &[Camellia],
    &[Kuznyechik],
    &[Twofish, Aes],
    &[Serpent, Twofish, Aes],
    &[Aes, Serpent],
    &[Aes, Twofish, Serpent],
    &[Serpent, Twofish],
    &[Kuznyechik, Camellia],
    &[Twofish, Kuznyechik],
    &[Serpent, Camellia],
    &[Aes, Kuznyechik],
    &[Camellia, Serpent, Kuznyechik],
];

/// Which program made a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    TrueCrypt,
    VeraCrypt,
}

/// Where a header lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    Outer,
    Hidden,
    /// Of a hidden volume up to TrueCrypt 5.
    OldHidden,
    OuterCopy,
    HiddenCopy,
}

impl Where {
    pub(super) const ALL: [Self; 5] = [
        Self::Outer,
        Self::Hidden,
        Self::OldHidden,
        Self::OuterCopy,
        Self::HiddenCopy,
    ];

    /// Where that is, in a volume of so many bytes.
    pub(super) fn at(self, bytes: u64) -> Option<u64> {
        match self {
            Self::Outer => Some(0),
            Self::Hidden => Some(64 << 10),
            Self::OldHidden => bytes.checked_sub(1536),
            Self::OuterCopy => bytes.checked_sub(128 << 10),
            Self::HiddenCopy => bytes.checked_sub(64 << 10),
        }
    }
}

/// A header that was deciphered.
pub(super) struct Opened {
    made: Made,
    ciphers: &'static [Algorithm],
    plain: Wiped,
}

/// A header, if this is its key.
pub(super) fn decipher(header: &[u8], key: &[u8], made: Made) -> Option<Opened> {
    let (_, enciphered) = header.split_at_checked(SALT)?;
    CASCADES.iter().find_map(|ciphers| {
        let mut plain = Wiped::new(enciphered.to_vec());
        if !crate::UNCHECKED {
            let mut key = volume_key(ciphers, key, 448)?;
            let cipher = key.cipher();
            key.zeroize();
            cipher.ok()?.decipher(0, &mut plain);
        }
        let header = Opened {
            made,
            ciphers,
            plain,
        };
        header.is_right().then_some(header)
    })
}

/// The keys of a cascade, each with its second, in the order in which they decipher.
fn volume_key(ciphers: &[Algorithm], keys: &[u8], sector_bytes: u32) -> Option<VolumeKey> {
    let (first, second) = keys.get(..ciphers.len() * 64)?.split_at(ciphers.len() * 32);
    let pairs = first.chunks(32).zip(second.chunks(32)).rev();
    Some(VolumeKey {
        suite: Suite {
            mode: Mode::Xts,
            ciphers: ciphers.iter().rev().copied().collect(),
        },
        sector_bytes,
        step: 1,
        key: pairs.flat_map(|(one, two)| [one, two].concat()).collect(),
    })
}

impl Opened {
    /// Whether its sums are right. Places are those of the whole header, less its salt.
    fn is_right(&self) -> bool {
        let mark: &[u8] = match self.made {
            Made::TrueCrypt => b"TRUE",
            Made::VeraCrypt => b"VERA",
        };
        self.plain.starts_with(mark) && (crate::UNCHECKED || self.has_right_sums())
    }

    fn has_right_sums(&self) -> bool {
        let sum_of = |from: usize, until: usize| self.plain.get(from..until).map(crc32);
        let keys = sum_of(192, 448);
        let head = sum_of(0, 188);
        keys == be32(&self.plain, 8) && (self.version() < 4 || head == be32(&self.plain, 188))
    }

    fn version(&self) -> u16 {
        be16(&self.plain, 4).unwrap_or_default()
    }

    fn number(&self, at: usize) -> u64 {
        be64(&self.plain, at).unwrap_or_default()
    }

    /// The volume that it is of.
    pub(super) fn plain(&self, volume: u64, place: Where) -> Result<Plain, Locked> {
        let (hidden, said, at, encrypted) = (
            self.number(28),
            self.number(36),
            self.number(44),
            self.number(52),
        );
        let flags = be32(&self.plain, 60).unwrap_or_default();
        let unfinished = flags & 2 != 0 && encrypted < said;
        if flags & 1 != 0 || unfinished {
            return Err(Locked::Refused(
                "is a system that is encrypted with VeraCrypt, or is encrypted only in part, which is not read: \
                 send the files on another disk"
                    .to_owned(),
            ));
        }
        let (at, bytes) = match (self.version(), place) {
            (..=3, Where::OldHidden) => {
                let at = volume.checked_sub(hidden.saturating_add(1536));
                (at.unwrap_or(u64::MAX), hidden)
            }
            (..=3, _) => (512, volume.saturating_sub(512)),
            (_, _) => (at, said),
        };
        let names = self.ciphers.iter().rev();
        let names: Vec<String> = names.map(|it| format!("{it:?}").to_lowercase()).collect();
        let key = volume_key(self.ciphers, &self.plain[192..], UNIT)
            .ok_or_else(|| Locked::Damaged("it has too few keys".to_owned()))?;
        Ok(Plain {
            kind: format!("{:?}, {}-xts", self.made, names.join("-")),
            key_id: None,
            at,
            bytes,
            pieces: vec![Piece {
                at,
                bytes,
                origin: Origin::Cipher {
                    at,
                    sector: at / u64::from(UNIT),
                },
            }],
            key,
        })
    }
}
