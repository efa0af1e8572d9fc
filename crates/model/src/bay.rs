//! A bay, the place where a disk is plugged in, and what is going on there: its states, what moves it from one to
//! another, and what a person is told of it.
//!
//! A bay's state follows its device and not its job: it ends none, and what it forgets the job's journal knows. Nothing
//! leads out of a state in which a person has to do something but that person or a disk that is taken out.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::device::DeviceFacts;
use crate::handling::Failing;
use crate::ids::JobId;
pub use crate::ids::{BayName, PortId};
use crate::live_map::LiveMap;
use crate::loading::Figures;
use crate::readable;
use crate::stopped::StopCause;
use crate::time::Timestamp;

/// Most characters of a sentence or a hint that a bay tells: four lines of a terminal.
const TOLD_CHARS: usize = 320;

/// Most characters of what a device is called here, which may be a file's name.
const MEDIUM_CHARS: usize = 40;

/// What is going on in a bay. The names are stable words for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BayState {
    /// Nothing is plugged in.
    Empty,
    /// Something was plugged in.
    Seen,
    /// It is being found out whose it is.
    Looking,
    /// It does not say whose it is.
    Unknown,
    /// It says that it is of a job that this installation does not have.
    NotOurs,
    /// Its job is canceled, expired, over or returned: nothing is to be done with it.
    NothingToLoad,
    /// Something stands in the way that somebody can mend.
    Held,
    /// It can be loaded when somebody says so.
    Ready,
    /// It is loaded as soon as others are done.
    Queued,
    /// It is being loaded, or filled.
    Loading,
    /// What is in the store is read back and compared.
    ReadingBack,
    /// The report is made and delivered.
    Reporting,
    /// It is being erased, after its job.
    Erasing,
    /// The job is over and its report is delivered.
    Done,
    /// It may be taken out.
    SafeToRemove,
    /// It has gone while it was at work and may come back at once, as after a reset of its bus.
    Reconnecting,
    /// It was pulled out while it was at work.
    PulledOut,
    /// The store does not answer; it goes on by itself.
    WaitingForStore,
    /// Somebody stopped it.
    Stopped,
    /// It cannot go on.
    Failed,
    /// What a newer release says.
    #[serde(other)]
    Other,
}

/// What happens to a bay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BayEvent {
    /// A device is there that was not: a new one, another one, or the same again.
    Appeared,
    /// The device is gone. One that we have taken from the kernel ourselves, to make it safe, is not.
    Vanished,
    /// A look has begun.
    LookBegun,
    /// Nothing on it says whose it is.
    NamesNobody,
    /// It names a job that this installation does not have.
    NamesStranger,
    /// It names a job for which nothing is to be done.
    NothingIsDue,
    /// Whose it is, is known, and it can be loaded.
    Named,
    /// It is to be loaded.
    Queued,
    /// Its job was claimed, and it is at work.
    Begun,
    /// All is sent, and is now read back.
    ReadBackBegun,
    /// Nothing is left but the report.
    ReportBegun,
    /// It is allowed to be erased, and the next thing is a write.
    EraseBegun,
    /// The report is delivered, or the device is erased.
    Finished,
    /// It cannot go on before somebody has mended something.
    Held,
    /// The store does not answer.
    StoreAway,
    /// The store answers again.
    StoreBack,
    /// It was stopped in order, by a person or since its job was canceled.
    Stopped,
    /// It ended before its end, and nobody can mend that from afar.
    Failed,
    /// The time is over in which a device that has gone may come back by itself.
    SettlingOver,
    /// Its job goes on elsewhere: in another bay or at another station.
    WentOnElsewhere,
    /// Nothing can be laid down there: its folder is missing, or cannot be used. That it can again is told as `Vanished`.
    Unusable,
    /// Nobody has it open any more, and it was taken from the kernel where that can be.
    MadeSafe,
}

/// Something that cannot happen to a bay in its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// There is no device.
    #[error("there is nothing in the bay")]
    NothingThere,
    /// A device is there.
    #[error("there is a device in the bay")]
    Occupied,
    /// A person has to do something first.
    #[error("it waits for a person")]
    WaitsForPerson,
    /// It is at work.
    #[error("it is at work")]
    AtWork,
    /// It is not at work.
    #[error("it is not at work")]
    NotAtWork,
    /// Nothing is left to do with it.
    #[error("it is done with")]
    Over,
    /// It is not one of those that may come back.
    #[error("nothing is expected to come back")]
    NothingExpected,
}

