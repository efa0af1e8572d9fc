//! Splits an export over devices: what goes on each, and what becomes of the names.

use model::export;
use model::export::capacity::Room;
use model::export::series::Mark;
use model::ids::ObjectKey;
use model::manifest::S3Export;
use serde::Serialize;
use transfer::export::Buckets;
use transfer::export::plan::{Item, Next, To};
use transfer::export::planner::{Cursor, PlanFailure, PlanStep};
use transfer::stop::Stop;

use super::speed::Sample;
use crate::exit::{Exit, Failure};
use crate::scratch;

/// Most examples of one kind that are kept.
const EXAMPLES: usize = 10;

/// An export that is split.
#[derive(Debug, Default)]
pub(super) struct Series {
    /// The devices, in their order.
    pub(super) devices: Vec<Device>,
    /// Objects with another name than their key.
    pub(super) changed: Group,
    /// Objects in the recovery directory.
    pub(super) recovered: Group,
    /// Objects on none of the devices.
    pub(super) failed: Group,
    /// Requests to measure the store with.
    pub(super) sample: Sample,
}

/// What goes on one device.
#[derive(Debug)]
pub(super) struct Device {
    /// Where it begins.
    pub(super) from: Mark,
    /// Where it ends; `None` if it has the rest.
    pub(super) until: Option<Mark>,
    /// Objects on it.
    pub(super) objects: u64,
    /// Bytes of its files.
    pub(super) bytes: u64,
    /// Requests it takes to read them.
    pub(super) requests: u64,
    /// The first object.
    pub(super) first: Option<Object>,
    /// The last object.
    pub(super) last: Option<Object>,
}

/// An object, for a person or a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Object {
    pub(super) bucket: String,
    pub(super) key: String,
}

/// Objects of which the same can be said.
#[derive(Debug, Default, Serialize)]
pub(super) struct Group {
    /// All its objects, not the examples alone.
    pub(super) count: u64,
    /// The first of them.
    pub(super) examples: Vec<Example>,
}

/// One of a group.
#[derive(Debug, Serialize)]
pub(super) struct Example {
    #[serde(flatten)]
    pub(super) object: Object,
    /// Where it goes on its device, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    /// What keeps it off every device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
}

impl Group {
    fn add(&mut self, object: Object, path: Option<&str>, why: Option<&str>) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(Example {
                object,
                path: path.map(str::to_owned),
                why: why.map(str::to_owned),
            });
        }
    }
}

impl Series {
    /// Splits the export that `rules` describe over devices that have `room` each.
    ///
    /// # Errors
    /// If the store does not list its buckets, or somebody interrupts it.
    pub(super) fn of(
        rules: &S3Export,
        buckets: &Buckets,
        room: &Room,
        stop: &Stop,
    ) -> Result<Self, Failure> {
        let scratch = scratch::new("plan")?;
        let mut splitting = Splitting {
            rules,
            series: Self::default(),
            open: None,
        };
        let mut cursor = Cursor::begin(rules, buckets, scratch.path(), stop);
        loop {
            match cursor.step().map_err(failure)? {
                PlanStep::Item(item) => splitting.item(&item),
                PlanStep::Full(next) => {
                    if splitting.turn(&next) == Turn::Skip {
                        cursor.skip();
                    }
                    let names = scratch.path().join("names");
                    cursor.load(&names, None, room.clone()).map_err(failure)?;
                }
                PlanStep::Done => return Ok(splitting.finish()),
                PlanStep::Stopped => {
                    let error = anyhow::anyhow!("interrupted");
                    return Err(Failure::new(Exit::Interrupted, error));
                }
            }
        }
    }
}

/// A series that is being made.
struct Splitting<'a> {
    rules: &'a S3Export,
    series: Series,
    open: Option<Device>,
}

/// What to do where a device has no room.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    /// The object goes on the next device.
    Next,
    /// It does not fit an empty one.
    Skip,
}

