//! Whether a device that has appeared at a station may be loaded, and what that does to its job.
//!
//! What is wrong with a device ends no job: a docking is refused, and the job stands as it was, with
//! the reason beside it. Ending a job is a person's own act.

use crate::control::View;
use crate::custody::Custody;
use crate::device::DeviceFacts;
use crate::event::Event;
use crate::hold::Mended;
use crate::ids::{JobId, StationName};
use crate::image::ONE_TB;
use crate::job::Job;
use crate::manifest::Manifest;
use crate::progress::Progress;
use crate::signature::{SignatureFile, SignatureSeen, SigningKey, UnreadableSignature};
use crate::stopped::StopCause;

/// What a device shows of its job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presented {
    /// No SIGNATURE file.
    Nothing,
    /// A SIGNATURE file that cannot be read.
    Unreadable(UnreadableSignature),
    /// A SIGNATURE file.
    File(SignatureFile),
}

/// A device as it is docked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Docked {
    /// What it shows of its job.
    pub presented: Presented,
    /// The job the operator says it belongs to.
    pub named: Option<JobId>,
    /// As what it is docked, if the station says.
    pub view: Option<View>,
    /// What keeps it from being loaded whatever its job.
    pub obstacle: Option<StopCause>,
    /// Its size, if it is docked as a block device or image.
    pub bytes: Option<u64>,
    /// Whether the station can read the files of a block device or image.
    pub reads_files: bool,
    /// What the station knows of it.
    pub device: Option<DeviceFacts>,
    /// Whether a secret for what is encrypted on it is kept with its job, and the station can be given that.
    pub has_secret: bool,
}

/// Why a device is not loaded. The operator sees the text and the hint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// No SIGNATURE file. With the job that the operator named.
    #[error("the device has no SIGNATURE file in its root")]
    MissingSignature(Option<JobId>),
    /// The SIGNATURE file cannot be read or is not the one that was issued.
    #[error("the SIGNATURE file is invalid: {why}")]
    InvalidSignature {
        /// What is wrong with it.
        why: String,
        /// The job it is about, where that is known.
        job: Option<JobId>,
    },
    /// No such job.
    #[error("there is no job {0}")]
    UnknownJob(JobId),
    /// The device belongs to another job than the operator says.
    #[error("the device belongs to job {found}, not to job {expected}")]
    OtherJob {
        /// What the operator said.
        expected: JobId,
        /// What the device says.
        found: JobId,
    },
    /// The customer took the job back.
    #[error("job {0} was canceled")]
    Canceled(JobId),
    /// The device came too late.
    #[error("job {0} has expired")]
    Expired(JobId),
    /// The job has its outcome already.
    #[error("job {0} is over: {1}")]
    Over(JobId, &'static str),
    /// Some files have no object yet, and the job is over.
    #[error("job {0} is over with {1} errors")]
    OverWithErrors(JobId, u64),
    /// The books say the device has gone back.
    #[error("the device of job {0} was returned")]
    Returned(JobId),
    /// The job needs the device in another way.
    #[error("job {job} {needs}")]
    WrongView {
        /// The job.
        job: JobId,
        /// What it needs.
        needs: &'static str,
        /// What the operator can do.
        hint: &'static str,
    },
    /// The device was not unmounted cleanly, and nobody has said yet that it is loaded as it is.
    #[error(
        "the device of job {0} was not unmounted cleanly: what was written to it last may be missing"
    )]
    Dirty(JobId),
    /// The device of an image has no file that names its job: its sheet does.
    #[error("job {0} takes the image of a device, which is known by its sheet")]
    NoSheet(JobId),
    /// The manifest says another size.
    #[error(
        "the device has {bytes} bytes, and the manifest of job {job} says deviceCapacityGreaterThan1TB: {said}"
    )]
    WrongCapacity {
        /// The job.
        job: JobId,
        /// The size of the device.
        bytes: u64,
        /// What the manifest says, `yes` or `no`.
        said: &'static str,
    },
}