impl BayState {
    /// Every state that this release knows, in the order of the documentation.
    pub const ALL: [Self; 20] = [
        Self::Empty,
        Self::Seen,
        Self::Looking,
        Self::Unknown,
        Self::NotOurs,
        Self::NothingToLoad,
        Self::Held,
        Self::Ready,
        Self::Queued,
        Self::Loading,
        Self::ReadingBack,
        Self::Reporting,
        Self::WaitingForStore,
        Self::Erasing,
        Self::Done,
        Self::SafeToRemove,
        Self::Reconnecting,
        Self::PulledOut,
        Self::Stopped,
        Self::Failed,
    ];

    /// A stable word for machines.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Seen => "seen",
            Self::Looking => "looking",
            Self::Unknown => "unknown",
            Self::NotOurs => "not-ours",
            Self::NothingToLoad => "nothing-to-load",
            Self::Held => "held",
            Self::Ready => "ready",
            Self::Queued => "queued",
            Self::Loading => "loading",
            Self::ReadingBack => "reading-back",
            Self::Reporting => "reporting",
            Self::Erasing => "erasing",
            Self::Done => "done",
            Self::SafeToRemove => "safe-to-remove",
            Self::Reconnecting => "reconnecting",
            Self::PulledOut => "pulled-out",
            Self::WaitingForStore => "waiting-for-store",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Other => "other",
        }
    }

    /// Whether a run is at work for it.
    #[must_use]
    pub fn is_at_work(self) -> bool {
        match self {
            Self::Loading
            | Self::ReadingBack
            | Self::Reporting
            | Self::WaitingForStore
            | Self::Erasing => true,
            Self::Empty
            | Self::Seen
            | Self::Looking
            | Self::Unknown
            | Self::NotOurs
            | Self::NothingToLoad
            | Self::Held
            | Self::Ready
            | Self::Queued
            | Self::Done
            | Self::SafeToRemove
            | Self::Reconnecting
            | Self::PulledOut
            | Self::Stopped
            | Self::Failed
            | Self::Other => false,
        }
    }

    /// Whether a person has to do something before it goes on.
    #[must_use]
    pub fn waits_for_person(self) -> bool {
        match self {
            Self::Unknown
            | Self::NotOurs
            | Self::NothingToLoad
            | Self::Held
            | Self::Ready
            | Self::SafeToRemove
            | Self::PulledOut
            | Self::Stopped
            | Self::Failed => true,
            Self::Empty
            | Self::Seen
            | Self::Looking
            | Self::Queued
            | Self::Loading
            | Self::ReadingBack
            | Self::Reporting
            | Self::WaitingForStore
            | Self::Erasing
            | Self::Done
            | Self::Reconnecting
            | Self::Other => false,
        }
    }

    /// Whether there is no device: none was, or it has gone.
    #[must_use]
    pub fn is_vacant(self) -> bool {
        matches!(self, Self::Empty | Self::Reconnecting | Self::PulledOut)
    }

    /// The state after an event.
    ///
    /// # Errors
    /// [`NotNow`] if it cannot happen in this state; the bay stays as it is.
    pub fn apply(self, event: BayEvent) -> Result<Self, NotNow> {
        match event {
            // Whatever was missed of its predecessor: what is there is what is there.
            BayEvent::Appeared if !self.is_at_work() => Ok(Self::Seen),
            BayEvent::Appeared => Err(NotNow::Occupied),
            BayEvent::Vanished => Ok(self.without_device()),
            BayEvent::SettlingOver if self == Self::Reconnecting => Ok(Self::PulledOut),
            // Time moves nothing else.
            BayEvent::SettlingOver => Err(NotNow::NothingExpected),
            BayEvent::WentOnElsewhere if self.is_vacant() => Ok(Self::Empty),
            BayEvent::WentOnElsewhere => Err(NotNow::Occupied),
            BayEvent::Unusable if matches!(self, Self::Empty | Self::Failed) => Ok(Self::Failed),
            BayEvent::Unusable if self.is_vacant() => Err(NotNow::NothingThere),
            BayEvent::Unusable => Err(NotNow::Occupied),
            _ if self.is_vacant() => Err(NotNow::NothingThere),
            BayEvent::LookBegun => self.idle_to(Self::Looking),
            BayEvent::NamesNobody => self.looked(Self::Unknown),
            BayEvent::NamesStranger => self.looked(Self::NotOurs),
            BayEvent::NothingIsDue => self.found(Self::NothingToLoad),
            BayEvent::Named => self.found(Self::Ready),
            BayEvent::Queued => self.idle_to(Self::Queued),
            BayEvent::Begun => self.begun(),
            BayEvent::ReadBackBegun => self.loading_to(Self::ReadingBack),
            BayEvent::ReportBegun => self.loading_to(Self::Reporting),
            BayEvent::StoreAway => self.loading_to(Self::WaitingForStore),
            BayEvent::StoreBack => self.loading_to(Self::Loading),
            BayEvent::EraseBegun => self.erase_begun(),
            BayEvent::Finished => self.working_to(Self::Done),
            BayEvent::Held => self.open_to(Self::Held),
            BayEvent::Stopped => self.open_to(Self::Stopped),
            BayEvent::Failed => self.open_to(Self::Failed),
            BayEvent::MadeSafe if self.is_at_work() => Err(NotNow::AtWork),
            BayEvent::MadeSafe => Ok(Self::SafeToRemove),
        }
    }

    /// What is left of it when the device is gone.
    fn without_device(self) -> Self {
        match self {
            // What is reported is known.
            Self::Reporting | Self::Reconnecting | Self::PulledOut => self,
            working if working.is_at_work() => Self::Reconnecting,
            _ => Self::Empty,
        }
    }

    /// What can be begun with any device that is not at work and not done with.
    fn idle_to(self, next: Self) -> Result<Self, NotNow> {
        match self {
            working if working.is_at_work() => Err(NotNow::AtWork),
            Self::SafeToRemove => Err(NotNow::Over),
            _ => Ok(next),
        }
    }

    /// What only a look finds.
    fn looked(self, next: Self) -> Result<Self, NotNow> {
        match self {
            Self::Looking => Ok(next),
            working if working.is_at_work() => Err(NotNow::AtWork),
            Self::Done | Self::SafeToRemove => Err(NotNow::Over),
            waiting if waiting.waits_for_person() => Err(NotNow::WaitsForPerson),
            _ => Err(NotNow::NotAtWork),
        }
    }

    /// What a look finds, a person who has scanned its sheet, or the server when the job is claimed.
    fn found(self, next: Self) -> Result<Self, NotNow> {
        match self {
            working if working.is_at_work() => Err(NotNow::AtWork),
            Self::Done | Self::SafeToRemove => Err(NotNow::Over),
            _ => Ok(next),
        }
    }

    /// A queued device is at work; so is one that was tried again, whose hold turns out to be mended.
    fn begun(self) -> Result<Self, NotNow> {
        match self {
            Self::Queued | Self::Held => Ok(Self::Loading),
            Self::Done | Self::SafeToRemove => Err(NotNow::Over),
            working if working.is_at_work() => Err(NotNow::AtWork),
            waiting if waiting.waits_for_person() => Err(NotNow::WaitsForPerson),
            _ => Err(NotNow::NotAtWork),
        }
    }

    /// What only follows of a load.
    fn loading_to(self, next: Self) -> Result<Self, NotNow> {
        match self {
            Self::Erasing => Err(NotNow::AtWork),
            _ => self.working_to(next),
        }
    }

    /// Only a device with which nothing is under way, and nothing due.
    fn erase_begun(self) -> Result<Self, NotNow> {
        match self {
            Self::Unknown
            | Self::NothingToLoad
            | Self::Held
            | Self::Done
            | Self::SafeToRemove
            | Self::Stopped
            | Self::Failed => Ok(Self::Erasing),
            working if working.is_at_work() => Err(NotNow::AtWork),
            waiting if waiting.waits_for_person() => Err(NotNow::WaitsForPerson),
            _ => Err(NotNow::AtWork),
        }
    }

    fn working_to(self, next: Self) -> Result<Self, NotNow> {
        match self {
            working if working.is_at_work() => Ok(next),
            Self::Done | Self::SafeToRemove => Err(NotNow::Over),
            _ => Err(NotNow::NotAtWork),
        }
    }

    /// What can become of any device that is not done with.
    fn open_to(self, next: Self) -> Result<Self, NotNow> {
        match self {
            Self::Done | Self::SafeToRemove => Err(NotNow::Over),
            _ => Ok(next),
        }
    }
}

