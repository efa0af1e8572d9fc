//! exFAT as it should not be.

use filesystems::blocks::MemoryBlocks;
use filesystems::reader::{Options, Refusal};
use filesystems::told::Unloadable;

use crate::Volume;
use crate::disk::content;
use crate::exfat_volume::{CLUSTERS, ExfatVolume, Stream, set};

fn refusal(volume: ExfatVolume) -> Refusal {
    let blocks = MemoryBlocks::new(volume.disk.bytes);
    let read = Volume::of(blocks, &Options::default());
    read.err().expect("is refused")
}

#[test]
fn a_boot_region_whose_checksum_is_wrong_is_replaced_by_its_copy() {
    for place in [0, 64, 511, 513, 5000, 5632] {
        let mut volume = ExfatVolume::new(1);
        volume.file("a", &Stream::empty());
        volume.disk.bytes[place] ^= 1;
        if place == 511 || place == 0 {
            continue;
        }
        let read = Volume::read(volume.disk.bytes.clone());
        assert_eq!(read.paths(), ["a"], "{place}");
        assert!(read.remarks().contains("first sector"));
        volume.disk.bytes[12 * 512 + place] ^= 1;
        assert!(matches!(refusal(volume), Refusal::Damaged(_)));
    }
    let mut volume = ExfatVolume::new(1);
    volume.file("a", &Stream::empty());
    let mut blocks = MemoryBlocks::new(volume.disk.bytes);
    blocks.break_range(0..512);
    let read = Volume::of(blocks, &Options::default()).unwrap();
    assert_eq!(read.paths(), ["a"]);
}

#[test]
fn a_boot_region_that_cannot_be_is_refused() {
    let cases: [(usize, &[u8]); 12] = [
        (72, &[1, 0, 0, 0, 0, 0, 0, 0]),
        (72, &[0xFF; 8]),
        (80, &[1, 0, 0, 0]),
        (80, &[0xFF; 4]),
        (84, &[1, 0, 0, 0]),
        (88, &[1, 0, 0, 0]),
        (92, &[0; 4]),
        (92, &[0xFF; 4]),
        (96, &[1, 0, 0, 0]),
        (96, &[0xFF; 4]),
        (109, &[30]),
        (110, &[0]),
    ];
    for (at, bytes) in cases {
        let mut volume = ExfatVolume::new(1);
        volume.disk.put(at, bytes);
        volume.seal();
        let refused = refusal(volume);
        assert!(matches!(refused, Refusal::Damaged(_)), "{at} {refused:?}");
    }
    let mut volume = ExfatVolume::new(1);
    volume.disk.put(104, &[0, 2]);
    volume.seal();
    assert!(matches!(refusal(volume), Refusal::Unsupported(_)));
}

#[test]
fn sets_that_are_wrong_cost_their_file_alone() {
    for (entry, byte) in [(0, 4), (0, 12), (1, 8), (1, 20), (2, 2), (2, 0), (1, 0)] {
        let mut volume = ExfatVolume::new(1);
        let at = volume.file("damaged", &Stream::empty());
        volume.file("sound", &Stream::empty());
        volume.disk.bytes[at + entry * 32 + byte] ^= 0x01;
        let read = Volume::read(volume.disk.bytes);
        assert_eq!(read.paths(), ["sound"], "{entry} {byte}");
        assert!(!read.walk.damaged.is_empty());
    }
}

#[test]
fn a_set_without_its_first_entry_or_its_last_is_told_once() {
    let mut volume = ExfatVolume::new(1);
    let raw = set("a name of more than fifteen", 0x20, &Stream::empty(), &[]);
    volume.disk.add(volume.root.clone(), &raw[32..]);
    volume.file("sound", &Stream::empty());
    let read = Volume::read(volume.disk.bytes);
    assert_eq!(read.paths(), ["sound"]);
    assert!(read.damaged().why.contains("first entry"));
    let mut volume = ExfatVolume::new(1);
    volume.disk.add(volume.root.clone(), &raw[..96]);
    volume.file("sound", &Stream::empty());
    let read = Volume::read(volume.disk.bytes);
    assert_eq!(read.paths(), ["sound"]);
    assert!(read.damaged().why.contains("missing"));
}

