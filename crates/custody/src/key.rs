//! The key of an installation: Ed25519 (RFC 8032), as OpenSSH has it.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::digest::Digest;
use crate::wire::{Rest, put};

/// The name of this kind of key.
pub(crate) const KIND: &str = "ssh-ed25519";

/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// The half that everybody knows. Its text is OpenSSH's, `ssh-ed25519 AAAA…`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; PublicKey::BYTES]);

/// A text that is no such key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not an `ssh-ed25519` key", model::readable::name(.0, 40))]
pub struct NotAKey(String);

impl PublicKey {
    /// Bytes of one.
    pub const BYTES: usize = 32;

    /// A key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// `SHA256:…`, as `ssh-keygen -l` shows it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = Digest::of(&self.wire());
        format!("SHA256:{}", STANDARD_NO_PAD.encode(digest.bytes()))
    }

    /// Whether this key signed just this message.
    #[must_use]
    pub fn has_signed(&self, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(message, signature).is_ok()
    }

    /// As it stands in OpenSSH's files.
    pub(crate) fn wire(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, KIND.as_bytes());
        put(&mut bytes, &self.0);
        bytes
    }

    /// Reads what [`PublicKey::wire`] gives, and nothing else.
    pub(crate) fn of_wire(bytes: &[u8]) -> Option<Self> {
        let mut rest = Rest(bytes);
        let (kind, key) = (rest.text()?, rest.text()?);
        let is_one = kind == KIND.as_bytes() && rest.0.is_empty();
        is_one.then_some(key)?.try_into().ok().map(Self)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{KIND} {}", STANDARD.encode(self.wire()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

/// Reads a line of `custody.key.pub`: what stands behind the key is a remark.
impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let mut words = text.split_ascii_whitespace();
        let key = match (words.next(), words.next()) {
            (Some(KIND), Some(key)) => STANDARD.decode(key).ok(),
            _ => None,
        };
        let key = key.and_then(|key| Self::of_wire(&key));
        key.ok_or_else(|| NotAKey(text.to_owned()))
    }
}

/// The half that signs.
#[derive(Clone)]
pub struct PrivateKey(Zeroizing<[u8; PrivateKey::BYTES]>);

impl PrivateKey {
    /// Bytes of the number that a key is made of.
    pub const BYTES: usize = 32;

    /// The key that is made of this number, which is to be drawn where nobody can foretell it.
    #[must_use]
    pub fn new(seed: Zeroizing<[u8; Self::BYTES]>) -> Self {
        Self(seed)
    }

    /// The half that everybody may know.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let key = self.pair().public_key().as_ref().try_into();
        PublicKey(key.expect("an Ed25519 key has 32 bytes"))
    }

    /// Signs a message. The same message always has the same signature.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let signature = self.pair().sign(message).as_ref().try_into();
        signature.expect("an Ed25519 signature has 64 bytes")
    }

    pub(crate) fn seed(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    fn pair(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(self.seed()).expect("any 32 bytes are a seed")
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, 7.1, test 2.
    #[test]
    fn a_key_signs_as_the_standard_says() {
        let bytes = |hex: &str| hex::decode(hex).unwrap();
        let seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let key = PrivateKey::new(Zeroizing::new(seed.try_into().unwrap()));
        let public = bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        assert_eq!(key.public().bytes().as_slice(), public);
        let signature = key.sign(&[0x72]);
        let expected = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                        085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        assert_eq!(hex::encode(signature), expected);
        assert!(key.public().has_signed(&[0x72], &signature));
        assert!(!key.public().has_signed(&[0x73], &signature));
        assert_eq!(format!("{key:?}"), "PrivateKey(…)");
    }

    #[test]
    fn a_key_has_the_text_of_openssh() {
        let key = PrivateKey::new(Zeroizing::new([7; 32])).public();
        let text = key.to_string();
        assert_eq!(text.parse(), Ok(key));
        assert_eq!(format!("{text} custody@dock.example\n").parse(), Ok(key));
        for other in [
            "",
            "ssh-ed25519",
            "ssh-rsa AAAA",
            &text[..text.len() - 4],
            &text[12..],
        ] {
            assert!(other.parse::<PublicKey>().is_err(), "{other}");
        }
    }
}
