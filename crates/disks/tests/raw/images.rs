//! Images of disks that the tools of the trade make and fill. The simulation makes its disks with them as well.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};

use disks::tree::suite::{self, Thing};
use filesystems::checksum::crc32;

/// Set by `cargo xtask test`, which installs what is needed.
const EVERY_TOOL: &str = "LONGSHORE_EVERY_TOOL";

/// What a disk is filled with before: where it shows, something was read that is of nobody.
const STALE: &[u8] = b"STALE-BYTES-OF-AN-EARLIER-OWNER.";

/// Where the first partition begins, and what follows the last.
pub(crate) const MIB: usize = 1 << 20;

/// When files were last changed, in seconds since 1970: every file system can say it.
pub(crate) const MODIFIED: u64 = 1_300_000_000;

/// What makes an ext4, a FAT, an NTFS and an exFAT, and whether that needs root.
pub(crate) const EXT4: (&[&str], bool) = (&["mke2fs"], false);
pub(crate) const FAT: (&[&str], bool) = (&["mkfs.vfat", "mcopy"], false);
pub(crate) const NTFS: (&[&str], bool) = (&["mkntfs", "ntfs-3g", "/dev/fuse"], true);
pub(crate) const EXFAT: (&[&str], bool) = (
    &[
        "mkfs.exfat",
        "mount.exfat-fuse",
        "losetup",
        "/dev/loop-control",
        "/dev/fuse",
    ],
    true,
);

/// The bytes of a device on which nothing was written.
pub(crate) fn stale(mebibytes: usize) -> Vec<u8> {
    STALE.repeat(mebibytes * MIB / STALE.len())
}

/// Whether programs, and what else is named by its path, are here. In the test of everything it is a fault if not.
#[expect(clippy::print_stderr, reason = "a test that is not tried says so")]
pub(crate) fn has((needed, needs_root): (&[&str], bool)) -> bool {
    let is_missing = |name: &&&str| {
        let mut places = ["/usr/sbin", "/sbin", "/usr/bin", "/bin", "/"].into_iter();
        !places.any(|place| Path::new(place).join(name.trim_start_matches('/')).exists())
    };
    let is_root = !needs_root || rustix::process::geteuid().is_root();
    let missing = needed.iter().find(is_missing).copied();
    let Some(missing) = missing.or((!is_root).then_some("root")) else {
        return true;
    };
    let is_fault = std::env::var_os(EVERY_TOOL).is_some();
    assert!(!is_fault, "{missing} is missing");
    eprintln!("not tried: {missing} is missing");
    false
}

