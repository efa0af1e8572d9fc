//! A bucket in memory onto a device in memory: every outcome, every fault, any number of crashes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod damage;
mod strangers;
mod world;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use model::ids::ObjectKey;
use objectstore::faulty::{Failure, Fault, Faulty, Operation};
use objectstore::memory::MemoryBucket;
use objectstore::object::Attributes;
use objectstore::{Bucket, Checksums};
use transfer::destination::folder;
use transfer::destination::memory::Memory;
use transfer::destination::{Occupied, Target};
use transfer::stop::Halt;
use world::{BLOCK, World, content, expected, fill, is_whole, job, objects};

#[test]
fn the_device_has_every_object_and_the_report_names_each_once() {
    let (source, objects) = (MemoryBucket::new(), objects());
    let world = World::new(fill(&source, &objects));
    let target = Memory::default();
    let ended = world.run(&target, source);
    is_whole(&ended, &target, &objects);
    assert!(target.folders().contains("k05a"));
    assert_eq!(target.staged(), Vec::<u64>::new());
    let text = std::fs::read_to_string(world.folder.path().join("report.txt")).unwrap();
    assert!(
        text.starts_with("Export ABCDE\n") && text.contains("11 of 11 files were read back"),
        "{text}"
    );
}

/// The device goes away after every number of writes, and loses what was not synced.
#[test]
fn an_export_survives_the_loss_of_power_at_any_step() {
    let (source, objects) = (std::sync::Arc::new(MemoryBucket::new()), objects());
    let items = fill(&source, &objects);
    for calls in (0..200).step_by(3) {
        let (world, target) = (World::new(items.clone()), Memory::default());
        target.break_after(Some(calls));
        let ended = world.run(&target, std::sync::Arc::clone(&source));
        target.crash();
        target.break_after(None);
        if ended.why.is_some() {
            // Nothing that is reported as written may be lost.
            for (key, status, path) in &ended.report {
                let is_there = target.files().contains_key(path) || key.ends_with('/');
                assert!(status != "200 OK" || is_there, "{key} after {calls}");
            }
        }
        let ended = world.run(&target, std::sync::Arc::clone(&source));
        is_whole(&ended, &target, &objects);
    }
}

