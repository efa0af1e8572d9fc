//! Real block devices: loop devices, which need root. Without it nothing is tried, and that is said.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]
#![expect(clippy::print_stderr, reason = "a test that is not tried says so")]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output as Said, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use bay::FormatError;
use disks::device::{Device as _, RawDevice};
use disks::facts::Facts;
use disks::tree::folder::Folder;
use disks::tree::{Tree, Walked};
use model::capabilities::{Capabilities, Finding};
use model::entry::{Damage, EntryKind, EntryPath, Unloadable};
use model::ids::{JobId, JobType, ObjectKey, StationName};
use model::manifest::{FileSystem, Manifest, S3Import};
use model::outcome::Outcome;
use model::progress::LogLocation;
use model::proof::Attempt;
use model::time::{ManualClock, Timestamp};
use objectstore::Bucket;
use objectstore::faulty::{Faulty, Operation};
use objectstore::memory::MemoryBucket;
use transfer::image::restore::{Output, Overwrite};
use transfer::import::Import;
use transfer::journal;
use transfer::journal::file::Disk;
use transfer::journal::records::AnyRecord;
use transfer::progress::Progress;
use transfer::resources::Resources;
use transfer::settings::Settings;
use transfer::stop::{Halt, Stop};

const MANIFEST: &str = "manifestVersion: 2.0\nbucket: bkt\ndeviceId: D-1\neraseDevice: no\n\
    notificationEmail: a@b.example\nreturnAddress:\n    name: N\n    street1: S\n    city: C\n    \
    stateOrProvince: WA\n    postalCode: 98000\n    country: USA\n    phoneNumber: 1\n";

const MEBIBYTE: u64 = 1 << 20;

/// One test at a time: a child that another starts has, for a moment, all that is open here, and a
/// mount namespace that it makes has all that is mounted.
static ALONE: Mutex<()> = Mutex::new(());

/// Waits for the turn of a test; `None` if no loop devices can be made here.
fn alone() -> Option<MutexGuard<'static, ()>> {
    let can = rustix::process::geteuid().is_root() && Path::new("/dev/loop-control").exists();
    if !can {
        eprintln!("not tried: loop devices need root");
    }
    can.then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Whether there is a program to damage a file system with.
fn has_debugfs() -> bool {
    Command::new("debugfs").arg("-V").output().is_ok()
}

