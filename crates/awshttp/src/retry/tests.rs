//! How trying again behaves in time, and when an outcome is open.

use std::cell::{Cell, RefCell};
use std::sync::Mutex;

use super::*;

/// For how long what is not there yet is looked for.
const BIRTH: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, PartialEq)]
enum Failed {
    Final,
    Gone,
    Throttled,
    Open,
    Unsure,
    Canceled { was_open: bool },
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl CallError for Failed {
    const PEER: &'static str = "the service";

    fn may_retry(&self) -> bool {
        matches!(self, Self::Throttled | Self::Open)
    }

    fn might_have_happened(&self) -> bool {
        match self {
            Self::Open | Self::Unsure => true,
            Self::Canceled { was_open } => *was_open,
            Self::Final | Self::Gone | Self::Throttled => false,
        }
    }

    fn unsure(_: Self, _: Self) -> Self {
        Self::Unsure
    }

    fn canceled(last: Self) -> Self {
        let was_open = last.might_have_happened();
        Self::Canceled { was_open }
    }

    fn settled(self) -> Self {
        match self {
            Self::Unsure => Self::Final,
            other => other,
        }
    }
}

/// A clock that jumps over waits, and is stopped at some time.
struct Jumping {
    now: Mutex<Duration>,
    stop: Duration,
}

impl Sleeper for Jumping {
    fn elapsed(&self) -> Duration {
        *self.now.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> Slept {
        let mut now = self.now.lock().unwrap();
        *now += duration;
        if *now >= self.stop {
            Slept::Canceled
        } else {
            Slept::Through
        }
    }
}

fn retry(stop: Duration) -> Retry {
    let now = Mutex::new(Duration::ZERO);
    Retry::new(RetryPolicy::default(), 1, Box::new(Jumping { now, stop }))
}

/// Fails in one way after the other, then succeeds; how often it was tried.
fn run(tries: Tries<'_, Failed>, failures: &[Failed]) -> (Result<(), Failed>, usize) {
    let left = RefCell::new(failures.iter());
    let tried = Cell::new(0);
    let done = tries.run("op", || {
        tried.set(tried.get() + 1);
        match left.borrow_mut().next() {
            Some(failure) => Err(failure.clone()),
            None => Ok(()),
        }
    });
    (done, tried.get())
}

#[test]
fn trouble_passes_and_refusals_do_not() {
    let retry = retry(Duration::MAX);
    let (done, tried) = run(retry.tries(), &[Failed::Open, Failed::Throttled]);
    assert_eq!((done, tried), (Ok(()), 3));
    let (done, tried) = run(retry.tries(), &[Failed::Final]);
    assert_eq!((done, tried), (Err(Failed::Final), 1));
}

#[test]
fn an_open_outcome_is_not_forgotten() {
    let retry = retry(Duration::MAX);
    let (done, _) = run(
        retry.tries(),
        &[Failed::Open, Failed::Throttled, Failed::Final],
    );
    assert_eq!(done, Err(Failed::Unsure));
    let (done, _) = run(retry.tries(), &[Failed::Throttled, Failed::Final]);
    assert_eq!(done, Err(Failed::Final));
}

#[test]
fn a_look_is_never_unsure() {
    let retry = retry(Duration::MAX);
    let tried = Cell::new(0);
    let looked = retry.look("op", || -> Result<(), Failed> {
        tried.set(tried.get() + 1);
        Err(if tried.get() == 1 {
            Failed::Open
        } else {
            Failed::Gone
        })
    });
    assert_eq!(looked, Err(Failed::Final), "as `settled` has it");
}

#[test]
fn what_was_just_begun_may_be_unknown_for_a_while() {
    let retry = retry(Duration::MAX);
    let new = || {
        retry.tries().with_grace(Grace {
            covers: |error: &Failed| *error == Failed::Gone,
            within: BIRTH,
        })
    };
    let (gone, open) = (Failed::Gone, Failed::Throttled);
    let (done, tried) = run(new(), &[gone.clone(), gone.clone(), open, gone]);
    assert_eq!((done, tried), (Ok(()), 5));
    let before = retry.sleeper.elapsed();
    let (done, _) = run(new(), &vec![Failed::Gone; 100]);
    assert_eq!(done, Err(Failed::Gone));
    let spent = retry.sleeper.elapsed() - before;
    assert!(spent <= BIRTH && spent > BIRTH / 2, "{spent:?}");
    let (done, tried) = run(retry.tries(), &[Failed::Gone]);
    assert_eq!((done, tried), (Err(Failed::Gone), 1), "without grace");
}

#[test]
fn time_runs_out() {
    let retry = retry(Duration::MAX);
    let (done, tried) = run(retry.tries(), &vec![Failed::Throttled; 1000]);
    assert_eq!(done, Err(Failed::Throttled));
    assert!((15..60).contains(&tried), "{tried} tries in five minutes");
}

#[test]
fn a_stop_ends_the_waiting() {
    let (done, tried) = run(retry(Duration::ZERO).tries(), &[Failed::Open]);
    assert_eq!((done, tried), (Err(Failed::Canceled { was_open: true }), 1));
}

#[test]
fn waits_double_with_jitter_up_to_the_longest() {
    let policy = RetryPolicy::default();
    let jitter = Jitter::new(7);
    for failures in 1..40 {
        let doubled = policy
            .first_wait
            .saturating_mul(1 << (failures - 1).min(20));
        let nominal = doubled.min(policy.longest_wait);
        let wait = policy.wait(failures, &jitter);
        assert!(
            wait >= nominal / 2 && wait <= nominal,
            "{failures}: {wait:?}"
        );
    }
}
