//! Leases that heartbeats carry: each docking says here how far it is, the heartbeats of the station take all of it along,
//! and each docking finds here what its lease has come to.
//!
//! Where no heartbeats are sent, or the server takes none, each docking renews its lease itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::control::{LeaseState, LeaseToken, Renewal};
use model::heartbeat::LeaseAnswer;
use model::ids::JobId;

/// The leases of a station, between its dockings and its heartbeats.
#[derive(Debug, Clone, Default)]
pub(crate) struct Carried(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// How many senders of heartbeats there are.
    senders: u32,
    /// Whether the server has refused heartbeats and taken none since.
    refused: bool,
    kept: BTreeMap<JobId, Kept>,
}

#[derive(Debug)]
struct Kept {
    renewal: Renewal,
    state: Option<LeaseState>,
}

/// Who renews a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The next heartbeat; what the last one said of it, if one did.
    Heartbeat(Option<LeaseState>),
    /// The docking itself.
    Itself,
}

/// As long as this is there, heartbeats carry leases.
#[derive(Debug)]
pub(crate) struct Carrying(Carried);

impl Carried {
    /// Says how far the job of a lease is, and learns who renews it.
    pub(crate) fn say(&self, renewal: Renewal) -> By {
        let mut inner = self.lock();
        let by_heartbeat = inner.senders > 0 && !inner.refused;
        let before = inner.kept.remove(&renewal.job);
        let before = before.filter(|kept| kept.renewal.lease == renewal.lease);
        let state = before.and_then(|kept| kept.state);
        let job = renewal.job;
        inner.kept.insert(job, Kept { renewal, state });
        match by_heartbeat {
            true => By::Heartbeat(state),
            false => By::Itself,
        }
    }

    /// The docking is over: its lease is not renewed any more.
    pub(super) fn forget(&self, job: JobId, lease: &LeaseToken) {
        let mut inner = self.lock();
        // Another docking of the same job may have begun.
        if inner
            .kept
            .get(&job)
            .is_some_and(|kept| kept.renewal.lease == *lease)
        {
            inner.kept.remove(&job);
        }
    }

    /// Whether heartbeats are sent.
    pub(crate) fn is_carrying(&self) -> bool {
        self.lock().senders > 0
    }

    /// Begins to carry leases.
    pub(crate) fn begin(&self) -> Carrying {
        self.lock().senders += 1;
        Carrying(self.clone())
    }

    /// What is to be renewed.
    pub(crate) fn renewals(&self) -> Vec<Renewal> {
        let inner = self.lock();
        inner
            .kept
            .values()
            .map(|kept| kept.renewal.clone())
            .collect()
    }

    /// What an answer says of the leases that were `sent`.
    pub(crate) fn answered(&self, sent: &[Renewal], answers: &[LeaseAnswer]) {
        let mut inner = self.lock();
        inner.refused = false;
        for LeaseAnswer { job, state } in answers {
            let meant = sent.iter().find(|renewal| renewal.job == *job);
            let kept = inner.kept.get_mut(job);
            if let (Some(meant), Some(kept)) = (meant, kept)
                && kept.renewal.lease == meant.lease
            {
                kept.state = Some(*state);
            }
        }
    }

    /// The server takes no heartbeats.
    pub(crate) fn refused(&self) {
        self.lock().refused = true;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Carrying {
    fn drop(&mut self) {
        self.0.lock().senders -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::loading::Figures;

    fn renewal(lease: &str, found: u64) -> Renewal {
        Renewal {
            version: model::control::PROTOCOL_VERSION,
            job: JobId::new("ABCDE").unwrap(),
            lease: LeaseToken(lease.to_owned()),
            figures: Figures {
                found,
                ..Figures::default()
            },
        }
    }

    fn lost() -> LeaseAnswer {
        LeaseAnswer {
            job: JobId::new("ABCDE").unwrap(),
            state: LeaseState::Lost,
        }
    }

    #[test]
    fn a_lease_is_carried_while_heartbeats_are_sent_and_taken() {
        let carried = Carried::default();
        assert_eq!(carried.say(renewal("t1", 1)), By::Itself);
        let carrying = carried.begin();
        assert_eq!(carried.say(renewal("t1", 2)), By::Heartbeat(None));
        assert_eq!(carried.renewals(), [renewal("t1", 2)]);
        carried.refused();
        assert_eq!(carried.say(renewal("t1", 3)), By::Itself);
        carried.answered(&[], &[]);
        assert_eq!(carried.say(renewal("t1", 4)), By::Heartbeat(None));
        drop(carrying);
        assert_eq!(carried.say(renewal("t1", 5)), By::Itself);
        carried.forget(renewal("t1", 0).job, &LeaseToken("t1".to_owned()));
        assert_eq!(carried.renewals(), []);
    }

    /// The device was pulled out and docked again while the answer was on its way.
    #[test]
    fn what_is_said_of_a_lease_is_not_said_of_the_next() {
        let carried = Carried::default();
        let _carrying = carried.begin();
        carried.say(renewal("t1", 1));
        let sent = carried.renewals();
        carried.say(renewal("t2", 1));
        carried.answered(&sent, &[lost()]);
        assert_eq!(carried.say(renewal("t2", 2)), By::Heartbeat(None));
        carried.forget(sent[0].job, &sent[0].lease);
        assert_eq!(carried.renewals(), [renewal("t2", 2)]);
        let sent = carried.renewals();
        carried.answered(&sent, &[lost()]);
        let state = Some(LeaseState::Lost);
        assert_eq!(carried.say(renewal("t2", 3)), By::Heartbeat(state));
    }
}
