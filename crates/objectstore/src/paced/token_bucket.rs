//! Who may send how much, and when.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use awshttp::retry::{Sleeper, Slept};
use model::share::Measure;
use model::time::Clock;

use super::changing_rate::ChangingRate;
use super::rate_schedule::RateSchedule;
use super::shared_rate::SharedRate;
use crate::error::StoreError;

/// Units are counted with the nanoseconds of a second as their fraction, so that nothing is lost.
const FRACTION: i128 = 1_000_000_000;

/// Unused time counts for as much as this.
const CREDIT: Duration = Duration::from_millis(100);

/// How often one who waits for others looks whether to stop.
const NAP: Duration = Duration::from_millis(50);

/// The longest wait before the hour of the day is looked at again.
const LOOK: Duration = Duration::from_secs(1);

/// A bucket of tokens before which one waits in a line. They are worth what is [measured](Measure).
pub struct TokenBucket {
    measure: Measure,
    schedule: ChangingRate,
    /// What a server gives of the store's rate, if several share that.
    share: Option<Arc<SharedRate>>,
    /// The time in which tokens come; nobody waits by it.
    time: Box<dyn Sleeper>,
    clock: Arc<dyn Clock>,
    line: Mutex<Line>,
    next: Condvar,
}

/// Tickets are drawn and served one by one. Only the thread that is served touches the balance.
#[derive(Debug, Default)]
struct Line {
    drawn: u64,
    served: u64,
    /// Tickets of those who wait no more.
    given_up: BTreeSet<u64>,
    /// What may pass, in billionths of a unit; negative while what has passed must be waited for.
    balance: i128,
    counted: Duration,
}

impl fmt::Debug for TokenBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let schedule = &self.schedule;
        f.debug_struct("TokenBucket")
            .field("measure", &self.measure)
            .field("schedule", schedule)
            .finish_non_exhaustive()
    }
}

impl TokenBucket {
    /// Gives tokens of a `measure` as `schedule` and the `share` of a store say, whichever are fewer, in the time that `time`
    /// tells; `clock` tells the hour of the day. `None` where there is nothing to keep to.
    #[must_use]
    pub fn of(
        measure: Measure,
        schedule: RateSchedule,
        share: Option<Arc<SharedRate>>,
        time: Box<dyn Sleeper>,
        clock: Arc<dyn Clock>,
    ) -> Option<Arc<Self>> {
        let is_limited = schedule.limits(measure) || share.is_some();
        is_limited.then(|| Arc::new(Self::new(measure, schedule, share, time, clock)))
    }

    /// The same where `schedule` may be another in a moment: there may be something to keep to then.
    #[must_use]
    pub fn changing(
        measure: Measure,
        schedule: &ChangingRate,
        share: Option<Arc<SharedRate>>,
        time: Box<dyn Sleeper>,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        Arc::new(Self::new(measure, schedule.clone(), share, time, clock))
    }

    pub(super) fn new(
        measure: Measure,
        schedule: impl Into<ChangingRate>,
        share: Option<Arc<SharedRate>>,
        time: Box<dyn Sleeper>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let line = Line {
            counted: time.elapsed(),
            ..Line::default()
        };
        Self {
            measure,
            schedule: schedule.into(),
            share,
            time,
            clock,
            line: Mutex::new(line),
            next: Condvar::new(),
        }
    }

    /// Waits until `amount` may pass, or as long as `sleeper` lets it. Who came first goes first, however little
    /// others have.
    pub(super) fn pass(&self, amount: u64, sleeper: &dyn Sleeper) -> Result<(), StoreError> {
        self.pass_with(amount, sleeper, || Ok(()))
    }

    /// As [`pass`](Self::pass), and with what has to pass `beside`: that waits when it is this one's turn here, and only
    /// then is anything taken. So nobody takes here in advance what goes when others let it.
    pub(super) fn pass_with(
        &self,
        amount: u64,
        sleeper: &dyn Sleeper,
        beside: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut line = self.line();
        let ticket = line.drawn;
        line.drawn += 1;
        while line.served != ticket {
            let waited = self.next.wait_timeout(line, NAP);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
            let slept = sleeper.sleep(Duration::ZERO);
            line = self.line();
            if slept == Slept::Canceled {
                line.leave(ticket);
                drop(line);
                self.next.notify_all();
                return Err(StoreError::Canceled { last: None });
            }
        }
        drop(line);
        let passed = self.wait(sleeper).and_then(|()| beside());
        if passed.is_ok() {
            self.take(amount);
        }
        self.line().leave(ticket);
        self.next.notify_all();
        passed
    }

    /// Waits until something may pass.
    fn wait(&self, sleeper: &dyn Sleeper) -> Result<(), StoreError> {
        loop {
            let rate = self.rate();
            let mut line = self.line();
            line.count(self.time.elapsed(), rate);
            let wait = line.wait(rate);
            drop(line);
            let Some(wait) = wait else {
                return Ok(());
            };
            if sleeper.sleep(wait.min(LOOK)) == Slept::Canceled {
                return Err(StoreError::Canceled { last: None });
            }
        }
    }

    fn take(&self, amount: u64) {
        let rate = self.rate();
        let mut line = self.line();
        line.count(self.time.elapsed(), rate);
        line.balance -= i128::from(amount) * FRACTION;
        drop(line);
        if let Some(share) = &self.share {
            share.passed(amount);
        }
    }

    /// Units per second at present; `None` is no limit, 0 a pause.
    fn rate(&self) -> Option<u64> {
        let own = self.schedule.schedule();
        let own = own.limit_at(self.measure, self.clock.now());
        let shared = self.share.as_ref().and_then(|share| share.rate());
        own.into_iter().chain(shared).min()
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // Every change is made of sums that cannot panic half way.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// One who was served, or waits no more. The next who still waits is served then.
    fn leave(&mut self, ticket: u64) {
        if ticket != self.served {
            self.given_up.insert(ticket);
            return;
        }
        self.served += 1;
        while self.given_up.remove(&self.served) {
            self.served += 1;
        }
    }

    /// Adds what the time since the last count is worth at `rate`; `None` is no limit.
    fn count(&mut self, now: Duration, rate: Option<u64>) {
        let passed = now.saturating_sub(self.counted);
        self.counted = now;
        self.balance = match rate {
            Some(rate) => (self.balance + worth(passed, rate)).min(worth(CREDIT, rate)),
            None => 0,
        };
    }

    /// How long until something may pass; `None` if it may at once.
    fn wait(&self, rate: Option<u64>) -> Option<Duration> {
        match rate {
            None => None,
            Some(0) => Some(LOOK),
            Some(_) if self.balance >= 0 => None,
            Some(rate) => {
                let nanos = self.balance.unsigned_abs().div_ceil(u128::from(rate));
                Some(Duration::from_nanos(
                    u64::try_from(nanos).unwrap_or(u64::MAX),
                ))
            }
        }
    }
}

/// What may pass in `time`, in billionths of a unit.
fn worth(time: Duration, rate: u64) -> i128 {
    let nanos = i128::try_from(time.as_nanos()).unwrap_or(i128::MAX);
    nanos.saturating_mul(i128::from(rate))
}
