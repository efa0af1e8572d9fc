//! What becomes of a bay when a docking has ended, and what a person is told of it.
//!
//! Nothing here ends a job: what is wrong with a device, its store or its station makes its bay wait.

use std::path::Path;

use bay::erase::EraseError;
use durable::reserve::is_for_want_of_room;
use model::bay::BayEvent;
use model::erasure::ErasureEnd;
use model::ids::JobId;
use model::readable;
use model::stopped::StopCause;

use super::again::Again;
use super::room::NoRoom;
use crate::control::ControlError;
use crate::dock::{self, DockError, Done};
use crate::erasing::NotErased;
use crate::raw::RawError;
use disks::device::OpenError;
use disks::disk::DiskError;
use transfer::stop::Halt;

/// What a person is told of a bay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Told {
    /// What it means, in one sentence.
    pub(super) sentence: String,
    /// What the person can do.
    pub(super) hint: Option<String>,
    /// The same as the books of the job have it.
    pub(super) cause: Option<StopCause>,
}

/// What follows for a bay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// What happens to it.
    pub(super) event: BayEvent,
    /// What is told.
    pub(super) told: Told,
    /// What is waited for, where it is tried again by itself.
    pub(super) again: Option<Again>,
    /// The job concerned, where one is known.
    pub(super) job: Option<JobId>,
    /// Where the store is that does not answer, if one does not.
    pub(super) store: Option<String>,
}

/// What to do with a device for which nothing is to be done.
const TAKE_OUT: &str = "take it out; `longshore device return` books that it goes back";

/// What to do with a device that does not say whose it is.
const ASK: &str = "no job was changed; scan its sheet and then the tag of the bay, and it is loaded as that job's; \
                   without a sheet keep it and ask its customer";

/// What follows for a bay of an erasing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EraseVerdict {
    /// What happens to it; nothing if nothing was touched.
    pub(super) event: Option<BayEvent>,
    /// What is told.
    pub(super) told: Told,
    /// Whose device it is.
    pub(super) job: Option<JobId>,
}

impl EraseVerdict {
    /// What became of an erasing, which had begun or not.
    pub(super) fn of(job: JobId, ended: Result<&ErasureEnd, &NotErased>, has_begun: bool) -> Self {
        let (event, told) = match ended {
            Ok(ErasureEnd::Erased(account)) => (
                BayEvent::Finished,
                Told::that(&format!(
                    "the device of job {job} is erased ({})",
                    account.method
                )),
            ),
            Ok(ErasureEnd::Failed(failure)) => (
                BayEvent::Failed,
                Told::that(&format!(
                    "the device of job {job} could not be erased: {}",
                    failure.why
                ))
                .hint("keep it; `longshore device destroyed` tells that it was destroyed"),
            ),
            Err(NotErased::Erase(EraseError::Interrupted)) => (
                BayEvent::Stopped,
                Told::that("its erasing was stopped").hint("`longshore bay erase` goes on with it"),
            ),
            Err(error) => (
                BayEvent::Held,
                Told::that(&format!("it is not erased: {}", dock::chain(error))).hint(
                    error
                        .of_rights()
                        .unwrap_or("`longshore bay erase` goes on with it"),
                ),
            ),
        };
        Self {
            event: (ended.is_ok() || has_begun).then_some(event),
            told,
            job: Some(job),
        }
    }
}

impl Told {
    /// A sentence and nothing else.
    pub(super) fn that(text: &str) -> Self {
        Self {
            sentence: sentence(text),
            ..Self::default()
        }
    }

    /// The same with what to do.
    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
        Self {
            hint: hint.map(|hint| sentence(&hint)),
            ..self
        }
    }

    pub(super) fn cause(self, cause: StopCause) -> Self {
        Self {
            cause: Some(cause),
            ..self
        }
    }
}

impl Verdict {
    pub(super) fn new(event: BayEvent, told: Told) -> Self {
        Self {
            event,
            told,
            again: None,
            job: None,
            store: None,
        }
    }

    pub(super) fn held(cause: StopCause, text: &str) -> Self {
        Self::new(BayEvent::Held, Told::that(text).cause(cause))
    }

    fn again(self, what: Again) -> Self {
        Self {
            again: Some(what),
            ..self
        }
    }

    fn of_job(self, job: Option<JobId>) -> Self {
        Self { job, ..self }
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        let told = self.told.hint(hint);
        Self { told, ..self }
    }

    /// A job that is done.
    pub(super) fn done(done: &Done) -> Self {
        let (job, stored) = (done.job, readable::number(done.tally.stored));
        let text = match done.errors {
            0 => format!("job {job} is complete: {stored} files are stored and proved"),
            errors => format!(
                "job {job} is done with errors: {} failed and {stored} files are stored; the report names each",
                readable::number(errors)
            ),
        };
        Self::new(BayEvent::Finished, Told::that(&text)).of_job(Some(job))
    }