impl fmt::Display for BayState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl BayEvent {
    /// Every event, in the order of the documentation.
    pub const ALL: [Self; 22] = [
        Self::Appeared,
        Self::Vanished,
        Self::LookBegun,
        Self::NamesNobody,
        Self::NamesStranger,
        Self::NothingIsDue,
        Self::Named,
        Self::Queued,
        Self::Begun,
        Self::ReadBackBegun,
        Self::ReportBegun,
        Self::EraseBegun,
        Self::Finished,
        Self::Held,
        Self::StoreAway,
        Self::StoreBack,
        Self::Stopped,
        Self::Failed,
        Self::SettlingOver,
        Self::WentOnElsewhere,
        Self::Unusable,
        Self::MadeSafe,
    ];
}

/// Why a device is not known by its serial number. Nothing hangs on it, but for the person who compares labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SerialDoubt {
    /// A device in another bay says that it has the same: bridges do.
    NotUnique,
    /// It says none.
    None,
    /// What a newer release says.
    #[serde(other)]
    Other,
}

/// What a bay tells of itself: to a person at a terminal, and to the server with every heartbeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BayStatus {
    /// Which bay.
    pub name: BayName,
    /// Where it is.
    pub port: PortId,
    /// What is going on there.
    pub state: BayState,
    /// Since when.
    pub since: Timestamp,
    /// What that means, for a person, in one sentence.
    pub sentence: String,
    /// What that person can do, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What the kernel calls the device, or the name of the image: shown, and never to be relied on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<String>,
    /// A number that this stay of the medium has and the next medium in the bay has not, as far as the kernel tells them
    /// apart: an order that is given now is of this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stay: Option<u32>,
    /// What is known of the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceFacts>,
    /// What is wrong with its serial number, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<SerialDoubt>,
    /// The job that it belongs to, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
    /// Which attempt at the job it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Why it stands still, where the books of the job have a word for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<StopCause>,
    /// That its device is failing, and how that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<Figures>,
    /// What of the device was read so far, while it is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<LiveMap>,
}

