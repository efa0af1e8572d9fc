//! Devices that fail in places: what comes when they are tried again, what is given up, and attempts that end in
//! between.

use std::io;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use disks::tree::faulty::{Faults, FaultyTree, InjectedFault};
use disks::tree::memory::{Memory, Node};
use disks::tree::{Content, DeviceGone, Expected, Health, Totals, Tree, Walked};
use model::entry::{Entry, EntryPath};
use model::ids::ObjectKey;
use objectstore::faulty::{Failure, Fault, Faulty, Operation};
use objectstore::memory::MemoryBucket;
use objectstore::object::Attributes;
use objectstore::{Bucket, Checksums};
use rustix::io::Errno;
use transfer::journal::file::{Disk, LogFile, LogFiles};
use transfer::settings::Unchanged;
use transfer::stop::{Halt, Stop};

use crate::world::{Ended, LARGE, World, content, keys, noise};

/// Bytes of the file that goes in parts: two of them.
const BYTES: usize = LARGE + 100;

/// A place in the second part of it, where its upload was begun when it is met.
const IN_SECOND: Range<u64> = 6_000_000..6_000_512;

const SALVAGE: &str = "onUnreadable: salvage\n";

fn file(bytes: usize, seed: u8) -> Node {
    Node::File(noise(bytes, seed))
}

/// A device with good files and one that is called `bad`.
fn device(bad: usize) -> FaultyTree<Memory> {
    device_with(20, bad)
}

fn device_with(good: u8, bad: usize) -> FaultyTree<Memory> {
    let good = (0..good).map(|i| (format!("good/{i:02}"), file(1000, i)));
    FaultyTree::new(Memory::new(good.chain([("bad".to_owned(), file(bad, 99))])))
}

fn blanked(bytes: usize, missing: Range<usize>) -> Vec<u8> {
    let mut content = noise(bytes, 99);
    content[missing].fill(0);
    content
}

fn metadata(bucket: &dyn Bucket, key: &str) -> Vec<(String, String)> {
    let found = bucket.head(&ObjectKey::new(key).unwrap()).unwrap();
    found.unwrap().attributes.metadata
}

fn said(bucket: &dyn Bucket, name: &str) -> Option<String> {
    let mut metadata = metadata(bucket, "bad").into_iter();
    metadata
        .find(|(found, _)| found == name)
        .map(|(_, value)| value)
}

/// Puts, and how often the device had been tried again by then.
type Timed = Mutex<Vec<(Operation, u32)>>;

/// A bucket that says of each put how often the device had been tried again by then.
fn timed(memory: &Arc<MemoryBucket>, faults: Arc<Faults>) -> (impl Bucket, Arc<Timed>) {
    let puts = Arc::<Timed>::default();
    let told = Arc::clone(&puts);
    let bucket = Faulty::new(Arc::clone(memory), move |operation| {
        if matches!(operation, Operation::Put | Operation::PutPart) {
            told.lock().unwrap().push((operation, faults.retries()));
        }
        None
    });
    (bucket, puts)
}

#[test]
fn good_files_are_stored_before_the_device_is_tried_again_and_nothing_is_sent_twice() {
    for (bytes, place, parts) in [
        (1000, 0..10, [0, 0]),
        (BYTES, 0..10, [0, 2]),
        // The first part is sent before, and not a second time.
        (BYTES, IN_SECOND, [1, 1]),
    ] {
        let world = World::new("");
        let device = device(bytes).with(InjectedFault::comes("bad", place, 2));
        let memory = Arc::new(MemoryBucket::new());
        let (bucket, puts) = timed(&memory, device.faults());
        let ended = world.run(&device, &bucket);
        assert!(ended.why.is_none(), "{:?}", ended.why);
        assert_eq!((ended.totals.stored, ended.totals.errors()), (21, 0));
        assert_eq!(content(&memory, "bad").unwrap(), noise(bytes, 99));
        assert_eq!(device.faults().retries(), 2);
        let puts = puts.lock().unwrap();
        let count =
            |of: Operation, retries: u32| puts.iter().filter(|put| **put == (of, retries)).count();
        let small = usize::from(bytes < LARGE);
        assert_eq!(count(Operation::Put, 0), 20);
        assert_eq!(count(Operation::Put, 2), small);
        assert_eq!([0, 2].map(|at| count(Operation::PutPart, at)), parts);
        assert_eq!(puts.len(), 20 + small + parts[0] + parts[1]);
        assert!(memory.list_uploads("").unwrap().is_empty());
        assert!(ended.summary.contains("Reports"), "{}", ended.summary);
        assert!(!ended.summary.contains("attempts"), "{}", ended.summary);
    }
}

