//! Files of a device become objects.

use std::path::Path;
use std::sync::Arc;

use model::ids::{BucketName, ObjectKey};
use model::manifest::S3Import;
use station::devices::{Devices, HostDevices};
use station::dock::{DockError, Docking, Done, Station};
use transfer::progress::Progress;

use super::Shipment;
use crate::attempt::Attempt;
use crate::device::Device;
use crate::oracle::Oracle;
use crate::report;
use crate::stock::Stock;
use crate::store::Buckets;

/// A device with files.
pub struct Import {
    /// What is asked for.
    pub rules: S3Import,
    /// The device.
    pub device: Device,
    /// What has to become of them.
    pub oracle: Oracle,
}

impl Shipment for Import {
    /// An older object that is to be replaced.
    fn plant(&self, buckets: &Buckets) {
        super::plant_older(&self.rules, &self.device.things, buckets);
    }

    /// Some hundred for the experiments on the store, some for each entry.
    fn steps(&self) -> u64 {
        130 + 7 * self.oracle.entries() as u64
    }

    fn dock(&self, station: &Station, attempt: &Arc<Attempt>) -> Result<Done, DockError> {
        station.dock_tree(
            &self.device.docked(Arc::clone(attempt)),
            Path::new(&format!("/media/disk-{}", attempt.number)),
            &Docking::default(),
            &Progress::default(),
            &attempt.stop,
        )
    }

    fn devices(&self, _: &Arc<Attempt>) -> Arc<dyn Devices> {
        Arc::new(HostDevices)
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
        self.oracle.owns(bucket, key)
    }

    fn check_so_far(&self, stock: &Stock) -> Vec<String> {
        let bucket = self.oracle.bucket();
        self.oracle
            .check_so_far(stock.bucket(bucket), &stock.before[bucket])
    }

    fn check_report(&self, text: &str) -> Vec<String> {
        self.oracle.check_report(text)
    }

    fn check_finished(&self, stock: &Stock, report: &str, errors: u64) -> Vec<String> {
        let rows = report::parse(report).unwrap_or_default();
        let bucket = self.oracle.bucket();
        let (found, before) = (stock.bucket(bucket), &stock.before[bucket]);
        let mut wrong = self.oracle.check_bucket(found, before, &rows);
        wrong.extend(report::check_errors(&rows, errors));
        wrong
    }
}
