//! Tiles: the hashes of a tree as files that never change (C2SP `tlog-tiles`), 256 of every eighth level each.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;
use crate::tree::{Node, parent};

/// Levels that one tile stands for.
const HEIGHT: u32 = 8;

/// Hashes of a whole tile.
const WIDTH: u64 = 1 << HEIGHT;

/// A tile: the first `width` of 256 hashes that stand beside each other. Its text is its path,
/// `tile/LEVEL/N`, or `tile/LEVEL/N.p/WIDTH` of one that is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    level: u32,
    index: u64,
    width: u64,
}

/// What is no path of a tile, or no content of this one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// No tile has this path.
    #[error("`{}` is not the path of a tile", model::readable::name(.0, 80))]
    Path(String),
    /// It has another length.
    #[error("the tile `{tile}` has {bytes} bytes")]
    Bytes {
        /// The tile.
        tile: Tile,
        /// How many it has.
        bytes: usize,
    },
    /// The node lies elsewhere.
    #[error("the tile `{0}` does not have the node")]
    Node(Tile),
}

impl Tile {
    /// The tile of a tree of `size` leaves that has this node, which must be whole, or what is under it.
    #[must_use]
    pub fn of(node: Node, size: u64) -> Self {
        let level = node.level / HEIGHT;
        let first = node.index << (node.level % HEIGHT);
        let index = first / WIDTH;
        let hashes = size >> (level * HEIGHT);
        Self {
            level,
            index,
            width: (hashes - index * WIDTH).min(WIDTH),
        }
    }

    /// The same with all its hashes, which takes its place once they are known.
    #[must_use]
    pub fn whole(&self) -> Self {
        Self {
            width: WIDTH,
            ..*self
        }
    }

    /// Whether a tree of `size` leaves has it: all its hashes are known.
    #[must_use]
    pub fn is_in(&self, size: u64) -> bool {
        let hashes = size.checked_shr(self.level * HEIGHT).unwrap_or(0);
        let end = self
            .index
            .checked_mul(WIDTH)
            .map(|first| first + self.width);
        end.is_some_and(|end| end <= hashes)
    }

    /// The nodes whose hashes it is made of, in their order.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + use<> {
        let (level, first) = (self.level * HEIGHT, self.index * WIDTH);
        (first..first + self.width).map(move |index| Node { level, index })
    }

    /// The hash of a node by the content of its tile: what lies between is made again.
    ///
    /// # Errors
    /// [`Unusable`] if the content is not that of this tile, or the node is not in it.
    pub fn hash_of(&self, node: Node, content: &[u8]) -> Result<Digest, Unusable> {
        let (hashes, rest) = content.as_chunks::<{ Digest::BYTES }>();
        if !rest.is_empty() || u64::try_from(hashes.len()) != Ok(self.width) {
            let (tile, bytes) = (*self, content.len());
            return Err(Unusable::Bytes { tile, bytes });
        }
        let elsewhere = || Unusable::Node(*self);
        let up = node.level % HEIGHT;
        let first = (node.index << up).checked_sub(self.index * WIDTH);
        let first = first.filter(|_| node.level / HEIGHT == self.level);
        let first = usize::try_from(first.ok_or_else(elsewhere)?).map_err(|_| elsewhere())?;
        let under = hashes.get(first..first + (1 << up)).ok_or_else(elsewhere)?;
        let mut level: Vec<Digest> = under.iter().copied().map(Digest::new).collect();
        while let [_, _, ..] = level.as_slice() {
            let (pairs, _) = level.as_chunks::<2>();
            level = pairs
                .iter()
                .map(|[left, right]| parent(left, right))
                .collect();
        }
        level.first().copied().ok_or_else(elsewhere)
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        let mut thousands = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            thousands.push(rest % 1000);
            rest /= 1000;
        }
        for (place, group) in thousands.iter().enumerate().rev() {
            match place {
                0 => write!(f, "{group:03}")?,
                _ => write!(f, "x{group:03}/")?,
            }
        }
        match self.width {
            WIDTH => Ok(()),
            width => write!(f, ".p/{width}"),
        }
    }
}

impl FromStr for Tile {
    type Err = Unusable;

    fn from_str(path: &str) -> Result<Self, Unusable> {
        let unusable = || Unusable::Path(path.to_owned());
        let tile = parse(path).ok_or_else(unusable)?;
        // There is one path of each.
        (tile.to_string() == path)
            .then_some(tile)
            .ok_or_else(unusable)
    }
}

/// Longest path: eight levels, and an index of 20 digits in groups of three.
const PATH_BYTES: usize = 50;

fn parse(path: &str) -> Option<Tile> {
    if path.len() > PATH_BYTES {
        return None;
    }
    let (level, index) = path.strip_prefix("tile/")?.split_once('/')?;
    let (index, width) = match index.split_once(".p/") {
        Some((index, width)) => (
            index,
            width.parse().ok().filter(|w| (1..WIDTH).contains(w))?,
        ),
        None => (index, WIDTH),
    };
    let mut number: u64 = 0;
    for group in index.split('/') {
        let digits: u64 = group.trim_start_matches('x').parse().ok()?;
        number = number.checked_mul(1000)?.checked_add(digits)?;
    }
    // More than all the leaves that can be counted lie under the eighth level.
    let level = level
        .parse()
        .ok()
        .filter(|level| *level < u64::BITS / HEIGHT)?;
    (number <= u64::MAX / WIDTH).then_some(Tile {
        level,
        index: number,
        width,
    })
}
