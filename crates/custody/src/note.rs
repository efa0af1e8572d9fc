//! Signed notes (C2SP `signed-note`): a text, an empty line, and lines of signatures. The head of a log is one
//! ([`checkpoint`]), and whoever witnesses it adds a line.

pub mod checkpoint;
pub mod cosigning;
mod vkey;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use vkey::{NotAVkey, NoteKey, VerifierKey};

use crate::key::{PrivateKey, SIGNATURE_BYTES};
use crate::moment::Moment;

/// How a line of a signature begins.
const DASH: &str = "— ";

/// Longest note that is read: a head and some hundred witnesses.
const BYTES: usize = 64 << 10;

/// Bytes of the number of a key.
pub(crate) const ID_BYTES: usize = 4;

/// A note and its signatures, of which nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteLine>,
}

/// The signature of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NoteLine {
    name: String,
    id: [u8; ID_BYTES],
    bytes: Vec<u8>,
}

/// A text that is no signed note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotANote {
    /// There is another form.
    #[error("it is not a signed note: a text, an empty line and lines of signatures")]
    Form,
    /// It is too long.
    #[error("it has {0} bytes, more than {BYTES}")]
    TooLong(usize),
}

impl Note {
    /// A text that a key has signed.
    #[must_use]
    pub fn signed(text: String, name: &str, key: &PrivateKey) -> Self {
        let signature = NoteLine {
            name: name.to_owned(),
            id: VerifierKey::ed25519(name, key.public()).id(),
            bytes: key.sign(text.as_bytes()).to_vec(),
        };
        let signatures = vec![signature];
        Self { text, signatures }
    }

    /// Reads a note.
    ///
    /// # Errors
    /// [`NotANote`].
    pub fn parse(note: &str) -> Result<Self, NotANote> {
        if note.len() > BYTES {
            return Err(NotANote::TooLong(note.len()));
        }
        Self::read(note).ok_or(NotANote::Form)
    }

    fn read(note: &str) -> Option<Self> {
        let (text, lines) = note.rsplit_once("\n\n")?;
        let lines = lines.strip_suffix('\n')?;
        let is_odd = |c: char| c.is_ascii_control() && c != '\n';
        if note.contains(is_odd) || text.is_empty() {
            return None;
        }
        let signatures: Option<_> = lines.split('\n').map(NoteLine::read).collect();
        Some(Self {
            text: format!("{text}\n"),
            signatures: signatures?,
        })
    }

    /// What is signed, with its last line end.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many have signed it, or say so.
    #[must_use]
    pub fn signatures(&self) -> usize {
        self.signatures.len()
    }

    /// Whether a key has signed it.
    #[must_use]
    pub fn is_by(&self, key: &VerifierKey) -> bool {
        key.kind() == NoteKey::Ed25519
            && self.of(key).any(|line| {
                let signature = <&[u8; SIGNATURE_BYTES]>::try_from(line.bytes.as_slice());
                signature.is_ok_and(|s| key.key().has_signed(self.text.as_bytes(), s))
            })
    }

    /// When a witness has signed it (C2SP `tlog-cosignature`, `cosignature/v1`), as it says. `None` if it has not.
    #[must_use]
    pub fn witnessed(&self, witness: &VerifierKey) -> Option<Moment> {
        if witness.kind() != NoteKey::Cosigner {
            return None;
        }
        self.of(witness).find_map(|line| {
            let (time, signature) = line.bytes.split_first_chunk::<8>()?;
            let signature: &[u8; SIGNATURE_BYTES] = signature.try_into().ok()?;
            let seconds = u64::from_be_bytes(*time);
            let message = cosigned(seconds, &self.text);
            let is_theirs = witness.key().has_signed(message.as_bytes(), signature);
            let millis = i64::try_from(seconds).ok()?.saturating_mul(1000);
            is_theirs.then(|| Moment::from_unix_millis(millis))
        })
    }

    /// The lines that say they are of this key.
    fn of(&self, key: &VerifierKey) -> impl Iterator<Item = &NoteLine> {
        let lines = self.signatures.iter();
        lines.filter(move |line| line.name == key.name() && line.id == key.id())
    }
}

/// What a witness signs.
fn cosigned(seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

impl NoteLine {
    fn read(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (id, bytes) = bytes.split_first_chunk::<ID_BYTES>()?;
        vkey::is_name(name).then(|| Self {
            name: name.to_owned(),
            id: *id,
            bytes: bytes.to_vec(),
        })
    }
}

/// The note as it is served.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| {
            let bytes = [&line.id[..], &line.bytes].concat();
            writeln!(f, "{DASH}{} {}", line.name, STANDARD.encode(bytes))
        })
    }
}

#[cfg(test)]
mod tests;
