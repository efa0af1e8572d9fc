//! Time, as a rescue sees it: what is measured, waited and saved.

use std::sync::Arc;
use std::time::Duration;

use model::time::{Clock, SystemClock};

use super::limits::{PAUSE, SAVE_EVERY};

/// The clock and the lengths.
#[derive(Clone)]
pub(crate) struct Timing {
    pub(crate) clock: Arc<dyn Clock>,
    /// The pause after a device that was slow, or a host that was short of something.
    pub(crate) pause: Duration,
    /// How much of what is known a kill loses.
    pub(crate) save_every: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            pause: PAUSE,
            save_every: SAVE_EVERY,
        }
    }
}

impl Timing {
    pub(crate) fn now(&self) -> Duration {
        self.clock.steady()
    }

    pub(crate) fn pause(&self) {
        std::thread::sleep(self.pause);
    }
}
