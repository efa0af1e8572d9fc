//! The content of a file, read by the extents that were told of it, and a whole volume as a listing: for tests, for
//! tools, and for files that are small by their nature. What reads a disk in the order of its places does so itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use thiserror::Error;

use crate::blocks::{Blocks, Fault};
use crate::reader::{Reader, Refusal};
use crate::told::{
    Codec, Damaged, Extent, File, Folder, NodeKind, Summary, Told, Unloadable, What,
};
use crate::unpack::unpack;

/// Bytes that are read or made up at a time.
const PIECE: usize = 256 << 10;
/// The most that a packed unit has: a unit of 64 KiB is stored plain where packing does not make it smaller.
const PACKED_BYTES: usize = 128 << 10;

/// Why the content of a file is not had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ContentError {
    /// Whoever told of the file said so.
    #[error("it cannot be loaded: {0:?}")]
    Unloadable(Unloadable),
    /// The volume cannot be read there.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The extents are not those of a file of this size in this volume.
    #[error("its extents break the contract: {0}")]
    Extents(String),
    /// It is packed, and what is packed is damaged.
    #[error("what is packed by {0:?} cannot be unpacked")]
    Packed(Codec),
    /// It is larger than whoever asked wants it.
    #[error("it has {0} bytes, more than are wanted")]
    Large(u64),
}

/// Proves that extents cover exactly `[0, bytes)` in order without a gap, that none is empty, that those next to each
/// other are merged where they can be, and that all lie in a volume of `volume` bytes.
///
/// # Errors
///
/// What is wrong, in words.
pub fn prove(extents: &[Extent], bytes: u64, volume: u64) -> Result<(), String> {
    let mut at = 0;
    for (index, extent) in extents.iter().enumerate() {
        if extent.logical != at || extent.bytes == 0 {
            return Err(format!("{extent:?} does not follow {at}"));
        }
        at = at.checked_add(extent.bytes).ok_or("beyond 2^64")?;
        prove_place(extent, volume)?;
        let before = index.checked_sub(1).and_then(|before| extents.get(before));
        if before.is_some_and(|before| is_continued(before, extent)) {
            return Err(format!("{extent:?} is not merged with the one before"));
        }
    }
    if at == bytes {
        Ok(())
    } else {
        Err(format!("{at} bytes are covered of {bytes}"))
    }
}

/// Whether `next` is the same piece of disk, or of zeros, as `extent`.
fn is_continued(extent: &Extent, next: &Extent) -> bool {
    match (&extent.what, &next.what) {
        (What::Disk(at), What::Disk(next)) => at.checked_add(extent.bytes) == Some(*next),
        (What::Zeros, What::Zeros) => true,
        _ => false,
    }
}

fn prove_place(extent: &Extent, volume: u64) -> Result<(), String> {
    let is_inside = |at: u64, bytes: u64| at.checked_add(bytes).is_some_and(|end| end <= volume);
    let is_right = match &extent.what {
        What::Disk(at) => is_inside(*at, extent.bytes),
        What::Zeros => true,
        What::Inline(held) => held.len() as u64 == extent.bytes,
        What::Packed { runs, .. } => runs.iter().all(|&(at, bytes)| is_inside(at, bytes)),
    };
    if is_right {
        Ok(())
    } else {
        Err(format!("{extent:?} is not of a volume of {volume} bytes"))
    }
}

/// Gives the content of a file to `into`, in order, at most 256 KiB at a time.
///
/// # Errors
///
/// If it cannot be had; some of it may have been given then.
pub fn pour(
    blocks: &mut dyn Blocks,
    file: &File,
    into: &mut dyn FnMut(&[u8]),
) -> Result<(), ContentError> {
    let extents = file.content.as_ref();
    let extents = extents.map_err(|why| ContentError::Unloadable(why.clone()))?;
    prove(extents, file.bytes, blocks.bytes()).map_err(ContentError::Extents)?;
    for extent in extents {
        pour_extent(blocks, extent, into)?;
    }
    Ok(())
}

fn pour_extent(
    blocks: &mut dyn Blocks,
    extent: &Extent,
    into: &mut dyn FnMut(&[u8]),
) -> Result<(), ContentError> {
    match &extent.what {
        What::Disk(from) => in_pieces(extent.bytes, |at, piece| {
            blocks.read(from + at, piece)?;
            into(piece);
            Ok(())
        }),
        What::Zeros => in_pieces(extent.bytes, |_, piece| {
            piece.fill(0);
            into(piece);
            Ok(())
        }),
        What::Inline(held) => {
            into(held);
            Ok(())
        }
        What::Packed { codec, runs } => {
            into(&unpacked(blocks, *codec, runs, extent.bytes)?);
            Ok(())
        }
    }
}

