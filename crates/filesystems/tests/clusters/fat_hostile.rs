//! FAT as it should not be.

use std::time::{Duration, Instant};

use filesystems::blocks::MemoryBlocks;
use filesystems::limits::Limits;
use filesystems::reader::{Options, Refusal};

use crate::Volume;
use crate::disk::content;
use crate::fat_volume::{FILE, FOLDER, FatVolume, Shape, entry, long};

const SHAPES: [Shape; 3] = [Shape::FAT12, Shape::FAT16, Shape::FAT32];

/// A volume with two files in clusters 5 to 8 and 10 to 12, the second of which is sound.
fn two_files(shape: Shape) -> FatVolume {
    let mut volume = FatVolume::new(shape);
    let cluster = volume.disk.cluster;
    volume.file(b"A          ", &[5, 6, 7, 8], &content(1, cluster * 4 - 3));
    volume.file(b"B          ", &[10, 11, 12], &content(2, cluster * 3));
    volume
}

#[test]
fn a_chain_that_is_wrong_damages_its_file_alone() {
    for shape in SHAPES {
        for (next, why) in [
            (0, "free"),
            (1, "no cluster 1"),
            (u32::try_from(shape.clusters).unwrap() + 2, "no cluster"),
            (0xFFFF_FFF7, "marked as bad"),
            (u32::MAX, "needs 4"),
            (5, "twice"),
            (6, "twice"),
        ] {
            let mut volume = two_files(shape);
            volume.disk.link(6, next);
            let mut read = Volume::read(volume.disk.bytes);
            assert!(
                read.damage("A").contains(why),
                "{next}: {}",
                read.damage("A")
            );
            assert_eq!(read.content("B").len() as u64, read.file("B").bytes);
        }
    }
}

#[test]
fn what_is_claimed_twice_damages_all_who_claim_it() {
    for shape in SHAPES {
        let mut volume = two_files(shape);
        volume.disk.link(11, 7);
        volume.file(b"C          ", &[20], b"content");
        let read = Volume::read(volume.disk.bytes);
        assert!(read.damage("A").contains("cluster 7 is claimed twice"));
        assert!(read.damage("B").contains("cluster 7 is claimed twice"));
        assert!(read.file("C").content.is_ok());
    }
}

#[test]
fn three_that_join_one_after_the_other_are_all_damaged() {
    let mut volume = two_files(Shape::FAT16);
    volume.file(b"C          ", &[20, 21], &content(3, 1024));
    volume.disk.link(11, 7);
    volume.disk.link(20, 8);
    let mut same = entry(b"D          ", FILE, 20, 100);
    same[28] = 1;
    volume.disk.add(volume.root.clone(), &same);
    let read = Volume::read(volume.disk.bytes);
    for path in ["A", "B", "C", "D"] {
        assert!(read.damage(path).contains("twice"), "{path}");
    }
}

#[test]
fn an_empty_file_is_empty_whatever_its_chain() {
    let mut volume = FatVolume::new(Shape::FAT16);
    volume.disk.link(5, 5);
    volume
        .disk
        .add(volume.root.clone(), &entry(b"A          ", FILE, 5, 0));
    assert_eq!(Volume::read(volume.disk.bytes).content("A"), b"");
}

#[test]
fn a_size_without_clusters_is_damage() {
    let mut volume = FatVolume::new(Shape::FAT16);
    volume
        .disk
        .add(volume.root.clone(), &entry(b"A          ", FILE, 0, 1));
    volume
        .disk
        .add(volume.root.clone(), &entry(b"B          ", FILE, 1, 1));
    let read = Volume::read(volume.disk.bytes);
    assert!(read.damage("A").contains("no cluster 0"));
    assert!(read.damage("B").contains("no cluster 1"));
}

#[test]
fn a_loop_of_folders_is_met_once() {
    for shape in SHAPES {
        let mut volume = FatVolume::new(shape);
        let region = volume.folder(b"A          ", &[5]);
        volume
            .disk
            .add(region.clone(), &entry(b"B          ", FOLDER, 5, 0));
        volume.disk.add(region, &entry(b"C          ", FILE, 0, 0));
        let read = Volume::read(volume.disk.bytes);
        assert_eq!(read.paths(), ["A/C"]);
        let damaged = read.damaged();
        assert!(
            damaged.is_folder && damaged.why.contains("twice"),
            "{damaged:?}"
        );
        assert_eq!(damaged.name.as_deref(), Some(b"B".as_slice()));
    }
}

