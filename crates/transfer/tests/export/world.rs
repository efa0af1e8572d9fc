//! A plan, a bucket and a device, and an export between them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use model::capabilities::{Capabilities, Finding};
use model::ids::{AccountId, BucketName, JobId, ObjectKey, StationName};
use model::progress::LogLocation;
use model::proof::{Attempt, ReadBack};
use model::report::lines::{About, Work};
use model::time::{ManualClock, Timestamp};
use objectstore::memory::MemoryBucket;
use objectstore::object::Attributes;
use objectstore::{Bucket, Checksums};
use transfer::destination::Target;
use transfer::destination::memory::Memory;
use transfer::export::plan::{Item, Plan, To, Writer};
use transfer::export::{Buckets, Export, LeftOut};
use transfer::journal::file::Disk;
use transfer::progress::Progress;
use transfer::report;
use transfer::resources::Resources;
use transfer::settings::Settings;
use transfer::stop::{Halt, Stop};

/// Objects from here on go in blocks of this size.
pub(crate) const BLOCK: usize = 16 << 10;

pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) attempts: AtomicU32,
    pub(crate) plan: Plan,
}

pub(crate) struct Ended {
    pub(crate) why: Option<Halt>,
    pub(crate) left_out: Option<LeftOut>,
    /// Key → status, code, path.
    pub(crate) report: Vec<(String, String, String)>,
}

pub(crate) fn job() -> JobId {
    JobId::new("ABCDE").unwrap()
}

pub(crate) fn bucket() -> BucketName {
    BucketName::new("media").unwrap()
}

pub(crate) fn content(seed: usize, bytes: usize) -> Vec<u8> {
    let mut state = seed as u64 + 1;
    (0..bytes)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state.to_le_bytes()[6]
        })
        .collect()
}

/// Small, empty, large, of whole blocks and not, a folder.
pub(crate) fn objects() -> BTreeMap<String, Vec<u8>> {
    let sizes = [
        0,
        1,
        4096,
        5000,
        BLOCK - 1,
        BLOCK,
        9 * BLOCK + 77,
        17 * BLOCK,
        20,
        30,
    ];
    let mut objects: BTreeMap<String, Vec<u8>> = sizes
        .into_iter()
        .enumerate()
        .map(|(index, bytes)| (format!("k{index:02}/file"), content(index, bytes)))
        .collect();
    objects.insert("k05a/".to_owned(), Vec::new());
    objects
}

pub(crate) fn fill(bucket: &MemoryBucket, objects: &BTreeMap<String, Vec<u8>>) -> Vec<Item> {
    let items = objects.iter().map(|(name, content)| {
        let key = ObjectKey::new(name.clone()).unwrap();
        let attributes = Attributes {
            content_type: Some("text/plain".to_owned()),
            ..Attributes::default()
        };
        let body = bytes::Bytes::from(content.clone());
        let receipt = bucket
            .put(&key, body.clone(), &attributes, &Checksums::of(&body))
            .unwrap();
        Item {
            ordinal: 0,
            operation: 0,
            bucket: self::bucket(),
            to: match name.strip_suffix('/') {
                Some(path) => To::Directory {
                    path: path.to_owned(),
                },
                None => To::File {
                    path: format!("media/{name}"),
                },
            },
            key,
            bytes: content.len() as u64,
            etag: receipt.etag,
        }
    });
    items.collect()
}

impl World {
    pub(crate) fn new(items: Vec<Item>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(&folder.path().join("plan"), job()).unwrap();
        items.into_iter().for_each(|item| writer.add(item).unwrap());
        Self {
            plan: writer.finish(None).unwrap(),
            folder,
            attempts: AtomicU32::new(0),
        }
    }

    pub(crate) fn run(&self, target: &dyn Target, source: impl Bucket + 'static) -> Ended {
        let stop = Stop::default();
        let settings = Settings {
            parallel: 4,
            memory_bytes: 8 * BLOCK as u64,
            part_bytes: BLOCK as u64,
            ..Settings::default()
        };
        let attempt = Attempt {
            number: self.attempts.fetch_add(1, Ordering::SeqCst) + 1,
            at: Timestamp::from_unix(1_500_000_000),
            station: StationName::new("bench").unwrap(),
            read_back: ReadBack::Full,
            store: Capabilities::all(Finding::Unknown),
        };
        let buckets = Buckets::from([(bucket(), Box::new(source) as Box<dyn Bucket>)]);
        let export = Export {
            job: job(),
            attempt: &attempt,
            plan: &self.plan,
            buckets: &buckets,
            target,
            settings,
            resources: &Resources::new(&settings),
            logs: &Disk,
            clock: &ManualClock::at(Timestamp::from_unix(1_500_000_000)),
            progress: &Progress::default(),
            stop: &stop,
        };
        let left_out = export.run(self.folder.path()).unwrap();
        Ended {
            why: stop.take_reason(),
            left_out,
            report: self.report(),
        }
    }

    pub(crate) fn report(&self) -> Vec<(String, String, String)> {
        let about = About {
            job: job(),
            account: AccountId::new("123456789012").unwrap(),
            created: Timestamp::from_unix(1_400_000_000),
            work: Work::Export,
            bucket: None,
            prefix: String::new(),
            log: LogLocation {
                bucket: bucket(),
                key: ObjectKey::new("export-log-ABCDE").unwrap(),
            },
        };
        let report = report::render(self.folder.path(), &about).unwrap();
        let text = std::fs::read_to_string(&report.csv).unwrap();
        let lines = text.lines().skip(1).map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            let key = fields[4].strip_prefix("media/").unwrap().to_owned();
            let status = format!("{} {}", fields[2], fields[3]);
            (key, status, fields[1].to_owned())
        });
        lines.collect()
    }
}

pub(crate) fn expected(objects: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let files = objects.iter().filter(|(name, _)| !name.ends_with('/'));
    files
        .map(|(name, content)| (format!("media/{name}"), content.clone()))
        .collect()
}

#[track_caller]
pub(crate) fn is_whole(ended: &Ended, target: &Memory, objects: &BTreeMap<String, Vec<u8>>) {
    assert!(ended.why.is_none(), "{:?}", ended.why);
    assert!(target.files() == expected(objects));
    let keys: Vec<&str> = ended.report.iter().map(|line| line.0.as_str()).collect();
    let all: Vec<&str> = objects.keys().map(String::as_str).collect();
    assert_eq!(keys, all, "each once, in the order of the keys");
    assert!(
        ended.report.iter().all(|line| line.1 == "200 OK"),
        "{:?}",
        ended.report
    );
}
