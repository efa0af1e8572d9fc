//! What an export decides before it writes anything.

mod orders;

use std::collections::BTreeMap;

use bytes::Bytes;
use model::export::capacity::Geometry;
use model::manifest::Manifest;
use objectstore::memory::MemoryBucket;
use objectstore::object::Attributes;
use objectstore::{Bucket, Checksums};
use proptest::prelude::*;

use super::*;
use crate::stop::Halt;

const COMMON: &str = "manifestVersion: 2.0\ndeviceId: D\nlogBucket: logs\npinCode: 1\n\
    notificationEmail: a@b.example\nreturnAddress:\n    name: N\n    street1: S\n    city: C\n    \
    stateOrProvince: WA\n    postalCode: 98000\n    country: USA\n    phoneNumber: 1\n";

/// Room for anything a test writes.
const ROOMY: u64 = 1 << 30;

fn rules(file_system: &str, options: &str) -> S3Export {
    let text = format!("{COMMON}fileSystem: {file_system}\n{options}");
    match Manifest::parse_accepted(&text, JobType::Export) {
        Ok(Manifest::S3Export(rules)) => rules,
        other => panic!("{other:?}"),
    }
}

fn job() -> JobId {
    JobId::new("ABCDE").unwrap()
}

fn log() -> LogLocation {
    LogLocation {
        bucket: BucketName::new("logs").unwrap(),
        key: ObjectKey::new("export-log-ABCDE").unwrap(),
    }
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text).unwrap()
}

/// Buckets with objects of so many bytes.
fn buckets(content: &[(&str, &[(&str, usize)])]) -> Buckets {
    let filled = |objects: &[(&str, usize)]| -> Box<dyn Bucket> {
        let bucket = MemoryBucket::new();
        for (name, bytes) in objects {
            let body = Bytes::from(vec![7; *bytes]);
            let sums = Checksums::of(&body);
            bucket
                .put(&key(name), body, &Attributes::default(), &sums)
                .unwrap();
        }
        Box::new(bucket)
    };
    let buckets = content.iter().map(|(name, objects)| {
        let name = BucketName::new(*name).unwrap();
        (name, filled(objects))
    });
    buckets.collect()
}

fn room(rules: &S3Export, free: u64) -> Room {
    Room::new(Geometry::of_mounted(rules.file_system, 4096, free, None))
}

/// The plan of a device with so much free.
fn planned(rules: &S3Export, buckets: &Buckets, free: u64) -> Plan {
    let folder = tempfile::tempdir().unwrap();
    let planner = ExportPlanner {
        job: job(),
        rules,
        log: &log(),
        buckets,
        scratch: &folder.path().join("names"),
        progress: &Progress::default(),
        stop: &Stop::default(),
    };
    let path = folder.path().join("plan");
    let made = planner.make(room(rules, free), &path).unwrap().unwrap();
    let read = Plan::open(&path, job()).unwrap().unwrap();
    assert_eq!(made.end(), read.end());
    // The file is read while its folder is there.
    let items: Vec<Item> = read.items().unwrap().map(Result::unwrap).collect();
    PLANNED.with_borrow_mut(|planned| *planned = items);
    made
}

