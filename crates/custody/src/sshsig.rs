//! Signatures that `ssh-keygen -Y verify` checks (`PROTOCOL.sshsig` of OpenSSH).
//!
//! A signature is read loosely and then built again: only if the bytes are the same is it one. So there is one armour of
//! each signature, and nothing of it can be changed that still verifies.

use sha2::{Digest as _, Sha512};

use crate::key::{KIND, PrivateKey, PublicKey, SIGNATURE_BYTES};
use crate::wire::{Rest, armour, put, unarmoured};

/// What receipts are signed for. A signature for something else is not one of a receipt.
pub const NAMESPACE: &str = "longshore-receipt";

/// How the armour of every signature begins.
pub const ARMOUR: &str = "-----BEGIN SSH SIGNATURE-----\n";

const LABEL: &str = "SSH SIGNATURE";

const MAGIC: &[u8] = b"SSHSIG";

const VERSION: u32 = 1;

const HASH: &[u8] = b"sha512";

/// Longest armour that is looked at: that of an Ed25519 key and our name has 300 bytes.
const BYTES: usize = 1024;

/// The signature of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshSignature {
    key: PublicKey,
    bytes: [u8; SIGNATURE_BYTES],
}

/// What is no signature of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    /// It is something else, or was changed.
    #[error(
        "it is not a signature as OpenSSH writes it, by an `ssh-ed25519` key for `{NAMESPACE}`"
    )]
    NotASignature,
    /// It is a signature of something else.
    #[error("the signature is not of what stands before it: that was changed, or the signature")]
    OfSomethingElse,
}

impl SshSignature {
    /// Signs a receipt.
    #[must_use]
    pub fn of(key: &PrivateKey, message: &[u8]) -> Self {
        Self {
            key: key.public(),
            bytes: key.sign(&signed(message)),
        }
    }

    /// The armour, with its line end.
    #[must_use]
    pub fn armour(&self) -> String {
        let mut signature = Vec::new();
        put(&mut signature, KIND.as_bytes());
        put(&mut signature, &self.bytes);
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_be_bytes());
        for text in [
            &self.key.wire(),
            NAMESPACE.as_bytes(),
            b"",
            HASH,
            &signature,
        ] {
            put(&mut bytes, text);
        }
        armour(LABEL, &bytes)
    }

    /// Reads an armour and nothing beside it.
    ///
    /// # Errors
    /// [`Unsigned::NotASignature`] for whatever differs by a byte from what [`SshSignature::armour`] gives.
    pub fn parse(text: &str) -> Result<Self, Unsigned> {
        let short = (text.len() <= BYTES).then_some(text);
        let read = short.and_then(Self::read);
        let same = read.filter(|signature| signature.armour() == text);
        same.ok_or(Unsigned::NotASignature)
    }

    /// The key and the 64 bytes, wherever the rest stands as it should.
    fn read(text: &str) -> Option<Self> {
        let bytes = unarmoured(LABEL, text)?;
        let mut rest = Rest(bytes.strip_prefix(MAGIC)?);
        rest.number()?;
        let key = PublicKey::of_wire(rest.text()?)?;
        for _ in ["namespace", "reserved", "hash"] {
            rest.text()?;
        }
        let mut signature = Rest(rest.text()?);
        signature.text()?;
        let bytes = signature.text()?.try_into().ok()?;
        Some(Self { key, bytes })
    }

    /// The key that it says it is by.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// Verifies that its key signed just this.
    ///
    /// # Errors
    /// [`Unsigned::OfSomethingElse`].
    pub fn verify(&self, message: &[u8]) -> Result<(), Unsigned> {
        match self.key.has_signed(&signed(message), &self.bytes) {
            true => Ok(()),
            false => Err(Unsigned::OfSomethingElse),
        }
    }
}

/// What is signed in truth: the hash of the message, with what it is signed for.
fn signed(message: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    let digest = Sha512::digest(message);
    for text in [NAMESPACE.as_bytes(), b"", HASH, digest.as_slice()] {
        put(&mut bytes, text);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn every_change_of_the_armour_makes_it_another() {
        let key = PrivateKey::new(Zeroizing::new([3; 32]));
        let signature = SshSignature::of(&key, b"message");
        let armour = signature.armour();
        assert!(armour.starts_with(ARMOUR));
        assert_eq!(SshSignature::parse(&armour).as_ref(), Ok(&signature));
        assert_eq!(signature.verify(b"message"), Ok(()));
        assert_eq!(signature.verify(b"Message"), Err(Unsigned::OfSomethingElse));
        let accepted = |text: &str| {
            SshSignature::parse(text).is_ok_and(|read| read.verify(b"message").is_ok())
        };
        for place in 0..armour.len() {
            for value in 0..128_u8 {
                let mut changed = armour.clone().into_bytes();
                if std::mem::replace(&mut changed[place], value) == value {
                    continue;
                }
                let changed = String::from_utf8(changed).unwrap();
                assert!(!accepted(&changed), "{value} at {place}");
            }
            assert!(!accepted(&armour[..place]), "cut at {place}");
        }
        for more in ["\n", " ", "x", "\r"] {
            assert!(!accepted(&(armour.clone() + more)) && !accepted(&format!("{more}{armour}")));
        }
    }
}
