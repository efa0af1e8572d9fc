//! Turns at a device that can read in one place at a time: whoever comes first reads first.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Gives turns in the order in which they are asked for.
#[derive(Debug, Default)]
pub struct Turns {
    state: Mutex<Numbers>,
    next: Condvar,
}

/// The number of who reads, and of who comes next.
#[derive(Debug, Default)]
struct Numbers {
    now: u64,
    next: u64,
}

/// A turn, which ends with it.
#[derive(Debug)]
pub struct Turn<'a>(&'a Turns);

impl Turns {
    /// Waits for a turn.
    #[must_use = "the turn ends with it"]
    pub fn take(&self) -> Turn<'_> {
        let mut state = self.lock();
        let own = state.next;
        state.next += 1;
        while state.now != own {
            let waited = self.next.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        Turn(self)
    }

    fn lock(&self) -> MutexGuard<'_, Numbers> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().now += 1;
        self.0.next.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn one_reads_at_a_time_and_nobody_twice_before_others_who_wait() {
        let (turns, inside) = (Turns::default(), AtomicU32::new(0));
        let order = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            let first = turns.take();
            for number in 0..4 {
                let (turns, inside, order) = (&turns, &inside, &order);
                scope.spawn(move || {
                    for _ in 0..2 {
                        let _turn = turns.take();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        order.lock().unwrap().push(number);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
            while turns.lock().next < 5 {
                std::thread::yield_now();
            }
            drop(first);
        });
        let mut first_round = order.lock().unwrap()[..4].to_vec();
        first_round.sort_unstable();
        assert_eq!(first_round, [0, 1, 2, 3]);
    }
}
