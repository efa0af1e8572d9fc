//! A device in memory that becomes an image in services in memory: any crash, any bad sector.

mod bad;
mod crash;
mod fuse;
mod restoring;
mod whole;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use imagestore::memory::MemoryServices;
use lanes::{md5_of, sha256_of};
use model::capabilities::{Capabilities, Finding};
use model::control::{ImageTarget, StoreAccess, VaultAccess};
use model::ids::{BucketName, JobId, JobType, ObjectKey, StationName};
use model::manifest::Manifest;
use model::outcome::{Outcome, Stored};
use model::progress::LogLocation;
use model::proof::{Attempt, ReadBack};
use model::time::{ManualClock, Timestamp};
use objectstore::memory::MemoryBucket;

use super::{ImageDone, ImageImport, ImageOutcome, What, engine};
use crate::journal::file::{Disk, LogFile, LogFiles};
use crate::progress::Progress;
use crate::resources::Resources;
use crate::settings::Settings;
use crate::stop::{Halt, Stop};
use disks::device::Device;
use disks::device::memory::MemoryDevice;
use fuse::{Fuse, Wired};

const COMMON: &str = "manifestVersion: 3.0\ndeviceId: BOOT-DISK-9\nlogBucket: logs\nlogPrefix: p/\n\
    eraseDevice: yes\nnotificationEmail: a@b.example\nreturnAddress:\n    name: N\n    \
    street1: S\n    city: C\n    stateOrProvince: WA\n    postalCode: 98000\n    country: USA\n    \
    phoneNumber: 1\n";

const EBS: &str = "operations:\n    - destination: ebs-snapshot\n      source: device\n      \
    region: us-east-1\n      deviceCapacityGreaterThan1TB: no\n";

const GLACIER: &str = "operations:\n    - destination: glacier\n      source: device\n      \
    region: us-east-1\n      vaultName: cold-2013\n      archiveComment: été 2013\n";

const MIB: usize = 1 << 20;

/// Bytes of each object of a series: two parts.
const OBJECT_BYTES: u64 = 16 << 20;

/// Where an image goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    Snapshot,
    Vault,
    Series,
    One,
}

const EVERYWHERE: [To; 4] = [To::Snapshot, To::Vault, To::Series, To::One];

impl To {
    fn manifest(self) -> Manifest {
        let operations = match self {
            Self::Snapshot | Self::Series => EBS,
            Self::Vault | Self::One => GLACIER,
        };
        let text = format!("{COMMON}{operations}");
        Manifest::parse_accepted(&text, JobType::Import).unwrap()
    }

    fn target(self) -> ImageTarget {
        let access = StoreAccess {
            endpoint: "http://localhost".to_owned(),
            region: "us-east-1".to_owned(),
            path_style: true,
            access_key_id: "AKIA".to_owned(),
            secret_access_key: "secret".to_owned(),
            session: None,
            proxy: None,
            certificates: None,
        };
        match self {
            Self::Snapshot => ImageTarget::Snapshot(access),
            Self::Vault => ImageTarget::Vault(VaultAccess {
                account: "-".to_owned(),
                access,
            }),
            Self::Series => ImageTarget::Objects {
                storage_class: None,
            },
            Self::One => ImageTarget::Objects {
                storage_class: Some("DEEP_ARCHIVE".to_owned()),
            },
        }
    }
}

/// All that outlives an attempt.
struct World {
    to: To,
    folder: tempfile::TempDir,
    services: MemoryServices,
    bucket: Arc<MemoryBucket>,
    attempts: AtomicU32,
    read_back: ReadBack,
    logs: Forgetful,
}

/// How an attempt ended.
struct Ended {
    outcome: ImageOutcome,
    why: Option<Halt>,
}

impl Ended {
    #[track_caller]
    fn done(self) -> ImageDone {
        match self.outcome {
            ImageOutcome::Done(done) => *done,
            other => panic!("{other:?}, {:?}", self.why),
        }
    }
}

