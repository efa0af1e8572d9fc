//! Objects whose bytes are not what is known of them are lines of the report, and never files.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::capabilities::PartCheck;
use model::ids::ObjectKey;
use objectstore::evidence::{Algorithm, Statement};
use objectstore::faulty::{Faulty, Operation};
use objectstore::memory::MemoryBucket;
use objectstore::object::{Attributes, ObjectInfo};
use objectstore::part_sum::PartSum;
use objectstore::upload::PartNumber;
use objectstore::{Bucket, Checksums};
use transfer::destination::memory::Memory;
use transfer::export::plan::{Item, To};

use crate::world::{BLOCK, World, bucket, content, fill, is_whole, objects};
use transfer::stop::Halt;

/// Sizes of a small object, and of a large one that ends within a block.
const SIZES: [usize; 2] = [5000, 5 * BLOCK + 99];

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(name).unwrap()
}

fn listed(source: &MemoryBucket) -> Vec<Item> {
    let objects = source.list("", None, 1000).unwrap().objects;
    let items = objects.into_iter().map(|listed| Item {
        ordinal: 0,
        operation: 0,
        bucket: bucket(),
        to: To::File {
            path: listed.key.to_string(),
        },
        key: listed.key,
        bytes: listed.size,
        etag: listed.etag,
    });
    items.collect()
}

fn put(source: &MemoryBucket, name: &str, body: &[u8], metadata: &[(&str, String)]) {
    let metadata = metadata.iter().map(|(n, v)| ((*n).to_owned(), v.clone()));
    let attributes = Attributes {
        metadata: metadata.collect(),
        ..Attributes::default()
    };
    let body = bytes::Bytes::copy_from_slice(body);
    let sums = Checksums::of(&body);
    source.put(&key(name), body, &attributes, &sums).unwrap();
}

/// Stores an object in parts of these sizes.
fn put_in_parts(source: &MemoryBucket, name: &str, body: &[u8], sizes: &[usize]) {
    let (key, attributes) = (key(name), Attributes::default());
    let upload = source
        .begin_multipart(&key, &attributes, PartCheck::Md5)
        .unwrap();
    let (mut rest, mut parts) = (body, Vec::new());
    for (number, size) in (1..).zip(sizes) {
        let (part, after) = rest.split_at(*size);
        rest = after;
        let part = bytes::Bytes::copy_from_slice(part);
        let (number, sums) = (
            PartNumber::new(number).unwrap(),
            PartSum::of(PartCheck::Md5, &part),
        );
        let put = source.put_part(&key, &upload, number, part, &sums);
        parts.push(put.unwrap());
    }
    assert!(rest.is_empty());
    source.complete(&key, &upload, &parts).unwrap();
}

/// Says nothing of an object but its size and an entity tag.
fn only_tag(info: &mut ObjectInfo, etag: &str) {
    info.sha256 = None;
    info.checksums.clear();
    info.etag = etag.to_owned();
}

/// What the report says, and the files.
fn export(source: &Arc<MemoryBucket>) -> (BTreeMap<String, String>, Memory) {
    let world = World::new(listed(source));
    let target = Memory::default();
    let ended = world.run(&target, Arc::clone(source));
    assert!(ended.why.is_none(), "{:?}", ended.why);
    assert_eq!(target.staged(), Vec::<u64>::new());
    let lines = ended
        .report
        .into_iter()
        .map(|(key, status, _)| (key, status));
    (lines.collect(), target)
}

const DAMAGED: &str = "500 ObjectDamaged";

