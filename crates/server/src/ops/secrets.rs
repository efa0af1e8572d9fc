//! What opens encrypted devices and comes beside their manifests: given by customers and those who run the service, told to
//! the station that has the device, destroyed when that has gone home.
//!
//! One that its customer has sealed for this installation is opened to look whether it can be used, which is forgotten at
//! once, and to be told to a station.
//!
//! A secret goes to nobody but a station, and to that only in the answer to a claim. That one came is in no history: what
//! follows of it is.

use agefile::{OpenError, Recipient};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use custody::by::By;
use custody::event::{Event as Told, SecretDestroyed};
use model::actor::Actor;
use model::control::{KNOWS_SECRETS, View};
use model::event::Event;
use model::hold::Mended;
use model::ids::{JobId, JobType};
use model::job::{Job, Refusal};
use model::manifest::{Manifest, without_secrets};
use model::secret::{BadSecret, DeviceSecret, SEALED, is_sealed};

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
    if is_sealed(secret.expose()) {
        let field = "Secret";
        let wrong = |why: NotUnsealed| DockingFault::Field {
            field,
            wrong: why.to_string(),
        };
        opened(context, secret.expose()).map_err(wrong)?;
    }
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

/// For whom customers seal secrets.
pub(crate) fn recipient(context: &Context) -> Recipient {
    context.identity.recipient()
}

/// Why a sealed secret cannot be used, as a fragment that goes on from its name. It is not quoted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotUnsealed {
    /// What follows `age:` is no base64.
    #[error("is sealed (`{SEALED}`), and what follows is no base64")]
    Base64,
    /// It is no such file, or for others.
    #[error("is sealed, and cannot be opened here: {0}")]
    File(#[from] OpenError),
    /// What is inside is no secret.
    #[error("is sealed, and what is inside is no text")]
    Text,
    /// What is inside is none that a volume takes.
    #[error("is sealed, and what is inside {0}")]
    Inside(BadSecret),
    /// What is inside is sealed once more.
    #[error("is sealed twice")]
    Twice,
}

/// What is in a sealed secret.
pub(super) fn opened(context: &Context, sealed: &str) -> Result<DeviceSecret, NotUnsealed> {
    let text = sealed.strip_prefix(SEALED).unwrap_or(sealed).trim();
    let file = STANDARD
        .decode(text)
        .or_else(|_| STANDARD_NO_PAD.decode(text))
        .map_err(|_| NotUnsealed::Base64)?;
    let plain = agefile::open(&context.identity, &file)?;
    let plain = std::str::from_utf8(&plain).map_err(|_| NotUnsealed::Text)?;
    match is_sealed(plain) {
        true => Err(NotUnsealed::Twice),
        false => DeviceSecret::new(plain.to_owned()).map_err(NotUnsealed::Inside),
    }
}

/// The secrets that go with a claim, the last that came first: what was given beside the manifest, and what of the manifest
/// its station could not open. One that does not open any more is passed over.
pub(super) fn told(
    context: &Context,
    given: Option<&KeptSecret>,
    manifest: &Manifest,
) -> Vec<DeviceSecret> {
    let given = given.map(|kept| kept.secret.clone());
    let of_manifest = manifest.common().true_crypt_password.as_ref();
    let of_manifest = of_manifest.filter(|password| is_sealed(password.expose()));
    let of_manifest =
        of_manifest.and_then(|password| DeviceSecret::new(password.expose().to_owned()).ok());
    let open = |secret: DeviceSecret| match is_sealed(secret.expose()) {
        true => opened(context, secret.expose())
            .inspect_err(|error| tracing::error!(%error, "a sealed secret does not open"))
            .ok(),
        false => Some(secret),
    };
    given
        .into_iter()
        .chain(of_manifest)
        .filter_map(open)
        .collect()
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
