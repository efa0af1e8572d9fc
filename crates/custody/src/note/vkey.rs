//! Keys that notes verify with: `NAME+ID+KEY`, as Go's checksum database and C2SP write them.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::digest::Digest;
use crate::key::PublicKey;
use crate::note::ID_BYTES;

/// What a key signs, by the byte before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteKey {
    /// Notes: the key of a log.
    Ed25519,
    /// That it saw a note, and when: the key of a witness.
    Cosigner,
}

impl NoteKey {
    fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 1,
            Self::Cosigner => 4,
        }
    }
}

/// A key that notes verify with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: NoteKey,
    key: PublicKey,
}

/// A text that is no such key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a key such as `NAME+0123abcd+BASE64`", model::readable::name(.0, 60))]
pub struct NotAVkey(String);

impl VerifierKey {
    /// The key of a log.
    #[must_use]
    pub fn ed25519(name: &str, key: PublicKey) -> Self {
        let (name, kind) = (name.to_owned(), NoteKey::Ed25519);
        Self { name, kind, key }
    }

    /// The key of a witness.
    #[must_use]
    pub fn cosigner(name: &str, key: PublicKey) -> Self {
        let (name, kind) = (name.to_owned(), NoteKey::Cosigner);
        Self { name, kind, key }
    }

    /// Whose it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub fn kind(&self) -> NoteKey {
        self.kind
    }

    /// The key itself.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// Its number, by which its signatures are found.
    #[must_use]
    pub fn id(&self) -> [u8; ID_BYTES] {
        let parts = [self.name.as_bytes(), b"\n", &self.tagged()];
        let digest = Digest::of_all(&parts);
        let (id, _) = digest.bytes().split_at(ID_BYTES);
        id.try_into().expect("it was cut so")
    }

    fn tagged(&self) -> Vec<u8> {
        [&[self.kind.byte()], self.key.bytes().as_slice()].concat()
    }
}

/// Whether a key may have this name: no blank, no plus.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, key) = (hex::encode(self.id()), STANDARD.encode(self.tagged()));
        write!(f, "{}+{id}+{key}", self.name)
    }
}

impl FromStr for VerifierKey {
    type Err = NotAVkey;

    fn from_str(text: &str) -> Result<Self, NotAVkey> {
        let read = || {
            let mut parts = text.splitn(3, '+');
            let (name, _, key) = (parts.next()?, parts.next()?, parts.next()?);
            let bytes = STANDARD.decode(key).ok()?;
            let (kind, key) = bytes.split_first()?;
            let key = PublicKey::new(key.try_into().ok()?);
            let kinds = [NoteKey::Ed25519, NoteKey::Cosigner];
            let kind = kinds.into_iter().find(|known| known.byte() == *kind)?;
            let name = is_name(name).then(|| name.to_owned())?;
            Some(Self { name, kind, key })
        };
        // The number goes with name and key.
        let key = read().filter(|key: &Self| key.to_string() == text);
        key.ok_or_else(|| NotAVkey(text.to_owned()))
    }
}
