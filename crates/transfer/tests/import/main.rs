//! A device in memory into a bucket in memory: every outcome, every fault, any number of crashes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod parts;
mod rescue;
mod takeover;
mod without;
mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use awshttp::retry::{RealTime, Retry, RetryPolicy};
use disks::tree::Tree as _;
use disks::tree::faulty::{Access, Condition, Faults, FaultyTree, InjectedFault};
use disks::tree::memory::{Memory, Node};
use model::capabilities::Finding;
use model::entry::{Entry, EntryId, EntryKind, EntryPath};
use model::ids::ObjectKey;
use model::key_space::{Kept, Oddity};
use model::proof::ReadBack;
use model::time::Timestamp;
use objectstore::faulty::{Failure, Fault, Faulty, Operation};
use objectstore::memory::MemoryBucket;
use objectstore::object::Attributes;
use objectstore::retrying::Retrying;
use objectstore::{Bucket, Checksums, StoreError};
use rustix::io::Errno;
use transfer::journal;
use transfer::journal::records::import::ImportRecord;
use transfer::settings::{Existing, Unchanged};
use transfer::stop::{Halt, Stop};

use world::{LARGE, World, content, keys, noise};

#[test]
fn every_entry_arrives_or_is_accounted_for() {
    let world = World::new("prefix: p/\nignore:\n    - ~$\n");
    let big = noise(12 << 20, 1);
    let device = Memory::new([
        (b"SIGNATURE".to_vec(), Node::File(vec![0; 90])),
        (b"a/big".to_vec(), Node::File(big.clone())),
        (b"a/empty".to_vec(), Node::File(Vec::new())),
        (b"a/small.txt".to_vec(), Node::File(b"hello".to_vec())),
        (b"backup~".to_vec(), Node::File(b"x".to_vec())),
        (b"bad".to_vec(), Node::BadSector(noise(100, 2), 50)),
        (
            b"bad-big".to_vec(),
            Node::BadSector(noise(12 << 20, 3), 7 << 20),
        ),
        (b"caf\xE9".to_vec(), Node::File(b"x".to_vec())),
        (b"link".to_vec(), Node::Link(b"elsewhere".to_vec())),
        (b"shrunk".to_vec(), Node::Shrinking(noise(100, 4), 40)),
        (
            b"shrunk-big".to_vec(),
            Node::Shrinking(noise(12 << 20, 5), 11 << 20),
        ),
        (b"unlistable".to_vec(), Node::Unlistable),
    ]);
    let bucket = MemoryBucket::new();
    let ended = world.run(&device, &bucket);

    assert!(ended.why.is_none(), "{:?}", ended.why);
    assert_eq!(keys(&bucket), ["p/a/big", "p/a/empty", "p/a/small.txt"]);
    assert_eq!(content(&bucket, "p/a/big").unwrap(), big);
    assert!(
        bucket.list_uploads("").unwrap().is_empty(),
        "an upload was left open"
    );

    let md5 = |bytes: &[u8]| Checksums::of(bytes).md5_hex();
    let expected = [
        ("SIGNATURE", "103,Ignored,,,90,text/plain".to_owned()),
        (
            "a/big",
            format!(
                "200,OK,bkt/p/a/big,{},12582912,binary/octet-stream",
                md5(&big)
            ),
        ),
        (
            "a/empty",
            format!("200,OK,bkt/p/a/empty,{},0,binary/octet-stream", md5(b"")),
        ),
        (
            "a/small.txt",
            format!("200,OK,bkt/p/a/small.txt,{},5,text/plain", md5(b"hello")),
        ),
        ("backup~", "103,Ignored,,,1,".to_owned()),
        ("bad", "500,ReadError,bkt/p/bad,,100,".to_owned()),
        (
            "bad-big",
            "500,ReadError,bkt/p/bad-big,,12582912,".to_owned(),
        ),
        ("caf%E9", "400,InvalidFileName,,,1,".to_owned()),
        ("link", "103,Ignored,,,0,".to_owned()),
        ("shrunk", "409,FileChanged,bkt/p/shrunk,,100,".to_owned()),
        (
            "shrunk-big",
            "409,FileChanged,bkt/p/shrunk-big,,12582912,".to_owned(),
        ),
        ("unlistable", "500,ReadError,,,0,".to_owned()),
    ];
    let expected: BTreeMap<_, _> = expected.map(|(file, rest)| (file.to_owned(), rest)).into();
    assert_eq!(ended.report, expected);
    for place in ["at offset 0: ", "at offset 5242880: "] {
        assert!(ended.lines.contains(place), "{}", ended.lines);
    }
}

#[test]
fn of_two_files_with_one_key_the_first_has_it_on_every_attempt() {
    let world = World::new("substitutions:\n    \"B\" : \"b\"\n");
    let device = Memory::new([
        ("B", Node::File(b"first".to_vec())),
        ("b", Node::File(b"second".to_vec())),
    ]);
    let bucket = MemoryBucket::new();
    for _ in 0..2 {
        let ended = world.run(&device, &bucket);
        assert_eq!(content(&bucket, "b").unwrap(), b"first");
        assert!(
            ended.report["b"].starts_with("409,KeyCollision,bkt/b"),
            "{}",
            ended.report["b"]
        );
        assert!(ended.report["B"].starts_with("200,OK"));
    }
}

#[test]
fn two_files_whose_keys_the_store_takes_for_one_never_become_one_object() {
    let mut world = World::new("");
    world.keys.odd.insert(Oddity::Capitals, Kept::Merged);
    world.keys.odd.insert(Oddity::Backslash, Kept::Renamed);
    world.keys.odd.insert(Oddity::Plus, Kept::Refused);
    let file = |text: &str| Node::File(text.as_bytes().to_vec());
    let device = Memory::new([
        ("A.jpg", file("first")),
        ("Alone.jpg", file("alone")),
        ("LOG", file("of the report")),
        ("a.jpg", file("second")),
        ("b\\c", file("renamed")),
        ("d+e", file("refused")),
    ]);
    let bucket = MemoryBucket::new();
    for _ in 0..2 {
        let ended = world.run(&device, &bucket);
        for (name, line) in [
            ("A.jpg", "200,OK,bkt/A.jpg,"),
            ("Alone.jpg", "200,OK,bkt/Alone.jpg,"),
            ("LOG", "409,KeyCollision,bkt/LOG,"),
            ("a.jpg", "409,KeyCollision,bkt/a.jpg,"),
            ("b\\c", "400,KeyNotKept,"),
            ("d+e", "400,KeyNotKept,bkt/d"),
        ] {
            assert!(
                ended.report[name].starts_with(line),
                "{}",
                ended.report[name]
            );
        }
        assert_eq!(content(&bucket, "A.jpg").unwrap(), b"first");
        assert!(content(&bucket, "a.jpg").is_none());
    }
}

