//! Files of a disk that is read without being mounted become objects.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use model::ids::{BucketName, JobId, ObjectKey};
use model::manifest::S3Import;
use station::devices::Devices;
use station::dock::{DockError, Docking, Done, Station};

use super::{Shipment, dock_at};
use crate::attempt::Attempt;
use crate::disk::Disk;
use crate::oracle::Oracle;
use crate::raw::Way;
use crate::report::{self, Row};
use crate::stock::Stock;
use crate::store::Buckets;

/// A disk with files.
pub struct DiskImport {
    /// The job.
    pub job: JobId,
    /// The content of its SIGNATURE file.
    pub signature: String,
    /// What is asked for.
    pub rules: S3Import,
    /// The disk.
    pub disk: Disk,
    /// What has to become of its files.
    pub oracle: Oracle,
}

impl DiskImport {
    /// What is wrong with what is told in the place of files that are not found: it is the same in every attempt.
    fn check_lost(&self, rows: &[Row]) -> Option<String> {
        let lost: BTreeSet<_> = rows.iter().map(|row| row.file.clone()).collect();
        let is_right = lost == self.disk.lost && rows.iter().all(Row::is_error);
        (!is_right).then(|| format!("the report tells {rows:?}, not {:?}", self.disk.lost))
    }
}

impl Shipment for DiskImport {
    /// An older object that is to be replaced.
    fn plant(&self, buckets: &Buckets) {
        super::plant_older(&self.rules, &self.disk.things, buckets);
    }

    /// As many as an import of files takes, and some for the tables of the disk.
    fn steps(&self) -> u64 {
        200 + 8 * self.oracle.entries() as u64
    }

    /// It has another name each time; who has a SIGNATURE in his hand has no other list made for it.
    fn dock(&self, station: &Station, attempt: &Arc<Attempt>) -> Result<Done, DockError> {
        let path = self
            .disk
            .path
            .with_file_name(format!("sd-{}", attempt.number));
        symlink(&self.disk.path, &path).expect("no other attempt has its number");
        let folder = station.folder.join("jobs").join(self.job.as_str());
        attempt.rescues_in(folder);
        let is_told = !self.disk.is_signed() || attempt.chance.of("signature").one_in(3);
        let docking = Docking {
            signature: is_told.then(|| self.signature.clone().into_bytes()),
            zone_minutes: Some(0),
            ..Docking::default()
        };
        let done = dock_at(station, &path, &docking, attempt);
        attempt.forget_what_was_rescued();
        done
    }

    fn devices(&self, attempt: &Arc<Attempt>) -> Arc<dyn Devices> {
        Arc::new(Way {
            faults: Arc::clone(&self.disk.faults),
            attempt: Arc::clone(attempt),
        })
    }

    /// What is on it is the customer's.
    fn format(&self) {}

    fn is_untouched(&self) -> bool {
        self.disk.is_untouched()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn owns(&self, bucket: &BucketName, key: &ObjectKey) -> bool {
        self.oracle.owns(bucket, key)
    }

    fn check_so_far(&self, stock: &Stock) -> Vec<String> {
        let bucket = self.oracle.bucket();
        self.oracle
            .check_so_far(stock.bucket(bucket), &stock.before[bucket])
    }

    fn check_report(&self, text: &str) -> Vec<String> {
        let rows = match report::parse(text) {
            Ok(rows) => rows.into_iter(),
            Err(wrong) => return vec![wrong],
        };
        let (lost, found): (Vec<_>, Vec<_>) =
            rows.partition(|row| self.disk.lost.contains(&row.file));
        let mut wrong = self.oracle.check_rows(&found);
        wrong.extend(self.check_lost(&lost));
        wrong
    }

    fn check_finished(&self, stock: &Stock, report: &str, errors: u64) -> Vec<String> {
        let rows = report::parse(report).unwrap_or_default();
        let bucket = self.oracle.bucket();
        let (found, before) = (stock.bucket(bucket), &stock.before[bucket]);
        let mut wrong = self.oracle.check_bucket(found, before, &rows);
        wrong.extend(report::check_errors(&rows, errors));
        if !self.disk.is_untouched() {
            wrong.push("the disk was written to".to_owned());
        }
        wrong
    }
}
