//! Volumes of real file systems, which the tools of the trade make once for all runs of the process.
//!
//! Where the files of a volume lie is found by their bytes alone: no two sectors of them are alike. Nothing that is
//! tested has a say in it.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use disks::tree::suite::Thing;
use model::plan::SIGNATURE_NAME;

use crate::chance::Chance;
use crate::device::LARGE;
use crate::raw::LOGICAL;

#[expect(clippy::unwrap_used, reason = "a simulation without disks panics")]
#[path = "../../../crates/disks/tests/raw/images.rs"]
pub(crate) mod images;

/// Bytes of each SIGNATURE, behind whose text line ends follow: more than NTFS keeps in a record of its table.
pub const SIGNATURE_BYTES: usize = 1500;

/// By so many bytes a sector of a file is known.
const KNOWN: usize = 16;

/// A volume.
pub struct Volume {
    /// Its file system.
    pub kind: &'static str,
    /// What stands for it in an MBR.
    pub in_mbr: u8,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its files by their paths.
    pub files: BTreeMap<Vec<u8>, Vec<u8>>,
    /// What lies in its sectors.
    pub sectors: Vec<Sector>,
}

/// What lies in a sector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sector {
    /// Bytes of a file, from there on.
    Of(Vec<u8>, u64),
    /// What the file system says of itself and of its files; or the bytes of files so small that they lie there.
    Metadata,
    /// What lay there before, or zeros, or so little of a file that it is not known by its bytes.
    Nothing,
}

/// How a file system is made, and what that needs.
struct Maker {
    kind: &'static str,
    in_mbr: u8,
    needed: (&'static [&'static str], bool),
    has_large: bool,
    make: fn(&BTreeMap<Vec<u8>, Thing>) -> Vec<u8>,
}

const MAKERS: [Maker; 5] = [
    Maker {
        kind: "ext4",
        in_mbr: 0x83,
        needed: images::EXT4,
        has_large: false,
        make: |things| images::ext4(4, things),
    },
    Maker {
        kind: "ext4 with a large file",
        in_mbr: 0x83,
        needed: images::EXT4,
        has_large: true,
        make: |things| images::ext4(12, things),
    },
    Maker {
        kind: "FAT16",
        in_mbr: 0x06,
        needed: images::FAT,
        has_large: false,
        make: |things| images::fat("16", 4, things),
    },
    Maker {
        kind: "NTFS",
        in_mbr: 0x07,
        needed: images::NTFS,
        has_large: false,
        make: |things| images::ntfs(4, things),
    },
    Maker {
        kind: "exFAT",
        in_mbr: 0x07,
        needed: images::EXFAT,
        has_large: false,
        make: |things| images::exfat(4, things),
    },
];

static ALL: LazyLock<Vec<Volume>> = LazyLock::new(|| {
    let makers = MAKERS.iter().filter(|maker| images::has(maker.needed));
    makers.map(Volume::make).collect()
});

/// One of each kind whose tools are here.
#[must_use]
pub fn all() -> &'static [Volume] {
    &ALL
}

impl Volume {
    fn make(maker: &Maker) -> Self {
        let files = files(Chance::new(0).of(maker.kind), maker.has_large);
        let things = files.iter();
        let things = things.map(|(path, content)| (path.clone(), Thing::File(content.clone())));
        let bytes = (maker.make)(&things.collect());
        Self {
            kind: maker.kind,
            in_mbr: maker.in_mbr,
            sectors: sectors(&bytes, &files),
            bytes,
            files,
        }
    }
}

/// Files of all sizes around those of sectors and clusters; in folders, and with names that manifests do something to.
fn files(chance: Chance, has_large: bool) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let sized = [
        (SIGNATURE_NAME, SIGNATURE_BYTES),
        ("empty", 0),
        ("one", 1),
        ("a/sector", LOGICAL),
        ("a/more than a sector", LOGICAL + 1),
        ("a/b/c/block.bin", 4096),
        ("a/b/c/more-than-a-block.bin", 4097),
        ("a/b/SIGNATURE", 3000),
        ("photos 2026/0001.jpg", 30_000),
        ("photos 2026/0002.jpg", 65_536),
        ("photos 2026/0003.jpg", 150_001),
        ("Box/B & %.html", 7000),
        ("Box/notes.txt~", 900),
        ("z/archive.gz", 20_000),
    ];
    let large = has_large.then_some(("z/large.iso", LARGE + 100));
    let files = sized.into_iter().chain(large).map(|(path, size)| {
        let mut content = chance.of(path).noise(size);
        if path.ends_with(".gz") {
            content[..3].copy_from_slice(&[0x1F, 0x8B, 0x08]);
        }
        (path.as_bytes().to_vec(), content)
    });
    files.collect()
}

fn sectors(bytes: &[u8], files: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<Sector> {
    let (mut known, mut short) = (HashMap::new(), Vec::new());
    for (path, content) in files {
        for (offset, piece) in (0_u64..).step_by(LOGICAL).zip(content.chunks(LOGICAL)) {
            match piece.get(..KNOWN) {
                Some(beginning) => drop(known.insert(beginning, (path, offset, piece))),
                None => short.push(piece),
            }
        }
    }
    let is_short = |sector: &[u8]| {
        let mut short = short.iter();
        short.any(|piece| sector.starts_with(piece) && is_empty(sector, piece.len()))
    };
    let sectors = bytes.chunks(LOGICAL).map(|sector| {
        let found = known.get(&sector[..KNOWN]);
        match found.filter(|(_, _, piece)| sector.starts_with(piece)) {
            Some((path, offset, _)) => Sector::Of((*path).clone(), *offset),
            None if is_empty(sector, 0) || is_short(sector) => Sector::Nothing,
            None => Sector::Metadata,
        }
    });
    sectors.collect()
}

/// Whether a sector has what lay there before the volume was made.
pub(crate) fn is_old(sector: &[u8]) -> bool {
    OLD.starts_with(sector)
}

static OLD: LazyLock<Vec<u8>> = LazyLock::new(|| images::stale(1));

/// Whether a sector has zeros or what lay there before, from there on.
fn is_empty(sector: &[u8], from: usize) -> bool {
    let rest = &sector[from..];
    OLD[from..].starts_with(rest) || rest.iter().all(|it| *it == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every sector of a file that does not lie in a table is found, and only once.
    #[test]
    fn where_files_lie_is_found() {
        for Volume {
            kind,
            files,
            sectors,
            ..
        } in all()
        {
            for (path, content) in files.iter().filter(|(_, content)| content.len() >= 1000) {
                let mut offsets: Vec<u64> = sectors
                    .iter()
                    .filter_map(|sector| match sector {
                        Sector::Of(of, offset) if of == path => Some(*offset),
                        _ => None,
                    })
                    .collect();
                offsets.sort_unstable();
                let expected = (0..content.len() as u64).step_by(LOGICAL);
                // What is left for the last may be too little to be known by.
                let expected = expected.filter(|at| at + KNOWN as u64 <= content.len() as u64);
                assert!(offsets.into_iter().eq(expected), "{kind}: {path:?}");
            }
            assert!(sectors.contains(&Sector::Metadata), "{kind}");
            // A byte that ends a file lies behind what comes before it, and is nobody else's.
            let path = b"a/more than a sector";
            let first = Sector::Of(path.to_vec(), 0);
            let at = sectors.iter().position(|sector| *sector == first);
            let next = at.map(|at| &sectors[at + 1]);
            assert!(
                next.is_none_or(|it| *it == Sector::Nothing),
                "{kind}: {next:?}"
            );
        }
    }
}
