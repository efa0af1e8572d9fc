//! Several runs at once over the resources of one process: imports, an export and images, while one of them stands
//! still at a silent store and another at a silent device.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use disks::device::Device;
use disks::device::apart::{Apart, GRACE, Leaving, LeftReads};
use disks::device::memory::MemoryDevice;
use disks::fault::Fault;
use disks::tree::DeviceGone;
use disks::tree::memory::{Memory, Node};
use imagestore::services::AwsServices;
use model::capabilities::{Capabilities, Finding};
use model::control::ImageTarget;
use model::ids::{BucketName, JobId, JobType, ObjectKey, StationName};
use model::manifest::Manifest;
use model::progress::LogLocation;
use model::proof::{Attempt, ReadBack};
use model::time::{ManualClock, Timestamp};
use objectstore::faulty::{self, Failure, Faulty, Operation};
use objectstore::memory::MemoryBucket;
use objectstore::object::Attributes;
use objectstore::{Bucket, Checksums};
use transfer::destination::memory::Memory as Filled;
use transfer::export::plan::{Item, To, Writer};
use transfer::export::{Buckets, Export};
use transfer::image::{ImageImport, ImageOutcome, What};
use transfer::import::Import;
use transfer::journal::file::Disk;
use transfer::progress::Progress;
use transfer::resources::Resources;
use transfer::settings::Settings;
use transfer::stop::{Halt, Stop};

const RETURN: &str = "eraseDevice: no\nnotificationEmail: a@b.example\nreturnAddress:\n    name: N\n    \
    street1: S\n    city: C\n    stateOrProvince: WA\n    postalCode: 98000\n    country: USA\n    \
    phoneNumber: 1\n";

/// How long anything of this may take on a busy host.
const LIMIT: Duration = Duration::from_secs(120);

fn settings() -> Settings {
    Settings {
        parallel: 4,
        read_threads: 2,
        memory_bytes: 32 << 20,
        multipart_threshold: 6 << 20,
        part_bytes: 5 << 20,
        ..Settings::default()
    }
}

fn job() -> JobId {
    JobId::new("ABCDE").unwrap()
}

fn attempt() -> Attempt {
    Attempt {
        number: 1,
        at: Timestamp::from_unix(1_500_000_000),
        station: StationName::new("bench").unwrap(),
        read_back: ReadBack::Off,
        store: Capabilities::all(Finding::Honored),
    }
}

fn log(bucket: &str) -> LogLocation {
    LogLocation {
        bucket: BucketName::new(bucket).unwrap(),
        key: ObjectKey::new("log").unwrap(),
    }
}

fn noise(bytes: usize, seed: u8) -> Vec<u8> {
    let mut state = u64::from(seed) + 1;
    let next = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_le_bytes()[6]
    };
    (0..bytes).map(next).collect()
}

/// Large files and small ones.
fn files(seed: u8) -> Vec<(String, Vec<u8>)> {
    let sizes = [11 << 20, 1000, 6 << 20, 5 << 20, 7, (6 << 20) + 77, 3 << 20];
    let numbered = (seed..).zip(sizes);
    let file = |(number, bytes)| (format!("{number:03}"), noise(bytes, number));
    numbered.map(file).collect()
}

fn is_there(bucket: &MemoryBucket, key: &str, content: &[u8]) -> bool {
    let download = bucket.get(&ObjectKey::new(key).unwrap(), None).unwrap();
    let mut found = Vec::new();
    io::copy(&mut { download.body }, &mut found).unwrap();
    found == content
}

/// A bucket that takes no part and says nothing, until it is `released`.
fn silent(bucket: &Arc<MemoryBucket>, released: &Arc<AtomicBool>) -> Faulty<Arc<MemoryBucket>> {
    let released = Arc::clone(released);
    let is_silent = |operation| operation == Operation::PutPart;
    let fails =
        move |operation| is_silent(operation).then_some(faulty::Fault::before(Failure::TimedOut));
    Faulty::new(Arc::clone(bucket), fails).pausing(move |operation| {
        while is_silent(operation) && !released.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(5));
        }
    })
}

/// Releases all when it is dropped, so that a test that fails ends.
struct Releasing(Vec<Arc<AtomicBool>>);

impl Drop for Releasing {
    fn drop(&mut self) {
        for flag in &self.0 {
            flag.store(true, Ordering::SeqCst);
        }
    }
}

/// A device that gives nothing from some place on, until it is released.
struct SilentDevice {
    inner: MemoryDevice,
    from: u64,
    released: Arc<AtomicBool>,
}

impl Device for SilentDevice {
    fn bytes(&self) -> u64 {
        self.inner.bytes()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        while offset >= self.from && !self.released.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(5));
        }
        self.inner.read_at(offset, buffer)
    }

    fn sector(&self) -> u32 {
        self.inner.sector()
    }

    fn next_data(&self, offset: u64) -> u64 {
        self.inner.next_data(offset)
    }

    fn check(&self) -> Result<(), DeviceGone> {
        self.inner.check()
    }
}

