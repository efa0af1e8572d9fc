//! Fast commits: which inodes they change. They are not replayed.
//!
//! Source: Linux, fs/ext4/fast_commit.h.

use std::collections::BTreeSet;

use super::super::metadata::ExtMetadata;
use super::super::trouble::Trouble;
use super::Journal;
use super::head::Head;
use crate::fields::{le16, le32};

const ADD_RANGE: u16 = 1;
const DELETE_RANGE: u16 = 2;
const CREATE: u16 = 3;
const UNLINK: u16 = 5;
const INODE: u16 = 6;
const TAIL: u16 = 8;
const HEAD: u16 = 9;

/// The inodes that the fast commits behind transaction `sequence` − 1 change.
pub(super) fn changed(
    metadata: &mut ExtMetadata<'_>,
    journal: &Journal,
    head: &Head,
    sequence: u32,
) -> Result<BTreeSet<u32>, Trouble> {
    let mut found = Commits {
        sequence,
        has_head: false,
        open: BTreeSet::new(),
        closed: BTreeSet::new(),
    };
    // Linux leaves one block between the log and them: `j_fc_first` is `j_last` + 1.
    for logical in head.end.saturating_add(1)..head.fast_end {
        let block = match journal.block(metadata, logical) {
            Ok(block) => block,
            Err(Trouble::Whole(refusal)) => return Err(Trouble::Whole(refusal)),
            Err(_) => break,
        };
        if found.block(&block).is_none() {
            break;
        }
    }
    Ok(found.closed)
}

struct Commits {
    sequence: u32,
    has_head: bool,
    /// Of the commit that has no tail yet.
    open: BTreeSet<u32>,
    closed: BTreeSet<u32>,
}

impl Commits {
    /// Reads the tags of a block. `None` if what follows is of no commit.
    fn block(&mut self, block: &[u8]) -> Option<()> {
        let mut at = 0;
        while at + 4 <= block.len() {
            let (tag, length) = (le16(block, at)?, usize::from(le16(block, at + 2)?));
            let value = block.get(at + 4..at + 4 + length)?;
            self.tag(tag, value)?;
            at += 4 + length;
        }
        Some(())
    }

    fn tag(&mut self, tag: u16, value: &[u8]) -> Option<()> {
        if !self.has_head && tag != HEAD {
            return None;
        }
        match tag {
            HEAD => {
                self.has_head = le32(value, 4)? == self.sequence;
                return self.has_head.then_some(());
            }
            TAIL if le32(value, 0)? == self.sequence => self.closed.append(&mut self.open),
            TAIL => return None,
            ADD_RANGE | DELETE_RANGE | INODE => drop(self.open.insert(le32(value, 0)?)),
            // A name that is made, linked or removed: its folder, then the inode.
            CREATE..=UNLINK => self.open.extend([le32(value, 0)?, le32(value, 4)?]),
            _ => {}
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(kind: u16, words: &[u32]) -> Vec<u8> {
        let length = u16::try_from(words.len() * 4).unwrap();
        let mut bytes = [kind.to_le_bytes(), length.to_le_bytes()].concat();
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        bytes
    }

    fn changed_by(tags: &[Vec<u8>]) -> Vec<u32> {
        let mut commits = Commits {
            sequence: 7,
            has_head: false,
            open: BTreeSet::new(),
            closed: BTreeSet::new(),
        };
        commits.block(&tags.concat());
        commits.closed.into_iter().collect()
    }

    #[test]
    fn only_commits_with_a_tail_of_the_next_transaction_count() {
        let head = tag(HEAD, &[0, 7]);
        let body = [tag(CREATE, &[2, 12]), tag(INODE, &[13, 0])];
        let whole = [
            head.clone(),
            body[0].clone(),
            body[1].clone(),
            tag(TAIL, &[7, 0]),
        ];
        assert_eq!(changed_by(&whole), [2, 12, 13]);
        assert_eq!(changed_by(&whole[..3]), []);
        assert_eq!(changed_by(&whole[1..]), []);
        let old = [tag(HEAD, &[0, 6]), tag(INODE, &[13]), tag(TAIL, &[6, 0])];
        assert_eq!(changed_by(&old), []);
    }
}