impl Splitting<'_> {
    fn item(&mut self, item: &Item) {
        let object = Object {
            bucket: item.bucket.to_string(),
            key: item.key.to_string(),
        };
        let set = usize::try_from(item.operation).unwrap_or_default();
        let plain = export::unchanged(self.rules, &self.rules.operations[set], &item.key);
        let series = &mut self.series;
        let is_file = match &item.to {
            To::File { path } | To::Directory { path } if *path != plain.trim_end_matches('/') => {
                series.changed.add(object.clone(), Some(path), None);
                matches!(item.to, To::File { .. })
            }
            To::File { .. } => true,
            To::Directory { .. } => false,
            To::Recovered { path, why } => {
                series.recovered.add(object.clone(), Some(path), Some(why));
                true
            }
            To::Nowhere(failure) => {
                series
                    .failed
                    .add(object.clone(), None, Some(&failure.reason));
                false
            }
        };
        let requests = match is_file {
            true => series.sample.offer(item),
            false => 0,
        };
        if let Some(device) = &mut self.open {
            device.objects += 1;
            device.bytes += if is_file { item.bytes } else { 0 };
            device.requests += requests;
            device.first.get_or_insert_with(|| object.clone());
            device.last = Some(object);
        }
    }

    /// Ends the device that is open, if there is anything on it, and begins the next.
    fn turn(&mut self, next: &Next) -> Turn {
        let operation = usize::try_from(next.operation).unwrap_or_default();
        match self.open.take() {
            // What was added meanwhile to operations that select nothing now goes on the first.
            None => self.open = Some(Device::new(Mark::BEGIN)),
            Some(empty) if empty.objects == 0 => {
                self.too_large(next);
                let after = Some(next.first.clone());
                self.open = Some(Device::new(Mark { operation, after }));
                return Turn::Skip;
            }
            Some(full) => {
                let after = next.after.clone().or_else(|| begun(&full.from, operation));
                let until = Mark {
                    operation,
                    after: next.after.clone(),
                };
                self.series.devices.push(Device {
                    until: Some(until),
                    ..full
                });
                self.open = Some(Device::new(Mark { operation, after }));
            }
        }
        Turn::Next
    }

    fn too_large(&mut self, next: &Next) {
        let object = Object {
            bucket: next.bucket.to_string(),
            key: next.first.to_string(),
        };
        let why = "it does not fit an empty device";
        self.series.failed.add(object, None, Some(why));
    }

    fn finish(mut self) -> Series {
        let last = self.open.take().filter(|device| device.objects > 0);
        self.series.devices.extend(last);
        self.series
    }
}

/// Where within `operation` a device begins that begins at `from`.
fn begun(from: &Mark, operation: usize) -> Option<ObjectKey> {
    from.after.clone().filter(|_| from.operation == operation)
}

impl Device {
    fn new(from: Mark) -> Self {
        Self {
            from,
            until: None,
            objects: 0,
            bytes: 0,
            requests: 0,
            first: None,
            last: None,
        }
    }
}

