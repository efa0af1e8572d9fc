//! What a run begins with: manifests, settings, and buckets that others use too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use model::attributes::Attributes;
use model::capabilities::PartCheck;
use model::entry::EntryPath;
use model::ids::{BucketName, JobId, JobType, ObjectKey};
use model::image::ImageKeys;
use model::manifest::{Manifest, S3Export, S3Import};
use model::plan::SIGNATURE_NAME;
use model::progress::LogLocation;
use model::proof::ReadBack;
use model::time::ManualClock;
use objectstore::memory::MemoryBucket;
use objectstore::part_sum::PartSum;
use objectstore::upload::PartNumber;
use objectstore::{Bucket, Checksums};
use transfer::settings::Settings;

use crate::chance::Chance;
use crate::consignment::Consignment;
use crate::device::{Device, LARGE};
use crate::diary::Diary;
use crate::disk::Disk;
use crate::filled::Filled;
use crate::oracle::Oracle;
use crate::raw::Image;
use crate::scenario::Work;
use crate::service::Server;
use crate::shipment::Shipment;
use crate::shipment::disk::DiskImport;
use crate::shipment::export::Export;
use crate::shipment::image::{Place, RawImport};
use crate::shipment::import::Import;
use crate::store::Buckets;

/// The buckets that exist.
pub(crate) const BUCKETS: [&str; 3] = ["photos", "logs", "films"];

/// The key of what others have in the buckets.
pub(crate) const FOREIGN: &str = "elsewhere/of somebody else";

/// What every manifest has.
const SHIPPING: &str = "deviceId: 123\nnotificationEmail: jane@example.com\nreturnAddress:\n  \
    name: Jane Roe\n  street1: 1 Example Way\n  city: Springfield\n  stateOrProvince: WA\n  \
    postalCode: 98000\n  phoneNumber: 206-555-0100\n  country: USA\n";

/// What an import has beside that, but for what chance adds.
const IMPORT: &str = "manifestVersion: 2.0\nbucket: photos\neraseDevice: no\n";

/// A manifest of an import, with some of the options that change what is stored. Where several jobs share
/// a bucket each has a prefix of its own.
pub(crate) fn import_manifest(chance: Chance, shared: Option<u32>) -> String {
    const PREFIX: &str = "prefix: in/2026-\n";
    const OPTIONS: [&str; 10] = [
        PREFIX,
        "substitutions:\n    \"B\" : \"b\"\n",
        "ignore:\n    - ~$\n",
        "logBucket: logs\n",
        "logPrefix: reports/\n",
        "setContentEncodingForGzFiles: yes\n",
        "staticMetadata:\n    owner: jane\n    batch: 7\n",
        "diskTimestampMetadataKey: disk-time\n",
        "cacheControl: max-age=60\n",
        "onUnreadable: salvage\n",
    ];
    let mut manifest = format!("{IMPORT}{SHIPPING}");
    let is_prefixed = chance.of(PREFIX).one_in(3);
    match shared {
        Some(index) if is_prefixed => manifest.push_str(&format!("prefix: in/2026-{index}/\n")),
        Some(index) => manifest.push_str(&format!("prefix: {index}\n")),
        None => {}
    }
    for option in OPTIONS {
        if chance.of(option).one_in(3) && !(shared.is_some() && option == PREFIX) {
            manifest.push_str(option);
        }
    }
    manifest
}

/// A manifest of an export.
fn export_manifest(index: u32) -> String {
    format!(
        "manifestVersion: 2.0\nfileSystem: EXT4\ntrueCryptPassword: eight-Words_here\nlogBucket: logs\n{SHIPPING}operations:\n    \
         - exportBucket: films\n      prefix: {index}/\n"
    )
}

/// A manifest of a job that takes the image of a device.
fn image_manifest(place: Place, comment: &str) -> String {
    let operation = match place {
        Place::Snapshot | Place::Series => {
            "destination: ebs-snapshot\n      deviceCapacityGreaterThan1TB: no\n".to_owned()
        }
        Place::Archive | Place::Object => {
            format!(
                "destination: glacier\n      vaultName: cold\n      archiveComment: {comment}\n"
            )
        }
    };
    format!(
        "manifestVersion: 3.0\nlogBucket: logs\nlogPrefix: images/\neraseDevice: yes\n{SHIPPING}\
         operations:\n    - {operation}      source: device\n      region: us-east-1\n"
    )
}

