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

    /// The ports of a bay that has a name.
    pub(super) fn ports_of(&self, name: &BayName) -> impl Iterator<Item = &PortId> {
        let bay = self.0.iter().find(|bay| bay.name == *name);
        bay.into_iter().flat_map(|bay| &bay.ports)
    }

    /// All of their ports.
    pub(super) fn ports(&self) -> impl Iterator<Item = &PortId> {
        self.0.iter().flat_map(|bay| &bay.ports)
    }

    /// Whether none has a name.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a bay stands among them; behind all of them if it is none of them.
    pub(super) fn position(&self, name: &BayName) -> usize {
        let position = self.0.iter().position(|bay| bay.name == *name);
        position.unwrap_or(usize::MAX)
    }

    /// Whether a bay is called so for what is at a port: by its name, or as one of several in a folder.
    pub(super) fn is_name_of(&self, name: &BayName, port: &PortId) -> bool {
        let Some(own) = self.name(port) else {
            return false;
        };
        let rest = name.as_str().strip_prefix(own.as_str());
        rest.is_some_and(|rest| {
            let number = rest.strip_prefix('.').and_then(|it| it.parse().ok());
            rest.is_empty() || number.is_some_and(|it: usize| (2..=MAX_BAYS).contains(&it))
        })
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
    fn a_name_is_that_of_its_port_also_with_a_number() {
        let (bench, folder) = (bench(), port("folder:/srv/inbox"));
        for (text, is_its) in [
            ("T1", true),
            ("T1.2", true),
            ("T1.1", false),
            ("T12", false),
        ] {
            assert_eq!(bench.is_name_of(&name(text), &folder), is_its, "{text}");
        }
        assert!(
            !bench.is_name_of(&name("B3"), &port("usb3-9")),
            "it is no bay"
        );
    }

    #[test]
    fn what_lies_beside_another_in_a_folder_has_a_number() {
        let taken = [name("T1"), name("T1.2")];
        let port = port("folder:/srv/inbox");
        let next = bench().name_for(&port, |name| taken.contains(name));
        assert_eq!(next, Some(name("T1.3")));
    }
}