thread_local! {
    static PLANNED: std::cell::RefCell<Vec<Item>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Key → where it goes, of a device on which there is room for all.
fn all(rules: &S3Export, buckets: &Buckets) -> Vec<(String, String)> {
    let plan = planned(rules, buckets, ROOMY);
    assert_eq!(plan.end().next, None);
    let items = PLANNED.take();
    assert_eq!(plan.end().items, items.len() as u64);
    let goes = |item: Item| {
        let to = match item.to {
            To::File { path } => path,
            To::Recovered { path, why } => format!("{path}: {why}"),
            To::Directory { path } => format!("{path}/"),
            To::Nowhere(failure) => failure.code.to_string(),
        };
        (item.key.to_string(), to)
    };
    items.into_iter().map(goes).collect()
}

fn expect(rules: &S3Export, buckets: &Buckets, expected: &[(&str, &str)]) {
    let found = all(rules, buckets);
    let found: Vec<(&str, &str)> = found.iter().map(|(k, to)| (&**k, &**to)).collect();
    assert_eq!(found, expected);
}

#[test]
fn operations_run_in_order_and_each_selects_by_prefix_and_markers() {
    let keys: Vec<(&str, usize)> = ["a/1", "a/2", "a/3", "a/30", "b/1", "c"]
        .into_iter()
        .map(|name| (name, 1))
        .collect();
    let buckets = buckets(&[("one", &keys), ("two", &[("z", 1)])]);
    let operations = "targetDirectory: /\noperations:\n\
        - exportBucket: two\n  targetDirectory: second\n\
        - exportBucket: one\n  prefix: a/\n  beginMarker: a/1\n  endMarker: a/3\n\
        - exportBucket: one\n  beginMarker: b\n  endMarker: a\n\
        - exportBucket: one\n  prefix: nothing\n\
        - exportBucket: one\n  beginMarker: b/1\n";
    let expected = [
        ("z", "second/z"),
        ("a/2", "a/2"),
        ("a/3", "a/3"),
        ("c", "c"),
    ];
    expect(&rules("EXT4", operations), &buckets, &expected);
}

#[test]
fn a_key_that_two_operations_select_is_written_twice() {
    let buckets = buckets(&[("one", &[("a", 1)])]);
    let operations = "operations:\n- exportBucket: one\n- exportBucket: one\n\
        - exportBucket: one\n  targetDirectory: other\n";
    let taken = "EXPORT-RECOVERY/0000/0000: an earlier object has the name `one/a`";
    let expected = [("a", "one/a"), ("a", taken), ("a", "other/a")];
    expect(&rules("EXT4", operations), &buckets, &expected);
}

const ROOT: &str = "targetDirectory: /\noperations:\n- exportBucket: bkt\n";

#[test]
fn of_two_that_come_to_one_name_the_first_has_it() {
    let objects = [
        ("Read:me", 1),
        ("READ?ME", 1),
        ("readme", 1),
        ("readme2", 1),
    ];
    let buckets = buckets(&[("bkt", &objects)]);
    let windows = [
        ("READ?ME", "README"),
        (
            "Read:me",
            "EXPORT-RECOVERY/0000/0000: an earlier object has the name `Readme`",
        ),
        (
            "readme",
            "EXPORT-RECOVERY/0000/0001: an earlier object has the name `readme`",
        ),
        ("readme2", "readme2"),
    ];
    for file_system in ["NTFS", "EXFAT", "FAT32"] {
        expect(&rules(file_system, ROOT), &buckets, &windows);
    }
    let unix = [
        ("READ?ME", "READ?ME"),
        ("Read:me", "Read:me"),
        ("readme", "readme"),
        ("readme2", "readme2"),
    ];
    expect(&rules("EXT4", ROOT), &buckets, &unix);
}

#[test]
fn a_name_is_a_file_or_a_directory_and_not_both() {
    let objects = [("a", 1), ("a/b", 1), ("a/c/d", 1), ("x/y", 1), ("x/y/", 0)];
    let buckets = buckets(&[("bkt", &objects)]);
    let below = "`a` is a file, and would have to be a directory";
    let expected = [
        ("a", "a".to_owned()),
        ("a/b", format!("EXPORT-RECOVERY/0000/0000: {below}")),
        ("a/c/d", format!("EXPORT-RECOVERY/0000/0001: {below}")),
        ("x/y", "x/y".to_owned()),
        (
            "x/y/",
            "EXPORT-RECOVERY/0000/0002: `x/y` is a file, and would have to be a directory".into(),
        ),
    ];
    let expected: Vec<(&str, &str)> = expected.iter().map(|(k, to)| (*k, &**to)).collect();
    expect(&rules("EXT4", ROOT), &buckets, &expected);
}

#[test]
fn a_directory_of_one_operation_is_no_file_of_the_next() {
    let buckets = buckets(&[("one", &[("a/b", 1)]), ("two", &[("a", 1), ("a/", 0)])]);
    let operations = "targetDirectory: /\noperations:\n- exportBucket: one\n- exportBucket: two\n";
    let taken = "EXPORT-RECOVERY/0000/0000: `a` is a directory, and would have to be a file";
    let expected = [("a/b", "a/b"), ("a", taken), ("a/", "a/")];
    expect(&rules("EXT4", operations), &buckets, &expected);
}

/// Where case does not count, Windows would show one of two directories and hide the other.
#[test]
fn directories_that_differ_by_case_are_one_as_it_was_first_written() {
    let objects = [
        ("Pic/A/1", 1),
        ("pic/a/2", 1),
        ("pic/b/", 0),
        ("pic/b/3", 1),
        ("pic/a/1", 1),
    ];
    let buckets = buckets(&[("bkt", &objects)]);
    let taken = "EXPORT-RECOVERY/0000/0000: an earlier object has the name `Pic/A/1`";
    let expected = [
        ("Pic/A/1", "Pic/A/1"),
        ("pic/a/1", taken),
        ("pic/a/2", "Pic/A/2"),
        ("pic/b/", "Pic/b/"),
        ("pic/b/3", "Pic/b/3"),
    ];
    expect(&rules("NTFS", ROOT), &buckets, &expected);
}

#[test]
fn what_the_job_writes_in_the_root_is_nobodys_name() {
    let objects = [
        (".longshore-ABCDE/x", 1),
        ("SIGNATURE", 1),
        ("export-log-ABCDE.jsonl", 1),
        ("export-log-ABCDF", 1),
        ("signature/", 0),
        ("sub/SIGNATURE", 1),
    ];
    let buckets = buckets(&[("bkt", &objects)]);
    let found = all(&rules("NTFS", ROOT), &buckets);
    let recovered: Vec<&str> = found
        .iter()
        .filter(|(_, to)| to.ends_with("is a file of the job itself"))
        .map(|(key, _)| &**key)
        .collect();
    let own = [
        ".longshore-ABCDE/x",
        "SIGNATURE",
        "export-log-ABCDE.jsonl",
        "signature/",
    ];
    assert_eq!(recovered, own);
    let folder = tempfile::tempdir().unwrap();
    let own = rules("NTFS", &format!("recoveryDirectory: signature\n{ROOT}"));
    let stop = Stop::default();
    let mut cursor = Cursor::begin(&own, &buckets, folder.path(), &stop);
    let loaded = cursor.load(&folder.path().join("n"), Some(job()), room(&own, ROOMY));
    assert!(matches!(loaded, Err(PlanFailure::RecoveryDirectory(_))));
}

#[test]
fn the_recovery_directory_is_shared_with_objects_that_have_its_names() {
    let objects = [
        ("EXPORT-RECOVERY", 1),
        ("EXPORT-RECOVERY/0000/0001", 1),
        ("a//1", 1),
        ("a//2", 1),
        ("a//3", 1),
    ];
    let buckets = buckets(&[("bkt", &objects)]);
    let found = all(&rules("EXT4", ROOT), &buckets);
    let to = |i: usize| found[i].1.split(':').next().unwrap();
    assert_eq!(to(0), "EXPORT-RECOVERY/0000/0000");
    assert_eq!(to(1), "EXPORT-RECOVERY/0000/0001");
    assert!(!found[1].1.contains(':'), "it has its own name");
    assert_eq!(to(2), "EXPORT-RECOVERY/0000/0002");
    assert_eq!(to(4), "EXPORT-RECOVERY/0000/0004");
}

#[test]
fn the_report_of_an_earlier_attempt_is_not_exported() {
    let objects = [
        ("export-log-ABCDE", 1),
        ("export-log-ABCDE.jsonl", 1),
        ("export-log-ABCDE.txt", 1),
        ("export-log-OTHER", 1),
    ];
    let buckets = buckets(&[("logs", &objects), ("bkt", &objects[..1])]);
    let operations = "operations:\n- exportBucket: logs\n- exportBucket: bkt\n";
    let expected = [
        ("export-log-OTHER", "logs/export-log-OTHER"),
        ("export-log-ABCDE", "bkt/export-log-ABCDE"),
    ];
    expect(&rules("EXT4", operations), &buckets, &expected);
}

#[test]
fn the_first_that_does_not_fit_ends_the_device() {
    let objects = [("a", 100_000), ("b", 300_000), ("c", 10)];
    let buckets = buckets(&[("bkt", &objects), ("aaa", &[("z", 1)])]);
    let rules = rules(
        "EXT4",
        "operations:\n- exportBucket: aaa\n- exportBucket: bkt\n",
    );
    let ends = |free: u64| {
        let end = planned(&rules, &buckets, (1 << 20) + free).end().clone();
        (end.items, end.bytes, end.next)
    };
    let next = |operation, after: Option<&str>, first| {
        let bucket = ["aaa", "bkt"][usize::try_from(operation).unwrap()];
        Some(Next {
            operation,
            bucket: BucketName::new(bucket).unwrap(),
            after: after.map(key),
            first: key(first),
        })
    };
    assert_eq!(ends(5_000), (0, 0, next(0, None, "z")));
    assert_eq!(ends(90_000), (1, 1, next(1, None, "a")));
    assert_eq!(ends(300_000), (2, 100_001, next(1, Some("a"), "b")));
    assert_eq!(ends(900_000), (4, 400_011, None));
}

#[test]
fn a_planner_that_is_stopped_leaves_no_plan_and_a_bad_store_is_named() {
    let buckets = buckets(&[("bkt", &[("a", 1)])]);
    let rules = rules(
        "EXT4",
        "operations:\n- exportBucket: bkt\n- exportBucket: other\n",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan");
    let stop = Stop::default();
    let planner = ExportPlanner {
        job: job(),
        rules: &rules,
        log: &log(),
        buckets: &buckets,
        scratch: &folder.path().join("names"),
        progress: &Progress::default(),
        stop: &stop,
    };
    let failed = planner.make(room(&rules, ROOMY), &path);
    assert!(matches!(failed, Err(PlanFailure::NoWay(_))));
    stop.halt(Halt::Interrupted);
    assert!(planner.make(room(&rules, ROOMY), &path).unwrap().is_none());
    assert!(!path.exists());
}

/// What each of several devices of the same room holds, and what fits none of them.
fn split(rules: &S3Export, buckets: &Buckets, free: u64) -> (Vec<Vec<String>>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let stop = Stop::default();
    let mut cursor = Cursor::begin(rules, buckets, folder.path(), &stop);
    let (mut devices, mut skipped): (Vec<Vec<String>>, _) = (Vec::new(), Vec::new());
    loop {
        match cursor.step().unwrap() {
            PlanStep::Item(item) => {
                let device = devices.last_mut().unwrap();
                assert_eq!(item.ordinal, device.len() as u64);
                device.push(format!("{}/{}", item.operation, item.key));
            }
            PlanStep::Full(next) if devices.last().is_some_and(Vec::is_empty) => {
                assert_eq!(next.after, None);
                skipped.push(format!("{}/{}", next.operation, next.first));
                cursor.skip();
                let scratch = folder.path().join("names");
                cursor.load(&scratch, None, room(rules, free)).unwrap();
            }
            PlanStep::Full(_) => {
                let scratch = folder.path().join("names");
                cursor.load(&scratch, None, room(rules, free)).unwrap();
                devices.push(Vec::new());
            }
            PlanStep::Done => return (devices, skipped),
            PlanStep::Stopped => unreachable!("nobody stops it"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However objects are named and however small the devices are, each object is on one device,
    /// in the order of operations and keys, and no two of a device have one name.
    #[test]
    fn devices_one_after_another_hold_everything_once(
        one in proptest::collection::btree_map("[aAbB:/.]{1,4}", 0_usize..40_000, 0..30),
        two in proptest::collection::btree_map("[a-c/\\PC]{1,3}", 0_usize..40_000, 0..30),
        free in 60_000_u64..300_000,
        file_system in 0_usize..4,
    ) {
        let filled: Vec<(&str, Vec<(&str, usize)>)> = [("one", &one), ("two", &two)]
            .into_iter()
            .map(|(name, objects)| (name, objects.iter().map(|(k, n)| (&**k, *n)).collect()))
            .collect();
        let content: Vec<(&str, &[(&str, usize)])> =
            filled.iter().map(|(name, objects)| (*name, &**objects)).collect();
        let buckets = buckets(&content);
        let options = "targetDirectory: /\noperations:\n- exportBucket: one\n- exportBucket: two\n";
        let rules = rules(["EXT4", "NTFS", "FAT32", "EXFAT"][file_system], options);

        let (devices, skipped) = split(&rules, &buckets, (1 << 20) + free);
        let mut held: Vec<String> = devices.concat();
        prop_assert!(held.is_sorted_by_key(|name| name.split_once('/').map(|(o, k)| (o.to_owned(), k.to_owned()))));
        held.extend(skipped);
        held.sort();
        let mut expected: Vec<String> = one.keys().map(|key| format!("0/{key}")).collect();
        expected.extend(two.keys().map(|key| format!("1/{key}")));
        expected.sort();
        prop_assert_eq!(held, expected);

        planned(&rules, &buckets, ROOMY);
        let mut names = BTreeMap::new();
        for item in PLANNED.take() {
            if let To::File { path } | To::Recovered { path, .. } = &item.to {
                let folded = model::export::fold(rules.file_system, path);
                prop_assert_eq!(names.insert(folded, item.key.clone()), None, "{}", path);
            }
        }
        for file in names.keys() {
            let above = file.match_indices('/').map(|(at, _)| &file[..at]);
            for directory in above {
                prop_assert!(!names.contains_key(directory), "{} is both", directory);
            }
        }
    }
}