/// A report of another job stays, whatever a substitution makes of a file's name; a file of such a name is one
/// like any other where there is none.
#[test]
fn no_file_takes_the_place_of_a_report_of_another_job() {
    let options =
        "prefix: loads-\nlogBucket: other\nsubstitutions:\n    \"mine\" : \"import-log-ABCDE\"\n";
    let world = World::new(options);
    let device = Memory::new([
        ("mine", Node::File(b"mine".to_vec())),
        ("mine.jsonl", Node::File(noise(LARGE, 1))),
        ("mine.probe/plain", Node::File(b"of the probe".to_vec())),
        ("mine.txt", Node::File(b"where no report is".to_vec())),
        ("other", Node::File(b"other".to_vec())),
    ]);
    let bucket = MemoryBucket::new();
    let reports = ["loads-import-log-ABCDE", "loads-import-log-ABCDE.jsonl"];
    for report in [reports[0], reports[1], "loads-other"] {
        plant(&bucket, report, b"of another job");
    }
    for _ in 0..2 {
        let ended = world.run(&device, &bucket);
        for (name, line) in [
            ("mine", "409,ReportExists,bkt/loads-import-log-ABCDE,"),
            (
                "mine.jsonl",
                "409,ReportExists,bkt/loads-import-log-ABCDE.jsonl,",
            ),
            ("mine.probe/plain", "409,KeyCollision,"),
            ("mine.txt", "200,OK,"),
            ("other", "200,OK,"),
        ] {
            let told = &ended.report[name];
            assert!(told.starts_with(line), "{told}");
        }
        for report in reports {
            assert_eq!(content(&bucket, report).unwrap(), b"of another job");
        }
    }
    // What this job itself put there may be put again.
    let key = "loads-import-log-ABCDE.txt";
    assert_eq!(content(&bucket, key).unwrap(), b"where no report is");
    let device = Memory::new([("mine.txt", Node::File(b"changed".to_vec()))]);
    let ended = world.run(&device, &bucket);
    assert!(ended.report["mine.txt"].starts_with("200,OK"));
    assert_eq!(content(&bucket, key).unwrap(), b"changed");
}

/// Nor of one that comes in between.
#[test]
fn a_report_that_comes_in_between_stays() {
    let key = "export-log-ABCDE";
    let memory = Arc::new(MemoryBucket::new());
    let bucket = overtaken(&memory, Operation::Put, key, b"report".to_vec());
    let device = Memory::new([(key, Node::File(b"ours".to_vec()))]);
    let ended = World::new("").run(&device, &bucket);
    assert!(ended.report[key].starts_with("409,ReportExists,"));
    assert_eq!(content(&memory, key).unwrap(), b"report");
}

/// The report goes into the same bucket: a file must not have the key of any of its forms, or it would be replaced.
#[test]
fn a_file_with_the_key_of_the_report_is_not_loaded() {
    let names = ["log", "log.jsonl", "log.txt"];
    let device = Memory::new(names.map(|name| (name, Node::File(b"mine".to_vec()))));
    let bucket = MemoryBucket::new();
    let ended = World::new("").run(&device, &bucket);
    for name in names {
        let line = &ended.report[name];
        assert!(
            line.starts_with(&format!("409,KeyCollision,bkt/{name},")),
            "{line}"
        );
    }
    assert_eq!(keys(&bucket), [""; 0]);
    let ended = World::new("logBucket: other\n").run(&device, &bucket);
    for name in names {
        assert!(ended.report[name].starts_with("200,OK"), "{}", ended.text);
    }
}

/// A store that refuses one object does not end the run; one that refuses all does.
#[test]
fn a_refused_object_is_a_line_and_a_dead_store_ends_the_run() {
    let device = Memory::new((0..20).map(|i| (format!("{i:02}"), Node::File(noise(10, i)))));
    let world = World::new("");
    let one = Faulty::scripted(
        MemoryBucket::new(),
        [(Operation::Put, Fault::before(Failure::AccessDenied))],
    );
    let ended = world.run(&device, &one);
    assert!(ended.why.is_none());
    let denied = ended
        .report
        .values()
        .filter(|l| l.starts_with("403,AccessDenied,bkt/"))
        .count();
    assert_eq!((denied, keys(&one).len()), (1, 19));

    let world = World::new("");
    let dead = Faulty::seeded(MemoryBucket::new(), 1, 1);
    let ended = world.run(&device, &dead);
    assert!(matches!(ended.why, Some(Halt::Store(_))), "{:?}", ended.why);
    assert!(
        ended.report.values().all(|l| l.starts_with("200")),
        "{}",
        ended.text
    );
}

/// A full store (status 507, or the codes of Ceph and MinIO for a quota that is used up) ends the run at its
/// first answer: files that were not sent are no errors, and are sent once there is room.
#[test]
fn a_full_store_ends_the_run_at_once_and_room_lets_it_go_on() {
    let device = Memory::new((0..200).map(|i| (format!("{i:03}"), Node::File(noise(10, i)))));
    let world = World::new("");
    let memory = Arc::new(MemoryBucket::new());
    let (asked, puts) = (Arc::new(AtomicU64::new(0)), 200);
    let counter = Arc::clone(&asked);
    let full = Faulty::new(Arc::clone(&memory), move |operation| {
        if operation != Operation::Put {
            return None;
        }
        let sent = counter.fetch_add(1, Ordering::SeqCst);
        (sent >= 20).then_some(Fault::before(Failure::Full))
    });
    let ended = world.run(&device, &full);
    assert!(
        matches!(ended.why, Some(Halt::Store(StoreError::Full(_)))),
        "{:?}",
        ended.why
    );
    let asked = asked.load(Ordering::SeqCst);
    assert!(
        asked < puts / 2,
        "{asked} puts: it went on against a full store"
    );
    assert!(
        ended.report.values().all(|line| line.starts_with("200")),
        "{}",
        ended.text
    );
    let ended = world.run(&device, &memory);
    assert!(ended.why.is_none(), "{:?}", ended.why);
    assert_eq!(keys(&memory).len(), 200);
}

#[test]
fn a_pulled_device_ends_the_run_and_marks_nothing_failed() {
    let world = World::new("");
    let device = Memory::new((0..50).map(|i| (format!("{i:02}"), Node::File(noise(10, i)))));
    let device = FaultyTree::new(device).being(Condition::Gone);
    let ended = world.run(&device, &MemoryBucket::new());
    assert!(
        matches!(ended.why, Some(Halt::Device(_))),
        "{:?}",
        ended.why
    );
    assert!(ended.report.is_empty(), "{}", ended.text);
}

/// The store fails at random; each attempt goes on where the last one stopped; the report is the
/// one of a run without faults.
#[test]
fn any_number_of_interruptions_gives_the_same_report() {
    let files = (0..40_u8).map(|i| {
        let length = if i % 10 == 0 {
            LARGE + usize::from(i)
        } else {
            usize::from(i) * 100
        };
        (format!("d{}/{i:02}", i % 3), Node::File(noise(length, i)))
    });
    let device = Memory::new(files);
    let calm = World::new("").run(&device, &MemoryBucket::new());
    for seed in 0..6 {
        let world = World::new("");
        let bucket = Faulty::seeded(MemoryBucket::new(), seed, 12);
        let mut attempts = 0;
        let ended = loop {
            attempts += 1;
            assert!(attempts < 500, "seed {seed} never finishes");
            let ended = world.run(&device, &bucket);
            if ended.why.is_none() {
                break ended;
            }
        };
        let stored = |report: &BTreeMap<String, String>| {
            report.iter().filter(|(_, l)| l.starts_with("200")).count()
        };
        // A denied object is the store's last word on it; everything else must be as if calm.
        assert_eq!(ended.report.len(), calm.report.len(), "seed {seed}");
        for (file, line) in &ended.report {
            if line.starts_with("200") {
                assert_eq!(line, &calm.report[file], "seed {seed}");
            }
        }
        assert_eq!(
            stored(&ended.report),
            keys(bucket.inner()).len(),
            "seed {seed}"
        );
    }
}

/// A bucket that counts what is sent to it and asked of it.
fn counting(
    memory: &Arc<MemoryBucket>,
    counted: Operation,
) -> (Faulty<Arc<MemoryBucket>>, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&count);
    let bucket = Faulty::new(Arc::clone(memory), move |operation| {
        counter.fetch_add(u32::from(operation == counted), Ordering::SeqCst);
        None
    });
    (bucket, count)
}

fn plant(bucket: &dyn Bucket, key: &str, bytes: &[u8]) {
    let (key, sums) = (ObjectKey::new(key).unwrap(), Checksums::of(bytes));
    let body = bytes.to_vec().into();
    bucket
        .put(&key, body, &Attributes::default(), &sums)
        .unwrap();
}

