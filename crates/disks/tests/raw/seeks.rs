//! How far the head of a disk goes: an aged ext4, read file by file as a mounted one is, and as it lies.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};

use disks::device::{Device, RawDevice};
use disks::disk::{Choice, Disk};
use disks::fault::Fault;
use disks::rescue::Rescue;
use disks::sandbox::{Launcher, Sandbox};
use disks::tree::raw::{RawTree, Reading};
use disks::tree::{DeviceGone, Tree as _, fill};
use model::entry::Entry;

use crate::images::{has, run, unmount};

/// Gaps that a disk reads through are no seek.
const READ_THROUGH: u64 = 2 << 20;

/// A device that notes what is read of it.
struct Traced {
    device: RawDevice,
    reads: Mutex<Trace>,
}

/// Reads, as offset and length.
type Trace = Vec<(u64, u64)>;

impl Device for Traced {
    fn bytes(&self) -> u64 {
        self.device.bytes()
    }

    fn sector(&self) -> u32 {
        self.device.sector()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        let read = self.device.read_at(offset, buffer)?;
        self.reads.lock().unwrap().push((offset, read as u64));
        Ok(read)
    }

    fn next_data(&self, offset: u64) -> u64 {
        self.device.next_data(offset)
    }

    fn check(&self) -> Result<(), DeviceGone> {
        self.device.check()
    }
}

/// What a trace costs a disk.
#[derive(Debug, Clone, Copy)]
struct Cost {
    seeks: u64,
    /// Bytes over which the head goes without reading.
    travel: u64,
}

fn cost(trace: &[(u64, u64)]) -> Cost {
    let (mut head, mut seeks, mut travel) = (0, 0, 0);
    for (offset, bytes) in trace {
        let is_near = *offset >= head && offset - head <= READ_THROUGH;
        seeks += u64::from(!is_near);
        travel += offset.abs_diff(head);
        head = offset + bytes;
    }
    Cost { seeks, travel }
}

/// Numbers that look like chance and are the same each time.
struct Chance(u32);

impl Chance {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % end
    }
}

/// Writes files over and over: in rounds some are made, some grow, and some go.
fn age(root: &Path) {
    let mut chance = Chance(7);
    for folder in 0..50 {
        fs::create_dir(root.join(format!("folder {folder:02}"))).unwrap();
    }
    for round in 0..8 {
        for _ in 0..8000 {
            let path = root.join(format!(
                "folder {:02}/file {:03}",
                chance.below(50),
                chance.below(400)
            ));
            if round > 0 && chance.below(3) == 0 {
                let _may_be_missing = fs::remove_file(&path);
                continue;
            }
            let mut file = fs::File::options()
                .create(true)
                .append(true)
                .open(&path)
                .unwrap();
            let full = file.seek(SeekFrom::End(0)).unwrap() > 40_000;
            if !full {
                let bytes = chance.below(14_000) as usize + 1;
                file.write_all(&vec![round; bytes]).unwrap();
            }
        }
        run::<&str>("sync", &[]);
    }
}

/// Reads every file in the order of the walk, expected before; the bytes of all.
fn read_as_it_lies(tree: &RawTree, entries: &[Entry]) -> u64 {
    let expected: Vec<_> = entries.iter().map(|it| (it, tree.expect(it))).collect();
    let mut all = 0;
    for (entry, expected) in expected {
        let file = tree.open(entry).unwrap();
        let mut read = vec![0; usize::try_from(entry.bytes()).unwrap()];
        all += fill(&*file, 0, &mut read).unwrap() as u64;
        drop(expected);
    }
    all
}

/// The reads of data alone of whoever reads file by file in the order of paths; one that goes through a mounted
/// file system reads metadata between them as well.
fn file_by_file(tree: &RawTree, entries: &[Entry]) -> Trace {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    let mut trace = Vec::new();
    for entry in entries {
        let file = tree.open(entry).unwrap();
        let runs = file.layout().unwrap().runs();
        trace.extend(runs.map(|run| (run.at.get(), run.bytes)));
    }
    trace
}

#[test]
fn an_aged_disk_is_read_with_a_twentieth_of_the_seeks_and_a_thousandth_of_the_way() {
    if !has((&["mke2fs", "mount", "losetup", "/dev/loop-control"], true)) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (image, root, kept) = (at("image"), at("root"), at("kept"));
    fs::File::create(&image)
        .unwrap()
        .set_len(512 << 20)
        .unwrap();
    fs::create_dir(&root).unwrap();
    fs::create_dir(&kept).unwrap();
    run("mke2fs", &["-q", "-F", "-t", "ext4", "-b", "4096", &image]);
    run("mount", &["-o", "loop", &image, &root]);
    let aged = std::panic::catch_unwind(|| age(Path::new(&root)));
    unmount(&root);
    aged.unwrap();

    let device = Arc::new(Traced {
        device: RawDevice::open(Path::new(&image)).unwrap(),
        reads: Mutex::default(),
    });
    let rescue = Rescue::open(Arc::clone(&device) as _, Path::new(&kept)).unwrap();
    let disk = Disk::open(Arc::new(rescue), Sandbox::new(Launcher::Thread)).unwrap();
    let reading = Reading {
        window: 1 << 30,
        ..Reading::usual(true)
    };
    let tree = disk.read(&Choice::default(), reading, Path::new(&kept), &|| false);
    let tree = tree.unwrap();
    let mut entries = Vec::new();
    let walk = tree.walk(&mut |walked| {
        entries.push(walked.unwrap());
        ControlFlow::Continue(())
    });
    walk.unwrap();
    let of_metadata = cost(&device.reads.lock().unwrap());
    let all = read_as_it_lies(&tree, &entries);
    assert_eq!(all, tree.totals().unwrap().bytes);
    let as_it_lies = cost(&device.reads.lock().unwrap());
    let by_file = cost(&file_by_file(&tree, &entries));
    eprintln!(
        "{} files, {all} bytes\nfile by file {by_file:?}\nas it lies {as_it_lies:?}, of which metadata {of_metadata:?}",
        entries.len()
    );
    assert!(as_it_lies.seeks * 20 <= by_file.seeks);
    assert!(as_it_lies.travel * 1000 <= by_file.travel);
}
