//! A sealed file: a header in lines of text, which has the key of the file once for each recipient, and one chunk.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::Aead as _;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Identity, Recipient};

/// The most bytes that are sealed or opened, a chunk of age has 64 KiB.
pub const LONGEST: usize = 4 << 10;

/// The longest header that is read, in bytes: some thirty recipients.
const HEADER_BYTES: usize = 8 << 10;

const VERSION: &str = "age-encryption.org/v1";
const X25519: &str = "X25519";
const WRAP: &[u8] = b"age-encryption.org/v1/X25519";

/// Columns of a body's lines.
const COLUMNS: usize = 64;

const FILE_KEY: usize = 16;
const TAG: usize = 16;
const SALT: usize = 16;

/// The nonce of the first chunk, which is the last.
const LAST_CHUNK: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// Random bytes that are used once.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Chance {
    /// Of which the key is made that the recipient is met with.
    pub ephemeral: [u8; 32],
    /// The key of the file.
    pub file_key: [u8; FILE_KEY],
    /// With which the key of its content is made.
    pub salt: [u8; SALT],
}

/// Why a file is not opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is no file of age, or a broken one.
    #[error("it is no file of age version 1")]
    Malformed,
    /// It is sealed for others.
    #[error("it is not sealed for this recipient")]
    OtherRecipient,
    /// Something of it was changed or is missing.
    #[error("it was changed since it was sealed")]
    Broken,
    /// It is longer than a password.
    #[error("it is too long")]
    Long,
}

/// Seals bytes for a recipient.
///
/// # Errors
/// [`OpenError::Long`] of more than [`LONGEST`]; [`OpenError::Malformed`] of a recipient that is none of anybody's keys.
pub fn seal(recipient: &Recipient, plain: &[u8], chance: &Chance) -> Result<Vec<u8>, OpenError> {
    if plain.len() > LONGEST {
        return Err(OpenError::Long);
    }
    let ephemeral = StaticSecret::from(chance.ephemeral);
    let share = PublicKey::from(&ephemeral);
    let shared = ephemeral.diffie_hellman(&recipient.0);
    if !shared.was_contributory() {
        return Err(OpenError::Malformed);
    }
    let wrap = wrap_key(shared.as_bytes(), &share, &recipient.0);
    let body = sealed(&wrap, Nonce::default(), &chance.file_key);
    let share = STANDARD_NO_PAD.encode(share.as_bytes());
    let body = STANDARD_NO_PAD.encode(body);
    let header = format!("{VERSION}\n-> {X25519} {share}\n{body}\n---");
    let mac = STANDARD_NO_PAD.encode(header_mac(&chance.file_key, &header));
    let mut file = format!("{header} {mac}\n").into_bytes();
    file.extend_from_slice(&chance.salt);
    let key = payload_key(&chance.file_key, &chance.salt);
    file.extend(sealed(&key, LAST_CHUNK.into(), plain));
    Ok(file)
}

/// Opens a file.
///
/// # Errors
/// [`OpenError`].
pub fn open(identity: &Identity, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let Parsed {
        shares,
        header,
        mac,
        rest,
    } = Parsed::read(file).ok_or(OpenError::Malformed)?;
    let mut keys = shares.iter().filter_map(|share| unwrap(identity, share));
    let file_key = keys.next().ok_or(OpenError::OtherRecipient)?;
    let mut checked = Hmac::<Sha256>::new_from_slice(&*mac_key(&file_key)).expect("any length");
    checked.update(header.as_bytes());
    checked.verify_slice(&mac).map_err(|_| OpenError::Broken)?;
    let (salt, chunk) = rest.split_first_chunk().ok_or(OpenError::Malformed)?;
    if chunk.len() > LONGEST + TAG {
        return Err(OpenError::Long);
    }
    let key = payload_key(&file_key, salt);
    let cipher = ChaCha20Poly1305::new((&*key).into());
    let plain = cipher.decrypt(&LAST_CHUNK.into(), chunk);
    plain.map(Zeroizing::new).map_err(|_| OpenError::Broken)
}

/// What an X25519 recipient is met with, and the key of the file sealed for it.
struct Share {
    share: [u8; 32],
    body: [u8; FILE_KEY + TAG],
}

struct Parsed<'a> {
    shares: Vec<Share>,
    /// Up to the mark before the sum, with it.
    header: &'a str,
    mac: [u8; 32],
    rest: &'a [u8],
}

impl<'a> Parsed<'a> {
    fn read(file: &'a [u8]) -> Option<Self> {
        const MARK: &[u8] = b"\n--- ";
        let start = &file[..file.len().min(HEADER_BYTES)];
        let at = start.windows(MARK.len()).position(|it| it == MARK)?;
        let header = std::str::from_utf8(&file[..at + 4]).ok()?;
        let sum = file.get(at + MARK.len()..)?;
        let end = sum.iter().take(COLUMNS).position(|byte| *byte == b'\n')?;
        let mac = STANDARD_NO_PAD.decode(&sum[..end]).ok()?.try_into().ok()?;
        let mut lines = header[..at].split('\n');
        if lines.next()? != VERSION {
            return None;
        }
        Some(Self {
            shares: stanzas(lines)?,
            header,
            mac,
            rest: &sum[end + 1..],
        })
    }
}

