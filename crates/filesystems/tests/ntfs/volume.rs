//! Volumes as a whole: shapes, $MFT in pieces, copies of what cannot be read, and what is remarked.

use filesystems::blocks::{Blocks as _, MemoryBlocks};
use filesystems::ntfs::Ntfs;
use filesystems::reader::{Options, Reader as _, Refusal};

use super::Volume;
use super::image::{
    DATA, FREE, Image, LIST, MIRROR, Part, ROOT, Record, Shape, USUAL, data, file, further, list,
    marks, name, resident, spread, standard,
};

fn small(number: u64, called: &str) -> Record {
    let attributes = vec![standard(0), name(ROOT, 1, called), resident(DATA, "", b"x")];
    file(number, attributes)
}

/// A file in cluster `lcn`.
fn large(number: u64, lcn: u64, bytes: u64) -> Record {
    let attributes = vec![
        standard(0),
        name(ROOT, 1, "large"),
        data(bytes, &[(1, Some(lcn))]),
    ];
    file(number, attributes)
}

fn usual() -> Image {
    let mut image = Image::new(USUAL);
    image.add(small(20, "small"));
    image.add(large(21, FREE, 4096));
    image.write(FREE, &[7; 4096]);
    image.mark(&[(1, Some(FREE))]);
    image
}

#[test]
fn records_sectors_and_clusters_may_be_of_any_size() {
    let shapes = [
        (512, 4096, 4096, 512),
        (4096, 4096, 4096, 512),
        (512, 512, 1024, 4096),
        (1024, 2048, 2048, 1024),
        (512, 2 << 20, 1024, 48),
    ];
    for (sector, cluster, record, clusters) in shapes {
        let shape = Shape {
            sector,
            cluster,
            clusters,
            record,
        };
        let mut image = Image::new(shape);
        let is_large = cluster > 4096;
        image.table = vec![(
            8,
            if is_large {
                1
            } else {
                (96 * record).div_ceil(cluster) as u64
            },
        )];
        let lcn = if is_large { 20 } else { clusters as u64 - 10 };
        image.write(lcn, &vec![7; cluster]);
        image.mark(&[(1, Some(lcn))]);
        image.add(small(20, "small"));
        image.add(large(21, lcn, cluster as u64));
        let mut volume = Volume::read(image.finish());
        assert_eq!(volume.content("small"), b"x", "{shape:?}");
        assert_eq!(volume.content("large"), vec![7; cluster], "{shape:?}");
        assert_eq!(volume.walk.summary.unaccounted, Some(0), "{shape:?}");
    }
}

/// A volume whose $MFT lies in three places, told in records of itself: the second part in one of the first, the
/// third in one of the second.
fn scattered() -> Image {
    let mut image = Image::new(USUAL);
    image.table = vec![(200, 6), (100, 6), (300, 6)];
    let bytes = image.table_bytes();
    let part = |lowest| Part {
        bytes,
        initialised: bytes,
        lowest,
        ..Part::default()
    };
    let first = spread(DATA, "", part(0), &[(6, Some(200))]);
    let mut second = further(15, 0, vec![spread(DATA, "", part(6), &[(6, Some(100))])]);
    let mut third = further(30, 0, vec![spread(DATA, "", part(12), &[(6, Some(300))])]);
    (second.base, third.base) = ((0, 1), (0, 1));
    let marks = marks(&[15, 30, 20, 40, 60]);
    let own = vec![
        standard(6),
        name(ROOT, 3, "$MFT"),
        first.clone(),
        marks.clone(),
    ];
    let value = list_after_two(&file(0, own), &[&second, &third]);
    image.first = Some(vec![resident(LIST, "", &value), first, marks.clone()]);
    image.add(second);
    image.add(third);
    image.add(small(20, "in the first part"));
    image.add(small(40, "in the second part"));
    image.add(small(60, "in the third part"));
    image
}

/// The value of a list, for a base that is to hold the list itself as its third attribute.
fn list_after_two(base: &Record, others: &[&Record]) -> Vec<u8> {
    let mut records = vec![base];
    records.extend(others);
    let mut value = list(&records);
    // The writer counts the list as the first: the two before it have one less.
    value[24] -= 1;
    value[32 + 24] -= 1;
    value
}

#[test]
fn the_table_may_lie_in_pieces_that_it_tells_itself() {
    let volume = Volume::read(scattered().finish());
    assert_eq!(
        volume.paths(),
        [
            "in the first part",
            "in the second part",
            "in the third part"
        ]
    );
    assert!(volume.walk.damaged.is_empty());
}

#[test]
fn a_piece_of_the_table_that_cannot_be_found_is_said() {
    let image = scattered();
    let place = image.place(30);
    let mut content = image.finish();
    content[place] = b'B';
    let volume = Volume::read(content);
    assert_eq!(volume.paths(), ["in the first part", "in the second part"]);
    assert!(volume.walk.damaged.iter().any(|it| it.why.contains("$MFT")));
}

#[test]
fn a_record_that_cannot_be_read_is_one_line() {
    let image = usual();
    let place = image.place(20) as u64;
    let mut blocks = MemoryBlocks::new(image.finish());
    blocks.break_range(place..place + 1);
    let volume = Volume::of(blocks).unwrap();
    assert_eq!(volume.paths(), ["large"]);
    assert_eq!(volume.walk.damaged.len(), 1);
    assert_eq!(volume.walk.damaged[0].id, Some(20));
}

#[test]
fn a_record_that_was_not_written_whole_is_one_line() {
    let image = usual();
    let place = image.place(20);
    let mut content = image.finish();
    content[place + 1023] ^= 1;
    let volume = Volume::read(content);
    assert_eq!(volume.paths(), ["large"]);
    let why = &volume.walk.damaged.first().unwrap().why;
    assert!(why.contains("not written whole"), "{why}");
}

