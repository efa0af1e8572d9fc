//! The journal is cut at every byte, and replays what was whole.

use super::*;
use crate::journal::file::Disk;
use crate::journal::records::import::ImportRecord;
use model::ids::ObjectKey;
use model::outcome::{Failure, IgnoreRule, Outcome};
use model::time::Timestamp;

fn job() -> JobId {
    JobId::new("ABCDE").unwrap()
}

fn entry(name: &str) -> ImportRecord {
    let outcome = Outcome::ignored(IgnoreRule::Manifest);
    let path = model::entry::EntryPath::new(name);
    ImportRecord::Entry(EntryRecord::new(&path, 7, Timestamp::from_unix(1), outcome))
}

fn open(path: &Path) -> (Journal<ImportRecord>, Vec<ImportRecord>) {
    let mut records = Vec::new();
    let journal = Journal::open(&Disk, path, job(), &mut |_, record| {
        records.push(record);
        Ok(())
    });
    (journal.unwrap(), records)
}

fn sample(path: &Path) -> Vec<ImportRecord> {
    let written = vec![
        entry("a"),
        ImportRecord::Intent {
            key: ObjectKey::new("big").unwrap(),
            upload: "u-1".into(),
            file: None,
        },
        entry("ünï/b"),
    ];
    let (mut journal, _) = open(path);
    written
        .iter()
        .for_each(|record| journal.append(record).unwrap());
    journal.sync().unwrap();
    written
}

#[test]
fn what_was_synced_is_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let written = sample(&path);
    let (_, replayed) = open(&path);
    assert_eq!(replayed, written);
}

#[test]
fn a_journal_cut_at_any_byte_replays_a_prefix_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let written = sample(&whole);
    let bytes = std::fs::read(&whole).unwrap();
    let path = folder.path().join("cut");
    for end in 0..=bytes.len() {
        std::fs::write(&path, &bytes[..end]).unwrap();
        let (mut journal, replayed) = open(&path);
        assert_eq!(replayed, written[..replayed.len()], "cut at {end}");
        journal.append(&entry("after")).unwrap();
        journal.sync().unwrap();
        let (_, again) = open(&path);
        assert_eq!(again.last(), Some(&entry("after")), "cut at {end}");
    }
}

#[test]
fn a_flipped_byte_ends_the_journal_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let written = sample(&whole);
    let bytes = std::fs::read(&whole).unwrap();
    let path = folder.path().join("flipped");
    for at in MAGIC.len()..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x20;
        std::fs::write(&path, &bytes).unwrap();
        let (_, replayed) = open(&path);
        assert!(replayed.len() < written.len(), "flipped at {at}");
        assert_eq!(replayed, written[..replayed.len()], "flipped at {at}");
    }
}

#[test]
fn other_files_and_other_jobs_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    std::fs::write(&path, b"a customer's own file").unwrap();
    let refused = Journal::<AnyRecord>::open(&Disk, &path, job(), &mut |_, _| Ok(()));
    assert!(matches!(refused, Err(JournalError::NotAJournal(_))));
    assert_eq!(std::fs::read(&path).unwrap(), b"a customer's own file");

    std::fs::remove_file(&path).unwrap();
    drop(
        Journal::<AnyRecord>::open(&Disk, &path, JobId::new("ZZZZZ").unwrap(), &mut |_, _| {
            Ok(())
        })
        .unwrap(),
    );
    let refused = Journal::<AnyRecord>::open(&Disk, &path, job(), &mut |_, _| Ok(()));
    assert!(matches!(refused, Err(JournalError::OtherJob { .. })));
}

#[test]
fn single_records_are_read_back_by_their_offset() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let failed = Outcome::Failed(Failure::unreadable("bad block".into(), None));
    let path_ = model::entry::EntryPath::new(*b"caf\xE9");
    let record = EntryRecord::new(&path_, 9, Timestamp::from_unix(2), failed);
    let (mut journal, _) = open(&path);
    journal.append(&entry("first")).unwrap();
    journal
        .append(&ImportRecord::Entry(record.clone()))
        .unwrap();
    journal.sync().unwrap();
    let mut last = 0;
    scan(&path, &mut |offset, _: AnyRecord| {
        last = offset;
        Ok(())
    })
    .unwrap();
    let mut entries = EntriesAt::open(&path).unwrap();
    // Twice: forth, and back again.
    assert_eq!(entries.at(last).unwrap(), record);
    assert_eq!(entries.at(last).unwrap(), record);
    assert!(entries.at(last + 1).is_err());
}
