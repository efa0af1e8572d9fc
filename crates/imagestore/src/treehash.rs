//! SHA-256 tree hashes (Glacier Developer Guide, *Computing Checksums*).
//!
//! The data is cut into leaves of one MiB, each leaf is hashed, and hashes are joined two by two, level by
//! level, until one is left; an odd one goes up as it is. The tree hashes of neighbouring parts are joined in
//! the same way, provided that all but the last have the same size and that is a power of two MiB: such a
//! part is a whole branch of the tree.

use sha2::{Digest as _, Sha256};

/// Bytes of a leaf; the last may be shorter.
pub const LEAF_BYTES: usize = 1 << 20;

/// A tree hash in the making: leaves, or the tree hashes of parts, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeHash {
    /// The roots of the whole branches so far, largest first: no two of one size.
    branches: Vec<[u8; 32]>,
    /// How many leaves or parts were pushed. Its bits say which branches there are.
    count: u64,
}

impl TreeHash {
    /// Begins with nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the SHA-256 of the next leaf, or the tree hash of the next part. The two are not mixed, and only
    /// the last may stand for fewer bytes than the others.
    pub fn push(&mut self, hash: [u8; 32]) {
        let whole = self.count.trailing_ones() as usize;
        let lefts = self.branches.split_off(self.branches.len() - whole);
        let branch = lefts
            .iter()
            .rev()
            .fold(hash, |right, left| joined(left, &right));
        self.branches.push(branch);
        self.count += 1;
    }

    /// The tree hash; that of no data is the SHA-256 of no bytes.
    #[must_use]
    pub fn finish(&self) -> [u8; 32] {
        let mut branches = self.branches.iter().rev();
        let Some(last) = branches.next() else {
            return Sha256::digest([]).into();
        };
        branches.fold(*last, |right, left| joined(left, &right))
    }
}

/// Computes the tree hash of data that is at hand.
#[must_use]
pub fn of(data: &[u8]) -> [u8; 32] {
    let mut tree = TreeHash::new();
    for leaf in data.chunks(LEAF_BYTES) {
        tree.push(Sha256::digest(leaf).into());
    }
    tree.finish()
}

/// Joins the tree hashes of parts: all but the last of one size, a power of two MiB.
#[must_use]
pub fn combine(parts: impl IntoIterator<Item = [u8; 32]>) -> [u8; 32] {
    let mut tree = TreeHash::new();
    for part in parts {
        tree.push(part);
    }
    tree.finish()
}

fn joined(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition to the letter: level by level, an odd one goes up as it is.
    fn by_levels(mut level: Vec<[u8; 32]>) -> [u8; 32] {
        while level.len() > 1 {
            level = level
                .chunks(2)
                .map(|pair| match pair {
                    [left, right] => joined(left, right),
                    odd => odd[0],
                })
                .collect();
        }
        level[0]
    }

    fn numbered(count: u64) -> Vec<[u8; 32]> {
        (0..count)
            .map(|number| Sha256::digest(number.to_le_bytes()).into())
            .collect()
    }

    /// The vectors of botocore's tests of `calculate_tree_hash`.
    #[test]
    fn published_vectors() {
        for (bytes, hash) in [
            (
                1 << 10,
                "2edc986847e209b4016e141a6dc8716d3207350f416969382d431539bf292e4a",
            ),
            (
                1 << 20,
                "9bc1b2a288b26af7257a36277ae3816a7d4f16e89c1e7e77d0a5c48bad62b360",
            ),
            (
                4 << 20,
                "9491cb2ed1d4e7cd53215f4017c23ec4ad21d7050a1e6bb636c4f67e8cddb844",
            ),
            (
                (4 << 20) + 20,
                "12f3cbd6101b981cde074039f6f728071da8879d6f632de8afc7cdf00661b08f",
            ),
        ] {
            assert_eq!(hex::encode(of(&vec![b'a'; bytes])), hash, "{bytes} bytes");
        }
    }

    #[test]
    fn no_data_has_the_hash_of_no_bytes() {
        let hash = hex::encode(TreeHash::new().finish());
        assert!(hash.starts_with("e3b0c44298fc1c14"), "{hash}");
        assert_eq!(of(b""), TreeHash::new().finish());
    }

    #[test]
    fn every_small_number_of_leaves_follows_the_definition() {
        for count in 1..=300 {
            let leaves = numbered(count);
            assert_eq!(combine(leaves.clone()), by_levels(leaves), "{count} leaves");
        }
    }

    proptest! {
        /// Parts of a power of two leaves, the last of which may be shorter.
        #[test]
        fn parts_join_to_the_whole(count in 1_u64..2000, log in 0_u32..8) {
            let leaves = numbered(count);
            let parts = leaves.chunks(1 << log).map(|part| combine(part.iter().copied()));
            prop_assert_eq!(combine(parts.collect::<Vec<_>>()), combine(leaves));
        }

        #[test]
        fn order_matters(count in 2_u64..100, first in 0_usize..100, second in 0_usize..100) {
            let leaves = numbered(count);
            let (first, second) = (first % leaves.len(), second % leaves.len());
            let mut swapped = leaves.clone();
            swapped.swap(first, second);
            prop_assert_eq!(combine(swapped) == combine(leaves), first == second);
        }
    }
}
