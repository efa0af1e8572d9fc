//! That a leaf is in a tree, and that one tree is the beginning of another: made and verified as RFC 9162 says (2.1.3
//! and 2.1.4).

use std::ops::Range;

use crate::digest::Digest;
use crate::tree::{Node, cut, hash, parent};

/// A proof that proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Disproved {
    /// There is no such leaf.
    #[error("the leaf {index} is not one of {size}")]
    NoLeaf {
        /// The leaf.
        index: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// The later tree is the smaller one.
    #[error("a tree of {new} leaves does not grow out of one of {old}")]
    Shrunk {
        /// Leaves of the earlier tree.
        old: u64,
        /// Leaves of the later one.
        new: u64,
    },
    /// It has more or fewer hashes than such a proof has.
    #[error("the path has {0} hashes, which is another number than it must have")]
    Length(usize),
    /// It ends with another root.
    #[error("the path leads to the root {found}, and the tree has {expected}")]
    Root {
        /// What it leads to.
        found: Digest,
        /// What there is.
        expected: Digest,
    },
}

/// The hashes beside the way from a leaf to the root, from below: at most 64.
///
/// # Errors
/// Those of `hash_of`.
///
/// # Panics
/// If there is no such leaf.
pub fn inclusion<E>(
    index: u64,
    size: u64,
    mut hash_of: impl FnMut(Node) -> Result<Digest, E>,
) -> Result<Vec<Digest>, E> {
    assert!(index < size, "the leaf {index} is not one of {size}");
    let mut path = Vec::new();
    let mut leaves = 0..size;
    while leaves.end - leaves.start > 1 {
        let (left, right) = cut(leaves);
        let beside = if index < right.start { &right } else { &left };
        path.push(hash(beside.clone(), &mut hash_of)?);
        leaves = if index < right.start { left } else { right };
    }
    path.reverse();
    Ok(path)
}

/// The hashes by which a tree of `old` leaves is shown to be the beginning of one of `new`; none if they are the same
/// or the first is empty.
///
/// # Errors
/// Those of `hash_of`.
///
/// # Panics
/// If the first has more leaves.
pub fn consistency<E>(
    old: u64,
    new: u64,
    mut hash_of: impl FnMut(Node) -> Result<Digest, E>,
) -> Result<Vec<Digest>, E> {
    assert!(
        old <= new,
        "a tree of {new} does not grow out of one of {old}"
    );
    let mut path = Vec::new();
    if old == 0 || old == new {
        return Ok(path);
    }
    let mut leaves = 0..new;
    // The walk ends at the node that both trees have: its hash is the first, unless the old root is it.
    while leaves.end != old {
        let (left, right) = cut(leaves);
        let is_left = old <= right.start;
        let beside: &Range<u64> = if is_left { &right } else { &left };
        path.push(hash(beside.clone(), &mut hash_of)?);
        leaves = if is_left { left } else { right };
    }
    if leaves.start > 0 {
        path.push(hash(leaves, &mut hash_of)?);
    }
    path.reverse();
    Ok(path)
}

/// Verifies that `leaf` is the `index`-th of a tree of `size` leaves with this root.
///
/// # Errors
/// [`Disproved`].
pub fn verify_inclusion(
    leaf: Digest,
    index: u64,
    (size, root): (u64, Digest),
    path: &[Digest],
) -> Result<(), Disproved> {
    if index >= size {
        return Err(Disproved::NoLeaf { index, size });
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = leaf;
    for beside in path {
        if last == 0 {
            return Err(Disproved::Length(path.len()));
        }
        if at % 2 == 1 || at == last {
            hash = parent(beside, &hash);
            skip_to_left_turn(&mut at, &mut last);
        } else {
            hash = parent(&hash, beside);
        }
        (at, last) = (at / 2, last / 2);
    }
    if last != 0 {
        return Err(Disproved::Length(path.len()));
    }
    same_root(hash, root)
}

/// Verifies that the tree `old` is the beginning of the tree `new`, each by its leaves and its root.
///
/// # Errors
/// [`Disproved`].
pub fn verify_consistency(
    old: (u64, Digest),
    new: (u64, Digest),
    path: &[Digest],
) -> Result<(), Disproved> {
    let (old_size, old_root) = old;
    let (new_size, new_root) = new;
    if old_size > new_size {
        let (old, new) = (old_size, new_size);
        return Err(Disproved::Shrunk { old, new });
    }
    if old_size == 0 || old_size == new_size {
        let expected = if old_size == 0 {
            Digest::of(&[])
        } else {
            new_root
        };
        no_hashes(path)?;
        return same_root(old_root, expected);
    }
    let wrong_length = || Disproved::Length(path.len());
    // Of a tree that is one whole node, that node is not told: it is the old root.
    let (first, beside) = match old_size.is_power_of_two() {
        true => (old_root, path),
        false => {
            let (first, rest) = path.split_first().ok_or_else(wrong_length)?;
            (*first, rest)
        }
    };
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at % 2 == 1 {
        (at, last) = (at / 2, last / 2);
    }
    let (mut of_old, mut of_new) = (first, first);
    for hash in beside {
        if last == 0 {
            return Err(wrong_length());
        }
        if at % 2 == 1 || at == last {
            of_old = parent(hash, &of_old);
            of_new = parent(hash, &of_new);
            skip_to_left_turn(&mut at, &mut last);
        } else {
            of_new = parent(&of_new, hash);
        }
        (at, last) = (at / 2, last / 2);
    }
    if last != 0 {
        return Err(wrong_length());
    }
    same_root(of_old, old_root)?;
    same_root(of_new, new_root)
}

/// Goes up over levels at which the way has nothing on its right side.
fn skip_to_left_turn(at: &mut u64, last: &mut u64) {
    while at.is_multiple_of(2) && *at != 0 {
        (*at, *last) = (*at / 2, *last / 2);
    }
}

fn no_hashes(path: &[Digest]) -> Result<(), Disproved> {
    match path.len() {
        0 => Ok(()),
        length => Err(Disproved::Length(length)),
    }
}

fn same_root(found: Digest, expected: Digest) -> Result<(), Disproved> {
    match found == expected {
        true => Ok(()),
        false => Err(Disproved::Root { found, expected }),
    }
}