/// What becomes of a file of `bytes` with a bad place, by the report and in the bucket.
fn must_be_given_up(ended: &Ended, bucket: &dyn Bucket, bytes: usize, place: Range<u64>) {
    let missing = place.end - place.start;
    let words = format!(
        "\"reason\":\"{missing} of {} bytes could not be read, first at {}\"",
        model::readable::number(bytes as u64),
        model::readable::number(place.start)
    );
    let ranges = format!(
        "\"ranges\":[{{\"offset\":{},\"bytes\":{missing}}}]",
        place.start
    );
    let line = format!("500,ReadError,bkt/bad,,{bytes},");
    assert_eq!(ended.report["bad"], line, "{}", ended.text);
    assert!(ended.lines.contains(&words), "{}", ended.lines);
    assert!(ended.lines.contains(&ranges), "{}", ended.lines);
    assert_eq!((ended.totals.failed, ended.totals.partial), (1, 0));
    assert!(content(bucket, "bad").is_none());
}

/// The same where it is to be salvaged.
fn must_be_salvaged(ended: &Ended, bucket: &dyn Bucket, bytes: usize, place: Range<u64>) {
    let missing = place.end - place.start;
    let expected = blanked(
        bytes,
        usize::try_from(place.start).unwrap()..usize::try_from(place.end).unwrap(),
    );
    assert!(content(bucket, "bad").unwrap() == expected);
    let sums = Checksums::of(&expected);
    let line = format!(
        "206,PartialContent,bkt/bad,{},{bytes},binary/octet-stream",
        sums.md5_hex()
    );
    assert_eq!(ended.report["bad"], line);
    assert!(ended.lines.contains(&sums.sha256_hex().unwrap()));
    let ranges = format!(
        "\"missing\":[{{\"offset\":{},\"bytes\":{missing}}}]",
        place.start
    );
    assert!(ended.lines.contains(&ranges), "{}", ended.lines);
    assert_eq!(said(bucket, "missing-bytes"), Some(missing.to_string()));
    let list = format!("{}-{}", place.start, place.end - 1);
    assert_eq!(said(bucket, "missing-ranges"), Some(list));
    assert_eq!((ended.totals.partial, ended.totals.errors()), (1, 1));
    assert!(ended.summary.contains("\nIn part\n  bad: "));
}

const PLACES: [(usize, Range<u64>); 3] = [
    (5000, 4000..4096),
    (BYTES, 100..612),
    // An upload was begun before, whose metadata does not say that anything is missing.
    (BYTES, IN_SECOND),
];

#[test]
fn what_is_given_up_fails_its_file_or_is_zeros_in_its_object() {
    for (bytes, place) in PLACES {
        for retries in [0, 1, 3] {
            let fault = InjectedFault::given_up("bad", place.clone(), retries);
            let (failing, bucket) = (device(bytes).with(fault.clone()), MemoryBucket::new());
            let ended = World::new("").run(&failing, &bucket);
            assert!(ended.why.is_none(), "{:?}", ended.why);
            must_be_given_up(&ended, &bucket, bytes, place.clone());
            assert_eq!(failing.faults().retries(), retries);
            assert!(bucket.list_uploads("").unwrap().is_empty());

            let (failing, bucket) = (device(bytes).with(fault), MemoryBucket::new());
            let ended = World::new(SALVAGE).run(&failing, &bucket);
            assert!(ended.why.is_none(), "{:?}", ended.why);
            must_be_salvaged(&ended, &bucket, bytes, place.clone());
            assert!(bucket.list_uploads("").unwrap().is_empty());
        }
    }
}

