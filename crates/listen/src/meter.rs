//! What a connection is doing, and since when: what decides whether it may lose its place.
//!
//! Its task and the streams of bodies write here, [`Places`](crate::places::Places) reads; a change of phase is one
//! compare-and-swap, so that a connection that has just begun a request is not let go.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bytes that count as progress. Whoever brings or takes one byte at a time makes none.
pub(crate) const PROGRESS_BYTES: u64 = 1 << 10;

/// How long a connection has to be idle before another gets its place: a request that has come and
/// was not looked at yet is not cut off by those who come with it.
const IDLE_TO_LOSE: Duration = Duration::from_secs(1);

/// How long a request has to be at a standstill before another gets its place.
const STALLED_TO_LOSE: Duration = Duration::from_secs(5);

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// No request has been read.
    Idle = 0,
    /// The head of a request is there, and waits for a place.
    Queued = 1,
    /// A request is being answered.
    Working = 2,
    /// Its place was given to another.
    Lost = 3,
}

/// What is known of a connection.
#[derive(Debug)]
pub(crate) struct Meter {
    begun: Instant,
    phase: AtomicU8,
    /// When the phase began, in milliseconds since `begun`.
    since: AtomicU64,
    /// When the other end was first waited for without progress since, in milliseconds since `begun`
    /// and one more; 0 if it is not.
    stalled: AtomicU64,
    /// Bytes moved since then.
    moved: AtomicU64,
    /// Requests begun.
    requests: AtomicU64,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            phase: AtomicU8::new(Phase::Idle as u8),
            since: AtomicU64::new(0),
            stalled: AtomicU64::new(0),
            moved: AtomicU64::new(0),
            requests: AtomicU64::new(0),
        }
    }

    /// Goes from one phase to another; `false` if it was not in the first.
    pub(crate) fn change(&self, from: Phase, to: Phase) -> bool {
        let changed = self
            .phase
            .compare_exchange(from as u8, to as u8, Ordering::AcqRel, Ordering::Acquire)
            .is_ok();
        if changed {
            self.since.store(self.now(), Ordering::Release);
        }
        changed
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Idle,
            1 => Phase::Queued,
            2 => Phase::Working,
            _ => Phase::Lost,
        }
    }

    /// A request begins: what was waited for before it does not count.
    pub(crate) fn begins(&self) {
        self.requests.fetch_add(1, Ordering::AcqRel);
        self.goes_on();
    }

    /// How many requests have begun.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Acquire)
    }

    /// The other end is waited for.
    pub(crate) fn stalls(&self) {
        let now = self.now() + 1;
        let begins = self
            .stalled
            .compare_exchange(0, now, Ordering::AcqRel, Ordering::Acquire);
        if begins.is_ok() {
            self.moved.store(0, Ordering::Release);
        }
    }

    /// Bytes went one way or the other. Whether that is progress: enough since it was last waited for.
    pub(crate) fn moves(&self, bytes: usize) -> bool {
        let moved = self.moved.fetch_add(bytes as u64, Ordering::AcqRel) + bytes as u64;
        let progress = moved >= PROGRESS_BYTES;
        if progress {
            self.goes_on();
        }
        progress
    }

    /// The other end is not waited for any more.
    pub(crate) fn goes_on(&self) {
        self.stalled.store(0, Ordering::Release);
        self.moved.store(0, Ordering::Release);
    }

    /// For how long it has done nothing that would keep its place. `None` if it may keep it.
    pub(crate) fn may_lose(&self) -> Option<Duration> {
        let now = self.now();
        let since = |at: u64| Duration::from_millis(now.saturating_sub(at));
        let stalled = match self.stalled.load(Ordering::Acquire) {
            0 => None,
            at => Some(since(at - 1)),
        };
        let in_phase = since(self.since.load(Ordering::Acquire));
        let stands_still = stalled.filter(|stalled| *stalled >= STALLED_TO_LOSE);
        match self.phase() {
            // The last of an answer may be on its way still.
            Phase::Idle if stalled.is_some() => stands_still,
            Phase::Idle | Phase::Queued => Some(in_phase).filter(|idle| *idle >= IDLE_TO_LOSE),
            Phase::Working => stands_still,
            Phase::Lost => None,
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bytes_enough_are_progress() {
        let meter = Meter::new();
        meter.stalls();
        assert!(!meter.moves(1000));
        assert!(meter.stalled.load(Ordering::Acquire) > 0);
        assert!(meter.moves(24));
        assert_eq!(meter.stalled.load(Ordering::Acquire), 0);
    }

    #[test]
    fn a_phase_is_left_once() {
        let meter = Meter::new();
        assert!(meter.change(Phase::Idle, Phase::Working));
        assert!(!meter.change(Phase::Idle, Phase::Lost));
        assert_eq!(meter.phase(), Phase::Working);
        assert_eq!(meter.may_lose(), None);
    }
}