impl Denial {
    /// A stable word for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingSignature(_) | Self::NoSheet(_) => "MissingSignature",
            Self::InvalidSignature { .. } => "InvalidSignature",
            Self::UnknownJob(_) => "UnknownJob",
            Self::OtherJob { .. } => "OtherJob",
            Self::Canceled(_) => "Canceled",
            Self::Expired(_) => "Expired",
            Self::Over(..) => "Over",
            Self::OverWithErrors(..) => "OverWithErrors",
            Self::Returned(_) => "Returned",
            Self::WrongView { .. } => "WrongView",
            Self::WrongCapacity { .. } => "WrongCapacity",
            Self::Dirty(_) => "Dirty",
        }
    }

    /// What the job waits for, where it waits for something.
    #[must_use]
    pub fn cause(&self) -> Option<StopCause> {
        match self {
            Self::MissingSignature(Some(_)) => Some(StopCause::SignatureMissing),
            Self::InvalidSignature { job: Some(_), .. } => Some(StopCause::SignatureWrong),
            Self::WrongCapacity { .. } => Some(StopCause::CapacityWrong),
            Self::Dirty(_) => Some(StopCause::Dirty),
            Self::MissingSignature(None)
            | Self::InvalidSignature { job: None, .. }
            | Self::UnknownJob(_)
            | Self::OtherJob { .. }
            | Self::Canceled(_)
            | Self::Expired(_)
            | Self::Over(..)
            | Self::OverWithErrors(..)
            | Self::Returned(_)
            | Self::WrongView { .. }
            | Self::NoSheet(_) => None,
        }
    }

    /// What the operator can do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::MissingSignature(None) => {
                "no job was changed; is it the root of the device, and mounted? A label or sheet \
                 names its job: dock it again with --job JOBID to see what that job needs, which \
                 changes nothing either, or with --signature and what a scanner types"
                    .to_owned()
            }
            Self::MissingSignature(Some(job)) => waits(*job, "MissingSignature"),
            Self::InvalidSignature { job: Some(job), .. } => waits(*job, "InvalidSignature"),
            Self::InvalidSignature { job: None, .. } => {
                "no job was changed; a label or sheet names its job: ask its customer for the \
                 SIGNATURE, and dock it again with --signature and what a scanner types"
                    .to_owned()
            }
            Self::UnknownJob(_) => {
                "check that this service issued the job; keep the device and ask the customer"
                    .to_owned()
            }
            Self::OtherJob { .. } => {
                "the boxes may have been mixed up; compare label and device".to_owned()
            }
            Self::Canceled(_) | Self::Expired(_) | Self::Over(..) => {
                "there is nothing more to load; return the device with `longshore device return`"
                    .to_owned()
            }
            Self::OverWithErrors(job, _) => format!(
                "`longshore job retry {job}` lets what failed be tried again; otherwise return the \
                 device with `longshore device return`"
            ),
            Self::Returned(_) => {
                "if the device came back, the customer makes a new job for it".to_owned()
            }
            Self::WrongView { hint, .. } => (*hint).to_owned(),
            Self::Dirty(job) => format!(
                "its customer says at the console that it is loaded as it is, or you do: `longshore job resume {job}`"
            ),
            Self::NoSheet(_) => {
                "scan the sheet that came with the device: dock it again with --signature and what \
                 the scanner types"
                    .to_owned()
            }
            Self::WrongCapacity { .. } => {
                "is it the device of this job? The job was not changed: its customer may correct \
                 the manifest with UpdateJob, and then dock the device again"
                    .to_owned()
            }
        }
    }
}

/// What to do about a job whose SIGNATURE is not as it should be.
fn waits(job: JobId, reason: &str) -> String {
    format!(
        "job {job} was not ended: it waits. If the device is its own, ask its customer for the \
         SIGNATURE (`longshore job status {job}` shows it) and dock the device again with \
         --signature and that text; to end the job for good, `longshore job abort {job} --as \
         {reason} --because TEXT`"
    )
}

/// What follows from a device's appearance: events to apply to the job in order, and whether it is
/// loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Dispatch {
    /// What happens to the job.
    pub events: Vec<Event>,
    /// `None` if the device is to be loaded.
    pub denial: Option<Denial>,
}

/// Which job a device is for: the one its SIGNATURE names, or the one the operator names.
///
/// # Errors
/// [`Denial`] if neither names one, or they disagree. No job is changed then.
pub fn job_of(docked: &Docked) -> Result<JobId, Denial> {
    match (&docked.presented, docked.named) {
        (Presented::File(file), Some(expected)) if file.job != expected => Err(Denial::OtherJob {
            expected,
            found: file.job,
        }),
        (Presented::File(file), _) => Ok(file.job),
        (_, Some(named)) => Ok(named),
        (Presented::Nothing, None) => Err(Denial::MissingSignature(None)),
        (Presented::Unreadable(why), None) => Err(Denial::InvalidSignature {
            why: why.to_string(),
            job: None,
        }),
    }
}

