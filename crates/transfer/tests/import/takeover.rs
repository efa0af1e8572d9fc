//! A host is lost in the middle of a job: another goes on by what is in the bucket.

use super::*;
use model::capabilities::PartCheck;
use model::ids::BucketName;
use model::outcome::{Outcome, Stored};
use model::report::lines::{self, Line};
use objectstore::part_sum::PartSum;
use objectstore::upload::{PartNumber, UploadId};

const CHECKS: [PartCheck; 4] = [
    PartCheck::Md5,
    PartCheck::Crc64Nvme,
    PartCheck::Crc32c,
    PartCheck::Sha256,
];

/// Bytes of a part in these tests.
const PART: usize = 5 << 20;

fn world(check: PartCheck) -> World {
    World {
        check,
        ..World::new("")
    }
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(name).unwrap()
}

/// Bytes of a large file.
const LARGE_BYTES: usize = 3 * PART + 1234;

/// Ten small files, and two large ones of four parts.
fn device() -> Memory {
    let small = (0..10).map(|i| (format!("s{i}"), Node::File(noise(1000 + i, 3))));
    let large = ["big", "huge"].map(|name| (name.to_owned(), Node::File(large(name))));
    Memory::new(small.chain(large))
}

fn large(name: &str) -> Vec<u8> {
    noise(LARGE_BYTES, u8::try_from(name.len()).unwrap())
}

/// A bucket whose host is lost at one call of the run: no later one is made.
fn dying_at(memory: &Arc<MemoryBucket>, operation: Operation, at: u32) -> impl Bucket + use<> {
    let mut calls = 0;
    Faulty::new(Arc::clone(memory), move |call| {
        calls += u32::from(call == operation);
        (calls >= at).then_some(Fault::before(Failure::AccessDenied))
    })
}

/// The parts that the store holds of uploads that are open: of which object, and their numbers.
fn held(memory: &MemoryBucket) -> Vec<(String, u16)> {
    let open = memory.list_uploads("").unwrap();
    let parts = open.into_iter().flat_map(|it| {
        let parts = memory.list_parts(&key(&it.key), &it.id).unwrap();
        parts
            .into_iter()
            .map(move |part| (it.key.clone(), part.number.get()))
    });
    parts.collect()
}

/// What the report for programs says of the files that are stored.
fn stored(text: &str) -> BTreeMap<String, Stored> {
    let bucket = BucketName::new("bkt").unwrap();
    let entries = text.lines().skip(1).filter_map(|line| {
        match lines::parse(line.as_bytes(), Some(&bucket)).unwrap() {
            Line::Entry(record) => Some(*record),
            Line::End(_) => None,
        }
    });
    let of = |outcome| match outcome {
        Outcome::Stored(stored) => Some(stored),
        Outcome::Ignored { .. } | Outcome::Failed(_) => None,
    };
    entries
        .filter_map(|entry| Some((entry.file.clone(), of(entry.outcome)?)))
        .collect()
}

/// Whatever has come into the bucket before the host was lost is not sent again, whichever sum parts go by.
#[test]
fn another_host_sends_only_what_is_not_in_the_bucket() {
    for check in CHECKS {
        let calm = world(check).run(&device(), &MemoryBucket::new());
        let is_usual = check == PartCheck::Crc64Nvme;
        let moments: &[u32] = if is_usual { &[1, 3, 7] } else { &[4] };
        for at in moments {
            let memory = Arc::new(MemoryBucket::new());
            let lost = world(check);
            let ended = lost.run(&device(), &dying_at(&memory, Operation::PutPart, *at));
            assert!(ended.why.is_some(), "{check:?} {at}");
            let arrived = lost.sent.load(Ordering::SeqCst);
            let whole = keys(&memory).len();

            let other = lost.elsewhere();
            let ended = other.run(&device(), &memory);
            assert!(ended.why.is_none(), "{:?}", ended.why);
            let all = ended.totals.bytes;
            let sent = other.sent.load(Ordering::SeqCst);
            assert_eq!(
                sent,
                all - arrived,
                "{check:?} {at}: {whole} objects were there"
            );
            assert_eq!(ended.text, calm.text, "{check:?} {at}");
            for name in ["big", "huge"] {
                assert_eq!(content(&memory, name).unwrap(), large(name));
            }
            assert!(
                memory.list_uploads("").unwrap().is_empty(),
                "{check:?} {at}"
            );
            let found = stored(&ended.lines)
                .values()
                .filter(|stored| stored.found)
                .count();
            assert_eq!((found, ended.totals.found), (whole, whole as u64));
        }
    }
}

