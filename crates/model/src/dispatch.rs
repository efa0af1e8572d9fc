//! Whether a device that has appeared at a station may be loaded, and what that does to its job.

use crate::custody::Custody;
use crate::event::Event;
use crate::ids::{JobId, StationName};
use crate::job::Job;
use crate::progress::{AbortReason, Progress};
use crate::signature::{SignatureFile, SigningKey, UnreadableSignature};

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

/// Why a device is not loaded. The operator sees the text and the hint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// No SIGNATURE file. With the job that is over because of it, if the operator named one.
    #[error("the device has no SIGNATURE file in its root")]
    MissingSignature(Option<JobId>),
    /// The SIGNATURE file cannot be read or is not the one that was issued.
    #[error("the SIGNATURE file is invalid: {0}")]
    InvalidSignature(String),
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
    /// The books say the device has gone back.
    #[error("the device of job {0} was returned")]
    Returned(JobId),
}

impl Denial {
    /// A stable word for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::MissingSignature(_) => "MissingSignature",
            Self::InvalidSignature(_) => "InvalidSignature",
            Self::UnknownJob(_) => "UnknownJob",
            Self::OtherJob { .. } => "OtherJob",
            Self::Canceled(_) => "Canceled",
            Self::Expired(_) => "Expired",
            Self::Over(..) => "Over",
            Self::Returned(_) => "Returned",
        }
    }

    /// What the operator can do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::MissingSignature(None) => {
                "if the box is labelled with a job id, dock it again with --job JOBID: that ends \
                 the job for good as MissingSignature; then return the device"
            }
            Self::MissingSignature(Some(_)) => {
                "the job is aborted as MissingSignature; return the device with `longshore device \
                 return`, and the customer makes a new job"
            }
            Self::InvalidSignature(_) => {
                "return the device; the customer makes a new job and writes its SIGNATURE file"
            }
            Self::UnknownJob(_) => {
                "check that this service issued the job; hold the device and ask the customer"
            }
            Self::OtherJob { .. } => "the boxes may have been mixed up; compare label and device",
            Self::Canceled(_) | Self::Expired(_) | Self::Over(..) => {
                "there is nothing more to load; return the device with `longshore device return`"
            }
            Self::Returned(_) => "if the device came back, the customer makes a new job for it",
        }
    }
}

/// What follows from a device's appearance: events to apply to the job in order, and whether it is
/// loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
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
pub fn job_of(presented: &Presented, named: Option<JobId>) -> Result<JobId, Denial> {
    match (presented, named) {
        (Presented::File(file), Some(expected)) if file.job != expected => Err(Denial::OtherJob {
            expected,
            found: file.job,
        }),
        (Presented::File(file), _) => Ok(file.job),
        (_, Some(named)) => Ok(named),
        (Presented::Nothing, None) => Err(Denial::MissingSignature(None)),
        (Presented::Unreadable(why), None) => Err(Denial::InvalidSignature(why.to_string())),
    }
}

/// Decides about a device for `job`, which [`job_of`] found.
///
/// A device of a job that was canceled or has expired is received all the same: it is here, and
/// has to go back. A wrong or missing SIGNATURE aborts a pending job as AWS's states say.
#[must_use]
pub fn dispatch(
    job: &Job,
    key: &SigningKey,
    presented: &Presented,
    station: &StationName,
) -> Dispatch {
    let arrived = Event::DeviceArrived {
        station: station.clone(),
    };
    if matches!(job.custody, Custody::Returned { .. }) {
        return denied(Vec::new(), Denial::Returned(job.id));
    }
    if let Some(denial) = over(job) {
        return denied(vec![arrived], denial);
    }
    match check_signature(job, key, presented) {
        Ok(()) => Dispatch {
            events: vec![arrived, Event::TransferStarted],
            denial: None,
        },
        // A job that runs has shown its SIGNATURE before: this is some other disk, not its device.
        Err((_, denial)) if job.progress != Progress::Pending => denied(Vec::new(), denial),
        Err((reason, denial)) => denied(vec![arrived, Event::TransferAborted { reason }], denial),
    }
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
        done @ (Progress::Finished { .. } | Progress::Aborted { .. }) => {
            Some(Denial::Over(job.id, done.code()))
        }
    }
}