    /// The same where a person has said that it is to stop: what would be tried again is not.
    pub(super) fn once_stopped(self) -> Self {
        match self.event {
            BayEvent::Held | BayEvent::StoreAway | BayEvent::Failed => stopped().of_job(self.job),
            _ => self,
        }
    }

    /// A device that does not answer any more.
    pub(super) fn gone(text: &str) -> Self {
        Self::held(StopCause::DiskGone, text)
            .hint("try another cable or bay; what is done is kept, and it goes on where it stopped")
    }

    /// A device of a job that this installation does not have.
    pub(super) fn stranger(job: JobId) -> Self {
        let told = Told::that(&format!(
            "it says that it is of job {job}, which this installation does not have"
        ));
        Self::new(BayEvent::NamesStranger, told).hint("keep the device and ask its customer")
    }

    /// A job that turns out to be an export.
    pub(super) fn export() -> Self {
        let told = Told::that("it is for an export, which is not begun by plugging in");
        Self::new(BayEvent::Named, told).hint("`longshore dock` fills the device")
    }

    /// A docking that did not come to its end; `station` is the station's own folder.
    pub(super) fn of(error: &DockError, station: &Path) -> Self {
        if is_for_want_of_room(error) {
            let told = NoRoom::met(station).told().cause(StopCause::StationTrouble);
            return Self::new(BayEvent::Held, told).again(Again::Store);
        }
        let text = dock::chain(error);
        let cause = error.cause();
        match error {
            DockError::Denied {
                code,
                message,
                hint,
                job,
                cause,
            } => of_denial(code, message, hint, *job, *cause),
            DockError::NotAsItIs { hint, .. } => {
                Self::new(BayEvent::NamesNobody, Told::that(&text)).hint(hint)
            }
            DockError::SignatureNoFile { .. }
            | DockError::SignatureMisnamed { .. }
            | DockError::TwoSignatures { .. }
            | DockError::NothingMounted(_)
            | DockError::NotMounted(_) => {
                Self::new(BayEvent::NamesNobody, Told::that(&text)).hint(ASK)
            }
            DockError::NothingReadable { hint, .. } => Self::held(cause, &text).hint(hint),
            DockError::OtherDevice { .. } => Self::held(cause, &text).hint(
                "nothing was loaded; plug in the one that it was begun on. If that one is dead and this one has all \
                 its files, `longshore dock --other-device` goes on with this one",
            ),
            DockError::OtherSignature { given, .. } => Self::held(cause, &text)
                .hint(
                    "nothing was loaded; plug in the device of the job, or ask its customer: what is mended goes on by \
                     itself",
                )
                .again(Again::Mended)
                .of_job(Some(*given)),
            DockError::WrongView { hint, .. } => Self::held(cause, &text).hint(*hint),
            DockError::Busy(job) => Self::held(cause, &text).again(Again::Mended).of_job(Some(*job)),
            DockError::WrongCapacity { .. } | DockError::Manifest { .. } | DockError::Store(_) => {
                Self::held(cause, &text).again(Again::Mended)
            }
            DockError::Control(error) => of_control(error),
            DockError::Raw(RawError::Open(OpenError::InUse(_) | OpenError::Used { .. })) => {
                Self::held(cause, &text).again(Again::Mended)
            }
            DockError::Raw(RawError::Disk(DiskError::Stopped)) => stopped(),
            DockError::Stopped { job, why, store } => Self {
                store: store.as_ref().map(|store| store.0.clone()),
                ..of_halt(why, cause, &text).of_job(Some(*job))
            },
            DockError::Undelivered { job, .. } => of_store(cause, &text).of_job(Some(*job)),
            DockError::Raw(_) if cause == StopCause::DiskGone => Self::gone(&text),
            DockError::Device { .. }
            | DockError::Raw(_)
            | DockError::Facts(_)
            | DockError::Folder { .. }
            | DockError::Journal(_)
            | DockError::NotEmpty { .. }
            | DockError::NoRoom { .. }
            | DockError::TooSmall { .. }
            | DockError::Changed(_)
            | DockError::Format(_)
            | DockError::NotEncrypted { .. }
            | DockError::Luks(_)
            | DockError::Probe(_)
            | DockError::Mount(_)
            | DockError::Planning(_)
            | DockError::Export(_)
            | DockError::Image(_)
            | DockError::NoJournal(_)
            | DockError::OntoDevice { .. } => {
                Self::new(BayEvent::Failed, Told::that(&text).cause(cause))
            }
        }
    }
}

