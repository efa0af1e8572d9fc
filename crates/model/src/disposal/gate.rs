//! The gate: whether a device may be erased. A pure function of what is known; nothing else begins an erase.
//!
//! Eight conditions must hold, each of which is broken by things that are named. An erase that was begun and not ended has
//! passed the first six already: it goes on by the journal of the station that began it, if the device is still the one and
//! nothing uses it. Its SIGNATURE is gone by then.

mod identity;

use std::collections::BTreeSet;

use crate::actor::Actor;
use crate::custody::Custody;
use crate::device::DeviceFacts;
use crate::ids::{BucketName, JobId, JobType, ObjectKey, StationName};
use crate::progress::Progress;
use crate::readable;
use crate::time::Timestamp;

use super::messages::{Confirmation, InUse};
use super::rules::{Confirm, Proof, ReleaseRule};
use super::{Disposal, EraseWish, GrantId, Objection};
use crate::signature::SignatureSeen;

pub use identity::{DeviceMark, SERIAL_END_CHARS};

/// Most characters of what others say in a refusal.
const SAID_CHARS: usize = 120;

/// What the gate is asked with: how the job stands, what its report says, and what is in the bay.
#[derive(Debug, Clone, PartialEq)]
pub struct GateFacts {
    /// The job.
    pub job: JobId,
    /// Import or export.
    pub job_type: JobType,
    /// Whether its device is to be erased.
    pub wish: EraseWish,
    /// What became of the data.
    pub progress: Progress,
    /// Where the device is.
    pub custody: Custody,
    /// What became of the device.
    pub disposal: Disposal,
    /// That its account objects.
    pub objection: Option<Objection>,
    /// What the operator has set.
    pub rules: GateRules,
    /// How its report is found in the bucket, now.
    pub report: ReportFound,
    /// Other jobs that are not over, and whose device has the same serial.
    pub others: Vec<JobId>,
    /// What was told of the device when it was loaded.
    pub loaded: Option<DeviceFacts>,
    /// What the customer calls the device.
    pub device_id: Option<String>,
    /// What is in the bay.
    pub bay: BayFacts,
    /// The time that it is at least: an erase cannot be taken back, and no wrong clock begins one.
    pub now: Timestamp,
}

/// What the operator has set, as far as the gate goes by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateRules {
    /// What releases a device.
    pub release: ReleaseRule,
    /// Hours that the manifest's word waits after the report.
    pub hold_hours: u32,
    /// On what every stored line must rest.
    pub requires: Proof,
    /// Who confirms.
    pub confirm: Confirm,
}

/// How the report of a job is found.
#[derive(Debug, Clone, PartialEq)]
pub enum ReportFound {
    /// Nobody has told which files it is made of: an earlier release brought it there.
    NotTold,
    /// The bucket could not be asked.
    NotAsked {
        /// Which.
        bucket: BucketName,
        /// Why.
        why: String,
    },
    /// What was told, and what is there.
    Asked {
        /// Each file, in the order in which they were told.
        files: Vec<(ObjectKey, FileFound)>,
        /// What the form for programs says, where it is the one that was told.
        says: Option<ReportSays>,
    },
}

/// How a file of the report is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileFound {
    /// As it was told.
    AsTold,
    /// With another content.
    Different,
    /// Not.
    Missing,
}

/// What a report says of the whole load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReportSays {
    /// Entries that were stored.
    pub stored: u64,
    /// Of those, the ones that were read back and compared.
    pub read_back: u64,
    /// Entries that were not stored, or not whole.
    pub lost: u64,
    /// Attempts in which the store's word proved nothing, and less than everything was read back.
    pub unproved_attempts: u64,
    /// Whether there are places that the device did not give.
    pub has_bad_ranges: bool,
    /// Whether the whole bucket was compared with this report since, and nothing differed.
    pub is_verified: bool,
    /// Whether something differed when the bucket was compared with this report last.
    pub differs: bool,
}

/// What is in the bay, as its station sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct BayFacts {
    /// Which station asks.
    pub station: StationName,
    /// What the device says of itself.
    pub device: DeviceFacts,
    /// What its SIGNATURE is worth.
    pub signature: SignatureSeen,
    /// What uses it.
    pub in_use: Vec<InUse>,
    /// What a person said at the bay.
    pub confirmation: Option<Confirmation>,
    /// Who said it, as far as the server knows by itself: people with tokens of their own.
    pub persons: Vec<Actor>,
    /// Whether it has not left its bay since it was loaded.
    pub stayed: bool,
    /// The erase that its station has a journal of.
    pub resumes: Option<GrantId>,
}

