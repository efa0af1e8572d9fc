//! What lies at the start of a volume, and at its end: a file system that is read here, or what is refused, by name and
//! with what the customer can do.
//!
//! All that is found is said: an array that was not wiped may lie beside a newer file system, and whoever decides must
//! know of both. Only magics are looked at, and few bytes beside them: whether a file system is right says its reader.

mod chance;
mod named;
mod raid;
mod signatures;

use crate::blocks::{Blocks, Fault};
use crate::fields::{le16, le32};
use signatures::{Place, SIGNATURES, Signature};

/// A file system that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileSystem {
    /// ext2, ext3 or ext4.
    Ext,
    /// NTFS.
    Ntfs,
    /// exFAT.
    ExFat,
    /// FAT12, FAT16 or FAT32.
    Fat,
}

/// Something that is not read here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Foreign {
    /// What kind of thing it is.
    pub class: Class,
    /// Its name: `ZFS`, `LUKS`.
    pub name: String,
    /// A fragment that goes on from "the volume …", of what was found and what the customer can do.
    pub sentence: String,
}

/// Kinds of what is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// One disk of several.
    Array,
    /// Encrypted.
    Encrypted,
    /// A manager of volumes, within which others lie.
    Manager,
    /// A file system.
    FileSystem,
    /// A partition table of another kind than MBR and GPT.
    Table,
    /// Nothing of a customer's: swap space, a log, a cache.
    NoData,
    /// A file of some program that holds the image of a disk, or anything else, in a form of its own.
    Container,
}

/// What was found on a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recognised {
    /// File systems that are read here; more than one if an older one was not wiped.
    pub readable: Vec<FileSystem>,
    /// What is not.
    pub foreign: Vec<Foreign>,
    /// Whether the first MiB, and the last sectors, hold nothing but zeros.
    pub is_empty: bool,
}

/// Bytes of the start of a volume that are read at once.
const START: usize = 1 << 20;

/// Looks at a volume.
///
/// # Errors
///
/// [`Fault::Ended`] if the device answers no more. A place that cannot be read is taken for one without a magic.
pub fn recognise(blocks: &mut dyn Blocks) -> Result<Recognised, Fault> {
    let start = start(blocks)?;
    let mut recognised = Recognised {
        readable: readable(&start),
        foreign: Vec::new(),
        is_empty: start.iter().all(|&byte| byte == 0),
    };
    for signature in SIGNATURES {
        if is_there(blocks, &start, signature)? {
            recognised.foreign.push(signature.foreign());
        }
    }
    recognised.foreign.extend(raid::linux(blocks)?);
    recognised.foreign.extend(btrfs(&start));
    if is_zfs(blocks, &start)? {
        recognised.foreign.push(signatures::zfs());
    }
    if is_atari(&start) && recognised.readable.is_empty() {
        recognised.foreign.push(signatures::atari());
    }
    recognised.settle();
    if recognised.is_unknown() && chance::looks_random(blocks)? {
        recognised.foreign.push(signatures::random());
    }
    for foreign in &mut recognised.foreign {
        if let Some(name) = named::of(&foreign.name, blocks, &start)? {
            foreign.call(&name);
        }
    }
    Ok(recognised)
}

impl Foreign {
    /// Puts what it is called behind its kind.
    fn call(&mut self, name: &str) {
        let known = format!("{} ({name})", self.name);
        self.sentence = self.sentence.replacen(&self.name, &known, 1);
    }
}

impl Recognised {
    /// What was found within an encryption that was opened: bytes by chance are no further one there.
    #[must_use]
    pub fn within_opened(mut self) -> Self {
        self.foreign.retain(|it| *it != signatures::random());
        self
    }

    /// Whether something is there, and nothing says what.
    fn is_unknown(&self) -> bool {
        !self.is_empty && self.readable.is_empty() && self.foreign.is_empty()
    }

    /// Each once; and what only two bytes say, only where nothing else was found.
    fn settle(&mut self) {
        let is_found = !self.readable.is_empty();
        let strong = self
            .foreign
            .iter()
            .filter(|foreign| !signatures::is_weak(&foreign.name));
        if is_found || strong.count() > 0 {
            self.foreign
                .retain(|foreign| !signatures::is_weak(&foreign.name));
        }
        self.foreign.sort();
        self.foreign.dedup_by(|one, other| one.name == other.name);
        self.is_empty &= self.foreign.is_empty() && !is_found;
    }
}

