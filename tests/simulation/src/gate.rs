//! Where a process can be held up, as one that is out of memory, swapped out or stopped by its terminal.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A gate that every step of a process goes through.
#[derive(Debug, Default)]
pub struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Open,
    Shut,
    /// It was shut once, or the process has ended: it is not shut any more.
    Over,
}

impl Gate {
    /// Goes through, once the gate is not shut.
    pub fn pass(&self) {
        let state = self.lock();
        let passed = self.changed.wait_while(state, |s| *s == State::Shut);
        drop(passed.unwrap_or_else(PoisonError::into_inner));
    }

    /// Shuts it, the first time.
    pub fn shut(&self) {
        let mut state = self.lock();
        if *state == State::Open {
            *state = State::Shut;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Opens it for good.
    pub fn open(&self) {
        *self.lock() = State::Over;
        self.changed.notify_all();
    }

    /// Waits until it is shut; `false` if the process has ended before.
    #[must_use]
    pub fn until_shut(&self) -> bool {
        let state = self.lock();
        let waited = self.changed.wait_while(state, |s| *s == State::Open);
        *waited.unwrap_or_else(PoisonError::into_inner) == State::Shut
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
