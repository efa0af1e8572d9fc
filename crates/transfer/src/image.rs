//! The image of a whole device: read raw and once, and sent where the job wants it.
//!
//! ```text
//!  device order   take budget, read                          one chain                one consumer
//!  stretches ─► [ reader ] ──► [ hashing ] ─── checkpoints ─────────────────notes──► recorder
//!               1 thread  └──► [ putters ] ─── what the service confirmed ──────────►
//! ```
//!
//! The device is cut into stretches of one size. Each is read, sent and journaled by itself; the sums of
//! the whole are chained in order, and journaled now and then with their state. What the device would
//! not give is asked for again after everything else, and stands as zeros in the image if it never comes.
//!
//! Where it goes is a [`target::ImageSink`]: a snapshot, an archive in a vault, or objects. None of them
//! shows anything before the whole image is there.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use imagestore::services::{NoService, Services};
use model::control::ImageTarget;
use model::ids::JobId;
use model::image::OBJECT_BYTES;
use model::manifest::{EbsImport, GlacierImport};
use model::outcome::EntryRecord;
use model::progress::LogLocation;
use model::proof::Attempt;
use model::time::Clock;
use objectstore::Bucket;

use crate::journal::JournalError;
use crate::journal::file::LogFiles;
use crate::progress::Progress;
use crate::resources::Resources;
use crate::settings::Settings;
pub(crate) use crate::stop::Halted;
use crate::stop::Stop;

mod archive;
mod engine;
mod objects;
mod pass;
mod proof;
mod reading;
pub mod restore;
mod snapshot;
mod steps;
mod sums;
mod target;
#[cfg(test)]
mod tests;
mod work;

pub(crate) use archive::PART_BYTES;
use disks::device::Device;
use disks::rescue::RescueError;

/// What kind of job the image is for, and its rules.
#[derive(Debug, Clone, Copy)]
pub enum What<'a> {
    /// The image is to become a snapshot.
    Ebs(&'a EbsImport),
    /// The image is to become an archive.
    Glacier(&'a GlacierImport),
}

/// What the import of an image needs.
pub struct ImageImport<'a> {
    /// The job.
    pub job: JobId,
    /// Which attempt at it this is, and what the store of the log bucket was found to do.
    pub attempt: &'a Attempt,
    /// The device.
    pub device: Arc<dyn Device>,
    /// What the manifest asks for.
    pub what: What<'a>,
    /// Where the image goes.
    pub target: &'a ImageTarget,
    /// The way to the services that take images.
    pub services: &'a dyn Services,
    /// The log bucket; takes the image where it goes to objects.
    pub log_bucket: &'a dyn Bucket,
    /// Where the report will go, in that bucket.
    pub log: &'a LogLocation,
    /// How hard.
    pub settings: Settings,
    /// What it shares with other runs of the process.
    pub resources: &'a Resources,
    /// Where the journal is written.
    pub logs: &'a dyn LogFiles,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// Who wants to look.
    pub progress: &'a Progress,
    /// Who may end it.
    pub stop: &'a Stop,
}

/// How an attempt at an image ended.
#[derive(Debug)]
pub enum ImageOutcome {
    /// The image is where it should be.
    Done(Box<ImageDone>),
    /// The device is not of the size the manifest says, and nothing was read.
    WrongCapacity {
        /// Its size.
        bytes: u64,
        /// What the manifest says of `deviceCapacityGreaterThan1TB`.
        said_over_1tb: bool,
    },
    /// The run was stopped; the [`Stop`] says why, and the journal how far it was.
    Stopped,
}

/// An image that is where it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDone {
    /// The one row of the report, already in the journal: the device's id as file; snapshot, archive or
    /// prefix of the objects as key. Failed if reading back found other bytes.
    pub record: EntryRecord,
    /// The archive for Glacier's log: its id, or bucket and key where an object took its place.
    pub archive: Option<Archive>,
    /// What the customer should know, in whole sentences.
    pub remark: String,
    /// What the device would not give, in order: zeros in the image.
    pub bad_ranges: Vec<Range<u64>>,
    /// How many errors the job has: bad ranges, and the record if it failed.
    pub errors: u64,
    /// Bytes sent in this attempt.
    pub sent_bytes: u64,
}

/// What Glacier's log calls the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Archive {
    /// The id of an archive in the job's vault.
    Id(String),
    /// An object of the log bucket instead: bucket, slash, key.
    Object(String),
}

/// An image that cannot be begun.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// What is known of what the device does not give cannot be used.
    #[error(transparent)]
    Rescue(#[from] RescueError),
    /// The claim does not say how to reach the service.
    #[error(transparent)]
    Service(#[from] NoService),
    /// The claim names a target that the kind of job does not have.
    #[error("the server sent a target that is not for this kind of job")]
    WrongTarget,
    /// No archive or object can be so large.
    #[error("the device has {bytes} bytes, more than one {what} can hold")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// Archive, object or snapshot.
        what: &'static str,
    },
    /// The job was begun with a device of another size.
    #[error("the device has {bytes} bytes, and the one the job was begun with has {expected}")]
    OtherDevice {
        /// Its size.
        bytes: u64,
        /// That of the right one.
        expected: u64,
    },
    /// There is nothing on it.
    #[error("the device has no bytes")]
    Empty,
}

impl ImageImport<'_> {
    /// Runs until the image is where it should be, or until something stops it. An earlier attempt's
    /// journal in `folder` is gone on with.
    ///
    /// # Errors
    /// [`ImageError`] if it cannot be begun. Everything later is told through the [`Stop`].
    pub fn run(&self, folder: &Path) -> Result<ImageOutcome, ImageError> {
        engine::run(self, folder, OBJECT_BYTES)
    }
}
