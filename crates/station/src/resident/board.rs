//! All bays of a station, and what is to be done next: decides, and does nothing.
//!
//! It is told what is present, what was found and what became of dockings, and answers with what is to be done. Time is an
//! argument, so that a day at the bench is a test.

mod course;
mod erasing;
mod noted;
mod orders;
mod others;
mod presence;
mod settings;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crossbeam_channel::Sender;
use model::bay::{BayName, BayStatus, PortId, SerialDoubt};
use model::device::Connector;
use model::disposal::messages::Confirmation;
use model::heartbeat::MendedJob;
use model::ids::JobId;
use model::order::OrderVerb;
use model::other_disk::OtherDisk;
use model::secret::DeviceSecret;
use model::signature::SignatureFile;

pub(super) use erasing::EraseAsked;
pub use orders::NotDone;

use super::bay::{Bay, Now};
use super::figures::Noted;
use super::places::Places;
use super::returns::Returns;
use super::room::NoRoom;
use super::told::{EraseVerdict, Told, Verdict};
use super::visit::{Busy, Condition, Course, Sight, Visit, VisitId};
use crate::dock::Scruples;
use crate::in_bays::InBays;
use crate::watch::{Medium, MediumId, PortNote};

/// What is done by itself, and how much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Whether a device is loaded as soon as it is known whose it is.
    pub auto_load: bool,
    /// Most devices that are loaded at a time.
    pub loads_at_once: usize,
    /// How long a device that has gone may take to come back by itself.
    pub settle: Duration,
    /// Whether a device that was not ejected cleanly holds its job.
    pub hold_dirty: bool,
    /// Most ranges that cannot be read of a device that is not told as failing.
    pub bad_limit: u64,
    /// Whether a device that is failing holds its job.
    pub hold_failing: bool,
}

/// What the board is told.
#[derive(Debug)]
pub(super) enum News {
    /// Everything that is present.
    Present(Vec<Medium>),
    /// What is to be known of ports at which nothing is.
    Noted(BTreeMap<PortId, PortNote>),
    /// What a look found.
    Looked(VisitId, Result<Sight, Box<Verdict>>),
    /// What is due for the job of a device.
    Asked(VisitId, Result<Course, Box<Verdict>>),
    /// What became of a docking.
    Docked(VisitId, Box<Verdict>),
    /// A device was taken from the kernel, or need not be: whether it was.
    Freed(VisitId, Result<bool, String>),
    /// How far a docking is.
    Moved(VisitId, Motion),
    /// The store of a docking answers, of which nothing else is known yet.
    StoreAnswers(VisitId),
    /// The store of a docking, at this address, gives no answer; it is tried again.
    StoreSilent(VisitId, String),
    /// How a device is.
    Examined(VisitId, Condition),
    /// What a person wants.
    Ordered(BayName, OrderVerb, Sender<Result<(), NotDone>>),
    /// Jobs are not on hold any more.
    Mended(Vec<MendedJob>),
    /// A person has scanned the sheet of what is in a bay, which is to be loaded.
    Presented(BayName, SignatureFile, Sender<Result<(), NotDone>>),
    /// A person wants what is in a bay erased, and has said which device it is.
    EraseWanted(BayName, Confirmation, Sender<Result<(), NotDone>>),
    /// A person has typed what opens what is in a bay, which is to be loaded.
    UnlockWanted(BayName, DeviceSecret, Sender<Result<(), NotDone>>),
    /// Devices of these jobs may be asked for without a person.
    Erasable(Vec<JobId>),
    /// The settings are others from now on.
    Settings(Places, Rules),
    /// How far an erasing is, in hundredths.
    ErasingAt(VisitId, u64),
    /// What became of an erasing.
    EraseEnded(VisitId, Box<EraseVerdict>),
    /// A disk does not blink any more; why not, if it cannot.
    Blinked(VisitId, Result<(), String>),
    /// Time has passed.
    Tick,
}

/// How far a docking is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Motion {
    /// Files were found: the store was asked and answers.
    Loading,
    /// All that has no outcome yet is stored, and is being read back.
    ReadingBack,
    /// Every file has its outcome.
    Reporting,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// Find out whose a device is, and keep it open.
    Look(VisitId, Medium),
    /// The same of a device whose sheet was scanned.
    LookAs(VisitId, Medium, SignatureFile),
    /// The same of a device whose encrypted volumes a secret is tried on; perhaps its sheet was scanned too.
    LookUnlocked(VisitId, Medium, Option<SignatureFile>, DeviceSecret),
    /// Ask the server what is due.
    Ask(VisitId, JobId),
    /// Claim the job of a device that is open, and do it.
    Dock(VisitId),
    /// End what is done with a device, since it has gone.
    Abandon(VisitId),
    /// End what is done with a device, since a person said so.
    Stop(VisitId),
    /// Close a device that is open.
    Close(VisitId),
    /// Ask whether a device may be erased, and erase it.
    Erase(VisitId, Medium, EraseAsked),
    /// Take a device from the kernel.
    Free(VisitId, Medium),
    /// Let a disk blink; whatever else is done with it ends that.
    Blink(VisitId, Medium),
    /// Let it not blink any more.
    Dim(VisitId),
}

