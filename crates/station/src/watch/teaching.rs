//! Finds out which port a bay is: whatever is plugged in next is plugged into it.

use std::collections::BTreeSet;

use crate::port::PortId;
use crate::watch::{LeftAlone, Medium, MediumId};

/// Ports that were learned so far.
#[derive(Debug)]
pub struct Teaching {
    known: BTreeSet<MediumId>,
    ports: Vec<PortId>,
}

impl Teaching {
    /// Begins with what is there before.
    #[must_use]
    pub fn begin(media: &[Medium]) -> Self {
        Self {
            known: media.iter().map(Medium::id).collect(),
            ports: Vec::new(),
        }
    }

    /// Hears what is plugged in at the moment, and says which port is new.
    pub fn hear(&mut self, media: &[Medium]) -> Option<PortId> {
        let known = std::mem::replace(&mut self.known, media.iter().map(Medium::id).collect());
        let plugged = media
            .iter()
            .find(|it| !known.contains(&it.id()) && is_plugged(it));
        let port = plugged.map(|medium| medium.port.clone());
        let new = port.filter(|port| !self.ports.contains(port))?;
        self.ports.push(new.clone());
        Some(new)
    }

    /// All ports that were learned, in the order in which they were.
    #[must_use]
    pub fn ports(&self) -> &[PortId] {
        &self.ports
    }
}

/// Whether it is something that somebody plugs in, whoever has it by now.
fn is_plugged(medium: &Medium) -> bool {
    match &medium.left_alone {
        None
        | Some(
            LeftAlone::Used(_) | LeftAlone::NoBay | LeftAlone::OtherImage | LeftAlone::NotKnown(_),
        ) => true,
        Some(LeftAlone::Hidden | LeftAlone::Made | LeftAlone::ThereBefore) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn medium(name: &str, diskseq: u64, port: &str, left_alone: Option<LeftAlone>) -> Medium {
        Medium {
            name: name.into(),
            path: format!("/dev/{name}").into(),
            port: PortId::new(port).unwrap(),
            diskseq: Some(diskseq),
            laid: None,
            bytes: 1,
            is_removable: true,
            left_alone,
        }
    }

    #[test]
    fn the_port_is_that_of_what_is_plugged_in_next() {
        let system = medium("sda", 1, "ata", Some(LeftAlone::ThereBefore));
        let memory = medium("zram0", 9, "memory", Some(LeftAlone::Made));
        let fast = medium("sdb", 2, "usb3-2", None);
        let slow = medium("sdb", 3, "usb2-5", Some(LeftAlone::NoBay));
        let mut teaching = Teaching::begin(std::slice::from_ref(&system));
        let mut hear = |media: &[&Medium]| {
            let media: Vec<Medium> = media.iter().copied().cloned().collect();
            teaching.hear(&media).map(String::from)
        };
        assert_eq!(hear(&[&system, &memory]), None);
        assert_eq!(hear(&[&system, &memory, &fast]).as_deref(), Some("usb3-2"));
        assert_eq!(hear(&[&system, &fast]), None);
        assert_eq!(hear(&[&system, &slow]).as_deref(), Some("usb2-5"));
        assert_eq!(hear(&[&system]), None);
        let again = medium("sdc", 4, "usb3-2", None);
        assert_eq!(hear(&[&system, &again]), None, "it is known");
        assert_eq!(teaching.ports().len(), 2);
    }
}