fn failure(failure: PlanFailure) -> Failure {
    let exit = match &failure {
        PlanFailure::Store { source, .. } if source.may_retry() => Exit::Unavailable,
        PlanFailure::Store { .. } | PlanFailure::Endless { .. } => Exit::Refused,
        PlanFailure::RecoveryDirectory(_) => Exit::Usage,
        PlanFailure::NoWay(_)
        | PlanFailure::Names { .. }
        | PlanFailure::Spool { .. }
        | PlanFailure::Plan(_) => Exit::Error,
    };
    Failure::new(exit, failure)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::export::capacity::Geometry;
    use model::export::series;
    use model::ids::{BucketName, JobType};
    use model::manifest::Manifest;
    use objectstore::memory::MemoryBucket;
    use objectstore::object::Attributes;
    use objectstore::{Bucket, Checksums};

    use super::*;

    const TEXT: &str = "manifestVersion: 2.0\ndeviceId: D\nlogBucket: logs\npinCode: 1\n\
        fileSystem: NTFS\nnotificationEmail: a@b.example\nreturnAddress:\n    name: N\n    \
        street1: S\n    city: C\n    stateOrProvince: WA\n    postalCode: 98000\n    \
        country: USA\n    phoneNumber: 1\noperations:\n    - exportBucket: one\n      \
        targetDirectory: /\n      beginMarker: A\n    - exportBucket: two\n    \
        - exportBucket: one\n      prefix: a\n      endMarker: b\n";

    fn rules(text: &str) -> S3Export {
        match Manifest::parse_accepted(text, JobType::Export) {
            Ok(Manifest::S3Export(rules)) => rules,
            other => panic!("{other:?}"),
        }
    }

    /// Numbers that look like chance.
    fn scattered(seed: &mut u64) -> u64 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *seed >> 33
    }

    fn bucket(seed: &mut u64) -> Box<dyn Bucket> {
        let bucket = MemoryBucket::new();
        for _ in 0..scattered(seed) % 40 {
            let letters = ["a", "A", "b", "/", "\n", "\"", "\u{e9}", ":", "#", " "];
            let length = 1 + scattered(seed) % 4;
            let name: String = (0..length)
                .map(|_| letters[usize::try_from(scattered(seed)).unwrap() % letters.len()])
                .collect();
            let body = vec![0; usize::try_from(scattered(seed) % 60_000).unwrap()];
            let (body, sums) = (body.clone().into(), Checksums::of(&body));
            let key = ObjectKey::new(name).unwrap();
            bucket
                .put(&key, body, &Attributes::default(), &sums)
                .unwrap();
        }
        Box::new(bucket)
    }

    /// Everything an export selects, as bucket, key and bytes.
    fn selected(rules: &S3Export, buckets: &Buckets) -> Vec<(String, String, u64)> {
        let folder = tempfile::tempdir().unwrap();
        let stop = Stop::default();
        let mut cursor = Cursor::begin(rules, buckets, folder.path(), &stop);
        let room = Room::new(Geometry::of_new(rules.file_system, 1 << 40).unwrap());
        cursor.load(&folder.path().join("n"), None, room).unwrap();
        let mut all = Vec::new();
        while let PlanStep::Item(item) = cursor.step().unwrap() {
            all.push((item.bucket.to_string(), item.key.to_string(), item.bytes));
        }
        all
    }

    /// Whatever is in the buckets and however small the devices are: the manifests that are written
    /// select, one after another, just what the whole export does, and each of them fits one device.
    #[test]
    fn the_manifests_of_a_series_export_everything_once_in_order() {
        let text = rules(TEXT);
        let mut seed = 1;
        let mut most = 0;
        for round in 0..16 {
            let names = ["one", "two"].map(|name| BucketName::new(name).unwrap());
            let buckets: Buckets = names.map(|name| (name, bucket(&mut seed))).into();
            let free = (1 << 20) + 100_000 + scattered(&mut seed) % 300_000;
            let room = Room::new(Geometry::of_mounted(text.file_system, 4096, free, None));
            let room = room.with_files((round % 4 == 0).then_some(3));
            let stop = Stop::default();
            let series = Series::of(&text, &buckets, &room, &stop).unwrap();
            assert_eq!(series.failed.count, 0);
            most = most.max(series.devices.len());

            let mut held = Vec::new();
            for (device, number) in series.devices.iter().zip(1..) {
                let share = series::operations(&text, &device.from, device.until.as_ref());
                let written = series::manifest(TEXT, &text, number, share).unwrap();
                let share = rules(&written);
                let alone = Series::of(&share, &buckets, &room, &stop).unwrap();
                let [alone] = &alone.devices[..] else {
                    panic!("device {number} takes {}", alone.devices.len());
                };
                let summed = |device: &Device| {
                    let ends = (device.first.clone(), device.last.clone());
                    (device.objects, device.bytes, ends)
                };
                assert_eq!(summed(alone), summed(device));
                held.extend(selected(&share, &buckets));
            }
            assert_eq!(held, selected(&text, &buckets), "round {round}");
        }
        assert!(most > 5, "there were series of several devices");
    }

    #[test]
    fn what_fits_no_device_is_passed_over_and_nothing_with_it() {
        let text = rules(TEXT);
        let bucket = MemoryBucket::new();
        for (name, bytes) in [("B", 9_000_000), ("C", 10), ("D", 9_000_000), ("E", 10)] {
            let body = vec![0; bytes];
            let (body, sums) = (body.clone().into(), Checksums::of(&body));
            let key = ObjectKey::new(name).unwrap();
            bucket
                .put(&key, body, &Attributes::default(), &sums)
                .unwrap();
        }
        let name = |name: &str| BucketName::new(name).unwrap();
        let empty: Box<dyn Bucket> = Box::new(MemoryBucket::new());
        let buckets: Buckets = BTreeMap::from([
            (name("one"), Box::new(bucket) as Box<dyn Bucket>),
            (name("two"), empty),
        ]);
        let room = Room::new(Geometry::of_mounted(text.file_system, 4096, 4 << 20, None));
        let series = Series::of(&text, &buckets, &room, &Stop::default()).unwrap();
        let failed: Vec<&str> = series
            .failed
            .examples
            .iter()
            .map(|e| &*e.object.key)
            .collect();
        assert_eq!(failed, ["B", "D"]);
        let held: Vec<(u64, &str)> = series
            .devices
            .iter()
            .map(|device| (device.objects, &*device.first.as_ref().unwrap().key))
            .collect();
        assert_eq!(held, [(1, "C"), (1, "E")]);
        let from = |number: usize| series.devices[number].from.after.as_ref().unwrap().as_str();
        assert_eq!((from(0), from(1)), ("B", "D"));
    }
}