/// One object for each thing that may be known of it, of which nothing else is: a sound one and a rotten
/// one.
#[test]
fn whatever_is_known_of_an_object_is_compared() {
    let opaque = "0123456789-opaque";
    let crc = |algorithm: Algorithm, body: &[u8]| {
        let crc = match algorithm {
            Algorithm::Crc32 => crc_fast::CrcAlgorithm::Crc32IsoHdlc,
            Algorithm::Crc32c => crc_fast::CrcAlgorithm::Crc32Iscsi,
            _ => crc_fast::CrcAlgorithm::Crc64Nvme,
        };
        let value = crc_fast::checksum(crc, body).to_be_bytes();
        let width = if algorithm == Algorithm::Crc64Nvme {
            8
        } else {
            4
        };
        Statement {
            source: objectstore::evidence::Source::Checksum,
            algorithm,
            parts: None,
            value: value[8 - width..].to_vec(),
        }
    };
    let source = Arc::new(MemoryBucket::new());
    let mut expected = BTreeMap::new();
    for (seed, size) in SIZES.into_iter().enumerate() {
        let body = content(seed, size);
        let sha256 = Checksums::of(&body).sha256_hex().unwrap();
        for state in ["sound", "rotten"] {
            let mut name = |what: &str| {
                let name = format!("{state}/{size}/{what}");
                let status = if state == "sound" { "200 OK" } else { DAMAGED };
                expected.insert(name.clone(), status.to_owned());
                name
            };
            let it = name("tag");
            put(&source, &it, &body, &[]);
            source.tell(&key(&it), |info| {
                let etag = info.etag.clone();
                only_tag(info, &etag);
            });
            let it = name("metadata");
            put(&source, &it, &body, &[("sha256", sha256.clone())]);
            source.tell(&key(&it), |info| only_tag(info, opaque));
            let it = name("named-tag");
            put(&source, &it, &body, &[]);
            let tags = [("sha256".to_owned(), sha256.clone())];
            source.put_tags(&key(&it), &tags).unwrap();
            source.tell(&key(&it), |info| only_tag(info, opaque));
            let it = name("checksum");
            put(&source, &it, &body, &[]);
            source.tell(&key(&it), |info| {
                info.etag = opaque.to_owned();
                info.is_tag_opaque = true;
            });
            for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
                let it = name(&format!("{algorithm}").replace('/', "-"));
                put(&source, &it, &body, &[]);
                source.tell(&key(&it), |info| {
                    only_tag(info, opaque);
                    info.checksums = vec![crc(algorithm, &body)];
                });
            }
            let it = name("one-part");
            put_in_parts(&source, &it, &body, &[size]);
        }
    }
    for name in expected.keys().filter(|name| name.starts_with("rotten")) {
        source.rot(&key(name));
    }
    let (report, target) = export(&source);
    assert_eq!(report, expected);
    assert!(target.files().keys().all(|name| name.starts_with("sound/")));
}

/// What differs is read once more: it may have been garbled on its way.
#[test]
fn what_was_garbled_once_is_read_once_more() {
    for (size, gets) in SIZES.into_iter().zip([1, 6]) {
        let source = Arc::new(MemoryBucket::new());
        put(&source, "a", &content(1, size), &[]);
        let (rotting, mut count) = (Arc::clone(&source), 0);
        let garbling = Faulty::new(Arc::clone(&source), move |operation| {
            count += u32::from(operation == Operation::Get);
            // Rotten for the first reading alone: what is turned twice is as it was.
            if operation == Operation::Get && [1, gets + 1].contains(&count) {
                rotting.rot(&key("a"));
            }
            None
        });
        let (world, target) = (World::new(listed(&source)), Memory::default());
        let ended = world.run(&target, garbling);
        assert_eq!(ended.report[0].1, "200 OK", "{size}");
        assert!(target.files()["a"] == content(1, size), "{size}");
    }
}

#[test]
fn parts_are_compared_whether_they_are_alike_or_not() {
    const PART: usize = 5 << 20;
    let body = content(1, 2 * PART + PART / 2);
    let source = Arc::new(MemoryBucket::new());
    let alike = [PART, PART, PART / 2];
    let odd = [PART, PART + 4096, PART / 2 - 4096];
    for state in ["rotten", "sound"] {
        put_in_parts(&source, &format!("{state}-alike"), &body, &alike);
        put_in_parts(&source, &format!("{state}-odd"), &body, &odd);
    }
    for rotten in ["rotten-alike", "rotten-odd"] {
        source.rot(&key(rotten));
    }
    let (report, target) = export(&source);
    for (name, status) in &report {
        let is_rotten = name.starts_with("rotten");
        assert_eq!(status, if is_rotten { DAMAGED } else { "200 OK" }, "{name}");
    }
    let files = target.files();
    assert_eq!(files.len(), 2);
    assert!(files.values().all(|file| *file == body));
}

