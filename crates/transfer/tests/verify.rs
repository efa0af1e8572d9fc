//! Reports that are rendered, delivered, and compared with buckets and devices that have changed
//! since.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io::{self, Read};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use awshttp::retry::{RealTime, Retry, RetryPolicy};
use disks::tree::Tree;
use disks::tree::faulty::{Condition, FaultyTree, InjectedFault};
use disks::tree::memory::{Memory, Node};
use model::capabilities::{Capabilities, PartCheck};
use model::entry::EntryPath;
use model::ids::{AccountId, BucketName, JobId, ObjectKey};
use model::missing::Missing;
use model::naming::NameProblem;
use model::outcome::{EntryRecord, Failure, IgnoreRule, Outcome, Stored};
use model::progress::LogLocation;
use model::report::lines::{About, Work};
use model::time::Timestamp;
use objectstore::faulty::{self, Fault, Faulty, Operation};
use objectstore::memory::MemoryBucket;
use objectstore::object::{Attributes, Download, ObjectInfo, Page, PartInfo, Receipt, Tag};
use objectstore::part_sum::PartSum;
use objectstore::retrying::Retrying;
use objectstore::upload::{OpenUpload, PartNumber, PartReceipt, UploadId};
use objectstore::{Body, Bucket, Checksums, StoreError};
use transfer::journal::Journal;
use transfer::journal::file::Disk;
use transfer::journal::records::import::ImportRecord;
use transfer::progress::Progress;
use transfer::report::{self, Report};
use transfer::stop::{Halt, Stop};
use transfer::verify::report_file::{ReportError, ReportFile};
use transfer::verify::{DifferenceKind, Finding, Sample, Side, Trouble, Verdict, Verification};

const TYPE: &str = "text/plain";

/// A job that was done: its report, the bucket, and what was on the device.
struct World {
    _folder: tempfile::TempDir,
    report: Report,
    bucket: Arc<MemoryBucket>,
    files: Vec<(Vec<u8>, Vec<u8>)>,
}

fn key(key: &str) -> ObjectKey {
    ObjectKey::new(key).unwrap()
}

fn put(bucket: &dyn Bucket, name: &str, body: &[u8], content_type: &str) {
    let attributes = Attributes {
        content_type: Some(content_type.to_owned()),
        ..Attributes::default()
    };
    let checksums = Checksums::of(body);
    let body = body.to_vec().into();
    bucket
        .put(&key(name), body, &attributes, &checksums)
        .unwrap();
}

fn about() -> About {
    let bucket = BucketName::new("bkt").unwrap();
    About {
        job: JobId::new("ABCDE").unwrap(),
        account: AccountId::new("123456789012").unwrap(),
        created: Timestamp::from_unix(1_400_000_000),
        log: LogLocation {
            bucket: bucket.clone(),
            key: key("import-log-ABCDE"),
        },
        work: Work::Import,
        bucket: Some(bucket),
        prefix: "p/".into(),
    }
}

fn stored(name: &str, body: &[u8]) -> Outcome {
    let checksums = Checksums::of(body);
    Outcome::Stored(Stored {
        key: key(name),
        md5: checksums.md5_hex(),
        sha256: checksums.sha256_hex().unwrap(),
        etag: checksums.md5_hex(),
        content_type: TYPE.into(),
        parts: 0,
        read_back: false,
        found: false,
        missing: Missing::default(),
    })
}

/// A bucket whose bodies break off.
struct Breaking(Arc<MemoryBucket>);

/// A body that breaks off after its first 100,000 bytes.
struct Short<R>(R, usize);

impl<R: Read> Read for Short<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.1);
        let read = self.0.read(&mut buffer[..most])?;
        self.1 -= read;
        match (read, self.1) {
            (0, 0) => Err(io::ErrorKind::ConnectionReset.into()),
            _ => Ok(read),
        }
    }
}

impl Bucket for Breaking {
    fn head_part(
        &self,
        key: &ObjectKey,
        number: PartNumber,
    ) -> Result<Option<PartInfo>, StoreError> {
        self.0.head_part(key, number)
    }

