//! FAT as it should be.

use filesystems::blocks::MemoryBlocks;
use filesystems::reader::{CodePage, Options};
use filesystems::told::{Moment, Unloadable};

use crate::Volume;
use crate::disk::content;
use crate::fat_volume::{FILE, FOLDER, FatVolume, LABEL, Shape, entry, long};

#[test]
fn files_in_pieces_are_read_whole_in_each_kind() {
    for (shape, kind) in [
        (Shape::FAT12, "FAT12"),
        (Shape::FAT16, "FAT16"),
        (Shape::FAT32, "FAT32"),
    ] {
        let mut volume = FatVolume::new(shape);
        let cluster = volume.disk.cluster;
        let scattered = content(1, cluster * 4 + 7);
        let exact = content(2, cluster * 2);
        volume.file(b"SCATTER BIN", &[9, 7, 8, 30, 3], &scattered);
        volume.file(b"EXACT      ", &[10, 11], &exact);
        volume.file(b"EMPTY      ", &[], b"");
        let folder = volume.folder(b"FOLDER     ", &[20]);
        volume.disk.fill(&[40], b"inside");
        volume
            .disk
            .add(folder.clone(), &entry(b"INSIDE  TXT", FILE, 40, 6));
        volume.folder_in(folder, b"DEEP       ", &[41]);
        let mut read = Volume::read(volume.disk.bytes);
        read.assert_sound();
        assert_eq!(
            (read.facts.kind, read.facts.cluster as usize),
            (kind, cluster)
        );
        assert_eq!(read.facts.uuid.as_deref(), Some("1234-ABCD"));
        assert_eq!(
            read.paths(),
            ["EMPTY", "EXACT", "FOLDER/INSIDE.TXT", "SCATTER.BIN"]
        );
        assert_eq!(read.walk.folders.len(), 2);
        assert_eq!(read.content("SCATTER.BIN"), scattered);
        assert_eq!(read.content("EXACT"), exact);
        assert_eq!(read.content("FOLDER/INSIDE.TXT"), b"inside");
        let extents = read.file("SCATTER.BIN").content.as_ref().unwrap();
        assert_eq!(extents.len(), 4);
    }
}

#[test]
fn sectors_of_every_size_are_read() {
    for sector in [512, 1024, 2048, 4096] {
        let mut volume = FatVolume::new(Shape {
            sector,
            ..Shape::FAT32
        });
        let whole = content(3, sector * 5);
        volume.file(b"A          ", &[5, 4], &whole);
        let mut read = Volume::read(volume.disk.bytes);
        read.assert_sound();
        assert_eq!(read.content("A"), whole);
    }
}

#[test]
fn a_folder_of_many_clusters_is_listed_to_its_end() {
    let mut volume = FatVolume::new(Shape::FAT16);
    let clusters: Vec<u32> = (10..60).rev().collect();
    volume.folder(b"MANY       ", &clusters);
    let mut index = 0;
    for &cluster in &clusters {
        let place = volume.disk.place(cluster);
        while volume.disk.bytes[place..place + 512]
            .chunks(32)
            .any(|raw| raw[0] == 0)
        {
            let short: [u8; 11] = format!("{index:08}   ").into_bytes().try_into().unwrap();
            volume
                .disk
                .add(place..place + 512, &entry(&short, FILE, 0, 0));
            index += 1;
        }
    }
    let read = Volume::read(volume.disk.bytes);
    read.assert_sound();
    assert_eq!(read.walk.files.len(), 50 * 16 - 2);
}

#[test]
fn long_names_count_where_their_checksum_fits() {
    let mut volume = FatVolume::new(Shape::FAT12);
    let mut add = |name: &[u16], fits: &[u8; 11], short: &[u8; 11]| {
        let mut raw = long(name.iter().copied(), fits);
        raw.extend(entry(short, FILE, 0, 0));
        volume.disk.add(volume.root.clone(), &raw);
    };
    let emoji: Vec<u16> = "\u{1F600} a long name.jpeg".encode_utf16().collect();
    add(&emoji, b"ALONGN~1JPE", b"ALONGN~1JPE");
    add(&[0x61, 0xD83D], b"HALF~1     ", b"HALF~1     ");
    add(&emoji, b"OTHER      ", b"SHORT   TXT");
    let read = Volume::read(volume.disk.bytes);
    let names: Vec<&[u8]> = read
        .walk
        .files
        .iter()
        .map(|(path, _)| path.as_slice())
        .collect();
    let expected: [&[u8]; 3] = [
        b"SHORT.TXT",
        b"a\xED\xA0\xBD",
        "\u{1F600} a long name.jpeg".as_bytes(),
    ];
    assert_eq!(names, expected);
    assert!(
        read.remarks().contains("1 long names"),
        "{}",
        read.remarks()
    );
}

#[test]
fn a_long_name_does_not_outlive_a_deleted_entry() {
    let mut volume = FatVolume::new(Shape::FAT12);
    let mut raw = long("of the deleted".encode_utf16(), b"SAME       ");
    raw.extend(entry(b"\xE5AME       ", FILE, 0, 0));
    raw.extend(entry(b"SAME       ", FILE, 0, 0));
    volume.disk.add(volume.root.clone(), &raw);
    assert_eq!(Volume::read(volume.disk.bytes).paths(), ["SAME"]);
}

