//! The passing of time between two tries.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How a sleep ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slept {
    /// The time is over.
    Through,
    /// Somebody asked to stop.
    Canceled,
}

/// The passing of time, as far as trying again needs it.
///
/// # Contract
/// `elapsed` never goes back, and grows by at least `duration` over a `sleep` that went through.
/// `sleep` returns [`Slept::Canceled`] soon after somebody asked to stop, and always from then on.
pub trait Sleeper: Send + Sync {
    /// Time since some fixed moment.
    fn elapsed(&self) -> Duration;

    /// Waits for `duration`, or until somebody asks to stop.
    fn sleep(&self, duration: Duration) -> Slept;
}

/// Real time, and a flag that ends it.
#[derive(Debug)]
pub struct RealTime {
    start: Instant,
    cancel: Arc<AtomicBool>,
}

impl RealTime {
    /// Waits until `cancel` is set.
    #[must_use]
    pub fn new(cancel: Arc<AtomicBool>) -> Self {
        Self {
            start: Instant::now(),
            cancel,
        }
    }
}

#[deny(clippy::missing_trait_methods)]
impl Sleeper for RealTime {
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Slept {
        /// Somebody who pressed Ctrl-C does not notice a twentieth of a second.
        const NAP: Duration = Duration::from_millis(50);
        let end = Instant::now() + duration;
        loop {
            if self.cancel.load(Ordering::Relaxed) {
                return Slept::Canceled;
            }
            match end.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => thread::sleep(left.min(NAP)),
                _ => return Slept::Through,
            }
        }
    }
}
