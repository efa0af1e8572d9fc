//! Devices that are read without being mounted, as the tools of the trade make them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod failing;
mod images;
mod seeks;

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use disks::device::RawDevice;
use disks::device::memory::MemoryDevice;
use disks::disk::{Choice, Disk, DiskError, Verdict};
use disks::rescue::Rescue;
use disks::sandbox::{Launcher, Sandbox};
use disks::tree::raw::{RawTree, Reading};
use disks::tree::suite::{self, Thing};
use disks::tree::{Tree as _, fill};
use images::Partition;
use model::entry::{EntryKind, EntryPath, Unloadable, VolumeNote};
use rustix::io::Errno;
use tempfile::TempDir;

/// An image file, and room for what is kept of it.
struct Image {
    folder: TempDir,
}

impl Image {
    fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("disk.img"), bytes).unwrap();
        fs::create_dir(folder.path().join("kept")).unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("disk.img")
    }

    fn kept(&self) -> PathBuf {
        self.folder.path().join("kept")
    }

    fn disk(&self) -> Disk {
        let device = Arc::new(RawDevice::open(&self.path()).unwrap());
        let rescue = Rescue::open(device, &self.kept()).unwrap();
        Disk::open(Arc::new(rescue), Sandbox::new(Launcher::Thread)).unwrap()
    }

    fn tree(&self, volumes: &[u32]) -> RawTree {
        read(self.disk(), volumes, &self.kept()).unwrap()
    }
}

fn read(disk: Disk, volumes: &[u32], kept: &Path) -> Result<RawTree, DiskError> {
    let choice = Choice {
        volumes: volumes.to_vec(),
        ..Choice::default()
    };
    disk.read(&choice, Reading::usual(false), kept, &|| false)
}

type Things = BTreeMap<Vec<u8>, Thing>;

/// What every file system can hold of what a tree has to hold.
fn plain_things() -> Things {
    let mut things = suite::things();
    things.retain(|path, thing| {
        let is_text = str::from_utf8(path).is_ok_and(|text| !text.contains('\n'));
        is_text && matches!(thing, Thing::File(_) | Thing::EmptyFolder)
    });
    things
}

/// A volume as the whole of a device, and as a partition of each kind of table, keeps every promise of a tree; and
/// not a byte of the image changes.
fn keeps_promises(volume: &[u8], kind: u8, things: &Things) {
    let partition = Partition {
        kind,
        bytes: volume.to_vec(),
    };
    for bytes in [
        volume.to_vec(),
        images::mbr(&[partition]),
        images::gpt(&[volume]),
    ] {
        let image = Image::new(&bytes);
        let tree = image.tree(&[]);
        suite::run_on(&tree, things);
        assert_eq!(tree.lines(), [], "nothing is to be said");
        drop(tree);
        assert!(
            fs::read(image.path()).unwrap() == bytes,
            "it was written to"
        );
    }
}

#[test]
fn ext4_keeps_every_promise_of_a_tree() {
    if images::has(images::EXT4) {
        let things = suite::things();
        keeps_promises(&images::ext4(24, &things), 0x83, &things);
    }
}

#[test]
fn fat32_keeps_every_promise_of_a_tree() {
    if images::has(images::FAT) {
        let things = plain_things();
        keeps_promises(&images::fat("32", 40, &things), 0x0C, &things);
    }
}

#[test]
fn ntfs_keeps_every_promise_of_a_tree() {
    if images::has(images::NTFS) {
        let things = plain_things();
        keeps_promises(&images::ntfs(16, &things), 0x07, &things);
    }
}

#[test]
fn exfat_keeps_every_promise_of_a_tree() {
    if images::has(images::EXFAT) {
        let things = plain_things();
        keeps_promises(&images::exfat(16, &things), 0x07, &things);
    }
}

/// A laptop's disk and more: a system partition, two volumes of data, an encrypted one, an empty one.
fn many() -> Option<Image> {
    if !images::has(images::EXT4) || !images::has(images::FAT) {
        return None;
    }
    let things = |names: &[&str]| -> Things {
        let thing = |name: &&str| {
            (
                name.as_bytes().to_vec(),
                Thing::File(name.as_bytes().to_vec()),
            )
        };
        names.iter().map(thing).collect()
    };
    let mut locked = images::stale(4);
    locked[..8].copy_from_slice(b"LUKS\xBA\xBE\0\x02");
    let gpt = images::gpt(&[
        &images::ext4(24, &things(&["SIGNATURE", "d/photo"])),
        &images::fat("32", 40, &things(&["d/photo", "other"])),
        &locked,
        &vec![0; 4 * images::MIB],
    ]);
    Some(Image::new(&gpt))
}

