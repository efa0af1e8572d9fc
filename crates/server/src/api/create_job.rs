//! `CreateJob`: registers a job and answers with the SIGNATURE for its device.

use awsquery::params::Params;
use awsquery::xml::Element;
use model::actor::Actor;
use model::ids::{JobId, JobType};
use model::job::Job;
use model::signature::{Signature, SignatureFile};
use model::time::Timestamp;

use super::submission::{Submission, ValidateOnly, warning_message};
use super::{ArtifactLink, Context, Fault, artifact_links, artifact_list};
use crate::artifact::Taken;
use crate::identity::Identity;
use crate::jobstore::{JobStoreError, Quota};
use crate::sealing::random;

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// Ids tried before giving up. There are 45 million: of a million jobs, one id in 45 is taken, and
/// eight in a row are not.
const ID_TRIES: usize = 8;

/// Times a write is repeated whose outcome is not known.
const WRITE_TRIES: usize = 3;

/// A request for a job.
#[derive(Debug, Clone)]
pub struct CreateJob(Submission);

/// A job that was made, or would have been.
#[derive(Debug, Clone)]
pub struct CreatedJob {
    /// Its id; `….-VALIDATE-ONLY` if nothing was stored.
    pub job_id: String,
    /// Import or export.
    pub job_type: JobType,
    /// Where the device goes.
    pub address: String,
    /// The proof.
    pub signature: Signature,
    /// Notices about the manifest.
    pub warning: Option<String>,
    /// Its sheets; none if nothing was stored.
    pub artifacts: Vec<ArtifactLink>,
}

impl CreateJob {
    /// Reads the parameters.
    ///
    /// # Errors
    /// `MissingParameter`, `InvalidParameter`, `InvalidVersion`, in this order.
    pub fn read(params: &Params) -> Result<Self, Fault> {
        Submission::read(params, ["JobType", "Manifest"]).map(Self)
    }
}

impl CreatedJob {
    /// The elements of `CreateJobResult`. `AwsShippingAddress`, which models before 2015 had, is
    /// where they had it.
    #[must_use]
    pub fn elements(&self) -> Vec<Element> {
        let contents = SignatureFile::contents(&self.job_id, &self.signature);
        let mut elements = vec![
            Element::leaf("JobId", self.job_id.as_str()),
            Element::leaf("JobType", self.job_type.as_str()),
            Element::leaf("AwsShippingAddress", self.address.as_str()),
            Element::leaf("Signature", self.signature.to_string()),
            Element::leaf("SignatureFileContents", contents),
        ];
        elements.extend(
            self.warning
                .as_deref()
                .map(|w| Element::leaf("WarningMessage", w)),
        );
        elements.push(artifact_list(&self.artifacts));
        elements
    }
}

/// Registers a job.
///
/// # Errors
/// [`Fault`]; nothing was stored then, except possibly with [`Fault::OutcomeUnknown`].
pub async fn create_job(
    context: &Context,
    caller: &Identity,
    CreateJob(submission): CreateJob,
) -> Result<CreatedJob, Fault> {
    let now = context.clock.now();
    let candidate = new_id();
    let parsed = submission.check(context, caller, candidate).await?;
    let job_type = submission.job_type;
    let (id, job_id, artifacts) = match submission.validate_only {
        ValidateOnly::Yes => {
            let job_id = format!("{candidate}-VALIDATE-ONLY");
            (candidate, job_id, Vec::new())
        }
        ValidateOnly::No => {
            let account = caller.account.id.clone();
            let job = Job::open(candidate, account, job_type, submission.manifest, now);
            let quota = quota(context, now);
            let id = store(context, caller, job, quota).await?;
            let artifacts = artifact_links(context, id, Taken::of_manifest(&parsed.manifest));
            (id, id.to_string(), artifacts)
        }
    };
    Ok(CreatedJob {
        address: context.rules.shipping_address.for_job(&job_id),
        signature: context.signing_key.sign(&caller.account.id, id, now),
        warning: warning_message(&parsed),
        job_type,
        job_id,
        artifacts,
    })
}

fn new_id() -> JobId {
    JobId::from_entropy(random())
}

fn quota(context: &Context, now: Timestamp) -> Option<Quota> {
    let jobs = context.rules.per_day_quota;
    let since = now.plus_seconds(1 - DAY);
    (jobs > 0).then_some(Quota { jobs, since })
}

/// Stores a new job under its id, or under another if that is taken.
async fn store(
    context: &Context,
    caller: &Identity,
    mut job: Job,
    quota: Option<Quota>,
) -> Result<JobId, Fault> {
    let actor = caller.actor();
    for _ in 0..ID_TRIES {
        match insert(context, &job, &actor, quota).await {
            Err(JobStoreError::QuotaExceeded) => {
                return Err(Fault::QuotaExceeded(context.rules.per_day_quota));
            }
            Err(JobStoreError::Exists(_)) => job.id = new_id(),
            Err(error @ JobStoreError::Unavailable(_)) => {
                settle(context, &job, error).await?;
                return Ok(job.id);
            }
            Err(other) => return Err(other.into()),
            Ok(()) => {
                tracing::info!(job = %job.id, account = %job.account, "job created");
                return Ok(job.id);
            }
        }
    }
    tracing::error!("no free job id found");
    Err(Fault::Internal)
}

/// Inserts a job, and finds out whether it is there when the store does not say.
async fn insert(
    context: &Context,
    job: &Job,
    actor: &Actor,
    quota: Option<Quota>,
) -> Result<(), JobStoreError> {
    let mut result = context.jobs.insert_job(job, actor, quota).await;
    for _ in 1..WRITE_TRIES {
        let Err(JobStoreError::Unavailable(_)) = result else {
            return result;
        };
        result = match context.jobs.insert_job(job, actor, quota).await {
            // Either the first try went through, and perhaps was the last the quota allowed, or somebody
            // else has the id.
            Err(error @ (JobStoreError::Exists(_) | JobStoreError::QuotaExceeded)) => {
                match context.jobs.job(job.id).await? {
                    Some(found) if found.job == *job => Ok(()),
                    _ => Err(error),
                }
            }
            other => other,
        };
    }
    result
}

/// After a write that kept failing: the job is there, or it is not, or nobody knows. Only the
/// second may be answered so that clients try again.
async fn settle(context: &Context, job: &Job, error: JobStoreError) -> Result<(), Fault> {
    match context.jobs.job(job.id).await {
        Ok(Some(found)) if found.job == *job => Ok(()),
        Ok(_) => Err(error.into()),
        Err(_) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "job perhaps not stored"
            );
            Err(Fault::OutcomeUnknown)
        }
    }
}
