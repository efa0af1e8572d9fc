//! How a witness is asked to sign the head of a log, and what it answers (C2SP `tlog-witness`, `add-checkpoint`).

use std::fmt;

use crate::digest::Digest;
use crate::moment::Moment;
use crate::note::{Note, NoteLine, VerifierKey};

/// What is sent to a witness: the head, and that it has grown out of the one which the witness has seen.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Leaves of the head that the witness has seen; 0 if it has seen none.
    pub old: u64,
    /// That the one has grown out of the other ([`consistency`](crate::tree::consistency)).
    pub proof: &'a [Digest],
    /// The head, signed by the log.
    pub head: &'a Note,
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof
            .iter()
            .try_for_each(|hash| writeln!(f, "{}", hash.base64()))?;
        write!(f, "\n{}", self.head)
    }
}

/// An answer that has no signature of the witness under the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its answer has no signature by its key under this head")]
pub struct NotCosigned;

impl Note {
    /// Adds what a witness has signed, and gives when it did, as it says. Lines of others in its answer are not taken.
    ///
    /// # Errors
    /// [`NotCosigned`]; the note is unchanged then.
    pub fn cosign(&mut self, answer: &str, witness: &VerifierKey) -> Result<Moment, NotCosigned> {
        let lines: Vec<NoteLine> = answer.lines().filter_map(NoteLine::read).collect();
        let found = lines.into_iter().find_map(|line| {
            let alone = Self {
                text: self.text.clone(),
                signatures: vec![line.clone()],
            };
            alone.witnessed(witness).map(|at| (line, at))
        });
        let (line, at) = found.ok_or(NotCosigned)?;
        self.signatures
            .retain(|other| (&other.name, other.id) != (&line.name, line.id));
        self.signatures.push(line);
        Ok(at)
    }

    /// Adds what others have signed under the same text.
    pub fn merge(&mut self, other: &Self) {
        if self.text == other.text {
            let new = other.signatures.iter().filter(|line| {
                let is_there = |own: &NoteLine| (&own.name, own.id) == (&line.name, line.id);
                !self.signatures.iter().any(is_there)
            });
            let new: Vec<NoteLine> = new.cloned().collect();
            self.signatures.extend(new);
        }
    }
}
