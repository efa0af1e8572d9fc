//! Objects become files of a device.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use disks::device::{Device, OpenError, RawDevice};
use model::device::Connector;
use model::export::{self, Place, recovery_directory};
use model::handling::DeviceHealth;
use model::ids::{BucketName, JobId, ObjectKey};
use model::manifest::S3Export;
use model::progress::LogLocation;
use objectstore::Checksums;
use station::devices::Devices;
use station::dock::{DockError, Docking, Done, Station};
use transfer::destination::Target;
use transfer::destination::folder::STAGED;

use super::{Shipment, dock_at};
use crate::attempt::Attempt;
use crate::connection::Connection;
use crate::filled::{Filled, files_below};
use crate::filling::Filling;
use crate::report::{self, Row};
use crate::scene::{BUCKETS, plant};
use crate::stock::Stock;
use crate::store::{Buckets, PROBE};

/// A device that is to be filled.
pub struct Export {
    /// The job.
    pub job: JobId,
    /// The content of its SIGNATURE file.
    pub signature: String,
    /// What is asked for.
    pub rules: S3Export,
    /// Where the report goes.
    pub log: LogLocation,
    /// What is to be on the device: all objects that the manifest selects.
    pub objects: BTreeMap<ObjectKey, Vec<u8>>,
    /// The device.
    pub device: Arc<Filled>,
}

impl Export {
    /// The bucket the objects are in.
    #[must_use]
    pub fn bucket() -> BucketName {
        BucketName::new(BUCKETS[2]).expect("a bucket name")
    }

    /// Puts the SIGNATURE on the device, which is empty otherwise.
    pub fn send(&self) {
        fs::create_dir_all(&self.device.root).expect("a folder can be made");
        fs::write(self.device.root.join("SIGNATURE"), &self.signature).expect("it can be written");
    }

    fn place(&self, key: &ObjectKey) -> Place {
        let bytes = self.objects[key].len() as u64;
        export::place(&self.rules, &self.rules.operations[0], key, bytes)
    }

    /// Whether a file of these bytes may have this name.
    fn is_right(&self, path: &str, bytes: &[u8]) -> bool {
        let recovered = format!("{}/", recovery_directory(&self.rules));
        let mut objects = self.objects.iter();
        objects.any(|(key, body)| {
            body == bytes
                && match self.place(key) {
                    Place::File(file) if file == path => true,
                    Place::File(file) => {
                        path.starts_with(&recovered) && self.is_contested(key, &file)
                    }
                    Place::Directory(folder) => {
                        path.starts_with(&recovered) && self.is_contested(key, &folder)
                    }
                    Place::Recovery(_) => path.starts_with(&recovered),
                    Place::Nowhere(_) => false,
                }
        })
    }

    /// Whether a file cannot be where it should because another is, or has to be in it.
    fn is_contested(&self, key: &ObjectKey, path: &str) -> bool {
        let is_within = |one: &str, other: &str| one.starts_with(&format!("{other}/"));
        let mut others = self.objects.keys().filter(|other| *other != key);
        others.any(|other| match self.place(other) {
            Place::File(other) | Place::Directory(other) => {
                other == path || is_within(&other, path) || is_within(path, &other)
            }
            Place::Recovery(_) | Place::Nowhere(_) => false,
        })
    }

    fn check_file(&self, path: &str, bytes: &[u8]) -> Option<String> {
        let name = path.rsplit('/').next().unwrap_or_default();
        let is_ours = match name.strip_prefix(STAGED) {
            Some(staged) => staged.starts_with(self.job.as_str()),
            None if path == "SIGNATURE" => bytes == self.signature.as_bytes(),
            None => path.starts_with(&self.log_name()) || self.is_right(path, bytes),
        };
        (!is_ours).then(|| format!("`{path}` is on the device and must not be, or not so"))
    }

    /// The report on the device.
    fn log_name(&self) -> String {
        format!("export-log-{}", self.job)
    }

    fn object_of(&self, row: &Row) -> Option<(&ObjectKey, &Vec<u8>)> {
        let key = row.key.strip_prefix(&format!("{}/", Self::bucket()))?;
        self.objects.get_key_value(&ObjectKey::new(key).ok()?)
    }

