//! ext2, ext3 and ext4.
//!
//! The journal is replayed in memory: nothing is told that it says otherwise. What checksums say is wrong is damaged.
//! A block that two files have makes the second one damaged, whichever is found second, and so is a file that has a
//! block twice: the format forbids it, unless the volume says that files share blocks. Names in folders that are
//! encrypted are told in base64, their files as encrypted.
//!
//! Source: Linux, Documentation/filesystems/ext4.

mod accounts;
mod attributes;
mod catalogue;
mod features;
mod folder;
mod groups;
mod inode;
mod journal;
mod layout;
mod mapping;
mod metadata;
mod superblock;
mod table;
mod trouble;

use std::ops::ControlFlow;

use crate::blocks::{Blocks, Fault};
use crate::fields;
use crate::limits::Limits;
use crate::reader::{Options, Reader, Refusal};
use crate::told::{Facts, Summary, Told};
use accounts::Accounts;
use catalogue::{Catalogue, End};
use groups::Groups;
use journal::Replayed;
use metadata::{ExtMetadata, Overlay};
use superblock::Superblock;
use table::InodeTable;
use trouble::Trouble;

/// A volume of ext2, ext3 or ext4.
#[derive(Debug)]
pub struct Ext {
    superblock: Superblock,
    groups: Groups,
    replayed: Replayed,
    limits: Limits,
    /// Bytes of metadata that may still be read.
    left: u64,
    remarks: Vec<String>,
    /// Whether it was not unmounted.
    is_dirty: bool,
}

impl Ext {
    /// Opens a volume: by its superblock, or by a copy where that is damaged; and reads its journal.
    ///
    /// # Errors
    ///
    /// [`Refusal::Other`] if no superblock is there, and what concerns the whole volume: unknown features, no
    /// superblock that is right, more than the limits allow.
    pub fn open(blocks: &mut dyn Blocks, options: &Options) -> Result<Self, Refusal> {
        let mut remarks = Vec::new();
        let superblock = match read_superblock(blocks, superblock::START) {
            Ok(superblock) => superblock,
            Err(refusal @ (Refusal::Ended | Refusal::Unsupported(_))) => return Err(refusal),
            Err(refusal) => {
                let copy = copy_of_superblock(blocks)?.ok_or(refusal)?;
                remarks.push(format!(
                    "its superblock is damaged: a copy in group {} was taken",
                    copy.group
                ));
                copy
            }
        };
        let limits = options.limits.clone();
        let mut ext = Self {
            groups: Groups::default(),
            replayed: Replayed::default(),
            left: (blocks.bytes() / 8).saturating_add(limits.metadata_bytes),
            limits,
            remarks,
            is_dirty: false,
            superblock,
        };
        ext.read_groups(blocks)?;
        ext.replay(blocks)?;
        ext.remark(blocks.bytes());
        Ok(ext)
    }

    /// The way to the metadata, as they are once the journal was replayed as far as it is now.
    fn metadata<'a>(&'a mut self, blocks: &'a mut dyn Blocks) -> (ExtMetadata<'a>, &'a Groups) {
        let metadata = ExtMetadata {
            blocks,
            superblock: &self.superblock,
            overlay: &self.replayed.overlay,
            left: &mut self.left,
        };
        (metadata, &self.groups)
    }

    fn read_groups(&mut self, blocks: &mut dyn Blocks) -> Result<(), Refusal> {
        let (mut metadata, _) = self.metadata(blocks);
        self.groups = Groups::read(&mut metadata)?;
        Ok(())
    }

    /// Replays the journal, if it is to be. What it changes of superblock and descriptors is read again.
    fn replay(&mut self, blocks: &mut dyn Blocks) -> Result<(), Refusal> {
        let is_copy = self.superblock.group != 0;
        let is_needed = self.superblock.features.needs_recovery()
            || is_copy && self.superblock.features.has_journal();
        if !is_needed {
            return Ok(());
        }
        match self.read_journal(blocks) {
            Ok(replayed) => self.replayed = replayed,
            Err(Trouble::Whole(refusal)) => return Err(refusal),
            Err(Trouble::Damaged(why) | Trouble::Unknown(why)) => {
                self.is_dirty = true;
                self.remarks.push(format!(
                    "it was not unmounted, and its journal cannot be replayed ({why}): what was changed last may be \
                     missing or wrong"
                ));
                return Ok(());
            }
        }
        self.remark_replay();
        if self.replayed.overlay.len() > 0 {
            self.superblock = self.newest_superblock(blocks)?;
            self.read_groups(blocks)?;
        }
        Ok(())
    }

    fn read_journal(&mut self, blocks: &mut dyn Blocks) -> Result<Replayed, Trouble> {
        let number = self.superblock.journal_inode;
        if number == 0 {
            return Err(Trouble::damaged("it lies on another device"));
        }
        let mut left = self.limits.journal_bytes;
        let mut metadata = ExtMetadata {
            blocks,
            superblock: &self.superblock,
            overlay: &Overlay::default(),
            left: &mut left,
        };
        let inode = InodeTable::default().inode(&mut metadata, &self.groups, number);
        let replayed = inode.and_then(|inode| journal::replay(&mut metadata, &inode));
        match (replayed, journal::copied_inode(&metadata)) {
            (Err(Trouble::Damaged(_)), Some(copy)) => journal::replay(&mut metadata, &copy),
            (replayed, _) => replayed,
        }
    }

    /// The superblock as the journal has it.
    fn newest_superblock(&mut self, blocks: &mut dyn Blocks) -> Result<Superblock, Refusal> {
        let block_bytes = u64::from(self.superblock.block_bytes);
        let from = usize::try_from(superblock::START % block_bytes).unwrap_or_default();
        let old = self.superblock.clone();
        let (mut metadata, _) = self.metadata(blocks);
        let block = superblock::START / block_bytes;
        if metadata.overlay.range(block, 1).next().is_none() {
            return Ok(old);
        }
        let bytes = metadata.block(block, "the superblock");
        let bytes = bytes.map_err(Trouble::refusal)?;
        let bytes = bytes.get(from..from + superblock::BYTES);
        let newest = Superblock::parse(bytes.unwrap_or_default())?;
        let is_same = newest.block_bytes == old.block_bytes
            && newest.inodes_per_group == old.inodes_per_group
            && newest.uuid == old.uuid;
        match is_same {
            true => Ok(newest),
            false => Err(Refusal::Damaged(
                "its journal has a superblock of another file system".to_owned(),
            )),
        }
    }

    fn remark_replay(&mut self) {
        let replayed = &self.replayed;
        if replayed.transactions > 0 {
            self.is_dirty = true;
            self.remarks.push(format!(
                "it was not unmounted: {} transactions of its journal were replayed in memory",
                replayed.transactions
            ));
        }
        if let Some(why) = &replayed.stopped {
            self.remarks.push(format!(
                "its journal could not be replayed to the end ({why}): what was changed last may be missing or wrong"
            ));
        }
        if !replayed.unsure.is_empty() {
            self.remarks.push(format!(
                "its journal ends in fast commits, which are not replayed: {} files that they change are not loaded, \
                 and names that they make are missing",
                replayed.unsure.len()
            ));
        }
    }

    fn remark(&mut self, volume_bytes: u64) {
        let superblock = &self.superblock;
        if superblock.state & 1 == 0 && !superblock.features.has_journal() {
            self.is_dirty = true;
            let remark = "it was not unmounted, and has no journal: what was changed last may be missing or wrong";
            self.remarks.push(remark.to_owned());
        }
        if superblock.state & 2 != 0 {
            let remark = "Linux noted errors in it and wants it to be checked";
            self.remarks.push(remark.to_owned());
        }
        if self.groups.is_mended {
            let remark = "descriptors of its groups are damaged: copies were taken";
            self.remarks.push(remark.to_owned());
        }
        if superblock.bytes() > volume_bytes {
            self.remarks.push(format!(
                "it has {} bytes, and its volume only {volume_bytes}: what lies past that is missing",
                superblock.bytes()
            ));
        }
    }
}