#[test]
fn the_first_records_have_copies() {
    for number in [0, 3] {
        let image = usual();
        let place = image.place(number) as u64;
        let mut blocks = MemoryBlocks::new(image.finish());
        blocks.break_range(place..place + 1024);
        let volume = Volume::of(blocks).unwrap();
        assert_eq!(volume.paths(), ["large", "small"], "record {number}");
        assert_eq!(volume.walk.summary.unaccounted, Some(0));
    }
    let image = usual();
    let (table, mirror) = (image.place(0) as u64, MIRROR * 4096);
    let mut blocks = MemoryBlocks::new(image.finish());
    blocks.break_range(table..table + 1);
    blocks.break_range(mirror..mirror + 1);
    assert!(matches!(
        Volume::of(blocks).err(),
        Some(Refusal::Damaged(_))
    ));
}

#[test]
fn the_boot_sector_has_a_copy_at_the_end() {
    let mut blocks = MemoryBlocks::new(usual().finish());
    blocks.break_range(0..1);
    let volume = Volume::of(blocks).unwrap();
    assert_eq!(volume.paths(), ["large", "small"]);
    assert!(volume.remarks().contains("boot sector"));
    let mut content = usual().finish();
    content[13] = 0;
    assert!(Volume::read(content).remarks().contains("boot sector"));
}

#[test]
fn what_another_file_system_was_made_over_is_not_found_again() {
    let mut content = usual().finish();
    content[..512].fill(0);
    let refused = Volume::of(MemoryBlocks::new(content)).err();
    assert_eq!(refused, Some(Refusal::Other));
    for bytes in [0, 100, 511] {
        let refused = Volume::of(MemoryBlocks::new(vec![0; bytes])).err();
        assert_eq!(refused, Some(Refusal::Other), "{bytes}");
    }
}

#[test]
fn a_device_that_ends_early_costs_what_lies_past_its_end() {
    let mut image = usual();
    image.add(file(
        22,
        vec![
            standard(0),
            name(ROOT, 1, "past"),
            data(4096, &[(1, Some(500))]),
        ],
    ));
    let mut content = image.finish();
    content.truncate(450 * 4096);
    let volume = Volume::read(content);
    assert_eq!(volume.paths(), ["large", "past", "small"]);
    volume.damage("past");
    assert!(volume.remarks().contains("the device ends"));
}

#[test]
fn facts_are_told() {
    let mut blocks = MemoryBlocks::new(usual().finish());
    let facts = Ntfs::open(&mut blocks, &Options::default())
        .unwrap()
        .facts();
    assert_eq!((facts.kind, facts.cluster), ("NTFS", 4096));
    assert_eq!(facts.label, Some(b"label".to_vec()));
    assert_eq!(facts.uuid.as_deref(), Some("0000000000001234"));
    assert_eq!(facts.bytes, blocks.bytes());
}

#[test]
fn what_was_not_ejected_cleanly_is_remarked() {
    let mut image = usual();
    assert_eq!(Volume::read(usual().finish()).remarks(), "");
    image.is_dirty = true;
    let volume = Volume::read(image.finish());
    assert!(volume.remarks().contains("not ejected cleanly"));
    assert_eq!(volume.paths().len(), 2);
}

#[test]
fn what_was_under_way_in_the_log_is_remarked() {
    for (flags, is_clean) in [(0, false), (2, true)] {
        let mut image = usual();
        let mut page = vec![0; 8192];
        page[..4].copy_from_slice(b"RSTR");
        (page[24], page[48], page[62]) = (48, 1, flags);
        image.write(FREE + 2, &page);
        let mut log = large(2, FREE + 2, 8192);
        log.attributes[2] = data(8192, &[(2, Some(FREE + 2))]);
        image.add(log);
        let remarks = Volume::read(image.finish()).remarks();
        assert_eq!(remarks.is_empty(), is_clean, "{remarks}");
    }
}

#[test]
fn a_record_that_is_damaged_after_its_name_is_told_by_it() {
    let image = usual();
    let place = image.place(21);
    let mut content = image.finish();
    let attribute = content[place..place + 1024]
        .windows(8)
        .position(|window| window == [0x80, 0, 0, 0, 88, 0, 0, 0]);
    content[place + attribute.unwrap() + 4] = 7;
    let volume = Volume::read(content);
    assert_eq!(volume.paths(), ["large", "small"]);
    assert!(volume.damage("large").contains("attributes"));
}

#[test]
fn a_version_that_is_not_known_is_refused() {
    for (version, is_known) in [
        ([1, 2], true),
        ([3, 0], true),
        ([3, 2], false),
        ([4, 0], false),
    ] {
        let mut image = usual();
        image.version = version;
        let refused = Volume::of(MemoryBlocks::new(image.finish())).err();
        let is_refused = matches!(refused, Some(Refusal::Unsupported(_)));
        assert_eq!(is_refused, !is_known, "{version:?}: {refused:?}");
    }
}

#[test]
fn a_sleeping_windows_is_remarked() {
    for (magic, is_asleep) in [
        (b"hibr", true),
        (b"HIBR", true),
        (b"wake", true),
        (b"RSTR", false),
    ] {
        let mut image = usual();
        image.write(FREE, magic);
        let mut sleeping = large(21, FREE, 4096);
        sleeping.attributes[1] = name(ROOT, 1, "HiberFil.sys");
        image.add(sleeping);
        let remarks = Volume::read(image.finish()).remarks();
        assert_eq!(remarks.contains("hibernated"), is_asleep, "{magic:?}");
    }
}