impl BayStatus {
    /// An empty bay, of which there is nothing else to tell.
    #[must_use]
    pub fn empty(name: BayName, port: PortId, since: Timestamp) -> Self {
        Self {
            name,
            port,
            state: BayState::Empty,
            since,
            sentence: "Nothing is plugged in.".to_owned(),
            hint: None,
            medium: None,
            stay: None,
            device: None,
            serial: None,
            job: None,
            attempt: None,
            cause: None,
            failing: None,
            figures: None,
            map: None,
        }
    }

    /// The same in words that fit on a screen and into a heartbeat, whatever disks and their files are called.
    #[must_use]
    pub fn tidied(self) -> Self {
        let tidy = |text: String| readable::sentence(&text, TOLD_CHARS);
        let figures = self.figures.map(|figures| Figures {
            current: figures.current(),
            ..figures
        });
        Self {
            sentence: tidy(self.sentence),
            hint: self.hint.map(tidy),
            medium: self.medium.map(|name| readable::name(&name, MEDIUM_CHARS)),
            // All that is known of it is told where it counts, with a claim and before an erase.
            device: self.device.map(|device| {
                DeviceFacts {
                    maker: device.maker,
                    model: device.model,
                    serial: device.serial,
                    bytes: device.bytes,
                    connector: device.connector,
                    ..DeviceFacts::default()
                }
                .tidied()
            }),
            figures,
            map: self.map.map(LiveMap::tidied),
            ..self
        }
    }
}

#[cfg(test)]
#[path = "bay_tests.rs"]
mod tests;
