//! How heartbeats fare, for whoever watches.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use model::timings::Timings;

/// Bounds of how long a server takes over a heartbeat; five seconds are waited for one.
const BOUNDS: &[Duration] = &[
    Duration::from_millis(5),
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2500),
    Duration::from_secs(5),
];

/// How heartbeats fare, kept by those who send them.
#[derive(Debug, Default)]
pub struct Pulse(Mutex<PulseFigures>);

/// The same at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulseFigures {
    /// How long those took that were answered.
    pub took: Timings,
    /// How many had no answer, or were refused.
    pub failures: u64,
    /// When the last was answered.
    pub answered: Option<Instant>,
    /// By how many seconds the clock of this host is ahead of the server's, by the last answer.
    pub clock_ahead: Option<i64>,
}

impl Default for PulseFigures {
    fn default() -> Self {
        Self {
            took: Timings::new(BOUNDS),
            failures: 0,
            answered: None,
            clock_ahead: None,
        }
    }
}

impl Pulse {
    /// The figures now.
    #[must_use]
    pub fn figures(&self) -> PulseFigures {
        self.kept().clone()
    }

    pub(super) fn answered(&self, took: Duration, clock_ahead: i64) {
        let mut kept = self.kept();
        kept.took.add(took);
        kept.answered = Some(Instant::now());
        kept.clock_ahead = Some(clock_ahead);
    }

    pub(super) fn failed(&self) {
        let mut kept = self.kept();
        kept.failures = kept.failures.saturating_add(1);
    }

    fn kept(&self) -> MutexGuard<'_, PulseFigures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
