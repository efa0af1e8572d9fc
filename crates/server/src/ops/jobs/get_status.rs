//! Tells where the device is and what became of the data.

use std::borrow::Cow;

use model::disposal::told::{DeviceTold, told};
use model::ids::JobId;
use model::job::Job;
use model::loading::Figures;
use model::manifest::with_secrets;
use model::parcel::Due;
use model::progress::Progress;
use model::secret::is_sealed;
use model::signature::Signature;
use model::stopped::{StopCause, Stopped};
use model::time::Timestamp;

use super::find;
use crate::access::{Action, Caller};
use crate::artifact::{ArtifactLink, Taken, links};
use crate::jobstore::{JobStoreError, Lease};
use crate::ops::leases::tidied;
use crate::ops::{Context, Refused};
use model::job::Refusal;

/// What stands in the place of a secret that is not shown.
const MASKED: &str = "****";

/// What stands in the place of a manifest whose secrets cannot be told from the rest for sure.
const UNSHOWN: &str = "# This manifest is not shown: its secrets stand elsewhere in it too.\n";

/// How a job is.
#[derive(Debug, Clone)]
pub struct JobStatus {
    /// The job.
    pub job: Job,
    /// Where its device goes.
    pub address: String,
    /// Whether its manifest is shown without its secrets.
    pub is_masked: bool,
    /// What the SIGNATURE file of its device proves.
    pub signature: Signature,
    /// How far a transfer is that runs.
    pub loading: Option<Figures>,
    /// That it stands still, since when and why.
    pub stopped: Option<Stopped>,
    /// What is to become of the device, or what became of it.
    pub disposal: Option<DeviceTold>,
    /// Its sheets; none if it was canceled.
    pub artifacts: Vec<ArtifactLink>,
}

impl JobStatus {
    /// The manifest as it is shown.
    #[must_use]
    pub fn manifest(&self) -> Cow<'_, str> {
        let Job {
            manifest, job_type, ..
        } = &self.job;
        // What is sealed can be shown to anybody.
        let mask = |secret: &str| (!is_sealed(secret)).then(|| MASKED.to_owned());
        match self
            .is_masked
            .then(|| with_secrets(manifest, *job_type, &mask))
        {
            None | Some(Ok(None)) => manifest.into(),
            Some(Ok(Some(masked))) => masked.into(),
            Some(Err(_)) => UNSHOWN.into(),
        }
    }

    /// AWS's sentence; for a job that stands still why; for a transfer that has begun how far it is; and for a device that
    /// is to be erased what it waits for.
    #[must_use]
    pub fn message(&self) -> String {
        let mut message = self.job.progress.message();
        if let Some(stopped) = &self.stopped {
            message.push_str(&format!(" {stopped}"));
        }
        if let Some(figures) = &self.loading {
            message.push_str(&format!(" {figures}"));
        }
        if let Some(disposal) = &self.disposal {
            message.push_str(&format!(" {disposal}"));
        }
        message
    }
}

/// Tells how a job is. One that was canceled is told like any other.
///
/// # Errors
/// [`Refused::NoSuchJob`], [`Refused::State`] if it has expired, or the job store's failure.
pub async fn get_status(
    context: &Context,
    caller: &Caller,
    id: &str,
) -> Result<JobStatus, Refused> {
    let status = show(context, caller, id).await?;
    match status.job.progress {
        Progress::Expired { .. } => Err(Refused::State {
            job: status.job.id,
            why: Refusal::Expired,
        }),
        _ => Ok(status),
    }
}

/// The same, of one that has expired too.
///
/// # Errors
/// [`Refused::NoSuchJob`], or the job store's failure.
pub async fn show(context: &Context, caller: &Caller, id: &str) -> Result<JobStatus, Refused> {
    let job = find(context, caller, Action::GetStatus, id).await?;
    let lease = match job.progress {
        Progress::InProgress { .. } => context.jobs.lease(job.id).await?,
        _ => None,
    };
    let now = context.clock.now();
    let stopped = job
        .stopped
        .clone()
        .or_else(|| silent_since(lease.as_ref()?, now));
    let loading = match lease {
        Some(lease) => loading(context, lease, now).await?,
        None => None,
    };
    Ok(JobStatus {
        address: context.rules.shipping_address.for_job(job.id.as_str()),
        signature: context.signing_key.sign(&job.account, job.id, job.created),
        artifacts: artifacts(context, &job),
        disposal: told(&job, context.erase.release, context.erase.hold_hours, now),
        is_masked: context.rules.mask_secrets,
        job,
        loading,
        stopped,
    })
}

/// What a person who looks at a job is told beside its state.
#[derive(Debug, Clone)]
pub struct JobBeside {
    /// How far its transfer is, while there is one.
    pub figures: Option<Figures>,
    /// What is to become of its device, once somebody has that in hand.
    pub due: Due,
    /// The same in a sentence.
    pub sentence: String,
    /// Whether its device is taken as an image, by a sheet.
    pub is_image: bool,
}

/// Tells what stands beside the state of a job.
///
/// # Errors
/// [`Refused::NoSuchJob`], or the job store's failure.
pub async fn beside(context: &Context, caller: &Caller, id: JobId) -> Result<JobBeside, Refused> {
    let job = find(context, caller, Action::LookAtJob, id.as_str()).await?;
    let lease = match job.progress {
        Progress::InProgress { .. } => context.jobs.lease(id).await?,
        _ => None,
    };
    let figures = match lease {
        Some(lease) => loading(context, lease, context.clock.now()).await?,
        None => None,
    };
    let due = Due::of(&job);
    Ok(JobBeside {
        figures,
        due,
        sentence: due.sentence(&job),
        is_image: Taken::of(&job) == Taken::AsImage,
    })
}

fn artifacts(context: &Context, job: &Job) -> Vec<ArtifactLink> {
    if matches!(job.progress, Progress::Canceled { .. }) {
        return Vec::new();
    }
    links(context, job.id, Taken::of(job))
}

/// What the holder of a lease has said, as far as it is still true; `None` if it has said nothing.
async fn loading(
    context: &Context,
    lease: Lease,
    now: Timestamp,
) -> Result<Option<Figures>, JobStoreError> {
    let is_at_work = lease.is_in_force(now, context.rules.lease_seconds);
    let figures = match is_at_work {
        true => last_told(context, &lease).await?.unwrap_or(lease.figures),
        false => lease.figures.at_rest(),
    };
    Ok(Some(figures).filter(|figures| *figures != Figures::default()))
}

/// What the last heartbeat of a resident station tells of a job: with its lease figures are kept only when that is
/// renewed, a quarter of its term apart.
async fn last_told(context: &Context, lease: &Lease) -> Result<Option<Figures>, JobStoreError> {
    let told = context.jobs.told(&lease.station).await?;
    let bays = told.into_iter().flat_map(|told| told.bays);
    let mut of_job = bays.filter(|bay| bay.job == Some(lease.job) && bay.state.is_at_work());
    Ok(of_job.find_map(|bay| bay.figures).map(tidied))
}

/// That a job stands still whose lease nobody keeps: known before the sweeper has been by.
fn silent_since(lease: &Lease, now: Timestamp) -> Option<Stopped> {
    (lease.until < now).then(|| Stopped::new(lease.until, StopCause::StationSilent))
}
