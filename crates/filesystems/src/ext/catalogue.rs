//! Everything that a volume holds, told: from the root downwards, the folders in the order of their inodes, the names of
//! a folder in the order of theirs, so that reads stay near each other.
//!
//! In memory are the folders that were found and not read yet, names of one folder as far as they are sorted at once,
//! and a bit for each inode and each cluster; nothing is kept of a file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::accounts::{self, Accounts};
use super::folder::{self, Entry};
use super::groups::Groups;
use super::inode::{Inode, Kind, ROOT};
use super::mapping::{self, BlockRun, Mapping};
use super::metadata::ExtMetadata;
use super::table::InodeTable;
use super::trouble::Trouble;
use super::{attributes, layout};
use crate::limits::{Limits, TARGET_BYTES};
use crate::reader::Refusal;
use crate::told::{Damaged, Extent, File, Folder, NodeKind, Told, Unloadable};

/// Names of one folder that are sorted at once.
const SORTED: usize = 16_384;
/// Bytes of a folder that are read at a time.
const PIECE: u64 = 256 << 10;

/// What is needed to tell.
pub(super) struct Catalogue<'a, 'm> {
    pub(super) metadata: ExtMetadata<'m>,
    pub(super) groups: &'a Groups,
    pub(super) accounts: Accounts,
    pub(super) table: InodeTable,
    pub(super) limits: &'a Limits,
    /// Inodes that are not known as they are now.
    pub(super) unsure: &'a BTreeSet<u32>,
    pub(super) tell: &'a mut dyn FnMut(Told) -> ControlFlow<()>,
    /// Folders that were found and not read, with how deep they lie.
    pub(super) waiting: BTreeMap<u32, usize>,
    pub(super) folders: u64,
    pub(super) files: u64,
}

/// Why telling ends early.
#[derive(Debug)]
pub(super) enum End {
    /// Whoever is told wants no more.
    Enough,
    Refused(Refusal),
}

impl From<Refusal> for End {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Catalogue<'_, '_> {
    /// Tells everything below the root.
    pub(super) fn tell_all(&mut self) -> Result<(), End> {
        self.claim_own();
        let root = match self.inode(ROOT) {
            Ok(root) => root,
            Err(trouble) => {
                let why = format!("the root cannot be read: {}", trouble.words()?);
                return Err(Refusal::Damaged(why).into());
            }
        };
        if root.kind != Kind::Folder {
            return Err(Refusal::Damaged("the root is no folder".to_owned()).into());
        }
        self.accounts.claim_inode(ROOT);
        self.tell_folder(&root, ROOT, Vec::new(), 0)?;
        let mut after = 0;
        while let Some(next) = self.next_waiting(after) {
            let depth = self.waiting.remove(&next).unwrap_or_default();
            self.read_folder(next, depth)?;
            after = next;
        }
        Ok(())
    }

    /// The next folder upwards; the lowest one, once none is above.
    fn next_waiting(&self, after: u32) -> Option<u32> {
        let above = self.waiting.range(after..).next();
        let next = above.or_else(|| self.waiting.iter().next());
        next.map(|(&inode, _)| inode)
    }

    fn inode(&mut self, number: u32) -> Result<Inode, Trouble> {
        self.table.inode(&mut self.metadata, self.groups, number)
    }

    fn tell(&mut self, told: Told) -> Result<(), End> {
        match (self.tell)(told) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(End::Enough),
        }
    }

    /// Claims the blocks of the file system's own inodes. What is wrong with them concerns no file.
    fn claim_own(&mut self) {
        for number in accounts::own_inodes(self.metadata.superblock) {
            self.accounts.claim_inode(number);
            if let Ok(inode) = self.inode(number) {
                self.claim_of(&inode);
            }
        }
    }

    /// Claims the blocks of an inode of which nothing is told.
    fn claim_of(&mut self, inode: &Inode) {
        if inode.is_inline() {
            return;
        }
        if let Ok(mapping) = mapping::read(&mut self.metadata, inode, self.limits.extents) {
            self.accounts.claim(self.metadata.superblock, &mapping);
        }
    }

    /// Claims what orphans have: files that were deleted while something had them open. How many there are.
    pub(super) fn claim_orphans(&mut self) -> u32 {
        let mut next = self.metadata.superblock.last_orphan;
        let mut orphans = 0;
        while next != 0 {
            let Ok(inode) = self.inode(next) else {
                return orphans;
            };
            if inode.links > 0 || !self.accounts.claim_inode(next) {
                return orphans;
            }
            self.claim_of(&inode);
            orphans += 1;
            next = inode.next_orphan;
        }
        orphans
    }

