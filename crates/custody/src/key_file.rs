//! The file of a private key as OpenSSH writes it (`PROTOCOL.key`), without a passphrase.

use zeroize::Zeroizing;

use crate::key::{KIND, PrivateKey};
use crate::wire::{Rest, armour, put, unarmoured};

const LABEL: &str = "OPENSSH PRIVATE KEY";

const MAGIC: &[u8] = b"openssh-key-v1\0";

/// No cipher, and no way to a key from a passphrase.
const NONE: &[u8] = b"none";

/// What is encrypted is filled up to blocks of so many bytes, without a cipher too.
const BLOCK: usize = 8;

/// Longest file that is read: the longest of a key with a remark has some 500 bytes.
const BYTES: usize = 16 << 10;

/// A file that has no key that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is something else.
    #[error("it is not a private key of OpenSSH")]
    NotAKeyFile,
    /// It is locked.
    #[error("it has a passphrase; `ssh-keygen -p` takes that off")]
    Passphrase,
    /// It is a key of another kind.
    #[error("it is not an `ssh-ed25519` key")]
    Kind,
}

/// Writes the file of a key. `check` is a number by chance, which proves nothing where there is no passphrase.
#[must_use]
pub fn write(key: &PrivateKey, comment: &str, check: u32) -> Zeroizing<String> {
    let public = key.public();
    let mut inner = Zeroizing::new(Vec::new());
    inner.extend([check.to_be_bytes(), check.to_be_bytes()].concat());
    put(&mut inner, KIND.as_bytes());
    put(&mut inner, public.bytes());
    let both = Zeroizing::new([key.seed().as_slice(), public.bytes()].concat());
    put(&mut inner, &both);
    put(&mut inner, comment.as_bytes());
    let missing = inner.len().next_multiple_of(BLOCK) - inner.len();
    inner.extend((1..).take(missing));
    let mut bytes = Zeroizing::new(MAGIC.to_vec());
    put(&mut bytes, NONE);
    put(&mut bytes, NONE);
    put(&mut bytes, &[]);
    bytes.extend(1_u32.to_be_bytes());
    put(&mut bytes, &public.wire());
    put(&mut bytes, &inner);
    Zeroizing::new(armour(LABEL, &bytes))
}

/// Reads the file of a key.
///
/// # Errors
/// [`Unread`].
pub fn read(text: &str) -> Result<PrivateKey, Unread> {
    if text.len() > BYTES {
        return Err(Unread::NotAKeyFile);
    }
    let bytes = unarmoured(LABEL, text).map(Zeroizing::new);
    let bytes = bytes.ok_or(Unread::NotAKeyFile)?;
    let mut rest = Rest(bytes.strip_prefix(MAGIC).ok_or(Unread::NotAKeyFile)?);
    let head = (|| Some((rest.text()?, rest.text()?, rest.text()?, rest.number()?)))();
    match head.ok_or(Unread::NotAKeyFile)? {
        (NONE, NONE, [], 1) => {}
        (NONE, NONE, ..) => return Err(Unread::NotAKeyFile),
        _ => return Err(Unread::Passphrase),
    }
    let both = (|| Some((rest.text()?, rest.text()?)))();
    let (public, inner) = both.ok_or(Unread::NotAKeyFile)?;
    let is_ours = Rest(public).text() == Some(KIND.as_bytes());
    is_ours.then_some(()).ok_or(Unread::Kind)?;
    let key = seed(&mut Rest(inner)).ok_or(Unread::NotAKeyFile)?;
    match key.public().wire() == public {
        true => Ok(key),
        false => Err(Unread::NotAKeyFile),
    }
}

fn seed(inner: &mut Rest<'_>) -> Option<PrivateKey> {
    let is_open = inner.number()? == inner.number()?;
    let (kind, public, both) = (inner.text()?, inner.text()?, inner.text()?);
    let (seed, again) = both.split_at_checked(PrivateKey::BYTES)?;
    let is_one = is_open && kind == KIND.as_bytes() && again == public;
    let seed = is_one.then_some(seed)?.try_into().ok()?;
    Some(PrivateKey::new(Zeroizing::new(seed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let key = PrivateKey::new(Zeroizing::new([9; 32]));
        for comment in ["", "custody@dock.example", "x", "xx"] {
            let file = write(&key, comment, 0x1234_5678);
            assert_eq!(read(&file).unwrap().public(), key.public());
            for end in 0..file.trim_end().len() {
                assert!(read(&file[..end]).is_err(), "{end}");
            }
        }
    }

    /// Of a key that was changed on the disk nothing is signed.
    #[test]
    fn a_changed_key_is_none() {
        let file = write(&PrivateKey::new(Zeroizing::new([9; 32])), "", 1);
        let bytes = unarmoured(LABEL, &file).unwrap();
        let place = bytes
            .windows(32)
            .position(|bytes| bytes == [9; 32])
            .unwrap();
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert_eq!(
            read(&armour(LABEL, &changed)).unwrap_err(),
            Unread::NotAKeyFile
        );
    }

    #[test]
    fn why_a_key_cannot_be_used_is_told() {
        let file = |cipher: &[u8], kind: &[u8]| {
            let mut bytes = MAGIC.to_vec();
            for text in [cipher, NONE, b""] {
                put(&mut bytes, text);
            }
            bytes.extend(1_u32.to_be_bytes());
            let mut public = Vec::new();
            put(&mut public, kind);
            put(&mut bytes, &public);
            put(&mut bytes, b"");
            armour(LABEL, &bytes)
        };
        assert_eq!(
            read(&file(b"aes256-ctr", b"")).unwrap_err(),
            Unread::Passphrase
        );
        assert_eq!(read(&file(NONE, b"ssh-rsa")).unwrap_err(), Unread::Kind);
        assert_eq!(read("").unwrap_err(), Unread::NotAKeyFile);
        assert_eq!(
            read(&"x".repeat(BYTES + 1)).unwrap_err(),
            Unread::NotAKeyFile
        );
    }
}