/// What a run's jobs are made with.
pub(crate) struct Office<'a> {
    pub(crate) server: &'a Server,
    /// Where devices lie that are files or folders of this host.
    pub(crate) folder: &'a Path,
    pub(crate) settings: &'a Settings,
    /// Whether there are other jobs.
    pub(crate) is_shared: bool,
    pub(crate) diary: &'a Diary,
}

impl Office<'_> {
    /// Makes a job and its device.
    pub(crate) fn consign(&self, work: Work, index: u32, chance: Chance) -> Consignment {
        let comment = format!("disk of job {index}");
        let manifest = match work {
            Work::Import | Work::Disk => {
                import_manifest(chance.of("manifest"), self.is_shared.then_some(index))
            }
            Work::Export => export_manifest(index),
            Work::Image(place) => image_manifest(place, &comment),
        };
        let job_type = match work {
            Work::Export => JobType::Export,
            Work::Import | Work::Disk | Work::Image(_) => JobType::Import,
        };
        let (job, signature) = self.server.create_job(job_type, &manifest);
        let parsed = Manifest::parse_accepted(&manifest, job_type).expect("it was accepted");
        let made = Made {
            job,
            signature,
            log: parsed.log_location(job),
            chance: chance.of("device"),
            folder: self.folder.join(format!("device-{index}")),
        };
        self.diary
            .note(format_args!("job {job}, manifest:\n{manifest}"));
        Consignment {
            index,
            job,
            signature: made.signature.clone(),
            log: made.log.clone(),
            shipment: self.shipment(parsed, work, made, comment),
            chance,
            host: 0,
            is_estranged: false,
            is_over: false,
            may_leave: false,
            attempt: 0,
        }
    }

    fn shipment(
        &self,
        manifest: Manifest,
        work: Work,
        made: Made,
        comment: String,
    ) -> Arc<dyn Shipment> {
        match (manifest, work) {
            (Manifest::S3Import(rules), Work::Disk) => Arc::new(self.disk(rules, made)),
            (Manifest::S3Import(rules), _) => Arc::new(self.import(rules, &made)),
            (Manifest::S3Export(rules), _) => Arc::new(export(rules, made)),
            (manifest, Work::Image(place)) => Arc::new(image(&manifest, place, made, comment)),
            (other, _) => panic!("another job: {other:?}"),
        }
    }

    fn import(&self, rules: S3Import, made: &Made) -> Import {
        let device = Device::generate(made.chance, &made.signature, made.log.key.as_str());
        for thing in &device.things {
            self.diary.note(format_args!("on the device: {thing}"));
        }
        let signed = [EntryPath::new(SIGNATURE_NAME)];
        let oracle = Oracle::new(&rules, &device.things, &signed, &made.log, self.settings);
        Import {
            rules,
            device,
            oracle,
        }
    }

    fn disk(&self, rules: S3Import, made: Made) -> DiskImport {
        let disk = Disk::generate(made.chance, &made.signature, made.folder);
        self.diary.note(format_args!("the disk: {}", disk.what));
        for thing in &disk.things {
            self.diary.note(format_args!("on the disk: {thing}"));
        }
        let (things, signed) = (&disk.things, &disk.signed);
        let oracle = Oracle::new(&rules, things, signed, &made.log, self.settings);
        DiskImport {
            job: made.job,
            signature: made.signature,
            rules,
            disk,
            oracle,
        }
    }
}

/// A job that was made.
struct Made {
    job: JobId,
    signature: String,
    log: LogLocation,
    /// Where its device comes from.
    chance: Chance,
    /// Where its device lies, if it does on this host.
    folder: PathBuf,
}

fn export(rules: S3Export, made: Made) -> Export {
    let prefix = rules.operations[0].prefix.clone().unwrap_or_default();
    let count = 1 + made.chance.of("objects").below(30);
    let mut objects: BTreeMap<_, _> = (0..count)
        .filter_map(|index| object(&prefix, made.chance.of(("object", index)), index))
        .collect();
    if made.chance.of("large").one_in(4) {
        let key = ObjectKey::new(format!("{prefix}large.iso")).expect("a key");
        let size = (7 << 20) + made.chance.of("size").index(9 << 20);
        objects.insert(key, made.chance.of("large").noise(size));
    }
    let export = Export {
        job: made.job,
        signature: made.signature,
        rules,
        log: made.log,
        objects,
        device: Arc::new(Filled::new(made.folder)),
    };
    export.send();
    export
}