    fn check_row(&self, row: &Row, files: &BTreeMap<String, Vec<u8>>) -> Option<String> {
        let Some((key, body)) = self.object_of(row) else {
            return Some(format!("report: {row:?} is of no object of the job"));
        };
        if row.is_error() {
            let is_excused = ["WriteError", "ReadBackMismatch"].contains(&&*row.code);
            return (!is_excused).then(|| format!("report: {row:?} has no reason"));
        }
        let path = row.file.trim_end_matches('/');
        let is_there = match self.place(key) {
            Place::Directory(directory) if path == directory => {
                self.device.root.join(path).is_dir()
            }
            _ => files.get(&row.file) == Some(body) && row.md5 == md5(body),
        };
        (!is_there).then(|| format!("report: {row:?} is not what is on the device"))
    }
}

fn md5(body: &[u8]) -> String {
    Checksums::of(body).md5_hex()
}

impl Shipment for Export {
    fn plant(&self, buckets: &Buckets) {
        for (key, body) in &self.objects {
            plant(&buckets[&Self::bucket()], key.as_str(), body);
        }
    }

    fn steps(&self) -> u64 {
        40 + 16 * self.objects.len() as u64
    }

    fn dock(&self, station: &Station, attempt: &Arc<Attempt>) -> Result<Done, DockError> {
        let docking = Docking {
            folder: true,
            encrypted_by: Some("what holds the simulated device".to_owned()),
            ..Docking::default()
        };
        dock_at(station, &self.device.root, &docking, attempt)
    }

    fn devices(&self, attempt: &Arc<Attempt>) -> Arc<dyn Devices> {
        Arc::new(Way {
            device: Arc::clone(&self.device),
            attempt: Arc::clone(attempt),
        })
    }

    fn format(&self) {
        self.device.format().expect("the device can be formatted");
        self.send();
    }

    /// It is there to be written to.
    fn is_untouched(&self) -> bool {
        true
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn owns(&self, bucket: &BucketName, key: &ObjectKey) -> bool {
        let rest = key.as_str().strip_prefix(self.log.key.as_str());
        rest.is_some_and(|rest| *bucket == self.log.bucket || rest.starts_with(PROBE))
    }

    fn check_so_far(&self, _: &Stock) -> Vec<String> {
        let files = files_below(&self.device.root).expect("the device can be read");
        let checked = files.iter();
        checked
            .filter_map(|(path, bytes)| self.check_file(path, bytes))
            .collect()
    }

    fn check_report(&self, text: &str) -> Vec<String> {
        let rows = match report::parse(text) {
            Ok(rows) => rows,
            Err(wrong) => return vec![wrong],
        };
        let mut told: Vec<_> = rows.iter().filter_map(|row| self.object_of(row)).collect();
        told.sort_unstable();
        let all: Vec<_> = self.objects.iter().collect();
        match told == all && rows.len() == all.len() {
            true => Vec::new(),
            false => vec![format!(
                "the report has {} lines of {} objects for {}",
                rows.len(),
                told.len(),
                all.len()
            )],
        }
    }

    fn check_finished(&self, _: &Stock, report: &str, errors: u64) -> Vec<String> {
        let rows = report::parse(report).unwrap_or_default();
        let files = files_below(&self.device.root).expect("the device can be read");
        let files: BTreeMap<_, _> = files.into_iter().collect();
        let mut wrong: Vec<_> = rows
            .iter()
            .filter_map(|row| self.check_row(row, &files))
            .collect();
        wrong.extend(report::check_errors(&rows, errors));
        let mut left = files.keys().filter(|path| path.contains(STAGED));
        wrong.extend(left.next().map(|path| format!("`{path}` is left")));
        if files.get(&self.log_name()).map(Vec::as_slice) != Some(report.as_bytes()) {
            wrong.push("the report on the device is another".to_owned());
        }
        wrong
    }
}

/// The way of one attempt to the device.
struct Way {
    device: Arc<Filled>,
    attempt: Arc<Attempt>,
}

impl Devices for Way {
    fn target(&self, _: &Path, job: JobId, _: Option<&Path>) -> io::Result<Box<dyn Target>> {
        let connection = Connection::new(Arc::clone(&self.attempt));
        let filling = Filling::open(Arc::clone(&self.device), connection, job)?;
        Ok(Box::new(filling))
    }

    fn raw(&self, path: &Path) -> Result<Box<dyn Device>, OpenError> {
        Ok(Box::new(RawDevice::open(path)?))
    }

    fn health(&self, _: &Path, _: Connector) -> Option<DeviceHealth> {
        None
    }
}