impl World {
    fn new(to: To) -> Self {
        Self {
            to,
            folder: tempfile::tempdir().unwrap(),
            services: MemoryServices::default(),
            bucket: Arc::default(),
            attempts: AtomicU32::new(0),
            read_back: ReadBack::Off,
            logs: Forgetful::default(),
        }
    }

    fn run(&self, device: &Arc<impl Device + 'static>) -> Ended {
        self.run_for(device, i64::MAX, false)
    }

    /// Runs an attempt that is cut off after so many calls.
    fn run_for(&self, device: &Arc<impl Device + 'static>, calls: i64, is_late: bool) -> Ended {
        let stop = Stop::default();
        self.run_until(device, &Fuse::new(calls, is_late, &stop), &stop)
    }

    fn run_until(
        &self,
        device: &Arc<impl Device + 'static>,
        fuse: &Arc<Fuse>,
        stop: &Stop,
    ) -> Ended {
        let manifest = self.to.manifest();
        let what = match &manifest {
            Manifest::EbsImport(import) => What::Ebs(import),
            Manifest::GlacierImport(import) => What::Glacier(import),
            other => panic!("{other:?}"),
        };
        let services = Wired {
            services: self.services.clone(),
            fuse: Arc::clone(fuse),
        };
        let bucket = Arc::clone(fuse).bucket(Arc::clone(&self.bucket));
        let settings = Settings {
            parallel: 3,
            memory_bytes: 24 << 20,
            ..Settings::default()
        };
        let import = ImageImport {
            job: JobId::new("ABCDE").unwrap(),
            attempt: &self.attempt(),
            device: Arc::clone(device) as Arc<dyn Device>,
            what,
            target: &self.to.target(),
            services: &services,
            log_bucket: &bucket,
            log: &LogLocation {
                bucket: BucketName::new("logs").unwrap(),
                key: ObjectKey::new("p/import-log-ABCDE").unwrap(),
            },
            settings,
            resources: &Resources::new(&settings),
            logs: &self.logs,
            clock: &ManualClock::at(Timestamp::from_unix(1_500_000_000)),
            progress: &Progress::default(),
            stop,
        };
        *self.logs.stop.lock().unwrap() = stop.clone();
        let outcome = engine::run(&import, self.folder.path(), OBJECT_BYTES).unwrap();
        let why = stop.take_reason();
        Ended { outcome, why }
    }

    fn attempt(&self) -> Attempt {
        Attempt {
            number: self.attempts.fetch_add(1, Ordering::SeqCst) + 1,
            at: Timestamp::from_unix(1_500_000_000),
            station: StationName::new("bench").unwrap(),
            read_back: self.read_back,
            store: Capabilities::all(Finding::Honored),
        }
    }

    /// Takes back what of the journal was not synced, as the end of the host does.
    fn lose_power(&self) {
        let synced = *self.logs.synced.lock().unwrap();
        let path = self.folder.path().join("journal");
        let file = File::options().write(true).open(path).unwrap();
        file.set_len(synced.min(file.metadata().unwrap().len()))
            .unwrap();
    }

    /// The image, as it can be read where it went.
    fn image(&self, done: &ImageDone) -> Vec<u8> {
        let key = key(done);
        match self.to {
            To::Snapshot => self.snapshot(key, done.record.bytes),
            To::Vault => self.services.vault.archives()[key].bytes.clone(),
            To::Series | To::One => self.of_index(),
        }
    }

    fn snapshot(&self, id: &str, bytes: u64) -> Vec<u8> {
        let snapshots = self.services.snapshots.all();
        let (snapshot, block) = (&snapshots[id], imagestore::snapshots::BLOCK_BYTES);
        let bytes = usize::try_from(bytes).unwrap();
        let mut image = vec![0; bytes.next_multiple_of(block)];
        for (index, data) in &snapshot.blocks {
            let at = usize::try_from(*index).unwrap() * block;
            image[at..at + block].copy_from_slice(data);
        }
        let behind = image.split_off(bytes);
        assert!(super::reading::is_zero(&behind));
        image
    }