#[test]
fn a_folder_whose_chain_loops_is_listed_once_and_told() {
    let mut volume = FatVolume::new(Shape::FAT16);
    let region = volume.folder(b"A          ", &[5, 6]);
    for index in 0..14u8 {
        let short = [
            b'A' + index,
            b' ',
            b' ',
            b' ',
            b' ',
            b' ',
            b' ',
            b' ',
            b' ',
            b' ',
            b' ',
        ];
        volume.disk.add(region.clone(), &entry(&short, FILE, 0, 0));
    }
    let second = volume.disk.place(6);
    volume.disk.put(second, &[0xE5; 512]);
    volume.disk.link(6, 5);
    let read = Volume::read(volume.disk.bytes);
    assert_eq!(read.walk.files.len(), 14);
    assert!(read.damaged().why.contains("cluster 5 is claimed twice"));
}

#[test]
fn what_was_written_over_a_folder_is_not_listed() {
    let mut volume = FatVolume::new(Shape::FAT16);
    volume.folder(b"A          ", &[5]);
    let place = volume.disk.place(5);
    volume.disk.put(place, &content(1, 512));
    let read = Volume::read(volume.disk.bytes);
    assert_eq!(read.paths(), Vec::<String>::new());
    assert!(
        read.damaged().why.contains("begin with"),
        "{:?}",
        read.damaged()
    );
}

#[test]
fn a_sector_of_a_folder_that_cannot_be_read_costs_its_entries_alone() {
    let mut volume = FatVolume::new(Shape::FAT12);
    let region = volume.folder(b"A          ", &[5]);
    for index in 0..60u8 {
        let mut short = *b"?          ";
        short[0] = b'0' + index;
        volume.disk.add(region.clone(), &entry(&short, FILE, 0, 0));
    }
    let mut blocks = MemoryBlocks::new(volume.disk.bytes);
    let bad = region.start as u64 + 512;
    blocks.break_range(bad..bad + 1);
    let read = Volume::of(blocks, &Options::default()).unwrap();
    assert_eq!(read.walk.files.len(), 60 - 16);
    assert!(read.damaged().why.contains("512 bytes"));
}

#[test]
fn names_that_lead_elsewhere_are_not_told_as_files() {
    for (name, short) in [
        ("..", b"A          "),
        (".", b"B          "),
        ("a/b", b"C          "),
        ("/etc/passwd", b"D          "),
    ] {
        let mut volume = FatVolume::new(Shape::FAT12);
        let mut raw = long(name.encode_utf16(), short);
        raw.extend(entry(short, FILE, 0, 0));
        volume.disk.add(volume.root.clone(), &raw);
        let read = Volume::read(volume.disk.bytes);
        assert_eq!(read.paths(), Vec::<String>::new());
        assert_eq!(read.damaged().name.as_deref(), Some(name.as_bytes()));
    }
    for short in [
        b".          ",
        b"..         ",
        b"A/B        ",
        b"A\x01         ",
        b" A         ",
    ] {
        let mut volume = FatVolume::new(Shape::FAT12);
        volume
            .disk
            .add(volume.root.clone(), &entry(short, FILE, 0, 0));
        let read = Volume::read(volume.disk.bytes);
        assert_eq!(read.paths(), Vec::<String>::new());
        assert!(!read.damaged().is_folder);
    }
}

#[test]
fn what_lies_past_the_end_of_the_device_is_damaged() {
    let mut volume = FatVolume::new(Shape::FAT16);
    volume.file(b"A          ", &[5], b"content");
    volume.file(b"B          ", &[4000, 4100], &content(1, 1024));
    let cut = volume.disk.place(4100) + 511;
    volume.disk.bytes.truncate(cut);
    let mut read = Volume::read(volume.disk.bytes);
    assert_eq!(read.content("A"), b"content");
    assert!(read.damage("B").contains("past the end"));
    assert!(read.remarks().contains("the device ends"));
}

#[test]
fn the_second_table_stands_in_for_what_the_first_has_not() {
    let mut volume = two_files(Shape::FAT32);
    let first = volume.disk.tables[0];
    let [from, second] = [first, volume.disk.tables[1]].map(|table| table as u64);
    let whole = Volume::read(volume.disk.bytes.clone()).content("A");
    volume.disk.bytes[first..first + 40].fill(0);
    let mut blocks = MemoryBlocks::new(volume.disk.bytes);
    blocks.break_range(from..from + 1);
    let mut read = Volume::of(blocks.clone(), &Options::default()).unwrap();
    assert_eq!(read.content("A"), whole);
    assert!(read.remarks().contains("copy was used"));
    blocks.break_range(second..second + 1);
    let refused = Volume::of(blocks, &Options::default()).unwrap();
    assert!(refused.walk.files.is_empty() || refused.damage("A").contains("cannot be read"));
}

#[test]
fn the_copy_of_the_first_sector_stands_in_for_it() {
    let mut volume = FatVolume::new(Shape::FAT32);
    volume.file(b"A          ", &[5], b"content");
    let mut blocks = MemoryBlocks::new(volume.disk.bytes);
    blocks.break_range(0..1);
    let mut read = Volume::of(blocks, &Options::default()).unwrap();
    assert_eq!(read.content("A"), b"content");
    assert!(read.remarks().contains("first sector"));
}