impl Act {
    /// With which stay something is to be done.
    pub(super) fn visit(&self) -> VisitId {
        match self {
            Self::Look(visit, _)
            | Self::LookAs(visit, ..)
            | Self::LookUnlocked(visit, ..)
            | Self::Ask(visit, _)
            | Self::Dock(visit)
            | Self::Abandon(visit)
            | Self::Stop(visit)
            | Self::Close(visit)
            | Self::Erase(visit, ..)
            | Self::Free(visit, _)
            | Self::Blink(visit, _)
            | Self::Dim(visit) => *visit,
        }
    }
}

/// All bays.
#[derive(Debug)]
pub(super) struct Board {
    places: Places,
    rules: Rules,
    bays: Vec<Bay>,
    /// What is present that may be in a bay.
    media: Vec<Medium>,
    /// What is to be known of ports at which nothing is.
    notes: BTreeMap<PortId, PortNote>,
    /// What is present and left alone.
    others: BTreeMap<MediumId, OtherDisk>,
    next_visit: u64,
    /// Dockings whose devices have gone, until they have ended.
    leaving: BTreeMap<VisitId, Option<JobId>>,
    /// What else is done with devices that have gone, until it has ended.
    abandoned: BTreeSet<VisitId>,
    returns: Returns,
    /// That the station's own disk has no room for what a docking keeps there, if so.
    no_room: Option<NoRoom>,
    /// Whether some bay does not follow the settings yet, since something is done with its device.
    is_behind: bool,
    /// The stores that bays wait for.
    stores_away: BTreeSet<String>,
    is_crowded: bool,
    noted: Noted,
    acts: Vec<Act>,
}

impl Board {
    pub(super) fn new(places: Places, rules: Rules, now: Now) -> Self {
        let standing = places.standing();
        let bays = standing.map(|(name, port)| Bay::empty(name.clone(), port.clone(), now));
        Self {
            bays: bays.collect(),
            media: Vec::new(),
            notes: BTreeMap::new(),
            others: BTreeMap::new(),
            places,
            rules,
            next_visit: 0,
            leaving: BTreeMap::new(),
            abandoned: BTreeSet::new(),
            returns: Returns::default(),
            no_room: None,
            is_behind: false,
            stores_away: BTreeSet::new(),
            is_crowded: false,
            noted: Noted::default(),
            acts: Vec::new(),
        }
    }

    /// Takes in what has happened, and says what is to be done.
    pub(super) fn hear(&mut self, news: News, no_room: Option<NoRoom>, now: Now) -> Vec<Act> {
        self.no_room = no_room;
        if let News::Looked(visit, _)
        | News::Asked(visit, _)
        | News::Docked(visit, _)
        | News::EraseEnded(visit, _)
        | News::Freed(visit, _) = &news
        {
            self.abandoned.remove(visit);
        }
        match news {
            News::Present(media) => self.present(media, now),
            News::Noted(notes) => self.notes = notes,
            News::Looked(visit, found) => self.looked(visit, found, now),
            News::Asked(visit, course) => self.asked(visit, course, now),
            News::Docked(visit, verdict) => self.docked(visit, *verdict, now),
            News::Freed(visit, freed) => self.freed(visit, freed, now),
            News::Moved(visit, motion) => self.moved(visit, motion, now),
            News::StoreAnswers(visit) => self.store_answers(visit, now),
            News::StoreSilent(visit, store) => self.store_silent(visit, store, now),
            News::Examined(visit, condition) => self.examined(visit, condition),
            News::Ordered(bay, verb, reply) => {
                // Whoever asked may not wait any more.
                let _ = reply.send(self.ordered(&bay, verb, now));
            }
            News::Mended(jobs) => self.mended(&jobs, now),
            News::Presented(bay, sheet, reply) => {
                let _ = reply.send(self.presented(&bay, sheet, now));
            }
            News::EraseWanted(bay, said, reply) => {
                let _ = reply.send(self.erase_wanted(&bay, said));
            }
            News::UnlockWanted(bay, secret, reply) => {
                let _ = reply.send(self.unlock_wanted(&bay, secret, now));
            }
            News::Erasable(jobs) => self.erasable(&jobs, now),
            News::Settings(places, rules) => self.go_by(places, rules, now),
            News::ErasingAt(visit, percent) => self.erasing_at(visit, percent, now),
            News::EraseEnded(visit, verdict) => self.erase_ended(visit, *verdict, now),
            News::Blinked(visit, blinked) => self.blinked(visit, blinked),
            News::Tick => {}
        }
        self.pass(now);
        std::mem::take(&mut self.acts)
    }

    /// What is told of all bays, without figures, with the stay that has them.
    pub(super) fn statuses(&self) -> Vec<(BayStatus, Option<VisitId>)> {
        let bays = self.bays.iter();
        let told = |bay: &Bay| {
            let visit = bay.visit.as_ref();
            let status = BayStatus {
                serial: visit.and_then(|visit| self.doubt(visit)),
                ..bay.status()
            };
            (status, visit.map(|visit| visit.id))
        };
        bays.map(told).collect()
    }