    fn tell_folder(
        &mut self,
        inode: &Inode,
        parent: u32,
        name: Vec<u8>,
        depth: usize,
    ) -> Result<(), End> {
        self.folders += 1;
        if self.folders > self.limits.folders {
            return Err(Refusal::Limit("too many folders".to_owned()).into());
        }
        self.waiting.insert(inode.number, depth);
        self.tell(Told::Folder(Folder {
            id: u64::from(inode.number),
            parent: u64::from(parent),
            name,
            times: inode.times,
            owner: Some(inode.owner),
        }))
    }

    /// Tells what lies in a folder that was told.
    fn read_folder(&mut self, number: u32, depth: usize) -> Result<(), End> {
        let inode = match self.inode(number) {
            Ok(inode) => inode,
            Err(trouble) => return self.damaged_folder(number, trouble),
        };
        if self.unsure.contains(&number) {
            let why = "names in it were changed by a fast commit, which is not replayed";
            self.damaged_folder(number, Trouble::damaged(why))?;
        }
        if inode.is_inline() {
            return self.read_inline_folder(&inode, depth);
        }
        let mapping = match mapping::read(&mut self.metadata, &inode, self.limits.extents) {
            Ok(mapping) => mapping,
            Err(trouble) => return self.damaged_folder(number, trouble),
        };
        if !self.accounts.claim(self.metadata.superblock, &mapping) {
            let why = Trouble::damaged("its blocks belong to others as well");
            return self.damaged_folder(number, why);
        }
        self.claim_attributes(&inode)?;
        self.read_blocks(&inode, &mapping, depth)
    }

    /// A folder that cannot be listed, or not all of it.
    fn damaged_folder(&mut self, number: u32, trouble: Trouble) -> Result<(), End> {
        let why = trouble.words()?;
        self.tell(Told::Damaged(Damaged {
            parent: None,
            name: None,
            id: Some(u64::from(number)),
            is_folder: true,
            why,
        }))
    }

    fn read_blocks(&mut self, inode: &Inode, mapping: &Mapping, depth: usize) -> Result<(), End> {
        let size = u64::from(self.metadata.superblock.block_bytes);
        let blocks = inode.bytes.div_ceil(size);
        let mut names = Vec::new();
        let mut read = 0;
        for run in &mapping.runs {
            let count = run.count.min(blocks.saturating_sub(run.logical));
            if run.is_unwritten {
                continue;
            }
            let mut at = 0;
            while at < count {
                let step = (PIECE / size).min(count - at);
                self.read_piece(inode, run, at..at + step, &mut names, depth)?;
                at += step;
            }
            read += count;
        }
        self.tell_names(inode, &mut names, depth)?;
        if read < blocks {
            let why = Trouble::damaged("some of its blocks are missing");
            return self.damaged_folder(inode.number, why);
        }
        Ok(())
    }

    /// Some blocks of a run at once; block by block where they cannot all be read.
    fn read_piece(
        &mut self,
        inode: &Inode,
        run: &BlockRun,
        range: std::ops::Range<u64>,
        names: &mut Vec<Entry>,
        depth: usize,
    ) -> Result<(), End> {
        let size = self.metadata.block_bytes();
        let count = usize::try_from(range.end - range.start).unwrap_or_default();
        let mut bytes = vec![0; count * size];
        let first = run.place + range.start;
        let read = self.metadata.read(first, &mut bytes, "a block of it");
        if let Err(Trouble::Whole(refusal)) = read {
            return Err(refusal.into());
        }
        for (index, block) in bytes.chunks_mut(size).enumerate() {
            let number = range.start + index as u64;
            if read.is_err() {
                let alone = self
                    .metadata
                    .read(run.place + number, block, "a block of it");
                if let Err(trouble) = alone {
                    self.damaged_folder(inode.number, trouble)?;
                    continue;
                }
            }
            self.read_block(inode, block, run.logical + number == 0, names)?;
            if names.len() >= SORTED {
                self.tell_names(inode, names, depth)?;
            }
        }
        Ok(())
    }