/// What the server says of a device that is not to be loaded. `said` is what the job waits for, where the server says that.
fn of_denial(
    code: &str,
    message: &str,
    hint: &str,
    job: Option<JobId>,
    said: Option<StopCause>,
) -> Verdict {
    let nothing = || Verdict::new(BayEvent::NothingIsDue, Told::that(message)).hint(TAKE_OUT);
    let verdict = match code {
        "MissingSignature" | "InvalidSignature" if job.is_none() => {
            Verdict::new(BayEvent::NamesNobody, Told::that(message)).hint(ASK)
        }
        "UnknownJob" => Verdict::new(BayEvent::NamesStranger, Told::that(message)).hint(hint),
        "Canceled" | "Expired" | "Over" | "Returned" => nothing(),
        "OverWithErrors" => nothing().hint(hint).again(Again::Reopened),
        // A sheet is missing, which only a person has: asking again helps nothing.
        "MissingSignature" if said.is_none() => Verdict::held(StopCause::Other, message).hint(hint),
        // Else another station has it, or what a later release says.
        _ => Verdict::held(said.or(cause_of(code)).unwrap_or(StopCause::Other), message)
            .hint(hint)
            .again(Again::Mended),
    };
    verdict.of_job(job)
}

/// What a job waits for by the code of the denial: a server of an earlier release says no more.
fn cause_of(code: &str) -> Option<StopCause> {
    match code {
        "InvalidSignature" => Some(StopCause::SignatureWrong),
        "BucketPermission" => Some(StopCause::BucketRights),
        "Unsupported" => Some(StopCause::ManifestFault),
        "WrongCapacity" => Some(StopCause::CapacityWrong),
        _ => None,
    }
}

fn of_control(error: &ControlError) -> Verdict {
    let text = dock::chain(error);
    if error.may_retry() {
        let told = Told::that(&text).hint("it goes on by itself when the server answers");
        return Verdict::new(BayEvent::Held, told).again(Again::Server);
    }
    let told = Told::that(&text).cause(StopCause::StationTrouble);
    Verdict::new(BayEvent::Failed, told)
        .hint("is the token of this station still in force? `longshore station token NAME` makes a new one")
}

fn of_halt(why: &Halt, cause: StopCause, text: &str) -> Verdict {
    match why {
        Halt::Interrupted => stopped(),
        Halt::Canceled => {
            let told = Told::that("the job was canceled by its owner while it was loaded");
            Verdict::new(BayEvent::NothingIsDue, told).hint(TAKE_OUT)
        }
        Halt::LeaseLost => Verdict::held(cause, text).again(Again::Mended),
        Halt::OnHold => Verdict::held(StopCause::ByOperator, text).again(Again::Mended),
        Halt::Device(_) => Verdict::gone(text),
        Halt::Failing(_) => Verdict::held(cause, text)
            .hint(
                "try another cable or bay. `longshore job resume` loads it as it is; `longshore job finish-without` \
                 ends with what is loaded",
            )
            .again(Again::Mended),
        Halt::Store(_) | Halt::Service(_) => of_store(cause, text),
        Halt::Journal(_) | Halt::Rescue(_) => {
            Verdict::new(BayEvent::Failed, Told::that(text).cause(cause))
        }
    }
}

/// A store that does not answer.
pub(super) fn of_store_away() -> Told {
    Told::that("the store does not answer")
        .cause(StopCause::StoreSilent)
        .hint("it goes on by itself when the store answers")
}

/// A store that does not answer is waited for; what it refuses, somebody has to mend.
fn of_store(cause: StopCause, text: &str) -> Verdict {
    match cause {
        StopCause::StoreSilent => {
            Verdict::new(BayEvent::StoreAway, of_store_away()).again(Again::Store)
        }
        StopCause::StationTrouble => Verdict::new(BayEvent::Failed, Told::that(text).cause(cause)),
        _ => Verdict::held(cause, text).again(Again::Mended),
    }
}

/// It was stopped in order.
pub(super) fn stopped() -> Verdict {
    let told = Told::that("it was stopped").cause(StopCause::Interrupted);
    Verdict::new(BayEvent::Stopped, told)
        .hint("what is done is kept; plug it in again or have it loaded to go on")
}

/// A fragment as a sentence.
pub(super) fn sentence(fragment: &str) -> String {
    let mut letters = fragment.trim_end().chars();
    let mut text: String = letters
        .next()
        .map(|first| first.to_uppercase().collect())
        .unwrap_or_default();
    text.push_str(letters.as_str());
    if !text.is_empty() && !text.ends_with(['.', '?', '!']) {
        text.push('.');
    }
    text
}

#[cfg(test)]
#[path = "told_tests.rs"]
mod tests;