/// Decides about a device for `job`, which [`job_of`] found. `manifest` is the job's, if it can be
/// read.
///
/// A device is received if it proves that it is the job's, or the operator says so; that of a job
/// that was canceled or has expired too: it is here, and has to go back.
#[must_use]
pub fn dispatch(
    job: &Job,
    manifest: Option<&Manifest>,
    key: &SigningKey,
    docked: &Docked,
    station: &StationName,
) -> Dispatch {
    let unproved = check_signature(job, manifest, key, &docked.presented).err();
    let signature = match (&docked.presented, &unproved) {
        (Presented::Nothing, _) => SignatureSeen::Missing,
        (_, None) => SignatureSeen::Valid,
        (_, Some(_)) => SignatureSeen::Invalid,
    };
    let arrived = Event::DeviceArrived {
        station: station.clone(),
        device: docked.device.clone(),
        signature: Some(signature),
    };
    if matches!(job.custody, Custody::Returned { .. }) {
        return denied(Vec::new(), Denial::Returned(job.id));
    }
    if let Some(denial) = over(job) {
        return denied(vec![arrived], denial);
    }
    let view = wrong_view(job.id, manifest, docked);
    // A job that runs has shown its SIGNATURE before: this is some other disk, not its device.
    if job.progress != Progress::Pending
        && let Some(unproved) = unproved
    {
        return denied(Vec::new(), view.unwrap_or(unproved).denial);
    }
    // What keeps files from being read is nothing to a job that reads none.
    let obstacle = docked
        .obstacle
        .filter(|_| matches!(manifest, None | Some(Manifest::S3Import(_))))
        .filter(|obstacle| *obstacle != StopCause::Dirty);
    // An operator who names the job and a wrong path has not shown its device.
    let is_shown = docked.named.is_some() && (view.is_none() || obstacle.is_some());
    let is_its_own = unproved.is_none() || is_shown;
    let mut events: Vec<Event> = is_its_own.then_some(arrived).into_iter().collect();
    let found = view
        .or(unproved)
        .or_else(|| wrong_capacity(job.id, manifest, docked.bytes))
        .or_else(|| dirty(job, manifest, docked));
    let Some(Obstacle { cause, denial }) = found else {
        let how = Mended::Docked;
        events.extend(job.hold().map(|_| Event::Resumed { how }));
        events.push(Event::TransferStarted);
        let denial = None;
        return Dispatch { events, denial };
    };
    events.extend(obstacle.or(cause).and_then(|cause| stop(job, cause)));
    denied(events, denial)
}

/// What keeps a device from being loaded, and whether the job stands still for it.
struct Obstacle {
    cause: Option<StopCause>,
    denial: Denial,
}

/// That a job stands still, unless it is known to stand still for that.
fn stop(job: &Job, cause: StopCause) -> Option<Event> {
    let known = job
        .stopped
        .as_ref()
        .is_some_and(|stopped| match cause.hold() {
            Some(_) => stopped.is_held_for(cause, None),
            None => stopped.cause == cause,
        });
    (!known).then(|| Event::Stopped {
        cause,
        bucket: None,
        words: None,
        detail: "the docking was refused".to_owned(),
        untouched: false,
    })
}

fn denied(events: Vec<Event>, denial: Denial) -> Dispatch {
    Dispatch {
        events,
        denial: Some(denial),
    }
}

fn over(job: &Job) -> Option<Denial> {
    match &job.progress {
        Progress::Pending | Progress::InProgress { .. } => None,
        Progress::Canceled { .. } => Some(Denial::Canceled(job.id)),
        Progress::Expired { .. } => Some(Denial::Expired(job.id)),
        Progress::Finished { errors, .. } if *errors > 0 => {
            Some(Denial::OverWithErrors(job.id, *errors))
        }
        done @ (Progress::Finished { .. } | Progress::Aborted { .. }) => {
            Some(Denial::Over(job.id, done.code()))
        }
    }
}