#[test]
fn what_is_no_first_sector_is_another_system() {
    for (at, byte) in [
        (11, 1),
        (12, 3),
        (13, 0),
        (13, 3),
        (14, 0),
        (16, 0),
        (16, 9),
        (21, 1),
        (510, 0),
    ] {
        let mut volume = FatVolume::new(Shape::FAT16);
        volume.disk.put(at, &[byte]);
        let read = Volume::of(MemoryBlocks::new(volume.disk.bytes), &Options::default());
        assert_eq!(read.err(), Some(Refusal::Other), "{at}");
    }
}

#[test]
fn what_a_volume_cannot_be_is_refused() {
    let refuse = |shape, at, bytes: &[u8]| {
        let mut volume = FatVolume::new(shape);
        volume.disk.put(at, bytes);
        let blocks = MemoryBlocks::new(volume.disk.bytes);
        Volume::of(blocks, &Options::default())
            .err()
            .expect("is refused")
    };
    assert!(matches!(
        refuse(Shape::FAT32, 42, &[1]),
        Refusal::Unsupported(_)
    ));
    assert!(matches!(
        refuse(Shape::FAT32, 40, &[0x82]),
        Refusal::Damaged(_)
    ));
    assert!(matches!(
        refuse(Shape::FAT16, 32, &[9, 0, 0, 0]),
        Refusal::Damaged(_)
    ));
    assert!(matches!(
        refuse(Shape::FAT16, 32, &[0, 0, 0, 1]),
        Refusal::Damaged(_)
    ));
    let no_root = [0xFF, 0xFF, 0xFF, 0x0F];
    let mut volume = FatVolume::new(Shape::FAT32);
    volume.disk.put(44, &no_root);
    let read = Volume::read(volume.disk.bytes);
    assert!(read.damaged().is_folder && read.walk.files.is_empty());
}

#[test]
fn limits_end_it() {
    let mut volume = FatVolume::new(Shape::FAT12);
    let mut parent = volume.folder(b"0          ", &[3]);
    for cluster in 4..20 {
        parent = volume.folder_in(parent, b"0          ", &[cluster]);
    }
    volume.file(b"A          ", &[], b"");
    volume.file(b"B          ", &[30, 32], &content(1, 4000));
    let read = |limits: Limits| {
        let options = Options {
            limits,
            ..Options::default()
        };
        Volume::of(MemoryBlocks::new(volume.disk.bytes.clone()), &options)
    };
    let limits = Limits::default();
    let deep = read(Limits {
        depth: 10,
        ..limits.clone()
    })
    .unwrap();
    assert!(deep.damaged().why.contains("more than 10 folders"));
    assert!(matches!(
        read(Limits {
            folders: 10,
            ..limits.clone()
        })
        .err(),
        Some(Refusal::Limit(_))
    ));
    assert!(matches!(
        read(Limits {
            files: 1,
            ..limits.clone()
        })
        .err(),
        Some(Refusal::Limit(_))
    ));
    let scattered = read(Limits {
        extents: 1,
        ..limits.clone()
    })
    .unwrap();
    assert!(scattered.damage("B").contains("more than 1 pieces"));
    let tiny = Limits {
        metadata_bytes: 0,
        ..limits
    };
    let mut small = volume.disk.bytes.clone();
    small.truncate(4096);
    let options = Options {
        limits: tiny,
        ..Options::default()
    };
    let read = Volume::of(MemoryBlocks::new(small), &options);
    assert!(matches!(read.err(), Some(Refusal::Limit(_))));
}

#[test]
fn clusters_that_nothing_claims_are_told() {
    let mut volume = two_files(Shape::FAT16);
    volume.disk.chain(&[100, 101, 102]);
    volume.disk.link(200, 0xFFF7);
    let read = Volume::read(volume.disk.bytes);
    assert_eq!(read.walk.summary.unaccounted, Some(3 * 512));
}

#[test]
fn clusters_whose_entries_lie_past_the_end_are_not_looked_for() {
    let mut volume = FatVolume::new(Shape::FAT32);
    volume.file(b"A          ", &[30], b"held");
    // A quarter of a billion clusters, and two tables of 17 GB.
    volume.disk.put(32, &0x3FFF_FFFFu32.to_le_bytes());
    volume.disk.put(36, &0x01FF_3F30u32.to_le_bytes());
    let begun = Instant::now();
    let volume = Volume::read(volume.disk.bytes);
    assert!(begun.elapsed() < Duration::from_secs(20), "took too long");
    let unaccounted = volume.walk.summary.unaccounted.unwrap();
    assert!(unaccounted > 250_000_000 * 2048, "{unaccounted}");
}
