//! How fast a host goes, as that may be said anew while it does.

use std::sync::{Arc, Mutex, PoisonError};

use super::rate_schedule::RateSchedule;

/// A [`RateSchedule`] that may be another in a moment. All copies are one.
#[derive(Debug, Clone, Default)]
pub struct ChangingRate(Arc<Mutex<RateSchedule>>);

impl From<RateSchedule> for ChangingRate {
    fn from(schedule: RateSchedule) -> Self {
        Self(Arc::new(Mutex::new(schedule)))
    }
}

impl ChangingRate {
    /// What is gone by at present.
    #[must_use]
    pub fn schedule(&self) -> RateSchedule {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes by another from now on: what waits notices it within a second.
    pub fn go_by(&self, schedule: RateSchedule) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = schedule;
    }
}
