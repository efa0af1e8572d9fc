//! Turns at reading a disk that rotates.
//!
//! Going from one file to another costs such a disk some ten milliseconds, in which it could have
//! read megabytes. So those who read large files take turns, and each reads a good stretch in its
//! own.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Bytes of one turn: beside the time they take, at some 200 MB/s, the way to the next file is
/// little. More would let too few files be hashed beside each other.
pub(crate) const TURN_BYTES: u64 = 32 << 20;

/// Gives turns in the order in which they are asked for.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    tickets: Mutex<Tickets>,
    passed_on: Condvar,
}

#[derive(Debug, Default)]
struct Tickets {
    next: u64,
    served: u64,
}

/// A turn; passed on when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a>(&'a Turns);

impl Turns {
    /// Waits for a turn.
    pub(crate) fn take(&self) -> Turn<'_> {
        let mut tickets = self.lock();
        let mine = tickets.next;
        tickets.next += 1;
        while tickets.served != mine {
            tickets = self
                .passed_on
                .wait(tickets)
                .unwrap_or_else(PoisonError::into_inner);
        }
        Turn(self)
    }

    fn lock(&self) -> MutexGuard<'_, Tickets> {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().served += 1;
        self.0.passed_on.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn only_one_has_the_turn_and_everybody_gets_it() {
        let (turns, inside, had) = (Turns::default(), AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _turn = turns.take();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        had.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(had.into_inner(), 800);
    }
}
