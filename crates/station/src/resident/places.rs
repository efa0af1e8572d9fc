//! Which bay a port is.

use model::bay::{BayName, PortId};

/// Bays at a time: more than any host has sockets for, and what they tell stays within one heartbeat.
pub const MAX_BAYS: usize = 64;

/// A bay that has a name: what stands on its sticker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBay {
    /// Its name.
    pub name: BayName,
    /// The ports that it is: one socket is one port for each revision of USB.
    pub ports: Vec<PortId>,
}

/// The bays that have names. Where none has, every port is a bay of its own name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Places(Vec<NamedBay>);

impl Places {
    pub(super) fn new(named: Vec<NamedBay>) -> Self {
        Self(named)
    }

    /// The bays that are there also while nothing is in them, each with the first of its ports.
    pub(super) fn standing(&self) -> impl Iterator<Item = (&BayName, &PortId)> {
        let bays = self.0.iter();
        bays.filter_map(|bay| Some((&bay.name, bay.ports.first()?)))
    }

    /// The name of the bay at a port; none if it is no bay.
    fn name(&self, port: &PortId) -> Option<BayName> {
        if self.0.is_empty() {
            return named_by(port);
        }
        let mut bays = self.0.iter();
        let found = bays.find(|bay| bay.ports.contains(port));
        found.map(|bay| bay.name.clone())
    }

    /// The name for a device at a port, where others have the names that `is_taken` says: into a folder any number of
    /// images can be laid.
    pub(super) fn name_for(
        &self,
        port: &PortId,
        is_taken: impl Fn(&BayName) -> bool,
    ) -> Option<BayName> {
        let name = self.name(port)?;
        if !is_taken(&name) {
            return Some(name);
        }
        let mut further =
            (2..=MAX_BAYS).filter_map(|number| BayName::new(format!("{name}.{number}")).ok());
        further.find(|name| !is_taken(name))
    }
}

/// A port as a name: the end of one that is too long.
fn named_by(port: &PortId) -> Option<BayName> {
    let mut letters: Vec<char> = port.as_str().chars().rev().take(190).collect();
    letters.reverse();
    let text: String = letters.into_iter().collect();
    BayName::new(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(text: &str) -> PortId {
        PortId::new(text).unwrap()
    }

    fn name(text: &str) -> BayName {
        BayName::new(text).unwrap()
    }

    fn bench() -> Places {
        Places::new(vec![
            NamedBay {
                name: name("B3"),
                ports: vec![port("usb3-2.4"), port("usb2-5.4")],
            },
            NamedBay {
                name: name("T1"),
                ports: vec![port("folder:/srv/inbox")],
            },
        ])
    }

    #[test]
    fn a_socket_has_one_name_whatever_its_revision_and_another_port_is_no_bay() {
        let bench = bench();
        let free = |_: &BayName| false;
        assert_eq!(bench.name_for(&port("usb2-5.4"), free), Some(name("B3")));
        assert_eq!(bench.name_for(&port("usb3-2.4"), free), Some(name("B3")));
        assert_eq!(bench.name_for(&port("usb3-9"), free), None);
        let standing: Vec<_> = bench.standing().map(|(name, _)| name.as_str()).collect();
        assert_eq!(standing, ["B3", "T1"]);
    }

    #[test]
    fn without_names_every_port_is_a_bay() {
        let free = |_: &BayName| false;
        let places = Places::default();
        assert_eq!(places.name_for(&port("usb3-9"), free), Some(name("usb3-9")));
        let long = format!("folder:/{}", "x".repeat(900));
        let named = places.name_for(&port(&long), free).unwrap();
        assert_eq!(named.as_str().len(), 190);
        assert_eq!(places.standing().count(), 0);
    }

    #[test]
    fn what_lies_beside_another_in_a_folder_has_a_number() {
        let taken = [name("T1"), name("T1.2")];
        let port = port("folder:/srv/inbox");
        let next = bench().name_for(&port, |name| taken.contains(name));
        assert_eq!(next, Some(name("T1.3")));
    }
}