#[test]
fn each_of_several_volumes_is_loaded_below_its_number_or_has_a_line_that_says_why_not() {
    let Some(image) = many() else { return };
    let verdicts: Vec<Verdict> = image
        .disk()
        .volumes()
        .into_iter()
        .map(|it| it.verdict)
        .collect();
    assert_eq!(verdicts[..2], [Verdict::Data, Verdict::Data]);
    assert!(matches!(&verdicts[2], Verdict::Refused(why) if why.contains("LUKS")));
    assert_eq!(verdicts[3], Verdict::Empty);
    let tree = image.tree(&[]);
    let (mut entries, mut bad) = (BTreeMap::new(), Vec::new());
    let walk = tree.walk(&mut |walked| {
        match walked {
            Ok(entry) => drop(entries.insert(entry.path.to_string(), entry)),
            Err(line) => bad.push((line.path.to_string(), line.why)),
        }
        ControlFlow::Continue(())
    });
    walk.unwrap();
    let paths: Vec<&str> = entries.keys().map(String::as_str).collect();
    let expected = [
        "partition-1/SIGNATURE",
        "partition-1/d/photo",
        "partition-2/d/photo",
        "partition-2/other",
        "partition-4",
    ];
    assert_eq!(paths, expected);
    let empty = VolumeNote::LeftOut("it is empty".to_owned());
    assert_eq!(entries["partition-4"].kind, EntryKind::Volume(empty));
    assert!(
        matches!(&bad[..], [(path, Unloadable::Volume(why))] if path == "partition-3" && why.contains("LUKS")),
        "{bad:?}"
    );
    let signatures = ["partition-1/SIGNATURE", "partition-2/SIGNATURE"].map(EntryPath::new);
    assert_eq!(tree.signatures(), signatures);
    let mut found = vec![0; 100];
    let signature = tree.find(&signatures[0]).unwrap().unwrap();
    let file = tree.open(&signature).unwrap();
    let filled = fill(&*file, 0, &mut found).unwrap();
    found.truncate(filled);
    assert_eq!(found, b"SIGNATURE");
    assert!(tree.find(&signatures[1]).unwrap().is_none());
    let line = tree.find(&EntryPath::new("partition-4")).unwrap();
    assert!(tree.open(&line.unwrap()).is_err());
}

#[test]
fn what_is_not_chosen_is_a_line_and_one_volume_alone_has_no_folder() {
    let Some(image) = many() else { return };
    let tree = image.tree(&[2]);
    let mut paths = Vec::new();
    let walk = tree.walk(&mut |walked| {
        paths.push(
            walked
                .map_or_else(|bad| bad.path, |entry| entry.path)
                .to_string(),
        );
        ControlFlow::Continue(())
    });
    walk.unwrap();
    paths.sort();
    assert_eq!(
        paths,
        [
            "d/photo",
            "other",
            "partition-1",
            "partition-3",
            "partition-4"
        ]
    );
    let none = read(image.disk(), &[1, 9], &image.kept());
    assert!(matches!(none, Err(DiskError::NoVolume(9))));
}

#[test]
fn a_volume_whose_metadata_is_damaged_is_a_line_and_changes_no_path_of_others() {
    let Some(image) = many() else { return };
    let mut bytes = fs::read(image.path()).unwrap();
    // The superblock of the ext4 volume but for its magic, and all its copies.
    let end = 25 * images::MIB;
    bytes[images::MIB + 2048..end].fill(0xFF);
    let image = Image::new(&bytes);
    let tree = image.tree(&[]);
    let names: Vec<&str> = tree.lines().iter().map(|line| line.name.as_str()).collect();
    assert_eq!(names, ["partition-1", "partition-3", "partition-4"]);
    assert!(tree.lines()[0].said.is_err());
    let other = tree.find(&EntryPath::new("partition-2/other")).unwrap();
    assert!(other.is_some());
}

#[test]
fn a_reading_that_is_stopped_leaves_no_tree() {
    let Some(image) = many() else { return };
    let reading = Reading::usual(false);
    let read = image
        .disk()
        .read(&Choice::default(), reading, &image.kept(), &|| true);
    assert!(matches!(read, Err(DiskError::Stopped)));
}

/// What all hangs on is not left until all else is read: a bad place that comes after some tries is tried at once.
#[test]
fn what_all_hangs_on_is_tried_until_it_comes() {
    if !images::has(images::EXT4) {
        return;
    }
    let content: Vec<u8> = (0..1000_u32)
        .map(|at| (at * 7 % 251).to_le_bytes()[0])
        .collect();
    let thing = Thing::File(content.clone());
    let bytes = images::ext4(4, &[(b"SIGNATURE".to_vec(), thing)].into());
    let at = bytes
        .windows(1000)
        .position(|found| *found == content[..])
        .unwrap() as u64;
    let device = Arc::new(MemoryDevice::new(bytes));
    device.break_range(at..at + 512, Errno::NODATA, 3);
    let kept = tempfile::tempdir().unwrap();
    let rescue = Rescue::open(device, kept.path()).unwrap();
    let disk = Disk::open(Arc::new(rescue), Sandbox::new(Launcher::Thread)).unwrap();
    let tree = read(disk, &[], kept.path()).unwrap();
    let path = EntryPath::new("SIGNATURE");
    let file = tree.open(&tree.find(&path).unwrap().unwrap()).unwrap();
    let mut found = vec![0; 1000];
    assert!(fill(&*file, 0, &mut found).is_err());
    tree.insist(&path, 4096).unwrap();
    assert_eq!(fill(&*file, 0, &mut found).unwrap(), 1000);
    assert!(found == content);
}