    fn get(&self, key: &ObjectKey, range: Option<Range<u64>>) -> Result<Download, StoreError> {
        let whole = self.0.get(key, range)?;
        let body = Box::new(Short(whole.body, 100_000));
        Ok(Download { body, ..whole })
    }
    fn put(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.0.put(key, body, attributes, checksums)
    }
    fn put_new(
        &self,
        key: &ObjectKey,
        body: Body,
        attributes: &Attributes,
        checksums: &Checksums,
    ) -> Result<Receipt, StoreError> {
        self.0.put_new(key, body, attributes, checksums)
    }
    fn begin_multipart(
        &self,
        key: &ObjectKey,
        attributes: &Attributes,
        check: PartCheck,
    ) -> Result<UploadId, StoreError> {
        self.0.begin_multipart(key, attributes, check)
    }
    fn put_part(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        number: PartNumber,
        body: Body,
        sum: &PartSum,
    ) -> Result<PartReceipt, StoreError> {
        self.0.put_part(key, upload, number, body, sum)
    }
    fn list_parts(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
    ) -> Result<Vec<PartReceipt>, StoreError> {
        self.0.list_parts(key, upload)
    }
    fn complete(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.0.complete(key, upload, parts)
    }
    fn complete_new(
        &self,
        key: &ObjectKey,
        upload: &UploadId,
        parts: &[PartReceipt],
    ) -> Result<Receipt, StoreError> {
        self.0.complete_new(key, upload, parts)
    }
    fn abort(&self, key: &ObjectKey, upload: &UploadId) -> Result<(), StoreError> {
        self.0.abort(key, upload)
    }
    fn list_uploads(&self, prefix: &str) -> Result<Vec<OpenUpload>, StoreError> {
        self.0.list_uploads(prefix)
    }
    fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        self.0.head(key)
    }
    fn list(
        &self,
        prefix: &str,
        start_after: Option<&ObjectKey>,
        limit: u16,
    ) -> Result<Page, StoreError> {
        self.0.list(prefix, start_after, limit)
    }

    fn list_on(&self, prefix: &str, next: &str, limit: u16) -> Result<Page, StoreError> {
        self.0.list_on(prefix, next, limit)
    }
    fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.0.delete(key)
    }
    fn put_tags(&self, key: &ObjectKey, tags: &[Tag]) -> Result<(), StoreError> {
        self.0.put_tags(key, tags)
    }
    fn tags(&self, key: &ObjectKey) -> Result<Vec<Tag>, StoreError> {
        self.0.tags(key)
    }
    fn capabilities(&self, key: &ObjectKey) -> Result<Capabilities, StoreError> {
        self.0.capabilities(key)
    }
}

impl World {
    /// Twenty files that were loaded, one that was left out, one whose name is not UTF-8.
    fn new() -> Self {
        let bucket = MemoryBucket::new();
        let mut entries = Vec::new();
        let mut files = Vec::new();
        for i in 0..20_u8 {
            let (path, body) = (
                format!("d/file-{i:02}"),
                vec![i; 300 * 1000 * usize::from(i % 3)],
            );
            put(&bucket, &format!("p/{path}"), &body, TYPE);
            let outcome = stored(&format!("p/{path}"), &body);
            entries.push((path.clone().into_bytes(), body.len(), outcome));
            files.push((path.into_bytes(), body));
        }
        let rule = IgnoreRule::Signature;
        entries.push((b"SIGNATURE".to_vec(), 3, Outcome::ignored(rule)));
        files.push((b"SIGNATURE".to_vec(), vec![0; 3]));
        let unnamed = Outcome::Failed(Failure::unnamed(&NameProblem::NotUtf8));
        entries.push((b"caf\xE9".to_vec(), 4, unnamed));
        files.push((b"caf\xE9".to_vec(), vec![0; 4]));
        Self::rendered(entries, bucket, files)
    }

    fn rendered(
        entries: Vec<(Vec<u8>, usize, Outcome)>,
        bucket: MemoryBucket,
        files: Vec<(Vec<u8>, Vec<u8>)>,
    ) -> Self {
        Self::rendered_as(&about(), entries, bucket, files)
    }

    fn rendered_as(
        about: &About,
        entries: Vec<(Vec<u8>, usize, Outcome)>,
        bucket: MemoryBucket,
        files: Vec<(Vec<u8>, Vec<u8>)>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::open(&Disk, &path, about.job, &mut |_, _| Ok(())).unwrap();
        for (path, bytes, outcome) in entries {
            let at = Timestamp::from_unix(1_500_000_000);
            let record = EntryRecord::new(&EntryPath::new(path), bytes as u64, at, outcome);
            journal.append(&ImportRecord::Entry(record)).unwrap();
        }
        journal.sync().unwrap();
        let report = report::render(folder.path(), about).unwrap();
        Self {
            _folder: folder,
            report,
            bucket: Arc::new(bucket),
            files,
        }
    }

