//! Lists what an export selects and decides where on the device each object goes, in the order in
//! which it is written.
//!
//! The names follow [`model::export`]; what depends on other objects is decided here: of two that
//! come to one name the first has it, and the other goes to the recovery directory. The first
//! object for which there is no room ends the device: no smaller one is squeezed in behind it, so
//! that the next device goes on at one place. What has been given away is kept on disk.

mod device;
mod listing;
mod names;

use std::path::{Path, PathBuf};

use model::export::capacity::Room;
use model::ids::{BucketName, JobId, JobType, ObjectKey};
use model::manifest::{ExportSet, S3Export};
use model::progress::LogLocation;
use model::report::{self, Keys, LINES_SUFFIX, SUMMARY_SUFFIX};
use objectstore::StoreError;

use super::Buckets;
use super::plan::{Item, Next, Plan, PlanError, To, Writer};
use crate::progress::Progress;
use crate::stop::Stop;
use device::Device;
use listing::{Selected, Selection};

/// What keeps a plan from being made.
#[derive(Debug, thiserror::Error)]
pub enum PlanFailure {
    /// The store does not list the bucket.
    #[error("could not list the bucket `{bucket}`")]
    Store {
        /// Which bucket.
        bucket: BucketName,
        /// What the store said.
        source: Box<StoreError>,
    },
    /// The store gives the same page again, or goes on without an object for ever.
    #[error(
        "the store's listing of the bucket `{bucket}` does not come to an end{}",
        after.as_ref().map(|after| format!(", after `{after}`")).unwrap_or_default()
    )]
    Endless {
        /// Which bucket.
        bucket: BucketName,
        /// The last key of the page that came again, if it has one.
        after: Option<ObjectKey>,
    },
    /// What was listed cannot be kept.
    #[error("could not keep the listing in `{path}`")]
    Spool {
        /// In which folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// Nobody said how to reach a bucket of the manifest.
    #[error("no way to the bucket `{0}` is known")]
    NoWay(BucketName),
    /// A file of the job has the name of the recovery directory.
    #[error("`recoveryDirectory` cannot be `{0}`, which is a file of the job itself")]
    RecoveryDirectory(String),
    /// What has been given away cannot be kept.
    #[error("could not keep the names on the device in `{path}`")]
    Names {
        /// Which file.
        path: PathBuf,
        /// The database's error.
        source: Box<redb::Error>,
    },
    /// The plan cannot be written.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// Makes the plan of a job's device.
pub struct ExportPlanner<'a> {
    /// The job.
    pub job: JobId,
    /// Its manifest.
    pub rules: &'a S3Export,
    /// Where its report will be: what an earlier attempt left there is not exported.
    pub log: &'a LogLocation,
    /// The buckets of its operations.
    pub buckets: &'a Buckets,
    /// A file for what has been given away; worth nothing afterwards.
    pub scratch: &'a Path,
    /// Who wants to look.
    pub progress: &'a Progress,
    /// Who may end it.
    pub stop: &'a Stop,
}

impl ExportPlanner<'_> {
    /// Plans a device that has `room`, into a file at `path`; `None` if it was stopped.
    ///
    /// # Errors
    /// [`PlanFailure`]; nothing is at `path` then.
    pub fn make(&self, room: Room, path: &Path) -> Result<Option<Plan>, PlanFailure> {
        let folder = self.scratch.parent().unwrap_or(Path::new("."));
        let cursor = Cursor::begin(self.rules, self.buckets, folder, self.stop);
        let mut cursor = cursor.without(self.log);
        cursor.load(self.scratch, Some(self.job), room)?;
        let mut plan = Writer::create(path, self.job)?;
        let next = loop {
            match cursor.step()? {
                PlanStep::Item(item) => {
                    self.progress.found(item.bytes);
                    plan.add(item)?;
                }
                PlanStep::Full(next) => break Some(next),
                PlanStep::Done => break None,
                PlanStep::Stopped => return Ok(None),
            }
        };
        let plan = plan.finish(next)?;
        self.progress.found_all();
        Ok(Some(plan))
    }
}

/// Names in the root of the device that a job itself uses.
fn own_names(job: Option<JobId>) -> Vec<String> {
    let mut names = vec![SIGNATURE.to_owned()];
    if let Some(job) = job {
        let log = format!("{}{job}", JobType::Export.log_name());
        names.extend(["", LINES_SUFFIX, SUMMARY_SUFFIX].map(|ending| format!("{log}{ending}")));
    }
    names
}

/// The file that says whose the device is.
const SIGNATURE: &str = "SIGNATURE";

