//! The image of a device becomes a snapshot, an archive, or objects.

use std::sync::Arc;

use imagestore::memory::MemorySnapshot;
use imagestore::snapshots::{BLOCK_BYTES, Status};
use model::ids::{BucketName, JobId, ObjectKey};
use model::image::ImageKeys;
use model::image::index::Index;
use model::progress::LogLocation;
use objectstore::Checksums;
use station::devices::Devices;
use station::dock::{DockError, Docking, Done, Station};

use super::{Shipment, dock_at};
use crate::attempt::Attempt;
use crate::raw::{Image, Way};
use crate::report::{self, Row};
use crate::stock::Stock;
use crate::store::{Buckets, PROBE};

/// Where an image goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A snapshot.
    Snapshot,
    /// An archive of a vault.
    Archive,
    /// One object in the place of an archive.
    Object,
    /// A series of objects in the place of a snapshot.
    Series,
}

/// A device that is read raw.
pub struct RawImport {
    /// The job.
    pub job: JobId,
    /// The content of its SIGNATURE file.
    pub signature: String,
    /// Where the image goes.
    pub place: Place,
    /// What the archive or snapshot is known by.
    pub comment: String,
    /// Where the report goes.
    pub log: LogLocation,
    /// What the keys of objects begin with.
    pub keys: ImageKeys,
    /// The device.
    pub image: Arc<Image>,
}

impl RawImport {
    /// All images of the job that can be seen, by what reports call them.
    fn images(&self, stock: &Stock) -> Vec<(String, Vec<u8>)> {
        match self.place {
            Place::Snapshot => self.snapshots(stock),
            Place::Archive => self.archives(stock),
            Place::Object | Place::Series => self.objects(stock).into_iter().collect(),
        }
    }

    fn snapshots(&self, stock: &Stock) -> Vec<(String, Vec<u8>)> {
        let all = stock.services.snapshots.all();
        let ours = all.iter().filter(|(_, snapshot)| {
            snapshot.status == Some(Status::Completed)
                && snapshot.description.contains(self.job.as_str())
        });
        ours.map(|(id, snapshot)| (id.clone(), content(snapshot, self.image.bytes.len())))
            .collect()
    }

    fn archives(&self, stock: &Stock) -> Vec<(String, Vec<u8>)> {
        let all = stock.services.vault.archives();
        let ours = all.iter().filter(|(_, a)| a.description == self.comment);
        ours.map(|(id, archive)| (id.clone(), archive.bytes.clone()))
            .collect()
    }

    /// The image as its index puts it together.
    fn objects(&self, stock: &Stock) -> Option<(String, Vec<u8>)> {
        let object = |key: &ObjectKey| stock.object(&self.log.bucket, key);
        let text = object(&self.keys.index())?;
        let index = Index::parse(&text).ok()?;
        let mut image = Vec::new();
        for piece in &index.objects {
            let end = image.len() + usize::try_from(piece.bytes).ok()?;
            if let Some(key) = &piece.key {
                image.extend(object(key)?);
            }
            image.resize(end, 0);
        }
        Some((self.keys.prefix().to_owned(), image))
    }

    fn check_row(&self, row: &Row, images: &[(String, Vec<u8>)], errors: u64) -> Vec<String> {
        let mut wrong = Vec::new();
        let image = match images {
            [(_, image)] if matches!(self.place, Place::Object | Place::Series) => Some(image),
            _ => {
                let mut named = images.iter().filter(|(name, _)| *name == row.key);
                named.next().map(|(_, image)| image)
            }
        };
        match image {
            None => wrong.push(format!("report: {row:?} names no image")),
            Some(image) if row.md5 != Checksums::of(image).md5_hex() => {
                wrong.push(format!("report: {row:?} has another MD5"));
            }
            Some(_) => {}
        }
        if row.status != "200" {
            wrong.push(format!("report: {row:?} has no reason"));
        }
        wrong.extend(self.check_errors(errors));
        wrong
    }

    /// What the device never gives is an error each, or a stretch of them. Of a sector that it gives in some attempts,
    /// every second of eight parts may be missing.
    fn check_errors(&self, errors: u64) -> Option<String> {
        let (least, most) = (
            u64::from(!self.image.bad.is_empty()),
            (self.image.bad.len() + 4 * self.image.flaky.len()) as u64,
        );
        let is_possible = (least..=most).contains(&errors);
        (!is_possible).then(|| format!("{errors} errors, not {least} to {most}"))
    }
}

/// What a volume of the snapshot would hold.
fn content(snapshot: &MemorySnapshot, bytes: usize) -> Vec<u8> {
    let mut image = vec![0; bytes.next_multiple_of(BLOCK_BYTES)];
    for (index, block) in &snapshot.blocks {
        let at = usize::try_from(*index).expect("it fits") * BLOCK_BYTES;
        if let Some(place) = image.get_mut(at..at + BLOCK_BYTES) {
            place.copy_from_slice(block);
        }
    }
    // Zeros behind the device are part of its last block.
    if image[bytes..].iter().all(|byte| *byte == 0) {
        image.truncate(bytes);
    }
    image
}

impl Shipment for RawImport {
    fn plant(&self, _: &Buckets) {}

    fn steps(&self) -> u64 {
        150 + 8 * (self.image.bytes.len() / BLOCK_BYTES) as u64
    }

    fn dock(&self, station: &Station, attempt: &Arc<Attempt>) -> Result<Done, DockError> {
        let docking = Docking {
            signature: Some(self.signature.clone().into_bytes()),
            ..Docking::default()
        };
        dock_at(station, &self.image.path, &docking, attempt)
    }

    fn devices(&self, attempt: &Arc<Attempt>) -> Arc<dyn Devices> {
        Arc::new(Way {
            faults: Arc::clone(&self.image.faults),
            attempt: Arc::clone(attempt),
        })
    }

    /// What is on it is the customer's.
    fn format(&self) {}

    /// What it is of lies in memory, and can only be read.
    fn is_untouched(&self) -> bool {
        true
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn owns(&self, bucket: &BucketName, key: &ObjectKey) -> bool {
        let key = key.as_str();
        let is_report = key.strip_prefix(self.log.key.as_str()).is_some();
        let is_image = matches!(self.place, Place::Object | Place::Series)
            && key.starts_with(self.keys.prefix());
        *bucket == self.log.bucket && (is_report || is_image) || is_report && key.contains(PROBE)
    }

    fn check_so_far(&self, stock: &Stock) -> Vec<String> {
        let images = self.images(stock).into_iter();
        images
            .filter(|(_, image)| !self.image.is_image(image))
            .map(|(name, _)| format!("`{name}` is no image of the device"))
            .collect()
    }

    fn check_report(&self, text: &str) -> Vec<String> {
        let rows = text.lines().count();
        match rows {
            2 => Vec::new(),
            other => vec![format!("the report of an image has {other} lines, not two")],
        }
    }

    fn check_finished(&self, stock: &Stock, report: &str, errors: u64) -> Vec<String> {
        let images = self.images(stock);
        if self.place == Place::Archive || self.place == Place::Object {
            let is_named = images
                .iter()
                .any(|(name, _)| report.contains(name.as_str()));
            let wrong = (!is_named).then(|| format!("`{report}` names no archive"));
            return wrong.into_iter().chain(self.check_errors(errors)).collect();
        }
        match report::parse(report).as_deref() {
            Ok([row]) => self.check_row(row, &images, errors),
            other => vec![format!("the report of an image is {other:?}")],
        }
    }
}