    fn device(&self) -> Memory {
        Memory::new(
            self.files
                .iter()
                .map(|(path, body)| (path.clone(), Node::File(body.clone()))),
        )
    }

    fn device_but(&self, path: &str, node: Node) -> Memory {
        let others = self
            .files
            .iter()
            .filter(|(other, _)| other != path.as_bytes());
        let others = others.map(|(path, body)| (path.clone(), Node::File(body.clone())));
        Memory::new(others.chain([(path.as_bytes().to_vec(), node)]))
    }

    fn file(&self, path: &str) -> Vec<u8> {
        let found = self
            .files
            .iter()
            .find(|(other, _)| other == path.as_bytes());
        found.unwrap().1.clone()
    }

    fn verify(
        &self,
        bucket: Option<&dyn Bucket>,
        device: Option<&dyn Tree>,
    ) -> (Result<Verdict, Trouble>, Vec<Finding>) {
        self.verify_until(bucket, device, &Stop::default())
    }

    fn verify_until(
        &self,
        bucket: Option<&dyn Bucket>,
        device: Option<&dyn Tree>,
        stop: &Stop,
    ) -> (Result<Verdict, Trouble>, Vec<Finding>) {
        let report = ReportFile::open(&self.report.lines).unwrap();
        let mut findings = Vec::new();
        let verification = Verification {
            report: &report,
            bucket,
            device,
            sample: Sample::ALL,
            requests: 4,
            readers: 2,
            progress: &Progress::default(),
            stop,
        };
        let verdict = verification.run(&mut |finding| findings.push(finding));
        findings.sort();
        (verdict, findings)
    }

    /// The one thing that differs in the bucket.
    fn only_in_bucket(&self, bucket: &dyn Bucket) -> Finding {
        let (verdict, mut findings) = self.verify(Some(bucket), None);
        let verdict = verdict.unwrap();
        assert_eq!((verdict.bucket.same, verdict.bucket.different), (19, 1));
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings.remove(0)
    }

    /// The one thing that differs on the device.
    fn only_on_device(&self, device: &dyn Tree) -> Finding {
        let (verdict, mut findings) = self.verify(None, Some(device));
        let verdict = verdict.unwrap();
        assert_eq!((verdict.device.same, verdict.device.different), (19, 1));
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings.remove(0)
    }
}

/// A device that was filled has the SIGNATURE and the report beside what was exported.
#[test]
fn what_the_job_itself_has_on_a_device_that_was_filled_is_not_extra() {
    let about = About {
        work: Work::Export,
        bucket: None,
        prefix: String::new(),
        ..about()
    };
    let body = b"exported".to_vec();
    let path = b"media/a".to_vec();
    let entries = vec![(path.clone(), body.len(), stored("a", &body))];
    let own = [
        "SIGNATURE",
        "export-log-ABCDE",
        "export-log-ABCDE.jsonl",
        "export-log-ABCDE.txt",
    ];
    let others = ["export-log-OTHER", "media/SIGNATURE"];
    let mut files = vec![(path, body)];
    let beside = own.iter().chain(&others);
    files.extend(beside.map(|name| (name.as_bytes().to_vec(), vec![1])));
    let world = World::rendered_as(&about, entries, MemoryBucket::new(), files);
    let (verdict, findings) = world.verify(None, Some(&world.device()));
    let verdict = verdict.unwrap();
    assert!(verdict.agrees());
    let extra: Vec<&str> = findings.iter().map(|it| it.path.as_str()).collect();
    assert_eq!((verdict.extra, extra), (2, others.to_vec()));
}

#[test]
fn what_has_not_changed_agrees() {
    let world = World::new();
    let (verdict, findings) = world.verify(Some(&*world.bucket), Some(&world.device()));
    let verdict = verdict.unwrap();
    assert!(verdict.agrees() && findings.is_empty(), "{findings:?}");
    assert_eq!((verdict.bucket.same, verdict.device.same), (20, 20));
    let bytes = ReportFile::open(&world.report.lines).unwrap().totals.bytes;
    assert_eq!((verdict.bucket.bytes, verdict.device.bytes), (bytes, bytes));
}

