//! What keeps a device from being loaded or filled.

use std::io;
use std::path::PathBuf;

use model::ids::{JobId, ObjectKey};
use model::stopped::StopCause;

use crate::control::ControlError;
use crate::raw::RawError;
use crate::stores::NoWayToBucket;
use bay::luks::LuksError;
use bay::{FormatError, MountError};
use disks::facts::{FactsError, ProbeError};
use transfer::export::ExportError;
use transfer::export::planner::PlanFailure;
use transfer::image::ImageError;
use transfer::journal::JournalError;
use transfer::report::DeliveryError;
use transfer::stop::Halt;

/// Where a store is, as the station reaches it: for who runs it, and no customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreAddress(pub String);

/// A device that was not loaded, or not to the end.
#[derive(Debug, thiserror::Error)]
pub enum DockError {
    /// There is no such folder, or it is none.
    #[error("could not open the device `{path}`")]
    Device {
        /// What was given.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The job needs a device of another kind, or another view of it.
    #[error("job {job} {needs}")]
    WrongView {
        /// The job.
        job: JobId,
        /// What it needs.
        needs: &'static str,
        /// What the operator can do.
        hint: &'static str,
    },
    /// A device that is to be filled has something on it.
    #[error("`{path}` is not empty: it has `{name}`")]
    NotEmpty {
        /// Where the device is mounted.
        path: PathBuf,
        /// What it has.
        name: String,
    },
    /// A device that is to be filled cannot hold the first object.
    #[error("`{path}` has no room for the first object, `{first}`")]
    NoRoom {
        /// The device.
        path: PathBuf,
        /// The object's key.
        first: ObjectKey,
    },
    /// A device that was to be formatted has no room for the whole export. It was not formatted.
    #[error(
        "`{path}` has {bytes} bytes, which is not enough: {fit} objects of the export fit, and \
         `{first}` and those after it do not"
    )]
    TooSmall {
        /// The device.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// How many objects have room.
        fit: u64,
        /// The first that has not.
        first: String,
    },
    /// The SIGNATURE on the device names another job than the operator does.
    #[error("the SIGNATURE on the device is of job {found}, and not that of job {given}")]
    OtherSignature {
        /// What the device says.
        found: JobId,
        /// What the operator says.
        given: JobId,
    },
    /// The device is not the one that the operator agreed to format.
    #[error("`{0}` is not the device any more that was shown")]
    Changed(PathBuf),
    /// A device cannot be looked at.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// What is on a device cannot be told.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// A device was not formatted.
    #[error(transparent)]
    Format(Box<FormatError>),
    /// What an export would be written to is not encrypted as its customer asked. Nothing was written.
    #[error("`{path}` is not filled: {why}")]
    NotEncrypted {
        /// The device, or the folder.
        path: PathBuf,
        /// What is missing.
        why: &'static str,
        /// What the operator can do.
        hint: &'static str,
    },
    /// An encrypted device was not opened, or not closed.
    #[error(transparent)]
    Luks(#[from] LuksError),
    /// A device was not mounted, or not put away.
    #[error(transparent)]
    Mount(Box<MountError>),
    /// A device cannot be read raw.
    #[error(transparent)]
    Raw(#[from] RawError),
    /// What is to be written to the device cannot be planned.
    #[error(transparent)]
    Planning(#[from] PlanFailure),
    /// The export cannot be begun.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The import of the image cannot be begun.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The report cannot be written to the device.
    #[error("could not write the report to the device `{path}`")]
    OntoDevice {
        /// Where the device is mounted.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The name of the SIGNATURE is there and is no regular file. It was not opened.
    #[error("`{path}` is {what}, not a file")]
    SignatureNoFile {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// There is no SIGNATURE, but what was meant as one.
    #[error(
        "the device `{path}` has no SIGNATURE file in its root; found {}",
        quoted(found)
    )]
    SignatureMisnamed {
        /// Where the device is mounted.
        path: PathBuf,
        /// Names below it.
        found: Vec<String>,
    },
    /// The volumes of one device have SIGNATUREs of different jobs; where each lies.
    #[error(
        "the device has SIGNATUREs of different jobs: `{}` is of job {}, and `{}` of job {}",
        first.0, first.1, second.0, second.1
    )]
    TwoSignatures {
        /// The first, and where it lies.
        first: (String, JobId),
        /// Another.
        second: (String, JobId),
    },
    /// Nothing can be read of a device that an import is to be loaded from.
    #[error("{seen}; none of its files can be read")]
    NothingReadable {
        /// What is on it.
        seen: String,
        /// What the operator can do.
        hint: String,
        /// The same as the customer may know it.
        cause: StopCause,
    },
    /// A mount point without its mount.
    #[error("`{0}` is an empty folder, and nothing is mounted on it")]
    NothingMounted(PathBuf),
    /// A folder of this host where a device was expected.
    #[error("nothing is mounted on `{0}`: it is a folder of this host's own disk")]
    NotMounted(PathBuf),
    /// Another device than the one that the import was begun on.
    #[error("job {job} was begun on another device than the one at `{}`", path.display())]
    OtherDevice {
        /// The job.
        job: JobId,
        /// Where the other one is.
        path: PathBuf,
    },
    /// A block device or image that names no job.
    #[error("{seen}")]
    NotAsItIs {
        /// What is on it.
        seen: String,
        /// What the operator can do.
        hint: String,
    },
    /// The manifest says another size: nothing was read.
    #[error(
        "the device has {bytes} bytes, and the manifest of job {job} says \
         deviceCapacityGreaterThan1TB: {said}"
    )]
    WrongCapacity {
        /// The job.
        job: JobId,
        /// The size of the device.
        bytes: u64,
        /// What the manifest says, `yes` or `no`.
        said: &'static str,
    },
    /// The server says that it must not be loaded.
    #[error("{message}")]
    Denied {
        /// A stable word.
        code: String,
        /// What is wrong.
        message: String,
        /// What the operator can do.
        hint: String,
        /// The job concerned.
        job: Option<JobId>,
        /// What the job waits for, where the server says so.
        cause: Option<StopCause>,
    },
    /// The job was not begun at this station.
    #[error("job {0} was not begun at this station: it has no journal of it")]
    NoJournal(JobId),
    /// Another process of this station works on the job.
    #[error("job {0} is being loaded by another process of this station")]
    Busy(JobId),
    /// The server cannot be asked or told.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The server sent a job this station cannot read.
    #[error("could not read the manifest of job {job}: {reason}")]
    Manifest {
        /// The job.
        job: JobId,
        /// What is wrong with it.
        reason: String,
    },
    /// The station's own folder cannot be used.
    #[error("could not use the station's folder `{path}`")]
    Folder {
        /// Which.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The server does not say how to reach a bucket.
    #[error(transparent)]
    Store(#[from] NoWayToBucket),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The run ended early. Docking the device again goes on where it stopped.
    #[error("job {job} was stopped")]
    Stopped {
        /// The job.
        job: JobId,
        /// Why.
        #[source]
        why: Halt,
        /// Where the store is, if it is the store's.
        store: Option<Box<StoreAddress>>,
    },
    /// Everything is loaded and the report cannot be delivered. Docking again tries again.
    #[error("job {job} is loaded, but its report is not delivered")]
    Undelivered {
        /// The job.
        job: JobId,
        /// Why.
        #[source]
        why: DeliveryError,
    },
}

impl DockError {
    /// Why the job stands still, as far as the error alone says it.
    #[must_use]
    pub fn cause(&self) -> StopCause {
        super::cause::of(self, None).0
    }
}

impl From<FormatError> for DockError {
    fn from(error: FormatError) -> Self {
        Self::Format(Box::new(error))
    }
}

impl From<MountError> for DockError {
    fn from(error: MountError) -> Self {
        Self::Mount(Box::new(error))
    }
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
