//! The volumes that are edited.

use std::io::Read as _;

use filesystems::checksum::crc32;

use crate::Edited;
use crate::disk::content;
use crate::exfat_volume::{ExfatVolume, Stream, resum};
use crate::fat_volume::{FILE, FatVolume, Shape, entry, long};

/// FAT12 or FAT32 with files in pieces, long names and folders in folders.
pub fn fat(is_wide: bool) -> Vec<u8> {
    let shape = if is_wide { Shape::FAT32 } else { Shape::FAT12 };
    let mut volume = FatVolume::new(shape);
    volume.file(b"A          ", &[30, 31, 32, 40, 41], &content(1, 9000));
    let region = volume.folder(b"FOLDER     ", &[20, 22]);
    let mut raw = long(
        "a name of more than thirteen units".encode_utf16(),
        b"ANAMEO~1   ",
    );
    raw.extend(entry(b"ANAMEO~1   ", FILE, 50, 3));
    volume.disk.add(region.clone(), &raw);
    volume.disk.chain(&[50]);
    volume.folder_in(region, b"DEEP       ", &[23]);
    volume.disk.bytes
}

/// exFAT with files in pieces and in one, and a folder; and where its root is.
pub fn exfat() -> (Vec<u8>, std::ops::Range<usize>) {
    let mut volume = ExfatVolume::new(1);
    volume.fill(&[30, 31, 40, 41, 33], &content(1, 9000), true);
    volume.file("chained", &Stream::chained(30, 9000));
    volume.fill(&[50, 51, 52], &content(2, 5000), false);
    volume.file("contiguous", &Stream::contiguous(50, 5000));
    volume.file("empty", &Stream::empty());
    let root = volume.root.clone();
    volume.folder(root, "folder", 60);
    volume.seal();
    (volume.disk.bytes, volume.root)
}

/// Makes the checksums right again of boot sectors and of entries in the root.
pub fn sum_exfat(volume: &mut Edited<'_>, root: std::ops::Range<usize>) {
    let sectors = volume.bytes_at(0, 11 * 512);
    let sum = sectors.iter().enumerate();
    let sum = sum.filter(|(at, _)| !matches!(at, 106 | 107 | 112));
    let sum = sum.fold(0_u32, |sum, (_, byte)| {
        sum.rotate_right(1).wrapping_add(u32::from(*byte))
    });
    volume.edit(11 * 512, sum.to_le_bytes().repeat(128));
    let entries = volume.bytes_at(root.start, root.len());
    for (index, head) in entries.chunks(32).enumerate() {
        let bytes = (usize::from(head[1]) + 1) * 32;
        if let (0x85, Some(set)) = (head[0], entries[index * 32..].get(..bytes)) {
            let mut set = set.to_vec();
            resum(&mut set);
            volume.edit(root.start + index * 32, set);
        }
    }
}

/// NTFS with something of everything.
pub fn ntfs() -> Vec<u8> {
    crate::everything::image().finish()
}

/// ext4 of 4 MiB whose journal was not replayed, as mke2fs and debugfs made it, without checksums of metadata.
pub fn ext() -> Vec<u8> {
    let packed = include_bytes!("../images/ext4.gz");
    let mut image = Vec::new();
    let mut unpacked = flate2::read::GzDecoder::new(&packed[..]);
    unpacked.read_to_end(&mut image).expect("an image");
    image
}

const SECTOR: usize = 512;
const DEVICE: usize = 1 << 20;

/// A disk with a GPT of two partitions and its copy, or with an MBR and logical partitions; a FAT begins in each.
pub fn tables(is_gpt: bool) -> Vec<u8> {
    let mut disk = vec![0; DEVICE];
    let fat = fat(false);
    for at in [200, 1000] {
        disk[at * SECTOR..][..fat.len()].copy_from_slice(&fat);
    }
    if is_gpt {
        write_mbr(&mut disk, 0, &[(0xEE, 1, 2047)]);
        write_gpt(&mut disk, 1, 2);
        write_gpt(&mut disk, 2047, 2015);
    } else {
        write_mbr(&mut disk, 0, &[(1, 200, 400), (5, 900, 1000)]);
        write_mbr(&mut disk, 900, &[(1, 100, 400), (5, 600, 100)]);
        write_mbr(&mut disk, 1500, &[(0x83, 1, 99)]);
    }
    disk
}

fn write_mbr(disk: &mut [u8], sector: usize, partitions: &[(u8, u32, u32)]) {
    for (index, (kind, first, count)) in partitions.iter().enumerate() {
        let entry = &mut disk[sector * SECTOR + 446 + index * 16..][..16];
        entry[4] = *kind;
        entry[8..12].copy_from_slice(&first.to_le_bytes());
        entry[12..].copy_from_slice(&count.to_le_bytes());
    }
    disk[sector * SECTOR + 510..][..2].copy_from_slice(&[0x55, 0xAA]);
}

fn write_gpt(disk: &mut [u8], own: usize, entries: usize) {
    for (index, first) in [200_u64, 1000].into_iter().enumerate() {
        let entry = &mut disk[entries * SECTOR + index * 128..][..128];
        entry[..16].fill(0x77);
        entry[32..40].copy_from_slice(&first.to_le_bytes());
        entry[40..48].copy_from_slice(&(first + 399).to_le_bytes());
        entry[56..58].copy_from_slice(b"n\0");
    }
    let head = &mut disk[own * SECTOR..][..92];
    head[..16].copy_from_slice(b"EFI PART\0\0\x01\0\x5C\0\0\0");
    for (at, value) in [(24, own), (32, 2048 - own), (72, entries)] {
        head[at..at + 8].copy_from_slice(&(value as u64).to_le_bytes());
    }
    head[80..84].copy_from_slice(&128_u32.to_le_bytes());
    head[84..88].copy_from_slice(&128_u32.to_le_bytes());
}

/// Makes the checksums of both copies of a GPT right, whatever they say.
pub fn sum_tables(disk: &mut Edited<'_>) {
    for own in [1, 2047] {
        let head = own * SECTOR;
        let number = |disk: &mut Edited<'_>, at: usize, bytes: usize| {
            let held = disk.bytes_at(head + at, bytes);
            held.iter()
                .rev()
                .fold(0, |number: usize, byte| number << 8 | usize::from(*byte))
        };
        let entries = number(disk, 72, 8).saturating_mul(SECTOR);
        let bytes = number(disk, 80, 4).saturating_mul(number(disk, 84, 4));
        let entries = disk.bytes_at(entries, bytes.min(DEVICE));
        disk.edit(head + 88, crc32(&entries).to_le_bytes().to_vec());
        disk.edit(head + 16, vec![0; 4]);
        let bytes = number(disk, 12, 4).min(SECTOR);
        let sum = crc32(&disk.bytes_at(head, bytes));
        disk.edit(head + 16, sum.to_le_bytes().to_vec());
    }
}