/// Runs a program; gives what it wrote.
pub(crate) fn run<S: AsRef<OsStr>>(program: &str, arguments: &[S]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin")
        .env("MTOOLS_SKIP_CHECK", "1")
        // FAT and exFAT keep the time of a clock on a wall.
        .env("TZ", "UTC")
        .output()
        .unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Unmounts. A program that another test has just forked holds for a moment what was open here.
pub(crate) fn unmount(root: &str) {
    let is_done = || {
        Command::new("umount")
            .arg(root)
            .status()
            .is_ok_and(|status| status.success())
    };
    let is_done_soon = (0..50).any(|_| {
        is_done() || {
            thread::sleep(Duration::from_millis(100));
            false
        }
    });
    assert!(is_done_soon, "{root} stays mounted");
}

/// A volume in an image of its own, over stale bytes.
struct Made {
    folder: tempfile::TempDir,
}

impl Made {
    fn new(mebibytes: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = Self { folder };
        fs::write(made.image(), stale(mebibytes)).unwrap();
        fs::create_dir(made.root()).unwrap();
        made
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// Lays things below the root, all changed last at [`MODIFIED`].
    fn fill(&self, things: &BTreeMap<Vec<u8>, Thing>) {
        suite::make(&self.root(), things).unwrap();
        let files = things.iter();
        for (path, _) in files.filter(|(_, thing)| matches!(thing, Thing::File(_))) {
            let file = fs::File::open(self.root().join(OsStr::from_bytes(path))).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(MODIFIED);
            // Both: a file system of a user's program may not take one.
            let times = fs::FileTimes::new().set_accessed(time).set_modified(time);
            file.set_times(times).unwrap();
        }
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.image()).unwrap()
    }
}

/// ext4, which `mke2fs` fills.
pub(crate) fn ext4(mebibytes: usize, things: &BTreeMap<Vec<u8>, Thing>) -> Vec<u8> {
    let made = Made::new(mebibytes);
    made.fill(things);
    let (root, image) = (made.root(), made.image());
    let words = [
        "-q",
        "-F",
        "-t",
        "ext4",
        "-E",
        "nodiscard,root_owner=0:0",
        "-d",
    ];
    let words = words.map(OsStr::new);
    let words = [&words[..], &[root.as_os_str(), image.as_os_str()]].concat();
    run("mke2fs", &words);
    made.bytes()
}

/// FAT whose numbers of clusters have so many bits, which mtools fill.
pub(crate) fn fat(bits: &str, mebibytes: usize, things: &BTreeMap<Vec<u8>, Thing>) -> Vec<u8> {
    let made = Made::new(mebibytes);
    made.fill(things);
    let image = made.image();
    let image = image.to_str().unwrap();
    run("mkfs.vfat", &["-F", bits, "-s", "1", image]);
    for entry in fs::read_dir(made.root()).unwrap() {
        let path = entry.unwrap().path();
        run(
            "mcopy",
            &["-s", "-m", "-i", image, path.to_str().unwrap(), "::"],
        );
    }
    made.bytes()
}

/// NTFS, which ntfs-3g fills.
pub(crate) fn ntfs(mebibytes: usize, things: &BTreeMap<Vec<u8>, Thing>) -> Vec<u8> {
    let made = Made::new(mebibytes);
    let (image, root) = (made.image(), made.root());
    let (image, root) = (image.to_str().unwrap(), root.to_str().unwrap());
    run("mkntfs", &["-q", "-F", "-Q", image]);
    run("ntfs-3g", &[image, root]);
    made.fill(things);
    unmount(root);
    made.bytes()
}

/// exFAT, which exfat-fuse fills: on a loop device, since it takes nothing else.
pub(crate) fn exfat(mebibytes: usize, things: &BTreeMap<Vec<u8>, Thing>) -> Vec<u8> {
    let made = Made::new(mebibytes);
    let (image, root) = (made.image(), made.root());
    let (image, root) = (image.to_str().unwrap(), root.to_str().unwrap());
    run("mkfs.exfat", &[image]);
    let device = run("losetup", &["--find", "--show", image]);
    run("mount.exfat-fuse", &[device.trim(), root]);
    made.fill(things);
    unmount(root);
    run("losetup", &["--detach", device.trim()]);
    made.bytes()
}

/// What stands in a table for a volume.
pub(crate) struct Partition {
    /// The type in an MBR.
    pub(crate) kind: u8,
    pub(crate) bytes: Vec<u8>,
}

fn le32(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap().to_le_bytes()
}

/// A disk with these volumes, from the first MiB on, and a MiB of stale bytes behind them.
fn disk(volumes: &[&[u8]]) -> (Vec<u8>, Vec<(usize, usize)>) {
    let (mut disk, mut places) = (stale(1), Vec::new());
    disk[..34 * 512].fill(0);
    for volume in volumes {
        places.push((disk.len() / 512, volume.len() / 512));
        disk.extend_from_slice(volume);
        disk.resize(disk.len().next_multiple_of(MIB), 0);
    }
    disk.extend(stale(1));
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    (disk, places)
}

/// A disk with an MBR.
pub(crate) fn mbr(partitions: &[Partition]) -> Vec<u8> {
    let volumes: Vec<&[u8]> = partitions.iter().map(|it| &it.bytes[..]).collect();
    let (mut disk, places) = disk(&volumes);
    for (number, ((first, count), partition)) in places.into_iter().zip(partitions).enumerate() {
        let entry = &mut disk[446 + 16 * number..][..16];
        entry[4] = partition.kind;
        entry[8..12].copy_from_slice(&le32(first));
        entry[12..].copy_from_slice(&le32(count));
    }
    disk
}

/// A disk with a GPT and its protective MBR; each volume is of the kind that Windows and Linux share for data.
pub(crate) fn gpt(volumes: &[&[u8]]) -> Vec<u8> {
    // EBD0A0A2-B9E5-4433-87C0-68B6B72699C7, as it lies on a disk.
    const DATA: [u8; 16] = [
        0xA2, 0xA0, 0xD0, 0xEB, 0xE5, 0xB9, 0x33, 0x44, 0x87, 0xC0, 0x68, 0xB6, 0xB7, 0x26, 0x99,
        0xC7,
    ];
    let (mut disk, places) = disk(volumes);
    let last = disk.len() / 512 - 1;
    disk[446 + 4] = 0xEE;
    disk[446 + 8..446 + 12].copy_from_slice(&le32(1));
    disk[446 + 12..446 + 16].copy_from_slice(&le32(last));
    let mut entries = vec![0; 128 * 128];
    for (number, (first, count)) in places.into_iter().enumerate() {
        let entry = &mut entries[128 * number..][..128];
        entry[..16].copy_from_slice(&DATA);
        entry[16..32].fill(u8::try_from(number).unwrap() + 1);
        entry[32..40].copy_from_slice(&(first as u64).to_le_bytes());
        entry[40..48].copy_from_slice(&((first + count - 1) as u64).to_le_bytes());
    }
    for (own, other, table) in [(1, last, 2), (last, 1, last - 32)] {
        let mut head = vec![0; 92];
        head[..8].copy_from_slice(b"EFI PART");
        head[8..12].copy_from_slice(&0x1_0000_u32.to_le_bytes());
        head[12..16].copy_from_slice(&le32(92));
        for (at, sector) in [
            (24, own),
            (32, other),
            (40, 34),
            (48, last - 33),
            (72, table),
        ] {
            head[at..at + 8].copy_from_slice(&(sector as u64).to_le_bytes());
        }
        head[56..72].fill(7);
        head[80..84].copy_from_slice(&le32(128));
        head[84..88].copy_from_slice(&le32(128));
        head[88..92].copy_from_slice(&crc32(&entries).to_le_bytes());
        let sum = crc32(&head).to_le_bytes();
        head[16..20].copy_from_slice(&sum);
        disk[own * 512..][..92].copy_from_slice(&head);
        disk[own * 512 + 92..(own + 1) * 512].fill(0);
        disk[table * 512..][..entries.len()].copy_from_slice(&entries);
    }
    disk
}