/// The plain bytes of one unit.
fn unpacked(
    blocks: &mut dyn Blocks,
    codec: Codec,
    runs: &[(u64, u64)],
    bytes: u64,
) -> Result<Vec<u8>, ContentError> {
    let mut packed = Vec::new();
    for &(at, length) in runs {
        let from = packed.len();
        let length = usize::try_from(length).ok();
        let until = length.and_then(|length| from.checked_add(length));
        let until = until.filter(|&until| until <= PACKED_BYTES);
        packed.resize(until.ok_or(ContentError::Packed(codec))?, 0);
        blocks.read(at, &mut packed[from..])?;
    }
    let bytes = usize::try_from(bytes).map_err(|_| ContentError::Packed(codec))?;
    unpack(codec, &packed, bytes).map_err(|_| ContentError::Packed(codec))
}

/// Calls `each` with where a piece begins and room for it, until `bytes` are through.
fn in_pieces(
    bytes: u64,
    mut each: impl FnMut(u64, &mut [u8]) -> Result<(), ContentError>,
) -> Result<(), ContentError> {
    let mut room = vec![0; usize::try_from(bytes).unwrap_or(PIECE).min(PIECE)];
    let mut at = 0;
    while at < bytes {
        let left = usize::try_from(bytes - at).unwrap_or(PIECE).min(PIECE);
        each(at, &mut room[..left])?;
        at += left as u64;
    }
    Ok(())
}

/// The content of a file of at most `wanted` bytes.
///
/// # Errors
///
/// If it is larger, or cannot be had.
pub fn read_all(
    blocks: &mut dyn Blocks,
    file: &File,
    wanted: u64,
) -> Result<Vec<u8>, ContentError> {
    if file.bytes > wanted {
        return Err(ContentError::Large(file.bytes));
    }
    let mut content = Vec::new();
    pour(blocks, file, &mut |piece| content.extend_from_slice(piece))?;
    Ok(content)
}

/// Everything that was told of a volume, with folders and names joined to paths. It is all in memory: for small
/// volumes.
#[derive(Debug, Default)]
pub struct Walk {
    /// Folders with their paths, without the root, in the order of paths.
    pub folders: Vec<(Vec<u8>, Folder)>,
    /// Names that are no folders with their paths, in the order of paths.
    pub files: Vec<(Vec<u8>, File)>,
    /// What could not be told.
    pub damaged: Vec<Damaged>,
    /// Folders and files whose folder was not told, or lies in itself.
    pub lost: Vec<u64>,
    /// What the reader said at the end.
    pub summary: Summary,
}

/// Reads all of a volume.
///
/// # Errors
///
/// What the reader refuses.
pub fn walk(blocks: &mut dyn Blocks, reader: &mut dyn Reader) -> Result<Walk, Refusal> {
    let mut folders = BTreeMap::new();
    let mut files = Vec::new();
    let mut walk = Walk::default();
    walk.summary = reader.catalogue(blocks, &mut |told| {
        match told {
            Told::Folder(folder) => drop(folders.insert(folder.id, folder)),
            Told::File(file) => files.push(file),
            Told::Damaged(damaged) => walk.damaged.push(damaged),
        }
        ControlFlow::Continue(())
    })?;
    for file in files {
        match path(&folders, file.parent, &file.name) {
            Some(path) => walk.files.push((path, file)),
            None => walk.lost.push(file.id),
        }
    }
    for folder in folders.values().filter(|folder| folder.id != folder.parent) {
        match path(&folders, folder.parent, &folder.name) {
            Some(path) => walk.folders.push((path, folder.clone())),
            None => walk.lost.push(folder.id),
        }
    }
    walk.files.sort_by(|one, other| one.0.cmp(&other.0));
    walk.folders.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(walk)
}

/// The path of a name in a folder; `None` if it does not begin at the root.
fn path(folders: &BTreeMap<u64, Folder>, parent: u64, name: &[u8]) -> Option<Vec<u8>> {
    let mut names = vec![name];
    let mut seen = BTreeSet::new();
    let mut folder = folders.get(&parent)?;
    while folder.parent != folder.id {
        if !seen.insert(folder.id) {
            return None;
        }
        names.push(&folder.name);
        folder = folders.get(&folder.parent)?;
    }
    names.reverse();
    Some(names.join(&b'/'))
}

