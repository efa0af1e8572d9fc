//! What a whole large file adds up to.
//!
//! MD5 and SHA-256 of a file are each one chain: a block can be hashed only after the one before
//! it. The two advance by themselves, and blocks that come too early for one of them wait here. After
//! every part the state of both chains is a checkpoint, from which a later attempt can go on without reading
//! what was read before.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use lanes::{Md5, Midstate, Sha256};

use crate::journal::records::HashCheckpointRecord;
use crate::pipeline::budget::Permit;

/// A stretch of a file, as long as a part. Its clones share the memory.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// Which one, from 1.
    pub(crate) number: u64,
    pub(crate) bytes: Bytes,
    /// Its share of the byte budget, shared with whoever sends it.
    pub(crate) permit: Arc<Permit>,
}

/// The states of both hashes.
#[derive(Debug)]
pub(crate) struct HashState {
    pub(crate) md5: Md5,
    pub(crate) sha256: Sha256,
}

/// The states of both hashes after a number of whole parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashCheckpoint {
    pub(crate) md5: Midstate<4>,
    pub(crate) sha256: Midstate<8>,
}

impl From<HashCheckpoint> for HashCheckpointRecord {
    fn from(checkpoint: HashCheckpoint) -> Self {
        Self {
            bytes: checkpoint.md5.length,
            md5: to_hex(&checkpoint.md5.words),
            sha256: to_hex(&checkpoint.sha256.words),
        }
    }
}

