//! Devices come and go.

use model::bay::{BayEvent, BayState};

use super::{Act, Board};
use crate::resident::bay::{Bay, Now};
use crate::resident::places::MAX_BAYS;
use crate::resident::told::Told;
use crate::resident::visit::{Busy, Visit, VisitId};
use crate::watch::Medium;

impl Board {
    /// Takes in what is present.
    pub(super) fn present(&mut self, media: Vec<Medium>, now: Now) {
        self.leave_alone(&media);
        let ours = media.into_iter().filter(|it| it.left_alone.is_none());
        self.media = ours.collect();
        self.follow_written(now);
        self.let_go(now);
        self.see_new(now);
    }

    /// Gives a bay to everything that is present and in none.
    pub(super) fn see_new(&mut self, now: Now) {
        for medium in self.media.clone() {
            if !self
                .visits()
                .any(|(_, visit)| is_same(&medium, &visit.medium))
            {
                self.appear(medium, now);
            }
        }
    }

    /// Compares what is in the bays with what is present. What is being reported needs no device any more.
    pub(super) fn let_go(&mut self, now: Now) {
        for index in 0..self.bays.len() {
            let bay = &self.bays[index];
            let is_gone = bay.visit.as_ref().is_some_and(|visit| {
                !self
                    .media
                    .iter()
                    .any(|medium| is_same(medium, &visit.medium))
            });
            let is_written = bay.visit.as_ref().is_some_and(|it| it.written.is_some());
            if is_gone && !is_written && bay.state != BayState::Reporting {
                self.vanish(index, now);
            }
        }
    }

    fn appear(&mut self, medium: Medium, now: Now) {
        let is_taken = |name: &_| {
            self.bays
                .iter()
                .any(|bay| bay.name == *name && bay.visit.is_some())
        };
        let Some(name) = self.places.name_for(&medium.port, is_taken) else {
            return;
        };
        let index = match self.bays.iter().position(|bay| bay.name == name) {
            Some(index) => index,
            None if self.bays.len() < MAX_BAYS => {
                self.bays.push(Bay::empty(name, medium.port.clone(), now));
                self.bays.len() - 1
            }
            None => {
                if !std::mem::replace(&mut self.is_crowded, true) {
                    let device = medium.path.display();
                    tracing::warn!(%device, "left alone: there are {MAX_BAYS} bays already");
                }
                return;
            }
        };
        self.next_visit += 1;
        let bay = &mut self.bays[index];
        bay.port = medium.port.clone();
        bay.visit = Some(Visit::new(VisitId(self.next_visit), medium, now.instant));
        bay.missing = None;
        bay.settles_at = None;
        bay.is_detached = false;
        bay.happen(
            BayEvent::Appeared,
            Told::that("something was plugged in"),
            now,
        );
    }

    pub(super) fn vanish(&mut self, index: usize, now: Now) {
        let bay = &mut self.bays[index];
        let Some(visit) = bay.visit.take() else {
            return;
        };
        if bay.is_detached {
            return;
        }
        if bay.state.is_at_work() {
            self.noted.reset(&bay.name);
            bay.missing = visit.job;
            bay.settles_at = Some(now.instant + self.rules.settle);
            if let Some(job) = visit.job {
                self.returns.gone(job, now.instant);
            }
            let told = told_of_gone(&visit);
            bay.happen(BayEvent::Vanished, told, now);
        } else {
            bay.happen(BayEvent::Vanished, Told::that("nothing is plugged in"), now);
            self.let_second_go_on(visit.id);
        }
        self.leave(&visit);
    }

    /// Ends what is done with a device that has gone.
    fn leave(&mut self, visit: &Visit) {
        match visit.busy {
            Some(busy) => {
                match busy {
                    Busy::Docking => drop(self.leaving.insert(visit.id, visit.job)),
                    Busy::Looking | Busy::Asking | Busy::Erasing | Busy::Freeing => {
                        self.abandoned.insert(visit.id);
                    }
                }
                self.acts.push(Act::Abandon(visit.id));
            }
            None => self.acts.push(Act::Close(visit.id)),
        }
    }

    /// Devices that did not come back were pulled out; bays that nobody has named go with what was in them.
    pub(super) fn settle(&mut self, now: Now) {
        for bay in &mut self.bays {
            if bay.settles_at.is_some_and(|at| at <= now.instant) {
                bay.settles_at = None;
                let told = told_of_pulled_out(bay);
                bay.happen(BayEvent::SettlingOver, told, now);
            }
        }
        let firsts: Vec<VisitId> = self
            .visits()
            .filter_map(|(_, visit)| visit.second_to)
            .filter(|first| !self.bays.iter().any(|bay| bay.has(*first)))
            .collect();
        for first in firsts {
            let still_settles = self
                .bays
                .iter()
                .any(|bay| bay.state == BayState::Reconnecting);
            if !still_settles {
                self.let_second_go_on(first);
            }
        }
        let standing: Vec<_> = self
            .places
            .standing()
            .map(|(name, _)| name.clone())
            .collect();
        self.bays
            .retain(|bay| bay.state != BayState::Empty || standing.contains(&bay.name));
        self.is_crowded &= self.bays.len() >= MAX_BAYS;
    }
}

/// Whether two are one medium, as long as it is plugged in.
fn is_same(one: &Medium, other: &Medium) -> bool {
    one.id() == other.id() && one.port == other.port
}

fn told_of_gone(visit: &Visit) -> Told {
    let text = match visit.job {
        Some(job) => format!(
            "the device of job {job} has gone while it was at work; it may come back at once"
        ),
        None => "the device has gone while it was at work; it may come back at once".to_owned(),
    };
    Told::that(&text)
}

fn told_of_pulled_out(bay: &Bay) -> Told {
    let text = match bay.missing {
        Some(job) => format!("the device of job {job} was pulled out while it was loaded"),
        None => "the device was pulled out while it was at work".to_owned(),
    };
    Told::that(&text)
        .hint("plug it in anywhere, also at another station: it goes on where it stopped")
}
