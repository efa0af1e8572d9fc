//! VeraCrypt and TrueCrypt volumes, from TrueCrypt 5 on, in files, partitions and whole devices.
//!
//! Nothing on such a volume says what it is: the header is random bytes to all who do not know the password, nor how it
//! was made into a key. So each way is tried; which of the headers opened, the outer or a hidden one, is not told.

mod header;
mod key_files;

use argon2::Algorithm as Argon2;
use filesystems::blocks::{Blocks, Fault};

use crate::Locked;
use crate::limits::VERACRYPT_TIME;
use crate::plain::Plain;
use crate::secrets::{Secrets, Wiped};
use crate::stretch::{Cost, Hash, Patience};
use header::{Made, SALT, Where};

const TAKES: &str = "a password or key files";

/// The longest password of TrueCrypt in bytes; VeraCrypt takes twice as many.
const TRUECRYPT_PASSWORD: usize = 64;

/// Bytes of a key of a header: two keys for each of three ciphers.
const KEY: usize = 192;

/// Opens one.
pub(crate) fn open(volume: &mut dyn Blocks, secrets: &Secrets) -> Result<Plain, Locked> {
    if secrets.is_empty() {
        return Err(Locked::Needed(TAKES.to_owned()));
    }
    let Some(password) = key_files::password(secrets) else {
        return Err(Locked::Wrong);
    };
    let headers = headers(volume)?;
    let patience = Patience::of(VERACRYPT_TIME);
    let mut refused = Locked::Wrong;
    for way in ways(secrets.pim(), password.len() <= TRUECRYPT_PASSWORD) {
        for (place, bytes) in headers.iter().filter(|(place, _)| way.is_tried_at(*place)) {
            // A sign of life: whoever waits for an answer is told that it is still looked for.
            read(volume, 0)?;
            let key = match way.stretch.key(&patience, &password, &bytes[..SALT]) {
                Ok(key) => key,
                Err(Locked::Costly(why)) => {
                    refused = Locked::Costly(why);
                    continue;
                }
                Err(other) => return Err(other),
            };
            if let Some(header) = header::decipher(bytes, &key, way.made) {
                return header.plain(volume.bytes(), *place);
            }
        }
    }
    Err(refused)
}

/// The headers that there may be, those at the end last.
fn headers(volume: &mut dyn Blocks) -> Result<Vec<(Where, Vec<u8>)>, Locked> {
    let mut headers = Vec::new();
    for place in Where::ALL {
        let at = place.at(volume.bytes());
        if let Some(at) = at
            && let Some(header) = read(volume, at)?
        {
            headers.push((place, header));
        }
    }
    Ok(headers)
}

fn read(volume: &mut dyn Blocks, at: u64) -> Result<Option<Vec<u8>>, Locked> {
    let mut bytes = vec![0; 512];
    match volume.read(at, &mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(Fault::Bad) => Ok(None),
        Err(Fault::Ended) => Err(Locked::Ended),
    }
}

/// A way from a password to a header.
struct Way {
    made: Made,
    stretch: Stretch,
    /// Whether it is tried on the copies of headers at the end of a volume.
    at_end: bool,
}

enum Stretch {
    Rounds(Hash, u32),
    Argon2(Cost),
}

impl Stretch {
    fn key(&self, patience: &Patience, password: &[u8], salt: &[u8]) -> Result<Wiped, Locked> {
        match self {
            Self::Rounds(hash, rounds) => patience.pbkdf2(*hash, password, (salt, *rounds), KEY),
            Self::Argon2(cost) => patience.argon2(Argon2::Argon2id, password, (salt, *cost), KEY),
        }
    }
}

impl Way {
    fn is_tried_at(&self, place: Where) -> bool {
        match place {
            Where::OldHidden => self.made == Made::TrueCrypt,
            Where::Outer | Where::Hidden => !self.at_end,
            Where::OuterCopy | Where::HiddenCopy => self.at_end,
        }
    }
}

/// All ways: the cheap ones of TrueCrypt, then those of VeraCrypt, the usual one first; and once more for the copies.
fn ways(pim: Option<u32>, is_short: bool) -> Vec<Way> {
    let mut ways = Vec::new();
    for at_end in [false, true] {
        let mut way = |made, stretch| {
            ways.push(Way {
                made,
                stretch,
                at_end,
            });
        };
        if pim.is_none() && is_short {
            for (hash, rounds) in [
                (Hash::Sha512, 1000),
                (Hash::Ripemd160, 2000),
                (Hash::Whirlpool, 1000),
            ] {
                way(Made::TrueCrypt, Stretch::Rounds(hash, rounds));
            }
        }
        for hash in [
            Hash::Sha512,
            Hash::Sha256,
            Hash::Blake2s256,
            Hash::Whirlpool,
            Hash::Ripemd160,
            Hash::Streebog512,
        ] {
            let usual = match hash {
                Hash::Ripemd160 => 655_331,
                _ => 500_000,
            };
            let rounds = pim.map_or(usual, |pim| 15_000 + 1000 * pim);
            way(Made::VeraCrypt, Stretch::Rounds(hash, rounds));
        }
        way(Made::VeraCrypt, Stretch::Argon2(argon2(pim.unwrap_or(12))));
    }
    ways
}

/// What Argon2 costs with a PIM.
fn argon2(pim: u32) -> Cost {
    let rounds = match pim {
        ..=31 => 3 + (pim - 1) / 3,
        _ => 13 + (pim - 31),
    };
    Cost {
        kib: (64 + (pim - 1) * 32).min(1024) << 10,
        rounds,
        lanes: 1,
    }
}
