//! The byte budget: the only back-pressure between devices and stores.
//!
//! Bytes are taken before they are read and given back when the store has them, so memory is bounded by the budget
//! and never by the number or size of files. All runs of a station take from one budget, each through a [`BudgetShare`].
//!
//! A run that is alone may take all of it. Where there are several, what one takes leaves the others their
//! reserves, so that none of them waits for one that stands still; beyond the reserves who asked first is served
//! first. A run that comes when another holds all and stands still cannot be given what is not there: after a
//! moment it goes on with an advance. There is one for all of them, which goes round; only where whoever has it stands
//! still too, another is given after a while.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::stop::{Halted, Stop};

/// How often one who waits looks whether to stop.
const LOOK: Duration = Duration::from_millis(50);

/// How long a run waits for what it has no other way to get, before it is given an advance: who works gives back
/// something sooner.
const ADVANCE_AFTER: Duration = Duration::from_millis(300);

/// How long one has the advance before another may be given beside it: who works gives it back within a moment, and a device
/// that does not answer keeps it for half a minute.
const FURTHER_AFTER: Duration = Duration::from_secs(10);

/// What a budget is made of, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BudgetSize {
    /// Bytes that may be in memory at once.
    pub(crate) total: u64,
    /// What is usually taken at once: a part.
    pub(crate) unit: u64,
    /// The most that is taken at once but for parts of very large files; the size of the advance.
    pub(crate) most: u64,
}

/// A number of bytes that may be in memory at once.
#[derive(Debug)]
pub(crate) struct Budget {
    size: BudgetSize,
    state: Mutex<Lending>,
    changed: Condvar,
}

/// Who has what, and who waits.
#[derive(Debug, Default)]
struct Lending {
    runs: BTreeMap<u64, RunHolding>,
    next_run: u64,
    next_ticket: u64,
    most_runs: usize,
    peak: u64,
}

/// What a run has, without an advance, and what it waits for, in order.
#[derive(Debug, Default)]
struct RunHolding {
    held: u64,
    /// Bytes of its advance.
    advanced: u64,
    /// When it was given that.
    advanced_at: Option<Instant>,
    waiting: VecDeque<Waiter>,
    granted: Vec<(u64, Loan)>,
}

#[derive(Debug, Clone, Copy)]
struct Waiter {
    ticket: u64,
    bytes: u64,
    since: Instant,
}

/// What was given to a waiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loan {
    /// Bytes of the budget.
    Bytes(u64),
    /// Bytes beyond it.
    Advance(u64),
}

/// The right of one run to take from a budget; given up when it and all that was taken through it are dropped.
#[derive(Debug)]
pub(crate) struct BudgetShare {
    budget: Arc<Budget>,
    run: u64,
    stop: Stop,
}

/// Bytes taken from a budget; given back on drop.
#[derive(Debug)]
pub(crate) struct Permit {
    share: Arc<BudgetShare>,
    loan: Loan,
}

