//! What is in a bay is erased, after its job: when a person says which device it is, or by itself where the operator wants
//! that. Whether it may be, the server says; here is only when it is asked.

use std::time::Duration;

use model::bay::{BayEvent, BayName, BayState, NotNow};
use model::disposal::messages::Confirmation;
use model::ids::JobId;

use super::{Act, Board, NotDone};
use crate::resident::bay::{Bay, Now};
use crate::resident::told::{EraseVerdict, Told};
use crate::resident::visit::{Busy, Visit, VisitId, Written};

/// How long an image that was written to may take to be seen as it is then.
const SEEN_WITHIN: Duration = Duration::from_secs(120);

/// How often it is asked by itself about a device that may not be erased yet.
const ASK_EVERY: Duration = Duration::from_secs(600);

/// What the server is asked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resident) struct EraseAsked {
    /// Whose device it is.
    pub(in crate::resident) job: JobId,
    /// What a person said.
    pub(in crate::resident) said: Option<Confirmation>,
    /// Whether it has not left its bay since it was loaded.
    pub(in crate::resident) stayed: bool,
}

impl Board {
    /// A person wants what is in a bay erased.
    pub(super) fn erase_wanted(
        &mut self,
        name: &BayName,
        said: Confirmation,
    ) -> Result<(), NotDone> {
        let bay = self.bays.iter_mut().find(|bay| bay.name == *name);
        let bay = bay.ok_or(NotDone::NoSuchBay)?;
        let (state, is_detached) = (bay.state, bay.is_detached);
        let visit = bay.visit.as_ref().ok_or(NotNow::NothingThere)?;
        tracing::info!(bay = %name, %state, job = %said.job, "to be erased");
        if let Some(other) = visit.job.filter(|job| *job != said.job) {
            return Err(NotDone::MixedUp(other));
        }
        match visit.busy {
            Some(Busy::Erasing) => return Ok(()),
            Some(Busy::Looking | Busy::Asking | Busy::Docking | Busy::Freeing) => {
                return Err(NotNow::AtWork.into());
            }
            None => {}
        }
        if is_detached {
            return Err(NotDone::LetGo);
        }
        state.apply(BayEvent::EraseBegun)?;
        let asked = EraseAsked {
            job: said.job,
            stayed: visit.is_loaded,
            said: Some(said),
        };
        let id = visit.id;
        self.erase(id, asked);
        Ok(())
    }

    /// Devices of these jobs may be asked for without a person: those that were loaded and have stayed.
    pub(super) fn erasable(&mut self, jobs: &[JobId], now: Now) {
        let may_be = |bay: &Bay, visit: &Visit| {
            let is_due = visit.erase_due.is_none_or(|due| due <= now.instant);
            let is_over = matches!(bay.state, BayState::Done | BayState::SafeToRemove);
            is_due && is_over && !bay.is_detached && visit.busy.is_none() && visit.is_loaded
        };
        let due: Vec<(VisitId, JobId)> = self
            .visits()
            .filter(|(bay, visit)| may_be(bay, visit))
            .filter_map(|(_, visit)| Some((visit.id, visit.job?)))
            .filter(|(_, job)| jobs.contains(job))
            .collect();
        for (id, job) in due {
            if let Some(visit) = self.at(id).and_then(|bay| bay.visit.as_mut()) {
                visit.erase_due = Some(now.instant + ASK_EVERY);
            }
            let asked = EraseAsked {
                job,
                said: None,
                stayed: true,
            };
            self.erase(id, asked);
        }
    }

    fn erase(&mut self, id: VisitId, asked: EraseAsked) {
        let is_open = self.at(id).and_then(|bay| bay.visit.as_ref());
        if is_open.is_some_and(|visit| visit.is_open) {
            self.close(id);
        }
        if let Some(visit) = self.at(id).and_then(|bay| bay.visit.as_mut()) {
            visit.busy = Some(Busy::Erasing);
            visit.due = None;
            visit.written = visit.medium.laid.map(|_| Written::Now);
            let act = Act::Erase(id, visit.medium.clone(), asked);
            self.acts.push(act);
        }
    }

    /// It is being erased.
    pub(super) fn erasing_at(&mut self, id: VisitId, percent: u64, now: Now) {
        let Some(bay) = self.at(id) else {
            return;
        };
        let told = Told::that(&format!("it is being erased, {percent} %"))
            .hint("`longshore bay stop` stops it; it can be gone on with");
        match bay.state {
            BayState::Erasing => bay.tell_again(told),
            _ => drop(bay.happen(BayEvent::EraseBegun, told, now)),
        }
    }

    /// It was erased, or not.
    pub(super) fn erase_ended(&mut self, id: VisitId, verdict: EraseVerdict, now: Now) {
        let Some(bay) = self.at(id) else {
            return;
        };
        let Some(visit) = bay.visit.as_mut() else {
            return;
        };
        visit.busy = None;
        visit.written = visit
            .written
            .map(|_| Written::Until(now.instant + SEEN_WITHIN));
        visit.job = visit.job.or(verdict.job);
        let remove = visit.wish.remove;
        let Some(event) = verdict.event else {
            // Nothing was touched: the bay is as it was.
            bay.tell_beside(&verdict.told.sentence);
            return;
        };
        if bay.state != BayState::Erasing {
            let begun = Told::that("it is being erased");
            bay.happen(BayEvent::EraseBegun, begun, now);
        }
        bay.happen(event, verdict.told, now);
        if remove || event == BayEvent::Finished {
            self.free(id);
        }
    }

    /// An image that we write to is another for whoever goes by its dates: it is known by its place until it is seen as it
    /// is afterwards.
    pub(super) fn follow_written(&mut self, now: Now) {
        for bay in &mut self.bays {
            let Some(visit) = bay.visit.as_mut().filter(|it| it.written.is_some()) else {
                continue;
            };
            let place = |medium: &crate::watch::Medium| {
                let laid = medium.laid?;
                Some((medium.port.clone(), laid.device, laid.inode))
            };
            let own = place(&visit.medium);
            let found = self.media.iter().find(|medium| place(medium) == own);
            if let Some(found) = found {
                visit.medium = found.clone();
            }
            match visit.written {
                Some(Written::Until(_)) if found.is_some() => visit.written = None,
                Some(Written::Until(until)) if until <= now.instant => visit.written = None,
                Some(Written::Now | Written::Until(_)) | None => {}
            }
        }
    }
}
