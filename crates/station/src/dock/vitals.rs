//! How the device of a docking is while it is docked: what it says of itself, and whether that holds its job.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use disks::device::counted::Reads;
use model::handling::{DeviceHealth, Failing};
use model::stopped::StopCause;
use transfer::stop::Halt;

use super::{Docking, Errand};

/// How often it is looked whether a device is failing.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How often a device is asked how it is while it is docked: what it is asked costs a busy disk some tens of milliseconds,
/// and a disk that is too warm is so for longer.
const ASK_EVERY: Duration = Duration::from_secs(5 * 60);

/// What a device that is docked says of itself, for whoever watches.
#[derive(Debug, Default)]
pub struct Vitals {
    health: Mutex<Option<DeviceHealth>>,
    is_asked: AtomicBool,
}

/// For what of a device its job is held instead of being loaded as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scruples {
    /// For a device that is failing: by its own word, or by more ranges than so many that cannot be read.
    pub failing: Option<u64>,
    /// For one that was not unmounted cleanly.
    pub dirty: bool,
}

impl Vitals {
    /// What the device last said, if it has said anything.
    #[must_use]
    pub fn health(&self) -> Option<DeviceHealth> {
        self.kept().clone()
    }

    /// Whether the device is failing of which so much was read; more than `limit` ranges that cannot be read are too many.
    #[must_use]
    pub fn failing(&self, reads: &Reads, limit: u64) -> Option<Failing> {
        Failing::of(self.kept().as_ref(), reads.bad_ranges(), limit)
    }

    /// Whether nobody waits for an answer of the device: whoever hears this asks it, and says what came.
    pub(super) fn may_be_asked(&self) -> bool {
        !self.is_asked.swap(true, Ordering::Relaxed)
    }

    /// Keeps what came when the device was asked.
    pub(super) fn answered(&self, health: Option<DeviceHealth>) {
        if let Some(health) = health {
            *self.kept() = Some(health);
        }
        self.is_asked.store(false, Ordering::Relaxed);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<DeviceHealth>> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches a device until `done` is closed, and stops its run where it is failing and that is to hold its job.
pub(super) fn watch(errand: &Errand<'_>, done: &Receiver<()>) {
    let mut asked = Instant::now();
    while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(LOOK_EVERY) {
        if asked.elapsed() >= ASK_EVERY {
            asked = Instant::now();
            errand.handled.ask_again();
        }
        if look(errand) {
            return;
        }
    }
}

/// Stops a run whose device is failing and that is to hold its job; whether it did. Whoever has read all of a device looks
/// once more before it concludes: a small one is read between two looks.
pub(super) fn look(errand: &Errand<'_>) -> bool {
    let Docking { vitals, reads, .. } = errand.docking;
    let failing = limit(errand).and_then(|limit| vitals.failing(reads, limit));
    let is_failing = failing.is_some();
    if let Some(failing) = failing {
        errand.stop.halt(Halt::Failing(failing));
    }
    is_failing
}

/// How many ranges may be bad, where a device that is failing holds its job. One that a person has had go on goes on, and
/// what is to end with what is loaded reads nothing more.
fn limit(errand: &Errand<'_>) -> Option<u64> {
    let limit = errand.docking.scruples.failing?;
    let is_taken = errand.claim.as_it_is.contains(&StopCause::DiskFailing);
    (!is_taken && errand.claim.without.is_none()).then_some(limit)
}
