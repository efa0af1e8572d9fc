//! How much a device holds, by file system.

use super::*;

/// What e2fsprogs 1.47, ntfs-3g 2022.10, dosfstools 4.2 and exfatprogs 1.2 left of sparse images:
/// size in MiB, bytes of a block, blocks free to users, free inodes.
const MEASURED: [(FileSystem, u64, u64, u64, u64); 24] = [
    (FileSystem::Ext4, 16, 1024, 13_732, 4_085),
    (FileSystem::Ext4, 100, 1024, 88_271, 25_573),
    (FileSystem::Ext4, 300, 1024, 273_513, 76_901),
    (FileSystem::Ext4, 600, 4096, 143_788, 38_389),
    (FileSystem::Ext4, 3 << 10, 4096, 751_300, 196_597),
    (FileSystem::Ext4, 20 << 10, 4096, 5_112_462, 1_310_709),
    (FileSystem::Ext4, 200 << 10, 4096, 51_324_403, 13_107_189),
    (FileSystem::Ext4, 3 << 20, 4096, 792_377_059, 201_326_581),
    (FileSystem::Ext4, 6 << 20, 4096, 1_597_625_827, 201_326_581),
    (FileSystem::Ext2, 600, 4096, 151_067, 38_389),
    (FileSystem::Ext2, 200 << 10, 4096, 51_591_019, 13_107_189),
    (FileSystem::Ntfs, 16, 4096, 3_470, u64::MAX),
    (FileSystem::Ntfs, 300, 4096, 76_301, u64::MAX),
    (FileSystem::Ntfs, 600, 4096, 152_715, u64::MAX),
    (FileSystem::Ntfs, 20 << 10, 4096, 5_226_223, u64::MAX),
    (FileSystem::Ntfs, 3 << 20, 4096, 805_265_295, u64::MAX),
    (FileSystem::Fat32, 100, 512, 201_615, u64::MAX),
    (FileSystem::Fat32, 600, 4096, 153_289, u64::MAX),
    (FileSystem::Fat32, 200 << 10, 32_768, 6_551_997, u64::MAX),
    (FileSystem::Fat32, 3 << 20, 32_768, 67_092_479, u64::MAX),
    (FileSystem::ExFat, 16, 4096, 3_580, u64::MAX),
    (FileSystem::ExFat, 600, 32_768, 19_133, u64::MAX),
    (FileSystem::ExFat, 200 << 10, 131_072, 1_638_332, u64::MAX),
    (FileSystem::ExFat, 3 << 20, 131_072, 25_165_022, u64::MAX),
];

fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text).unwrap()
}

#[test]
fn mkfs_leaves_no_less_than_is_counted_on_and_little_more() {
    for (file_system, mib, block, blocks, inodes) in MEASURED {
        let case = format!("{file_system:?} of {mib} MiB");
        let made = Geometry::of_new(file_system, mib << 20).expect(&case);
        let truth = block * blocks;
        assert_eq!(made.block, block, "{case}");
        assert!(made.free <= truth, "{case}: {} of {truth}", made.free);
        let least = if mib < 1024 { 90 } else { 98 };
        let share = made.free * 100 / truth;
        assert!(share >= least, "{case}: {} of {truth}", made.free);
        let counted = made.inodes.unwrap_or(u64::MAX);
        assert!(counted <= inodes, "{case}: {counted} inodes");
    }
}

#[test]
fn what_is_too_small_for_a_file_system_has_no_geometry() {
    for (file_system, bytes) in [
        (FileSystem::Ext4, 1 << 20),
        (FileSystem::Ext2, 0),
        (FileSystem::Ntfs, 1 << 20),
        (FileSystem::Fat32, 30 << 20),
        (FileSystem::ExFat, 2 << 20),
    ] {
        assert_eq!(
            Geometry::of_new(file_system, bytes),
            None,
            "{file_system:?}"
        );
    }
}

#[test]
fn more_bytes_never_leave_much_less() {
    for file_system in [FileSystem::Ext4, FileSystem::Ntfs, FileSystem::ExFat] {
        let mut before = 0;
        for mib in (64..40_000).step_by(61) {
            let free = Geometry::of_new(file_system, mib << 20).unwrap().free();
            assert!(free > before / 10 * 9, "{file_system:?} of {mib} MiB");
            before = free;
        }
    }
}

#[test]
fn large_files_fill_a_device_to_within_two_in_a_hundred() {
    for file_system in [
        FileSystem::Ext4,
        FileSystem::Ext3,
        FileSystem::Ntfs,
        FileSystem::ExFat,
    ] {
        let geometry = Geometry::of_mounted(file_system, 4096, 1 << 40, None);
        let mut room = Room::new(geometry);
        let bytes = 64 << 20;
        let mut written = 0;
        while room.take_file("media/film.mov", &key("film.mov"), bytes) {
            written += bytes;
        }
        let share = written * 1000 / (1 << 40);
        assert!((980..=1000).contains(&share), "{file_system:?}: {share}");
    }
}

#[test]
fn a_file_costs_whole_blocks_its_entry_and_its_mention() {
    let geometry = Geometry::of_mounted(FileSystem::Ext4, 4096, 10 << 20, Some(100));
    let mut room = Room::new(geometry);
    let before = room.free;
    assert!(room.take_file("a/b", &key("b"), 1));
    let cost = before - room.free;
    assert!((4096 + 500..4096 + 700).contains(&cost), "{cost}");
    assert!(room.take_file("a/c", &key("c"), 0));
    assert!(
        before - room.free - cost < 700,
        "an empty file has no block"
    );
}

#[test]
fn what_does_not_fit_takes_nothing() {
    let geometry = Geometry::of_mounted(FileSystem::Ntfs, 4096, 3 << 20, None);
    let mut room = Room::new(geometry);
    let before = room.free;
    assert!(!room.take_file("a", &key("a"), 2 << 20));
    assert!(!room.take_file("a", &key("a"), u64::MAX));
    assert_eq!(room.free, before);
    assert!(room.take_file("a", &key("a"), 1 << 20));
}

#[test]
fn inodes_and_the_number_of_files_are_limits_too() {
    let geometry = Geometry::of_mounted(FileSystem::Ext4, 4096, 1 << 30, Some(3));
    let mut room = Room::new(geometry);
    assert!(room.take_directory("d"));
    assert!(room.take_file("d/1", &key("1"), 0));
    assert!(room.take_mention("d/x", &key("x")));
    assert!(room.take_file("d/2", &key("2"), 0));
    assert!(!room.take_file("d/3", &key("3"), 0));

    let geometry = Geometry::of_mounted(FileSystem::ExFat, 4096, 1 << 30, Some(0));
    let mut room = Room::new(geometry).with_files(Some(2));
    assert!(room.take_file("1", &key("1"), 0));
    assert!(room.take_directory("d"));
    assert!(room.take_file("2", &key("2"), 0));
    assert!(!room.take_file("3", &key("3"), 0));
}