#[test]
fn one_flipped_byte_of_an_object_is_found() {
    let world = World::new();
    let mut body = world.file("d/file-05");
    body[599_999] ^= 1;
    put(&*world.bucket, "p/d/file-05", &body, TYPE);
    let found = world.only_in_bucket(&*world.bucket);
    assert_eq!(
        (found.side, found.kind),
        (Side::Bucket, DifferenceKind::Content)
    );
    assert_eq!(
        (found.path.as_str(), found.key),
        ("d/file-05", Some(key("p/d/file-05")))
    );
    let sha256 = Checksums::of(&body).sha256_hex().unwrap();
    assert!(found.detail.contains(&sha256), "{}", found.detail);
}

#[test]
fn missing_longer_and_relabelled_objects_are_told_apart() {
    let world = World::new();
    world.bucket.delete(&key("p/d/file-00")).unwrap();
    put(&*world.bucket, "p/d/file-01", &[1; 300_001], TYPE);
    put(
        &*world.bucket,
        "p/d/file-02",
        &world.file("d/file-02"),
        "image/png",
    );
    put(
        &*world.bucket,
        "p/d/file-03",
        &[],
        "Text/Plain; charset=utf-8",
    );
    let (verdict, findings) = world.verify(Some(&*world.bucket), None);
    assert_eq!(verdict.unwrap().bucket.different, 3);
    let kinds: Vec<_> = findings.iter().map(|f| (f.path.as_str(), f.kind)).collect();
    let expected = [
        ("d/file-00", DifferenceKind::Missing),
        ("d/file-01", DifferenceKind::Size),
        ("d/file-02", DifferenceKind::Metadata),
    ];
    assert_eq!(kinds, expected);
    assert_eq!(findings[1].detail, "it has 300001 bytes and not 300000");
}

#[test]
fn one_flipped_byte_of_a_file_is_found() {
    let world = World::new();
    let mut body = world.file("d/file-04");
    body[0] ^= 0x80;
    let found = world.only_on_device(&world.device_but("d/file-04", Node::File(body)));
    assert_eq!(
        (found.side, found.kind),
        (Side::Device, DifferenceKind::Content)
    );
    assert_eq!(found.path, "d/file-04");
}

#[test]
fn files_that_are_gone_grown_or_unreadable_are_told_apart() {
    let world = World::new();
    let body = world.file("d/file-04");
    let shrinking = Node::Shrinking(body.clone(), 5);
    let cases = [
        (Node::File(vec![4; 300_001]), DifferenceKind::Size),
        (Node::BadSector(body, 262_144), DifferenceKind::Unreadable),
        (shrinking, DifferenceKind::Size),
        (
            Node::Link(b"elsewhere".to_vec()),
            DifferenceKind::Unreadable,
        ),
    ];
    for (node, kind) in cases {
        let found = world.only_on_device(&world.device_but("d/file-04", node));
        assert_eq!(found.kind, kind, "{found:?}");
    }
    let gone = world.files.iter().filter(|(path, _)| path != b"d/file-04");
    let gone = gone.map(|(path, body)| (path.clone(), Node::File(body.clone())));
    assert_eq!(
        world.only_on_device(&Memory::new(gone)).kind,
        DifferenceKind::Missing
    );
}

/// Names that are in the report in any way are known, also those that are not UTF-8.
/// What could not be read is missing in the object and on the device still: told of each, and no difference. What
/// somebody mended in the object is none either; one byte beside it is.
#[test]
fn what_is_missing_is_told_and_is_no_difference() {
    let body: Vec<u8> = (0..900_000_u32).map(|i| i.to_le_bytes()[1] | 1).collect();
    let missing = Missing::of([5..6, 300_000..301_024]).unwrap();
    let mut zeros = body.clone();
    missing.blank(0, &mut zeros);
    let Outcome::Stored(whole) = stored("k", &zeros) else {
        panic!("it is stored")
    };
    let partial = Outcome::Stored(Stored {
        missing: missing.clone(),
        ..whole
    });
    let entries = vec![(b"f".to_vec(), body.len(), partial)];
    let files = vec![(b"f".to_vec(), body.clone())];
    let world = World::rendered(entries, MemoryBucket::new(), files);
    let mut device = FaultyTree::new(world.device());
    for range in missing.ranges() {
        device = device.with(InjectedFault::given_up("f", range, 0));
    }
    let mut near = zeros.clone();
    near[301_024] ^= 1;
    for (object, is_same) in [(&zeros, true), (&body, true), (&near, false)] {
        put(&world.bucket, "k", object, TYPE);
        let (verdict, found) = world.verify(Some(&*world.bucket), Some(&device));
        let verdict = verdict.unwrap();
        assert_eq!(verdict.agrees(), is_same);
        assert_eq!((verdict.device.same, verdict.device.partial), (1, 1));
        assert_eq!(verdict.device.bytes, 900_000 - 1025);
        assert_eq!(verdict.bucket.partial, u64::from(is_same));
        let told = found.iter().filter(|it| it.kind == DifferenceKind::Partial);
        assert_eq!(told.clone().count(), 1 + usize::from(is_same));
        for finding in told {
            let words = "1,025 of 900,000 bytes could not be read, first at 5, as the report says";
            assert_eq!(finding.detail, words);
        }
    }
}

