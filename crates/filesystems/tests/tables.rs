//! Partition tables that are written here, whole and broken, for both sizes of sectors.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use filesystems::blocks::MemoryBlocks;
use filesystems::checksum::crc32;
use filesystems::tables::{self, Scheme, TableFault};
use filesystems::volumes::survey;
use proptest::prelude::*;

const DEVICE: usize = 8 << 20;
/// The bytes of a GUID for Linux data, and of the EFI system.
const LINUX: [u8; 16] = [
    0xAF, 0x3D, 0xC6, 0x0F, 0x83, 0x84, 0x72, 0x47, 0x8E, 0x79, 0x3D, 0x69, 0xD8, 0x47, 0x7D, 0xE4,
];
const EFI: [u8; 16] = [
    0x28, 0x73, 0x2A, 0xC1, 0x1F, 0xF8, 0xD2, 0x11, 0xBA, 0x4B, 0, 0xA0, 0xC9, 0x3E, 0xC9, 0x3B,
];

fn put(content: &mut [u8], at: usize, bytes: &[u8]) {
    content[at..at + bytes.len()].copy_from_slice(bytes);
}

/// An entry of an MBR: kind, first sector, count.
fn mbr_entry(content: &mut [u8], record: usize, index: usize, entry: (u8, u32, u32)) {
    let at = record + 446 + index * 16;
    content[at + 4] = entry.0;
    put(content, at + 8, &entry.1.to_le_bytes());
    put(content, at + 12, &entry.2.to_le_bytes());
    put(content, record + 510, &[0x55, 0xAA]);
}

/// A header at sector `own` with its entries at sector `entries`.
fn header(content: &mut [u8], sector: usize, own: usize, other: usize, entries: usize) {
    let at = entries * sector;
    for (index, (kind, first, last)) in [(EFI, 100u64, 199u64), (LINUX, 200, 299)]
        .into_iter()
        .enumerate()
    {
        put(content, at + index * 128, &kind);
        put(content, at + index * 128 + 32, &first.to_le_bytes());
        put(content, at + index * 128 + 40, &last.to_le_bytes());
        put(
            content,
            at + index * 128 + 56,
            &[b'n', 0, b'1' + u8::try_from(index).unwrap(), 0],
        );
    }
    let sum = crc32(&content[at..at + 128 * 128]);
    let head = own * sector;
    put(content, head, b"EFI PART\0\0\x01\0\x5C\0\0\0\0\0\0\0");
    for (at, value) in [(24, own), (32, other), (72, entries)] {
        put(content, head + at, &(value as u64).to_le_bytes());
    }
    put(content, head + 80, &128u32.to_le_bytes());
    put(content, head + 84, &128u32.to_le_bytes());
    put(content, head + 88, &sum.to_le_bytes());
    let sum = crc32(&content[head..head + 92]);
    put(content, head + 16, &sum.to_le_bytes());
}

/// A device with both copies of a GPT and its protective MBR.
fn gpt(sector: usize) -> Vec<u8> {
    let mut content = vec![0; DEVICE];
    let last = DEVICE / sector - 1;
    mbr_entry(&mut content, 0, 0, (0xEE, 1, u32::MAX));
    header(&mut content, sector, 1, last, 2);
    header(&mut content, sector, last, 1, last - 40);
    content
}

#[test]
fn a_gpt_is_read_for_either_size_of_sectors() {
    for sector in [512u32, 4096] {
        let size = usize::try_from(sector).unwrap();
        for device in [512, 4096] {
            let mut blocks = MemoryBlocks::new(gpt(size)).with_sector(device);
            let survey = survey(&mut blocks).unwrap();
            let table = survey.table.unwrap();
            assert_eq!((table.scheme, table.sector), (Scheme::Gpt, sector));
            let places: Vec<(u32, u64, u64)> = table
                .partitions
                .iter()
                .map(|found| (found.number, found.offset, found.bytes))
                .collect();
            let unit = u64::from(sector) * 100;
            assert_eq!(places, [(1, unit, unit), (2, unit * 2, unit)]);
            assert_eq!(table.partitions[0].system(), Some("EFI system partition"));
            assert_eq!(
                (table.partitions[1].system(), &table.partitions[1].name[..]),
                (None, "n2")
            );
            assert_eq!(table.remarks, [""; 0]);
        }
    }
}

#[test]
fn a_damaged_first_copy_is_outdone_by_the_last() {
    for place in [512 + 16, 512 + 30, 1024 + 40] {
        let mut content = gpt(512);
        content[place] ^= 1;
        let table = tables::read(&mut MemoryBlocks::new(content), 512).unwrap();
        assert_eq!(table.partitions.len(), 2);
        assert!(table.remarks[0].contains("first copy"), "{place}");
    }
}