/// That a device may be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatePass {
    /// Whether an erase goes on that was begun before.
    pub goes_on: bool,
    /// The rule that releases the device, where nobody has said so yet.
    pub releases: Option<ReleaseRule>,
}

/// The eight conditions, by their numbers in the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// 1: it is an import whose device is to be erased.
    Wanted,
    /// 2: the import is finished, and its report lies where it was told.
    Reported,
    /// 3: every stored line rests on a proof.
    Proved,
    /// 4: nothing was lost, or the account has given it up.
    Whole,
    /// 5: the device is released.
    Released,
    /// 6: nobody objects, and no other job waits for the device.
    Unopposed,
    /// 7: the device in the bay is the one that was loaded.
    Same,
    /// 8: nothing uses it, and somebody has said that it is meant.
    Free,
}

impl Condition {
    /// All, in their order.
    pub const ALL: [Self; 8] = [
        Self::Wanted,
        Self::Reported,
        Self::Proved,
        Self::Whole,
        Self::Released,
        Self::Unopposed,
        Self::Same,
        Self::Free,
    ];

    /// Its number.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Wanted => 1,
            Self::Reported => 2,
            Self::Proved => 3,
            Self::Whole => 4,
            Self::Released => 5,
            Self::Unopposed => 6,
            Self::Same => 7,
            Self::Free => 8,
        }
    }
}

/// Why the gate is shut: one thing that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shut {
    /// Which condition it breaks.
    pub condition: Condition,
    /// What is wrong, in a sentence that names it.
    pub sentence: String,
}

/// Whether the device may be erased.
///
/// # Errors
/// Everything that stands against it, in the order of the conditions.
pub fn gate(facts: &GateFacts) -> Result<GatePass, Vec<Shut>> {
    let mut shut = Shuts::default();
    let goes_on = goes_on(facts);
    if !goes_on {
        of_job(facts, &mut shut);
    }
    not_over(facts, &mut shut);
    identity::same(facts, goes_on, &mut shut);
    free(facts, goes_on, &mut shut);
    let releases = match facts.disposal {
        Disposal::Kept => Some(facts.rules.release),
        Disposal::Released(_)
        | Disposal::Erasing { .. }
        | Disposal::Erased { .. }
        | Disposal::EraseFailed { .. }
        | Disposal::Destroyed { .. } => None,
    };
    shut.or(GatePass { goes_on, releases })
}

/// The conditions that the job itself must keep, whatever is in a bay: the first six.
///
/// # Errors
/// Everything that stands against it.
pub fn job_gate(facts: &GateFacts) -> Result<(), Vec<Shut>> {
    let mut shut = Shuts::default();
    of_job(facts, &mut shut);
    shut.or(())
}

fn of_job(facts: &GateFacts, shut: &mut Shuts) {
    wanted(facts, shut);
    reported(facts, shut);
    proved(facts, shut);
    whole(facts, shut);
    released(facts, shut);
    unopposed(facts, shut);
}

/// Whether the station has the journal of the erase that this job is in.
fn goes_on(facts: &GateFacts) -> bool {
    let begun = facts.disposal.begun();
    begun.is_some() && begun == facts.bay.resumes.as_ref()
}

/// What is found against an erase, one after another.
#[derive(Default)]
struct Shuts(Vec<Shut>);

impl Shuts {
    fn add(&mut self, condition: Condition, sentence: impl Into<String>) {
        let sentence = sentence.into();
        self.0.push(Shut {
            condition,
            sentence,
        });
    }

    fn or<T>(self, good: T) -> Result<T, Vec<Shut>> {
        match self.0.is_empty() {
            true => Ok(good),
            false => Err(self.0),
        }
    }
}

fn wanted(facts: &GateFacts, shut: &mut Shuts) {
    let job = facts.job;
    match facts.job_type {
        JobType::Export => shut.add(
            Condition::Wanted,
            format!("Job {job} fills a device: only what was loaded is erased."),
        ),
        JobType::Import if facts.wish.is_wanted() => {}
        JobType::Import if facts.rules.release == ReleaseRule::Aws => {}
        JobType::Import => shut.add(
            Condition::Wanted,
            format!("The manifest of job {job} does not say `eraseDevice: yes`."),
        ),
    }
}

