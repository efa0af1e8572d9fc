//! What happened in a run: printed when its seed fails.

use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Lines kept; a run that goes on for ever must not fill memory.
const LINES: usize = 20_000;

/// The record of one run, shared by all who take part in it.
#[derive(Debug, Default)]
pub struct Diary {
    lines: Mutex<Vec<String>>,
    violations: Mutex<Vec<String>>,
}

impl Diary {
    /// Notes something that happened.
    pub fn note(&self, line: impl Display) {
        let mut lines = lock(&self.lines);
        if lines.len() < LINES {
            lines.push(line.to_string());
        }
    }

    /// Notes something that must not happen.
    pub fn violation(&self, line: impl Display) {
        self.note(format_args!("VIOLATION: {line}"));
        lock(&self.violations).push(line.to_string());
    }

    /// Everything that must not have happened.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        lock(&self.violations).clone()
    }

    /// The whole record, one line each.
    #[must_use]
    pub fn text(&self) -> String {
        lock(&self.lines).join("\n")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