    /// What is wrong with the serial number of a device; images have none, and need none.
    fn doubt(&self, visit: &Visit) -> Option<SerialDoubt> {
        let device = visit.device.as_ref()?;
        if device.connector == Some(Connector::Image) || visit.medium.laid.is_some() {
            return None;
        }
        let Some(serial) = &device.serial else {
            return Some(SerialDoubt::None);
        };
        let has_it = |other: &Visit| {
            let device = other.device.as_ref();
            other.id != visit.id && device.is_some_and(|it| it.serial.as_ref() == Some(serial))
        };
        let mut others = self.visits().map(|(_, other)| other);
        others.any(has_it).then_some(SerialDoubt::NotUnique)
    }

    /// What was counted.
    pub(super) fn noted(&self) -> &Noted {
        &self.noted
    }

    /// How the devices are that are in bays, where anything is known of that.
    pub(super) fn conditions(&self) -> BTreeMap<BayName, Condition> {
        let known = |(bay, visit): (&Bay, &Visit)| {
            let condition = visit.condition.clone();
            (condition != Condition::default()).then(|| (bay.name.clone(), condition))
        };
        self.visits().filter_map(known).collect()
    }

    /// What bays have open, or are about to.
    pub(super) fn in_bays(&self) -> InBays {
        let has = |visit: &Visit| visit.is_open || visit.busy.is_some();
        let visits = self.visits().filter(|(_, visit)| has(visit));
        InBays::of(visits.map(|(bay, visit)| (bay.name.clone(), visit.medium.path.clone())))
    }

    /// For what of its device a stay is held: for nothing, where a person has said that it is loaded as it is.
    pub(super) fn scruples_of(&self, visit: VisitId) -> Scruples {
        let is_as_it_is = self
            .visits()
            .any(|(_, it)| it.id == visit && it.wish.as_it_is);
        match is_as_it_is {
            true => Scruples::default(),
            false => Scruples {
                failing: self.rules.hold_failing.then_some(self.rules.bad_limit),
                dirty: self.rules.hold_dirty,
            },
        }
    }

    /// What the bay is called that has a stay.
    pub(super) fn bay_of(&self, visit: VisitId) -> Option<&BayName> {
        let bay = self.bays.iter().find(|bay| bay.has(visit));
        bay.map(|bay| &bay.name)
    }

    /// The bay that has a stay, with its visit; none if the device has gone meanwhile.
    fn at(&mut self, visit: VisitId) -> Option<&mut Bay> {
        self.bays.iter_mut().find(|bay| bay.has(visit))
    }

    fn visits(&self) -> impl Iterator<Item = (&Bay, &Visit)> {
        let bays = self.bays.iter();
        bays.filter_map(|bay| Some((bay, bay.visit.as_ref()?)))
    }

    /// The stay that is another device of the same job, and has it.
    fn other_of(&self, visit: VisitId, job: JobId) -> Option<(&Bay, &Visit)> {
        self.visits().find(|(bay, it)| {
            it.id != visit && it.job == Some(job) && it.second_to.is_none() && is_wanted(bay)
        })
    }

    fn close(&mut self, visit: VisitId) {
        if let Some(visit) = self.at(visit).and_then(|bay| bay.visit.as_mut()) {
            visit.is_open = false;
        }
        self.acts.push(Act::Close(visit));
    }

    /// Whoever waited for a device of the same job is looked at again.
    fn let_second_go_on(&mut self, first: VisitId) {
        for bay in &mut self.bays {
            if let Some(visit) = bay.visit.as_mut()
                && visit.second_to == Some(first)
            {
                visit.second_to = None;
                visit.due = None;
                self.acts.extend(look(bay));
            }
        }
    }
}

/// Whether the device in a bay is to be loaded, or is.
fn is_wanted(bay: &Bay) -> bool {
    use model::bay::BayState::{Held, Looking, Queued, Ready};
    bay.state.is_at_work() || matches!(bay.state, Held | Looking | Queued | Ready)
}

/// Begins to look at what is in a bay.
fn look(bay: &mut Bay) -> Option<Act> {
    let visit = bay.visit.as_mut()?;
    visit.busy = Some(Busy::Looking);
    visit.is_retry = visit.due.is_some();
    let (id, medium) = (visit.id, visit.medium.clone());
    Some(match &mut visit.sheet {
        None => Act::Look(id, medium),
        Some(sheet) => {
            sheet.is_new = false;
            Act::LookAs(id, medium, sheet.file.clone())
        }
    })
}

/// What is told of a device that is to be loaded.
fn told_of_turn(job: Option<JobId>) -> Told {
    match job {
        Some(job) => Told::that(&format!("job {job} is loaded when it is its turn")),
        None => Told::that("it is loaded when it is its turn"),
    }
}

#[cfg(test)]
#[path = "board_tests.rs"]
mod tests;