/// What has not come after three times is not waited for, and is no object: nobody knows what is missing.
#[test]
fn a_device_is_tried_again_three_times() {
    for options in ["", SALVAGE] {
        let memory = MemoryBucket::new();
        let device = device(1000)
            .with(InjectedFault::comes("bad", 5..6, 4))
            .with(InjectedFault::comes("good/07", 5..6, 3));
        let ended = World::new(options).run(&device, &memory);
        assert!(ended.why.is_none(), "{:?}", ended.why);
        assert_eq!(device.faults().retries(), 3);
        assert_eq!(ended.report["bad"], "500,ReadError,bkt/bad,,1000,");
        assert!(ended.report["good/07"].starts_with("200,OK"));
        assert_eq!(keys(&memory).len(), 20);
    }
}

/// A journal of which nothing is written after some records.
struct Dying {
    left: Arc<AtomicI64>,
    /// Whether half of the record behind them gets through.
    is_torn: bool,
}

struct DyingFile {
    file: Box<dyn LogFile>,
    left: Arc<AtomicI64>,
    is_torn: bool,
}

impl LogFiles for Dying {
    fn open(&self, path: &Path, beginning: &[u8]) -> io::Result<Box<dyn LogFile>> {
        Ok(Box::new(DyingFile {
            file: Disk.open(path, beginning)?,
            left: Arc::clone(&self.left),
            is_torn: self.is_torn,
        }))
    }
}

impl LogFile for DyingFile {
    fn append(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            // A length, a checksum and a number stand before each.
            let body = u32::from_le_bytes(bytes[..4].try_into().unwrap());
            let (record, rest) = bytes.split_at(16 + usize::try_from(body).unwrap());
            if self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
                let torn = record.len() / 2 * usize::from(self.is_torn);
                self.file.append(&record[..torn])?;
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.file.append(record)?;
            bytes = rest;
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.cut(length)
    }
}

/// Good files of a device whose attempts end at every record.
const GOOD: u8 = 2;

/// Runs attempts, the first of which ends when its journal has taken so many `records`. Says whether it did so before it was
/// done. `forgets` lets the device forget what it had been tried for.
fn die_and_go_on(
    world: &World,
    fault: &InjectedFault,
    bytes: usize,
    bucket: &dyn Bucket,
    (records, forgets): (i64, bool),
) -> (bool, Ended) {
    let logs = Dying {
        left: Arc::new(AtomicI64::new(records)),
        is_torn: records % 2 == 0,
    };
    let first = device_with(GOOD, bytes).with(fault.clone());
    let stop = Stop::default();
    let died = world.attempt_with(&first, bucket, &stop, &logs);
    let has_died = died.is_err() || matches!(stop.take_reason(), Some(Halt::Journal(_)));
    let second = device_with(GOOD, bytes).with(fault.clone());
    let ended = match forgets {
        true => world.run(&second, bucket),
        false => world.run(&first, bucket),
    };
    (has_died, ended)
}

/// Wherever an attempt ends, before or after the device was tried again, the next one comes to the same.
#[test]
fn an_attempt_that_ends_at_any_record_is_gone_on_with() {
    for (bytes, place) in PLACES {
        let comes = InjectedFault::comes("bad", place.clone(), 1);
        let given_up = InjectedFault::given_up("bad", place.clone(), 1);
        for (options, fault, comes) in [
            ("", &comes, true),
            ("", &given_up, false),
            (SALVAGE, &comes, true),
            (SALVAGE, &given_up, false),
        ] {
            for records in 0.. {
                let (world, bucket) = (World::new(options), MemoryBucket::new());
                let forgets = records % 3 == 0;
                let (has_died, ended) =
                    die_and_go_on(&world, fault, bytes, &bucket, (records, forgets));
                assert!(ended.why.is_none(), "{records}: {:?}", ended.why);
                assert!(bucket.list_uploads("").unwrap().is_empty(), "{records}");
                let good = ended.report.iter().filter(|(name, _)| *name != "bad");
                assert!(good.clone().all(|(_, line)| line.starts_with("200,OK")));
                assert_eq!(good.count(), usize::from(GOOD), "{records}");
                match (comes, options) {
                    (true, _) => {
                        assert!(content(&bucket, "bad").unwrap() == noise(bytes, 99));
                        assert_eq!(said(&bucket, "missing-bytes"), None);
                        assert_eq!(ended.totals.errors(), 0, "{records}");
                    }
                    (false, "") => must_be_given_up(&ended, &bucket, bytes, place.clone()),
                    (false, _) => must_be_salvaged(&ended, &bucket, bytes, place.clone()),
                }
                if !has_died {
                    assert!(records > i64::from(GOOD), "{records}");
                    break;
                }
            }
        }
    }
}