#[test]
fn entries_that_must_be_understood_cost_what_they_stand_in() {
    let mut volume = ExfatVolume::new(1);
    let raw = set("a", 0x20, &Stream::empty(), &[0xC7]);
    volume.disk.add(volume.root.clone(), &raw);
    let read = Volume::read(volume.disk.bytes);
    let content = read.file("a").content.clone();
    assert!(matches!(content, Err(Unloadable::UnknownFeature(_))));

    let mut volume = ExfatVolume::new(1);
    let root = volume.root.clone();
    let folder = volume.folder(root, "folder", 20);
    volume.disk.add(folder, &[0x87]);
    let read = Volume::read(volume.disk.bytes);
    assert!(read.damaged().is_folder);

    let mut volume = ExfatVolume::new(1);
    volume.disk.add(volume.root.clone(), &[0x87]);
    assert!(matches!(refusal(volume), Refusal::Unsupported(_)));
}

#[test]
fn streams_that_cannot_be_are_damage() {
    let last = u32::try_from(CLUSTERS + 1).unwrap();
    for (stream, why) in [
        (Stream::contiguous(last, 2049), "no cluster"),
        (Stream::contiguous(1, 1), "no cluster"),
        (Stream::contiguous(10, usize::MAX), "no cluster"),
        (Stream::chained(last + 1, 1), "no cluster"),
        (Stream::chained(0, 1), "no cluster 0"),
        (Stream::chained(50, 2049), "needs 2"),
        (Stream::chained(60, 1), "free"),
    ] {
        let mut volume = ExfatVolume::new(1);
        volume.fill(&[50], b"x", true);
        volume.file("a", &stream);
        let read = Volume::read(volume.disk.bytes);
        assert!(read.damage("a").contains(why), "{}", read.damage("a"));
    }
    let mut volume = ExfatVolume::new(1);
    let stream = Stream {
        valid: 3,
        ..Stream::contiguous(10, 2)
    };
    volume.file("a", &stream);
    assert!(
        Volume::read(volume.disk.bytes)
            .damaged()
            .why
            .contains("valid")
    );
}

#[test]
fn what_is_claimed_twice_damages_all_who_claim_it() {
    let mut volume = ExfatVolume::new(1);
    volume.fill(&[10, 11, 12, 13], &content(1, 8000), false);
    volume.fill(&[30, 31], &content(1, 4000), true);
    volume.disk.chain(&[30, 12]);
    volume.file("contiguous", &Stream::contiguous(10, 8000));
    volume.file("inside", &Stream::contiguous(13, 100));
    volume.file("chained", &Stream::chained(30, 4000));
    volume.file("sound", &Stream::contiguous(40, 4000));
    let read = Volume::read(volume.disk.bytes);
    for path in ["contiguous", "inside", "chained"] {
        assert!(read.damage(path).contains("twice"), "{path}");
    }
    assert!(read.file("sound").content.is_ok());
}

#[test]
fn a_file_over_the_bitmap_or_a_folder_is_damage() {
    let mut volume = ExfatVolume::new(1);
    volume.file("bitmap", &Stream::contiguous(2, 100));
    volume.file("root", &Stream::contiguous(3, 100));
    let read = Volume::read(volume.disk.bytes);
    for path in ["bitmap", "root"] {
        assert!(read.damage(path).contains("twice"), "{path}");
    }
}

#[test]
fn files_that_claim_everything_over_and_over_end_it() {
    let mut volume = ExfatVolume::new(1);
    for name in ["a", "b", "c", "d", "e", "f"] {
        volume.file(name, &Stream::contiguous(2, CLUSTERS * 2048));
    }
    assert!(matches!(refusal(volume), Refusal::Damaged(_)));
}

#[test]
fn folders_in_a_loop_are_met_once() {
    let mut volume = ExfatVolume::new(1);
    let root = volume.root.clone();
    let folder = volume.folder(root, "folder", 20);
    for (name, cluster) in [("again", 20), ("root", 3)] {
        let raw = set(name, 0x10, &Stream::contiguous(cluster, 2048), &[]);
        volume.disk.add(folder.clone(), &raw);
    }
    let raw = set("file", 0x20, &Stream::empty(), &[]);
    volume.disk.add(folder, &raw);
    let read = Volume::read(volume.disk.bytes);
    assert_eq!(read.paths(), ["folder/file"]);
    assert_eq!(read.walk.damaged.len(), 2);
}

#[test]
fn clusters_that_nothing_claims_are_told() {
    let mut volume = ExfatVolume::new(1);
    volume.take(&[50, 51, 199]);
    let read = Volume::read(volume.disk.bytes.clone());
    assert_eq!(read.walk.summary.unaccounted, Some(3 * 2048));
    volume.disk.link(2, 0);
    let bitmap = volume.root.start;
    volume.disk.put(bitmap + 20, &[0]);
    let read = Volume::read(volume.disk.bytes);
    assert_eq!(read.walk.summary.unaccounted, None);
    assert!(read.remarks().contains("bitmap"));
}
