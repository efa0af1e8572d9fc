//! What a bench hears by the answers to its heartbeats: each order has one effect in one process, and what was carried out by
//! one that ends in order is known to the server.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::bay::BayStatus;
use model::heartbeat::MendedJob;
use model::ids::{JobId, OrderId};
use model::order::{Order, OrderOutcome};
use model::other_disk::OtherDisk;
use station::heartbeat::Heart;
use station::resident::Bench;

use crate::attempt::Attempt;

/// Stands between heartbeats and a bench.
pub(super) struct Ears {
    bench: Arc<Bench>,
    attempt: Arc<Attempt>,
    carried_out: Mutex<BTreeSet<OrderId>>,
}

impl Ears {
    pub(super) fn of(bench: &Arc<Bench>, attempt: &Arc<Attempt>) -> Self {
        Self {
            bench: Arc::clone(bench),
            attempt: Arc::clone(attempt),
            carried_out: Mutex::default(),
        }
    }

    /// The orders that were carried out.
    pub(super) fn carried_out(&self) -> BTreeSet<OrderId> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<OrderId>> {
        self.carried_out
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[deny(clippy::missing_trait_methods)]
impl Heart for Ears {
    fn statuses(&self) -> Vec<BayStatus> {
        Heart::statuses(&*self.bench)
    }

    fn others(&self) -> Vec<OtherDisk> {
        self.bench.others()
    }

    fn mended(&self, jobs: Vec<MendedJob>) {
        self.bench.mended(jobs);
    }

    fn erasable(&self, jobs: Vec<JobId>) {
        self.bench.erasable(jobs);
    }

    fn order(&self, order: &Order) -> OrderOutcome {
        let Order { id, bay, verb, .. } = order;
        if !self.lock().insert(id.clone()) {
            let diary = &self.attempt.diary;
            diary.violation(format_args!("order {id} is carried out twice"));
        }
        let outcome = Heart::order(&*self.bench, order);
        self.attempt
            .note(format_args!("{verb} in {bay} is ordered: {outcome:?}"));
        outcome
    }
}
