//! Whose turn it is: what is looked at, loaded and tried again next.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use model::bay::{BayEvent, BayState};

use super::course::told_of_loading;
use super::{Act, Board, look, told_of_turn};
use crate::resident::bay::Now;
use crate::resident::told::Told;
use crate::resident::visit::{Busy, Visit, VisitId};

/// Devices that are looked at at a time: each takes a process that parses it and a list on the station's disk.
const LOOKS_AT_ONCE: usize = 8;

/// The same of devices that have gone while they were looked at: one that gives no answer keeps whoever looks at it for long,
/// and a cable that is loose must not begin a look with every touch.
const ABANDONED_AT_ONCE: usize = 24;

/// How long a device may be silent before it is told that it is: the kernel says that one has gone within a second, a host
/// without its events within two.
const GRACE: Duration = Duration::from_secs(5);

impl Board {
    /// Time passes: begins whatever is due and has room.
    pub(super) fn pass(&mut self, now: Now) {
        self.let_go(now);
        self.follow(now);
        self.tell_of_notes(now);
        self.settle(now);
        self.give_up_silent(GRACE, now);
        self.look_at_new(now);
        self.try_again(now);
        self.load_next(now);
        self.tell_of_stores();
    }

    /// When time alone may change something.
    pub(in crate::resident) fn next_due(&self) -> Option<Instant> {
        let settling = self.bays.iter().filter_map(|bay| bay.settles_at);
        let silent = self.visits().filter_map(|(_, visit)| visit.silent_since);
        let again = self
            .visits()
            .filter_map(|(_, visit)| Some(visit.due_now()?.at));
        settling
            .chain(silent.map(|since| since + GRACE))
            .chain(again)
            .min()
    }

    fn count(&self, busy: Busy) -> usize {
        let doing = self.visits().filter(|(_, visit)| visit.busy == Some(busy));
        doing.count()
    }

    fn look_at_new(&mut self, now: Now) {
        let mut free = self.free_looks();
        for id in self.in_turn(|state, visit| state == BayState::Seen && visit.busy.is_none()) {
            if free == 0 {
                return;
            }
            free -= 1;
            if let Some(bay) = self.bays.iter_mut().find(|bay| bay.has(id)) {
                bay.happen(
                    BayEvent::LookBegun,
                    Told::that("it is being found out whose it is"),
                    now,
                );
                self.acts.extend(look(bay));
            }
        }
    }

    fn try_again(&mut self, now: Now) {
        let is_due =
            |_: BayState, visit: &Visit| visit.due_now().is_some_and(|due| due.at <= now.instant);
        let mut looks = self.free_looks();
        for id in self.in_turn(is_due) {
            let Some(bay) = self.bays.iter_mut().find(|bay| bay.has(id)) else {
                continue;
            };
            let Some(visit) = bay.visit.as_mut() else {
                continue;
            };
            match visit.job {
                // A question costs less than a look, and may be all.
                Some(job) => {
                    visit.busy = Some(Busy::Asking);
                    self.acts.push(Act::Ask(id, job));
                }
                None if looks > 0 => {
                    looks -= 1;
                    self.acts.extend(look(bay));
                }
                None => {}
            }
        }
    }

    /// Looks that may begin.
    fn free_looks(&self) -> usize {
        match self.abandoned.len() {
            0..ABANDONED_AT_ONCE => LOOKS_AT_ONCE.saturating_sub(self.count(Busy::Looking)),
            _ => 0,
        }
    }

    /// Loads that may begin.
    fn free_loads(&self) -> usize {
        let begun = self.count(Busy::Docking) + self.leaving.len();
        self.rules.loads_at_once.saturating_sub(begun)
    }

    fn load_next(&mut self, now: Now) {
        self.tell_of_room(now);
        if self.no_room.is_some() {
            return;
        }
        let leaving: Vec<_> = self.leaving.values().flatten().copied().collect();
        let waits = |state: BayState, visit: &Visit| {
            let is_held_up = visit.job.is_some_and(|job| leaving.contains(&job));
            let has_asked = state == BayState::Queued || visit.is_retry;
            visit.busy.is_none() && visit.is_open && has_asked && !is_held_up
        };
        for id in self.in_turn(waits) {
            if self.free_loads() == 0 {
                return;
            }
            if let Some(bay) = self.bays.iter_mut().find(|bay| bay.has(id))
                && bay.state == BayState::Queued
            {
                let told = told_of_loading(bay.job());
                bay.happen(BayEvent::Begun, told, now);
            }
            self.dock(id);
        }
    }

    /// A station whose own disk is full begins nothing.
    fn tell_of_room(&mut self, now: Now) {
        for bay in &mut self.bays {
            if bay.state != BayState::Queued {
                continue;
            }
            let told = match &self.no_room {
                None => told_of_turn(bay.job()),
                Some(no_room) => no_room.told(),
            };
            bay.happen(BayEvent::Queued, told, now);
        }
    }

    /// One line when a store goes away, however many wait for it, and one when it is back.
    fn tell_of_stores(&mut self) {
        let waiting = self
            .visits()
            .filter(|(bay, _)| bay.state == BayState::WaitingForStore);
        let mut away: BTreeMap<String, usize> = BTreeMap::new();
        for (_, visit) in waiting {
            let store = visit.store.as_deref().unwrap_or("not known");
            *away.entry(store.to_owned()).or_default() += 1;
        }
        for (store, bays) in &away {
            if !self.stores_away.contains(store) {
                tracing::warn!(
                    store,
                    bays,
                    "a store does not answer; what waits for it goes on by itself"
                );
            }
        }
        for store in self.stores_away.iter().filter(|it| !away.contains_key(*it)) {
            tracing::info!(store, "no bay waits for the store any more");
        }
        self.stores_away = away.into_keys().collect();
    }

    /// The stays that something is true of, in the order in which it is their turn.
    fn in_turn(&self, is_it: impl Fn(BayState, &Visit) -> bool) -> Vec<VisitId> {
        let found = self.visits().filter(|(bay, visit)| is_it(bay.state, visit));
        let mut found: Vec<&Visit> = found.map(|(_, visit)| visit).collect();
        found.sort_by_key(|visit| visit.turn());
        found.into_iter().map(|visit| visit.id).collect()
    }
}
