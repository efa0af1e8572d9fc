//! Registers a job and answers with the SIGNATURE for its device.

use model::actor::Actor;
use model::disposal::EraseWish;
use model::disposal::rules::ReleaseRule;
use model::ids::{JobId, JobType};
use model::job::Job;
use model::manifest::Parsed;
use model::signature::Signature;
use model::time::Timestamp;

use super::submission::{Submission, ValidateOnly, warning_message};
use crate::access::{Action, Caller, Resource, authorize};
use crate::artifact::{ArtifactLink, Taken, links};
use crate::jobstore::{JobStoreError, Quota};
use crate::notices::story::hearers;
use crate::ops::{Context, Refused, SubmissionFault};
use crate::sealing::random;

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// Ids tried before giving up. There are 45 million: of a million jobs, one id in 45 is taken, and
/// eight in a row are not.
const ID_TRIES: usize = 8;

/// Times a write is repeated whose outcome is not known.
const WRITE_TRIES: usize = 3;

/// What is said of addresses where no mail is sent.
const UNHEARD: &str =
    "notificationEmail: this service sends no mail; look at the job with GetStatus.";

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

/// Registers a job.
///
/// # Errors
/// [`Refused`]; nothing was stored then, except possibly with [`SubmissionFault::OutcomeUnknown`].
pub async fn create(
    context: &Context,
    caller: &Caller,
    submission: Submission,
) -> Result<CreatedJob, Refused> {
    let customer = caller.customer(Action::CreateJob)?;
    let account = &customer.account.id;
    authorize(caller, Action::CreateJob, Resource::JobsOf(account))?;
    let now = context.clock.now();
    let candidate = new_id();
    let parsed = submission.check(context, customer, candidate).await?;
    let job_type = submission.job_type;
    let (id, job_id, artifacts) = match submission.validate_only {
        ValidateOnly::Yes => {
            let job_id = format!("{candidate}-VALIDATE-ONLY");
            (candidate, job_id, Vec::new())
        }
        ValidateOnly::No => {
            let manifest = submission.manifest;
            let mut job = Job::open(candidate, account.clone(), job_type, manifest, now);
            if is_erased_anyway(context, job_type) {
                job.erase = Some(EraseWish::Every);
            }
            let id = store(context, &caller.actor(), job, quota(context, now)).await?;
            let artifacts = links(context, id, Taken::of_manifest(&parsed.manifest));
            (id, id.to_string(), artifacts)
        }
    };
    Ok(CreatedJob {
        address: context.rules.shipping_address.for_job(&job_id),
        signature: context.signing_key.sign(account, id, now),
        warning: warnings(context, &parsed),
        job_type,
        job_id,
        artifacts,
    })
}

/// All notices about the manifest, and that nobody hears of the job, if it is so.
fn warnings(context: &Context, parsed: &Parsed) -> Option<String> {
    let is_heard = context.post.mail().is_some() || hearers(&parsed.manifest).is_empty();
    let unheard = (!is_heard).then(|| UNHEARD.to_owned());
    let all: Vec<String> = warning_message(parsed).into_iter().chain(unheard).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

/// Whether every device that is loaded is erased, whatever its manifest says.
fn is_erased_anyway(context: &Context, job_type: JobType) -> bool {
    match job_type {
        JobType::Import => context.erase.release == ReleaseRule::Aws,
        JobType::Export => false,
    }
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
    actor: &Actor,
    mut job: Job,
    quota: Option<Quota>,
) -> Result<JobId, Refused> {
    for _ in 0..ID_TRIES {
        match insert(context, &job, actor, quota).await {
            Err(JobStoreError::QuotaExceeded) => {
                return Err(SubmissionFault::Quota(context.rules.per_day_quota).into());
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
    Err(Refused::Internal)
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
async fn settle(context: &Context, job: &Job, error: JobStoreError) -> Result<(), Refused> {
    match context.jobs.job(job.id).await {
        Ok(Some(found)) if found.job == *job => Ok(()),
        Ok(_) => Err(error.into()),
        Err(_) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "job perhaps not stored"
            );
            Err(SubmissionFault::OutcomeUnknown.into())
        }
    }
}
