//! One bay: its state, what a person is told of it, and the device that is in it.

use std::time::Instant;

use model::bay::{BayEvent, BayName, BayState, BayStatus, PortId};
use model::ids::JobId;
use model::stopped::StopCause;
use model::time::Timestamp;

use super::told::Told;
use super::visit::{Visit, VisitId};

/// Both clocks at one moment: what is told, and what is counted by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    pub(super) at: Timestamp,
    pub(super) instant: Instant,
}

/// A bay.
#[derive(Debug, Clone)]
pub(super) struct Bay {
    pub(super) name: BayName,
    pub(super) port: PortId,
    pub(super) state: BayState,
    since: Timestamp,
    told: Told,
    /// The device that is there.
    pub(super) visit: Option<Visit>,
    /// The job of a device that was pulled out.
    pub(super) missing: Option<JobId>,
    /// Until when a device that has gone may come back by itself.
    pub(super) settles_at: Option<Instant>,
    /// Whether it was taken from the kernel by us: that it is not seen any more says nothing.
    pub(super) is_detached: bool,
}

impl Bay {
    pub(super) fn empty(name: BayName, port: PortId, now: Now) -> Self {
        let told = Told::that("nothing is plugged in");
        Self {
            name,
            port,
            state: BayState::Empty,
            since: now.at,
            told,
            visit: None,
            missing: None,
            settles_at: None,
            is_detached: false,
        }
    }

    /// Whether it is the stay that is there now.
    pub(super) fn has(&self, visit: VisitId) -> bool {
        self.visit.as_ref().is_some_and(|it| it.id == visit)
    }

    /// The job of what is there, or was when it was pulled out.
    pub(super) fn job(&self) -> Option<JobId> {
        self.visit.as_ref().map_or(self.missing, |visit| visit.job)
    }

    /// Lets something happen and says so; what cannot happen in the state changes nothing.
    pub(super) fn happen(&mut self, event: BayEvent, told: Told, now: Now) -> bool {
        let next = match self.next(event) {
            Ok(next) => next,
            Err(why) => {
                tracing::debug!(bay = %self.name, state = %self.state, ?event, %why, "not now");
                return false;
            }
        };
        let is_news = next != self.state || told != self.told;
        if next != self.state {
            self.since = now.at;
        }
        self.state = next;
        self.told = told;
        if is_news {
            self.log();
        }
        true
    }

    /// The state after an event. What was at work, and for which it turns out that nothing is to be done, was stopped
    /// on the way.
    fn next(&self, event: BayEvent) -> Result<BayState, model::bay::NotNow> {
        match event {
            BayEvent::NothingIsDue
            | BayEvent::NamesNobody
            | BayEvent::NamesStranger
            | BayEvent::Named
                if self.state.is_at_work() || self.state.waits_for_person() =>
            {
                let stopped = self.state.apply(BayEvent::Stopped)?;
                stopped.apply(BayEvent::LookBegun)?.apply(event)
            }
            _ => self.state.apply(event),
        }
    }

    /// Tells how far it is, which is no news.
    pub(super) fn tell_again(&mut self, told: Told) {
        self.told = told;
    }

    /// Tells more of it, where nothing happens to it.
    pub(super) fn tell_beside(&mut self, hint: &str) {
        tracing::warn!(bay = %self.name, state = %self.state, "{hint}");
        self.told.hint = Some(hint.to_owned());
    }

    /// What it waits for, as the books of the job have it.
    pub(super) fn cause(&self) -> Option<StopCause> {
        self.told.cause
    }

    /// What is told of it when its device may be taken out.
    pub(super) fn told_of_safe(&self) -> Told {
        let done = match self.state {
            BayState::Done => format!("{} ", self.told.sentence),
            _ => String::new(),
        };
        Told::that(&format!("{done}It may be taken out."))
    }

    /// One line for every change.
    fn log(&self) {
        let job = self.job();
        let medium = self.visit.as_ref().map(|visit| &visit.medium);
        let device = medium.map(|medium| medium.path.display().to_string());
        let (bay, state) = (&self.name, self.state);
        let cause = self.told.cause.map(StopCause::code);
        let job = job.map(|job| job.to_string());
        let text = &self.told.sentence;
        match self.state {
            // One line tells of the store for all that wait for it.
            BayState::WaitingForStore => {
                tracing::debug!(%bay, %state, job, device, cause, "{text}")
            }
            _ => tracing::info!(%bay, %state, job, device, cause, "{text}"),
        }
    }

    /// What is told of it, without figures.
    pub(super) fn status(&self) -> BayStatus {
        let visit = self.visit.as_ref();
        let remarks = visit.map(|visit| visit.remarks.join("; "));
        let remarks = remarks.filter(|text| !text.is_empty());
        let hint = self
            .told
            .hint
            .clone()
            .or(remarks.map(|text| format!("Remark: {}.", text.trim_end_matches('.'))));
        BayStatus {
            state: self.state,
            sentence: self.told.sentence.clone(),
            hint,
            medium: visit.map(|visit| visit.medium.name.clone()),
            stay: visit.map(|visit| visit.medium.stay()),
            device: visit.and_then(|visit| visit.device.clone()),
            job: self.job(),
            cause: self.told.cause,
            failing: visit.and_then(|visit| visit.condition.failing),
            ..BayStatus::empty(self.name.clone(), self.port.clone(), self.since)
        }
        .tidied()
    }
}
