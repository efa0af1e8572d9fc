//! What opens a volume, as whoever knows it gives it.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::limits::{KEY_FILE_BYTES, PASSPHRASE_BYTES, PIM};

/// The secrets that are tried on a volume. They show themselves to nobody, and are wiped when they are dropped.
#[derive(Clone, Default, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Secrets {
    passphrase: Option<Vec<u8>>,
    key_files: Vec<Vec<u8>>,
    pim: Option<u32>,
}

/// A secret that no volume takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// An empty passphrase.
    #[error("the passphrase is empty")]
    Empty,
    /// A passphrase that is too long.
    #[error("the passphrase has more than {PASSPHRASE_BYTES} bytes")]
    Long,
    /// Key files that are too long together.
    #[error("the key files have more than {KEY_FILE_BYTES} bytes")]
    LongFile,
    /// A PIM that costs too much.
    #[error("the PIM is not from 1 to {PIM}")]
    Pim,
}

impl Secrets {
    /// None yet.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The same with a passphrase: a password, or a recovery password of BitLocker.
    ///
    /// # Errors
    /// [`BadSecret`].
    pub fn with_passphrase(mut self, passphrase: &[u8]) -> Result<Self, BadSecret> {
        match passphrase.len() {
            0 => Err(BadSecret::Empty),
            1..=PASSPHRASE_BYTES => {
                self.passphrase = Some(passphrase.to_vec());
                Ok(self)
            }
            _ => Err(BadSecret::Long),
        }
    }

    /// The same with the content of a key file, or of a startup key of BitLocker. VeraCrypt takes all of them at once.
    ///
    /// # Errors
    /// [`BadSecret`].
    pub fn with_key_file(mut self, content: &[u8]) -> Result<Self, BadSecret> {
        let held: usize = self.key_files.iter().map(Vec::len).sum();
        if held.saturating_add(content.len()) > KEY_FILE_BYTES {
            return Err(BadSecret::LongFile);
        }
        self.key_files.push(content.to_vec());
        Ok(self)
    }

    /// The same with the number by which VeraCrypt counts rounds.
    ///
    /// # Errors
    /// [`BadSecret`].
    pub fn with_pim(mut self, pim: u32) -> Result<Self, BadSecret> {
        if !(1..=PIM).contains(&pim) {
            return Err(BadSecret::Pim);
        }
        self.pim = Some(pim);
        Ok(self)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.passphrase.is_none() && self.key_files.is_empty()
    }

    /// The passphrase.
    #[must_use]
    pub fn passphrase(&self) -> Option<&[u8]> {
        self.passphrase.as_deref()
    }

    /// The contents of the key files.
    #[must_use]
    pub fn key_files(&self) -> &[Vec<u8>] {
        &self.key_files
    }

    /// By which number VeraCrypt counts rounds, if it was said.
    #[must_use]
    pub fn pim(&self) -> Option<u32> {
        self.pim
    }

    /// The passphrase, then each key file.
    pub(crate) fn each(&self) -> impl Iterator<Item = &[u8]> {
        let files = self.key_files.iter().map(Vec::as_slice);
        self.passphrase().into_iter().chain(files)
    }

    /// The passphrase as text, for forms that take text.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.passphrase()?).ok()
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// Bytes that are wiped.
pub(crate) type Wiped = Zeroizing<Vec<u8>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_show_nothing_and_have_limits() {
        let secrets = Secrets::none().with_passphrase(b"hunter2").unwrap();
        let secrets = secrets.with_key_file(b"hunter3").unwrap();
        assert!(!format!("{secrets:?}").contains("hunter"));
        assert!(Secrets::none().is_empty() && !secrets.is_empty());
        let long = vec![b'a'; PASSPHRASE_BYTES + 1];
        for (bad, why) in [
            (Secrets::none().with_passphrase(b""), BadSecret::Empty),
            (Secrets::none().with_passphrase(&long), BadSecret::Long),
            (Secrets::none().with_pim(0), BadSecret::Pim),
            (Secrets::none().with_pim(PIM + 1), BadSecret::Pim),
        ] {
            assert_eq!(bad, Err(why));
        }
    }
}
