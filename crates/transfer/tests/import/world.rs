//! An import from a device in memory into a bucket in memory, and what comes of it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use disks::tree::Tree;
use model::capabilities::{Capabilities, Finding, PartCheck};
use model::ids::{AccountId, BucketName, JobId, JobType, ObjectKey, StationName};
use model::key_space::KeySpace;
use model::manifest::{Manifest, S3Import};
use model::progress::LogLocation;
use model::proof::Attempt;
use model::report::lines::{About, Totals, Work};
use model::time::{ManualClock, Timestamp};
use model::without::Without;
use objectstore::Bucket;
use transfer::import::Import;
use transfer::journal::JournalError;
use transfer::journal::file::{Disk, LogFiles};
use transfer::progress::Progress;
use transfer::report::{self, Report};
use transfer::resources::Resources;
use transfer::settings::Settings;
use transfer::stop::{Halt, Stop};

pub(crate) const MANIFEST: &str = "manifestVersion: 2.0\nbucket: bkt\ndeviceId: D-1\neraseDevice: no\n\
    notificationEmail: a@b.example\nreturnAddress:\n    name: N\n    street1: S\n    city: C\n    \
    stateOrProvince: WA\n    postalCode: 98000\n    country: USA\n    phoneNumber: 1\n";

/// Files from here on go in parts of the smallest size S3 takes.
pub(crate) const LARGE: usize = 6 << 20;

pub(crate) struct World {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) rules: S3Import,
    pub(crate) settings: Settings,
    pub(crate) attempts: AtomicU32,
    /// When the first of them began: before anything is in the store, whose time begins in 1970.
    pub(crate) begun: Timestamp,
    /// Bytes that the last of them sent.
    pub(crate) sent: AtomicU64,
    /// Which keys the store keeps apart.
    pub(crate) keys: KeySpace,
    /// Whether the store puts an object only where none is, if that is asked of it.
    pub(crate) if_absent: Finding,
    /// Whether it keeps tags.
    pub(crate) tags: Finding,
    /// By which sum it checks parts.
    pub(crate) check: PartCheck,
    /// That nothing more is loaded, and why.
    pub(crate) without: Option<Without>,
}

pub(crate) struct Ended {
    pub(crate) why: Option<Halt>,
    /// File → the rest of its report line after the time.
    pub(crate) report: BTreeMap<String, String>,
    pub(crate) text: String,
    /// The report for programs, and the one for people.
    pub(crate) lines: String,
    pub(crate) summary: String,
    pub(crate) totals: Totals,
    /// The map of the device beside the report.
    pub(crate) map: Option<String>,
}

impl World {
    pub(crate) fn new(options: &str) -> Self {
        let text = format!("{MANIFEST}{options}");
        let Ok(Manifest::S3Import(rules)) = Manifest::parse_accepted(&text, JobType::Import) else {
            panic!("no S3 import: {text}")
        };
        let settings = Settings {
            parallel: 4,
            read_threads: 2,
            memory_bytes: 16 << 20,
            multipart_threshold: LARGE as u64,
            part_bytes: 5 << 20,
            ..Settings::default()
        };
        Self {
            folder: tempfile::tempdir().unwrap(),
            rules,
            settings,
            attempts: AtomicU32::new(0),
            begun: Timestamp::from_unix(0),
            sent: AtomicU64::new(0),
            keys: KeySpace::honest(),
            if_absent: Finding::Honored,
            tags: Finding::Honored,
            check: PartCheck::Crc64Nvme,
            without: None,
        }
    }

    /// Whether the store checks parts by a sum.
    fn checks_parts_by(&self, check: PartCheck) -> Finding {
        match self.check == check {
            true => Finding::Honored,
            false => Finding::Ignored,
        }
    }

    /// The next attempt, on a store that does all that is asked of it.
    pub(crate) fn attempt(&self) -> Attempt {
        Attempt {
            number: self.attempts.fetch_add(1, Ordering::SeqCst) + 1,
            at: Timestamp::from_unix(1_500_000_000),
            station: StationName::new("bench").unwrap(),
            read_back: self.settings.read_back,
            store: Capabilities {
                extraction: Finding::Ignored,
                key_space: self.keys.clone(),
                put_if_absent: self.if_absent,
                complete_if_absent: self.if_absent,
                tags: self.tags,
                part_crc64nvme: self.checks_parts_by(PartCheck::Crc64Nvme),
                part_crc32c: self.checks_parts_by(PartCheck::Crc32c),
                part_sha256: self.checks_parts_by(PartCheck::Sha256),
                ..Capabilities::all(Finding::Honored)
            },
        }
    }

