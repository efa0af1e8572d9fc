//! What a connection is doing, since when and how fast: what decides whether it may lose its place.
//!
//! Its task and the streams of bodies write here, [`Places`](crate::places::Places) reads. A change of phase names the one
//! it leaves, so that a connection that has just begun a request is not let go.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::pace::Pace;

/// How long a connection has to be idle before another gets its place: a request that has come and
/// was not looked at yet is not cut off by those who come with it.
const IDLE_TO_LOSE: Duration = Duration::from_secs(1);

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No request has been read.
    Idle,
    /// The head of a request is there, and waits for a place.
    Queued,
    /// A request is being answered.
    Working,
    /// Its place was given to another.
    Lost,
}

/// Why a connection may lose its place; the greatest does first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Forfeit {
    /// It is that far behind the slowest pace.
    Slow(Duration),
    /// It has not been at work for so long.
    Idle(Duration),
}

/// What the other end is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// That it takes an answer.
    Answer,
    /// That it brings the body of a request.
    Body,
}

/// What is known of a connection.
#[derive(Debug)]
pub(crate) struct Meter {
    begun: Instant,
    state: Mutex<State>,
}

/// Times are those since the connection began.
#[derive(Debug)]
struct State {
    phase: Phase,
    /// When the phase began.
    since: Duration,
    /// How fast answers are taken, while one does not go out.
    answers: Pace,
    /// How fast bodies are brought, while one does not come. It is another pace: who sends bodies does not
    /// take answers by that.
    bodies: Pace,
    /// What is moved at all, while no request is at work.
    requests: Pace,
}

impl Meter {
    pub(crate) fn new() -> Self {
        let mut state = State {
            phase: Phase::Idle,
            since: Duration::ZERO,
            answers: Pace::default(),
            bodies: Pace::default(),
            requests: Pace::default(),
        };
        state.requests.waits(Duration::ZERO);
        Self {
            begun: Instant::now(),
            state: Mutex::new(state),
        }
    }

    /// Goes from one phase to another; `false` if it was not in the first.
    pub(crate) fn change(&self, from: Phase, to: Phase) -> bool {
        let now = self.now();
        let mut state = self.state();
        let changes = state.phase == from;
        if changes {
            (state.phase, state.since) = (to, now);
            match to {
                Phase::Idle => state.requests.waits(now),
                Phase::Queued | Phase::Working | Phase::Lost => state.requests.goes_on(now),
            }
        }
        changes
    }

    pub(crate) fn phase(&self) -> Phase {
        self.state().phase
    }

    /// The other end is waited for.
    pub(crate) fn waits(&self, side: Side) {
        let now = self.now();
        self.state().pace(side).waits(now);
    }

    /// Bytes went one way or the other.
    pub(crate) fn moves(&self, side: Side, bytes: usize) {
        let now = self.now();
        let mut state = self.state();
        state.pace(side).goes_on(now);
        state.pace(side).moves(bytes, now);
        state.requests.moves(bytes, now);
    }

    /// The other end is not waited for any more.
    pub(crate) fn goes_on(&self, side: Side) {
        let now = self.now();
        self.state().pace(side).goes_on(now);
    }

    /// Why it may lose its place. `None` if it may keep it.
    pub(crate) fn may_lose(&self) -> Option<Forfeit> {
        let now = self.now();
        self.state().may_lose(now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }
}

impl State {
    fn may_lose(&self, now: Duration) -> Option<Forfeit> {
        match self.phase {
            // The last of an answer is on its way still.
            Phase::Idle if self.answers.is_waited_for() => slow(&self.answers, now),
            Phase::Idle => self.idle(now).or_else(|| slow(&self.requests, now)),
            Phase::Queued => self.idle(now),
            Phase::Working => slow(&self.answers, now).max(slow(&self.bodies, now)),
            Phase::Lost => None,
        }
    }

    fn idle(&self, now: Duration) -> Option<Forfeit> {
        let idle = now.saturating_sub(self.since);
        (idle >= IDLE_TO_LOSE).then_some(Forfeit::Idle(idle))
    }

    fn pace(&mut self, side: Side) -> &mut Pace {
        match side {
            Side::Answer => &mut self.answers,
            Side::Body => &mut self.bodies,
        }
    }
}

fn slow(pace: &Pace, now: Duration) -> Option<Forfeit> {
    pace.slow(now).map(Forfeit::Slow)
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_phase_is_left_once() {
        let meter = Meter::new();
        assert!(meter.change(Phase::Idle, Phase::Working));
        assert!(!meter.change(Phase::Idle, Phase::Lost));
        assert_eq!(meter.phase(), Phase::Working);
        assert_eq!(meter.may_lose(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_that_are_begun_do_not_make_a_slow_reader_faster() {
        let meter = Meter::new();
        for _ in 0..4 {
            assert!(meter.change(Phase::Idle, Phase::Working));
            meter.waits(Side::Answer);
            assert!(meter.change(Phase::Working, Phase::Idle));
            advance(2 * SECOND).await;
            meter.moves(Side::Answer, 1400);
            meter.waits(Side::Answer);
        }
        assert!(matches!(meter.may_lose(), Some(Forfeit::Slow(_))));
        assert!(meter.change(Phase::Idle, Phase::Working));
        assert!(matches!(meter.may_lose(), Some(Forfeit::Slow(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_a_body_does_not_take_answers_by_that() {
        let meter = Meter::new();
        assert!(meter.change(Phase::Idle, Phase::Working));
        meter.waits(Side::Answer);
        for _ in 0..5 {
            advance(SECOND).await;
            meter.moves(Side::Body, 1 << 20);
        }
        assert!(meter.may_lose().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_small_request_every_now_and_then_holds_no_place() {
        let meter = Meter::new();
        let mut rounds = 0;
        while meter.may_lose().is_none() {
            assert!(meter.change(Phase::Idle, Phase::Working));
            meter.moves(Side::Answer, 500);
            assert!(meter.change(Phase::Working, Phase::Idle));
            advance(SECOND * 9 / 10).await;
            rounds += 1;
        }
        assert!((6..9).contains(&rounds), "{rounds}");
        // What it waited for between requests is not held against it during one.
        assert!(meter.change(Phase::Idle, Phase::Working));
        meter.waits(Side::Body);
        assert_eq!(meter.may_lose(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_service_costs_nobody_a_place() {
        let meter = Meter::new();
        assert!(meter.change(Phase::Idle, Phase::Working));
        meter.waits(Side::Body);
        advance(3 * SECOND).await;
        meter.goes_on(Side::Body);
        advance(600 * SECOND).await;
        assert_eq!(meter.may_lose(), None);
    }

    #[test]
    fn who_idles_goes_before_who_is_slow() {
        assert!(Forfeit::Idle(SECOND) > Forfeit::Slow(10 * SECOND));
        assert!(Forfeit::Slow(7 * SECOND) > Forfeit::Slow(6 * SECOND));
    }
}
