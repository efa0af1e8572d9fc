//! What a whole large file adds up to.
//!
//! MD5 and SHA-256 of a file are each one chain: a block can be hashed only after the one before
//! it. Blocks that come too early wait here. After every part the state of both chains is a mark,
//! from which a later attempt can go on without reading what was read before.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use lanes::{Md5, Midstate, Sha256};
use serde::{Deserialize, Serialize};

use crate::pipeline::budget::Permit;

/// A stretch of a file, as long as a part.
#[derive(Debug)]
pub(crate) struct Block {
    /// Which one, from 1.
    pub(crate) number: u64,
    pub(crate) bytes: Bytes,
    /// Its share of the byte budget, shared with whoever sends it.
    pub(crate) permit: Arc<Permit>,
}

/// The states of both hashes.
#[derive(Debug)]
pub(crate) struct Sums {
    pub(crate) md5: Md5,
    pub(crate) sha256: Sha256,
}

/// The states of both hashes after a number of whole parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) md5: Midstate<4>,
    pub(crate) sha256: Midstate<8>,
}

/// A [`Mark`] as the journal keeps it: words in hexadecimal, big end first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkRecord {
    /// Bytes hashed so far, a multiple of 64.
    pub bytes: u64,
    /// The four words of MD5.
    pub md5: String,
    /// The eight words of SHA-256.
    pub sha256: String,
}

impl From<Mark> for MarkRecord {
    fn from(mark: Mark) -> Self {
        Self {
            bytes: mark.md5.length,
            md5: to_hex(&mark.md5.words),
            sha256: to_hex(&mark.sha256.words),
        }
    }
}

impl MarkRecord {
    /// The mark, unless the record is no such thing.
    pub(crate) fn mark(&self) -> Option<Mark> {
        let md5 = Midstate {
            words: from_hex(&self.md5)?,
            length: self.bytes,
        };
        let sha256 = Midstate {
            words: from_hex(&self.sha256)?,
            length: self.bytes,
        };
        Some(Mark { md5, sha256 })
    }
}

fn to_hex(words: &[u32]) -> String {
    words.iter().map(|word| format!("{word:08x}")).collect()
}

fn from_hex<const N: usize>(text: &str) -> Option<[u32; N]> {
    if text.len() != 8 * N || !text.is_ascii() {
        return None;
    }
    let mut words = [0; N];
    for (index, word) in words.iter_mut().enumerate() {
        *word = u32::from_str_radix(&text[8 * index..8 * index + 8], 16).ok()?;
    }
    Some(words)
}

impl Sums {
    /// Both hashes of nothing, or where a mark says. `None` if the mark cannot be one.
    pub(crate) fn new(from: Option<Mark>) -> Option<Self> {
        let (md5, sha256) = match from {
            None => (Md5::new(), Sha256::new()),
            Some(mark) => (Md5::resume(mark.md5)?, Sha256::resume(mark.sha256)?),
        };
        Some(Self { md5, sha256 })
    }

    /// The mark here, unless a block of 64 bytes is open, as at the end of most files.
    pub(crate) fn mark(&self) -> Option<Mark> {
        let (md5, sha256) = (self.md5.midstate()?, self.sha256.midstate()?);
        Some(Mark { md5, sha256 })
    }
}

/// Both sums of a whole file, as far as they are made.
#[derive(Debug)]
pub(crate) struct Whole {
    /// The states, while no thread advances them.
    at_rest: Option<Sums>,
    waiting: VecDeque<Block>,
}

impl Whole {
    /// Starts with no bytes seen, or where a mark says. `None` if the mark cannot be one.
    pub(crate) fn new(from: Option<Mark>) -> Option<Self> {
        Some(Self {
            at_rest: Some(Sums::new(from)?),
            waiting: VecDeque::new(),
        })
    }

    /// Takes the next block; gives what is to be hashed now, if the sums are at rest.
    pub(crate) fn feed(&mut self, block: Block) -> Option<(Sums, Block)> {
        self.waiting.push_back(block);
        self.next()
    }

    /// Takes the sums back; gives what is to be hashed next.
    pub(crate) fn fed(&mut self, sums: Sums) -> Option<(Sums, Block)> {
        self.at_rest = Some(sums);
        self.next()
    }

    fn next(&mut self) -> Option<(Sums, Block)> {
        let sums = self.at_rest.take()?;
        match self.waiting.pop_front() {
            Some(block) => Some((sums, block)),
            None => {
                self.at_rest = Some(sums);
                None
            }
        }
    }

    /// The sums of all that was fed, once every block came back: bytes, MD5, SHA-256.
    pub(crate) fn finish(&mut self) -> Option<(u64, [u8; 16], [u8; 32])> {
        let Sums { md5, sha256 } = self.at_rest.take()?;
        Some((md5.length(), md5.finish(), sha256.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_survive_their_record() {
        let (mut md5, mut sha256) = (Md5::new(), Sha256::new());
        md5.update(&[7; 128]);
        sha256.update(&[7; 128]);
        let mark = Mark {
            md5: md5.midstate().unwrap(),
            sha256: sha256.midstate().unwrap(),
        };
        let record = MarkRecord::from(mark);
        assert_eq!(record.bytes, 128);
        assert_eq!(record.mark(), Some(mark));
        for bad in ["", "zz", "é0000000000000000000000000000000"] {
            let record = MarkRecord {
                md5: bad.into(),
                ..record.clone()
            };
            assert_eq!(record.mark(), None, "{bad}");
        }
    }
}
