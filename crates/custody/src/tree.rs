//! The tree of an installation: every event of every job is a leaf of it, in the order in which they were told.
//!
//! The shape and the hashes are those of RFC 9162 (2.1): a leaf is SHA-256 of `0x00` and the line, a node that of
//! `0x01`, its left and its right. One root stands for all leaves, so that a history that was rewritten after somebody
//! was given a root does not go together with it any more.
//!
//! A tree is asked in two steps, so that whoever keeps it may wait in between: which [`Node`]s are needed
//! ([`needed`]), and then the answer by a function that has them.

mod edge;
mod proof;
mod tile;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ops::Range;

pub use edge::{Edge, NoEdge};
pub use proof::{Disproved, consistency, inclusion, verify_consistency, verify_inclusion};
pub use tile::{Tile, Unusable};

use crate::digest::Digest;

/// The hash of a leaf.
#[must_use]
pub fn leaf(line: &[u8]) -> Digest {
    Digest::of_all(&[&[0], line])
}

/// The hash of a node.
#[must_use]
pub fn parent(left: &Digest, right: &Digest) -> Digest {
    Digest::of_all(&[&[1], left.bytes(), right.bytes()])
}

/// A node that stands for 2^level leaves, and never changes once they are all there: the `index`-th of its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// 0 is the leaves.
    pub level: u32,
    /// From 0.
    pub index: u64,
}

/// The root of a tree of `size` leaves, by the hashes of its nodes.
///
/// # Errors
/// Those of `hash_of`.
pub fn root<E>(size: u64, mut hash_of: impl FnMut(Node) -> Result<Digest, E>) -> Result<Digest, E> {
    match size {
        0 => Ok(Digest::of(&[])),
        size => hash(0..size, &mut hash_of),
    }
}

/// The nodes that are asked for to answer a question.
///
/// ```
/// use custody::tree::{inclusion, needed};
/// let nodes = needed(|hash_of| inclusion(5, 1_000_000, hash_of));
/// assert!(nodes.len() < 30);
/// ```
pub fn needed<T>(
    question: impl FnOnce(&mut dyn FnMut(Node) -> Result<Digest, Infallible>) -> T,
) -> BTreeSet<Node> {
    let mut nodes = BTreeSet::new();
    question(&mut |node| {
        nodes.insert(node);
        Ok(Digest::ZERO)
    });
    nodes
}

/// The hash of these leaves, as RFC 9162 (2.1.1) cuts them. There is at least one.
fn hash<E>(
    leaves: Range<u64>,
    hash_of: &mut impl FnMut(Node) -> Result<Digest, E>,
) -> Result<Digest, E> {
    let count = leaves.end - leaves.start;
    if count.is_power_of_two() {
        // Cuts are at powers of two, so that what is whole also begins where a node of its level does.
        let level = count.trailing_zeros();
        let index = leaves.start >> level;
        return hash_of(Node { level, index });
    }
    let (left, right) = cut(leaves);
    Ok(parent(&hash(left, hash_of)?, &hash(right, hash_of)?))
}

/// Cuts more than one leaf in two: the left has the largest power of two that is smaller than all.
fn cut(leaves: Range<u64>) -> (Range<u64>, Range<u64>) {
    let count = leaves.end - leaves.start;
    let middle = leaves.start + (1 << (count - 1).ilog2());
    (leaves.start..middle, middle..leaves.end)
}

#[cfg(test)]
mod tests;