#[test]
fn a_gpt_of_which_no_copy_is_right_is_damaged_and_not_an_mbr() {
    let mut content = gpt(512);
    content[512 + 16] ^= 1;
    content[DEVICE - 512 + 16] ^= 1;
    let mut blocks = MemoryBlocks::new(content);
    assert!(matches!(
        tables::read(&mut blocks, 512),
        Err(TableFault::Damaged(_))
    ));
    let survey = survey(&mut blocks).unwrap();
    assert!(survey.damaged_table.is_some() && survey.table.is_none());
}

#[test]
fn of_a_hybrid_the_gpt_is_right() {
    let mut content = gpt(512);
    mbr_entry(&mut content, 0, 1, (0x0C, 5000, 10));
    let table = tables::read(&mut MemoryBlocks::new(content), 512).unwrap();
    assert_eq!((table.scheme, table.partitions.len()), (Scheme::Gpt, 2));
}

/// An MBR with a chain of two logical partitions.
fn mbr(sector: usize) -> Vec<u8> {
    let mut content = vec![0; DEVICE];
    mbr_entry(&mut content, 0, 0, (0x83, 100, 50));
    mbr_entry(&mut content, 0, 1, (0x0F, 200, 500));
    mbr_entry(&mut content, 200 * sector, 0, (0x07, 10, 40));
    mbr_entry(&mut content, 200 * sector, 1, (0x05, 100, 100));
    mbr_entry(&mut content, 300 * sector, 0, (0x83, 10, 60));
    content
}

#[test]
fn logical_partitions_are_numbered_from_5() {
    let table = tables::read(&mut MemoryBlocks::new(mbr(512)), 512).unwrap();
    let found: Vec<(u32, u64, &str)> = table
        .partitions
        .iter()
        .map(|found| (found.number, found.offset / 512, &found.kind[..]))
        .collect();
    assert_eq!(found, [(1, 100, "83"), (5, 210, "07"), (6, 310, "83")]);
    assert_eq!(table.remarks, [""; 0]);
}

#[test]
fn a_chain_that_goes_round_ends() {
    let mut content = mbr(512);
    mbr_entry(&mut content, 300 * 512, 1, (0x05, 100, 100));
    let table = tables::read(&mut MemoryBlocks::new(content), 512).unwrap();
    assert_eq!(table.partitions.len(), 3);
    assert!(table.remarks[0].contains("go round"));
}

#[test]
fn an_mbr_counts_by_the_sectors_at_which_something_is_found() {
    for sector in [512usize, 4096] {
        let mut content = mbr(sector);
        put(&mut content, 100 * sector + 1080, &[0x53, 0xEF]);
        let survey = survey(&mut MemoryBlocks::new(content)).unwrap();
        let table = survey.table.unwrap();
        assert_eq!(usize::try_from(table.sector).unwrap(), sector);
    }
}

#[test]
fn a_partition_that_goes_past_the_end_is_cut() {
    let mut content = vec![0; DEVICE];
    mbr_entry(&mut content, 0, 0, (0x83, 16000, 50000));
    mbr_entry(&mut content, 0, 1, (0x83, 900_000, 5));
    let table = tables::read(&mut MemoryBlocks::new(content), 512).unwrap();
    assert_eq!(table.partitions.len(), 1);
    assert_eq!(table.partitions[0].bytes, DEVICE as u64 - 16000 * 512);
    assert_eq!(table.remarks.len(), 2);
}

#[test]
fn what_is_shorter_than_a_table_has_none_that_is_damaged() {
    let survey = survey(&mut MemoryBlocks::new(b"root:x:0:0\n".to_vec())).unwrap();
    assert_eq!((survey.damaged_table, survey.volumes.len()), (None, 1));
}

#[test]
fn a_file_system_that_begins_with_the_device_is_the_whole_of_it() {
    let mut content = mbr(512);
    put(&mut content, 3, b"NTFS    ");
    let survey = survey(&mut MemoryBlocks::new(content)).unwrap();
    assert!(survey.table.is_none());
    assert_eq!(
        (survey.volumes.len(), survey.volumes[0].bytes),
        (1, DEVICE as u64)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is edited: no panic, an end, and every partition lies in the device.
    #[test]
    fn partitions_lie_in_the_device(
        which in 0usize..3,
        edits in prop::collection::vec((0usize..3000, any::<u8>()), 1..12),
    ) {
        let mut content = match which { 0 => gpt(512), 1 => mbr(512), _ => mbr(4096) };
        for (place, value) in edits {
            let at = [446, 510, 512, 1024, 200 * 512 + 446, 300 * 512 + 446][place % 6];
            content[at + place / 6 % 100] = value;
        }
        // A header that was edited counts only with the right checksum.
        let sum = { content[528..532].fill(0); crc32(&content[512..604]) };
        put(&mut content, 528, &sum.to_le_bytes());
        for sector in [512, 4096] {
            if let Ok(table) = tables::read(&mut MemoryBlocks::new(content.clone()), sector) {
                for found in table.partitions {
                    prop_assert!(found.offset + found.bytes <= DEVICE as u64);
                }
            }
        }
    }
}
