//! A job that was on hold ends with what is loaded of it.

use bytes::Bytes;
use disks::tree::memory::{Memory, Node};
use model::entry::{EntryPath, Unloadable};
use model::ids::ObjectKey;
use model::stopped::{StopCause, Stopped};
use model::time::Timestamp;
use model::without::Without;
use objectstore::checksum::Checksums;
use objectstore::memory::MemoryBucket;
use objectstore::object::Attributes;
use objectstore::{Bucket as _, StoreError};

use crate::world::{World, keys};

fn device(files: &[&str]) -> Memory {
    let node = |name: &&str| {
        (
            name.as_bytes().to_vec(),
            Node::File(name.as_bytes().to_vec()),
        )
    };
    Memory::new(files.iter().map(node).collect::<Vec<_>>())
}

fn without(cause: StopCause) -> Option<Without> {
    let hold = Stopped::new(Timestamp::from_unix(1_500_000_000), cause);
    Some(Without::of(&hold, None))
}

fn is_stored(line: &str) -> bool {
    line.starts_with("200,OK,")
}

#[test]
fn what_is_not_loaded_fails_with_the_code_of_the_hold() {
    for (cause, start) in [
        (StopCause::StoreFull, "507,StoreFull,"),
        (StopCause::StoreRefuses, "403,StoreRefuses,"),
        (StopCause::DiskFailing, "500,DiskFailing,"),
    ] {
        let (mut world, bucket) = (World::new("ignore:\n    - c$\n"), MemoryBucket::new());
        let ended = world.run(&device(&["a"]), &bucket);
        assert!(
            ended.why.is_none() && is_stored(&ended.report["a"]),
            "{:?}",
            ended.report
        );
        world.without = without(cause);
        let mut texts = Vec::new();
        // A station that was killed in the middle of it, or before it told the server, does it again.
        for _ in 0..2 {
            let ended = world.run(&device(&["a", "b/b", "c"]), &bucket);
            assert!(ended.why.is_none(), "{:?}", ended.why);
            assert!(is_stored(&ended.report["a"]), "{:?}", ended.report);
            assert!(ended.report["b/b"].starts_with(start), "{:?}", ended.report);
            assert!(
                ended.report["c"].starts_with("103,Ignored,"),
                "{:?}",
                ended.report
            );
            assert!(
                ended.lines.contains("the job was finished without it"),
                "{}",
                ended.lines
            );
            texts.push(ended.text);
        }
        assert_eq!(texts[0], texts[1]);
        assert_eq!(keys(&bucket), ["a"], "nothing more is sent");
    }
}

/// What another host has put is no failed file, though no journal of this one knows it.
#[test]
fn a_job_that_is_finished_at_another_host_has_what_is_in_the_bucket() {
    let (lost, bucket) = (World::new(""), MemoryBucket::new());
    let ended = lost.run(&device(&["a", "cc"]), &bucket);
    assert!(ended.why.is_none(), "{:?}", ended.why);
    let mut other = lost.elsewhere();
    other.without = without(StopCause::StoreFull);
    // Of what has another length nothing is asked.
    bucket
        .delete(&ObjectKey::new("cc").unwrap())
        .and_then(|()| put(&bucket, "cc", b"c"))
        .unwrap();
    let mut texts = Vec::new();
    for _ in 0..2 {
        let ended = other.run(&device(&["a", "b", "cc"]), &bucket);
        assert!(ended.why.is_none(), "{:?}", ended.why);
        assert!(is_stored(&ended.report["a"]), "{:?}", ended.report);
        for name in ["b", "cc"] {
            let line = &ended.report[name];
            assert!(line.starts_with("507,StoreFull,"), "{line}");
        }
        assert!(ended.lines.contains("\"found\":true"), "{}", ended.lines);
        texts.push(ended.text);
    }
    assert_eq!(texts[0], texts[1]);
    assert_eq!(keys(&bucket), ["a", "cc"], "nothing more is sent");
}

fn put(bucket: &MemoryBucket, key: &str, content: &'static [u8]) -> Result<(), StoreError> {
    let body = Bytes::from_static(content);
    let (key, sums) = (ObjectKey::new(key).unwrap(), Checksums::of(&body));
    let put = bucket.put(&key, body, &Attributes::default(), &sums);
    put.map(drop)
}

/// All that is left is the journal: what is stored has its line, and that nobody knows the rest has one too, until the device
/// is there again.
#[test]
fn a_job_without_its_device_is_finished_by_its_journal() {
    let (mut world, bucket) = (World::new(""), MemoryBucket::new());
    let begun = Memory::new([
        (b"a".to_vec(), Node::File(b"a".to_vec())),
        (b"torn".to_vec(), Node::BadSector(vec![7; 100], 50)),
    ]);
    let ended = world.run(&begun, &bucket);
    assert!(is_stored(&ended.report["a"]), "{:?}", ended.report);
    world.without = without(StopCause::DiskGone);
    let why = Unloadable::Unreadable("the device was not at hand".to_owned());
    let gone = Memory::new([(EntryPath::whole_device().as_bytes(), Node::Bad(why))]);
    for _ in 0..2 {
        let ended = world.run(&gone, &bucket);
        assert!(ended.why.is_none(), "{:?}", ended.why);
        assert!(is_stored(&ended.report["a"]), "{:?}", ended.report);
        assert!(
            ended.report["torn"].starts_with("500,DiskGone,"),
            "{:?}",
            ended.report
        );
        assert!(
            ended.report["/"].starts_with("500,ReadError,"),
            "{:?}",
            ended.report
        );
        assert_eq!(ended.report.len(), 3);
    }
    // It was found after all, and what failed is tried again.
    world.without = None;
    let ended = world.run(&device(&["a", "b"]), &bucket);
    assert!(ended.why.is_none(), "{:?}", ended.why);
    for name in ["a", "b"] {
        assert!(is_stored(&ended.report[name]), "{:?}", ended.report);
    }
    assert!(!ended.report.contains_key("/"), "{:?}", ended.report);
}