/// The recipients of the kind that we know. Others are passed over; what is none at all makes the header one.
fn stanzas<'a>(mut lines: impl Iterator<Item = &'a str>) -> Option<Vec<Share>> {
    let mut shares = Vec::new();
    while let Some(line) = lines.next() {
        let words: Vec<&str> = line.strip_prefix("-> ")?.split(' ').collect();
        let mut body = String::new();
        loop {
            let line = lines.next()?;
            body.push_str(line);
            match line.len() {
                COLUMNS => {}
                0..COLUMNS => break,
                _ => return None,
            }
        }
        let body = STANDARD_NO_PAD.decode(body).ok()?;
        if let [X25519, share] = words.as_slice() {
            let share = STANDARD_NO_PAD.decode(share).ok()?;
            shares.push(Share {
                share: share.try_into().ok()?,
                body: body.try_into().ok()?,
            });
        }
    }
    (!shares.is_empty()).then_some(shares)
}

fn unwrap(identity: &Identity, share: &Share) -> Option<Zeroizing<[u8; FILE_KEY]>> {
    let public = PublicKey::from(share.share);
    let shared = identity.0.diffie_hellman(&public);
    if !shared.was_contributory() {
        return None;
    }
    let wrap = wrap_key(shared.as_bytes(), &public, &identity.recipient().0);
    let cipher = ChaCha20Poly1305::new((&*wrap).into());
    let key = cipher.decrypt(&Nonce::default(), &share.body[..]).ok();
    let key = Zeroizing::new(key?);
    key.as_slice().try_into().ok().map(Zeroizing::new)
}

fn sealed(key: &[u8; 32], nonce: Nonce, plain: &[u8]) -> Vec<u8> {
    let cipher = ChaCha20Poly1305::new(key.into());
    cipher.encrypt(&nonce, plain).expect("passwords are short")
}

fn wrap_key(shared: &[u8; 32], share: &PublicKey, recipient: &PublicKey) -> Zeroizing<[u8; 32]> {
    let salt = [*share.as_bytes(), *recipient.as_bytes()].concat();
    derive(shared, &salt, WRAP)
}

fn payload_key(file_key: &[u8; FILE_KEY], salt: &[u8; SALT]) -> Zeroizing<[u8; 32]> {
    derive(file_key, salt, b"payload")
}

fn mac_key(file_key: &[u8; FILE_KEY]) -> Zeroizing<[u8; 32]> {
    derive(file_key, &[], b"header")
}

fn header_mac(file_key: &[u8; FILE_KEY], header: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(&*mac_key(file_key)).expect("any length");
    mac.update(header.as_bytes());
    mac.finalize().into_bytes().into()
}

fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), secret)
        .expand(info, &mut *key)
        .expect("32 bytes are few");
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chance(seed: u8) -> Chance {
        Chance {
            ephemeral: [seed; 32],
            file_key: [seed ^ 0x55; FILE_KEY],
            salt: [seed ^ 0xAA; SALT],
        }
    }

    fn sealed_for(identity: &Identity, plain: &[u8]) -> Vec<u8> {
        seal(&identity.recipient(), plain, &chance(9)).unwrap()
    }

    #[test]
    fn what_is_sealed_is_opened_by_its_recipient_alone() {
        let (own, other) = (Identity::new([1; 32]), Identity::new([2; 32]));
        for plain in [&b""[..], b"hunter2", &[7; LONGEST]] {
            let file = sealed_for(&own, plain);
            assert_eq!(*open(&own, &file).unwrap(), plain);
            assert_eq!(open(&other, &file), Err(OpenError::OtherRecipient));
        }
        let long = seal(&own.recipient(), &[7; LONGEST + 1], &chance(9));
        assert_eq!(long, Err(OpenError::Long));
        assert!(!format!("{own:?}").contains('1'));
    }

    #[test]
    fn a_file_with_any_byte_changed_or_missing_is_not_opened() {
        let own = Identity::new([1; 32]);
        let file = sealed_for(&own, b"hunter2");
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut other = file.clone();
                other[at] ^= 1 << bit;
                assert!(open(&own, &other).is_err(), "byte {at}, bit {bit}");
            }
            assert!(open(&own, &file[..at]).is_err(), "cut at {at}");
        }
        assert!(open(&own, &[&file[..], b"x"].concat()).is_err());
    }

    /// Whoever seals for others too, or as a newer release does, has stanzas that are not ours.
    #[test]
    fn other_recipients_are_passed_over() {
        let own = Identity::new([1; 32]);
        let file = sealed_for(&own, b"hunter2");
        let head = file.windows(5).position(|it| it == b"\n--- ").unwrap();
        let text = std::str::from_utf8(&file[..head]).unwrap();
        let (version, stanza) = text.split_once('\n').unwrap();
        let body = format!("{}\n{}", "A".repeat(64), "");
        let header =
            format!("{version}\n-> grease a b\n{body}\n-> scrypt c 18\nAAAA\n{stanza}\n---");
        let key = chance(9);
        let mac = STANDARD_NO_PAD.encode(header_mac(&key.file_key, &header));
        let rest = &file[head + 5 + 43 + 1..];
        let made = [format!("{header} {mac}\n").as_bytes(), rest].concat();
        assert_eq!(&**open(&own, &made).unwrap(), b"hunter2");
    }

    proptest! {
        #[test]
        fn no_file_does_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let own = Identity::new([1; 32]);
            prop_assert!(open(&own, &bytes).is_err());
            let headed = [b"age-encryption.org/v1\n-> X25519 ", &bytes[..]].concat();
            prop_assert!(open(&own, &headed).is_err());
        }
    }
}