/// What an earlier attempt stored is not read again.
#[test]
fn finished_files_are_not_sent_again() {
    let world = World::new("");
    let device = |tail: &[u8]| {
        Memory::new([
            ("a", Node::File(b"stays".to_vec())),
            ("b", Node::File(tail.to_vec())),
        ])
    };
    let memory = Arc::new(MemoryBucket::new());
    world.run(&device(b"old"), &memory);
    let (bucket, puts) = counting(&memory, Operation::Put);
    let ended = world.run(&device(b"longer than before"), &bucket);
    assert_eq!(puts.load(Ordering::SeqCst), 1, "more than `b` was sent");
    assert_eq!(content(&bucket, "b").unwrap(), b"longer than before");
    assert!(
        ended.report["b"].ends_with("18,binary/octet-stream"),
        "{}",
        ended.report["b"]
    );
}

/// Nothing on this machine is read through a link, whatever a disk holds.
#[test]
fn a_folder_is_walked_without_following_anything() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), b"secret").unwrap();
    let disk = tempfile::tempdir().unwrap();
    let at = |name: &str| disk.path().join(name);
    std::fs::create_dir_all(at("deep/er")).unwrap();
    std::fs::write(at("deep/er/file"), b"inside").unwrap();
    std::fs::write(at("a b+&%.txt"), b"odd").unwrap();
    symlink(outside.path(), at("folder-link")).unwrap();
    symlink(outside.path().join("secret"), at("file-link")).unwrap();
    symlink("..", at("deep/up")).unwrap();

    let world = World::new("");
    let bucket = MemoryBucket::new();
    let tree = disks::tree::folder::Folder::open(disk.path()).unwrap();
    let ended = world.run(&tree, &bucket);
    assert_eq!(keys(&bucket), ["a b+&%.txt", "deep/er/file"]);
    for link in ["folder-link", "file-link", "deep/up"] {
        assert!(ended.report[link].starts_with("103,Ignored"), "{link}");
    }
    let kind = EntryKind::File { bytes: 6 };
    for outside in ["folder-link/secret", "file-link", "../secret"] {
        let entry = Entry::new(EntryId::new(1), EntryPath::new(outside), kind.clone());
        assert!(tree.open(&entry).is_err(), "{outside} was followed");
    }
}

/// Hidden files, `lost+found` and waste baskets are loaded. An empty folder has a line in the form for programs
/// and none in the other, and an empty `lost+found` has none in either.
#[test]
fn nothing_is_left_out_that_no_rule_names() {
    let disk = tempfile::tempdir().unwrap();
    let at = |name: &str| disk.path().join(name);
    let kept = [
        "$RECYCLE.BIN/$R1.txt",
        ".Trash-1000/files/old",
        ".hidden",
        "Thumbs.db",
        "lost+found/#12",
    ];
    for name in kept {
        std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        std::fs::write(at(name), b"x").unwrap();
    }
    std::fs::create_dir(at("empty")).unwrap();
    let load = || {
        let bucket = MemoryBucket::new();
        let tree = disks::tree::folder::Folder::open(disk.path()).unwrap();
        (World::new("").run(&tree, &bucket), keys(&bucket))
    };
    let (ended, loaded) = load();
    assert_eq!(loaded, kept);
    assert_eq!(ended.report.len(), kept.len(), "{}", ended.text);

    std::fs::remove_file(at("lost+found/#12")).unwrap();
    let (ended, _) = load();
    let lines = ended.lines.lines();
    let empty: Vec<_> = lines.filter(|line| line.contains("empty-folder")).collect();
    assert_eq!(empty.len(), 1, "{empty:?}");
    assert!(empty[0].contains("\"empty\""), "{}", empty[0]);
}

/// Folders are walked to a depth of 512; what is below is a line.
#[test]
fn folders_nested_too_deeply_are_a_line_and_not_walked() {
    let disk = tempfile::tempdir().unwrap();
    let mut deepest = disk.path().to_owned();
    for level in 1..=513 {
        deepest.push("d");
        std::fs::create_dir(&deepest).unwrap();
        if [511, 513].contains(&level) {
            std::fs::write(deepest.join("f"), b"x").unwrap();
        }
    }
    let bucket = MemoryBucket::new();
    let tree = disks::tree::folder::Folder::open(disk.path()).unwrap();
    let ended = World::new("").run(&tree, &bucket);
    let above = "d/".repeat(511);
    assert_eq!(keys(&bucket), [format!("{above}f")]);
    let line = &ended.report[&format!("{above}d")];
    assert_eq!(
        (line.as_str(), ended.report.len()),
        ("500,ReadError,,,0,", 2)
    );
}

