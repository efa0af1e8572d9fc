//! What a person wants of a bay.

use model::bay::{BayEvent, BayName, BayState};

use super::{Act, Board, look};
use crate::resident::bay::Now;
use crate::resident::told::Told;
use crate::resident::visit::{Busy, Wish};

/// What a person wants of a bay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Look again whose it is.
    Look,
    /// Load it, as it is, and before others that wait.
    Load,
    /// Stop in order.
    Stop,
    /// Make it safe to be taken out.
    Remove,
}

impl Board {
    /// Does what is wanted, once or twice the same; what cannot be done now is left.
    pub(super) fn ordered(&mut self, name: &BayName, order: Order, now: Now) {
        let Some(bay) = self.bays.iter_mut().find(|bay| bay.name == *name) else {
            tracing::warn!(bay = %name, ?order, "there is no such bay");
            return;
        };
        let (state, bay_name) = (bay.state, bay.name.clone());
        let Some(visit) = bay.visit.as_mut() else {
            tracing::info!(bay = %name, ?order, "there is nothing in the bay");
            return;
        };
        tracing::info!(bay = %bay_name, %state, ?order, "ordered");
        let (id, is_busy) = (visit.id, visit.busy.is_some());
        match order {
            Order::Load if state == BayState::Queued => visit.wish.first = true,
            Order::Load if state == BayState::SafeToRemove => {}
            Order::Look | Order::Load if is_busy || state.is_at_work() => {
                visit.wish.load |= order == Order::Load;
            }
            Order::Look | Order::Load => {
                let load = order == Order::Load;
                visit.wish = Wish {
                    load,
                    first: load,
                    ..Wish::default()
                };
                visit.second_to = None;
                visit.is_retry = false;
                let was_open = std::mem::take(&mut visit.is_open);
                if bay.happen(BayEvent::LookBegun, Told::that("it is being found out whose it is"), now) {
                    if was_open {
                        self.acts.push(Act::Close(id));
                    }
                    self.acts.extend(look(bay));
                }
            }
            Order::Stop | Order::Remove => {
                visit.wish.stop = true;
                visit.wish.remove |= order == Order::Remove;
                match visit.busy {
                    Some(Busy::Docking | Busy::Looking | Busy::Asking) => self.acts.push(Act::Stop(id)),
                    Some(Busy::Freeing) => {}
                    None => self.rest(id, order, now),
                }
            }
        }
    }

    /// Ends the waiting of a device that no thread works on.
    fn rest(&mut self, id: super::VisitId, order: Order, now: Now) {
        let Some(bay) = self.at(id) else {
            return;
        };
        if let Some(visit) = bay.visit.as_mut() {
            visit.due = None;
        }
        if order == Order::Remove {
            return self.free_closed(id);
        }
        let told = Told::that("it was stopped").hint("have it loaded to go on");
        if bay.happen(BayEvent::Stopped, told, now) {
            self.close(id);
        }
    }

    fn free_closed(&mut self, id: super::VisitId) {
        self.close(id);
        self.free(id);
    }
}