    fn read_block(
        &mut self,
        inode: &Inode,
        block: &[u8],
        is_first: bool,
        names: &mut Vec<Entry>,
    ) -> Result<(), End> {
        let superblock = self.metadata.superblock;
        let is_checked = superblock.features.has_checksums();
        if is_checked && !folder::has_right_checksum(inode, block, is_first) {
            let why = Trouble::damaged("a block of it has a wrong checksum");
            return self.damaged_folder(inode.number, why);
        }
        let (found, wrong) = folder::entries(superblock, block);
        names.extend(found);
        match wrong {
            Some(why) => self.damaged_folder(inode.number, Trouble::damaged(why)),
            None => Ok(()),
        }
    }

    /// A folder in its inode: the number of its parent, then entries; further ones behind.
    fn read_inline_folder(&mut self, inode: &Inode, depth: usize) -> Result<(), End> {
        let content = match attributes::inline(inode) {
            Ok(content) => content,
            Err(trouble) => return self.damaged_folder(inode.number, trouble),
        };
        let (first, rest) = content.split_at(content.len().min(60));
        let mut names = Vec::new();
        for part in [first.get(4..).unwrap_or_default(), rest] {
            let (found, wrong) = folder::entries(self.metadata.superblock, part);
            names.extend(found);
            if let Some(why) = wrong {
                self.damaged_folder(inode.number, Trouble::damaged(why))?;
            }
        }
        self.claim_attributes(inode)?;
        self.tell_names(inode, &mut names, depth)
    }

    /// Tells names, in the order of their inodes.
    fn tell_names(
        &mut self,
        folder: &Inode,
        names: &mut Vec<Entry>,
        depth: usize,
    ) -> Result<(), End> {
        names.sort_unstable();
        for entry in names.drain(..) {
            self.tell_name(folder, entry, depth)?;
        }
        Ok(())
    }

    fn tell_name(&mut self, folder: &Inode, entry: Entry, depth: usize) -> Result<(), End> {
        let is_hidden = folder.is_encrypted();
        let name = match is_hidden {
            true => folder::encrypted_name(&entry.name),
            false => entry.name.clone(),
        };
        let wrong = |trouble: Trouble| -> Result<Damaged, Refusal> {
            Ok(Damaged {
                parent: Some(u64::from(folder.number)),
                name: Some(name.clone()),
                id: Some(u64::from(entry.inode)),
                is_folder: entry.is_folder,
                why: trouble.words()?,
            })
        };
        let inode = match self.named(&name, entry.inode) {
            Ok(inode) => inode,
            Err(trouble) => return self.tell(Told::Damaged(wrong(trouble)?)),
        };
        if inode.kind != Kind::Folder {
            let file = self.file(folder, name, &inode)?;
            return self.tell(Told::File(file));
        }
        if !self.accounts.claim_inode(inode.number) {
            let why = Trouble::damaged("it is a folder that has another name");
            return self.tell(Told::Damaged(wrong(why)?));
        }
        if depth >= self.limits.depth {
            let why = Trouble::damaged("it lies too deep");
            return self.tell(Told::Damaged(wrong(why)?));
        }
        self.tell_folder(&inode, folder.number, name, depth + 1)
    }

    /// The inode of a name.
    fn named(&mut self, name: &[u8], number: u32) -> Result<Inode, Trouble> {
        if !folder::is_name(name) {
            return Err(Trouble::damaged("its name is none"));
        }
        if number < self.metadata.superblock.first_inode {
            return Err(Trouble::damaged("it is an inode of the file system's own"));
        }
        let inode = self.inode(number)?;
        if inode.links == 0 {
            return Err(Trouble::damaged("its inode was deleted"));
        }
        if inode.is_attribute() {
            return Err(Trouble::damaged("its inode is of an extended attribute"));
        }
        Ok(inode)
    }

    fn file(&mut self, folder: &Inode, name: Vec<u8>, inode: &Inode) -> Result<File, End> {
        self.files += 1;
        if self.files > self.limits.files {
            return Err(Refusal::Limit("too many files".to_owned()).into());
        }
        let mut content = match self.content(inode) {
            Ok(extents) => Ok(extents),
            Err(trouble) => Err(trouble.of_file()?),
        };
        if inode.is_encrypted() && inode.kind != Kind::Special {
            content = Err(Unloadable::Encrypted("fscrypt"));
        }
        let mut kind = NodeKind::Special;
        if inode.kind == Kind::Regular {
            kind = NodeKind::Regular;
        } else if inode.kind == Kind::SymbolicLink {
            let target = self.target(inode, &content)?;
            kind = NodeKind::SymbolicLink(target.clone().unwrap_or_default());
            content = content.and(target.map(|_| Vec::new()));
        }
        Ok(File {
            id: u64::from(inode.number),
            parent: u64::from(folder.number),
            name,
            bytes: if kind == NodeKind::Regular {
                inode.bytes
            } else {
                0
            },
            kind,
            links: u32::from(inode.links),
            times: inode.times,
            owner: Some(inode.owner),
            streams: Vec::new(),
            content,
        })
    }

