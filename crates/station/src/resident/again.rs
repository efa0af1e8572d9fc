//! When something is tried again that somebody mends, or that mends itself.

use std::time::{Duration, Instant};

/// Between two tries of what a person mends: a job goes on within a minute of being mended, and no job is asked for more
/// than twice a minute.
const MENDED_EVERY: Duration = Duration::from_secs(30);

/// How a store that does not answer is tried again: what runs has waited five minutes for it by then.
const STORE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(300));

/// How a server that does not answer is tried again: a question costs it little.
const SERVER: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// That somebody mends it.
    Mended,
    /// That a job that is over is opened again.
    Reopened,
    /// The store.
    Store,
    /// The server.
    Server,
}

/// When the next try is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    /// What is waited for.
    pub(super) what: Again,
    /// When.
    pub(super) at: Instant,
    /// How many tries were in vain.
    pub(super) tries: u32,
}

impl Due {
    /// A try at once, as if none had been in vain.
    pub(super) fn now(what: Again, now: Instant) -> Self {
        Self {
            what,
            at: now,
            tries: 0,
        }
    }

    /// The next try after one that was in vain; `before` is what was waited for until then.
    pub(super) fn after(before: Option<Self>, what: Again, now: Instant) -> Self {
        let tries = before.map_or(0, |due| match due.what == what {
            true => due.tries + 1,
            false => 0,
        });
        Self {
            what,
            at: now + what.pause(tries),
            tries,
        }
    }
}

impl Again {
    fn pause(self, tries: u32) -> Duration {
        let doubled = |(first, most): (Duration, Duration)| {
            let pause = first.saturating_mul(1 << tries.min(10));
            pause.min(most)
        };
        match self {
            Self::Mended => MENDED_EVERY,
            Self::Reopened => 2 * MENDED_EVERY,
            Self::Store => doubled(STORE),
            Self::Server => doubled(SERVER),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(what: Again, count: usize) -> Vec<u64> {
        let now = Instant::now();
        let first = Due::after(None, what, now);
        let tries =
            std::iter::successors(Some(first), |due| Some(Due::after(Some(*due), what, now)));
        tries
            .take(count)
            .map(|due| (due.at - now).as_secs())
            .collect()
    }

    #[test]
    fn a_store_is_asked_ever_less_often_and_what_a_person_mends_twice_a_minute() {
        assert_eq!(pauses(Again::Store, 6), [30, 60, 120, 240, 300, 300]);
        assert_eq!(pauses(Again::Server, 6), [5, 10, 20, 40, 60, 60]);
        assert_eq!(pauses(Again::Mended, 3), [30, 30, 30]);
        assert_eq!(pauses(Again::Store, 500)[499], 300);
    }

    #[test]
    fn waiting_for_something_else_begins_anew() {
        let now = Instant::now();
        let store = Due::after(None, Again::Store, now);
        let store = Due::after(Some(store), Again::Store, now);
        let server = Due::after(Some(store), Again::Server, now);
        assert_eq!((server.tries, (server.at - now).as_secs()), (0, 5));
    }
}