impl Reader for Ext {
    fn facts(&self) -> Facts {
        let superblock = &self.superblock;
        let label = &superblock.label;
        let cluster = superblock.cluster_blocks * u64::from(superblock.block_bytes);
        Facts {
            kind: superblock.features.kind(),
            label: (!label.is_empty()).then(|| label.clone()),
            uuid: Some(fields::uuid(&superblock.uuid)),
            bytes: superblock.bytes(),
            cluster: u32::try_from(cluster).unwrap_or(u32::MAX),
        }
    }

    fn catalogue(
        &mut self,
        blocks: &mut dyn Blocks,
        tell: &mut dyn FnMut(Told) -> ControlFlow<()>,
    ) -> Result<Summary, Refusal> {
        let accounts = Accounts::new(&self.superblock, &self.groups)?;
        let mut summary = Summary {
            remarks: self.remarks.clone(),
            is_dirty: self.is_dirty,
            unaccounted: None,
        };
        let metadata = ExtMetadata {
            blocks,
            superblock: &self.superblock,
            overlay: &self.replayed.overlay,
            left: &mut self.left,
        };
        let mut catalogue = Catalogue {
            metadata,
            groups: &self.groups,
            accounts,
            table: InodeTable::default(),
            limits: &self.limits,
            unsure: &self.replayed.unsure,
            tell,
            waiting: std::collections::BTreeMap::new(),
            folders: 0,
            files: 0,
        };
        match catalogue.tell_all() {
            Ok(()) => {}
            Err(End::Enough) => return Ok(summary),
            Err(End::Refused(refusal)) => return Err(refusal),
        }
        let orphans = catalogue.claim_orphans();
        if orphans > 0 {
            summary.remarks.push(format!(
                "{orphans} files that were deleted while they were open were left out"
            ));
        }
        let Catalogue {
            accounts,
            mut metadata,
            groups,
            ..
        } = catalogue;
        summary.unaccounted = accounts.unaccounted(&mut metadata, groups)?;
        Ok(summary)
    }
}

fn read_superblock(blocks: &mut dyn Blocks, offset: u64) -> Result<Superblock, Refusal> {
    let mut bytes = [0; superblock::BYTES];
    let read = blocks.read(offset, &mut bytes);
    read.map_err(|fault| Refusal::of(fault, "its superblock"))?;
    Superblock::parse(&bytes)
}

/// The first copy of a superblock that is right, in the groups 1, 3, 5 and 7 of every size of block.
fn copy_of_superblock(blocks: &mut dyn Blocks) -> Result<Option<Superblock>, Refusal> {
    for block_bytes in [4096u64, 1024, 2048, 8192, 16384, 32768, 65536] {
        for group in [1u16, 3, 5, 7] {
            let first = u64::from(block_bytes == 1024);
            let block = first + u64::from(group) * 8 * block_bytes;
            match read_superblock(blocks, block * block_bytes) {
                Ok(copy) if copy.group == group && u64::from(copy.block_bytes) == block_bytes => {
                    return Ok(Some(copy));
                }
                Err(Refusal::Ended) => return Err(Refusal::of(Fault::Ended, "")),
                _ => {}
            }
        }
    }
    Ok(None)
}
