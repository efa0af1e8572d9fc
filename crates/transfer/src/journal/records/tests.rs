//! Journals of earlier releases are read on, and what is written today is what they wrote.

use std::fs;
use std::path::Path;

use model::ids::JobId;

use super::export::ExportRecord;
use super::image::ImageRecord;
use super::import::ImportRecord;
use super::*;
use crate::journal::file::Disk;
use crate::journal::{Journal, scan};

/// What an earlier release wrote when it loaded three files, one of them in parts.
const IMPORT: &[u8] = include_bytes!("../../../tests/journal/import-1");

/// The same of a device that could not be read everywhere.
const RESCUE: [&str; 3] = [
    r#"{"record":"intent","key":"k","upload":"u","file":{"file":"f","bytes":9,"modified_ns":1,"changed_ns":2,"part_bytes":5,"content_type":"t","missing":[{"offset":3,"bytes":2}]}}"#,
    r#"{"record":"entry","file":"f","bytes":9,"at":"2026-11-29T06:58:39Z","outcome":"stored","key":"k","md5":"","sha256":"","etag":"","content_type":"t","missing":[{"offset":3,"bytes":2},{"offset":7,"bytes":1}]}"#,
    r#"{"record":"entry","file":"f","bytes":9,"at":"2026-11-29T06:58:39Z","outcome":"failed","status":500,"code":"ReadError","reason":"r","key":"k","ranges":[{"offset":3,"bytes":2}]}"#,
];

/// What an import writes that goes on where another host has begun.
const TAKEN_OVER: [&str; 2] = [
    r#"{"record":"intent","key":"k","upload":"u","file":{"file":"f","bytes":9,"modified_ns":1,"changed_ns":2,"part_bytes":5,"content_type":"t","check":"crc64nvme","taken_over":true}}"#,
    r#"{"record":"entry","file":"f","bytes":9,"at":"2026-11-29T06:58:39Z","outcome":"stored","key":"k","md5":"","sha256":"","etag":"","content_type":"t","found":true}"#,
];

/// What an import writes of a file whose parts go by another sum than MD5.
const SUMMED: [&str; 2] = [
    r#"{"record":"intent","key":"k","upload":"u","file":{"file":"f","bytes":9,"modified_ns":1,"changed_ns":2,"part_bytes":5,"content_type":"t","check":"crc64nvme"}}"#,
    r#"{"record":"part","upload":"u","number":1,"etag":"e","bytes":5,"sum":"ae8b14860a799888"}"#,
];

/// The same of the records that an export has of its own.
const EXPORT: [&str; 2] = [
    r#"{"record":"written","ordinal":7,"etag":"e","bytes":128,"md5":"ad1ba8dc86e768bf82ad4a4aebfa9c14","sha256":"9d0aa74c9f43e5f131ec950bf046c0530cc45d274623e41ee2308dca05d30d89"}"#,
    r#"{"record":"full","ordinal":9}"#,
];

/// The same of an image.
const IMAGE: [&str; 11] = [
    r#"{"record":"image","step":"begun","to":"objects","bytes":95,"stretch_bytes":10,"object_bytes":30,"token":"t"}"#,
    r#"{"record":"image","step":"named","name":"snap-1"}"#,
    r#"{"record":"image","step":"upload","object":0,"upload":"u"}"#,
    r#"{"record":"image","step":"upload-lost","object":0}"#,
    r#"{"record":"image","step":"sent","stretch":3,"sum":"ab","puts":1,"tag":"cd"}"#,
    r#"{"record":"image","step":"again","stretch":3}"#,
    r#"{"record":"image","step":"hashed","stretches":2,"whole":{"bytes":64,"md5":"aa","sha256":"bb"},"object":{"bytes":64,"md5":"aa","sha256":"bb"}}"#,
    r#"{"record":"image","step":"object","object":1,"sha256":"00"}"#,
    r#"{"record":"image","step":"bad","stretch":3,"ranges":[{"offset":8,"bytes":2}]}"#,
    r#"{"record":"image","step":"completing","sums":{"md5":"aa","sha256":"bb"}}"#,
    r#"{"record":"image","step":"done","archive":"id","remark":"r"}"#,
];

fn job() -> JobId {
    JobId::new("P9ELK").unwrap()
}

/// Opens a journal as that of one kind of job; gives it and its records.
fn open<R: JobRecord>(path: &Path) -> (Journal<R>, Vec<R>) {
    let mut records = Vec::new();
    let opened = Journal::open(&Disk, path, job(), &mut |_, record| {
        records.push(record);
        Ok(())
    });
    (opened.unwrap(), records)
}

#[test]
fn the_frozen_journal_is_read_and_written_alike() {
    let folder = tempfile::tempdir().unwrap();
    let (frozen, anew) = (folder.path().join("frozen"), folder.path().join("anew"));
    fs::write(&frozen, IMPORT).unwrap();
    let (_, records) = open::<ImportRecord>(&frozen);
    assert_eq!(records.len(), 14);
    assert!(!records.contains(&ImportRecord::Other));
    let stored = records.iter().filter_map(JobRecord::entry).count();
    assert_eq!(stored, 3);
    let (mut journal, _) = open(&anew);
    records
        .iter()
        .for_each(|record| journal.append(record).unwrap());
    journal.sync().unwrap();
    assert!(fs::read(&anew).unwrap() == IMPORT);
}

#[test]
fn frozen_records_are_read_and_written_alike() {
    fn again<R: JobRecord>(text: &str) -> String {
        serde_json::to_string(&serde_json::from_str::<R>(text).unwrap()).unwrap()
    }
    for text in RESCUE.into_iter().chain(SUMMED).chain(TAKEN_OVER) {
        assert_eq!(again::<ImportRecord>(text), text);
    }
    for text in EXPORT {
        assert_eq!(again::<ExportRecord>(text), text);
    }
    for text in IMAGE {
        assert_eq!(again::<ImageRecord>(text), text);
    }
}

/// A customer may make an import of what was to be an export: the journal is not cut where the other begins.
#[test]
fn records_of_another_kind_of_job_are_passed_over_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    fs::write(&path, IMPORT).unwrap();
    let (mut journal, records) = open::<ExportRecord>(&path);
    let others = records.iter().filter(|it| **it == ExportRecord::Other);
    assert_eq!((records.len(), others.count()), (14, 10));
    journal.append(&ExportRecord::Full { ordinal: 9 }).unwrap();
    journal.sync().unwrap();
    let (_, records) = open::<ImportRecord>(&path);
    assert_eq!(records.len(), 15);
    assert_eq!(records.last(), Some(&ImportRecord::Other));
    let mut known = Vec::new();
    scan(&path, &mut |_, record: AnyRecord| {
        known.extend((record != AnyRecord::Other).then_some(record));
        Ok(())
    })
    .unwrap();
    assert_eq!(known.len(), 5);
    assert_eq!(known.last(), Some(&AnyRecord::Full { ordinal: 9 }));
}

#[test]
fn a_journal_that_begins_with_something_else_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut bytes = crate::journal::MAGIC.to_vec();
    bytes.extend(crate::journal::frame::frame(0, EXPORT[1].as_bytes()).unwrap());
    fs::write(&path, &bytes).unwrap();
    let opened = Journal::<ExportRecord>::open(&Disk, &path, job(), &mut |_, _| Ok(()));
    assert!(opened.is_err());
    assert_eq!(fs::read(&path).unwrap(), bytes);
}
