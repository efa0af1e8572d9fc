//! What a run begins with: a manifest, settings, and buckets that others use too.

use std::sync::Arc;

use bytes::Bytes;
use model::attributes::Attributes;
use model::ids::{BucketName, JobId, JobType, ObjectKey};
use model::manifest::{Manifest, S3Import};
use model::progress::LogLocation;
use model::proof::ReadBack;
use objectstore::memory::MemoryBucket;
use objectstore::upload::PartNumber;
use objectstore::{Bucket, Checksums};
use transfer::settings::Settings;

use crate::chance::Chance;
use crate::device::{Device, Kind, LARGE};
use crate::store::Buckets;

/// The buckets that exist.
pub(crate) const BUCKETS: [&str; 2] = ["photos", "logs"];

/// The key of what others have in the buckets.
pub(crate) const FOREIGN: &str = "elsewhere/of somebody else";

/// A manifest that has all an import needs, but for what chance adds.
const MANIFEST: &str = "manifestVersion: 2.0\nbucket: photos\ndeviceId: 123\neraseDevice: no\n\
    notificationEmail: jane@example.com\nreturnAddress:\n  name: Jane Roe\n  \
    street1: 1 Example Way\n  city: Springfield\n  stateOrProvince: WA\n  postalCode: 98000\n  \
    phoneNumber: 206-555-0100\n  country: USA\n";

/// A manifest with some of the options that change what is stored.
pub(crate) fn manifest(chance: Chance) -> String {
    const OPTIONS: [&str; 9] = [
        "prefix: in/2026-\n",
        "substitutions:\n    \"B\" : \"b\"\n",
        "ignore:\n    - ~$\n",
        "logBucket: logs\n",
        "logPrefix: reports/\n",
        "setContentEncodingForGzFiles: yes\n",
        "staticMetadata:\n    owner: jane\n    batch: 7\n",
        "diskTimestampMetadataKey: disk-time\n",
        "cacheControl: max-age=60\n",
    ];
    let mut manifest = MANIFEST.to_owned();
    for option in OPTIONS {
        if chance.of(option).one_in(3) {
            manifest.push_str(option);
        }
    }
    manifest
}

/// What a manifest says, and where the report of its job will lie.
pub(crate) fn rules(manifest: &str, job: JobId) -> (S3Import, LogLocation) {
    let parsed = Manifest::parse_accepted(manifest, JobType::Import).expect("it was accepted");
    let log = parsed.log_location(job);
    match parsed {
        Manifest::S3Import(rules) => (rules, log),
        other => panic!("no import: {other:?}"),
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

/// The buckets as the device finds them: with things of others, and an older object that the
/// import is to replace.
pub(crate) fn buckets(rules: &S3Import, device: &Device) -> Buckets {
    let buckets: Buckets = BUCKETS
        .map(|name| {
            let name = BucketName::new(name).expect("a bucket name");
            (name, Arc::new(MemoryBucket::new()))
        })
        .into();
    for bucket in buckets.values() {
        plant(bucket, FOREIGN, b"stays");
        let key = ObjectKey::new(FOREIGN).expect("a key");
        let upload = bucket.begin_multipart(&key, &Attributes::default());
        let part = Bytes::from_static(b"part");
        let sums = Checksums::of(&part);
        let first = PartNumber::from_index(0).expect("a part number");
        upload
            .and_then(|upload| bucket.put_part(&key, &upload, first, part, &sums))
            .expect("memory takes it");
    }
    let mut good = device
        .things
        .iter()
        .filter(|t| matches!(t.kind, Kind::Good(_)));
    if let Some(path) = good.next().and_then(|thing| thing.path.as_str()) {
        plant(
            &buckets[&rules.bucket],
            &format!("{}{path}", rules.prefix),
            b"older",
        );
    }
    buckets
}

fn plant(bucket: &MemoryBucket, key: &str, body: &'static [u8]) {
    let Ok(key) = ObjectKey::new(key) else { return };
    let body = Bytes::from_static(body);
    let sums = Checksums::of(&body);
    bucket
        .put(&key, body, &Attributes::default(), &sums)
        .expect("memory takes it");
}
