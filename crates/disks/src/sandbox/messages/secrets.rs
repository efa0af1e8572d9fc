//! What opens an encrypted volume, and what came of it, as they are sent.

use encrypted::Locked;
use encrypted::cipher::{Algorithm, Mode, Suite};
use encrypted::limits::{KEY_BYTES, KEY_FILE_BYTES, PASSPHRASE_BYTES, PIECES};
use encrypted::plain::{Origin, Piece, Plain, VolumeKey};
use encrypted::secrets::Secrets;

use crate::sandbox::limits::LISTED;
use crate::sandbox::wire::{Malformed, Taken, Wire, kinds, put_bytes, put_list};

kinds!(Algorithm { 0 => Aes, 1 => Serpent, 2 => Twofish, 3 => Camellia, 4 => Kuznyechik });
kinds!(Mode {
    0 => Ecb,
    1 => CbcPlain,
    2 => CbcPlain64,
    3 => CbcEssiv,
    4 => CbcPlace,
    5 => Elephant,
    6 => Xts,
});

impl Wire for Secrets {
    fn put(&self, into: &mut Vec<u8>) {
        self.passphrase().is_some().put(into);
        if let Some(passphrase) = self.passphrase() {
            put_bytes(into, passphrase);
        }
        self.pim().put(into);
        let files = self.key_files();
        u32::try_from(files.len()).unwrap_or(u32::MAX).put(into);
        for file in files {
            put_bytes(into, file);
        }
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        let no_secret = |_| Malformed("a secret that no volume takes");
        let mut secrets = Self::none();
        if bool::take(from)? {
            let passphrase = from.bytes(PASSPHRASE_BYTES)?;
            secrets = secrets.with_passphrase(passphrase).map_err(no_secret)?;
        }
        let pim: Option<u32> = Wire::take(from)?;
        if let Some(pim) = pim {
            secrets = secrets.with_pim(pim).map_err(no_secret)?;
        }
        let files = u32::take(from)?;
        for _ in 0..files {
            let file = from.bytes(KEY_FILE_BYTES)?;
            secrets = secrets.with_key_file(file).map_err(no_secret)?;
        }
        Ok(secrets)
    }
}

impl Wire for Locked {
    fn put(&self, into: &mut Vec<u8>) {
        let (kind, words): (u8, &str) = match self {
            Self::Needed(words) => (0, words),
            Self::Wrong => (1, ""),
            Self::Refused(words) => (2, words),
            Self::Damaged(words) => (3, words),
            Self::Costly(words) => (4, words),
            Self::Ended => (5, ""),
        };
        kind.put(into);
        words.to_owned().put(into);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        let kind = u8::take(from)?;
        let words = String::take(from)?;
        Ok(match kind {
            0 => Self::Needed(words),
            1 => Self::Wrong,
            2 => Self::Refused(words),
            3 => Self::Damaged(words),
            4 => Self::Costly(words),
            5 => Self::Ended,
            _ => return Err(Malformed("a kind that there is not")),
        })
    }
}

impl Wire for Piece {
    const LEAST: usize = 17;

    fn put(&self, into: &mut Vec<u8>) {
        self.at.put(into);
        self.bytes.put(into);
        match &self.origin {
            Origin::Cipher { at, sector } => {
                0_u8.put(into);
                at.put(into);
                sector.put(into);
            }
            Origin::Zeros => 1_u8.put(into),
            Origin::These(bytes) => {
                2_u8.put(into);
                put_bytes(into, bytes);
            }
            Origin::Clear => 3_u8.put(into),
        }
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            at: Wire::take(from)?,
            bytes: Wire::take(from)?,
            origin: match u8::take(from)? {
                0 => Origin::Cipher {
                    at: Wire::take(from)?,
                    sector: Wire::take(from)?,
                },
                1 => Origin::Zeros,
                2 => Origin::These(from.bytes(4096)?.into()),
                3 => Origin::Clear,
                _ => return Err(Malformed("a kind that there is not")),
            },
        })
    }
}

impl Wire for Plain {
    fn put(&self, into: &mut Vec<u8>) {
        self.kind.put(into);
        self.key_id.put(into);
        self.at.put(into);
        self.bytes.put(into);
        put_list(into, &self.pieces);
        self.key.suite.mode.put(into);
        put_list(into, &self.key.suite.ciphers);
        self.key.sector_bytes.put(into);
        self.key.step.put(into);
        put_bytes(into, &self.key.key);
    }

    fn take(from: &mut Taken<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            kind: Wire::take(from)?,
            key_id: Wire::take(from)?,
            at: Wire::take(from)?,
            bytes: Wire::take(from)?,
            pieces: from.list(PIECES.min(LISTED))?,
            key: VolumeKey {
                suite: Suite {
                    mode: Wire::take(from)?,
                    ciphers: from.list(3)?,
                },
                sector_bytes: Wire::take(from)?,
                step: Wire::take(from)?,
                key: from.bytes(KEY_BYTES)?.to_vec(),
            },
        })
    }
}
