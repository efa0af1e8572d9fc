//! A device while it is in a bay.

use std::time::Instant;

use model::control::JobFacts;
use model::custody::Custody;
use model::device::DeviceFacts;
use model::handling::{DeviceHealth, Failing};
use model::ids::{JobId, JobType, StationName};
use model::progress::Progress;
use model::signature::SignatureFile;
use model::stopped::{StopCause, Stopped};
use model::time::Timestamp;

use super::again::{Again, Due};
use super::told::Told;
use crate::watch::Medium;

/// One stay of a medium in a bay: the same disk plugged in again is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct VisitId(pub(super) u64);

/// A medium in a bay, and what is done with it.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    /// Which stay.
    pub(super) id: VisitId,
    /// What is there.
    pub(super) medium: Medium,
    /// What is known of it.
    pub(super) device: Option<DeviceFacts>,
    /// Whose it is, where that is known.
    pub(super) job: Option<JobId>,
    /// What a thread does with it.
    pub(super) busy: Option<Busy>,
    /// Whether a look has found what it is, and nothing was done with it since: it is open.
    pub(super) is_open: bool,
    /// When it is tried again.
    pub(super) due: Option<Due>,
    /// Whether what is done is a try after one in vain: the bay is as it was until it succeeds.
    pub(super) is_retry: bool,
    /// What a person has said.
    pub(super) wish: Wish,
    /// Another device of the same job that is in another bay, for which it waits.
    pub(super) second_to: Option<VisitId>,
    /// Since when the device gives no answer: it may have been pulled out a moment before that is seen.
    pub(super) silent_since: Option<Instant>,
    /// Since when the job is not on hold any more for which it was last tried again.
    pub(super) mended: Option<Timestamp>,
    /// What its reader said of the device that a person should know.
    pub(super) remarks: Vec<String>,
    /// When it came, until it is known whose it is.
    pub(super) nameless_since: Option<Instant>,
    /// Whether it was not ejected cleanly.
    pub(super) is_dirty: bool,
    /// The sheet that was scanned for it.
    pub(super) sheet: Option<Sheet>,
    /// Whether it was loaded during this stay.
    pub(super) is_loaded: bool,
    /// Until when an image that we have written to may look like another.
    pub(super) written: Option<Written>,
    /// When it may be asked again by itself whether it is to be erased.
    pub(super) erase_due: Option<Instant>,
    /// The ids of its file systems that are read, as they say them.
    pub(super) file_systems: Vec<String>,
    /// Where the store is that it waits for, if it waits for one and that is known.
    pub(super) store: Option<String>,
    /// Whether it blinks.
    pub(super) is_blinking: bool,
    /// How it is, as far as a docking has seen.
    pub(super) condition: Condition,
}

/// How a device is, as a docking sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Condition {
    /// What it last said of itself.
    pub(super) health: Option<DeviceHealth>,
    /// That it is failing.
    pub(super) failing: Option<Failing>,
}

impl Condition {
    /// The same once it was seen again: a stay has one device, and what was bad of it is not good since it was not tried.
    pub(super) fn seen_again(&mut self, now: Self) {
        self.health = now.health.or(self.health.take());
        self.failing = match (self.failing, now.failing) {
            (Some(before), Some(now)) => Some(Failing {
                says_so: before.says_so || now.says_so,
                bad_ranges: now.bad_ranges.or(before.bad_ranges),
            }),
            (before, now) => now.or(before),
        };
    }
}

/// That an image was written to here, by which it is another for whoever goes by its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// It still is.
    Now,
    /// It was, and is to be seen as it is now before this.
    Until(Instant),
}

/// A sheet that was scanned for a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sheet {
    /// What stands on it.
    pub(super) file: SignatureFile,
    /// Whether the device was looked at as that of another sheet, or of none, when it was scanned.
    pub(super) is_new: bool,
}

/// What a thread does with a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Busy {
    /// It looks whose it is.
    Looking,
    /// It asks the server about the job.
    Asking,
    /// It loads it, or finds out that it may not.
    Docking,
    /// It erases it, or finds out that it may not.
    Erasing,
    /// It takes it from the kernel.
    Freeing,
}

