//! A real block device with bad ranges: a loop device over a file whose program in user space answers with errors.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use std::ops::Range;

use disks::device::RawDevice;
use disks::disk::Disk;
use disks::rescue::map::{RescueMap, Status};
use disks::rescue::{Rescue, RetryLimits};
use disks::sandbox::{Launcher, Sandbox};
use disks::tree::{Content, Tree as _, fill};
use model::entry::EntryPath;

use crate::{Thing, Things, images, read};

const MIB: u64 = 1 << 20;

/// What is needed for it.
const NEEDED: [&str; 7] = [
    "nbdkit",
    "nbdfuse",
    "losetup",
    "umount",
    "ddrescue",
    "/dev/fuse",
    "/dev/loop-control",
];

/// The device, as long as this lives.
struct Failing {
    folder: tempfile::TempDir,
    fuse: Child,
    device: PathBuf,
}

impl Failing {
    /// A device that holds `content` and cannot read the `bad` ranges, which are whole pages.
    fn new(content: &[u8], bad: &[Range<u64>]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("content"), content).unwrap();
        let mut map = RescueMap::new(content.len() as u64);
        map.set(0..content.len() as u64, Status::Read);
        bad.iter()
            .for_each(|range| map.set(range.clone(), Status::Bad));
        fs::write(at("faults"), map.render()).unwrap();
        fs::create_dir(at("mounted")).unwrap();
        fs::create_dir(at("kept")).unwrap();
        let disk = at("mounted").join("disk");
        let mut fuse = Command::new("nbdfuse");
        fuse.arg(&disk).args(["[", "nbdkit", "--exit-with-parent"]);
        fuse.args(["--filter=ddrescue", "file"]).arg(at("content"));
        fuse.arg(format!("ddrescue-mapfile={}", at("faults").display()))
            .arg("]");
        let fuse = fuse.stderr(Stdio::null()).spawn().unwrap();
        wait_until(|| fs::metadata(&disk).is_ok_and(|it| it.len() == content.len() as u64));
        let device = images::run(
            "losetup",
            &["-r", "-f", "--show", &disk.display().to_string()],
        );
        let device = PathBuf::from(device.trim());
        Self {
            folder,
            fuse,
            device,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn rescue(&self) -> Arc<Rescue> {
        let device = Arc::new(RawDevice::open(&self.device).unwrap());
        Arc::new(Rescue::open(device, &self.path("kept")).unwrap())
    }
}

impl Drop for Failing {
    fn drop(&mut self) {
        let run = |program: &str, arguments: &[&Path]| {
            let mut command = Command::new(program);
            let _ended = command.args(arguments).stderr(Stdio::null()).status();
        };
        run("losetup", &[Path::new("-d"), &self.device]);
        // The loop device lets go of its file a moment later.
        let mounted = self.path("mounted");
        for _ in 0..50 {
            run("umount", &[&mounted]);
            if let Ok(Some(_)) = self.fuse.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let _ended = self.fuse.kill();
        let _ended = self.fuse.wait();
    }
}

fn wait_until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "it does not come to that"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Bytes that say where they are.
fn content(bytes: u64) -> Vec<u8> {
    (1..=bytes / 8).flat_map(u64::to_le_bytes).collect()
}

/// Reads a device of `bytes` in large steps; gives the bytes and what did not come.
fn read_whole(rescue: &Rescue, bytes: u64) -> (Vec<u8>, Vec<Range<u64>>) {
    let mut whole = vec![1; usize::try_from(bytes).unwrap()];
    let mut unread: Vec<Range<u64>> = Vec::new();
    let steps = (0..).step_by(3 << 20).zip(whole.chunks_mut(3 << 20));
    for (at, step) in steps {
        for gap in rescue.read(at, step).unwrap() {
            match unread.last_mut() {
                Some(last) if last.end == gap.start => last.end = gap.end,
                _ => unread.push(gap),
            }
        }
    }
    (whole, unread)
}

#[test]
fn of_a_real_device_with_bad_ranges_all_else_comes_and_the_map_is_that_of_ddrescue() {
    if !images::has((&NEEDED, true)) {
        return;
    }
    let bad = [
        MIB..MIB + 4096,
        3 * MIB - 8192..3 * MIB + 4096,
        20 * MIB..21 * MIB,
        32 * MIB - 4096..32 * MIB,
    ];
    let mut expected = content(32 * MIB);
    let failing = Failing::new(&expected, &bad);
    let rescue = failing.rescue();
    read_whole(&rescue, 32 * MIB);
    rescue.retry(&RetryLimits::default(), &|| false).unwrap();
    let (came, unread) = read_whole(&rescue, 32 * MIB);
    assert_eq!(unread, bad);
    for range in &bad {
        let [start, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap());
        expected[start..end].fill(0);
    }
    assert!(came == expected, "other bytes");
    let ours = rescue.map().blocks();
    drop(rescue);
    let mut ddrescue = Command::new("ddrescue");
    ddrescue.args(["-d", "-f", "-r1"]).arg(&failing.device);
    ddrescue.arg(failing.path("copy")).arg(failing.path("map"));
    assert!(ddrescue.stdout(Stdio::null()).status().unwrap().success());
    let theirs = fs::read_to_string(failing.path("map")).unwrap();
    assert_eq!(ours, RescueMap::parse(&theirs).unwrap().blocks());
}

/// Where in an image the bytes of a file lie that are in one piece.
fn place_of(content: &[u8], image: &[u8]) -> u64 {
    let sought = &content[..1024];
    let found = image
        .chunks(1024)
        .position(|block| block == sought)
        .unwrap();
    assert!(
        image[found * 1024..].starts_with(content),
        "it is in one piece"
    );
    found as u64 * 1024
}

#[test]
fn of_a_file_on_a_failing_device_only_what_is_bad_is_missing() {
    if !images::has((&NEEDED, true)) || !images::has(images::EXT4) {
        return;
    }
    let film = content(2 * MIB);
    let things = Things::from([
        (b"film.mov".to_vec(), Thing::File(film.clone())),
        (b"note.txt".to_vec(), Thing::File(b"well".to_vec())),
    ]);
    let image = images::ext4(24, &things);
    let place = place_of(&film, &image);
    let at = (place + MIB).next_multiple_of(4096);
    let on_device = at..at + 8192;
    let failing = Failing::new(&image, std::slice::from_ref(&on_device));
    let bad = at - place..at - place + 8192;
    let rescue = failing.rescue();
    let disk = Disk::open(rescue, Sandbox::new(Launcher::Thread)).unwrap();
    let tree = read(disk, &[], &failing.path("kept")).unwrap();
    let open = |path: &str| -> Box<dyn Content> {
        let entry = tree.find(&EntryPath::new(path)).unwrap().unwrap();
        tree.open(&entry).unwrap()
    };
    let mut note = [0; 4];
    assert_eq!(fill(&*open("note.txt"), 0, &mut note).unwrap(), 4);
    assert_eq!(&note, b"well");
    let mut bytes = vec![0; film.len()];
    assert!(fill(&*open("film.mov"), 0, &mut bytes).is_err());
    assert!(open("film.mov").may_come());
    tree.retry(&|| false).unwrap();
    let file = open("film.mov");
    assert!(!file.may_come());
    assert_eq!(&*file.missing(), std::slice::from_ref(&bad));
    for range in [0..bad.start, bad.end..2 * MIB] {
        let [start, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap());
        let into = &mut bytes[start..end];
        assert_eq!(fill(&*file, range.start, into).unwrap(), end - start);
        assert!(*into == film[start..end]);
    }
}