/// A device in two attempts, which in the second has perhaps given up less.
fn two_attempts(less: bool) -> [FaultyTree<Memory>; 2] {
    let ranges = [100..612, 100..if less { 200 } else { 612 }];
    ranges.map(|range| device(BYTES).with(InjectedFault::given_up("bad", range, 0)))
}

/// A salvaged upload that was under way goes on: its metadata says what is missing from the beginning. Where more is
/// read by then than it says, it does not.
#[test]
fn a_salvaged_file_that_was_half_sent_goes_on_if_it_lacks_the_same() {
    for more_is_read in [false, true] {
        let world = World::new(SALVAGE);
        let (faults, begins) = (two_attempts(more_is_read), Arc::new(AtomicUsize::new(0)));
        let memory = Arc::new(MemoryBucket::new());
        let parts = AtomicUsize::new(0);
        // The first part gets through, and nothing behind it.
        let dying = Faulty::new(Arc::clone(&memory), move |operation| {
            let is_part = operation == Operation::PutPart;
            let is_late = is_part && parts.fetch_add(1, Ordering::SeqCst) > 0;
            is_late.then_some(Fault::before(Failure::Unreachable))
        });
        let ended = world.run(&faults[0], &dying);
        assert!(matches!(ended.why, Some(Halt::Store(_))), "{:?}", ended.why);
        assert_eq!(memory.list_uploads("").unwrap().len(), 1);
        let begun = Arc::clone(&begins);
        let counting = Faulty::new(Arc::clone(&memory), move |operation| {
            begun.fetch_add(
                usize::from(operation == Operation::BeginMultipart),
                Ordering::SeqCst,
            );
            None
        });
        let ended = world.run(&faults[1], &counting);
        let place = if more_is_read { 100..200 } else { 100..612 };
        must_be_salvaged(&ended, &memory, BYTES, place);
        assert_eq!(begins.load(Ordering::SeqCst), usize::from(more_is_read));
        assert!(memory.list_uploads("").unwrap().is_empty());
    }
}

/// An object that cannot say what it lacks is none.
#[test]
fn what_cannot_be_said_in_the_metadata_is_not_salvaged() {
    let full = format!("{SALVAGE}staticMetadata:\n    a: {}\n", "x".repeat(2030));
    let taken = format!("{SALVAGE}staticMetadata:\n    Missing-Bytes: none\n");
    for options in [&full, &taken] {
        let device = device(1000).with(InjectedFault::given_up("bad", 0..512, 0));
        let bucket = MemoryBucket::new();
        let ended = World::new(options).run(&device, &bucket);
        assert_eq!(ended.report["bad"], "500,ReadError,bkt/bad,,1000,");
        assert!(
            ended
                .lines
                .contains("cannot say so, and it is not salvaged"),
            "{}",
            ended.lines
        );
        assert_eq!(keys(&bucket).len(), 20);
    }
}