/// Keys of all sorts: a folder of its own, a name that is too long for a file, one where a folder has to be.
fn object(prefix: &str, chance: Chance, index: u64) -> Option<(ObjectKey, Vec<u8>)> {
    let folder = chance.of("folder").pick(&["", "a/", "a/b/", "Z ü/"]);
    let size = match chance.of("size").below(10) {
        0 => 0,
        1 => 1,
        2 => chance.of("middling").index(200 << 10),
        _ => chance.of("small").index(4 << 10),
    };
    let (name, size) = match chance.below(12) {
        0 => (format!("empty-{index}/"), 0),
        1 => (format!("{}{index}", "long-".repeat(60)), size),
        2 => ("b".to_owned(), size),
        3 => (format!("comma,\"quote\" {index}"), size),
        4 => (format!("ünïcode + % & ' {index}.html"), size),
        _ => (format!("{index:03}.bin"), size),
    };
    let key = ObjectKey::new(format!("{prefix}{folder}{name}")).ok()?;
    Some((key, chance.of("content").noise(size)))
}

fn image(manifest: &Manifest, place: Place, made: Made, comment: String) -> RawImport {
    let common = match manifest {
        Manifest::EbsImport(rules) => &rules.common,
        Manifest::GlacierImport(rules) => &rules.common,
        other => panic!("no image: {other:?}"),
    };
    RawImport {
        job: made.job,
        signature: made.signature,
        place,
        comment,
        keys: ImageKeys::new(&common.log_prefix, made.job),
        log: made.log,
        image: Arc::new(Image::generate(made.chance, made.folder)),
    }
}

/// How hard the stations work.
pub(crate) fn settings(chance: Chance) -> Settings {
    Settings {
        parallel: chance.of("puts").pick(&[1, 2, 4, 8]),
        read_threads: chance.of("readers").pick(&[1, 1, 2, 4]),
        memory_bytes: chance.of("memory").pick(&[8 << 20, 16 << 20, 64 << 20]),
        multipart_threshold: LARGE as u64,
        part_bytes: 5 << 20,
        sha256_metadata: chance.of("sha256").one_in(2),
        read_back: chance.of("read back").pick(&[
            ReadBack::Off,
            ReadBack::Off,
            ReadBack::Sampled,
            ReadBack::Full,
        ]),
        ..Settings::default()
    }
}

/// The buckets as the devices find them: with things of others, and with what jobs need or replace.
pub(crate) fn buckets(consignments: &[Consignment], clock: &Arc<ManualClock>) -> Buckets {
    let buckets: Buckets = BUCKETS
        .map(|name| {
            let name = BucketName::new(name).expect("a bucket name");
            let clock = Arc::<ManualClock>::clone(clock);
            (name, Arc::new(MemoryBucket::with_clock(clock)))
        })
        .into();
    for bucket in buckets.values() {
        plant(bucket, FOREIGN, b"stays");
        let key = ObjectKey::new(FOREIGN).expect("a key");
        let upload = bucket.begin_multipart(&key, &Attributes::default(), PartCheck::Md5);
        let part = Bytes::from_static(b"part");
        let sums = PartSum::of(PartCheck::Md5, &part);
        let first = PartNumber::from_index(0).expect("a part number");
        upload
            .and_then(|upload| bucket.put_part(&key, &upload, first, part, &sums))
            .expect("memory takes it");
    }
    for consignment in consignments {
        consignment.shipment.plant(&buckets);
    }
    buckets
}

/// Puts an object, if its key can be one.
pub(crate) fn plant(bucket: &MemoryBucket, key: &str, body: &[u8]) {
    let Ok(key) = ObjectKey::new(key) else { return };
    let body = Bytes::copy_from_slice(body);
    let sums = Checksums::of(&body);
    bucket
        .put(&key, body, &Attributes::default(), &sums)
        .expect("memory takes it");
}