fn run(program: &str, arguments: &[&Path]) -> Said {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    output
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

/// An image with a file system, attached and mounted as long as this lives.
struct Card {
    folder: tempfile::TempDir,
    device: PathBuf,
    is_mounted: bool,
}

impl Card {
    /// Attaches an image of so many MiB that holds ext4 and what `fill` puts there.
    fn new(mebibytes: u64, fill: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("card.img");
        File::create(&image)
            .unwrap()
            .set_len(mebibytes * MEBIBYTE)
            .unwrap();
        // Without checksums of its own, so that a test can damage it.
        let words = ["-q", "-O", "^metadata_csum"].map(Path::new);
        run("mkfs.ext4", &[&words[..], &[&image]].concat());
        let shown = run("losetup", &["--find".as_ref(), "--show".as_ref(), &image]);
        let device = String::from_utf8(shown.stdout).unwrap();
        let mut card = Self {
            device: device.trim().into(),
            folder,
            is_mounted: false,
        };
        fs::create_dir(card.root()).unwrap();
        card.mount("rw");
        fill(&card.root());
        card.unmount();
        card
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("card.img")
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    fn mount(&mut self, options: &str) {
        let words = ["-o".as_ref(), options.as_ref(), &*self.device, &self.root()];
        run("mount", &words);
        self.is_mounted = true;
    }

    fn unmount(&mut self) {
        unmount(&self.root());
        self.is_mounted = false;
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        if self.is_mounted {
            let words = [Path::new("--lazy"), &self.root()];
            let _best_effort = Command::new("umount").args(words).output();
        }
        let detach = [Path::new("--detach"), &self.device];
        let _best_effort = Command::new("losetup").args(detach).output();
    }
}

/// So many files of 100 kB.
fn files(count: u32) -> impl Fn(&Path) {
    move |root: &Path| {
        for at in 0..count {
            let byte = at.to_le_bytes()[0] | 1;
            fs::write(root.join(format!("f{at:03}")), vec![byte; 100_000]).unwrap();
        }
    }
}

fn rules() -> S3Import {
    let Ok(Manifest::S3Import(rules)) = Manifest::parse_accepted(MANIFEST, JobType::Import) else {
        panic!("no S3 import")
    };
    rules
}

/// Loads a tree; gives why it stopped, and how many entries the journal has: stored and failed.
fn load(tree: &dyn Tree, bucket: &dyn Bucket, folder: &Path) -> (Option<Halt>, usize, usize) {
    let (rules, stop) = (rules(), Stop::default());
    let job = JobId::new("ABCDE").unwrap();
    let settings = Settings::default();
    let attempt = Attempt {
        number: 1,
        at: Timestamp::from_unix(1_500_000_000),
        station: StationName::new("bench").unwrap(),
        read_back: settings.read_back,
        store: Capabilities::all(Finding::Honored),
    };
    let log = LogLocation {
        bucket: rules.common.log_bucket.clone(),
        key: ObjectKey::new("log").unwrap(),
    };
    let import = Import {
        job,
        attempt: &attempt,
        begun: None,
        tree,
        signed: &[EntryPath::new("SIGNATURE")],
        bucket,
        rules: &rules,
        settings,
        resources: &Resources::new(&settings),
        log: &log,
        logs: &Disk,
        clock: &ManualClock::at(Timestamp::from_unix(1_500_000_000)),
        progress: &Progress::default(),
        stop: &stop,
        without: None,
    };
    import.run(folder).unwrap();
    let (mut stored, mut failed) = (0, 0);
    journal::scan(&folder.join("journal"), &mut |_, record| {
        if let AnyRecord::Entry(record) = record {
            match record.outcome {
                Outcome::Stored(_) => stored += 1,
                Outcome::Failed(_) => failed += 1,
                Outcome::Ignored { .. } => {}
            }
        }
        Ok(())
    })
    .unwrap();
    (stop.take_reason(), stored, failed)
}

fn names(tree: &dyn Tree) -> Vec<Walked> {
    let mut all = Vec::new();
    tree.walk(&mut |found| {
        all.push(found);
        ControlFlow::Continue(())
    })
    .unwrap();
    all
}

/// A device whose content is cut off stays where it is and answers every read with an error, while its
/// names come from memory: nothing is marked failed, and with the device back the job goes on.
#[test]
fn a_device_that_is_cut_off_ends_the_run_and_marks_nothing() {
    let Some(_alone) = alone() else { return };
    let count = 60;
    let mut card = Card::new(32, files(count));
    card.mount("ro");
    let image = File::options().write(true).open(card.image()).unwrap();
    let mut kept = vec![0; usize::try_from(32 * MEBIBYTE).unwrap()];
    File::open(card.image())
        .unwrap()
        .read_exact_at(&mut kept, 0)
        .unwrap();

    let folder = tempfile::tempdir().unwrap();
    let memory = Arc::new(MemoryBucket::new());
    let puts = AtomicU32::new(0);
    let cutting = Faulty::new(Arc::clone(&memory), move |operation| {
        if operation == Operation::Put && puts.fetch_add(1, Ordering::SeqCst) == 5 {
            image.set_len(MEBIBYTE).unwrap();
        }
        None
    });
    let tree = Folder::open(&card.root()).unwrap();
    assert_eq!(names(&tree).len(), usize::try_from(count).unwrap());
    let (why, stored, failed) = load(&tree, &cutting, folder.path());
    assert!(matches!(why, Some(Halt::Device(_))), "{why:?}");
    assert_eq!(failed, 0, "{stored} stored");

    // Dead from the beginning on.
    let (why, _, failed) = load(&tree, &memory, folder.path());
    assert!(matches!(why, Some(Halt::Device(_))), "{why:?}");
    assert_eq!(failed, 0);
    drop(tree);

    card.unmount();
    fs::write(card.image(), &kept).unwrap();
    card.mount("ro");
    let (why, stored, failed) = load(&Folder::open(&card.root()).unwrap(), &memory, folder.path());
    assert!(why.is_none(), "{why:?}");
    assert!(failed == 0 && stored >= usize::try_from(count).unwrap());
}

/// Access times of the root, folders and files stay, though it is mounted to be written to and every
/// read would change them.
#[test]
fn a_loaded_device_keeps_its_access_times() {
    let Some(_alone) = alone() else { return };
    let mut card = Card::new(16, |root| {
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::write(root.join("a/b/file"), b"content").unwrap();
        fs::write(root.join("SIGNATURE"), b"x").unwrap();
        std::os::unix::fs::symlink("a/b", root.join("link")).unwrap();
    });
    card.mount("rw,strictatime");
    let all = ["", "a", "a/b", "a/b/file", "SIGNATURE", "link"];
    let times = || -> Vec<_> {
        let meta = all.map(|name| fs::symlink_metadata(card.root().join(name)).unwrap());
        meta.iter()
            .map(|it| (it.atime(), it.atime_nsec()))
            .collect()
    };
    let before = times();
    let tree = Folder::open(&card.root()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (why, stored, _) = load(&tree, &MemoryBucket::new(), folder.path());
    assert!(why.is_none() && stored == 1, "{why:?}");
    let find = |name| tree.find(&EntryPath::new(name)).unwrap().unwrap();
    let signature = tree.open(&find("SIGNATURE")).unwrap();
    signature.read_at(0, &mut [0; 10]).unwrap();
    // Nothing keeps the kernel from marking a link that is read: this one is not.
    let target = None;
    assert_eq!(find("link").kind, EntryKind::SymbolicLink { target });
    assert_eq!(times(), before);
}

/// Folders that share their sub-folders, 40 levels deep: a trillion paths on a few kilobytes. Each
/// folder is walked once, and what leads to it again is a line.
#[test]
fn folders_under_many_names_are_walked_once() {
    let Some(_alone) = alone().filter(|_| has_debugfs()) else {
        return;
    };
    let levels = 40;
    let mut card = Card::new(16, |root| {
        for level in 0..levels {
            fs::create_dir(root.join(format!("l{level}"))).unwrap();
        }
        fs::write(root.join(format!("l{}/file", levels - 1)), b"x").unwrap();
    });
    for level in 0..levels - 1 {
        for name in ["a", "b"] {
            let words = format!("ln l{} l{level}/{name}", level + 1);
            run(
                "debugfs",
                &["-w".as_ref(), "-R".as_ref(), words.as_ref(), &card.image()],
            );
        }
    }
    card.mount("ro");
    let found = names(&Folder::open(&card.root()).unwrap());
    let files = found.iter().filter(|found| found.is_ok()).count();
    let again = found.iter().filter(|found| {
        found
            .as_ref()
            .is_err_and(|bad| bad.why == Unloadable::Damaged(Damage::MetBefore))
    });
    assert_eq!(files, 1);
    assert!(again.count() >= levels - 1);
    assert!(found.len() < 4 * levels, "{}", found.len());
}

/// An entry that is named as a folder names itself is out of reach for every program, and is told.
#[test]
fn an_entry_that_cannot_be_named_is_a_line() {
    let Some(_alone) = alone().filter(|_| has_debugfs()) else {
        return;
    };
    let mut card = Card::new(16, |root| {
        fs::create_dir(root.join("d")).unwrap();
        fs::write(root.join("d/q"), b"x").unwrap();
        fs::write(root.join("d/good"), b"x").unwrap();
    });
    rename_on_disk(&card.image(), b"q\0\0\0", b".\0\0\0");
    card.mount("ro");
    let found = names(&Folder::open(&card.root()).unwrap());
    let bad: Vec<_> = found
        .iter()
        .filter_map(|found| found.as_ref().err())
        .collect();
    assert_eq!(bad.len(), 1, "{found:?}");
    assert_eq!(bad[0].path.to_string(), "d/.");
    assert_eq!(bad[0].why, Unloadable::Damaged(Damage::ImpossibleName));
}

/// Gives the entry with this name another.
fn rename_on_disk(image: &Path, from: &[u8], to: &[u8]) {
    let mut bytes = fs::read(image).unwrap();
    // Length of the name 1, a regular file (kind 1).
    let entry = [&[1, 1][..], from].concat();
    let at: Vec<_> = (0..bytes.len() - entry.len())
        .filter(|at| bytes[*at..].starts_with(&entry))
        .collect();
    assert!(!at.is_empty(), "no such entry");
    // In the folder, and in the journal.
    for at in at {
        bytes[at + 2..][..to.len()].copy_from_slice(to);
    }
    fs::write(image, bytes).unwrap();
}

/// What is mounted below a device is of somebody else; below a folder it belongs to the folder.
#[test]
fn what_is_mounted_below_a_device_is_not_of_it() {
    let Some(_alone) = alone() else { return };
    let mut card = Card::new(16, |root| {
        fs::create_dir_all(root.join("folder/below")).unwrap();
        fs::write(root.join("folder/own"), b"x").unwrap();
    });
    card.mount("rw");
    let below = card.root().join("folder/below");
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("others"), b"x").unwrap();
    run("mount", &[Path::new("--bind"), other.path(), &below]);
    let of_device = names(&Folder::open(&card.root()).unwrap());
    let of_folder = names(&Folder::open(&card.root().join("folder")).unwrap());
    unmount(&below);
    let paths = |found: &[Walked]| -> Vec<String> {
        let each = found.iter();
        each.map(|found| match found {
            Ok(entry) => entry.path.to_string(),
            Err(bad) => format!("{}: {}", bad.path, bad.why),
        })
        .collect()
    };
    let refused = "folder/below: another file system is mounted here, which is not of this device";
    assert_eq!(paths(&of_device), [refused, "folder/own"]);
    assert_eq!(paths(&of_folder), ["below/others", "own"]);
}

/// A file that claims more than the device holds, and holes without end, would fill a store.
#[test]
fn a_file_cannot_claim_more_than_its_device_holds() {
    let Some(_alone) = alone() else { return };
    let mut card = Card::new(16, |root| {
        let claim = |name: &str, bytes| {
            let file = File::create(root.join(name)).unwrap();
            file.set_len(bytes).unwrap();
            file.write_all_at(b"x", 0).unwrap();
        };
        claim("a-huge", 100 << 30);
        (0..20).for_each(|at| claim(&format!("h{at:02}"), 10 << 20));
        fs::write(root.join("z"), b"all here").unwrap();
    });
    card.mount("ro");
    let tree = Folder::open(&card.root()).unwrap();
    let found = names(&tree);
    let refused: Vec<_> = found
        .iter()
        .filter_map(|found| found.as_ref().err())
        .collect();
    assert!(
        matches!(refused[0].why, Unloadable::LargerThanDevice { bytes, .. } if bytes == 100 << 30)
    );
    let holes = refused[1..].iter();
    assert!(
        holes
            .clone()
            .all(|bad| matches!(bad.why, Unloadable::TooManyHoles { .. }))
    );
    assert!((5..12).contains(&holes.len()), "{}", holes.len());
    assert!(found.last().unwrap().is_ok(), "what has no holes is loaded");
    let allowed = names(&tree.with_claims(true));
    assert!(allowed.iter().all(Result::is_ok));
}

/// A file's bytes are all there is to lose.
fn sum(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap();
    let checksums = objectstore::Checksums::of(&bytes);
    checksums.md5.to_vec()
}

/// What formatting a device says; nothing may have been written then.
fn refused(facts: &Facts, image: &Path) -> String {
    let before = sum(image);
    let job = JobId::new("ABCDE").unwrap();
    let refused = bay::format(facts, FileSystem::Ext4, job).unwrap_err();
    assert_eq!(sum(image), before, "{refused}");
    refused.to_string()
}

fn attach(image: &Path) -> PathBuf {
    let shown = run("losetup", &["--find".as_ref(), "--show".as_ref(), image]);
    String::from_utf8(shown.stdout).unwrap().trim().into()
}

/// Whatever it is called: by a second loop device, another name, a name with a space at its end or
/// that is no text, or when its first name is gone.
#[test]
fn what_is_mounted_is_not_formatted_whatever_it_is_called() {
    let Some(_alone) = alone() else { return };
    let mut card = Card::new(20, files(1));
    // As it was seen before it was mounted: what was agreed to then is no leave for now.
    let image = card.image();
    let second = attach(&image);
    let names = ["again.img", "again.img ", "ag\u{e4}in\n.img"];
    let mut named: Vec<PathBuf> = names
        .iter()
        .map(|name| card.folder.path().join(name))
        .collect();
    named.push(card.folder.path().join(OsStr::from_bytes(b"caf\xE9 .img")));
    named
        .iter()
        .for_each(|name| fs::hard_link(&image, name).unwrap());
    card.mount("rw");
    run("sync", &[]);
    fs::remove_file(&image).unwrap();
    for path in named.iter().chain([&second, &card.device]) {
        let facts = Facts::of(path, &[]).unwrap();
        let why = bay::may_be_formatted(&facts, FileSystem::Ext4).unwrap_err();
        assert!(why.to_string().contains("is mounted at"), "{why}");
        let unseen = Facts {
            uses: Vec::new(),
            ..facts
        };
        let why = refused(&unseen, &named[0]);
        assert!(
            why.contains("mounted at") || why.contains("in use"),
            "{why}"
        );
    }
    card.unmount();
    // Attached alone is in use too: somebody did that for something.
    assert!(!Facts::of(&named[0], &[]).unwrap().uses.is_empty());
    run("losetup", &["--detach".as_ref(), &second]);
    fs::rename(&named[0], &image).unwrap();
}

#[test]
fn what_is_mounted_out_of_sight_is_not_formatted() {
    let Some(_alone) = alone() else { return };
    let card = Card::new(20, files(1));
    let script = "mount \"$0\" \"$1\" && echo mounted && exec sleep 60";
    let mut elsewhere = Command::new("unshare")
        .args(["--mount", "sh", "-c", script])
        .args([&card.device, &card.root()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = [0; 8];
    let is_mounted = elsewhere
        .stdout
        .take()
        .unwrap()
        .read_exact(&mut said)
        .is_ok();
    let told = [&card.image(), &card.device].map(|path| {
        let facts = Facts::of(path, &[]).unwrap();
        bay::may_be_formatted(&facts, FileSystem::Ext4)
            .unwrap_err()
            .to_string()
    });
    elsewhere.kill().unwrap();
    elsewhere.wait().unwrap();
    assert!(is_mounted);
    assert!(
        told.iter().all(|told| told.contains("out of sight")),
        "{told:?}"
    );
}

#[test]
fn only_what_was_agreed_to_is_formatted() {
    let Some(_alone) = alone() else { return };
    let folder = tempfile::tempdir().unwrap();
    let [image, other] = ["disk.img", "other.img"].map(|name| folder.path().join(name));
    let make = |path: &Path| File::create(path).unwrap().set_len(20 * MEBIBYTE).unwrap();
    make(&image);
    make(&other);
    let agreed = Facts::of(&image, &[]).unwrap();
    // Another of equal size and with nothing on it has the name by now.
    fs::rename(&other, &image).unwrap();
    assert!(!agreed.is_same(&Facts::of(&image, &[]).unwrap()));
    assert!(refused(&agreed, &image).contains("not what it was"));
    // It is the same, and somebody has written to it.
    let agreed = Facts::of(&image, &[]).unwrap();
    let file = File::options().write(true).open(&image).unwrap();
    file.write_all_at(b"mine", 19 * MEBIBYTE + 5).unwrap();
    drop(file);
    assert!(refused(&agreed, &image).contains("not what it was"));
    // A virtual machine has it.
    let agreed = Facts::of(&image, &[]).unwrap();
    let file = File::options().append(true).open(&image).unwrap();
    let mut machine = Command::new("sleep")
        .arg("60")
        .stdout(file)
        .spawn()
        .unwrap();
    let why = refused(&agreed, &image);
    machine.kill().unwrap();
    machine.wait().unwrap();
    assert!(why.contains("`sleep`) has it open"), "{why}");
    // Somebody keeps it locked.
    let mut keeper = Command::new("flock")
        .args([OsStr::new("--no-fork"), image.as_os_str()])
        .args(["sh", "-c", "echo locked; exec sleep 60"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = [0; 7];
    keeper.stdout.take().unwrap().read_exact(&mut said).unwrap();
    let why = refused(&agreed, &image);
    keeper.kill().unwrap();
    keeper.wait().unwrap();
    assert!(why.contains("in use"), "{why}");
    // The same under a loop device.
    let device = attach(&image);
    let file = File::options().append(true).open(&image).unwrap();
    let mut machine = Command::new("sleep")
        .arg("60")
        .stdout(file)
        .spawn()
        .unwrap();
    let uses = Facts::of(&device, &[]).unwrap().uses;
    machine.kill().unwrap();
    machine.wait().unwrap();
    run("losetup", &["--detach".as_ref(), &device]);
    let is_written = |used: &disks::facts::Use| matches!(used, disks::facts::Use::Written { .. });
    assert!(uses.iter().any(is_written), "{uses:?}");
}

#[test]
fn a_device_is_formatted_under_any_name() {
    let Some(_alone) = alone() else { return };
    let folder = tempfile::tempdir().unwrap();
    let job = JobId::new("3Q5KT").unwrap();
    let kinds = [
        FileSystem::Ext4,
        FileSystem::Ext2,
        FileSystem::Ntfs,
        FileSystem::Fat32,
        FileSystem::ExFat,
    ];
    for kind in kinds {
        let image = folder.path().join(OsStr::from_bytes(b" caf\xE9\t.img "));
        File::create(&image)
            .unwrap()
            .set_len(70 * MEBIBYTE)
            .unwrap();
        for is_block in [false, true] {
            let path = if is_block {
                attach(&image)
            } else {
                image.clone()
            };
            let facts = Facts::of(&path, &[]).unwrap();
            let made = bay::format(&facts, kind, job);
            if is_block {
                run("losetup", &["--detach".as_ref(), &path]);
            }
            match made {
                Ok(made) => assert_eq!(made.label.as_deref(), Some("3Q5KT")),
                Err(FormatError::NoDriver { .. }) => eprintln!("not tried: {kind:?}"),
                Err(error) => panic!("{kind:?} on {path:?}: {error:?}"),
            }
        }
    }
}

/// The image of what is mounted, seen through another loop device or its file, would be of no moment.
#[test]
fn what_is_mounted_is_not_read_raw_nor_overwritten() {
    let Some(_alone) = alone() else { return };
    let mut card = Card::new(20, files(1));
    let second = attach(&card.image());
    card.mount("rw");
    for path in [&card.image(), &second, &card.device] {
        let why = RawDevice::open(path).unwrap_err().to_string();
        assert!(why.contains("is in use"), "{why}");
        let why = Output::open(path, 20 * MEBIBYTE, Overwrite::Allowed).unwrap_err();
        assert!(why.to_string().contains("in use"), "{why}");
    }
    card.unmount();
    assert_eq!(RawDevice::open(&second).unwrap().bytes(), 20 * MEBIBYTE);
    run("losetup", &["--detach".as_ref(), &second]);
}