/// Tags that look like an MD5 and are none prove nothing where something better does, or where the store
/// says that it encrypts.
#[test]
fn tags_that_are_no_md5s_damage_nothing() {
    let source = Arc::new(MemoryBucket::new());
    for (seed, size) in SIZES.into_iter().enumerate() {
        let body = content(seed, size);
        let sha256 = Checksums::of(&body).sha256_hex().unwrap();
        put(
            &source,
            &format!("{size}/proven"),
            &body,
            &[("sha256", sha256)],
        );
        put(&source, &format!("{size}/encrypted"), &body, &[]);
        put(&source, &format!("{size}/unproven"), &body, &[]);
        for name in ["proven", "encrypted", "unproven"] {
            source.tell(&key(&format!("{size}/{name}")), |info| {
                only_tag(info, &format!("{:032x}", size + 1));
                info.is_tag_opaque = name == "encrypted";
            });
        }
    }
    let (report, _) = export(&source);
    // What becomes of the others depends on how many were proven before them.
    let proven = report
        .iter()
        .filter(|(name, _)| !name.ends_with("unproven"));
    assert_eq!(proven.clone().count(), 4);
    for (name, status) in proven {
        assert_eq!(status, "200 OK", "{name}");
    }
}

#[test]
fn an_object_that_is_shorter_than_it_is_listed_is_damaged() {
    let source = Arc::new(MemoryBucket::new());
    for (seed, size) in SIZES.into_iter().enumerate() {
        put(&source, &format!("{size}"), &content(seed, size), &[]);
    }
    let items = listed(&source);
    for (seed, size) in SIZES.into_iter().enumerate() {
        let name = format!("{size}");
        let etag = source.head(&key(&name)).unwrap().unwrap().etag;
        put(&source, &name, &content(seed, size)[1..], &[]);
        source.tell(&key(&name), |info| only_tag(info, &etag));
    }
    let (world, target) = (World::new(items), Memory::default());
    let ended = world.run(&target, Arc::clone(&source));
    assert!(
        ended.report.iter().all(|line| line.1 == DAMAGED),
        "{:?}",
        ended.report
    );
    assert!(target.files().is_empty());
}

/// A device that dies where it is while it is compared is no heap of files that cannot be written: the run ends,
/// nothing is marked, and with the device back all is written.
#[test]
fn a_device_that_dies_while_it_is_compared_marks_nothing() {
    let (source, objects) = (Arc::new(MemoryBucket::new()), objects());
    let (world, target) = (World::new(fill(&source, &objects)), Memory::default());
    target.fail_reads_but(Some(&[]));
    let ended = world.run(&target, Arc::clone(&source));
    assert!(
        matches!(ended.why, Some(Halt::Device(_))),
        "{:?}",
        ended.why
    );
    assert!(
        ended.report.iter().all(|line| line.1 == "200 OK"),
        "{:?}",
        ended.report
    );
    target.fail_reads_but(None);
    let ended = world.run(&target, source);
    is_whole(&ended, &target, &objects);
}

/// On one that lives a file that it does not give back is a line, also where it cannot be asked how it is.
#[test]
fn a_file_that_a_living_device_does_not_give_back_is_a_line() {
    for bad in [3, 7] {
        let (source, objects) = (Arc::new(MemoryBucket::new()), objects());
        let (world, target) = (World::new(fill(&source, &objects)), Memory::default());
        let good: Vec<u64> = (0..20).filter(|number| *number != bad).collect();
        target.fail_reads_but(Some(&good));
        let ended = world.run(&target, source);
        assert!(ended.why.is_none(), "{:?}", ended.why);
        for (number, (key, status, _)) in (0..).zip(&ended.report) {
            let expected = if number == bad {
                "500 WriteError"
            } else {
                "200 OK"
            };
            assert_eq!(status, expected, "{key}");
        }
        assert_eq!(ended.report.len(), objects.len());
        assert!(target.staged().is_empty());
    }
}
