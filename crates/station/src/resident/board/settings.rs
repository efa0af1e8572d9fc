//! The settings are others than before: bays come, go, and have other names.

use model::bay::{BayName, BayState, PortId};

use super::{Board, Rules};
use crate::resident::bay::{Bay, Now};
use crate::resident::places::Places;
use crate::watch::Others;

impl Board {
    /// Goes by other settings from now on. What is done with a device goes on as it was begun; its bay follows when that
    /// is over.
    pub(super) fn go_by(&mut self, places: Places, rules: Rules, now: Now) {
        self.rules = rules;
        self.places = places;
        self.is_behind = true;
        let standing = self.places.standing();
        let missing = standing.filter(|(name, _)| !self.bays.iter().any(|bay| bay.name == **name));
        let missing = missing.map(|(name, port)| Bay::empty(name.clone(), port.clone(), now));
        let missing: Vec<Bay> = missing.collect();
        self.bays.extend(missing);
        self.follow(now);
    }

    /// Lets the bays follow of which something was done when the settings changed, as far as that is over.
    pub(super) fn follow(&mut self, now: Now) {
        if !self.is_behind {
            return;
        }
        let others = self.visits().filter(|(bay, _)| !self.is_as_set(bay));
        let others = others.map(|(bay, visit)| (is_busy(bay), visit.id));
        let (busy, free): (Vec<_>, Vec<_>) = others.partition(|(is_busy, _)| *is_busy);
        self.is_behind = !busy.is_empty();
        for (_, visit) in free {
            let Some(index) = self.bays.iter().position(|bay| bay.has(visit)) else {
                continue;
            };
            match self.other_name(index) {
                Some(name) => self.rename(index, &name, now),
                None => {
                    let name = self.bays[index].name.clone();
                    tracing::info!(bay = %name, "is no bay any more");
                    self.vanish(index, now);
                }
            }
        }
        let places = self.places.clone();
        self.bays.sort_by_key(|bay| places.position(&bay.name));
        // What is present already may be in a bay by now.
        self.see_new(now);
    }

    /// The ports that are to be watched: those of the settings, and those of bays that do not follow them yet.
    pub(in crate::resident) fn ports(&self) -> (Vec<PortId>, Others) {
        let late = self.bays.iter().filter(|bay| !self.is_as_set(bay));
        let late = late.map(|bay| bay.port.clone());
        let ports = self.places.ports().cloned().chain(late).collect();
        let others = match self.places.is_empty() {
            true => Others::TakeNew,
            false => Others::LeaveAlone,
        };
        (ports, others)
    }

    /// Whether a bay is what the settings say of its port; one without a device goes by itself, or stays for what is
    /// missing from it.
    fn is_as_set(&self, bay: &Bay) -> bool {
        let medium = bay.visit.as_ref().map(|visit| &visit.medium);
        medium.is_none_or(|medium| self.places.is_name_of(&bay.name, &medium.port))
    }

    /// What a bay is called by now that has a device. A name that another has goes to it, unless that leaves it now too.
    fn other_name(&self, index: usize) -> Option<BayName> {
        let port = &self.bays[index].visit.as_ref()?.medium.port;
        self.places.name_for(port, |name| {
            let mut bays = self.bays.iter().enumerate();
            bays.any(|(other, bay)| {
                let stays = self.is_as_set(bay) || is_busy(bay);
                other != index && bay.name == *name && bay.visit.is_some() && stays
            })
        })
    }

    fn rename(&mut self, index: usize, name: &BayName, now: Now) {
        let before = std::mem::replace(&mut self.bays[index].name, name.clone());
        tracing::info!(bay = %before, other = %name, "has another name");
        // In the place of the empty one of that name.
        let renamed = self.bays[index].visit.as_ref().map(|visit| visit.id);
        self.bays.retain(|bay| {
            let is_it = bay.visit.as_ref().map(|visit| visit.id) == renamed;
            is_it || bay.name != *name || bay.visit.is_some()
        });
        let is_there = self.bays.iter().any(|bay| bay.name == before);
        let mut standing = self.places.standing();
        let fresh = standing.find(|(name, _)| **name == before && !is_there);
        let fresh = fresh.map(|(name, port)| Bay::empty(name.clone(), port.clone(), now));
        self.bays.extend(fresh);
    }
}

/// Whether something is done with the device in a bay, or somebody is about to take it out.
fn is_busy(bay: &Bay) -> bool {
    let is_done_with = bay.state == BayState::SafeToRemove;
    let is_busy = bay.visit.as_ref().is_some_and(|it| it.busy.is_some());
    is_done_with || is_busy || bay.state.is_at_work()
}
