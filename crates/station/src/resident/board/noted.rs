//! Bays in which nothing is: that something arrives, and that nothing can.

use model::bay::{BayEvent, BayState};
use model::readable;

use super::Board;
use crate::resident::bay::{Bay, Now};
use crate::resident::told::Told;
use crate::watch::PortNote;

/// Characters of a name that are shown.
const NAME_CHARS: usize = 40;

impl Board {
    /// Tells of every bay without a device what is to be known of its ports.
    pub(super) fn tell_of_notes(&mut self, now: Now) {
        let notes = &self.notes;
        for bay in &mut self.bays {
            // What has gone while it was at work is graver.
            if bay.visit.is_some() || !matches!(bay.state, BayState::Empty | BayState::Failed) {
                continue;
            }
            let of_ports = self.places.ports_of(&bay.name);
            let of_bay: Vec<&PortNote> = of_ports.filter_map(|port| notes.get(port)).collect();
            let fault = of_bay
                .iter()
                .find(|note| matches!(note, PortNote::Unusable(_)));
            tell(bay, fault.or(of_bay.first()).copied(), now);
        }
    }
}

fn tell(bay: &mut Bay, note: Option<&PortNote>, now: Now) {
    match note {
        Some(PortNote::Unusable(why)) => {
            let told = Told::that(&why.to_string()).hint(why.remedy());
            bay.happen(BayEvent::Unusable, told, now);
        }
        Some(PortNote::Arriving { name, still_for }) => {
            let (name, seconds) = (readable::name(name, NAME_CHARS), still_for.as_secs());
            let text = format!(
                "`{name}` is arriving: it is looked at when it has stood still for {seconds} seconds and nobody writes to it"
            );
            bay.happen(BayEvent::Vanished, Told::that(&text), now);
        }
        None => {
            let told = Told::that("nothing is plugged in");
            bay.happen(BayEvent::Vanished, told, now);
        }
    }
}
