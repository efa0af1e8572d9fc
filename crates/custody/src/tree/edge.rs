//! The right edge of a tree: all that has to be known to put another leaf beside it.

use crate::digest::Digest;
use crate::tree::{Node, leaf, parent};

/// The right edge: the whole nodes that the tree is made of, the largest first, one for each bit that is set in its
/// size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edge {
    size: u64,
    hashes: Vec<Digest>,
}

/// Hashes that are not the edge of a tree of that size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the edge of a tree of {size} leaves has {} bytes, and not {bytes}", edge_bytes(*.size))]
pub struct NoEdge {
    /// Leaves of the tree.
    pub size: u64,
    /// How long it is.
    pub bytes: usize,
}

fn edge_bytes(size: u64) -> usize {
    usize::try_from(size.count_ones()).map_or(usize::MAX, |nodes| nodes * Digest::BYTES)
}

impl Edge {
    /// The edge of a tree of `size` leaves, from [`Edge::bytes`].
    ///
    /// # Errors
    /// [`NoEdge`] if there are more or fewer.
    pub fn read(size: u64, bytes: &[u8]) -> Result<Self, NoEdge> {
        if bytes.len() != edge_bytes(size) {
            let bytes = bytes.len();
            return Err(NoEdge { size, bytes });
        }
        let (hashes, _) = bytes.as_chunks::<{ Digest::BYTES }>();
        let hashes = hashes.iter().copied().map(Digest::new).collect();
        Ok(Self { size, hashes })
    }

    /// The hashes, one behind the other: 2,048 bytes at most.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let bytes = self.hashes.iter().flat_map(|hash| *hash.bytes());
        bytes.collect()
    }

    /// Leaves of the tree, which is the index of the next.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Puts a line beside the others. Gives the nodes that are whole by it, its own leaf first: they are to be kept.
    pub fn append(&mut self, line: &[u8]) -> Vec<(Node, Digest)> {
        let mut hash = leaf(line);
        let mut node = Node {
            level: 0,
            index: self.size,
        };
        let mut whole = vec![(node, hash)];
        while node.index % 2 == 1 {
            let left = self.hashes.pop();
            hash = parent(&left.expect("a node for each bit of the size"), &hash);
            node = Node {
                level: node.level + 1,
                index: node.index / 2,
            };
            whole.push((node, hash));
        }
        self.hashes.push(hash);
        self.size += 1;
        whole
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Digest {
        let from_right = self.hashes.iter().rev().copied();
        let root = from_right.reduce(|right, left| parent(&left, &right));
        root.unwrap_or_else(|| Digest::of(&[]))
    }
}