/// The other host is killed as well, at any of its calls, and goes on from its own journal and the bucket: no part is
/// sent twice.
#[test]
fn a_takeover_that_is_killed_anywhere_goes_on() {
    let calm = world(PartCheck::Crc64Nvme).run(&device(), &MemoryBucket::new());
    let mut kills = 0;
    for seed in 0..5 {
        let memory = Arc::new(MemoryBucket::new());
        let lost = World::new("");
        lost.run(&device(), &dying_at(&memory, Operation::PutPart, 5));
        let left = u32::try_from(8 - held(&memory).len()).unwrap();
        let other = lost.elsewhere();
        let (parts, mut attempts) = (Arc::new(AtomicU32::new(0)), 0);
        let ended = loop {
            attempts += 1;
            let (mut calls, counter) = (0, Arc::clone(&parts));
            let killed = Faulty::new(Arc::clone(&memory), move |call| {
                calls += 1;
                counter.fetch_add(u32::from(call == Operation::PutPart), Ordering::SeqCst);
                (calls == 3 + seed + 5 * attempts).then_some(Fault::after(Failure::TimedOut))
            });
            let ended = other.run(&device(), &killed);
            if ended.why.is_none() {
                break ended;
            }
            assert!(attempts < 100, "{seed} never ends");
        };
        kills += attempts - 1;
        assert_eq!(ended.text, calm.text, "{seed}");
        assert!(memory.list_uploads("").unwrap().is_empty(), "{seed}");
        assert_eq!(parts.load(Ordering::SeqCst), left, "{seed}");
    }
    assert!(kills > 4, "it was hardly ever killed");
}

/// Parts of another content, though they are as long, are sent.
#[test]
fn parts_that_are_not_as_the_file_are_sent() {
    for check in CHECKS {
        let memory = Arc::new(MemoryBucket::new());
        let lost = world(check);
        let mut other_content = large("big");
        other_content[PART + 7] ^= 1;
        let before = Memory::new([("big", Node::File(other_content))]);
        lost.run(&before, &dying_at(&memory, Operation::PutPart, 4));
        let held = held(&memory);
        // Those that are not there, and the second.
        let has_second = held.contains(&("big".to_owned(), 2));
        let left = 4 - held.len() + usize::from(has_second);
        let other = lost.elsewhere();
        let now = Memory::new([("big", Node::File(large("big")))]);
        let (counted, parts) = counting(&memory, Operation::PutPart);
        let ended = other.run(&now, &counted);
        assert!(ended.report["big"].starts_with("200,OK"), "{}", ended.text);
        assert_eq!(content(&memory, "big").unwrap(), large("big"));
        let sent = usize::try_from(parts.load(Ordering::SeqCst)).unwrap();
        assert_eq!(sent, left, "{check:?}: {held:?} were there");
    }
}

/// An upload that goes by another sum than its parts say is of no use: the file is sent anew, in the same attempt.
#[test]
fn an_upload_that_was_begun_otherwise_is_begun_anew() {
    let memory = Arc::new(MemoryBucket::new());
    let lost = world(PartCheck::Md5);
    lost.run(&device(), &dying_at(&memory, Operation::PutPart, 5));
    let mut other = lost.elsewhere();
    other.check = PartCheck::Crc64Nvme;
    let ended = other.run(&device(), &memory);
    assert!(ended.why.is_none(), "{:?}", ended.why);
    assert!(
        ended.report.values().all(|line| line.starts_with("200,OK")),
        "{}",
        ended.text
    );
    for name in ["big", "huge"] {
        assert_eq!(content(&memory, name).unwrap(), large(name));
    }
    assert!(memory.list_uploads("").unwrap().is_empty());
}