fn reported(facts: &GateFacts, shut: &mut Shuts) {
    let Progress::Finished { .. } = facts.progress else {
        let code = facts.progress.code();
        shut.add(
            Condition::Reported,
            format!("Job {} is not finished, but `{code}`.", facts.job),
        );
        return;
    };
    match &facts.report {
        ReportFound::NotTold => shut.add(
            Condition::Reported,
            "Nobody has told which files the report is made of: an earlier release of the station wrote it.",
        ),
        ReportFound::NotAsked { bucket, why } => {
            let why = readable::name(why, SAID_CHARS);
            let sentence = format!("Bucket `{bucket}` could not be asked for the report: {why}.");
            shut.add(Condition::Reported, sentence);
        }
        ReportFound::Asked { files, says } => {
            for (key, found) in files {
                let what = match found {
                    FileFound::AsTold => continue,
                    FileFound::Different => "is not what was delivered: its SHA-256 differs",
                    FileFound::Missing => "is not in its bucket any more",
                };
                let key = readable::name(key.as_str(), SAID_CHARS);
                shut.add(Condition::Reported, format!("`{key}` of the report {what}."));
            }
            let is_as_told = files.iter().all(|(_, found)| *found == FileFound::AsTold);
            if is_as_told && says.is_none() {
                shut.add(
                    Condition::Reported,
                    "The form of the report for programs is not among what was delivered, or is no report.",
                );
            }
        }
    }
}

/// What the report says, where it is the one that was told.
fn says(facts: &GateFacts) -> Option<&ReportSays> {
    match &facts.report {
        ReportFound::Asked { says, .. } => says.as_ref(),
        ReportFound::NotTold | ReportFound::NotAsked { .. } => None,
    }
}

fn proved(facts: &GateFacts, shut: &mut Shuts) {
    let Some(says) = says(facts) else {
        shut.add(
            Condition::Proved,
            "Without its report nobody knows on what the stored entries rest.",
        );
        return;
    };
    if says.differs {
        let sentence = "When the bucket was compared with this report last, something differed.";
        shut.add(Condition::Proved, sentence);
        return;
    }
    let wanting = match facts.rules.requires {
        Proof::Stored => (says.unproved_attempts > 0).then(|| {
            format!(
                "In {} attempts the store checked no sums, and less than everything was read back.",
                says.unproved_attempts
            )
        }),
        Proof::ReadBack => (says.read_back < says.stored).then(|| {
            format!(
                "Of {} entries that are stored, {} were read back, and `erase.requires` is `read-back`.",
                says.stored, says.read_back
            )
        }),
        Proof::VerifyFull => (!says.is_verified).then(|| {
            "The bucket was not compared with this report in full and without a difference, and `erase.requires` is \
             `verify-full`."
                .to_owned()
        }),
    };
    if let Some(sentence) = wanting {
        shut.add(Condition::Proved, sentence);
    }
}

/// Nothing was lost, or the account has given up exactly so many lines.
fn whole(facts: &GateFacts, shut: &mut Shuts) {
    let Some(says) = says(facts) else {
        shut.add(
            Condition::Whole,
            "Without its report nobody knows whether everything was stored.",
        );
        return;
    };
    if let Progress::Finished { errors, .. } = facts.progress
        && errors != says.lost
    {
        let sentence = format!(
            "The job ended with {errors} errors, and its report has {} lines that were not stored whole.",
            says.lost
        );
        shut.add(Condition::Whole, sentence);
    }
    if says.lost == 0 && !says.has_bad_ranges {
        return;
    }
    let given_up = match &facts.disposal {
        Disposal::Released(release) if release.by_the_account => Some(release.gives_up),
        Disposal::Released(_)
        | Disposal::Kept
        | Disposal::Erasing { .. }
        | Disposal::Erased { .. }
        | Disposal::EraseFailed { .. }
        | Disposal::Destroyed { .. } => None,
    };
    let wrong = match given_up {
        Some(lines) if lines == says.lost => return,
        Some(lines) => format!("The account gives up {lines} lines of the report, and {} were not stored whole.", says.lost),
        None if says.lost > 0 => format!(
            "{} lines of the report were not stored whole: only the account can give them up, by their number.",
            says.lost
        ),
        None => "There are places that the device did not give: only the account can release it, in so many words.".to_owned(),
    };
    shut.add(Condition::Whole, wrong);
}