fn check_signature(
    job: &Job,
    key: &SigningKey,
    presented: &Presented,
) -> Result<(), (AbortReason, Denial)> {
    let invalid = |why: &str| {
        Err((
            AbortReason::InvalidSignature,
            Denial::InvalidSignature(why.to_owned()),
        ))
    };
    match presented {
        Presented::Nothing => {
            let denial = Denial::MissingSignature(Some(job.id));
            Err((AbortReason::MissingSignature, denial))
        }
        Presented::Unreadable(why) => invalid(&why.to_string()),
        Presented::File(file) if file.job != job.id => invalid("it names another job"),
        Presented::File(file) if file.signature != key.sign(&job.account, job.id, job.created) => {
            invalid(&format!(
                "it is not the one that was issued for job {}",
                job.id
            ))
        }
        Presented::File(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::WhileRunning;
    use crate::ids::{AccountId, JobType};
    use crate::time::Timestamp;

    fn station() -> StationName {
        StationName::new("dock-1").unwrap()
    }

    fn world() -> (Job, SigningKey, Presented) {
        let key = SigningKey::new([1; 32]);
        let account = AccountId::new("123456789012").unwrap();
        let id = JobId::new("ABCDE").unwrap();
        let created = Timestamp::from_unix(1_000_000);
        let signature = key.sign(&account, id, created);
        let job = Job::open(id, account, JobType::Import, String::new(), created);
        (
            job,
            key,
            Presented::File(SignatureFile { job: id, signature }),
        )
    }

    fn after(job: &Job, dispatch: &Dispatch) -> Job {
        dispatch.events.iter().fold(job.clone(), |job, event| {
            job.apply(event, Timestamp::from_unix(2)).unwrap()
        })
    }

    #[test]
    fn the_right_signature_starts_the_transfer() {
        let (job, key, presented) = world();
        let verdict = dispatch(&job, &key, &presented, &station());
        assert_eq!(verdict.denial, None);
        assert_eq!(after(&job, &verdict).progress.code(), "InProgress");
    }

    #[test]
    fn a_missing_or_wrong_signature_aborts_as_aws_says() {
        let (job, key, _) = world();
        let forged = SigningKey::new([2; 32]).sign(&job.account, job.id, job.created);
        let forged = Presented::File(SignatureFile {
            job: job.id,
            signature: forged,
        });
        let torn = Presented::Unreadable(UnreadableSignature::NotText);
        for (presented, code) in [
            (Presented::Nothing, "MissingSignature"),
            (torn, "InvalidSignature"),
            (forged, "InvalidSignature"),
        ] {
            let verdict = dispatch(&job, &key, &presented, &station());
            assert_eq!(verdict.denial.as_ref().map(Denial::code), Some(code));
            let job = after(&job, &verdict);
            assert_eq!((job.custody.code(), job.progress.code()), ("AtAWS", code));
        }
    }

    #[test]
    fn a_device_of_a_canceled_job_is_received_and_not_loaded() {
        let (job, key, presented) = world();
        let canceled = Event::Canceled {
            running: WhileRunning::Refuse,
        };
        let job = job.apply(&canceled, Timestamp::from_unix(2)).unwrap();
        let verdict = dispatch(&job, &key, &presented, &station());
        assert_eq!(verdict.denial, Some(Denial::Canceled(job.id)));
        let job = after(&job, &verdict);
        assert_eq!(
            (job.custody.code(), job.progress.code()),
            ("AtAWS", "Canceled")
        );
    }

    #[test]
    fn a_device_of_another_job_than_the_operator_says_changes_nothing() {
        let (_, _, presented) = world();
        let expected = JobId::new("ZZZZZ").unwrap();
        let denial = job_of(&presented, Some(expected)).unwrap_err();
        assert_eq!(denial.code(), "OtherJob");
    }

    #[test]
    fn nobody_knows_whose_a_bare_device_is() {
        assert_eq!(
            job_of(&Presented::Nothing, None),
            Err(Denial::MissingSignature(None))
        );
    }
}