#[test]
fn a_large_file_goes_on_where_the_device_had_it() {
    let source = std::sync::Arc::new(MemoryBucket::new());
    let objects = BTreeMap::from([("big".to_owned(), content(3, 40 * BLOCK + 5))]);
    let (world, target) = (World::new(fill(&source, &objects)), Memory::default());
    // The first stretch is through by then, whoever is slow.
    target.break_after_reads(12);
    let ended = world.run(&target, std::sync::Arc::clone(&source));
    assert!(matches!(ended.why, Some(Halt::Device(_))));
    target.break_after(None);
    let gets = std::sync::Arc::new(AtomicU32::new(0));
    let counted = std::sync::Arc::clone(&gets);
    let counting = Faulty::new(source, move |operation| {
        if operation == Operation::Get {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        None
    });
    let ended = world.run(&target, counting);
    is_whole(&ended, &target, &objects);
    let gets = gets.load(Ordering::SeqCst);
    assert!(
        (1..=33).contains(&gets),
        "{gets} of 41 blocks were read again"
    );
}

#[test]
fn a_full_device_holds_a_beginning_and_nothing_else() {
    let (source, objects) = (MemoryBucket::new(), objects());
    let world = World::new(fill(&source, &objects));
    // Room for all up to `k05/file`, and for much of what follows but not the large ones.
    let target = Memory::with_room(3 * BLOCK as u64);
    let ended = world.run(&target, source);
    assert!(ended.why.is_none());
    let left_out = ended.left_out.unwrap();
    let first = left_out.next.first.as_str().to_owned();
    let after = left_out.next.after.clone().unwrap();
    let held: Vec<(String, Vec<u8>)> = target.files().into_iter().collect();
    let all: Vec<(String, Vec<u8>)> = expected(&objects).into_iter().collect();
    assert_eq!(
        held,
        all[..held.len()],
        "a beginning, in the order of the keys"
    );
    assert!(
        held.iter()
            .all(|(path, _)| *path < format!("media/{first}"))
    );
    assert!(after.as_str() < first.as_str());
    assert!(
        left_out
            .remark()
            .contains(&format!("beginMarker `{after}`"))
    );
    let last = ended.report.last().unwrap();
    assert_eq!(
        (last.0.as_str(), last.1.as_str()),
        (first.as_str(), "507 DeviceFull")
    );
    assert_eq!(
        ended.report.len(),
        usize::try_from(left_out.ordinal).unwrap() + 1
    );
    let ok = &ended.report[..ended.report.len() - 1];
    assert!(ok.iter().all(|line| line.1 == "200 OK"), "{ok:?}");
}

#[test]
fn a_device_that_holds_other_bytes_is_found_out() {
    let (source, objects) = (MemoryBucket::new(), objects());
    let world = World::new(fill(&source, &objects));
    let target = Memory::default();
    // A small one, and a large one.
    for number in [3, 8] {
        target.lie_about(number);
    }
    let ended = world.run(&target, source);
    assert!(ended.why.is_none());
    let bad: Vec<&str> = ended
        .report
        .iter()
        .filter(|line| line.1 == "500 ReadBackMismatch")
        .map(|line| line.0.as_str())
        .collect();
    assert_eq!(bad, ["k03/file", "k07/file"]);
    assert!(!target.files().contains_key("media/k03/file"));
}

#[test]
fn what_the_store_does_not_give_is_a_line_of_the_report() {
    let (source, objects) = (std::sync::Arc::new(MemoryBucket::new()), objects());
    let items = fill(&source, &objects);
    source.delete(&ObjectKey::new("k02/file").unwrap()).unwrap();
    source.delete(&ObjectKey::new("k07/file").unwrap()).unwrap();
    let replaced = bytes::Bytes::from_static(b"other");
    let key = ObjectKey::new("k03/file").unwrap();
    let sums = Checksums::of(&replaced);
    source
        .put(&key, replaced, &Attributes::default(), &sums)
        .unwrap();
    let key = ObjectKey::new("k06/file").unwrap();
    let longer = bytes::Bytes::from(content(99, 10 * BLOCK));
    let sums = Checksums::of(&longer);
    source
        .put(&key, longer, &Attributes::default(), &sums)
        .unwrap();
    let (world, target) = (World::new(items), Memory::default());
    let ended = world.run(&target, source);
    assert!(ended.why.is_none());
    let failed: Vec<(&str, &str)> = ended
        .report
        .iter()
        .filter(|line| line.1 != "200 OK")
        .map(|line| (line.0.as_str(), line.1.as_str()))
        .collect();
    assert_eq!(
        failed,
        [
            ("k02/file", "404 NoSuchKey"),
            ("k06/file", "409 ObjectChanged"),
            ("k07/file", "404 NoSuchKey"),
        ]
    );
    assert_eq!(target.files()["media/k03/file"], b"other");
    assert_eq!(target.staged(), Vec::<u64>::new());
}

#[test]
fn an_object_that_the_store_refuses_has_its_status_and_code() {
    let (source, objects) = (std::sync::Arc::new(MemoryBucket::new()), objects());
    let (world, target) = (World::new(fill(&source, &objects)), Memory::default());
    let refused = Fault::before(Failure::AccessDenied);
    let closed = Faulty::scripted(source, [(Operation::Get, refused)]);
    let ended = world.run(&target, closed);
    assert!(ended.why.is_none());
    let failed = ended.report.iter().filter(|line| line.1 != "200 OK");
    let failed: Vec<&str> = failed.map(|line| line.1.as_str()).collect();
    assert_eq!(failed, ["403 AccessDenied"]);
}

#[test]
fn a_store_that_is_down_ends_the_run_and_marks_nothing_failed() {
    let (source, objects) = (std::sync::Arc::new(MemoryBucket::new()), objects());
    let (world, target) = (World::new(fill(&source, &objects)), Memory::default());
    let mut gets = 0;
    let broken = Faulty::new(std::sync::Arc::clone(&source), move |operation| {
        gets += u32::from(operation == Operation::Get);
        (gets > 5).then(|| Fault::before(Failure::InternalError))
    });
    let ended = world.run(&target, broken);
    assert!(matches!(ended.why, Some(Halt::Store(_))));
    assert!(ended.report.iter().all(|line| line.1 == "200 OK"));
    let ended = world.run(&target, source);
    is_whole(&ended, &target, &objects);
}

#[test]
fn a_folder_on_a_real_file_system_is_filled_and_tidied() {
    let (source, objects) = (MemoryBucket::new(), objects());
    let world = World::new(fill(&source, &objects));
    let device = tempfile::tempdir().unwrap();
    std::fs::write(device.path().join("SIGNATURE"), "s").unwrap();
    assert_eq!(folder::foreign_name(device.path(), job()).unwrap(), None);
    std::os::unix::fs::symlink("/etc", device.path().join("lost+found")).unwrap();
    assert!(
        folder::foreign_name(device.path(), job())
            .unwrap()
            .is_some()
    );
    std::fs::remove_file(device.path().join("lost+found")).unwrap();
    let target = folder::Folder::open(device.path(), job(), None).unwrap();
    assert_eq!(folder::foreign_name(device.path(), job()).unwrap(), None);
    let ended = world.run(&target, source);
    assert!(ended.why.is_none());
    for (path, content) in expected(&objects) {
        assert!(
            std::fs::read(device.path().join(&path)).unwrap() == content,
            "{path}"
        );
    }
    assert!(device.path().join("k05a").is_dir());
    let mut root: Vec<_> = std::fs::read_dir(device.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    root.sort();
    assert_eq!(root, ["SIGNATURE", "k05a", "media"]);
    assert!(
        folder::foreign_name(device.path(), job())
            .unwrap()
            .is_some()
    );
}

/// What a hostile device or key could lead out of the device, or into what is no file.
#[test]
fn nothing_is_written_through_a_link_or_into_what_is_no_file() {
    let (device, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(outside.path(), device.path().join("link")).unwrap();
    std::fs::write(outside.path().join("victim"), "v").unwrap();
    let target = folder::Folder::open(device.path(), job(), None).unwrap();
    assert!(target.stage(0, "link/x").is_err());
    assert!(target.stage(0, "link/new/x").is_err());
    assert!(target.make_folder("link/new").is_err());
    target.remove("link/victim").unwrap();
    assert_eq!(target.size("link/victim").unwrap(), None);
    assert!(target.stage(0, "../x").is_err());
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);

    std::fs::hard_link(
        outside.path().join("victim"),
        device.path().join(".longshore-ABCDE-7"),
    )
    .unwrap();
    assert!(target.stage(7, "x").is_err());
    let staged = target.stage(8, "\u{e9}/\u{444}/x").unwrap();
    staged.write_at(0, b"12").unwrap();
    target
        .publish(8, "\u{e9}/\u{444}/x", Occupied::Keep)
        .unwrap();
    assert_eq!(target.size("\u{e9}/\u{444}/x").unwrap(), Some(2));
}