    /// The same job at another host, which knows nothing of what was done here.
    pub(crate) fn elsewhere(self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, ..self }
    }

    pub(crate) fn run(&self, tree: &dyn Tree, bucket: &dyn Bucket) -> Ended {
        self.run_until(tree, bucket, &Stop::default())
    }

    pub(crate) fn run_until(&self, tree: &dyn Tree, bucket: &dyn Bucket, stop: &Stop) -> Ended {
        self.attempt_with(tree, bucket, stop, &Disk).unwrap();
        self.ended(stop)
    }

    /// One attempt, whose journal may fail.
    pub(crate) fn attempt_with(
        &self,
        tree: &dyn Tree,
        bucket: &dyn Bucket,
        stop: &Stop,
        logs: &dyn LogFiles,
    ) -> Result<(), JournalError> {
        let progress = Progress::default();
        let import = Import {
            job: job(),
            attempt: &self.attempt(),
            begun: Some(self.begun),
            tree,
            signed: &[model::entry::EntryPath::new("SIGNATURE")],
            bucket,
            rules: &self.rules,
            settings: self.settings,
            resources: &Resources::new(&self.settings),
            log: &self.log(),
            logs,
            clock: &ManualClock::at(Timestamp::from_unix(1_500_000_000)),
            progress: &progress,
            stop,
            without: self.without.as_ref(),
        };
        let ran = import.run(self.folder.path());
        let sent = progress.snapshot().sent_bytes;
        self.sent.store(sent, Ordering::SeqCst);
        ran
    }

    fn log(&self) -> LogLocation {
        LogLocation {
            bucket: self.rules.common.log_bucket.clone(),
            key: ObjectKey::new("log").unwrap(),
        }
    }

    /// The report of what is done so far.
    pub(crate) fn rendered(&self) -> Report {
        report::render(self.folder.path(), &about(job(), &self.log().key)).unwrap()
    }

    fn ended(&self, stop: &Stop) -> Ended {
        let report = self.rendered();
        let text = std::fs::read_to_string(&report.csv).unwrap();
        Ended {
            why: stop.take_reason(),
            report: lines(&text),
            text,
            lines: std::fs::read_to_string(&report.lines).unwrap(),
            summary: std::fs::read_to_string(&report.summary).unwrap(),
            totals: report.findings.totals,
            map: report.map.map(|map| std::fs::read_to_string(map).unwrap()),
        }
    }
}

fn job() -> JobId {
    JobId::new("ABCDE").unwrap()
}

fn about(job: JobId, log: &ObjectKey) -> About {
    let bucket = BucketName::new("bkt").unwrap();
    About {
        job,
        account: AccountId::new("123456789012").unwrap(),
        created: Timestamp::from_unix(1_400_000_000),
        log: LogLocation {
            bucket: bucket.clone(),
            key: log.clone(),
        },
        work: Work::Import,
        bucket: Some(bucket),
        prefix: String::new(),
    }
}

fn lines(report: &str) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::new();
    for line in report.lines().skip(1) {
        let mut fields = line.splitn(3, ',');
        let file = fields.nth(1).unwrap().to_owned();
        assert!(
            lines
                .insert(file, fields.next().unwrap().to_owned())
                .is_none(),
            "twice: {line}"
        );
    }
    lines
}

pub(crate) fn content(bucket: &dyn Bucket, key: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut download = bucket.get(&ObjectKey::new(key).unwrap(), None).ok()?;
    download.body.read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

pub(crate) fn keys(bucket: &dyn Bucket) -> Vec<String> {
    let page = bucket.list("", None, 1000).unwrap();
    page.objects
        .iter()
        .map(|object| object.key.to_string())
        .collect()
}

pub(crate) fn noise(length: usize, seed: u8) -> Vec<u8> {
    (0..length)
        .map(|i| (i.wrapping_mul(31) >> 3).to_le_bytes()[0] ^ seed)
        .collect()
}