    fn of_index(&self) -> Vec<u8> {
        let mut image = Vec::new();
        for object in self.index().objects {
            match object.key {
                Some(key) => {
                    let body = self.object(&key);
                    assert_eq!(body.len() as u64, object.bytes);
                    if let Some(sha256) = object.sha256 {
                        assert_eq!(sha256, hex::encode(sha256_of(&[&body])[0]));
                    }
                    image.extend(body);
                }
                None => image.resize(image.len() + usize::try_from(object.bytes).unwrap(), 0),
            }
        }
        image
    }

    fn index(&self) -> model::image::index::Index {
        let text = self.object(&ObjectKey::new("p/ABCDE/image.index").unwrap());
        model::image::index::Index::parse(&text).unwrap()
    }

    fn object(&self, key: &ObjectKey) -> Vec<u8> {
        use objectstore::Bucket as _;
        let mut body = Vec::new();
        let mut download = self.bucket.get(key, None).unwrap();
        io::Read::read_to_end(&mut download.body, &mut body).unwrap();
        body
    }

    /// How many blocks or parts were put in all attempts, as far as that is counted.
    fn puts(&self) -> u64 {
        let snapshots = self.services.snapshots.all();
        let uploads = self.services.vault.uploads();
        let blocks: u64 = snapshots.values().map(|snapshot| snapshot.puts).sum();
        blocks + uploads.values().map(|upload| upload.puts).sum::<u64>()
    }

    /// Checks that the image is what it says, is `content`, and left nothing behind.
    #[track_caller]
    fn check(&self, done: &ImageDone, content: &[u8]) {
        let image = self.image(done);
        assert_eq!(image.len(), content.len());
        assert!(image == content, "{:?}: other bytes", self.to);
        let stored = stored(done);
        assert_eq!(stored.md5, hex::encode(md5_of(&[content])[0]));
        assert_eq!(stored.sha256, hex::encode(sha256_of(&[content])[0]));
        use objectstore::Bucket as _;
        assert_eq!(self.bucket.list_uploads("").unwrap(), []);
    }
}

fn stored(done: &ImageDone) -> &Stored {
    match &done.record.outcome {
        Outcome::Stored(stored) => stored,
        other => panic!("{other:?}"),
    }
}

fn key(done: &ImageDone) -> &str {
    stored(done).key.as_str()
}

fn memory(content: Vec<u8>) -> Arc<MemoryDevice> {
    Arc::new(MemoryDevice::new(content))
}

/// Bytes that look like nothing, with `zeros` of every sixteen blocks of 512 KiB all zeros.
fn content(bytes: usize, zeros: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut content = Vec::with_capacity(bytes + 8);
    while content.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend_from_slice(&state.to_le_bytes());
    }
    content.truncate(bytes);
    for (index, block) in content.chunks_mut(MIB / 2).enumerate() {
        if (index * 7) % 16 < zeros {
            block.fill(0);
        }
    }
    content
}

/// Journals on the disk of which it is known how much is synced.
#[derive(Default)]
struct Forgetful {
    synced: Arc<Mutex<u64>>,
    stop: Mutex<Stop>,
}

struct ForgetfulFile {
    file: Box<dyn LogFile>,
    path: std::path::PathBuf,
    synced: Arc<Mutex<u64>>,
    stop: Stop,
}

impl ForgetfulFile {
    /// What is synced after the end of an attempt does not count: a crash would not have done it.
    fn is_synced(&self) -> io::Result<()> {
        if !self.stop.is_set() {
            *self.synced.lock().unwrap() = std::fs::metadata(&self.path)?.len();
        }
        Ok(())
    }
}

impl LogFiles for Forgetful {
    fn open(&self, path: &Path, beginning: &[u8]) -> io::Result<Box<dyn LogFile>> {
        let file = ForgetfulFile {
            file: Disk.open(path, beginning)?,
            path: path.to_owned(),
            synced: Arc::clone(&self.synced),
            stop: self.stop.lock().unwrap().clone(),
        };
        file.is_synced()?;
        Ok(Box::new(file))
    }
}

impl LogFile for ForgetfulFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()?;
        self.is_synced()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.cut(length)?;
        self.is_synced()
    }
}