/// An object with zeros in it is not taken for its file by a later import.
#[test]
fn a_salvaged_object_is_replaced_by_a_later_import_that_reads_more() {
    let bucket = MemoryBucket::new();
    let failing = device(1000).with(InjectedFault::given_up("bad", 0..512, 0));
    World::new(SALVAGE).run(&failing, &bucket);
    let mut later = World::new(SALVAGE);
    later.settings.unchanged = Unchanged::Skip;
    let ended = later.run(&device(1000), &bucket);
    assert_eq!((ended.totals.unchanged, ended.totals.replaced), (20, 1));
    assert_eq!(content(&bucket, "bad").unwrap(), noise(1000, 99));
    assert_eq!(said(&bucket, "missing-bytes"), None);
}

/// A tree that does something when it is to be tried again.
struct AtRetry<'a> {
    inner: &'a FaultyTree<Memory>,
    retry: Box<dyn Fn() -> Result<(), DeviceGone> + Send + Sync + 'a>,
}

impl Tree for AtRetry<'_> {
    fn walk(&self, visit: &mut dyn FnMut(Walked) -> ControlFlow<()>) -> Result<(), DeviceGone> {
        self.inner.walk(visit)
    }

    fn find(&self, path: &EntryPath) -> io::Result<Option<Entry>> {
        self.inner.find(path)
    }

    fn open(&self, entry: &Entry) -> io::Result<Box<dyn Content>> {
        self.inner.open(entry)
    }

    fn totals(&self) -> Option<Totals> {
        self.inner.totals()
    }

    fn check(&self) -> Result<Health, DeviceGone> {
        self.inner.check()
    }

    fn is_rotational(&self) -> bool {
        false
    }

    fn retry(&self, _: &dyn Fn() -> bool) -> Result<(), DeviceGone> {
        (self.retry)()
    }
}

/// A device that dies when it is tried again, or a run that is stopped then, marks nothing of what waits.
#[test]
fn a_device_that_dies_when_it_is_tried_again_marks_nothing() {
    let (world, stop, bucket) = (World::new(SALVAGE), Stop::default(), MemoryBucket::new());
    let device = device(BYTES).with(InjectedFault::comes("bad", IN_SECOND, 1));
    let gone = AtRetry {
        inner: &device,
        retry: Box::new(|| Err(DeviceGone(Errno::NODEV.into()))),
    };
    let stopped = AtRetry {
        inner: &device,
        retry: Box::new(|| {
            stop.halt(Halt::Interrupted);
            Ok(())
        }),
    };
    let ended = world.run(&gone, &bucket);
    assert!(
        matches!(ended.why, Some(Halt::Device(_))),
        "{:?}",
        ended.why
    );
    assert_eq!((ended.report.len(), ended.map), (20, None));
    assert_eq!(bucket.list_uploads("").unwrap().len(), 1);
    let ended = world.run_until(&stopped, &bucket, &stop);
    assert!(matches!(ended.why, Some(Halt::Interrupted)));
    assert!(!ended.report.contains_key("bad"), "{}", ended.text);
    let ended = world.run(&device, &bucket);
    assert_eq!(ended.totals.errors(), 0, "{}", ended.text);
    assert!(content(&bucket, "bad").unwrap() == noise(BYTES, 99));
}

/// What a failing device does not say of one place it says of all: then it is gone, and nothing waits for it.
#[test]
fn a_place_that_may_come_does_not_hide_a_device_that_is_gone() {
    let (world, bucket) = (World::new(""), MemoryBucket::new());
    let device = device(1000)
        .with(InjectedFault::comes("bad", 900..901, 1))
        .with(
            InjectedFault::at(disks::tree::faulty::Access::Read)
                .of("bad")
                .fails(Errno::NODEV),
        );
    let ended = world.run(&device, &bucket);
    assert!(
        ended.why.is_none() || matches!(ended.why, Some(Halt::Device(_))),
        "{:?}",
        ended.why
    );
    assert!(!ended.report.contains_key("bad"), "{}", ended.text);
}

