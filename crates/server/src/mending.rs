//! Whether what a job is on hold for is mended, as far as the service can see that by itself.
//!
//! Nothing is changed here. Who asks first and then waits for the answers of stores can ask for many jobs at once: what
//! is alike is one question.

use model::hold::Check;
use model::ids::{BucketName, JobId};
use model::job::Job;
use model::manifest::Manifest;
use model::stopped::{StopCause, Stopped};

use crate::access::denied_buckets;
use crate::app::Context;
use crate::jobstore::{Account, JobStoreError};
use crate::stores::{Answer, Question};

/// What can be seen of a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It is mended.
    Mended,
    /// It is not, or nobody but a person or a station can see that.
    Not,
    /// A store has to be asked.
    Asked(Box<Asked>),
}

/// What a store is to be asked for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// What is asked for this job.
    pub(crate) question: Question,
    /// The same for jobs that differ in their id alone, which has one answer.
    pub(crate) alike: Question,
}

/// Looks whether what the job is on hold for is mended.
pub(crate) async fn look(
    context: &Context,
    job: &Job,
    hold: &Stopped,
) -> Result<Seen, JobStoreError> {
    let Some(rule) = hold.cause.hold() else {
        return Ok(Seen::Not);
    };
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type);
    let manifest = match (rule.check, manifest) {
        (Check::Docking | Check::Person, _) => return Ok(Seen::Not),
        (Check::Manifest, manifest) => return Ok(seen(manifest.is_ok())),
        (Check::Limit, _) => return Ok(seen(is_limit_changed(context, job, hold).await?)),
        // What it needs of buckets cannot be told. The next claim says so.
        (Check::Bucket | Check::Rights | Check::Store, Err(_)) => return Ok(Seen::Mended),
        (Check::Bucket | Check::Rights | Check::Store, Ok(manifest)) => manifest,
    };
    if rule.check == Check::Rights {
        let account = context.jobs.account(&job.account).await?;
        return Ok(seen(first_denied(&manifest, account.as_ref()).is_none()));
    }
    Ok(Seen::Asked(Box::new(asked(job, hold, &manifest))))
}

/// Whether a docking is worth a try, asking the stores of the job at once. A store of which the service hears nothing may
/// be near to the station: what it says is found out by trying.
pub(crate) async fn may_be_mended(
    context: &Context,
    job: &Job,
    hold: &Stopped,
) -> Result<bool, JobStoreError> {
    Ok(match look(context, job, hold).await? {
        Seen::Mended => true,
        Seen::Not => false,
        Seen::Asked(asked) => context.stores.tell(asked.question).await != Answer::No,
    })
}

/// How many bytes a job may load: what was said of its account, or else what the settings say of all.
pub(crate) async fn job_limit(context: &Context, job: &Job) -> Result<Option<u64>, JobStoreError> {
    let said = context.jobs.job_limit(&job.account).await?;
    Ok(said.map_or(context.rules.most_bytes, |limit| limit.bytes))
}

/// Whether a job that was too large may be small enough now: how much there is on its device, the next claim says.
async fn is_limit_changed(
    context: &Context,
    job: &Job,
    hold: &Stopped,
) -> Result<bool, JobStoreError> {
    // A hold that goes on stays the same, and is as old as it was first.
    let tried = hold.in_vain.map_or(hold.at, |again| again.at);
    Ok(match context.jobs.job_limit(&job.account).await? {
        Some(said) => said.bytes.is_none() || said.since >= tried,
        None => context.rules.most_bytes.is_none(),
    })
}

/// The first bucket to which the job's account has no right any more.
pub(crate) fn first_denied(manifest: &Manifest, account: Option<&Account>) -> Option<BucketName> {
    match account {
        Some(account) => denied_buckets(manifest, account)
            .into_iter()
            .next()
            .map(|(bucket, _)| bucket),
        None => Some(manifest.log_bucket().clone()),
    }
}

fn seen(is_mended: bool) -> Seen {
    match is_mended {
        true => Seen::Mended,
        false => Seen::Not,
    }
}

fn asked(job: &Job, hold: &Stopped, manifest: &Manifest) -> Asked {
    if let (StopCause::BucketMissing, Some(bucket)) = (hold.cause, &hold.bucket) {
        let question = Question::Exists(bucket.clone());
        return Asked {
            alike: question.clone(),
            question,
        };
    }
    Asked {
        question: Question::possible(manifest, job.id),
        alike: Question::possible(manifest, JobId::from_entropy([0; 8])),
    }
}