impl HashCheckpoint {
    /// What a record says, unless it can be no such thing.
    pub(crate) fn of(record: &HashCheckpointRecord) -> Option<Self> {
        let md5 = Midstate {
            words: from_hex(&record.md5)?,
            length: record.bytes,
        };
        let sha256 = Midstate {
            words: from_hex(&record.sha256)?,
            length: record.bytes,
        };
        Some(Self { md5, sha256 })
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

impl HashState {
    /// Both hashes of nothing, or where a checkpoint says. `None` if the checkpoint cannot be one.
    pub(crate) fn new(from: Option<HashCheckpoint>) -> Option<Self> {
        let (md5, sha256) = match from {
            None => (Md5::new(), Sha256::new()),
            Some(checkpoint) => (
                Md5::resume(checkpoint.md5)?,
                Sha256::resume(checkpoint.sha256)?,
            ),
        };
        Some(Self { md5, sha256 })
    }

    /// The checkpoint here, unless a block of 64 bytes is open, as at the end of most files.
    pub(crate) fn checkpoint(&self) -> Option<HashCheckpoint> {
        let (md5, sha256) = (self.md5.midstate()?, self.sha256.midstate()?);
        Some(HashCheckpoint { md5, sha256 })
    }
}

/// One hash of a whole file, as far as it is made.
#[derive(Debug)]
pub(crate) struct Chain<S> {
    /// The state, while no thread advances it.
    at_rest: Option<S>,
    waiting: VecDeque<Block>,
}

impl<S> Chain<S> {
    fn new(state: S) -> Self {
        Self {
            at_rest: Some(state),
            waiting: VecDeque::new(),
        }
    }

    /// Takes the next block; gives what is to be hashed now, if the chain is at rest.
    fn feed(&mut self, block: Block) -> Option<(S, Block)> {
        self.waiting.push_back(block);
        self.next()
    }

    /// Takes the state back; gives what is to be hashed next.
    fn fed(&mut self, state: S) -> Option<(S, Block)> {
        self.at_rest = Some(state);
        self.next()
    }

    fn next(&mut self) -> Option<(S, Block)> {
        let state = self.at_rest.take()?;
        match self.waiting.pop_front() {
            Some(block) => Some((state, block)),
            None => {
                self.at_rest = Some(state);
                None
            }
        }
    }
}

/// A state that a chain goes on from, and the block that comes next.
pub(crate) type Due<S> = Option<(S, Block)>;

/// Both sums of a whole file, as far as they are made.
#[derive(Debug)]
pub(crate) struct WholeHash {
    md5: Chain<Md5>,
    sha256: Chain<Sha256>,
    /// The states after the blocks that only one of the two chains has taken in.
    after_md5: VecDeque<(Block, Option<Midstate<4>>)>,
    after_sha256: VecDeque<Option<Midstate<8>>>,
}

impl WholeHash {
    /// Starts with no bytes seen, or where a checkpoint says. `None` if the checkpoint cannot be one.
    pub(crate) fn new(from: Option<HashCheckpoint>) -> Option<Self> {
        let HashState { md5, sha256 } = HashState::new(from)?;
        Some(Self {
            md5: Chain::new(md5),
            sha256: Chain::new(sha256),
            after_md5: VecDeque::new(),
            after_sha256: VecDeque::new(),
        })
    }

    /// Takes the next block; gives what is to be hashed now by the chains that are at rest.
    pub(crate) fn feed(&mut self, block: Block) -> (Due<Md5>, Due<Sha256>) {
        (self.md5.feed(block.clone()), self.sha256.feed(block))
    }

    /// Takes MD5 back, which went over `block`; gives what it is to hash next.
    pub(crate) fn took_md5(&mut self, md5: Md5, block: Block) -> Due<Md5> {
        self.after_md5.push_back((block, md5.midstate()));
        self.md5.fed(md5)
    }

    /// Takes SHA-256 back, which went over a block; gives what it is to hash next.
    pub(crate) fn took_sha256(&mut self, sha256: Sha256) -> Due<Sha256> {
        self.after_sha256.push_back(sha256.midstate());
        self.sha256.fed(sha256)
    }

    /// The next block that both chains have taken in and that was not given before, and the checkpoint
    /// after it, unless a block of 64 bytes is open.
    pub(crate) fn next_hashed(&mut self) -> Option<(Block, Option<HashCheckpoint>)> {
        if self.after_md5.is_empty() || self.after_sha256.is_empty() {
            return None;
        }
        let (block, md5) = self.after_md5.pop_front()?;
        let both = md5.zip(self.after_sha256.pop_front()?);
        Some((
            block,
            both.map(|(md5, sha256)| HashCheckpoint { md5, sha256 }),
        ))
    }

    /// The sums of all that was fed, once every block came back: bytes, MD5, SHA-256.
    pub(crate) fn finish(&mut self) -> Option<(u64, [u8; 16], [u8; 32])> {
        let (md5, sha256) = (self.md5.at_rest.take()?, self.sha256.at_rest.take()?);
        let is_same = md5.length() == sha256.length();
        is_same.then(|| (md5.length(), md5.finish(), sha256.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::budget::{Budget, BudgetSize};
    use crate::stop::Stop;

    #[test]
    fn checkpoints_survive_their_record() {
        let (mut md5, mut sha256) = (Md5::new(), Sha256::new());
        md5.update(&[7; 128]);
        sha256.update(&[7; 128]);
        let checkpoint = HashCheckpoint {
            md5: md5.midstate().unwrap(),
            sha256: sha256.midstate().unwrap(),
        };
        let record = HashCheckpointRecord::from(checkpoint);
        assert_eq!(record.bytes, 128);
        assert_eq!(HashCheckpoint::of(&record), Some(checkpoint));
        for bad in ["", "zz", "é0000000000000000000000000000000"] {
            let record = HashCheckpointRecord {
                md5: bad.into(),
                ..record.clone()
            };
            assert_eq!(HashCheckpoint::of(&record), None, "{bad}");
        }
    }

    fn block(number: u64, bytes: &'static [u8]) -> Block {
        let (total, unit, most) = (100, 1, 1);
        let budget = Budget::new(BudgetSize { total, unit, most });
        let permit = budget.join(&Stop::default()).take(1).unwrap();
        let permit = Arc::new(permit);
        Block {
            number,
            bytes: Bytes::from_static(bytes),
            permit,
        }
    }

    #[test]
    fn a_block_is_hashed_when_both_chains_have_it() {
        let (one, two) = ([1; 64], [2; 3]);
        let mut whole = WholeHash::new(None).unwrap();
        let (md5, sha256) = whole.feed(block(1, &[1; 64]));
        let (of_md5, of_sha256) = whole.feed(block(2, &[2; 3]));
        assert!(of_md5.is_none() && of_sha256.is_none(), "both are away");

        let (mut md5, first) = md5.unwrap();
        md5.update(&first.bytes);
        let (mut md5, second) = whole.took_md5(md5, first).unwrap();
        md5.update(&second.bytes);
        assert!(whole.took_md5(md5, second).is_none());
        assert!(whole.next_hashed().is_none(), "SHA-256 has none of it");

        let (mut sha256, _) = sha256.unwrap();
        sha256.update(&one);
        let (mut sha256, _) = whole.took_sha256(sha256).unwrap();
        let (hashed, checkpoint) = whole.next_hashed().unwrap();
        assert_eq!((hashed.number, checkpoint.unwrap().sha256.length), (1, 64));
        assert!(whole.next_hashed().is_none());
        sha256.update(&two);
        assert!(whole.took_sha256(sha256).is_none());
        let (hashed, checkpoint) = whole.next_hashed().unwrap();
        assert_eq!((hashed.number, checkpoint), (2, None), "a block is open");
        let (bytes, md5, sha256) = whole.finish().unwrap();
        let all = [&one[..], &two[..]].concat();
        assert_eq!(bytes, 67);
        assert_eq!(md5, lanes::md5_of(&[&all])[0]);
        assert_eq!(sha256, lanes::sha256_of(&[&all])[0]);
    }
}
