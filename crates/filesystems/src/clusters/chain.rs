//! Chains of clusters, followed through the table.

use std::fmt;

use crate::clusters::heap::Heap;
use crate::clusters::metadata::Metadata;
use crate::clusters::table::{self, Link, Table};
use crate::reader::Refusal;

/// What is wrong with a chain, or with clusters that follow each other without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChainFlaw {
    /// It begins, or goes on, where no cluster is.
    Outside(u32),
    /// It runs into a cluster that is free.
    Free(u32),
    /// It runs into a cluster that is marked as bad.
    Spoiled(u32),
    /// The table cannot be read at this cluster.
    Unreadable(u32),
    /// Something else claims this cluster too, or the chain comes back to it.
    Crossed(u32),
    /// It has fewer clusters than the size needs.
    Short { has: u64, needed: u64 },
    /// It has more clusters than there are.
    Endless,
    /// It was not there when the clusters were claimed.
    Unclaimed(u32),
    /// It lies past the end of the device.
    PastEnd,
    /// It has more pieces than are kept.
    Scattered(usize),
    /// It is a folder of more bytes than a folder may have.
    Large(u64),
    /// It lies in more folders than are followed.
    Deep(usize),
}

impl fmt::Display for ChainFlaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside(cluster) => write!(formatter, "there is no cluster {cluster}"),
            Self::Free(cluster) => write!(formatter, "its cluster {cluster} is marked as free"),
            Self::Spoiled(cluster) => write!(formatter, "its cluster {cluster} is marked as bad"),
            Self::Unreadable(cluster) => {
                write!(
                    formatter,
                    "what follows its cluster {cluster} cannot be read"
                )
            }
            Self::Crossed(cluster) => write!(formatter, "its cluster {cluster} is claimed twice"),
            Self::Short { has, needed } => {
                write!(formatter, "it has {has} clusters and needs {needed}")
            }
            Self::Endless => write!(formatter, "its clusters do not end"),
            Self::Unclaimed(cluster) => {
                write!(
                    formatter,
                    "its cluster {cluster} was nobody's when the volume was surveyed"
                )
            }
            Self::PastEnd => write!(formatter, "it lies past the end of the device"),
            Self::Large(bytes) => write!(formatter, "it is a folder of more than {bytes} bytes"),
            Self::Deep(folders) => write!(formatter, "it lies in more than {folders} folders"),
            Self::Scattered(pieces) => write!(formatter, "it is in more than {pieces} pieces"),
        }
    }
}

/// Clusters that follow each other on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// The first.
    pub(crate) first: u32,
    /// How many.
    pub(crate) count: u32,
}

/// What a chain is asked at each of its clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It is followed on.
    On,
    /// It is followed no further, and nothing is wrong.
    Enough,
    /// It is followed no further.
    Flawed(ChainFlaw),
}

/// Follows the chain that begins with `first`, and asks `each` at each cluster, until it ends; what is wrong with it,
/// if something is. Ends even if the chain does not.
///
/// # Errors
///
/// If the device is gone, or a limit is met.
pub(crate) fn follow(
    table: &mut Table,
    metered: &mut Metadata,
    first: u32,
    each: &mut dyn FnMut(u32) -> Step,
) -> Result<Option<ChainFlaw>, Refusal> {
    if !table.has(first) {
        return Ok(Some(ChainFlaw::Outside(first)));
    }
    let mut at = first;
    for _ in 0..table.most_steps() {
        match each(at) {
            Step::On => (),
            Step::Enough => return Ok(None),
            Step::Flawed(flaw) => return Ok(Some(flaw)),
        }
        match table.link(metered, at)? {
            Link::Next(next) => at = next,
            other => return Ok(table::flaw(at, other)),
        }
    }
    Ok(Some(ChainFlaw::Endless))
}

/// Asks `each` at `count` clusters from `first` on; what is wrong with them, if something is. None is asked for if not
/// all are there.
pub(crate) fn follow_on(
    heap: &Heap,
    first: u32,
    count: u64,
    each: &mut dyn FnMut(u32) -> Step,
) -> Option<ChainFlaw> {
    if count == 0 {
        return None;
    }
    if !heap.holds(first, count) {
        return Some(ChainFlaw::Outside(first));
    }
    let clusters = (first..=u32::MAX).zip(0..count);
    for (cluster, _) in clusters {
        match each(cluster) {
            Step::On => (),
            Step::Enough => return None,
            Step::Flawed(flaw) => return Some(flaw),
        }
    }
    None
}

/// Adds a cluster to runs: to the last where it follows that.
pub(crate) fn add(runs: &mut Vec<Run>, cluster: u32) {
    if let Some(last) = runs.last_mut()
        && last.first.checked_add(last.count) == Some(cluster)
    {
        last.count += 1;
        return;
    }
    runs.push(Run {
        first: cluster,
        count: 1,
    });
}