/// What is wrong with the way in which a device is docked. Nothing was read and nothing written.
fn wrong_view(job: JobId, manifest: Option<&Manifest>, docked: &Docked) -> Option<Obstacle> {
    let (needs, hint) = match (manifest?, docked.view?) {
        (Manifest::S3Import(_), View::Mounted)
        | (Manifest::S3Export(_), View::Mounted | View::Fill)
        | (Manifest::EbsImport(_) | Manifest::GlacierImport(_), View::Raw) => return None,
        (Manifest::S3Import(_), View::Raw) if docked.reads_files => return None,
        // Its station tries what there is, and gives the job back if that opens nothing.
        (Manifest::S3Import(rules), View::Raw)
            if docked.obstacle == Some(StopCause::PasswordNeeded)
                && (docked.has_secret || rules.common.true_crypt_password.is_some()) =>
        {
            return None;
        }
        // Whoever has seen what is on the device says better how: stations know the hint by its beginning.
        (Manifest::S3Import(_), View::Raw) => (
            "is an import of files, and its station can read none on the device as it is",
            "mount it read-only, where that host can, and dock the mount point",
        ),
        (Manifest::S3Import(_), View::Fill) => (
            "is an import: formatting would destroy what is to be loaded",
            "dock it without --format",
        ),
        (Manifest::S3Export(_), View::Raw) => (
            "is an export, which fills a device with a file system",
            "dock it with --format, which destroys what is on it; or mount it and dock the mount \
             point",
        ),
        (Manifest::EbsImport(_) | Manifest::GlacierImport(_), View::Mounted) => (
            "takes the image of the whole device, which must not be mounted",
            "unmount it and dock the block device itself, or an image file, with --signature and \
             what a scanner types from its sheet",
        ),
        (Manifest::EbsImport(_) | Manifest::GlacierImport(_), View::Fill) => (
            "takes the image of the device: formatting would destroy what is to be loaded",
            "dock it without --format",
        ),
    };
    let (cause, denial) = (None, Denial::WrongView { job, needs, hint });
    Some(Obstacle { cause, denial })
}

fn wrong_capacity(job: JobId, manifest: Option<&Manifest>, bytes: Option<u64>) -> Option<Obstacle> {
    let Manifest::EbsImport(rules) = manifest? else {
        return None;
    };
    let bytes = bytes?;
    let said = if rules.over_1tb { "yes" } else { "no" };
    ((bytes > ONE_TB) != rules.over_1tb).then_some(Obstacle {
        cause: Some(StopCause::CapacityWrong),
        denial: Denial::WrongCapacity { job, bytes, said },
    })
}

/// That what is to be read of the device may not be all, and nobody has said that this is enough.
fn dirty(job: &Job, manifest: Option<&Manifest>, docked: &Docked) -> Option<Obstacle> {
    let cause = docked.obstacle.filter(|why| *why == StopCause::Dirty)?;
    let is_of_files = matches!(manifest, Some(Manifest::S3Import(_)));
    let is_taken = job.as_it_is.contains(&cause) && !job.is_another(docked.device.as_ref());
    (is_of_files && !is_taken).then_some(Obstacle {
        cause: Some(cause),
        denial: Denial::Dirty(job.id),
    })
}

fn check_signature(
    job: &Job,
    manifest: Option<&Manifest>,
    key: &SigningKey,
    presented: &Presented,
) -> Result<(), Obstacle> {
    let invalid = |why: &str| {
        let (why, job) = (why.to_owned(), Some(job.id));
        Err(Obstacle {
            cause: Some(StopCause::SignatureWrong),
            denial: Denial::InvalidSignature { why, job },
        })
    };
    match (presented, manifest) {
        // Such devices never have the file: that nobody scanned the sheet is no news for the
        // customer.
        (Presented::Nothing, Some(Manifest::EbsImport(_) | Manifest::GlacierImport(_))) => {
            Err(Obstacle {
                cause: None,
                denial: Denial::NoSheet(job.id),
            })
        }
        (Presented::Nothing, _) => Err(Obstacle {
            cause: Some(StopCause::SignatureMissing),
            denial: Denial::MissingSignature(Some(job.id)),
        }),
        (Presented::Unreadable(why), _) => invalid(&why.to_string()),
        (Presented::File(file), _) if file.job != job.id => invalid("it names another job"),
        (Presented::File(file), _)
            if file.signature != key.sign(&job.account, job.id, job.created) =>
        {
            invalid(&format!(
                "it is not the one that was issued for job {}",
                job.id
            ))
        }
        (Presented::File(_), _) => Ok(()),
    }
}

#[cfg(test)]
#[path = "dispatch_tests.rs"]
mod tests;