fn begin(memory: &MemoryBucket, name: &str, parts: usize) -> UploadId {
    let (key, body) = (key(name), large(name));
    let upload = memory
        .begin_multipart(&key, &Attributes::default(), PartCheck::Crc64Nvme)
        .unwrap();
    for (index, part) in (0..).zip(body.chunks(PART).take(parts)) {
        let (number, sum) = (
            PartNumber::from_index(index),
            PartSum::of(PartCheck::Crc64Nvme, part),
        );
        let body = part.to_vec().into();
        memory
            .put_part(&key, &upload, number.unwrap(), body, &sum)
            .unwrap();
    }
    upload
}

/// Only what is under a key of the job, and was begun while the job was done, is touched.
#[test]
fn uploads_of_others_are_left_alone() {
    let memory = Arc::new(MemoryBucket::new());
    let older = begin(&memory, "big", 4);
    let mut lost = World::new("");
    // So much after the store's clock began that the clocks may not be taken for apart.
    for _ in 0..1000 {
        plant(&memory, "nobody's", b"");
    }
    lost.begun = Timestamp::from_unix(1000);
    begin(&memory, "big.old", 1);
    lost.run(&device(), &dying_at(&memory, Operation::PutPart, 4));
    // The lost host had begun it twice.
    begin(&memory, "big", 1);
    let ended = lost.elsewhere().run(&device(), &memory);
    assert!(ended.why.is_none());
    let left: Vec<_> = memory.list_uploads("").unwrap();
    let keys: Vec<_> = left.iter().map(|open| open.key.as_str()).collect();
    assert_eq!(keys, ["big", "big.old"]);
    assert_eq!(left[0].id, older);
}

/// An object that is not what the file would become, though it is as long, is replaced: other bytes, other headers, or
/// nothing that tells.
#[test]
fn objects_that_are_not_as_the_file_are_replaced() {
    let tell = |memory: &MemoryBucket, name: &str| {
        memory.tell(&key(name), |info| {
            info.attributes.content_type = Some("text/odd".to_owned())
        });
    };
    let hide = |memory: &MemoryBucket, name: &str| {
        memory.tell(&key(name), |info| {
            info.etag = "opaque".to_owned();
            (info.sha256, info.checksums) = (None, Vec::new());
            info.attributes
                .metadata
                .retain(|(name, _)| name != "sha256");
        });
    };
    let rot = |memory: &MemoryBucket, name: &str| {
        memory.rot(&key(name));
        let body = content(memory, name).unwrap();
        let etag = Checksums::of(&body).md5_hex();
        memory.tell(&key(name), |info| {
            info.etag = etag;
            (info.sha256, info.checksums) = (None, Vec::new());
            info.attributes
                .metadata
                .retain(|(name, _)| name != "sha256" && name != "mtime");
        });
    };
    let spoil: [fn(&MemoryBucket, &str); 3] = [tell, hide, rot];
    for spoil in spoil {
        let memory = Arc::new(MemoryBucket::new());
        let lost = World {
            tags: Finding::Ignored,
            ..World::new("")
        };
        assert!(lost.run(&device(), &memory).why.is_none());
        spoil(&memory, "big");
        spoil(&memory, "s3");
        let other = lost.elsewhere();
        let ended = other.run(&device(), &memory);
        assert!(ended.why.is_none());
        assert_eq!(content(&memory, "big").unwrap(), large("big"));
        assert_eq!(content(&memory, "s3").unwrap(), noise(1003, 3));
        let head = memory.head(&key("big")).unwrap().unwrap();
        assert_eq!(head.attributes.content_type.unwrap(), "binary/octet-stream");
        let stored = stored(&ended.lines);
        let sent: Vec<_> = stored
            .iter()
            .filter(|(_, it)| !it.found)
            .map(|it| it.0)
            .collect();
        assert_eq!(sent, ["big", "s3"]);
        assert_eq!(other.sent.load(Ordering::SeqCst), LARGE_BYTES as u64 + 1003);
    }
}