#[test]
fn short_names_have_the_case_and_the_letters_of_their_page() {
    let mut volume = FatVolume::new(Shape::FAT12);
    let mut raw = entry(b"\x81BER    TXT", FILE, 0, 0);
    raw[12] = 0x08;
    volume.disk.add(volume.root.clone(), &raw);
    for (page, name) in [(CodePage::Cp437, "über.TXT"), (CodePage::Cp866, "бber.TXT")] {
        let options = Options {
            code_page: page,
            ..Options::default()
        };
        let blocks = MemoryBlocks::new(volume.disk.bytes.clone());
        assert_eq!(Volume::of(blocks, &options).unwrap().paths(), [name]);
    }
}

#[test]
fn labels_and_files_of_other_systems_are_left_out() {
    let mut volume = FatVolume::new(Shape::FAT16);
    volume
        .disk
        .add(volume.root.clone(), &entry(b"MY LABEL   ", LABEL, 0, 0));
    volume.file(b"EA DATA  SF", &[5, 6], &content(1, 600));
    volume.file(b"WP ROOT  SF", &[8], b"x");
    volume.file(b"KEPT       ", &[9], b"x");
    let read = Volume::read(volume.disk.bytes);
    read.assert_sound();
    assert_eq!(read.paths(), ["KEPT"]);
    assert_eq!(read.facts.label.as_deref(), Some(b"MY LABEL".as_slice()));
}

#[test]
fn a_label_that_only_the_first_sector_has_was_removed() {
    let volume = FatVolume::new(Shape::FAT16);
    assert_eq!(Volume::read(volume.disk.bytes).facts.label, None);
}

#[test]
fn what_efs_encrypted_is_not_loaded() {
    let mut volume = FatVolume::new(Shape::FAT16);
    let mut raw = long("a.txt.PFILE".encode_utf16(), b"ATXT~1  PFI");
    volume.disk.fill(&[5], b"cipher");
    raw.extend(entry(b"ATXT~1  PFI", FILE, 5, 6));
    volume.disk.add(volume.root.clone(), &raw);
    let read = Volume::read(volume.disk.bytes);
    let content = &read.file("a.txt.PFILE").content;
    assert_eq!(content, &Err(Unloadable::Encrypted("EFS")));
}

#[test]
fn the_upper_half_of_a_cluster_means_something_else_before_fat32() {
    let mut volume = FatVolume::new(Shape::FAT16);
    let at = volume.file(b"A          ", &[5], b"content");
    volume.disk.put(at + 20, &[7, 7]);
    assert_eq!(Volume::read(volume.disk.bytes).content("A"), b"content");
}

#[test]
fn local_times_are_those_of_the_zone() {
    let mut volume = FatVolume::new(Shape::FAT12);
    volume.file(b"A          ", &[], b"");
    let options = Options {
        zone_minutes: 60,
        ..Options::default()
    };
    let read = Volume::of(MemoryBlocks::new(volume.disk.bytes), &options).unwrap();
    let times = read.file("A").times;
    let expected = Moment {
        seconds: 981_173_106 - 3600,
        nanoseconds: 0,
    };
    assert_eq!(times.modified, Some(expected));
    assert_eq!(
        (times.created, times.accessed, times.changed),
        (None, None, None)
    );
}

#[test]
fn room_beyond_the_end_is_remarked_and_not_loaded() {
    let mut volume = FatVolume::new(Shape::FAT16);
    volume.file(b"A          ", &[5], b"content");
    volume.disk.chain(&[5, 6, 7]);
    volume.file(b"EMPTY      ", &[], b"");
    let mut read = Volume::read(volume.disk.bytes);
    assert_eq!(read.content("A"), b"content");
    assert!(
        read.remarks().contains("1 files have room"),
        "{}",
        read.remarks()
    );
    assert_eq!(read.walk.summary.unaccounted, Some(0));
}

#[test]
fn the_table_that_counts_alone_is_read() {
    let mut volume = FatVolume::new(Shape::FAT32);
    let whole = content(5, 5000);
    volume.file(b"A          ", &[5, 9, 7], &whole);
    let first = volume.disk.tables[0];
    volume.disk.bytes[first + 12..first + 400].fill(0);
    let broken = Volume::read(volume.disk.bytes.clone());
    assert!(
        broken.damage("A").contains("free"),
        "{}",
        broken.damage("A")
    );
    volume.disk.put(40, &[0x81]);
    let mut read = Volume::read(volume.disk.bytes);
    read.assert_sound();
    assert_eq!(read.content("A"), whole);
}

#[test]
fn a_dirty_volume_is_read_with_a_remark() {
    for shape in [Shape::FAT12, Shape::FAT16, Shape::FAT32] {
        let mut volume = FatVolume::new(shape);
        volume
            .disk
            .put(if shape.width == 32 { 65 } else { 37 }, &[1]);
        assert!(
            Volume::read(volume.disk.bytes)
                .remarks()
                .contains("ejected")
        );
    }
    for (shape, state) in [(Shape::FAT16, 0x7FFF), (Shape::FAT32, 0xF7FF_FFFF)] {
        let mut volume = FatVolume::new(shape);
        volume.disk.link(1, state);
        assert!(
            Volume::read(volume.disk.bytes)
                .remarks()
                .contains("ejected")
        );
    }
}

#[test]
fn folders_without_a_use_for_their_size_are_still_folders() {
    let mut volume = FatVolume::new(Shape::FAT12);
    let region = volume.folder(b"A          ", &[5]);
    volume.disk.add(region, &entry(b"B          ", FILE, 0, 0));
    let at = volume.root.start;
    assert_eq!(volume.disk.bytes[at + 11], FOLDER);
    volume.disk.put(at + 28, &[1, 2, 3, 4]);
    assert_eq!(Volume::read(volume.disk.bytes).paths(), ["A/B"]);
}
