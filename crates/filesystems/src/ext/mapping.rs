//! Which blocks an inode has, whichever way it keeps them.

mod block_map;
mod extent_tree;

use super::inode::Inode;
use super::metadata::ExtMetadata;
use super::trouble::Trouble;

/// Blocks of a file that lie behind each other. What no run has is a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockRun {
    /// The first one's number in the file.
    pub(super) logical: u64,
    pub(super) count: u64,
    /// The first one's number in the volume.
    pub(super) place: u64,
    /// Set aside and never written: zeros, whatever lies there.
    pub(super) is_unwritten: bool,
}

/// All blocks of an inode.
#[derive(Debug, Default)]
pub(super) struct Mapping {
    /// In the order of the file, without overlaps; those that could be one are one.
    pub(super) runs: Vec<BlockRun>,
    /// The blocks of the map itself.
    pub(super) nodes: Vec<u64>,
}

/// Reads the map of an inode that does not hold its content itself.
///
/// # Errors
///
/// If the map is damaged, points out of the volume, or has more than `most` runs.
pub(super) fn read(
    metadata: &mut ExtMetadata<'_>,
    inode: &Inode,
    most: usize,
) -> Result<Mapping, Trouble> {
    if inode.has_extents() {
        extent_tree::read(metadata, inode, most)
    } else {
        block_map::read(metadata, inode, most)
    }
}

impl Mapping {
    /// Adds a run behind all others.
    fn push(
        &mut self,
        metadata: &ExtMetadata<'_>,
        run: BlockRun,
        most: usize,
    ) -> Result<(), Trouble> {
        let superblock = metadata.superblock;
        let end = run.place.checked_add(run.count);
        let is_inside = run.place >= superblock.first_block
            && run.place > 0
            && end.is_some_and(|end| end <= superblock.blocks);
        if !is_inside {
            return Err(Trouble::damaged("its map points out of the file system"));
        }
        if let Some(last) = self.runs.last_mut().filter(|last| last.goes_on_in(&run)) {
            last.count += run.count;
            return Ok(());
        }
        if self.runs.len() >= most {
            return Err(Trouble::Unknown(format!("more than {most} extents")));
        }
        self.runs.push(run);
        Ok(())
    }

    /// Adds a block of the map.
    fn push_node(&mut self, block: u64) {
        self.nodes.push(block);
    }
}

impl BlockRun {
    fn goes_on_in(&self, next: &Self) -> bool {
        self.logical + self.count == next.logical
            && self.place + self.count == next.place
            && self.is_unwritten == next.is_unwritten
    }
}