/// Where tags and checksums tell nothing, the SHA-256 that goes with each object does.
#[test]
fn the_sum_that_goes_with_an_object_is_enough() {
    let memory = Arc::new(MemoryBucket::new());
    let lost = World::new("");
    lost.run(&device(), &memory);
    for name in ["big", "s3"] {
        memory.tell(&key(name), |info| {
            info.etag = "opaque".to_owned();
            (info.sha256, info.checksums) = (None, Vec::new());
        });
    }
    let ended = lost.elsewhere().run(&device(), &memory);
    assert_eq!(ended.totals.found, 12, "{}", ended.lines);
    assert!(ended.report.values().all(|line| line.starts_with("200,OK")));
}

/// A small file is not even read where its object says of what time of it it is; another time, and it is.
#[test]
fn a_file_whose_object_says_that_it_is_of_it_is_not_read() {
    let file =
        |bytes: &[u8], at| Memory::new([("a", Node::File(bytes.to_vec()))]).changed_at("a", at, at);
    for (at, found, stays) in [(5, 1, &b"first"[..]), (6, 0, b"other")] {
        let memory = Arc::new(MemoryBucket::new());
        let lost = World::new("");
        lost.run(&file(b"first", 5), &memory);
        let ended = lost.elsewhere().run(&file(b"other", at), &memory);
        assert_eq!(ended.totals.found, found);
        assert_eq!(content(&memory, "a").unwrap(), stays);
    }
    // And if objects carry no time, every file is.
    let memory = Arc::new(MemoryBucket::new());
    let mut lost = World::new("");
    lost.settings.mtime_metadata = false;
    lost.run(&file(b"first", 5), &memory);
    let ended = lost.elsewhere().run(&file(b"other", 5), &memory);
    assert_eq!(
        (ended.totals.found, content(&memory, "a").unwrap()),
        (0, b"other".to_vec())
    );
}

/// Where nothing may be replaced, the job's own is not in its own way, and what is another's is.
#[test]
fn own_objects_are_not_in_the_way_where_objects_are_kept() {
    let memory = Arc::new(MemoryBucket::new());
    let mut lost = World::new("");
    lost.settings.existing = Existing::Keep;
    lost.run(&device(), &dying_at(&memory, Operation::PutPart, 7));
    assert!(memory.head(&key("s9")).unwrap().is_some());
    memory.delete(&key("s9")).unwrap();
    plant(&memory, "s9", &noise(1009, 4));
    let ended = lost.elsewhere().run(&device(), &memory);
    assert!(ended.why.is_none());
    for (file, line) in &ended.report {
        let expected = if file == "s9" {
            "409,ObjectExists"
        } else {
            "200,OK"
        };
        assert!(line.starts_with(expected), "{file}: {line}");
    }
    assert_eq!(content(&memory, "s9").unwrap(), noise(1009, 4));
    assert!(memory.list_uploads("").unwrap().is_empty());
}

/// A file that cannot be read any more leaves nothing open of what another host had begun.
#[test]
fn nothing_is_left_open_of_a_file_that_is_bad_now() {
    let memory = Arc::new(MemoryBucket::new());
    let lost = World::new("");
    lost.run(&device(), &dying_at(&memory, Operation::PutPart, 4));
    assert!(!held(&memory).is_empty());
    let now = Memory::new([
        ("big", Node::BadSector(large("big"), 0)),
        ("huge", Node::Shrinking(large("huge"), 5)),
        ("s1", Node::File(noise(1001, 3))),
    ]);
    let ended = lost.elsewhere().run(&now, &memory);
    assert!(
        ended.report["big"].starts_with("500,ReadError"),
        "{}",
        ended.text
    );
    assert!(
        ended.report["huge"].starts_with("409,FileChanged"),
        "{}",
        ended.text
    );
    assert!(memory.list_uploads("").unwrap().is_empty());
}
