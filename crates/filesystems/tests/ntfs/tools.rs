//! Volumes that ntfs-3g fills: mounted, filled, and listed by it, then read here. It needs root, `/dev/fuse` and
//! Debian's ntfs-3g; where one is missing nothing is tried, and that is said. In the test of everything it is a fault.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use filesystems::blocks::MemoryBlocks;

use super::image::STALE;
use super::{Volume, pattern};

/// Set by `cargo xtask test`, which installs what is needed.
const EVERY_TOOL: &str = "LONGSHORE_EVERY_TOOL";
/// "Compressed", the attribute of a folder whose new files ntfs-3g compresses: big-endian.
const COMPRESSED: &[u8] = &[0, 0, 8, 0];

/// Whether ntfs-3g can be used here.
#[expect(clippy::print_stderr, reason = "a test that is not tried says so")]
fn has_tools() -> bool {
    let places = ["/usr/sbin/mkntfs", "/usr/bin/ntfs-3g", "/dev/fuse"];
    let missing = places.into_iter().find(|place| !Path::new(place).exists());
    let is_root = rustix::process::geteuid().is_root();
    let missing = missing.or_else(|| (!is_root).then_some("root"));
    if let Some(missing) = missing {
        assert!(
            std::env::var_os(EVERY_TOOL).is_none(),
            "{missing} is missing"
        );
        eprintln!("not tried: {missing} is missing");
    }
    missing.is_none()
}

fn run(program: &str, arguments: &[&str], path: &[&Path]) {
    let output = Command::new(program).args(arguments).args(path).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program}: {said}");
}

/// Unmounts. A program that another test has just forked holds for a moment what was open here.
fn unmount(root: &Path) {
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
    assert!(is_done_soon, "{} stays mounted", root.display());
}

/// An image with a volume, mounted as long as this lives.
struct Mounted {
    folder: tempfile::TempDir,
}

impl Mounted {
    /// Makes and mounts a volume of so many MiB with these sizes.
    fn new(mebibytes: usize, sizes: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = Self { folder };
        let content = STALE.repeat((mebibytes << 20) / STALE.len());
        fs::write(made.image(), content).unwrap();
        fs::create_dir(made.root()).unwrap();
        let arguments = [&["-q", "-F", "-Q"], sizes].concat();
        run("/usr/sbin/mkntfs", &arguments, &[&made.image()]);
        let options = ["-o", "compression,streams_interface=windows"];
        run("/usr/bin/ntfs-3g", &options, &[&made.image(), &made.root()]);
        made
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// What ntfs-3g reads, by path; then the volume, not mounted any more, as it is read here.
    fn read(self) -> (BTreeMap<String, Vec<u8>>, Volume) {
        let mut listed = BTreeMap::new();
        list(&self.root(), "", &mut listed);
        unmount(&self.root());
        let content = fs::read(self.image()).unwrap();
        (listed, Volume::of(MemoryBlocks::new(content)).unwrap())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // A test that failed has left it mounted.
        let _ = Command::new("umount").arg("-l").arg(self.root()).output();
    }
}

/// All files below a folder with their content.
fn list(folder: &Path, before: &str, listed: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{before}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            list(&entry.path(), &format!("{path}/"), listed);
        } else {
            listed.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}

/// The same paths and contents, and no cluster that nothing accounts for.
fn compare((listed, mut volume): (BTreeMap<String, Vec<u8>>, Volume)) {
    let paths: Vec<String> = listed.keys().cloned().collect();
    assert_eq!(volume.paths(), paths);
    for (path, content) in listed {
        assert!(volume.content(&path) == content, "{path} differs");
    }
    assert_eq!(volume.walk.summary.unaccounted, Some(0));
    assert!(volume.walk.damaged.is_empty(), "{:?}", volume.walk.damaged);
}

/// Files of all sizes, of which every other is deleted again, and one with 300 names.
fn fill_many(root: &Path) {
    fs::create_dir_all(root.join("many/links")).unwrap();
    let name = |index: usize| root.join(format!("many/{index}-{}", "x".repeat(index % 150)));
    for index in 0..400 {
        fs::write(name(index), pattern(index * 7 % 3000)).unwrap();
    }
    for index in (0..400).step_by(2) {
        fs::remove_file(name(index)).unwrap();
    }
    for index in 0..300 {
        let link = root.join(format!("many/links/{index}"));
        fs::hard_link(name(1), link).unwrap();
    }
    fs::write(root.join("u\u{308}-漢😀"), "name").unwrap();
}

/// Files that are written in turns, so that each lies in many places.
fn fill_in_turns(root: &Path) {
    let mut files: Vec<File> = (0..3)
        .map(|index| File::create(root.join(format!("turn{index}"))).unwrap())
        .collect();
    let content = pattern(4096);
    for turn in 0u8..250 {
        for file in &mut files {
            file.write_all(&content).unwrap();
            file.write_all(&[turn; 100]).unwrap();
            file.sync_all().unwrap();
        }
    }
}

fn fill_with_hole(path: &Path) {
    let mut file = File::create(path).unwrap();
    file.write_all(&[7; 1000]).unwrap();
    file.seek(SeekFrom::Start(500_000)).unwrap();
    file.write_all(b"end").unwrap();
}

/// Files in a folder whose files are compressed.
fn fill_compressed(root: &Path) {
    let folder = root.join("packed");
    fs::create_dir(&folder).unwrap();
    let flags = rustix::fs::XattrFlags::empty();
    rustix::fs::setxattr(&folder, "system.ntfs_attrib_be", COMPRESSED, flags).unwrap();
    let lines = (0..8000).map(|line| format!("line {line} of a text that packs well\n"));
    let text: Vec<u8> = lines.flat_map(String::into_bytes).collect();
    let mixed = [
        &text[..70_000],
        &pattern(70_000),
        &[0; 100_000],
        &text[..12_345],
    ]
    .concat();
    fs::write(folder.join("text"), &text).unwrap();
    fs::write(folder.join("noise"), pattern(300_000)).unwrap();
    fs::write(folder.join("mixed"), mixed).unwrap();
    fill_with_hole(&folder.join("hole"));
}

#[test]
fn what_ntfs_3g_wrote_is_read() {
    if !has_tools() {
        return;
    }
    let mounted = Mounted::new(32, &["-c", "4096"]);
    fill_many(&mounted.root());
    fill_in_turns(&mounted.root());
    fill_compressed(&mounted.root());
    fill_with_hole(&mounted.root().join("hole"));
    fs::write(mounted.root().join("hole:stream"), "more").unwrap();
    let (mut listed, volume) = mounted.read();
    listed.remove("hole:stream");
    let packed = volume.file("packed/text").content.clone().unwrap();
    assert!(format!("{packed:?}").contains("Lznt1"));
    assert_eq!(volume.file("hole").streams.len(), 1);
    compare((listed, volume));
}

#[test]
fn what_ntfs_3g_wrote_in_other_sizes_is_read() {
    if !has_tools() {
        return;
    }
    for sizes in [
        ["-c", "512", "-s", "512"],
        ["-c", "65536", "-s", "4096"],
        ["-c", "4096", "-s", "4096"],
    ] {
        let mounted = Mounted::new(32, &sizes);
        fill_many(&mounted.root());
        fill_in_turns(&mounted.root());
        fill_with_hole(&mounted.root().join("hole"));
        compare(mounted.read());
    }
}
