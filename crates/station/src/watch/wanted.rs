//! Which ports are bays, as that may be said anew while a host is watched.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::port::PortId;

/// What becomes of disks at ports that are no bays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// Those that can be taken out are taken if they were plugged in after the start.
    TakeNew,
    /// They are left alone.
    LeaveAlone,
}

/// The ports that a watch goes by. All copies are one: what is said to one of them the watch hears within moments.
#[derive(Debug, Clone)]
pub struct WantedPorts(Arc<Mutex<Said>>);

/// What was said, and how often something else was said before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) times: u64,
    pub(super) ports: Vec<PortId>,
    pub(super) others: Others,
}

impl WantedPorts {
    /// These ports, in any order.
    pub(super) fn new(ports: Vec<PortId>, others: Others) -> Self {
        let said = Said {
            times: 0,
            ports: in_order(ports),
            others,
        };
        Self(Arc::new(Mutex::new(said)))
    }

    /// From now on these are. What is the same changes nothing.
    pub fn say(&self, ports: Vec<PortId>, others: Others) {
        let ports = in_order(ports);
        let mut said = self.lock();
        if said.ports != ports || said.others != others {
            *said = Said {
                times: said.times + 1,
                ports,
                others,
            };
        }
    }

    /// What was said last.
    pub(super) fn said(&self) -> Said {
        self.lock().clone()
    }

    /// Whether something else was said since.
    pub(super) fn is_other_than(&self, times: u64) -> bool {
        self.lock().times != times
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn in_order(mut ports: Vec<PortId>) -> Vec<PortId> {
    ports.sort();
    ports.dedup();
    ports
}