/// What comes next.
#[derive(Debug)]
pub enum PlanStep {
    /// An object, and what becomes of it on the device that is being planned. Its ordinal is that of
    /// the device.
    Item(Item),
    /// There is no room for the next object. Plan another device, or skip it.
    Full(Next),
    /// There are no more objects.
    Done,
    /// Somebody asked to stop.
    Stopped,
}

/// Goes through all that an export selects, over as many devices as it takes.
pub struct Cursor<'a> {
    rules: &'a S3Export,
    listing: Selection<'a>,
    /// Listed, and not yet on a device.
    pending: Option<Selected>,
    /// The last key that went to this device, and its operation.
    last: Option<(u32, ObjectKey)>,
    device: Option<Device<'a>>,
    stop: &'a Stop,
    ordinal: u64,
    /// Objects that are not exported whatever selects them.
    left_out: Option<(BucketName, Keys)>,
}

impl<'a> Cursor<'a> {
    /// Begins before the first object. There is no device yet. What the store lists is kept in `folder`
    /// meanwhile, in a file without a name.
    #[must_use]
    pub fn begin(
        rules: &'a S3Export,
        buckets: &'a Buckets,
        folder: &'a Path,
        stop: &'a Stop,
    ) -> Self {
        Self {
            rules,
            listing: Selection::new(rules, buckets, folder, stop),
            pending: None,
            last: None,
            device: None,
            stop,
            ordinal: 0,
            left_out: None,
        }
    }

    /// Leaves out the report at `log` in all its forms.
    #[must_use]
    pub fn without(self, log: &LogLocation) -> Self {
        Self {
            left_out: Some((log.bucket.clone(), report::keys(log))),
            ..self
        }
    }

    /// Goes on with an empty device. The names that its `job` uses itself, if it is known, are not
    /// given away; what has been is kept in the file `scratch`.
    ///
    /// # Errors
    /// [`PlanFailure::Names`], [`PlanFailure::RecoveryDirectory`].
    pub fn load(
        &mut self,
        scratch: &Path,
        job: Option<JobId>,
        room: Room,
    ) -> Result<(), PlanFailure> {
        // The last device may have the same scratch file, which has to be closed first.
        self.device = None;
        self.device = Some(Device::new(self.rules, scratch, &own_names(job), room)?);
        self.last = None;
        self.ordinal = 0;
        Ok(())
    }

    /// Places the next object. Before the first device, and after one that is full, this says so
    /// of the same object again.
    ///
    /// # Errors
    /// [`PlanFailure`].
    pub fn step(&mut self) -> Result<PlanStep, PlanFailure> {
        if self.stop.is_set() {
            return Ok(PlanStep::Stopped);
        }
        let Some(found) = self.peek()? else {
            return Ok(match self.stop.is_set() {
                true => PlanStep::Stopped,
                false => PlanStep::Done,
            });
        };
        let placed = match &mut self.device {
            Some(device) => device.place(&found)?,
            None => None,
        };
        Ok(match placed {
            Some(to) => PlanStep::Item(self.item(found, to)),
            None => {
                self.device = None;
                let next = self.next(&found);
                self.pending = Some(found);
                PlanStep::Full(next)
            }
        })
    }

    /// Passes over the object for which there was no room.
    pub fn skip(&mut self) {
        self.pending = None;
    }

    fn peek(&mut self) -> Result<Option<Selected>, PlanFailure> {
        if let Some(found) = self.pending.take() {
            return Ok(Some(found));
        }
        loop {
            match self.listing.next()? {
                Some(found) if self.is_left_out(&found) => {}
                other => return Ok(other),
            }
        }
    }

    fn is_left_out(&self, found: &Selected) -> bool {
        self.left_out.as_ref().is_some_and(|(bucket, keys)| {
            found.set(self.rules).bucket == *bucket && keys.contain(&found.listed.key)
        })
    }

    fn item(&mut self, found: Selected, to: To) -> Item {
        let ordinal = self.ordinal;
        self.ordinal += 1;
        self.last = Some((found.operation, found.listed.key.clone()));
        Item {
            ordinal,
            operation: found.operation,
            bucket: self.set(&found).bucket.clone(),
            key: found.listed.key,
            bytes: found.listed.size,
            etag: found.listed.etag,
            to,
        }
    }

    fn next(&self, found: &Selected) -> Next {
        let last = self.last.as_ref();
        Next {
            operation: found.operation,
            bucket: self.set(found).bucket.clone(),
            after: last
                .filter(|(operation, _)| *operation == found.operation)
                .map(|(_, key)| key.clone()),
            first: found.listed.key.clone(),
        }
    }

    fn set(&self, found: &Selected) -> &'a ExportSet {
        found.set(self.rules)
    }
}

#[cfg(test)]
mod tests;
