//! How a job ends that is on hold and that nobody mends, whether a person says so or the settings do; and whether it can
//! end with what is loaded of it.

use model::event::{Event, WhileRunning};
use model::hold::GivenUp;
use model::ids::BucketName;
use model::job::Job;
use model::manifest::{BucketUse, Manifest};
use model::progress::Progress;
use model::stopped::{StopCause, Stopped};

use crate::access::denied_buckets;
use crate::app::Context;
use crate::jobstore::{Account, JobStoreError};
use crate::stores::{Answer, Question};

/// What happens to a job that is given up.
pub(crate) fn event(hold: &Stopped, because: &str) -> Event {
    let because = Some(because.to_owned());
    match hold.cause.hold().map(|rule| rule.given_up) {
        Some(GivenUp::Aborted(reason)) => Event::TransferAborted { reason, because },
        Some(GivenUp::Canceled) | None => Event::Canceled {
            running: WhileRunning::Cancel,
            because,
        },
    }
}

/// Why a job cannot end with what is loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoFinish {
    /// It is on hold for something that leaves nothing loaded.
    #[error("it is on hold for `{}`, and nothing of it can be loaded; `job give-up` ends it", .0.code())]
    Hold(StopCause),
    /// It loads no files.
    #[error("only an import of files can be finished without some of them")]
    NoFiles,
    /// Its report could not be stored.
    #[error(
        "its report cannot be stored: the bucket `{0}` is not there, may not be used, is full or does not answer; \
             mend that, or `job give-up` ends it without a report"
    )]
    Report(BucketName),
}

/// Whether a job that is on hold can end with what is loaded; the store of its report is asked.
///
/// # Errors
/// The job store's failure.
pub(crate) async fn may_finish_without(
    context: &Context,
    job: &Job,
    hold: &Stopped,
) -> Result<Result<(), NoFinish>, JobStoreError> {
    if !hold.cause.may_be_finished_without() {
        return Ok(Err(NoFinish::Hold(hold.cause)));
    }
    let manifest = Manifest::parse_accepted(&job.manifest, job.job_type);
    let Ok(manifest @ Manifest::S3Import(_)) = manifest else {
        return Ok(Err(NoFinish::NoFiles));
    };
    let no_report = NoFinish::Report(manifest.log_bucket().clone());
    let account = context.jobs.account(&job.account).await?;
    if denied_report(&manifest, account.as_ref()).is_some() {
        return Ok(Err(no_report));
    }
    let answer = context
        .stores
        .tell(Question::report(&manifest, job.id))
        .await;
    Ok(match answer {
        Answer::Yes => Ok(()),
        Answer::No | Answer::Silent => Err(no_report),
    })
}

/// The bucket of the report, if the account may not put it there any more.
pub(crate) fn denied_report(manifest: &Manifest, account: Option<&Account>) -> Option<BucketName> {
    let log = manifest.log_bucket();
    let is_allowed = account.is_some_and(|account| {
        let denied = denied_buckets(manifest, account);
        !denied
            .iter()
            .any(|(bucket, usage)| bucket == log && *usage == BucketUse::Log)
    });
    (!is_allowed).then(|| log.clone())
}

/// Whether a job was given up with these words.
pub(crate) fn is_given_up(job: &Job, because: &str) -> bool {
    match &job.progress {
        Progress::Aborted { because: said, .. } | Progress::Canceled { because: said, .. } => {
            said.as_deref() == Some(because)
        }
        Progress::Pending
        | Progress::InProgress { .. }
        | Progress::Finished { .. }
        | Progress::Expired { .. } => false,
    }
}
