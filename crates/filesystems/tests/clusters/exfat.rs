//! exFAT as it should be.

use filesystems::blocks::MemoryBlocks;
use filesystems::reader::Options;
use filesystems::told::{Moment, Unloadable};

use crate::Volume;
use crate::disk::content;
use crate::exfat_volume::{ExfatVolume, Stream, set};

#[test]
fn files_with_and_without_a_chain_are_read_whole() {
    for tables in [1, 2] {
        let mut volume = ExfatVolume::new(tables);
        let (one, other) = (content(1, 9000), content(2, 6144));
        volume.fill(&[10, 9, 20, 21, 8], &one, true);
        volume.fill(&[30, 31, 32], &other, false);
        volume.file("chained", &Stream::chained(10, 9000));
        volume.file("contiguous", &Stream::contiguous(30, 6144));
        volume.file("empty", &Stream::empty());
        let root = volume.root.clone();
        let folder = volume.folder(root, "folder", 40);
        volume.fill(&[41], b"inside", true);
        let raw = set("\u{1F600} in it", 0x20, &Stream::chained(41, 6), &[]);
        volume.disk.add(folder, &raw);
        let mut read = Volume::read(volume.disk.bytes);
        read.assert_sound();
        assert_eq!((read.facts.kind, read.facts.cluster), ("exFAT", 2048));
        assert_eq!(read.facts.uuid.as_deref(), Some("1234-ABCD"));
        assert_eq!(
            read.paths(),
            ["chained", "contiguous", "empty", "folder/\u{1F600} in it"]
        );
        assert_eq!(read.content("chained"), one);
        assert_eq!(read.content("contiguous"), other);
        assert_eq!(read.content("folder/\u{1F600} in it"), b"inside");
    }
}

#[test]
fn past_the_valid_length_all_is_zeros() {
    let mut volume = ExfatVolume::new(1);
    volume.fill(&[10, 12, 14], b"", true);
    for (index, valid) in [0u64, 1, 2047, 2048, 2049, 4096, 5000]
        .into_iter()
        .enumerate()
    {
        let mut one = ExfatVolume::new(1);
        let whole = content(7, 5000);
        one.fill(&[10, 12, 14], &whole, true);
        let stream = Stream {
            valid,
            ..Stream::chained(10, 5000)
        };
        one.file("a", &stream);
        let mut read = Volume::read(one.disk.bytes);
        read.assert_sound();
        let mut expected = whole;
        expected[usize::try_from(valid).unwrap()..].fill(0);
        assert_eq!(read.content("a"), expected, "{index}");
    }
}

#[test]
fn the_second_table_and_bitmap_count_only_if_the_volume_says_so() {
    let mut volume = ExfatVolume::new(2);
    let whole = content(1, 6000);
    volume.fill(&[10, 20, 30], &whole, true);
    volume.file("a", &Stream::chained(10, 6000));
    let first = volume.disk.tables[0];
    volume.disk.bytes[first + 40..first + 400].fill(0);
    let mut read = Volume::read(volume.disk.bytes.clone());
    read.assert_sound();
    assert_eq!(read.content("a"), whole);
    volume.disk.put(106, &[0]);
    let read = Volume::read(volume.disk.bytes);
    assert!(read.damage("a").contains("free"));
    assert_eq!(read.walk.summary.unaccounted, None);
}

#[test]
fn deleted_entries_and_those_that_may_be_passed_over_are() {
    let mut volume = ExfatVolume::new(1);
    let mut deleted = set("deleted", 0x20, &Stream::empty(), &[]);
    for entry in deleted.chunks_mut(32) {
        entry[0] &= 0x7F;
    }
    volume.disk.add(volume.root.clone(), &deleted);
    let mut benign = vec![0; 64];
    (benign[0], benign[1], benign[32]) = (0xA0, 1, 0xE0);
    volume.disk.add(volume.root.clone(), &benign);
    let vendor = set("a", 0x20, &Stream::empty(), &[0xE0, 0xE1]);
    volume.disk.add(volume.root.clone(), &vendor);
    let read = Volume::read(volume.disk.bytes);
    read.assert_sound();
    assert_eq!(read.paths(), ["a"]);
    assert!(read.file("a").content.is_ok());
}

#[test]
fn an_offset_from_utc_counts_before_the_zone_of_the_options() {
    let mut volume = ExfatVolume::new(1);
    volume.file("a", &Stream::empty());
    let at = volume.file("b", &Stream::empty());
    let mut raw = volume.disk.bytes[at..at + 96].to_vec();
    raw[23] = 0;
    crate::exfat_volume::resum(&mut raw);
    volume.disk.put(at, &raw);
    let options = Options {
        zone_minutes: -120,
        ..Options::default()
    };
    let read = Volume::of(MemoryBlocks::new(volume.disk.bytes), &options).unwrap();
    let moment = |hours: i64| Moment {
        seconds: 981_173_106 + hours * 3600 + 1,
        nanoseconds: 500_000_000,
    };
    assert_eq!(read.file("a").times.modified, Some(moment(-1)));
    assert_eq!(read.file("b").times.modified, Some(moment(2)));
}

#[test]
fn what_efs_encrypted_is_not_loaded() {
    let mut volume = ExfatVolume::new(1);
    volume.file("a.txt.PFILE", &Stream::empty());
    volume.file("$EFS", &Stream::empty());
    let read = Volume::read(volume.disk.bytes);
    for path in ["a.txt.PFILE", "$EFS"] {
        let content = &read.file(path).content;
        assert_eq!(content, &Err(Unloadable::Encrypted("EFS")));
    }
}

#[test]
fn labels_are_told_and_dirty_volumes_remarked() {
    let mut volume = ExfatVolume::new(1);
    let mut label = vec![0x83, 3, b'a', 0, 0xE9, 0, b'b', 0, b'x', 0];
    label.resize(32, 0);
    volume.disk.add(volume.root.clone(), &label);
    volume.disk.put(106, &[2]);
    let read = Volume::read(volume.disk.bytes);
    assert_eq!(read.facts.label.as_deref(), Some("aéb".as_bytes()));
    assert!(read.remarks().contains("ejected"));
}
