//! What is sent with a job: a device, and what has to become of it.
//!
//! A kind of job is a [`Shipment`]; the world knows no kinds.

pub mod disk;
pub mod export;
pub mod image;
pub mod import;

use std::path::Path;
use std::sync::Arc;

use model::ids::{BucketName, ObjectKey};
use model::manifest::S3Import;
use station::devices::Devices;
use station::dock::{DockError, Docking, Done, Station};
use transfer::progress::Progress;

use crate::attempt::Attempt;
use crate::device::{Kind, Thing};
use crate::scene::plant;
use crate::stock::Stock;
use crate::store::Buckets;

/// A device of a job, and the truth about it.
pub trait Shipment: Send + Sync {
    /// Puts what the job finds in the buckets.
    fn plant(&self, buckets: &Buckets);

    /// About how many steps an attempt takes in which nothing happens.
    fn steps(&self) -> u64;

    /// Docks the device.
    ///
    /// # Errors
    /// Those of the station.
    fn dock(&self, station: &Station, attempt: &Arc<Attempt>) -> Result<Done, DockError>;

    /// The way of an attempt to the device, where it is not a tree of files.
    fn devices(&self, attempt: &Arc<Attempt>) -> Arc<dyn Devices>;

    /// Formats the device, for a host that does not know what is on it.
    fn format(&self);

    /// Whether a device that is only read still is what it was.
    fn is_untouched(&self) -> bool;

    /// Whether two processes may have the device at once: it is only read.
    fn is_shared(&self) -> bool;

    /// Whether an object of this key can only be this job's.
    fn owns(&self, bucket: &BucketName, key: &ObjectKey) -> bool;

    /// What is wrong in the middle of the job: whatever is there must be right, and whole.
    fn check_so_far(&self, stock: &Stock) -> Vec<String>;

    /// What is wrong with a report.
    fn check_report(&self, text: &str) -> Vec<String>;

    /// What is wrong at the end of a job that has so many errors.
    fn check_finished(&self, stock: &Stock, report: &str, errors: u64) -> Vec<String>;
}

/// Docks what is at a path.
///
/// # Errors
/// Those of the station.
fn dock_at(
    station: &Station,
    path: &Path,
    docking: &Docking,
    attempt: &Attempt,
) -> Result<Done, DockError> {
    station.dock(path, docking, &Progress::default(), &attempt.stop)
}

/// Puts an older object where the first good file of an import goes.
fn plant_older(rules: &S3Import, things: &[Thing], buckets: &Buckets) {
    let mut good = things
        .iter()
        .filter(|thing| matches!(thing.kind, Kind::Good(_)));
    if let Some(path) = good.next().and_then(|thing| thing.path.as_str()) {
        let key = format!("{}{path}", rules.prefix);
        plant(&buckets[&rules.bucket], &key, b"older");
    }
}