/// The first MiB, or as much of it as there is; what cannot be read is zeros.
fn start(blocks: &mut dyn Blocks) -> Result<Vec<u8>, Fault> {
    let bytes = usize::try_from(blocks.bytes()).unwrap_or(START).min(START);
    let mut start = vec![0; bytes];
    if blocks.read(0, &mut start) == Err(Fault::Ended) {
        return Err(Fault::Ended);
    }
    for (index, piece) in start.chunks_mut(4096).enumerate() {
        match blocks.read(index as u64 * 4096, piece) {
            Ok(()) => {}
            Err(Fault::Bad) => piece.fill(0),
            Err(Fault::Ended) => return Err(Fault::Ended),
        }
    }
    Ok(start)
}

/// Whether bytes lie at a place; a place that cannot be read has none.
fn has(blocks: &mut dyn Blocks, offset: u64, magic: &[u8]) -> Result<bool, Fault> {
    let mut held = vec![0; magic.len()];
    match blocks.read(offset, &mut held) {
        Ok(()) => Ok(held == magic),
        Err(Fault::Bad) => Ok(false),
        Err(Fault::Ended) => Err(Fault::Ended),
    }
}

fn is_there(blocks: &mut dyn Blocks, start: &[u8], signature: &Signature) -> Result<bool, Fault> {
    for place in signature.places {
        let offset = match *place {
            Place::Start(offset) => Some(offset),
            Place::End(before) => blocks.bytes().checked_sub(before),
            Place::LastSector(inside) => {
                let sectors = blocks.bytes() / 512;
                sectors.checked_sub(1).map(|last| last * 512 + inside)
            }
        };
        let Some(offset) = offset else {
            continue;
        };
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let held = start.get(from..from.saturating_add(signature.magic.len()));
        let is_there = match held {
            Some(held) => held == signature.magic,
            None => has(blocks, offset, signature.magic)?,
        };
        if is_there {
            return Ok(true);
        }
    }
    Ok(false)
}

fn readable(start: &[u8]) -> Vec<FileSystem> {
    let mut found = Vec::new();
    if le16(start, 1080) == Some(0xEF53) {
        found.push(FileSystem::Ext);
    }
    if start.get(3..11) == Some(b"NTFS    ") {
        found.push(FileSystem::Ntfs);
    }
    if start.get(3..11) == Some(b"EXFAT   ") {
        found.push(FileSystem::ExFat);
    }
    if is_fat(start) == Some(true) {
        found.push(FileSystem::Fat);
    }
    found
}

/// Whether the parameters of a FAT stand in the first sector, as a disk formatted by any system has them.
fn is_fat(start: &[u8]) -> Option<bool> {
    let oem = start.get(3..11)?;
    let is_other = [&b"NTFS    "[..], b"EXFAT   ", b"-FVE-FS-"].contains(&oem);
    let sector = le16(start, 11)?;
    let cluster = *start.get(13)?;
    let is_right = matches!(sector, 512 | 1024 | 2048 | 4096)
        && cluster.is_power_of_two()
        && le16(start, 14)? > 0
        && matches!(start.get(16)?, 1 | 2)
        && matches!(start.get(21)?, 0xF0 | 0xF8..=0xFF);
    let has_size = le16(start, 19)? > 0 || le32(start, 32)? > 0;
    // BitLocker To Go begins as a FAT that only tells how to open it.
    let is_locked = start.get(424..428)? == [0x3B, 0xD6, 0x67, 0x49];
    Some(!is_other && is_right && has_size && !is_locked)
}

fn btrfs(start: &[u8]) -> Option<Foreign> {
    let head = start.get(65536..65536 + 4096)?;
    if head.get(64..72)? != b"_BHRfS_M" {
        return None;
    }
    let devices = crate::fields::le64(head, 0x88)?;
    let device = crate::fields::le64(head, 0xC9)?;
    let label = head
        .get(0x12B..0x12B + 256)?
        .split(|&byte| byte == 0)
        .next()?;
    Some(signatures::btrfs(device, devices, label))
}