/// The map of the device is delivered beside the report, and told in it; there is none of a device that was read well.
#[test]
fn the_map_of_the_device_lies_beside_the_report() {
    let logs = MemoryBucket::new();
    let world = World::new("");
    let failing = device(1000).with(InjectedFault::comes("bad", 0..1, 1));
    let ended = world.run(&failing, &MemoryBucket::new());
    assert_eq!(ended.map.as_deref(), Some("# tried again 1 times\n"));
    assert!(ended.summary.contains("s3://bkt/log-map\n"));
    transfer::report::deliver(&world.rendered(), &logs).unwrap();
    assert_eq!(keys(&logs), ["log", "log-map", "log.jsonl", "log.txt"]);
    assert_eq!(
        content(&logs, "log-map").unwrap(),
        b"# tried again 1 times\n"
    );
    // The customer has sent a good disk under the same job.
    let ended = world.run(&device(1000), &MemoryBucket::new());
    assert_eq!(ended.map, None);
    assert!(!ended.summary.contains("log-map"));
}

/// Nothing of the device takes the place of its map.
#[test]
fn a_file_with_the_key_of_the_map_is_not_loaded() {
    let device = Memory::new([("log-map", file(10, 1))]);
    let bucket = MemoryBucket::new();
    let ended = World::new("").run(&device, &bucket);
    assert!(ended.report["log-map"].starts_with("409,KeyCollision,"));
    assert!(keys(&bucket).is_empty());
}

/// A device that reads ahead.
struct Ahead {
    inner: Memory,
    most: usize,
    expected: Arc<AtomicUsize>,
    live: Arc<AtomicUsize>,
}

struct Promise(Arc<AtomicUsize>);

impl Drop for Promise {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Tree for Ahead {
    fn walk(&self, visit: &mut dyn FnMut(Walked) -> ControlFlow<()>) -> Result<(), DeviceGone> {
        self.inner.walk(visit)
    }

    fn find(&self, path: &EntryPath) -> io::Result<Option<Entry>> {
        self.inner.find(path)
    }

    /// Nothing is read before as many are known as can be read together.
    fn open(&self, entry: &Entry) -> io::Result<Box<dyn Content>> {
        let begun = Instant::now();
        while self.expected.load(Ordering::SeqCst) < self.most {
            assert!(begun.elapsed() < Duration::from_secs(20), "not told");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(self.live.load(Ordering::SeqCst) > 0);
        self.inner.open(entry)
    }

    fn totals(&self) -> Option<Totals> {
        self.inner.totals()
    }

    fn check(&self) -> Result<Health, DeviceGone> {
        self.inner.check()
    }

    fn is_rotational(&self) -> bool {
        false
    }

    fn reads_ahead(&self) -> usize {
        self.most
    }

    fn expect(&self, _: &Entry) -> Option<Expected> {
        self.expected.fetch_add(1, Ordering::SeqCst);
        self.live.fetch_add(1, Ordering::SeqCst);
        Some(Box::new(Promise(Arc::clone(&self.live))))
    }
}

/// A device is told what will be read, as far ahead as it likes, and what is not to be read any more.
#[test]
fn a_device_is_told_what_is_read_next() {
    for asks in [false, true] {
        let files = (0..600).map(|i| (format!("f{i:03}"), file(10, 1)));
        let (expected, live) = (Arc::default(), Arc::default());
        let device = Ahead {
            inner: Memory::new(files),
            most: 550,
            expected: Arc::clone(&expected),
            live: Arc::clone(&live),
        };
        let bucket = MemoryBucket::new();
        let mut world = World::new("");
        if asks {
            // Every key is asked for: what was put there may be the same.
            world.settings.unchanged = Unchanged::Skip;
            for i in (0..600).step_by(2) {
                let body = noise(10, 1);
                let (key, sums) = (
                    ObjectKey::new(format!("f{i:03}")).unwrap(),
                    Checksums::of(&body),
                );
                let plain = Attributes::default();
                bucket.put(&key, body.into(), &plain, &sums).unwrap();
            }
        }
        let ended = world.run(&device, &bucket);
        assert!(ended.why.is_none(), "{:?}", ended.why);
        assert_eq!(ended.totals.stored, 600);
        assert_eq!(expected.load(Ordering::SeqCst), 600);
        assert_eq!(live.load(Ordering::SeqCst), 0);
    }
}