/// One line for each name of a volume, sorted: kind (`f` file, `l` symbolic link, `s` special, `e` not to be had),
/// bytes, the sum of the content (or the link's target, or what is wrong, or `-`), and the path; tabs between. Bytes
/// outside printable ASCII and `%` are `%XX`. `sum` gives the sum of a file's content.
#[must_use]
pub fn listing(
    blocks: &mut dyn Blocks,
    walk: &Walk,
    sum: &mut dyn FnMut(&mut dyn Blocks, &File) -> Result<String, ContentError>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, file) in &walk.files {
        let (kind, bytes, what) = match &file.kind {
            _ if file.content.is_err() => ('e', file.bytes, unloadable(file)),
            NodeKind::SymbolicLink(target) => ('l', 0, printable(target)),
            NodeKind::Special => ('s', 0, "-".to_owned()),
            NodeKind::Regular => match sum(blocks, file) {
                Ok(sum) => ('f', file.bytes, sum),
                Err(error) => ('e', file.bytes, printable(error.to_string().as_bytes())),
            },
        };
        lines.push(format!("{kind}\t{bytes}\t{what}\t{}", printable(path)));
    }
    lines
}

/// Why a file cannot be loaded, in words of a listing.
fn unloadable(file: &File) -> String {
    let why = file.content.as_ref().err();
    why.map_or_else(String::new, |why| printable(format!("{why:?}").as_bytes()))
}

/// Bytes as they stand in a listing.
#[must_use]
pub fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes {
        if (b' '..=b'~').contains(&byte) && byte != b'%' {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::MemoryBlocks;
    use crate::told::Times;

    fn file(bytes: u64, content: Vec<Extent>) -> File {
        File {
            id: 1,
            parent: 2,
            name: b"name".to_vec(),
            kind: NodeKind::Regular,
            bytes,
            links: 1,
            times: Times::default(),
            owner: None,
            streams: Vec::new(),
            content: Ok(content),
        }
    }

    fn extent(logical: u64, bytes: u64, what: What) -> Extent {
        Extent {
            logical,
            bytes,
            what,
        }
    }

    #[test]
    fn content_is_read_by_its_extents() {
        let mut blocks = MemoryBlocks::new((0..100).collect());
        let inline = What::Inline(Box::new([1, 2]));
        let extents = vec![
            extent(0, 3, What::Disk(97)),
            extent(3, 2, What::Zeros),
            extent(5, 2, inline),
        ];
        let file = file(7, extents);
        let content = read_all(&mut blocks, &file, 7).unwrap();
        assert_eq!(content, [97, 98, 99, 0, 0, 1, 2]);
        assert_eq!(read_all(&mut blocks, &file, 6), Err(ContentError::Large(7)));
    }

    #[test]
    fn a_packed_unit_is_unpacked_from_all_its_runs() {
        // A chunk of LZNT1 of four literals, cut in two: its header says 5 bytes.
        let mut blocks = MemoryBlocks::new(b"\x04\xB0\0a....bcd".to_vec());
        let packed = What::Packed {
            codec: Codec::Lznt1,
            runs: vec![(0, 4), (8, 3)],
        };
        let file = file(4, vec![extent(0, 4, packed)]);
        assert_eq!(read_all(&mut blocks, &file, 4).unwrap(), b"abcd");
    }

    #[test]
    fn extents_that_break_the_contract_are_found() {
        let wrong: [&[Extent]; 6] = [
            &[extent(0, 9, What::Zeros)],
            &[extent(0, 5, What::Zeros), extent(5, 5, What::Zeros)],
            &[extent(0, 5, What::Disk(0)), extent(6, 5, What::Disk(50))],
            &[extent(0, 5, What::Disk(7)), extent(5, 5, What::Disk(12))],
            &[extent(0, 10, What::Disk(91))],
            &[extent(0, 10, What::Inline(Box::new([0; 9])))],
        ];
        for extents in wrong {
            assert!(prove(extents, 10, 100).is_err(), "{extents:?}");
        }
        assert!(prove(&[extent(0, 10, What::Disk(90))], 10, 100).is_ok());
        assert!(prove(&[], 0, 0).is_ok());
    }

    #[test]
    fn names_are_listed_in_printable_ascii() {
        assert_eq!(printable("a%\u{e9}~\n".as_bytes()), "a%25%C3%A9~%0A");
    }
}
