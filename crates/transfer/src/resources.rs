//! What all runs of a process share: memory, the threads that hash, and how much is asked of each store.
//!
//! Made once, by the station, and lent to every run, so that eight devices at once take no more of a host, or of a
//! store, than one does, and fill one another's lanes. A run that is alone has all of it.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use disks::aligned::Buffers;
use disks::device::apart::LeftReads;
use disks::tree::raw::Windows;
use model::share::{Measure, SharedStore};
use objectstore::client::StoreLimits;
use objectstore::counted::{self, Requests};
use objectstore::paced::{ChangingRate, RateSchedule};

use crate::image::PART_BYTES;
use crate::pipeline::budget::{Budget, BudgetShare, BudgetSize};
use crate::pipeline::hashing::HashingPool;
use crate::settings::Settings;
use crate::stop::Stop;

/// The resources of a process.
pub struct Resources {
    budget: Arc<Budget>,
    buffers: Arc<Buffers>,
    windows: Windows,
    left: LeftReads,
    cores: usize,
    /// Begins with the first run: many commands have none.
    hashing: OnceLock<HashingPool>,
    stores: StoreShares,
    requests: Arc<Requests>,
}

impl std::fmt::Debug for Resources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resources")
            .field("budget", &self.budget)
            .field("cores", &self.cores)
            .finish_non_exhaustive()
    }
}

/// How much of the resources is in use, and was at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of file content in memory.
    pub bytes: u64,
    /// The most there ever were.
    pub peak_bytes: u64,
    /// The most there can have been: the memory of the settings, and for each run but one what it goes on with when
    /// others hold all of that and stand still.
    pub bound_bytes: u64,
    /// The most threads that ever hashed at once.
    pub peak_hashing: usize,
}

impl Resources {
    /// As much as `settings` say, and as many threads that hash as there are cores.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        // Files that go in one piece, and the stretches of an image.
        let stretch = settings.part_bytes.next_power_of_two();
        let most = settings.multipart_threshold.max(stretch).max(PART_BYTES);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            budget: Budget::new(BudgetSize {
                total: settings.memory_bytes,
                unit: settings.part_bytes,
                most,
            }),
            buffers: Arc::default(),
            windows: Windows::default(),
            left: LeftReads::default(),
            cores,
            hashing: OnceLock::new(),
            stores: StoreShares {
                parallel: settings.parallel,
                schedule: settings.pace.into(),
                known: Mutex::default(),
            },
            requests: Arc::default(),
        }
    }

    /// How much is in use.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let (bytes, peak_bytes) = self.budget.in_use();
        Usage {
            bytes,
            peak_bytes,
            bound_bytes: self.budget.bound(),
            peak_hashing: self.hashing.get().map_or(0, HashingPool::most_at_work),
        }
    }

    /// The limits of the store at an address: those that others who speak to it have, if there are any. Other stations
    /// may share its rate.
    #[must_use]
    pub fn limits_of(&self, endpoint: &str, shared: Option<&SharedStore>) -> Arc<StoreLimits> {
        self.stores.limits_of(endpoint, shared)
    }

    /// The limits of all stores that are spoken to.
    #[must_use]
    pub fn limits(&self) -> Vec<Arc<StoreLimits>> {
        let known = self.stores.known();
        known
            .iter()
            .filter_map(|(_, limits)| limits.upgrade())
            .collect()
    }

    /// What this host may use of a rate of each store whose rate is shared and limited at present, in units of its
    /// [`Measure`] each second. Stores are called as [`requests`](Self::requests) calls them.
    #[must_use]
    pub fn shares(&self, measure: Measure) -> Vec<(String, u64)> {
        let known = self.stores.known();
        let shares = known.iter().filter_map(|(endpoint, limits)| {
            let share = limits.upgrade()?.share(measure)?;
            Some((counted::place(endpoint), share))
        });
        shares.collect()
    }

    /// Goes as fast as this says from now on, also what runs already.
    pub fn go_by(&self, pace: RateSchedule) {
        self.stores.schedule.go_by(pace);
    }

    /// What was asked of the stores.
    #[must_use]
    pub fn requests(&self) -> &Arc<Requests> {
        &self.requests
    }

    /// Most requests at once to a store.
    #[must_use]
    pub fn parallel(&self) -> usize {
        self.stores.parallel
    }

    /// The memory in which files of devices are read ahead that are read without being mounted.
    #[must_use]
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    /// The reads of devices that gave no answer, which were left.
    #[must_use]
    pub fn left_reads(&self) -> &LeftReads {
        &self.left
    }

    /// The memory of a run.
    pub(crate) fn memory(&self, stop: &Stop) -> Arc<BudgetShare> {
        self.budget.join(stop)
    }

    /// The threads that hash.
    pub(crate) fn hashing(&self) -> &HashingPool {
        self.hashing.get_or_init(|| HashingPool::start(self.cores))
    }

    /// The stock of buffers.
    pub(crate) fn buffers(&self) -> Arc<Buffers> {
        Arc::clone(&self.buffers)
    }
}

/// What is asked of the stores.
#[derive(Debug)]
struct StoreShares {
    parallel: usize,
    schedule: ChangingRate,
    known: Mutex<Vec<(String, Weak<StoreLimits>)>>,
}

impl StoreShares {
    fn known(&self) -> MutexGuard<'_, Vec<(String, Weak<StoreLimits>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limits_of(&self, endpoint: &str, shared: Option<&SharedStore>) -> Arc<StoreLimits> {
        let endpoint = endpoint.trim_end_matches('/').to_ascii_lowercase();
        let mut known = self.known();
        known.retain(|(_, limits)| limits.strong_count() > 0);
        let found = known.iter().find(|(of, _)| *of == endpoint);
        if let Some(limits) = found.and_then(|(_, limits)| limits.upgrade()) {
            return limits;
        }
        let limits = Arc::new(StoreLimits::new(self.parallel, &self.schedule, shared));
        known.push((endpoint, Arc::downgrade(&limits)));
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_has_one_limit_whoever_speaks_to_it_and_however_it_is_spelled() {
        let resources = Resources::new(&Settings::default());
        let limits = resources.limits_of("http://store.example:9000", None);
        let again = resources.limits_of("http://Store.example:9000/", None);
        assert!(Arc::ptr_eq(&limits, &again));
        let other = resources.limits_of("http://store.example:9001", None);
        assert!(!Arc::ptr_eq(&limits, &other));
    }
}
