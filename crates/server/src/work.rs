//! Work that keeps a processor busy: checking manifests, drawing sheets.
//!
//! It is done off the threads that answer requests, by half of the processors at most: so however much
//! of it is asked for, health and signs of life are answered, and what it takes of memory at a time is
//! what a few manifests take. Whoever has waited too long for a turn is told to come again.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

/// How long a request waits for its turn. Clients give up after half a minute and more.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(10);

/// The turns of a service.
#[derive(Debug, Clone)]
pub struct Work {
    turns: Arc<Semaphore>,
}

/// Work that was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// There was no turn for it in time.
    #[error("too much work is waiting; try again later")]
    Busy,
    /// It broke off, by a mistake of ours.
    #[error("the service failed at this work; its log says why")]
    BrokeOff,
}

impl Work {
    /// Turns for half of the processors of this machine.
    #[must_use]
    pub fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            turns: Arc::new(Semaphore::new(processors.div_ceil(2))),
        }
    }

    /// Does some work in its turn. What was begun is finished, even if nobody waits for it any more.
    ///
    /// # Errors
    /// [`NotDone`].
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let turn = tokio::time::timeout(QUEUE_TIMEOUT, Arc::clone(&self.turns).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            return Err(NotDone::Busy);
        };
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "work failed");
            NotDone::BrokeOff
        })
    }
}

impl Default for Work {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_gets_no_turn_is_told_so_and_turns_come_back() {
        let work = Work {
            turns: Arc::new(Semaphore::new(1)),
        };
        let turn = Arc::clone(&work.turns).acquire_owned().await.unwrap();
        assert_eq!(work.run(|| ()).await, Err(NotDone::Busy));
        drop(turn);
        assert_eq!(work.run(|| 7).await, Ok(7));
    }
}