fn import(resources: &Resources, files: &[(String, Vec<u8>)], bucket: &dyn Bucket, stop: &Stop) {
    let text = format!("manifestVersion: 2.0\nbucket: bkt\ndeviceId: D-1\n{RETURN}");
    let Ok(Manifest::S3Import(rules)) = Manifest::parse_accepted(&text, JobType::Import) else {
        panic!("{text}")
    };
    let nodes = files
        .iter()
        .map(|(path, bytes)| (path.as_str(), Node::File(bytes.clone())));
    let device = Memory::new(nodes.collect::<Vec<_>>());
    let folder = tempfile::tempdir().unwrap();
    let import = Import {
        job: job(),
        attempt: &attempt(),
        begun: None,
        tree: &device,
        signed: &[model::entry::EntryPath::new("SIGNATURE")],
        bucket,
        rules: &rules,
        settings: settings(),
        resources,
        log: &log("bkt"),
        logs: &Disk,
        clock: &ManualClock::at(Timestamp::from_unix(1_500_000_000)),
        progress: &Progress::default(),
        stop,
        without: None,
    };
    import.run(folder.path()).unwrap();
}

fn image(resources: &Resources, device: Arc<dyn Device>, bucket: &dyn Bucket, stop: &Stop) {
    let text = format!(
        "manifestVersion: 3.0\ndeviceId: D-2\nlogBucket: logs\nlogPrefix: p/\n{RETURN}operations:\n    \
         - destination: ebs-snapshot\n      source: device\n      region: us-east-1\n      \
         deviceCapacityGreaterThan1TB: no\n"
    );
    let Ok(Manifest::EbsImport(rules)) = Manifest::parse_accepted(&text, JobType::Import) else {
        panic!("{text}")
    };
    let folder = tempfile::tempdir().unwrap();
    let import = ImageImport {
        job: job(),
        attempt: &attempt(),
        device,
        what: What::Ebs(&rules),
        target: &ImageTarget::Objects {
            storage_class: None,
        },
        services: &AwsServices::default(),
        log_bucket: bucket,
        log: &log("logs"),
        settings: settings(),
        resources,
        logs: &Disk,
        clock: &ManualClock::at(Timestamp::from_unix(1_500_000_000)),
        progress: &Progress::default(),
        stop,
    };
    let ended = import.run(folder.path()).unwrap();
    let is_stopped = stop.is_set();
    assert_eq!(
        matches!(ended, ImageOutcome::Done(_)),
        !is_stopped,
        "{ended:?}"
    );
}

fn export(resources: &Resources, files: &[(String, Vec<u8>)], stop: &Stop) -> Filled {
    let (name, bucket) = (BucketName::new("media").unwrap(), MemoryBucket::new());
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(&folder.path().join("plan"), job()).unwrap();
    for (path, content) in files {
        let (key, body) = (
            ObjectKey::new(&**path).unwrap(),
            Bytes::from(content.clone()),
        );
        let sums = Checksums::of(&body);
        let put = bucket.put(&key, body, &Attributes::default(), &sums);
        let item = Item {
            ordinal: 0,
            operation: 0,
            bucket: name.clone(),
            to: To::File { path: path.clone() },
            key,
            bytes: content.len() as u64,
            etag: put.unwrap().etag,
        };
        writer.add(item).unwrap();
    }
    let plan = writer.finish(None).unwrap();
    let target = Filled::default();
    let export = Export {
        job: job(),
        attempt: &attempt(),
        plan: &plan,
        buckets: &Buckets::from([(name, Box::new(bucket) as Box<dyn Bucket>)]),
        target: &target,
        settings: settings(),
        resources,
        logs: &Disk,
        clock: &ManualClock::at(Timestamp::from_unix(1_500_000_000)),
        progress: &Progress::default(),
        stop,
    };
    assert!(export.run(folder.path()).unwrap().is_none());
    target
}