fn released(facts: &GateFacts, shut: &mut Shuts) {
    match &facts.disposal {
        // A failed erase was released when it was begun.
        Disposal::Released(_) | Disposal::Erasing { .. } | Disposal::EraseFailed { .. } => return,
        // Told below.
        Disposal::Erased { .. } | Disposal::Destroyed { .. } => return,
        Disposal::Kept => {}
    }
    let wrong = match facts.rules.release {
        ReleaseRule::Aws => return,
        ReleaseRule::Customer => {
            "The account has not released the device, and `erase.release` is `customer`.".to_owned()
        }
        ReleaseRule::Manifest => match released_from(facts) {
            Some(from) if from <= facts.now => return,
            Some(from) => format!(
                "The device is released by its manifest at {from}, {} hours after its report.",
                facts.rules.hold_hours
            ),
            None => "The device is released by its manifest only after its report.".to_owned(),
        },
    };
    shut.add(Condition::Released, wrong);
}

/// From when on the manifest's word releases the device.
#[must_use]
pub fn released_from(facts: &GateFacts) -> Option<Timestamp> {
    released_after(&facts.progress, facts.rules.hold_hours)
}

/// The same of a job that stands so.
#[must_use]
pub fn released_after(progress: &Progress, hold_hours: u32) -> Option<Timestamp> {
    match progress {
        Progress::Finished { at, .. } => Some(at.plus_seconds(i64::from(hold_hours) * 3600)),
        Progress::Pending
        | Progress::InProgress { .. }
        | Progress::Aborted { .. }
        | Progress::Canceled { .. }
        | Progress::Expired { .. } => None,
    }
}

fn unopposed(facts: &GateFacts, shut: &mut Shuts) {
    if let Some(Objection { at, because }) = &facts.objection {
        let because = readable::name(because, SAID_CHARS);
        let sentence = format!("The account objects since {at}: {because}");
        shut.add(Condition::Unopposed, sentence);
    }
    for other in &facts.others {
        let sentence = format!("Job {other} is not over, and its device has the same serial.");
        shut.add(Condition::Unopposed, sentence);
    }
}

/// Nothing is erased twice, nor where it is not.
fn not_over(facts: &GateFacts, shut: &mut Shuts) {
    match &facts.disposal {
        Disposal::Erased { at, .. } => {
            shut.add(
                Condition::Released,
                format!("The device was erased at {at}."),
            );
        }
        Disposal::Destroyed { at, .. } => {
            let sentence = format!("The device was destroyed, as was said at {at}.");
            shut.add(Condition::Released, sentence);
        }
        Disposal::Kept
        | Disposal::Released(_)
        | Disposal::Erasing { .. }
        | Disposal::EraseFailed { .. } => {}
    }
}

fn free(facts: &GateFacts, goes_on: bool, shut: &mut Shuts) {
    for used in &facts.bay.in_use {
        shut.add(Condition::Free, used.sentence());
    }
    if goes_on {
        return;
    }
    match (&facts.bay.confirmation, facts.rules.confirm) {
        (Some(said), Confirm::TwoPersons) => {
            identity::confirmed(facts, said, shut);
            // Whoever sits at a station may have its token: that is nobody's own.
            let people = facts.bay.persons.iter();
            let people = people.filter(|actor| matches!(actor, Actor::Person(_)));
            let persons: BTreeSet<String> = people.map(Actor::to_string).collect();
            if persons.len() < 2 {
                shut.add(
                    Condition::Free,
                    "Two persons must confirm it, each with `longshore bay erase`: `erase.confirm` is `two-persons`.",
                );
            }
        }
        (Some(said), Confirm::Person | Confirm::Station) => identity::confirmed(facts, said, shut),
        (None, Confirm::Person | Confirm::TwoPersons) => {
            let sentence = format!(
                "No person has confirmed the job and the end of the device's serial, and `erase.confirm` is `{}`.",
                facts.rules.confirm
            );
            shut.add(Condition::Free, sentence);
        }
        (None, Confirm::Station) if facts.disposal.begun().is_some() => shut.add(
            Condition::Free,
            "An erase was begun whose journal is not here: a person must confirm that it is begun again.",
        ),
        (None, Confirm::Station) if facts.bay.stayed => {}
        (None, Confirm::Station) => shut.add(
            Condition::Free,
            "The device has left its bay since it was loaded: a person must confirm it.",
        ),
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
