//! Thousands of volumes in which bytes were changed: none may end a reader, keep it for ever, or make it tell of what
//! is not there.

use std::time::{Duration, Instant};

use filesystems::blocks::MemoryBlocks;
use filesystems::reader::Options;

use crate::Volume;
use crate::disk::content;
use crate::exfat_volume::{ExfatVolume, Stream, resum, set};
use crate::fat_volume::{FILE, FatVolume, Shape, entry, long};

/// Numbers that follow from a seed (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    /// A place where something stands: in the first sectors, a table, or a folder.
    fn place(&mut self, places: &[std::ops::Range<usize>]) -> usize {
        let range = &places[self.below(places.len())];
        range.start + self.below(range.len())
    }
}

/// Changes one to six bytes, most of them to values that mean something.
fn change(chance: &mut Chance, bytes: &mut [u8], places: &[std::ops::Range<usize>]) {
    for _ in 0..=chance.below(6) {
        let at = chance.place(places);
        let values = [
            0, 1, 2, 3, 5, 0x0F, 0x10, 0x7F, 0x80, 0x85, 0xC0, 0xC1, 0xE5, 0xFF,
        ];
        bytes[at] = match chance.below(3) {
            0 => values[chance.below(values.len())],
            1 => bytes[at] ^ 1 << chance.below(8),
            _ => bytes[chance.place(places)],
        };
    }
}

/// Reads a volume that may be anything; [`Volume::of`] proves the extents of all files.
fn read(bytes: Vec<u8>) -> bool {
    let begun = Instant::now();
    let read = Volume::of(MemoryBlocks::new(bytes), &Options::default());
    assert!(begun.elapsed() < Duration::from_secs(20), "took too long");
    read.is_ok()
}

#[test]
fn fat_with_random_bytes_ends_and_tells_nothing_impossible() {
    let mut chance = Chance(0x5EED_1234);
    let mut opened = 0;
    for shape in [Shape::FAT12, Shape::FAT32] {
        let mut volume = FatVolume::new(shape);
        volume.file(b"A          ", &[30, 31, 32, 40, 41], &content(1, 9000));
        let region = volume.folder(b"FOLDER     ", &[20, 22]);
        let mut raw = long(
            "a name of more than thirteen units".encode_utf16(),
            b"ANAMEO~1   ",
        );
        raw.extend(entry(b"ANAMEO~1   ", FILE, 50, 3));
        volume.disk.add(region.clone(), &raw);
        volume.folder_in(region.clone(), b"DEEP       ", &[23]);
        let first = volume.disk.tables[0];
        let places = [
            0..64,
            first..first + 200,
            volume.root.start..volume.root.start + 256,
            region,
        ];
        for _ in 0..1500 {
            let mut bytes = volume.disk.bytes.clone();
            change(&mut chance, &mut bytes, &places);
            opened += u32::from(read(bytes));
        }
    }
    assert!(opened > 1500, "only {opened} were volumes");
}

#[test]
fn exfat_with_random_bytes_ends_and_tells_nothing_impossible() {
    let mut chance = Chance(0x5EED_5678);
    let mut volume = ExfatVolume::new(1);
    volume.fill(&[10, 9, 20, 21, 8], &content(1, 9000), true);
    let mut sets = vec![volume.file("chained", &Stream::chained(10, 9000))];
    sets.push(volume.file("contiguous", &Stream::contiguous(30, 6144)));
    let root = volume.root.clone();
    let folder = volume.folder(root, "folder", 40);
    let raw = set("inside", 0x20, &Stream::chained(41, 6), &[]);
    sets.push(volume.disk.add(folder.clone(), &raw));
    let first = volume.disk.tables[0];
    let root = volume.root.start..volume.root.start + 512;
    let places = [
        64..113,
        first..first + 200,
        root,
        folder.start..folder.start + 128,
    ];
    let pristine = volume.disk.bytes.clone();
    let mut opened = 0;
    for _ in 0..3000 {
        volume.disk.bytes.clone_from(&pristine);
        change(&mut chance, &mut volume.disk.bytes, &places);
        // Most changes would end at a checksum that is wrong.
        for &at in &sets {
            resum(&mut volume.disk.bytes[at..at + 96]);
        }
        volume.seal();
        opened += u32::from(read(volume.disk.bytes.clone()));
    }
    assert!(opened > 1000, "only {opened} were volumes");
}

#[test]
fn a_volume_that_is_cut_anywhere_ends() {
    let mut volume = FatVolume::new(Shape::FAT12);
    volume.file(b"A          ", &[30, 31], &content(1, 4000));
    let mut exfat = ExfatVolume::new(1);
    exfat.file("a", &Stream::contiguous(30, 4000));
    for bytes in [volume.disk.bytes, exfat.disk.bytes] {
        for cut in (0..bytes.len()).step_by(173) {
            read(bytes[..cut].to_vec());
        }
    }
}