/// A file that claims more bytes than its file system holds is a line, unless such files are to be loaded in full.
#[test]
fn a_file_larger_than_its_device_is_a_line() {
    let disk = tempfile::tempdir().unwrap();
    let room = rustix::fs::statvfs(disk.path()).unwrap();
    let bytes = room.f_blocks * room.f_frsize + 1;
    if bytes > model::limits::OBJECT_BYTES {
        return; // Where it would be too large for an object, that is said of it.
    }
    let huge = std::fs::File::create(disk.path().join("huge")).unwrap();
    huge.set_len(bytes).unwrap();
    let tree = disks::tree::folder::Folder::open(disk.path()).unwrap();
    let ended = World::new("").run(&tree, &MemoryBucket::new());
    assert_eq!(
        ended.report["huge"],
        format!("400,LargerThanDevice,,,{bytes},")
    );
    let mut found = Vec::new();
    tree.with_claims(true)
        .walk(&mut |entry| {
            found.push(entry.is_ok());
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(found, [true]);
}

/// The order of a folder is that of its names' bytes, also where it has more than one sorted run.
#[test]
fn large_folders_are_walked_whole() {
    let disk = tempfile::tempdir().unwrap();
    create_empty_files(disk.path(), 20_000);
    let tree = disks::tree::folder::Folder::open(disk.path()).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    tree.walk(&mut |found| {
        seen.insert(found.unwrap().path);
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(seen.len(), 20_000);
}

fn create_empty_files(folder: &Path, count: usize) {
    for i in 0..count {
        std::fs::File::create(folder.join(format!("{i:05}"))).unwrap();
    }
}

/// Whether the journal knows the sums of a file up to the end of a part.
fn is_hashed_up_to(path: &Path, part: u64) -> bool {
    let mut is_known = false;
    journal::scan(path, &mut |_, record| {
        is_known |= matches!(record, ImportRecord::Hashed { number, .. } if number >= part);
        Ok(())
    })
    .unwrap();
    is_known
}

/// What was sent of a large file and confirmed is neither read nor sent again.
#[test]
fn a_half_sent_file_goes_on_at_the_next_missing_part() {
    let world = World::new("");
    let big = noise(27 << 20, 9);
    let device = Memory::new([("big", Node::File(big.clone()))]);
    let memory = Arc::new(MemoryBucket::new());
    // The fourth part meets a store that refuses everybody, which ends the run, but not before what the three
    // before it left is in the journal.
    let (mut parts, path) = (0, world.folder.path().join("journal"));
    let failing = Faulty::new(Arc::clone(&memory), move |operation| {
        parts += u32::from(operation == Operation::PutPart);
        let is_to_fail = parts >= 4;
        while is_to_fail && !is_hashed_up_to(&path, 3) {
            std::thread::sleep(Duration::from_millis(10));
        }
        is_to_fail.then_some(Fault::before(Failure::AccessDenied))
    });
    let ended = world.run(&device, &failing);
    assert!(matches!(ended.why, Some(Halt::Store(_))), "{:?}", ended.why);
    let open = memory.list_uploads("").unwrap();
    assert_eq!(open.len(), 1, "the upload was not left open");
    let key = ObjectKey::new("big").unwrap();
    let confirmed = memory.list_parts(&key, &open[0].id).unwrap().len();

    let sent = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&sent);
    let counting = Faulty::new(Arc::clone(&memory), move |operation| {
        counter.fetch_add(u32::from(operation == Operation::PutPart), Ordering::SeqCst);
        None
    });
    let ended = world.run(&device, &counting);
    assert!(ended.why.is_none());
    assert_eq!(content(&memory, "big").unwrap(), big);
    assert!(
        ended.report["big"].contains(&Checksums::of(&big).md5_hex()),
        "{}",
        ended.text
    );
    let sent = usize::try_from(sent.load(Ordering::SeqCst)).unwrap();
    assert_eq!(sent, 6 - confirmed, "{confirmed} parts were there already");
    assert!(memory.list_uploads("").unwrap().is_empty());
}

/// An object that was completed just before the crash is recognised and not sent again.
#[test]
fn a_completed_upload_whose_answer_was_lost_is_found() {
    let world = World::new("");
    let big = noise(12 << 20, 3);
    let device = Memory::new([("big", Node::File(big.clone()))]);
    let memory = Arc::new(MemoryBucket::new());
    let dying = Faulty::new(Arc::clone(&memory), |operation| {
        (operation == Operation::Complete).then_some(Fault::after(Failure::TimedOut))
    });
    let ended = world.run(&device, &dying);
    assert!(matches!(ended.why, Some(Halt::Store(_))), "{:?}", ended.why);
    let no_parts = Faulty::new(Arc::clone(&memory), |operation| {
        (operation == Operation::PutPart).then_some(Fault::before(Failure::Refused))
    });
    let ended = world.run(&device, &no_parts);
    assert!(ended.report["big"].starts_with("200,OK"), "{}", ended.text);
    assert_eq!(content(&memory, "big").unwrap(), big);
}

/// What a store calls complete is looked at: it may be another object than was sent.
#[test]
fn a_completed_object_of_another_size_is_a_failed_line() {
    let memory = Arc::new(MemoryBucket::new());
    let bucket = overtaken(&memory, Operation::Head, "big", b"cut".to_vec());
    let device = Memory::new([("big", Node::File(noise(LARGE, 1)))]);
    let ended = World::new("").run(&device, &bucket);
    assert!(ended.why.is_none(), "{:?}", ended.why);
    let line = &ended.report["big"];
    assert!(line.starts_with("500,ReviewFailed,bkt/big,"), "{line}");
    assert!(
        ended.lines.contains("it has 3 bytes and not"),
        "{}",
        ended.lines
    );
}

/// A large file that was written to between two attempts is sent anew, not patched together.
#[test]
fn a_file_that_changed_between_attempts_is_sent_from_its_beginning() {
    let world = World::new("");
    let device = |seed| Memory::new([("big", Node::File(noise(12 << 20, seed)))]);
    let memory = Arc::new(MemoryBucket::new());
    let failing = Faulty::scripted(
        Arc::clone(&memory),
        [(Operation::Complete, Fault::before(Failure::AccessDenied))],
    );
    world.run(&device(1), &failing);
    let longer = Memory::new([("big", Node::File(noise(13 << 20, 2)))]);
    let ended = world.run(&longer, &memory);
    assert!(ended.why.is_none());
    assert_eq!(content(&memory, "big").unwrap(), noise(13 << 20, 2));
    assert!(memory.list_uploads("").unwrap().is_empty());
}

/// A large file of which nothing is left is stored as it is now, and what was sent of it is abandoned.
#[test]
fn a_half_sent_file_that_became_empty_is_stored_so() {
    let world = World::new("");
    let device = |bytes| Memory::new([("big", Node::File(noise(bytes, 1)))]);
    let memory = Arc::new(MemoryBucket::new());
    let failing = Faulty::scripted(
        Arc::clone(&memory),
        [(Operation::Complete, Fault::before(Failure::TimedOut))],
    );
    world.run(&device(12 << 20), &failing);
    assert_eq!(memory.list_uploads("").unwrap().len(), 1);
    let ended = world.run(&device(0), &memory);
    assert!(ended.why.is_none());
    assert!(ended.report["big"].starts_with("200,OK"), "{}", ended.text);
    assert_eq!(content(&memory, "big").unwrap(), b"");
    assert!(memory.list_uploads("").unwrap().is_empty());
}

/// Many large files are on their way at once, with small ones among them, however few threads read and
/// however little memory there is.
#[test]
fn one_reader_carries_many_large_files() {
    let mut world = World::new("");
    world.settings.read_threads = 1;
    world.settings.memory_bytes = 6 << 20;
    let files: Vec<(String, Vec<u8>)> = (0..24_u8)
        .map(|seed| {
            let bytes = match seed % 4 {
                0 => 1000,
                1 => LARGE,
                2 => 11 << 20,
                _ => LARGE + 77,
            };
            (format!("{seed:02}"), noise(bytes, seed))
        })
        .collect();
    let device = files.iter();
    let device = device.map(|(path, bytes)| (path.as_str(), Node::File(bytes.clone())));
    let device = Memory::new(device.collect::<Vec<_>>());
    let memory = MemoryBucket::new();
    let ended = world.run(&device, &memory);
    assert!(ended.why.is_none());
    for (path, bytes) in &files {
        assert!(content(&memory, path).as_ref() == Some(bytes), "{path}");
        let md5 = Checksums::of(bytes).md5_hex();
        assert!(ended.report[path].contains(&md5), "{}", ended.text);
    }
}

/// Read back in full, a store that keeps other bytes than it was sent is found out.
#[test]
fn a_store_that_garbles_is_found_out_by_reading_back() {
    let mut world = World::new("");
    world.settings.read_back = ReadBack::Full;
    let device = Memory::new([
        ("bad", Node::File(noise(1000, 1))),
        ("good", Node::File(noise(1000, 2))),
        ("big", Node::File(noise(12 << 20, 3))),
    ]);
    let memory = Arc::new(MemoryBucket::new());
    let rotting = Arc::clone(&memory);
    let garbling = Faulty::new(Arc::clone(&memory), move |operation| {
        let key = ObjectKey::new("bad").unwrap();
        if operation == Operation::Get && rotting.head(&key).unwrap().is_some() {
            let other = noise(1000, 99);
            let sums = Checksums::of(&other);
            rotting
                .put(&key, other.into(), &Attributes::default(), &sums)
                .unwrap();
        }
        None
    });
    let ended = world.run(&device, &garbling);
    assert!(ended.why.is_none());
    assert!(
        ended.report["bad"].starts_with("500,ReadBackMismatch"),
        "{}",
        ended.text
    );
    assert!(ended.report["good"].starts_with("200,OK"), "{}", ended.text);
    assert!(ended.report["big"].starts_with("200,OK"), "{}", ended.text);
}

/// A file whose earlier rival is out of sight on a later attempt does not take its object.
#[test]
fn a_stored_object_is_not_replaced_by_a_file_that_was_not_first() {
    let world = World::new("substitutions:\n    \"B\" : \"b\"\n");
    let second = || ("b", Node::File(b"second".to_vec()));
    let both = Memory::new([("B", Node::File(b"first".to_vec())), second()]);
    let bucket = MemoryBucket::new();
    world.run(&both, &bucket);
    let ended = world.run(&Memory::new([second()]), &bucket);
    assert_eq!(content(&bucket, "b").unwrap(), b"first");
    assert!(ended.report["B"].starts_with("200,OK"), "{}", ended.text);
    assert!(ended.report["b"].starts_with("409,"), "{}", ended.text);
}

/// A store that does not list parts costs a half-sent file its parts, not its place in the bucket.
#[test]
fn a_half_sent_file_goes_anew_where_parts_cannot_be_listed() {
    let world = World::new("");
    let big = noise(12 << 20, 4);
    let device = Memory::new([("big", Node::File(big.clone()))]);
    let memory = Arc::new(MemoryBucket::new());
    let dying = Faulty::scripted(
        Arc::clone(&memory),
        [(Operation::Complete, Fault::before(Failure::TimedOut))],
    );
    world.run(&device, &dying);
    let silent = Faulty::new(Arc::clone(&memory), |operation| {
        (operation == Operation::ListParts).then_some(Fault::before(Failure::AccessDenied))
    });
    let ended = world.run(&device, &silent);
    assert!(ended.report["big"].starts_with("200,OK"), "{}", ended.text);
    assert_eq!(content(&memory, "big").unwrap(), big);
    assert!(memory.list_uploads("").unwrap().is_empty());
}

/// A folder that could not be listed once has no line when it can be.
#[test]
fn what_the_last_attempt_did_not_meet_has_no_line() {
    let world = World::new("");
    let bucket = MemoryBucket::new();
    let bad = Memory::new([("folder", Node::Unlistable)]);
    assert!(world.run(&bad, &bucket).report["folder"].starts_with("500,ReadError"));
    let good = Memory::new([("folder/file", Node::File(b"x".to_vec()))]);
    let report = world.run(&good, &bucket).report;
    assert_eq!(report.keys().collect::<Vec<_>>(), ["folder/file"]);
}

/// A bucket that sets a switch at its `at`th put.
fn killing(memory: &Arc<MemoryBucket>, at: u32, faults: Arc<Faults>) -> impl Bucket {
    let puts = AtomicU32::new(0);
    Faulty::new(Arc::clone(memory), move |operation| {
        if operation == Operation::Put && puts.fetch_add(1, Ordering::SeqCst) + 1 == at {
            faults.set(Condition::Dead);
        }
        None
    })
}

/// A device that stays where it is and fails every read from a moment on is no heap of bad files: the
/// run ends, nothing is marked, and with the device back all is loaded.
#[test]
fn a_device_that_dies_where_it_is_marks_nothing() {
    for (at, files) in [(1, 300), (40, 300), (299, 300), (2, 3)] {
        let world = World::new("");
        let names = (0..files).map(|i| (format!("f{i:03}"), Node::File(noise(5000, 7))));
        let device = FaultyTree::new(Memory::new(names));
        let memory = Arc::new(MemoryBucket::new());
        let dying = killing(&memory, at, device.faults());
        let ended = world.run(&device, &dying);
        // With its last files it may die when all of it was read.
        let is_dead = matches!(ended.why, Some(Halt::Device(_)));
        assert!(is_dead || at + 16 > files, "{:?}", ended.why);
        for (file, line) in &ended.report {
            assert!(line.starts_with("200,OK"), "{file}: {line}");
        }
        device.faults().set(Condition::Sound);
        let ended = world.run(&device, &memory);
        assert!(ended.why.is_none(), "{:?}", ended.why);
        assert_eq!(ended.report.len(), usize::try_from(files).unwrap());
        assert!(ended.report.values().all(|line| line.starts_with("200,OK")));
    }
}

/// The same from the beginning on, and of a device on which every file is bad and which cannot be asked:
/// nothing shows that it lives. One good file does.
#[test]
fn bad_files_are_lines_only_of_a_device_that_lives() {
    let bad = (0..3).map(|i| (format!("bad{i}"), Node::BadSector(noise(5000, 7), 0)));
    let bad: Vec<_> = bad.collect();
    let good = ("good".to_owned(), Node::File(noise(5000, 7)));
    let all: Vec<_> = bad.iter().cloned().chain([good]).collect();
    let cases = [
        (bad.clone(), Condition::Doubtful, None),
        (bad, Condition::Sound, Some(3)),
        (all, Condition::Doubtful, Some(4)),
    ];
    for (nodes, condition, lines) in cases {
        let world = World::new("");
        let device = FaultyTree::new(Memory::new(nodes)).being(condition);
        let ended = world.run(&device, &MemoryBucket::new());
        match lines {
            None => {
                assert!(
                    matches!(ended.why, Some(Halt::Device(_))),
                    "{:?}",
                    ended.why
                );
                assert!(ended.report.is_empty(), "{}", ended.text);
            }
            Some(lines) => {
                assert!(ended.why.is_none(), "{:?}", ended.why);
                assert_eq!(ended.report.len(), lines);
            }
        }
    }
}

/// A device that gives nothing, though its files still have their sizes, is no heap of files that were changed.
#[test]
fn a_device_that_gives_nothing_ends_the_run_and_marks_nothing() {
    let files = (0..3).map(|i| (format!("f{i}"), Node::Shrinking(noise(5000, 7), 0)));
    let device = FaultyTree::new(Memory::new(files)).being(Condition::Doubtful);
    let ended = World::new("").run(&device, &MemoryBucket::new());
    assert!(
        matches!(ended.why, Some(Halt::Device(_))),
        "{:?}",
        ended.why
    );
    assert!(ended.report.is_empty(), "{}", ended.text);
}

/// A file that is encrypted or whose file system is damaged is no bad sector, and its line says so.
#[test]
fn what_a_file_system_does_not_give_is_a_line_that_says_why() {
    let file = |name: &'static str| (name, Node::File(noise(100, 1)));
    let names = ["encrypted", "good", "damaged", "torn"];
    let device = FaultyTree::new(Memory::new(names.map(file)))
        .with(
            InjectedFault::at(Access::Open)
                .of("encrypted")
                .fails(Errno::NOKEY),
        )
        .with(
            InjectedFault::at(Access::Walk)
                .of("damaged")
                .fails(Errno::UCLEAN),
        )
        .with(
            InjectedFault::at(Access::Read)
                .of("torn")
                .fails(Errno::BADMSG),
        );
    let ended = World::new("").run(&device, &MemoryBucket::new());
    assert!(ended.why.is_none(), "{:?}", ended.why);
    for (name, line) in [
        ("encrypted", "415,EncryptedFile,bkt/encrypted,"),
        ("good", "200,OK,"),
        ("damaged", "500,DamagedFileSystem,,"),
        ("torn", "500,DamagedFileSystem,bkt/torn,"),
    ] {
        assert!(ended.report[name].starts_with(line), "{}", ended.text);
    }
}

/// What failed is tried once more when the device has answered: one that was reset for a moment has no bad files.
#[test]
fn a_device_that_was_reset_for_a_moment_has_no_bad_files() {
    let once = InjectedFault::at(Access::Read).fails(Errno::IO).times(1);
    let device = Memory::new([("a", Node::File(b"a".to_vec()))]);
    let device = FaultyTree::new(device).with(once);
    let bucket = MemoryBucket::new();
    let ended = World::new("").run(&device, &bucket);
    assert!(ended.report["a"].starts_with("200,OK"), "{}", ended.text);
}

/// An upload that was begun goes on when the device is back.
#[test]
fn a_large_file_goes_on_after_its_device_has_died() {
    let world = World::new("");
    let big = noise(40 << 20, 9);
    let device = FaultyTree::new(Memory::new([("big", Node::File(big.clone()))]));
    let memory = Arc::new(MemoryBucket::new());
    let (faults, parts) = (device.faults(), AtomicU32::new(0));
    let dying = Faulty::new(Arc::clone(&memory), move |operation| {
        if operation == Operation::PutPart && parts.fetch_add(1, Ordering::SeqCst) == 2 {
            faults.set(Condition::Dead);
        }
        None
    });
    let ended = world.run(&device, &dying);
    assert!(
        matches!(ended.why, Some(Halt::Device(_))),
        "{:?}",
        ended.why
    );
    assert!(ended.report.is_empty(), "{}", ended.text);
    device.faults().set(Condition::Sound);
    let ended = world.run(&device, &memory);
    assert!(ended.report["big"].starts_with("200,OK"), "{}", ended.text);
    assert_eq!(content(&memory, "big").unwrap(), big);
    assert!(memory.list_uploads("").unwrap().is_empty());
}

/// What the journal says is in the bucket is looked for there, and sent again if it is not.
#[test]
fn what_is_not_in_the_bucket_any_more_is_sent_again_and_counted() {
    let world = World::new("");
    let names = ["gone", "other", "same", "stays"];
    let device = Memory::new(names.map(|name| (name, Node::File(name.into()))));
    let memory = Arc::new(MemoryBucket::new());
    world.run(&device, &memory);
    memory.delete(&ObjectKey::new("gone").unwrap()).unwrap();
    plant(&memory, "other", b"somebody else's");
    plant(&memory, "same", b"same");
    let (bucket, puts) = counting(&memory, Operation::Put);
    let ended = world.run(&device, &bucket);
    for name in names {
        assert_eq!(content(&bucket, name).unwrap(), name.as_bytes());
        assert!(ended.report[name].starts_with("200,OK"), "{}", ended.text);
    }
    assert_eq!(puts.load(Ordering::SeqCst), 2);
    assert_eq!(ended.totals.sent_again, 2);
    assert_eq!(ended.totals.stored, 4);
}

/// A store that lets nobody look is believed: what it has confirmed is not sent again.
#[test]
fn a_store_that_lets_nobody_look_is_believed() {
    let world = World::new("");
    let device = Memory::new([
        ("big", Node::File(noise(LARGE, 1))),
        ("small", Node::File(b"small".to_vec())),
    ]);
    let memory = Arc::new(MemoryBucket::new());
    for _ in 0..2 {
        let blind = Faulty::new(Arc::clone(&memory), |operation| {
            let looks = [Operation::List, Operation::Head, Operation::Tags];
            let is_look = looks.contains(&operation);
            is_look.then_some(Fault::before(Failure::AccessDenied))
        });
        let (bucket, sent) = (blind, memory.list("", None, 10).unwrap().objects);
        let ended = world.run(&device, &bucket);
        assert!(ended.why.is_none(), "{:?}", ended.why);
        assert_eq!((ended.totals.stored, ended.totals.sent_again), (2, 0));
        let now = memory.list("", None, 10).unwrap().objects;
        assert!(sent.is_empty() || sent == now);
    }
}

/// Nothing is told of as loaded that neither bucket nor device have any more.
#[test]
fn what_is_gone_from_bucket_and_device_is_a_failed_line() {
    let world = World::new("");
    let memory = MemoryBucket::new();
    let file = |name: &'static str| (name, Node::File(name.into()));
    world.run(&Memory::new([file("a"), file("b")]), &memory);
    memory.delete(&ObjectKey::new("a").unwrap()).unwrap();
    let ended = world.run(&Memory::new([file("b")]), &memory);
    assert_eq!(ended.report["a"], "404,ObjectLost,,,0,", "{}", ended.text);
    assert!(ended.report["b"].starts_with("200,OK"), "{}", ended.text);
}

/// What an earlier attempt has begun or failed to load has a line also when the device does not have it any
/// more, at every attempt.
#[test]
fn what_was_not_loaded_and_is_gone_from_the_device_is_a_failed_line() {
    let world = World::new("");
    let memory = Arc::new(MemoryBucket::new());
    let file = |name: &'static str| (name, Node::File(name.into()));
    let bad = |name: &'static str| (name, Node::BadSector(name.into(), 0));
    let big = || ("big", Node::File(noise(LARGE, 1)));
    let first = Memory::new([bad("a"), bad("b/c"), bad("d"), file("e"), big(), bad("z")]);
    let parts = Faulty::new(Arc::clone(&memory), |operation| {
        (operation == Operation::PutPart).then_some(Fault::before(Failure::AccessDenied))
    });
    let ended = world.run(&first, &parts);
    assert!(
        ended.report["a"].starts_with("500,ReadError"),
        "{}",
        ended.text
    );
    // One is readable now, one has become a folder, one cannot be reached, and the others are gone.
    let later = [file("a"), file("d/f"), file("e"), ("b", Node::Unlistable)];
    for _ in 0..2 {
        let ended = world.run(&Memory::new(later.clone()), &memory);
        let line = |name: &str| ended.report[name].as_str();
        assert!(line("a").starts_with("200,OK"), "{}", ended.text);
        assert!(line("e").starts_with("200,OK"), "{}", ended.text);
        assert!(line("b").starts_with("500,ReadError"), "{}", ended.text);
        assert_eq!(line("d"), "404,FileVanished,,,1,", "{}", ended.text);
        assert_eq!(line("z"), "404,FileVanished,,,1,", "{}", ended.text);
        assert_eq!(line("big"), format!("404,FileVanished,,,{LARGE},"));
    }
    // What comes back is loaded.
    let ended = world.run(&first, &memory);
    assert!(ended.report["big"].starts_with("200,OK"), "{}", ended.text);
    assert!(
        ended.report["d"].starts_with("500,ReadError"),
        "{}",
        ended.text
    );
}

/// What neither bucket nor device have any more is told so at every attempt that follows.
#[test]
fn what_is_lost_stays_a_line() {
    let world = World::new("");
    let memory = MemoryBucket::new();
    world.run(&Memory::new([("a", Node::File(b"a".to_vec()))]), &memory);
    memory.delete(&ObjectKey::new("a").unwrap()).unwrap();
    let empty = Memory::new([("b", Node::File(b"b".to_vec()))]);
    for _ in 0..3 {
        let ended = world.run(&empty, &memory);
        assert_eq!(ended.report["a"], "404,ObjectLost,,,0,", "{}", ended.text);
    }
}

/// A file that was begun when its attempt ended, and that the device does not have any more, has a line.
#[test]
fn what_was_begun_and_is_gone_from_the_device_is_a_failed_line() {
    let world = World::new("");
    let memory = Arc::new(MemoryBucket::new());
    let dying = Faulty::new(Arc::clone(&memory), |operation| {
        (operation == Operation::PutPart).then_some(Fault::before(Failure::Unreachable))
    });
    let device = Memory::new([("big", Node::File(noise(LARGE, 1)))]);
    let ended = world.run(&device, &dying);
    assert!(matches!(ended.why, Some(Halt::Store(_))));
    let other = Memory::new([("small", Node::File(b"x".to_vec()))]);
    let ended = world.run(&other, &memory);
    assert_eq!(ended.report["big"], format!("404,FileVanished,,,{LARGE},"));
    assert!(memory.list_uploads("").unwrap().is_empty());
}

/// What no attempt has written down is nowhere told: a file that was in flight in one request when its attempt
/// ended, and that the device does not have any more.
#[test]
fn what_was_in_flight_in_one_request_and_is_gone_has_no_line() {
    let world = World::new("");
    let memory = Arc::new(MemoryBucket::new());
    let dying = Faulty::new(Arc::clone(&memory), |operation| {
        (operation == Operation::Put).then_some(Fault::before(Failure::Unreachable))
    });
    let file = |name: &'static str| Memory::new([(name, Node::File(b"x".to_vec()))]);
    let ended = world.run(&file("gone"), &dying);
    assert!(matches!(ended.why, Some(Halt::Store(_))));
    let ended = world.run(&file("here"), &memory);
    assert_eq!(ended.report.keys().collect::<Vec<_>>(), ["here"]);
}

/// A small file that was changed between two attempts is sent again, also if its size and the time of its
/// content are what they were.
#[test]
fn a_changed_file_of_the_same_size_is_sent_again() {
    let device = |content: &str, modified, changed| {
        let nodes = [
            ("a", Node::File(content.into())),
            ("b", Node::File(b"b".to_vec())),
        ];
        Memory::new(nodes).changed_at("a", modified, changed)
    };
    for (modified, changed) in [(2, 2), (1, 2)] {
        let world = World::new("");
        let memory = Arc::new(MemoryBucket::new());
        world.run(&device("old", 1, 1), &memory);
        let (bucket, puts) = counting(&memory, Operation::Put);
        let ended = world.run(&device("new", modified, changed), &bucket);
        assert_eq!(content(&bucket, "a").unwrap(), b"new");
        assert!(ended.report["a"].contains(&Checksums::of(b"new").md5_hex()));
        assert_eq!(puts.load(Ordering::SeqCst), 1);
    }
}

/// Files of some file systems say that they have no bytes, or fewer than they have.
#[test]
fn a_file_with_more_content_than_it_says_is_not_loaded() {
    let world = World::new("");
    let device = Memory::new([
        ("empty", Node::File(Vec::new())),
        (
            "large",
            Node::Understated(noise(LARGE + 9, 1), LARGE as u64),
        ),
        ("none", Node::Understated(b"content".to_vec(), 0)),
        ("some", Node::Understated(b"content".to_vec(), 6)),
    ]);
    let bucket = MemoryBucket::new();
    let ended = world.run(&device, &bucket);
    assert_eq!(keys(&bucket), ["empty"]);
    for name in ["large", "none", "some"] {
        assert!(
            ended.report[name].starts_with("409,FileChanged,"),
            "{}",
            ended.text
        );
    }
    assert!(bucket.list_uploads("").unwrap().is_empty());
}

/// A file of which only the time changes while it is read is not loaded.
#[test]
fn a_file_that_is_written_to_while_it_is_read_is_not_loaded() {
    let disk = tempfile::tempdir().unwrap();
    let path = disk.path().join("big");
    // More than memory holds: its first part is sent before its last is read.
    std::fs::write(&path, noise(40 << 20, 1)).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    let bucket = Faulty::new(MemoryBucket::new(), move |operation| {
        if operation == Operation::PutPart {
            file.set_modified(std::time::SystemTime::UNIX_EPOCH)
                .unwrap();
        }
        None
    });
    let tree = disks::tree::folder::Folder::open(disk.path()).unwrap();
    let ended = World::new("").run(&tree, &bucket);
    let line = &ended.report["big"];
    assert!(line.starts_with("409,FileChanged,bkt/big,"), "{line}");
    assert_eq!(keys(&bucket), [""; 0]);
    assert!(bucket.list_uploads("").unwrap().is_empty());
}

/// An object carries the time of its file's last change to the nanosecond, as rclone writes it.
#[test]
fn objects_carry_the_time_of_their_file() {
    let modified = 1_298_426_159_123_456_789;
    let device = || {
        let nodes = [
            ("big", Node::File(noise(LARGE, 1))),
            ("small", Node::File(b"x".to_vec())),
        ];
        let device = Memory::new(nodes).changed_at("small", modified, 1);
        device.changed_at("big", modified, 1)
    };
    for is_on in [true, false] {
        let mut world = World::new("");
        world.settings.mtime_metadata = is_on;
        let bucket = MemoryBucket::new();
        world.run(&device(), &bucket);
        for key in ["big", "small"] {
            let found = bucket.head(&ObjectKey::new(key).unwrap()).unwrap().unwrap();
            let mut metadata = found.attributes.metadata.into_iter();
            let mtime = metadata.find(|(name, _)| name == "mtime");
            let expected = is_on.then(|| ("mtime".to_owned(), "1298426159.123456789".to_owned()));
            assert_eq!(mtime, expected, "{key}");
        }
    }
}

/// An object carries the SHA-256 of its file: in its metadata, or as a tag where it was sent in parts and the store
/// keeps tags.
#[test]
fn objects_carry_the_sum_of_their_file() {
    let big = noise(LARGE, 1);
    let device = Memory::new([
        ("big", Node::File(big.clone())),
        ("small", Node::File(b"x".to_vec())),
    ]);
    for (is_on, tags) in [
        (true, Finding::Honored),
        (true, Finding::Refused),
        (false, Finding::Honored),
    ] {
        let mut world = World::new("");
        world.settings.sha256_metadata = is_on;
        world.tags = tags;
        let bucket = MemoryBucket::new();
        world.run(&device, &bucket);
        let sum = |bytes: &[u8]| {
            (
                "sha256".to_owned(),
                Checksums::of(bytes).sha256_hex().unwrap(),
            )
        };
        let metadata = |key: &str| {
            let found = bucket.head(&ObjectKey::new(key).unwrap()).unwrap().unwrap();
            let mut metadata = found.attributes.metadata.into_iter();
            metadata.find(|(name, _)| name == "sha256")
        };
        assert_eq!(metadata("small"), is_on.then(|| sum(b"x")));
        assert_eq!(metadata("big"), None);
        let is_tagged = is_on && tags == Finding::Honored;
        let tags = bucket.tags(&ObjectKey::new("big").unwrap()).unwrap();
        assert_eq!(tags, Vec::from_iter(is_tagged.then(|| sum(&big))));
    }
}

/// A second import sends only what is new or was changed.
#[test]
fn a_second_import_sends_only_what_is_new() {
    let memory = Arc::new(MemoryBucket::new());
    let file = |name: &'static str| (name, Node::File(noise(100, name.len().to_le_bytes()[0])));
    let big = ("big", Node::File(noise(LARGE + 7, 3)));
    let first = Memory::new([big.clone(), file("a"), file("changed"), file("touched")]);
    World::new("prefix: p/\n").run(&first, &memory);
    let second = Memory::new([
        big,
        file("a"),
        ("changed", Node::File(noise(101, 5))),
        file("new"),
        file("touched"),
    ]);
    let second = second.changed_at("touched", 5, 5);
    let mut world = World::new("prefix: p/\n");
    world.settings.unchanged = Unchanged::Skip;
    let (bucket, puts) = counting(&memory, Operation::Put);
    let ended = world.run(&second, &bucket);
    assert_eq!(puts.load(Ordering::SeqCst), 3);
    assert_eq!(ended.totals.unchanged, 2);
    assert_eq!((ended.totals.stored, ended.totals.replaced), (5, 1));
    let sum = |bytes: &[u8]| Checksums::of(bytes);
    assert!(
        ended.report["a"].contains(&sum(&noise(100, 1)).md5_hex()),
        "{}",
        ended.text
    );
    assert!(
        ended
            .lines
            .contains(&sum(&noise(LARGE + 7, 3)).sha256_hex().unwrap())
    );
    assert_eq!(ended.lines.matches("\"how\":\"unchanged\"").count(), 2);
    assert_eq!(ended.lines.matches("\"how\":\"replaced\"").count(), 1);

    // Where it is not asked for, or the manifest asks for something else, all is sent.
    for (options, unchanged) in [
        ("", Unchanged::Send),
        ("cacheControl: no-store\n", Unchanged::Skip),
    ] {
        let mut world = World::new(&format!("prefix: p/\n{options}"));
        world.settings.unchanged = unchanged;
        let ended = world.run(&second, &bucket);
        assert_eq!(
            (ended.totals.unchanged, ended.totals.replaced),
            (0, 0),
            "{options}"
        );
    }
}

/// What takes the place of another object is counted and named, however often the job is interrupted.
#[test]
fn what_was_replaced_is_told_also_after_a_crash() {
    let memory = Arc::new(MemoryBucket::new());
    for key in ["0", "1", "2"] {
        plant(&memory, key, b"somebody else's");
    }
    plant(&memory, "3", b"3");
    let device = Memory::new((0..6).map(|i| (i.to_string(), Node::File(i.to_string().into()))));
    let world = World::new("");
    // Each attempt stores one object whose answer is lost, and ends.
    let dying = Faulty::new(Arc::clone(&memory), |operation| {
        (operation == Operation::Put).then_some(Fault::after(Failure::TimedOut))
    });
    world.run(&device, &dying);
    world.run(&device, &dying);
    let ended = world.run(&device, &memory);
    assert!(ended.why.is_none());
    assert_eq!((ended.totals.stored, ended.totals.replaced), (6, 3));
    assert!(
        ended.summary.contains("\nReplaced\n  0\n  1\n  2\n"),
        "{}",
        ended.summary
    );
    let left = std::fs::read_dir(world.folder.path()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        !left.iter().any(|name| name == "before" || name == "now"),
        "{left:?}"
    );
}

/// With objects kept, nothing that was there before is replaced, and what is the same is no failure.
#[test]
fn no_object_is_replaced_where_objects_are_kept() {
    let memory = Arc::new(MemoryBucket::new());
    plant(&memory, "large", b"theirs");
    plant(&memory, "same", b"same");
    plant(&memory, "size", b"abcd");
    plant(&memory, "small", b"theirs");
    let device = Memory::new([
        ("large", Node::File(noise(LARGE, 1))),
        ("new", Node::File(b"new".to_vec())),
        ("same", Node::File(b"same".to_vec())),
        ("size", Node::File(b"efgh".to_vec())),
        ("small", Node::File(b"ours".to_vec())),
    ]);
    let mut world = World::new("");
    world.settings.existing = Existing::Keep;
    let (bucket, puts) = counting(&memory, Operation::Put);
    let ended = world.run(&device, &bucket);
    for name in ["large", "size", "small"] {
        let line = &ended.report[name];
        assert!(
            line.starts_with(&format!("409,ObjectExists,bkt/{name},")),
            "{line}"
        );
    }
    assert_eq!(puts.load(Ordering::SeqCst), 1);
    assert_eq!((ended.totals.stored, ended.totals.unchanged), (2, 1));
    assert_eq!(content(&memory, "small").unwrap(), b"theirs");
    assert_eq!(content(&memory, "size").unwrap(), b"abcd");
}

/// A bucket into which somebody else puts an object just before a call.
fn overtaken(
    memory: &Arc<MemoryBucket>,
    before: Operation,
    key: &'static str,
    bytes: Vec<u8>,
) -> Faulty<Arc<MemoryBucket>> {
    let other = Arc::clone(memory);
    Faulty::new(Arc::clone(memory), move |operation| {
        if operation == before {
            plant(&other, key, &bytes);
        }
        None
    })
}

/// Nor is an object replaced that somebody else puts between the look and the put.
#[test]
fn no_object_is_replaced_that_comes_in_between_where_objects_are_kept() {
    for (before, key) in [(Operation::Put, "small"), (Operation::Complete, "large")] {
        let memory = Arc::new(MemoryBucket::new());
        let bucket = overtaken(&memory, before, key, b"theirs".to_vec());
        let device = Memory::new([
            ("large", Node::File(noise(LARGE, 1))),
            ("small", Node::File(b"ours".to_vec())),
        ]);
        let mut world = World::new("");
        world.settings.existing = Existing::Keep;
        let ended = world.run(&device, &bucket);
        assert!(ended.why.is_none());
        let line = &ended.report[key];
        assert!(
            line.starts_with(&format!("409,ObjectExists,bkt/{key},")),
            "{line}"
        );
        assert_eq!(ended.totals.stored, 1);
        assert_eq!(content(&memory, key).unwrap(), b"theirs");
        assert_eq!(memory.list_uploads("").unwrap(), []);
    }
}

/// A store that puts without regard to what is there replaces it: looking alone does not protect it.
#[test]
fn what_comes_in_between_is_replaced_where_the_store_knows_no_condition() {
    let memory = Arc::new(MemoryBucket::new());
    let bucket = overtaken(&memory, Operation::Put, "small", b"theirs".to_vec());
    let device = Memory::new([("small", Node::File(b"ours".to_vec()))]);
    let mut world = World::new("");
    world.settings.existing = Existing::Keep;
    world.if_absent = Finding::Ignored;
    let ended = world.run(&device, &bucket);
    let line = &ended.report["small"];
    assert!(line.starts_with("200,OK,bkt/small,"), "{line}");
    assert_eq!(content(&memory, "small").unwrap(), b"ours");
}

/// One with the same content is no failure.
#[test]
fn who_puts_the_same_in_between_does_no_harm() {
    let memory = Arc::new(MemoryBucket::new());
    let bucket = overtaken(&memory, Operation::Put, "small", b"ours".to_vec());
    let device = Memory::new([("small", Node::File(b"ours".to_vec()))]);
    let mut world = World::new("");
    world.settings.existing = Existing::Keep;
    let ended = world.run(&device, &bucket);
    assert_eq!((ended.totals.failed, ended.totals.unchanged), (0, 1));
}

/// Where the answer to a put was lost, trying again finds an object that may be the job's own.
#[test]
fn an_own_object_is_not_taken_for_anothers() {
    for (is_theirs, key) in [
        (false, "small"),
        (false, "large"),
        (true, "small"),
        (true, "large"),
    ] {
        let memory = Arc::new(MemoryBucket::new());
        let (other, tries) = (Arc::clone(&memory), AtomicU32::new(0));
        let flaky = Faulty::new(Arc::clone(&memory), move |operation| {
            let of_puts = [Operation::Put, Operation::Complete].contains(&operation);
            let is_lost = of_puts && tries.fetch_add(1, Ordering::SeqCst) % 2 == 0;
            if of_puts && !is_lost && is_theirs {
                plant(&other, "small", b"their");
                plant(&other, "large", &noise(LARGE, 2));
            }
            let lost = match is_theirs {
                true => Fault::before(Failure::TimedOut),
                false => Fault::after(Failure::TimedOut),
            };
            is_lost.then_some(lost)
        });
        let policy = RetryPolicy {
            first_wait: Duration::from_millis(1),
            ..RetryPolicy::default()
        };
        let sleeper = Box::new(RealTime::new(Stop::default().flag()));
        let patient = Retrying::new(flaky, Retry::new(policy, 1, sleeper));
        let bytes = match key {
            "small" => b"small".to_vec(),
            _ => noise(LARGE, 1),
        };
        let device = Memory::new([(key, Node::File(bytes.clone()))]);
        let mut world = World::new("");
        world.settings.existing = Existing::Keep;
        let ended = world.run(&device, &patient);
        assert!(ended.why.is_none(), "{:?}", ended.why);
        let is_ours = content(&memory, key).unwrap() == bytes;
        assert_eq!(is_ours, !is_theirs, "{key}");
        let (word, line) = (["200,OK", "409,ObjectExists"], &ended.report[key]);
        assert!(line.starts_with(word[usize::from(is_theirs)]), "{line}");
        let sent = (ended.totals.stored, ended.totals.unchanged);
        assert_eq!(sent, (u64::from(is_ours), 0), "{key}");
    }
}

/// Own objects of an earlier attempt whose answers were lost are not taken for those of others.
#[test]
fn a_job_that_keeps_objects_goes_on_over_its_own() {
    let memory = Arc::new(MemoryBucket::new());
    let device = Memory::new([
        ("big", Node::File(noise(LARGE, 1))),
        ("small", Node::File(b"small".to_vec())),
    ]);
    let mut world = World::new("");
    world.settings.existing = Existing::Keep;
    for lost in [Operation::Complete, Operation::Put] {
        let dying = Faulty::new(Arc::clone(&memory), move |operation| {
            (operation == lost).then_some(Fault::after(Failure::TimedOut))
        });
        world.run(&device, &dying);
    }
    let ended = world.run(&device, &memory);
    assert!(
        ended.report.values().all(|line| line.starts_with("200,OK")),
        "{}",
        ended.text
    );
}