impl Budget {
    /// A budget, all free.
    #[must_use]
    pub(crate) fn new(size: BudgetSize) -> Arc<Self> {
        let total = size.total.max(1);
        let unit = size.unit.clamp(1, total);
        Arc::new(Self {
            size: BudgetSize {
                total,
                unit,
                most: size.most.clamp(unit, total),
            },
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    /// Lets another run take from it, until `stop` is set.
    #[must_use]
    pub(crate) fn join(self: &Arc<Self>, stop: &Stop) -> Arc<BudgetShare> {
        let mut state = self.lock();
        let run = state.next_run;
        state.next_run += 1;
        state.runs.insert(run, RunHolding::default());
        state.most_runs = state.most_runs.max(state.runs.len());
        Arc::new(BudgetShare {
            budget: Arc::clone(self),
            run,
            stop: stop.clone(),
        })
    }

    /// Bytes that are out, and the most that ever were.
    pub(crate) fn in_use(&self) -> (u64, u64) {
        let state = self.lock();
        (state.out(), state.peak)
    }

    /// The most that can have been out: the budget, and an advance for each run but one, if all but one stood still.
    pub(crate) fn bound(&self) -> u64 {
        let others = self.lock().most_runs.saturating_sub(1) as u64;
        self.size.total + self.size.most * others
    }

    fn lock(&self) -> MutexGuard<'_, Lending> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and lets those go on who can then.
    fn change(&self, change: impl FnOnce(&mut Lending)) {
        let mut state = self.lock();
        change(&mut state);
        let is_any = state.serve(&self.size);
        drop(state);
        if is_any {
            self.changed.notify_all();
        }
    }
}

impl BudgetShare {
    /// Takes `bytes`, waiting until this run may have them; its threads are served in the order in which they ask.
    /// More than it can ever have counts as all of that, so that a part larger than the budget goes alone instead
    /// of never.
    ///
    /// # Errors
    /// [`Halted`] if the run stops before.
    pub(crate) fn take(self: &Arc<Self>, bytes: u64) -> Result<Permit, Halted> {
        let budget = &self.budget;
        let mut state = budget.lock();
        let ticket = state.ask(self.run, bytes);
        if state.serve(&budget.size) {
            budget.changed.notify_all();
        }
        loop {
            if let Some(loan) = state.granted(self.run, ticket) {
                let share = Arc::clone(self);
                return Ok(Permit { share, loan });
            }
            if self.stop.is_set() {
                state.withdraw(self.run, ticket);
                if state.serve(&budget.size) {
                    budget.changed.notify_all();
                }
                return Err(Halted);
            }
            let waited = budget.changed.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            if state.serve(&budget.size) {
                budget.changed.notify_all();
            }
        }
    }

    /// What this run can have whatever the others do.
    pub(crate) fn reserve(&self) -> u64 {
        let state = self.budget.lock();
        match state.runs.len() {
            0 | 1 => self.budget.size.total,
            runs => self.budget.size.reserve(runs),
        }
    }
}

impl Drop for BudgetShare {
    fn drop(&mut self) {
        self.budget.change(|state| {
            state.runs.remove(&self.run);
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Self { share, loan } = self;
        share
            .budget
            .change(|state| state.give_back(share.run, *loan));
    }
}

impl BudgetSize {
    /// What each of so many runs has of its own: half of the budget is shared out, and each gets a unit at least, if
    /// there are so many.
    fn reserve(&self, runs: usize) -> u64 {
        let runs = u64::try_from(runs).unwrap_or(u64::MAX).max(1);
        let of_half = self.total / runs.saturating_mul(2);
        of_half.max(self.unit).min(self.most).min(self.total / runs)
    }
}

impl RunHolding {
    /// Whether it has the advance, and not for so long that it stands still.
    fn has_just_begun(&self) -> bool {
        let since = self.advanced_at.map(|at| at.elapsed());
        since.is_some_and(|since| since < FURTHER_AFTER)
    }
}

impl Lending {
    fn used(&self) -> u64 {
        self.runs.values().map(|run| run.held).sum()
    }

    /// All that is out, advances too.
    fn out(&self) -> u64 {
        let advanced: u64 = self.runs.values().map(|run| run.advanced).sum();
        self.used() + advanced
    }

    fn ask(&mut self, run: u64, bytes: u64) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        if let Some(run) = self.runs.get_mut(&run) {
            let since = Instant::now();
            run.waiting.push_back(Waiter {
                ticket,
                bytes,
                since,
            });
        }
        ticket
    }

    fn granted(&mut self, run: u64, ticket: u64) -> Option<Loan> {
        let granted = &mut self.runs.get_mut(&run)?.granted;
        let place = granted.iter().position(|(of, _)| *of == ticket)?;
        Some(granted.swap_remove(place).1)
    }

    fn withdraw(&mut self, run: u64, ticket: u64) {
        if let Some(run) = self.runs.get_mut(&run) {
            run.waiting.retain(|waiter| waiter.ticket != ticket);
        }
    }

    fn give_back(&mut self, run: u64, loan: Loan) {
        if let Some(run) = self.runs.get_mut(&run) {
            match loan {
                Loan::Advance(bytes) => {
                    run.advanced -= bytes;
                    run.advanced_at = None;
                }
                Loan::Bytes(bytes) => run.held -= bytes,
            }
        }
    }

    /// Gives what can be given. Says whether that was anything.
    fn serve(&mut self, size: &BudgetSize) -> bool {
        let mut is_any = false;
        while let Some((run, loan)) = self.next_loan(size) {
            is_any = true;
            let Some(holding) = self.runs.get_mut(&run) else {
                break;
            };
            match loan {
                Loan::Bytes(bytes) => holding.held += bytes,
                Loan::Advance(bytes) => {
                    holding.advanced += bytes;
                    holding.advanced_at = Some(Instant::now());
                }
            }
            if let Some(waiter) = holding.waiting.pop_front() {
                holding.granted.push((waiter.ticket, loan));
            }
            self.peak = self.peak.max(self.out());
        }
        is_any
    }

    /// The run that is served next, and with what.
    fn next_loan(&self, size: &BudgetSize) -> Option<(u64, Loan)> {
        let heads = self.runs.iter().filter_map(|(run, holding)| {
            let first = holding.waiting.front()?;
            Some((first.ticket, *run, *first))
        });
        let mut heads: Vec<_> = heads.collect();
        heads.sort_unstable_by_key(|(ticket, ..)| *ticket);
        heads.iter().enumerate().find_map(|(place, head)| {
            let (_, run, waiter) = *head;
            Some((run, self.loan(size, run, waiter, place == 0)?))
        })
    }

    /// What a run may have; only who is first may take what is nobody's.
    fn loan(&self, size: &BudgetSize, run: u64, waiter: Waiter, is_first: bool) -> Option<Loan> {
        let reserve = size.reserve(self.runs.len());
        let asking = self.runs.get(&run)?;
        let (held, advanced) = (asking.held, asking.advanced);
        let others = || self.runs.iter().filter(|(other, _)| **other != run);
        let of_others: u64 = others().map(|(_, other)| other.held.max(reserve)).sum();
        let kept = reserve.saturating_mul(others().count() as u64);
        let bytes = waiter.bytes.min(size.total - kept);
        let leaves_reserves = of_others + (held + bytes).max(reserve) <= size.total;
        let is_in_reserve = held + bytes <= reserve;
        if (is_first && leaves_reserves) || (is_in_reserve && self.used() + bytes <= size.total) {
            return Some(Loan::Bytes(bytes));
        }
        let may_have_advance = is_in_reserve || held == 0;
        let is_there = advanced == 0 && bytes <= size.most && self.runs.len() > 1;
        let has_waited = waiter.since.elapsed() >= ADVANCE_AFTER;
        let goes_round = others().all(|(_, other)| !other.has_just_begun());
        (may_have_advance && is_there && has_waited && goes_round).then_some(Loan::Advance(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stop::Halt;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    fn budget(total: u64) -> Arc<Budget> {
        let (unit, most) = (10, 40);
        Budget::new(BudgetSize { total, unit, most })
    }

    #[test]
    fn never_more_is_out_than_there_is() {
        let budget = budget(100);
        let runs: Vec<_> = (0..4).map(|_| budget.join(&Stop::default())).collect();
        let (out, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..8_u64 {
                let share = &runs[usize::try_from(thread % 4).unwrap()];
                let (out, most) = (&out, &most);
                scope.spawn(move || {
                    for round in 0..200 {
                        let bytes = (thread * 13 + round) % 60 + 1;
                        let permit = share.take(bytes).unwrap();
                        let (Loan::Bytes(bytes) | Loan::Advance(bytes)) = permit.loan;
                        let now = out.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        most.fetch_max(now, Ordering::SeqCst);
                        out.fetch_sub(bytes, Ordering::SeqCst);
                        drop(permit);
                    }
                });
            }
        });
        assert!(most.into_inner() <= budget.bound());
        let (used, peak) = budget.in_use();
        assert_eq!(used, 0);
        assert!(peak <= budget.bound(), "{peak}");
        drop(runs);
        assert!(budget.lock().runs.is_empty());
    }

    #[test]
    fn a_run_that_is_alone_has_all_of_it_and_no_more() {
        let budget = budget(100);
        let share = budget.join(&Stop::default());
        let permits: Vec<_> = (0..10).map(|_| share.take(10).unwrap()).collect();
        assert_eq!(budget.in_use(), (100, 100));
        share.stop.halt(Halt::Interrupted);
        assert!(share.take(1).is_err(), "there is no advance for it");
        drop(permits);
        let all = share.take(1000).unwrap();
        assert_eq!(budget.in_use().0, 100, "what is larger goes alone");
        drop(all);
    }

    #[test]
    fn what_one_run_takes_leaves_the_others_their_reserves() {
        let budget = budget(100);
        let stop = Stop::default();
        let [greedy, second, third] = [(); 3].map(|()| budget.join(&stop));
        assert_eq!(second.reserve(), 16);
        let mut permits: Vec<_> = (0..6).map(|_| greedy.take(10).unwrap()).collect();
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| greedy.take(10));
            while budget.lock().runs[&greedy.run].waiting.is_empty() {
                std::thread::yield_now();
            }
            for _ in 0..5 {
                // Nothing of the first is given back meanwhile.
                let (second, third) = (second.take(16).unwrap(), third.take(16).unwrap());
                assert_eq!(second.loan, Loan::Bytes(16));
                assert_eq!(third.loan, Loan::Bytes(16));
            }
            drop((second, third));
            permits.push(waits.join().unwrap().unwrap());
        });
        assert_eq!(budget.in_use().0, 70);
    }

    #[test]
    fn who_comes_when_one_holds_all_goes_on_with_an_advance() {
        let budget = budget(100);
        let stop = Stop::default();
        let stands_still = budget.join(&stop);
        let all: Vec<_> = (0..10).map(|_| stands_still.take(10).unwrap()).collect();
        let late: Vec<_> = (0..3).map(|_| budget.join(&stop)).collect();
        std::thread::scope(|scope| {
            for share in &late {
                scope.spawn(|| {
                    for bytes in [10, 40, 7, 1] {
                        assert!(matches!(share.take(bytes).unwrap().loan, Loan::Advance(_)));
                    }
                });
            }
        });
        assert!(budget.in_use().1 <= 100 + 40, "one has it at a time");
        drop(all);
        assert_eq!(late[0].take(10).unwrap().loan, Loan::Bytes(10));
    }

    #[test]
    fn one_advance_goes_round_unless_who_has_it_stands_still_too() {
        let budget = budget(100);
        let stop = Stop::default();
        let stands_still = budget.join(&stop);
        let _all: Vec<_> = (0..10).map(|_| stands_still.take(10).unwrap()).collect();
        let late: Vec<_> = (0..3).map(|_| budget.join(&stop)).collect();
        let ago = |time: Duration| Instant::now().checked_sub(time).unwrap();
        let ask = |share: &Arc<BudgetShare>| {
            let mut state = budget.lock();
            let ticket = state.ask(share.run, 40);
            let run = state.runs.get_mut(&share.run).unwrap();
            run.waiting[0].since = ago(2 * FURTHER_AFTER);
            state.serve(&budget.size);
            (share.run, ticket)
        };
        let granted = |(run, ticket)| budget.lock().granted(run, ticket);
        let first = late[0].take(40).unwrap();
        assert_eq!(first.loan, Loan::Advance(40));
        let (second, third) = (ask(&late[1]), ask(&late[2]));
        assert_eq!((granted(second), granted(third)), (None, None));
        drop(first);
        assert_eq!(granted(second), Some(Loan::Advance(40)));
        assert_eq!(granted(third), None);
        // The second does not give it back.
        budget.change(|state| {
            let run = state.runs.get_mut(&late[1].run).unwrap();
            run.advanced_at = Some(ago(FURTHER_AFTER));
        });
        assert_eq!(granted(third), Some(Loan::Advance(40)));
        assert_eq!(budget.in_use(), (180, 180));
    }

    #[test]
    fn who_asked_first_for_more_than_a_reserve_is_not_overtaken_for_ever() {
        let budget = budget(100);
        let stop = Stop::default();
        let [busy, large] = [(); 2].map(|()| budget.join(&stop));
        let (send, sent) = crossbeam_channel::bounded(100);
        let is_served = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_served.load(Ordering::SeqCst) {
                    send.send(busy.take(10).unwrap()).unwrap();
                }
                drop(send);
            });
            scope.spawn(|| {
                for permit in sent {
                    std::thread::sleep(Duration::from_millis(1));
                    drop(permit);
                }
            });
            while budget.in_use().0 < 70 {
                std::thread::yield_now();
            }
            let permit = large.take(70).unwrap();
            is_served.store(true, Ordering::SeqCst);
            assert_eq!(permit.loan, Loan::Bytes(70));
        });
    }

    #[test]
    fn who_waits_and_is_stopped_waits_no_more_and_holds_up_nobody() {
        let budget = budget(100);
        let (stop, other) = (Stop::default(), Stop::default());
        let [stopped, going] = [budget.join(&stop), budget.join(&other)];
        let held: Vec<_> = (0..6).map(|_| stopped.take(10).unwrap()).collect();
        let rest = going.take(40).unwrap();
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| stopped.take(10));
            stop.halt(Halt::Interrupted);
            assert!(waits.join().unwrap().is_err());
        });
        drop((held, stopped));
        assert_eq!(budget.in_use().0, 40);
        let more = going.take(60).unwrap();
        assert_eq!(budget.in_use().0, 100);
        drop((rest, more));
    }
}