    /// The extents of a file or of a target; its blocks are claimed with its first name.
    fn content(&mut self, inode: &Inode) -> Result<Vec<Extent>, Trouble> {
        let is_first = self.accounts.claim_inode(inode.number);
        if is_first {
            self.claim_attributes(inode)?;
        }
        if self.unsure.contains(&inode.number) {
            let what = "a fast commit, which is not replayed, changed it";
            return Err(Trouble::Unknown(what.to_owned()));
        }
        if inode.kind == Kind::Special {
            return Ok(Vec::new());
        }
        if inode.is_inline() {
            check_size(&self.metadata, inode)?;
            return Ok(layout::inline(attributes::inline(inode)?, inode.bytes));
        }
        if is_short_target(inode) {
            return Ok(layout::inline(inode.map.to_vec(), inode.bytes));
        }
        if self.accounts.is_crossed(inode.number) {
            return Err(crossed());
        }
        check_size(&self.metadata, inode)?;
        let mapping = mapping::read(&mut self.metadata, inode, self.limits.extents)?;
        let superblock = self.metadata.superblock;
        if is_first && !self.accounts.claim(superblock, &mapping) {
            self.accounts.cross(superblock, inode.number);
            return Err(crossed());
        }
        layout::extents(
            &self.metadata,
            &mapping.runs,
            inode.bytes,
            self.limits.extents,
        )
    }

    /// The target of a symbolic link, read by its extents.
    fn target(
        &mut self,
        inode: &Inode,
        content: &Result<Vec<Extent>, Unloadable>,
    ) -> Result<Result<Vec<u8>, Unloadable>, Refusal> {
        let extents = match content {
            Ok(extents) => extents,
            Err(why) => return Ok(Err(why.clone())),
        };
        let is_right = (1..=TARGET_BYTES as u64).contains(&inode.bytes);
        if !is_right {
            let why = "its target is empty, or too long".to_owned();
            return Ok(Err(Unloadable::Damaged(why)));
        }
        match self.metadata.content(extents, "its target") {
            Ok(target) if target.contains(&0) => {
                let why = "its target holds a byte 0".to_owned();
                Ok(Err(Unloadable::Damaged(why)))
            }
            Ok(target) => Ok(Ok(target)),
            Err(trouble) => Ok(Err(trouble.of_file()?)),
        }
    }

    /// Claims the block of extended attributes, which inodes may share, and the inodes that hold long values.
    fn claim_attributes(&mut self, inode: &Inode) -> Result<(), Refusal> {
        let superblock = self.metadata.superblock;
        let mut block = Vec::new();
        if inode.attributes != 0 {
            let is_new = self.accounts.claim_blocks(superblock, inode.attributes, 1);
            if is_new && superblock.features.has_attribute_inodes() {
                let read = self.metadata.block(inode.attributes, "extended attributes");
                block = match read {
                    Ok(block) => block,
                    Err(Trouble::Whole(refusal)) => return Err(refusal),
                    Err(_) => Vec::new(),
                };
            }
        }
        if !superblock.features.has_attribute_inodes() {
            return Ok(());
        }
        for number in attributes::value_inodes(inode, &block) {
            let value = self.inode(number).ok();
            let value = value.filter(Inode::is_attribute);
            if let Some(value) = value.filter(|_| self.accounts.claim_inode(number)) {
                self.claim_of(&value);
            }
        }
        Ok(())
    }
}

/// The target of a symbolic link shorter than the room for a map stands in its place.
fn is_short_target(inode: &Inode) -> bool {
    inode.kind == Kind::SymbolicLink && inode.bytes < inode.map.len() as u64
}

/// Blocks of a file have 32 bits.
fn check_size(metadata: &ExtMetadata<'_>, inode: &Inode) -> Result<(), Trouble> {
    let most = u64::from(metadata.superblock.block_bytes) << 32;
    if inode.bytes > most {
        return Err(Trouble::damaged("its size is beyond what a file can have"));
    }
    Ok(())
}

fn crossed() -> Trouble {
    Trouble::damaged("its blocks belong to another file as well, or it has one twice")
}