#[test]
fn what_the_report_does_not_know_is_told_and_is_no_difference() {
    let world = World::new();
    let mut files = world.files.clone();
    files.push((b"caf\xE8".to_vec(), vec![1]));
    let device = Memory::new(
        files
            .into_iter()
            .map(|(path, body)| (path, Node::File(body))),
    );
    let (verdict, findings) = world.verify(None, Some(&device));
    let verdict = verdict.unwrap();
    assert!(verdict.agrees());
    assert_eq!((verdict.extra, findings.len()), (1, 1));
    assert_eq!(
        (findings[0].kind, findings[0].path.as_str()),
        (DifferenceKind::Extra, "caf%E8")
    );
    assert_eq!(findings[0].raw_path.as_deref(), Some("Y2Fm6A=="));
}

/// Today no name but UTF-8 is loaded; the format can say it all the same.
#[test]
fn a_stored_name_that_is_not_text_is_found_by_its_raw_bytes() {
    let (path, body) = (b"caf\xE9%41".to_vec(), b"hello".to_vec());
    let bucket = MemoryBucket::new();
    put(&bucket, "p/x", &body, TYPE);
    let entries = vec![(path.clone(), body.len(), stored("p/x", &body))];
    let world = World::rendered(entries, bucket, vec![(path, body)]);
    let (verdict, _) = world.verify(Some(&*world.bucket), Some(&world.device()));
    let verdict = verdict.unwrap();
    assert_eq!((verdict.bucket.same, verdict.device.same), (1, 1));
}

/// The store fails now and then: that is no difference.
#[test]
fn what_fails_once_is_asked_for_again() {
    let world = World::new();
    let mut calls = 0;
    let flaky = Faulty::new(Arc::clone(&world.bucket), move |operation| {
        calls += 1;
        let fails = operation == Operation::Get && calls % 3 == 0;
        fails.then_some(Fault::after(faulty::Failure::Reset))
    });
    let policy = RetryPolicy {
        first_wait: Duration::from_millis(1),
        ..RetryPolicy::default()
    };
    let sleeper = Box::new(RealTime::new(Stop::default().flag()));
    let patient = Retrying::new(flaky, Retry::new(policy, 1, sleeper));
    let (verdict, findings) = world.verify(Some(&patient), None);
    assert!(verdict.unwrap().agrees(), "{findings:?}");
}

/// Bodies that break off after so many bytes, again and again.
#[test]
fn a_body_that_breaks_off_is_gone_on_with_where_it_broke() {
    let world = World::new();
    let breaking = Breaking(Arc::clone(&world.bucket));
    let (verdict, findings) = world.verify(Some(&breaking), None);
    assert!(verdict.unwrap().agrees(), "{findings:?}");
    let mut body = world.file("d/file-05");
    body[500_000] ^= 1;
    put(&*world.bucket, "p/d/file-05", &body, TYPE);
    assert_eq!(
        world.only_in_bucket(&breaking).kind,
        DifferenceKind::Content
    );
}