/// Whether one of the labels at the start has an uberblock, of either order of bytes.
fn is_zfs(blocks: &mut dyn Blocks, start: &[u8]) -> Result<bool, Fault> {
    let is_uberblock = |held: &[u8]| {
        held.starts_with(&[0x0C, 0xB1, 0xBA, 0, 0, 0, 0, 0])
            || held.starts_with(&[0, 0, 0, 0, 0, 0xBA, 0xB1, 0x0C])
    };
    let mut labels = start.get(..512 << 10).unwrap_or_default().to_vec();
    let end = blocks.bytes() & !((256 << 10) - 1);
    if let Some(from) = end.checked_sub(512 << 10) {
        let mut last = vec![0; 512 << 10];
        match blocks.read(from, &mut last) {
            Ok(()) => labels.extend_from_slice(&last),
            Err(Fault::Bad) => {}
            Err(Fault::Ended) => return Err(Fault::Ended),
        }
    }
    Ok(labels.chunks(256 << 10).any(|label| {
        let ring = label.get(128 << 10..).unwrap_or_default();
        ring.chunks(1024).any(is_uberblock)
    }))
}

/// Whether the first sector has the partition table of an Atari: entries of a flag, three letters, start and size.
fn is_atari(start: &[u8]) -> bool {
    let table = start.get(0x1C6..0x1F6).unwrap_or_default();
    table.chunks(12).any(|entry| {
        let kind = entry.get(1..4).unwrap_or_default();
        let is_kind = [b"GEM", b"BGM", b"XGM", b"LNX", b"SWP", b"RAW"]
            .iter()
            .any(|name| *name == kind);
        is_kind && entry.first().is_some_and(|flags| flags & 1 == 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::MemoryBlocks;

    /// A volume of 2 MiB with some bytes in it.
    fn with(places: &[(usize, &[u8])]) -> MemoryBlocks {
        let mut content = vec![0; 2 << 20];
        for &(at, bytes) in places {
            content[at..at + bytes.len()].copy_from_slice(bytes);
        }
        MemoryBlocks::new(content)
    }

    fn names(blocks: &mut MemoryBlocks) -> Vec<String> {
        let found = recognise(blocks).unwrap();
        found
            .foreign
            .into_iter()
            .map(|foreign| foreign.name)
            .collect()
    }

    #[test]
    fn every_signature_is_found_at_each_of_its_places() {
        for signature in SIGNATURES {
            for place in signature.places {
                let end = 2 << 20;
                let at = match *place {
                    Place::Start(at) => at,
                    Place::End(before) => end - before,
                    Place::LastSector(inside) => end - 512 + inside,
                };
                if at + signature.magic.len() as u64 > end {
                    continue;
                }
                let mut blocks = with(&[(usize::try_from(at).unwrap(), signature.magic)]);
                let found = names(&mut blocks);
                assert!(
                    found.contains(&signature.name.to_owned()),
                    "{} {found:?}",
                    signature.name
                );
            }
        }
    }

    #[test]
    fn nothing_is_found_in_zeros_and_where_nothing_can_be_read() {
        let mut blocks = with(&[]);
        assert!(recognise(&mut blocks).unwrap().is_empty);
        blocks.break_range(0..2 << 20);
        assert_eq!(names(&mut blocks), [""; 0]);
        assert!(
            recognise(&mut MemoryBlocks::new(Vec::new()))
                .unwrap()
                .is_empty
        );
    }

    #[test]
    fn two_file_systems_are_both_said() {
        let mut blocks = with(&[(3, b"NTFS    "), (1080, &[0x53, 0xEF])]);
        let found = recognise(&mut blocks).unwrap();
        assert_eq!(found.readable, [FileSystem::Ext, FileSystem::Ntfs]);
    }

    #[test]
    fn two_bytes_alone_do_not_outdo_a_file_system() {
        let mut blocks = with(&[(1024, b"BD")]);
        assert_eq!(names(&mut blocks), ["HFS"]);
        let mut blocks = with(&[(1024, b"BD"), (0, b"XFSB")]);
        assert_eq!(names(&mut blocks), ["XFS"]);
    }
}
