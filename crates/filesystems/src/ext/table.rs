//! The tables of inodes, through windows of 256 KiB.

use super::groups::Groups;
use super::inode::Inode;
use super::metadata::ExtMetadata;
use super::trouble::Trouble;

/// Bytes that are read at a time.
const WINDOW: u64 = 256 << 10;
/// Windows that are kept: 8 MiB.
const WINDOWS: usize = 32;

/// What was read of the tables last.
#[derive(Debug, Default)]
pub(super) struct InodeTable {
    /// Group, number in its table, and bytes; the last used one is last.
    windows: Vec<(u32, u64, Vec<u8>)>,
}

impl InodeTable {
    /// An inode that is in use.
    pub(super) fn inode(
        &mut self,
        metadata: &mut ExtMetadata<'_>,
        groups: &Groups,
        number: u32,
    ) -> Result<Inode, Trouble> {
        let superblock = metadata.superblock;
        let index = number
            .checked_sub(1)
            .filter(|_| number <= superblock.inodes);
        let index = index.ok_or_else(|| Trouble::damaged("there is no inode of its number"))?;
        let per_group = superblock.inodes_per_group;
        let (group, index) = (index / per_group, index % per_group);
        let found = groups.get(group);
        let found =
            found.ok_or_else(|| Trouble::damaged("the descriptor of its group is wrong"))?;
        if index >= per_group - found.unused_inodes {
            return Err(Trouble::damaged("its inode was never used"));
        }
        let size = u64::from(superblock.inode_bytes);
        let offset = u64::from(index) * size;
        let table = found.inode_table;
        let bytes = match self.window(metadata, group, table, offset / WINDOW) {
            Ok(window) => inside(window, offset % WINDOW, size),
            Err(Trouble::Whole(refusal)) => return Err(Trouble::Whole(refusal)),
            Err(_) => one(metadata, table, offset, size)?,
        };
        Inode::parse(superblock, number, &bytes)
    }

    /// The window `index` of a table, which begins with block `table`.
    fn window(
        &mut self,
        metadata: &mut ExtMetadata<'_>,
        group: u32,
        table: u64,
        index: u64,
    ) -> Result<&[u8], Trouble> {
        let held = self.windows.iter();
        let held = held
            .clone()
            .position(|held| (held.0, held.1) == (group, index));
        let window = match held {
            Some(position) => self.windows.remove(position),
            None => (group, index, read_window(metadata, table, index)?),
        };
        if self.windows.len() >= WINDOWS {
            self.windows.remove(0);
        }
        self.windows.push(window);
        let last = self.windows.last();
        Ok(last.map_or(&[], |(_, _, bytes)| bytes))
    }
}

fn read_window(metadata: &mut ExtMetadata<'_>, table: u64, index: u64) -> Result<Vec<u8>, Trouble> {
    let superblock = metadata.superblock;
    let whole = u64::from(superblock.inodes_per_group) * u64::from(superblock.inode_bytes);
    let start = index * WINDOW;
    let bytes = whole.saturating_sub(start).min(WINDOW);
    let mut into = vec![0; usize::try_from(bytes).unwrap_or_default()];
    let block = table + start / u64::from(superblock.block_bytes);
    metadata.read(block, &mut into, "a table of inodes")?;
    Ok(into)
}

/// The bytes of one inode alone, where what lies beside it cannot be read.
fn one(
    metadata: &mut ExtMetadata<'_>,
    table: u64,
    offset: u64,
    size: u64,
) -> Result<Vec<u8>, Trouble> {
    let block_bytes = u64::from(metadata.superblock.block_bytes);
    let block = metadata.block(table + offset / block_bytes, "its inode")?;
    Ok(inside(&block, offset % block_bytes, size))
}

fn inside(bytes: &[u8], offset: u64, size: u64) -> Vec<u8> {
    let from = usize::try_from(offset).ok();
    let until = usize::try_from(offset + size).ok();
    let range = from.zip(until).map(|(from, until)| from..until);
    let bytes = range.and_then(|range| bytes.get(range));
    bytes.unwrap_or_default().to_vec()
}