#[track_caller]
fn wait_until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LIMIT, "it does not come to that");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn runs_share_memory_and_cores_and_none_waits_for_one_that_stands_still() {
    let resources = Resources::new(&settings());
    let [store_speaks, device_speaks] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let stops: Vec<_> = (0..6).map(|_| Stop::default()).collect();
    let buckets: Vec<_> = (0..5).map(|_| Arc::new(MemoryBucket::new())).collect();
    let raw = noise(20 << 20, 99);
    thread::scope(|scope| {
        let (resources, stops) = (&resources, &stops);
        let _whatever_happens = Releasing(vec![store_speaks.clone(), device_speaks.clone()]);
        // One run alone takes all there is, and its store says nothing any more.
        let at_store = silent(&buckets[0], &store_speaks);
        let still = scope.spawn(move || {
            let large = |seed: u8| (format!("{seed:03}"), noise(11 << 20, seed));
            let many: Vec<_> = (0..8).map(large).collect();
            import(resources, &many, &at_store, &stops[0]);
        });
        wait_until(|| resources.usage().bytes > (32 << 20) - (5 << 20));
        assert!(resources.usage().peak_bytes <= 32 << 20);
        // Another device stops giving.
        let device = SilentDevice {
            inner: MemoryDevice::new(raw.clone()),
            from: 8 << 20,
            released: Arc::clone(&device_speaks),
        };
        let to = &buckets[1];
        let at_device = scope.spawn(move || image(resources, Arc::new(device), &**to, &stops[1]));
        let others: Vec<_> = (2..4_u8)
            .map(|run| {
                let (bucket, stop) = (&buckets[usize::from(run)], &stops[usize::from(run)]);
                scope.spawn(move || import(resources, &files(50 * run), &**bucket, stop))
            })
            .collect();
        let (to, device) = (&buckets[4], MemoryDevice::new(raw.clone()));
        let of_image = scope.spawn(move || image(resources, Arc::new(device), &**to, &stops[4]));
        let of_export = scope.spawn(move || export(resources, &files(30), &stops[5]));

        others.into_iter().for_each(|run| run.join().unwrap());
        of_image.join().unwrap();
        let filled = of_export.join().unwrap();
        assert!(!still.is_finished() && !at_device.is_finished());
        assert_eq!(filled.files(), files(30).into_iter().collect());
        for (run, bucket) in (2..4_u8).zip(&buckets[2..4]) {
            for (key, content) in files(50 * run) {
                assert!(is_there(bucket, &key, &content), "{run}: {key}");
            }
        }
        assert!(is_there(&buckets[4], "p/ABCDE/image.00000", &raw));

        // One that is stopped gives back all that it held, and the last ends right.
        let before = resources.usage().bytes;
        stops[0].halt(Halt::Interrupted);
        store_speaks.store(true, Ordering::SeqCst);
        still.join().unwrap();
        let after = resources.usage().bytes;
        assert!(before > 20 << 20 && after <= 8 << 20, "{before} {after}");
        device_speaks.store(true, Ordering::SeqCst);
        at_device.join().unwrap();
        assert!(is_there(&buckets[1], "p/ABCDE/image.00000", &raw));
    });
    let usage = resources.usage();
    assert_eq!(usage.bytes, 0);
    assert!(usage.peak_bytes <= usage.bound_bytes, "{usage:?}");
    let cores = thread::available_parallelism().unwrap().get();
    assert!((1..=cores).contains(&usage.peak_hashing), "{usage:?}");
    assert!(stops[1..].iter().all(|stop| stop.take_reason().is_none()));
}

/// A bridge that hangs holds a read in the kernel for as long as it likes: the run is over without it.
#[test]
fn a_run_is_stopped_although_its_device_gives_no_answer_and_what_that_gives_later_goes_nowhere() {
    let resources = Resources::new(&settings());
    let released = Arc::new(AtomicBool::new(false));
    let (stop, raw) = (Stop::default(), noise(20 << 20, 7));
    let asked = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&asked);
    let bucket = Faulty::new(Arc::new(MemoryBucket::new()), |_| None).pausing(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let device = SilentDevice {
        inner: MemoryDevice::new(raw),
        from: 8 << 20,
        released: Arc::clone(&released),
    };
    let left = LeftReads::default();
    let leaving = Leaving {
        stop: stop.flag(),
        left: left.clone(),
    };
    let device = Arc::new(Apart::new(Box::new(device), "sdz", leaving));
    let _whatever_happens = Releasing(vec![released.clone()]);
    thread::scope(|scope| {
        let run = scope.spawn(|| image(&resources, device, &bucket, &stop));
        wait_until(|| resources.usage().bytes > 0);
        thread::sleep(Duration::from_millis(300));
        assert!(!run.is_finished(), "it waits for its device");
        let begun = Instant::now();
        stop.halt(Halt::Interrupted);
        run.join().unwrap();
        assert!(
            begun.elapsed() < GRACE + Duration::from_secs(20),
            "{:?}",
            begun.elapsed()
        );
    });
    assert!(
        matches!(stop.take_reason(), Some(Halt::Interrupted)),
        "what it was stopped for"
    );
    assert_eq!(resources.usage().bytes, 0, "others have its memory");
    assert!(left.count() > 0);
    let before = asked.load(Ordering::SeqCst);
    released.store(true, Ordering::SeqCst);
    wait_until(|| left.count() == 0);
    assert_eq!(
        asked.load(Ordering::SeqCst),
        before,
        "nothing of it is sent"
    );
}