/// What a person has said of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Wish {
    /// It is to be loaded.
    pub(super) load: bool,
    /// It is to be loaded whatever speaks against the device.
    pub(super) as_it_is: bool,
    /// It is the next one.
    pub(super) first: bool,
    /// It is not to be gone on with.
    pub(super) stop: bool,
    /// Once it has stopped it is looked at anew.
    pub(super) anew: bool,
    /// It is to be made safe.
    pub(super) remove: bool,
}

impl Wish {
    /// That it is loaded next.
    pub(super) fn load() -> Self {
        Self {
            load: true,
            first: true,
            ..Self::default()
        }
    }

    /// The same, whatever speaks against the device.
    pub(super) fn as_it_is() -> Self {
        Self {
            as_it_is: true,
            ..Self::load()
        }
    }
}

impl Visit {
    pub(super) fn new(id: VisitId, medium: Medium, now: Instant) -> Self {
        Self {
            id,
            medium,
            device: None,
            job: None,
            busy: None,
            is_open: false,
            due: None,
            is_retry: false,
            wish: Wish::default(),
            second_to: None,
            silent_since: None,
            mended: None,
            remarks: Vec::new(),
            nameless_since: Some(now),
            is_dirty: false,
            sheet: None,
            is_loaded: false,
            written: None,
            erase_due: None,
            file_systems: Vec::new(),
            store: None,
            is_blinking: false,
            condition: Condition::default(),
        }
    }

    /// When it is tried again, if time is all that it waits for. One that is open waits for its turn, unless the server
    /// is yet to be asked about it.
    pub(super) fn due_now(&self) -> Option<Due> {
        let due = self.due.filter(|_| self.busy.is_none())?;
        (!self.is_open || due.what == Again::Server).then_some(due)
    }

    /// Whether it is its turn before another that waits as well: who was asked for first, then who came first.
    pub(super) fn turn(&self) -> (bool, VisitId) {
        (!self.wish.first, self.id)
    }
}

/// What a look found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sight {
    /// The job that the device names.
    pub(super) job: Option<JobId>,
    /// What is known of the device.
    pub(super) device: Option<DeviceFacts>,
    /// Whether it was formatted here to be filled.
    pub(super) is_filled: bool,
    /// The ids of its file systems.
    pub(super) file_systems: Vec<String>,
    /// What is to be known of its volumes.
    pub(super) remarks: Vec<String>,
    /// Whether one of them was not ejected cleanly.
    pub(super) is_dirty: bool,
}

/// What is due for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course {
    /// Its device is loaded.
    Load,
    /// The same, also if it was not ejected cleanly: a person has said so.
    LoadDirty,
    /// It is begun by a person alone, since it writes to the device.
    Export,
    /// Its device is loaded when what is in its way is mended, or another station is done with it: what is told of it
    /// until then.
    Wait(Told),
    /// Nothing, whatever is on the device.
    Nothing,
}

impl Course {
    /// What is due for a job, at the station of this name.
    pub(super) fn of(facts: &JobFacts, station: &StationName) -> Self {
        let elsewhere = facts.held_by.as_ref().filter(|holder| *holder != station);
        let hold = facts.stopped.as_ref().filter(|stopped| stopped.is_held());
        let wait = elsewhere.map(|holder| told_of_elsewhere(facts.job, holder));
        let wait = wait.or_else(|| hold.map(|hold| told_of_hold(facts.job, hold)));
        let is_back = matches!(facts.custody, Custody::Returned { .. });
        match facts.progress {
            _ if is_back => Self::Nothing,
            Progress::Canceled { .. }
            | Progress::Expired { .. }
            | Progress::Finished { .. }
            | Progress::Aborted { .. } => Self::Nothing,
            Progress::Pending | Progress::InProgress { .. } => match facts.job_type {
                JobType::Export => Self::Export,
                JobType::Import => match wait {
                    Some(wait) => Self::Wait(wait),
                    None if facts.as_it_is.contains(&StopCause::Dirty) => Self::LoadDirty,
                    None => Self::Load,
                },
            },
        }
    }
}

fn told_of_elsewhere(job: JobId, holder: &StationName) -> Told {
    Told::that(&format!("job {job} is being done by station `{holder}`"))
}

fn told_of_hold(job: JobId, hold: &Stopped) -> Told {
    Told::that(&format!("job {job} waits. {hold}"))
        .hint("it can be loaded when that is mended")
        .cause(hold.cause)
}
