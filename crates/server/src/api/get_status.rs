//! `GetStatus`: tells where the device is and what became of the data.

use awsquery::params::Params;
use awsquery::xml::Element;
use model::custody::Custody;
use model::job::Job;
use model::loading::Figures;
use model::progress::Progress;
use model::signature::{Signature, SignatureFile};
use model::stopped::{StopCause, Stopped};
use model::time::Timestamp;

use super::{ArtifactLink, Context, Fault, artifact_links, artifact_list, input, own_job};
use crate::artifact::Taken;
use crate::identity::Identity;
use crate::jobstore::Lease;

/// A question about a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetStatus {
    job_id: String,
}

/// How a job is.
#[derive(Debug, Clone)]
pub struct JobStatus {
    /// The job.
    pub job: Job,
    /// Where its device goes.
    pub address: String,
    /// Its proof.
    pub signature: Signature,
    /// How far a transfer is that runs.
    pub loading: Option<Figures>,
    /// That it stands still, since when and why.
    pub stopped: Option<Stopped>,
    /// Its sheets; none if it was canceled.
    pub artifacts: Vec<ArtifactLink>,
}

impl GetStatus {
    /// Reads the parameters.
    ///
    /// # Errors
    /// `MissingJobId`, `InvalidVersion`.
    pub fn read(params: &Params) -> Result<Self, Fault> {
        let job_id = input::job_id(params)?;
        input::check_api_version(params)?;
        Ok(Self { job_id })
    }
}

/// Tells how a job is. One that was canceled is told like any other.
///
/// # Errors
/// [`Fault::NoSuchJob`], [`Fault::ExpiredJob`], or the job store's failure.
pub async fn get_status(
    context: &Context,
    caller: &Identity,
    GetStatus { job_id }: GetStatus,
) -> Result<JobStatus, Fault> {
    let job = own_job(context, caller, &job_id).await?;
    let lease = match job.progress {
        Progress::Expired { .. } => return Err(Fault::ExpiredJob),
        Progress::InProgress { .. } => context.jobs.lease(job.id).await?,
        _ => None,
    };
    let now = context.clock.now();
    let stopped = job
        .stopped
        .clone()
        .or_else(|| silent_since(lease.as_ref()?, now));
    let loading = lease.and_then(|lease| loading(lease, now, context.rules.lease_seconds));
    Ok(JobStatus {
        address: context.rules.shipping_address.for_job(job.id.as_str()),
        signature: context.signing_key.sign(&job.account, job.id, job.created),
        artifacts: artifacts(context, &job),
        job,
        loading,
        stopped,
    })
}

fn artifacts(context: &Context, job: &Job) -> Vec<ArtifactLink> {
    if matches!(job.progress, Progress::Canceled { .. }) {
        return Vec::new();
    }
    artifact_links(context, job.id, Taken::of(job))
}

/// What the holder of a lease has said, as far as it is still true; `None` if it has said nothing.
fn loading(lease: Lease, now: Timestamp, term: u32) -> Option<Figures> {
    let is_at_work = lease.is_in_force(now, term);
    let figures = lease.figures;
    if figures == Figures::default() {
        return None;
    }
    Some(if is_at_work {
        figures
    } else {
        figures.at_rest()
    })
}

/// That a job stands still whose lease nobody keeps: known before the sweeper has been by.
fn silent_since(lease: &Lease, now: Timestamp) -> Option<Stopped> {
    (lease.until < now).then_some(Stopped {
        at: lease.until,
        cause: StopCause::StationSilent,
        bucket: None,
    })
}

impl JobStatus {
    /// The elements of `GetStatusResult`. Those about the way back and the report are there only
    /// once there is something to say.
    #[must_use]
    pub fn elements(&self) -> Vec<Element> {
        let mut elements = self.state();
        elements.extend(self.parcel());
        elements.extend(self.report());
        elements.extend(self.paperwork());
        elements
    }

    fn state(&self) -> Vec<Element> {
        let job = &self.job;
        vec![
            Element::leaf("JobId", job.id.as_str()),
            Element::leaf("JobType", job.job_type.as_str()),
            Element::leaf("AwsShippingAddress", self.address.as_str()),
            Element::leaf("LocationCode", job.custody.code()),
            Element::leaf("LocationMessage", job.custody.message()),
            Element::leaf("ProgressCode", job.progress.code()),
            Element::leaf("ProgressMessage", self.progress_message()),
        ]
    }

    fn parcel(&self) -> Vec<Element> {
        match &self.job.custody {
            Custody::Returned {
                carrier,
                tracking_number,
                ..
            } => vec![
                Element::leaf("Carrier", carrier.as_str()),
                Element::leaf("TrackingNumber", tracking_number.as_str()),
            ],
            Custody::NotReceived | Custody::AtStation { .. } => Vec::new(),
        }
    }

    fn report(&self) -> Vec<Element> {
        self.job.progress.log().map_or_else(Vec::new, |log| {
            vec![
                Element::leaf("LogBucket", log.bucket.as_str()),
                Element::leaf("LogKey", log.key.as_str()),
            ]
        })
    }

    fn paperwork(&self) -> Vec<Element> {
        let job = &self.job;
        let contents = SignatureFile::contents(job.id.as_str(), &self.signature);
        vec![
            Element::leaf("ErrorCount", job.progress.error_count().to_string()),
            Element::leaf("Signature", self.signature.to_string()),
            Element::leaf("SignatureFileContents", contents),
            Element::leaf("CurrentManifest", job.manifest.as_str()),
            Element::leaf("CreationDate", job.created.to_string()),
            artifact_list(&self.artifacts),
        ]
    }

    /// AWS's sentence; for a job that stands still why; and for a transfer that has begun how far it
    /// is.
    fn progress_message(&self) -> String {
        let mut message = self.job.progress.message();
        if let Some(stopped) = &self.stopped {
            message.push_str(&format!(" {stopped}"));
        }
        if let Some(figures) = &self.loading {
            message.push_str(&format!(" {figures}"));
        }
        message
    }
}
