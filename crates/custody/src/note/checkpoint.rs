//! Checkpoints (C2SP `tlog-checkpoint`): the head of a log as a signed note of three lines.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::digest::Digest;
use crate::key::PrivateKey;
use crate::note::Note;

/// The head of a log: how many leaves it has, and the root over them. Its text is what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// The root.
    pub root: Digest,
}

/// A text that is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a checkpoint of three lines: origin, size and root")]
pub struct NotACheckpoint;

impl Checkpoint {
    /// The note of it, signed by the log.
    #[must_use]
    pub fn signed(&self, key: &PrivateKey) -> Note {
        Note::signed(self.to_string(), &self.origin, key)
    }

    /// Leaves and root, as proofs are verified against them.
    #[must_use]
    pub fn tree(&self) -> (u64, Digest) {
        (self.size, self.root)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root.base64())
    }
}

impl FromStr for Checkpoint {
    type Err = NotACheckpoint;

    fn from_str(text: &str) -> Result<Self, NotACheckpoint> {
        let read = || {
            let mut lines = text.split('\n');
            let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
            let root = STANDARD.decode(root).ok()?.try_into().ok()?;
            Some(Self {
                origin: origin.to_owned(),
                size: size.parse().ok()?,
                root: Digest::new(root),
            })
        };
        // There is one text of each: no extensions, no zeros before a number.
        let checkpoint = read().filter(|read| read.to_string() == text);
        checkpoint
            .filter(|read| !read.origin.is_empty())
            .ok_or(NotACheckpoint)
    }
}
