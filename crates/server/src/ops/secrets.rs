//! What opens encrypted devices and comes beside their manifests: given by customers and those who run the service, told to
//! the station that has the device, destroyed when that has gone home.
//!
//! A secret goes to nobody but a station, and to that only in the answer to a claim. That one came is in no history: what
//! follows of it is.

use custody::by::By;
use custody::event::{Event as Told, SecretDestroyed};
use model::actor::Actor;
use model::control::{KNOWS_SECRETS, View};
use model::event::Event;
use model::hold::Mended;
use model::ids::{JobId, JobType};
use model::job::{Job, Refusal};
use model::manifest::{Manifest, without_secrets};
use model::secret::DeviceSecret;

use super::{Context, DockingFault, Refused, jobs};
use crate::access::{Action, Caller};
use crate::change::{Committed, Draft, tries};
use crate::jobstore::{JobStoreError, KeptSecret};

/// What stands in a manifest where a secret stood.
const DESTROYED: &str = "destroyed";

/// Keeps what opens the device of a job, in the place of what was given before, and lets the job go on that is on hold for
/// want of it: whether it opens the device, a station finds out. Gives the job as it then is.
///
/// # Errors
/// [`Refused`]: of a job that is over, or that reads no files; [`DockingFault::TooManySecrets`].
pub async fn give(
    context: &Context,
    caller: &Caller,
    id: &str,
    secret: DeviceSecret,
) -> Result<Job, Refused> {
    let job = jobs::find(context, caller, Action::GiveSecret, id).await?;
    must_need_one(&job)?;
    let (now, subject) = (context.clock.now(), format!("job {}", job.id));
    if !context.jobs.count_secret(&subject, now).await? {
        return Err(DockingFault::TooManySecrets(subject).into());
    }
    context.jobs.keep_secret(job.id, &secret, now).await?;
    tracing::info!(actor = %caller.actor(), job = %job.id, "secret given");
    // Nothing is lost if it is cut off here: the service looks for those itself.
    let goes_on = let_go_on(context, job.id, &caller.actor()).await?;
    Ok(goes_on.unwrap_or(job))
}

/// Whether a secret can be of any use.
fn must_need_one(job: &Job) -> Result<(), Refused> {
    if job.progress.is_terminal() {
        return Err(Refused::State {
            job: job.id,
            why: Refusal::Over,
        });
    }
    let is_export = job.job_type == JobType::Export;
    if is_export || Manifest::is_for_image(&job.manifest, job.job_type) {
        let field = "Secret";
        let wrong = format!(
            "is of no use to job {}: only devices whose files are loaded are unlocked",
            job.id
        );
        return Err(DockingFault::Field { field, wrong }.into());
    }
    Ok(())
}

/// Lets a job go on that is on hold for a secret; the job, if it does.
pub(crate) async fn let_go_on(
    context: &Context,
    id: JobId,
    actor: &Actor,
) -> Result<Option<Job>, JobStoreError> {
    for _ in tries() {
        let Some(mut draft) = Draft::open(context, id).await? else {
            return Ok(None);
        };
        let hold = draft.job().hold().map(|hold| hold.cause);
        let how = Mended::Secret;
        let waits = hold.is_some_and(|cause| cause.waits_for_secret());
        if !waits || draft.apply(&Event::Resumed { how }).is_err() {
            return Ok(None);
        }
        if let Committed::Saved(job) = draft.commit(context, actor).await? {
            tracing::info!(job = %id, "no longer on hold: a secret came");
            return Ok(Some(*job));
        }
    }
    Err(JobStoreError::Conflict)
}

/// The secret that a station of this version may be told with a claim of a device as this.
pub(super) async fn for_claim(
    context: &Context,
    id: JobId,
    (version, view): (u32, Option<View>),
) -> Result<Option<KeptSecret>, JobStoreError> {
    match (version >= KNOWS_SECRETS, view) {
        (true, Some(View::Raw)) => context.jobs.secret_of(id).await,
        (true, Some(View::Mounted | View::Fill) | None) | (false, _) => Ok(None),
    }
}

/// Destroys what opened the device of a job that has been over for long enough: what was given beside the manifest, and what
/// stands in that. `false` if the job has moved on meanwhile.
pub(crate) async fn destroy(context: &Context, id: JobId) -> Result<bool, JobStoreError> {
    let Some(found) = context.jobs.job(id).await? else {
        return Ok(false);
    };
    let (mut job, version) = (found.job, found.version);
    let was_given = context.jobs.secret_of(id).await?.is_some();
    let blotted = without_secrets(&job.manifest, job.job_type, DESTROYED);
    let stood_there = matches!(blotted, Ok(Some(_)));
    match blotted {
        Ok(Some(text)) => job.manifest = text,
        Ok(None) => {}
        Err(error) => tracing::error!(job = %id, %error, "secrets of a manifest not destroyed"),
    }
    let told = Told {
        at: context.clock.now().into(),
        what: SecretDestroyed { of: id }.into(),
        by: By::usual(&Actor::Service),
        station: None,
        bay: None,
    };
    let told = match was_given || stood_there {
        true => vec![told],
        false => Vec::new(),
    };
    match context.jobs.destroy_secrets(&job, version, &told).await {
        Ok(()) => {
            if !told.is_empty() {
                tracing::info!(job = %id, "secrets destroyed");
            }
            Ok(true)
        }
        Err(JobStoreError::Conflict) => Ok(false),
        Err(error) => Err(error),
    }
}