#[test]
fn an_object_that_is_closed_to_us_is_unreadable_and_a_store_that_is_away_is_trouble() {
    let world = World::new();
    let mut first = Some(Fault::before(faulty::Failure::AccessDenied));
    let closed = Faulty::new(Arc::clone(&world.bucket), move |_| first.take());
    assert_eq!(
        world.only_in_bucket(&closed).kind,
        DifferenceKind::Unreadable
    );
    let away = Faulty::new(Arc::clone(&world.bucket), |_| {
        Some(Fault::before(faulty::Failure::Unreachable))
    });
    let (verdict, findings) = world.verify(Some(&away), None);
    assert!(matches!(verdict, Err(Trouble::Store(_))), "{verdict:?}");
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn a_device_that_is_pulled_proves_nothing() {
    let world = World::new();
    let device = FaultyTree::new(world.device()).being(Condition::Gone);
    let (verdict, findings) = world.verify(None, Some(&device));
    assert!(matches!(verdict, Err(Trouble::Device(_))), "{verdict:?}");
    assert!(findings.is_empty());
}

/// One that has died where it is, at once or at the end, has no differences: nothing is known of it.
#[test]
fn a_device_that_is_dead_has_no_differences() {
    let world = World::new();
    let device = FaultyTree::new(world.device()).being(Condition::Dead);
    let (verdict, findings) = world.verify(None, Some(&device));
    assert!(matches!(verdict, Err(Trouble::Device(_))), "{verdict:?}");
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn who_is_interrupted_has_no_verdict() {
    let world = World::new();
    let stop = Stop::default();
    stop.halt(Halt::Interrupted);
    let (verdict, _) = world.verify_until(Some(&*world.bucket), Some(&world.device()), &stop);
    assert!(matches!(verdict, Err(Trouble::Interrupted)), "{verdict:?}");
}

#[test]
fn all_three_forms_are_delivered_and_again_is_harmless() {
    let world = World::new();
    let logs = MemoryBucket::new();
    for _ in 0..2 {
        report::deliver(&world.report, &logs).unwrap();
    }
    let page = logs.list("", None, 10).unwrap();
    let keys: Vec<&str> = page
        .objects
        .iter()
        .map(|object| object.key.as_str())
        .collect();
    let expected = [
        "import-log-ABCDE",
        "import-log-ABCDE.jsonl",
        "import-log-ABCDE.txt",
    ];
    assert_eq!(keys, expected);
    let mut delivered = Vec::new();
    let mut download = logs.get(&key("import-log-ABCDE.jsonl"), None).unwrap();
    download.body.read_to_end(&mut delivered).unwrap();
    assert_eq!(delivered, std::fs::read(&world.report.lines).unwrap());
    assert_eq!(world.report.tally().stored, 20);
}

fn damaged(world: &World, change: impl FnOnce(&mut Vec<u8>)) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.jsonl");
    let mut bytes = std::fs::read(&world.report.lines).unwrap();
    change(&mut bytes);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// Cut at any byte, a report is refused, and the line is named.
#[test]
fn a_report_that_was_cut_is_refused() {
    let world = World::new();
    let whole = std::fs::read(&world.report.lines).unwrap();
    let lines = |bytes: &[u8]| bytes.iter().filter(|b| **b == b'\n').count() as u64;
    let first = whole.iter().position(|b| *b == b'\n').unwrap() + 1;
    // Without its very last byte, the line's end, it is still all there.
    for end in (first..whole.len() - 1).step_by(7).chain([whole.len() - 2]) {
        let (_folder, path) = damaged(&world, |bytes| bytes.truncate(end));
        match ReportFile::open(&path) {
            Err(ReportError::Cut { line, .. }) => {
                // Between two lines the next one is missing; in the last byte of one, its end.
                let expected = lines(&whole[..end]) + 1;
                assert!(line == expected || line == expected + 1, "{end}: {line}");
            }
            other => panic!("{end}: {other:?}"),
        }
    }
}

#[test]
fn a_report_that_was_changed_is_refused() {
    let world = World::new();
    let (_folder, path) = damaged(&world, |bytes| {
        let at = bytes.windows(7).rposition(|w| w == b"file-07").unwrap();
        bytes[at + 5] = b'9';
    });
    assert!(matches!(
        ReportFile::open(&path),
        Err(ReportError::OtherSum { .. })
    ));
    let (_folder, path) = damaged(&world, |bytes| {
        let third = bytes
            .split(|b| *b == b'\n')
            .take(2)
            .map(|line| line.len() + 1)
            .sum::<usize>();
        bytes[third] = b'?';
    });
    let error = ReportFile::open(&path).unwrap_err();
    assert!(error.to_string().starts_with("line 3 of "), "{error}");
    let (_folder, path) = damaged(&world, |bytes| bytes.extend_from_slice(b"{}\n"));
    assert!(matches!(
        ReportFile::open(&path),
        Err(ReportError::TooLong { .. })
    ));
    let (_folder, path) = damaged(&world, |bytes| bytes.clear());
    assert!(matches!(
        ReportFile::open(&path),
        Err(ReportError::Damaged { line: 1, .. })
    ));
}
