//! What is known of a failing device at this moment.
//!
//! An error alone proves nothing: a device that is gone answers with the same. What an error says is taken in at once,
//! and back again if the device gave no sign of life after it.

use std::ops::Range;
use std::time::Duration;

use super::kept::{Fate, Listed};
use super::limits::{CLUSTER_BYTES, FIRST_SKIP, LARGEST_SKIP, READ_STRETCHES};
use super::map::{Phase, Position, RescueMap, Status};
use super::marks::Mark;
use super::spans::{Spans, push};

/// What is known. Stretches of which nothing is said were not asked for.
#[derive(Debug)]
pub(crate) struct Ledger {
    bytes: u64,
    /// What somebody asked for and did not get; never [`Status::Read`].
    pub(crate) failing: Spans<Status>,
    /// What was read, as far as it is remembered.
    read: Spans<()>,
    pub(crate) fates: Spans<Fate>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) position: Position,
    /// What failed together in a read that nobody had asked for in all its length: not where in it.
    together: Spans<()>,
    skip: Skip,
    doubted: Vec<Before>,
    /// Whether anything is known that is not saved.
    pub(crate) is_fresh: bool,
    pub(crate) saved: Duration,
}

/// What was known of a stretch before an error.
#[derive(Debug)]
struct Before {
    failing: Vec<(Range<u64>, Option<Status>)>,
    read: Vec<(Range<u64>, Option<()>)>,
    fates: Vec<(Range<u64>, Option<Fate>)>,
}

/// Where a read in the first pass comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whence {
    /// The device.
    Device {
        /// Whether it gave these bytes before: they are not skipped.
        is_known: bool,
    },
    /// What was kept.
    Kept,
    /// Nowhere: it failed, or was skipped.
    Nowhere,
}

/// The skip behind errors.
#[derive(Debug)]
struct Skip {
    first: u64,
    largest: u64,
    next: u64,
    over: Range<u64>,
}

impl Skip {
    fn of(bytes: u64) -> Self {
        let whole = |bytes: u64| bytes.max(CLUSTER_BYTES).next_multiple_of(CLUSTER_BYTES);
        let first = whole(bytes / FIRST_SKIP);
        Self {
            first,
            largest: whole(bytes / LARGEST_SKIP).max(first),
            next: first,
            over: 0..0,
        }
    }
}

impl Ledger {
    /// Goes on from the map and the list of an earlier attempt. What was skipped then is nobody's wish yet.
    pub(crate) fn new(bytes: u64, map: &RescueMap, listed: Listed) -> Self {
        let mut ledger = Self {
            bytes,
            failing: Spans::default(),
            read: Spans::default(),
            fates: listed.fates,
            marks: listed.marks,
            position: map.position,
            together: Spans::default(),
            skip: Skip::of(bytes),
            doubted: Vec::new(),
            is_fresh: false,
            saved: Duration::ZERO,
        };
        for (range, status) in map.blocks() {
            match status {
                Status::Untried => {}
                Status::Read => ledger.note_read(range),
                Status::Untrimmed | Status::Unscraped | Status::Bad => {
                    ledger.failing.set(range, Some(status));
                }
            }
        }
        for kept in ledger.fates.of(Fate::Kept) {
            ledger.failing.set(kept.clone(), None);
            ledger.note_read(kept);
        }
        ledger
    }

    /// The same as a map of the whole device.
    pub(crate) fn map(&self) -> RescueMap {
        let mut map = RescueMap::new(self.bytes);
        map.position = self.position;
        self.read
            .iter()
            .for_each(|(range, ())| map.set(range, Status::Read));
        self.failing
            .iter()
            .for_each(|(range, status)| map.set(range, status));
        map.again = self.fates.of(Fate::Kept);
        map
    }

    /// Where the bytes of a range come from, in order.
    pub(crate) fn sources(&self, range: Range<u64>) -> Vec<(Range<u64>, Whence)> {
        let mut sources = Vec::new();
        for (piece, status) in self.failing.pieces(range) {
            if status.is_some() {
                sources.push((piece, Whence::Nowhere));
                continue;
            }
            for (piece, fate) in self.fates.pieces(piece) {
                if fate == Some(Fate::Kept) {
                    sources.push((piece, Whence::Kept));
                    continue;
                }
                let known = self.read.pieces(piece).into_iter();
                sources.extend(known.map(|(piece, read)| {
                    let is_known = read.is_some();
                    (piece, Whence::Device { is_known })
                }));
            }
        }
        sources
    }

    /// How much from `at` on, up to `end`, lies in the skip behind the last error.
    pub(crate) fn skipped(&self, at: u64, end: u64) -> u64 {
        match self.skip.over.contains(&at) {
            true => self.skip.over.end.min(end) - at,
            false => 0,
        }
    }

    /// Bytes came: whatever failed before, the device lives.
    pub(crate) fn came(&mut self, range: Range<u64>) {
        self.doubted.clear();
        self.skip.next = self.skip.first;
        let was_failing = self.failing.within(range.clone()).next().is_some();
        self.is_fresh |= was_failing;
        self.failing.set(range.clone(), None);
        self.together.set(range.clone(), None);
        let is_news = self
            .read
            .pieces(range.clone())
            .iter()
            .any(|(_, read)| read.is_none());
        if is_news {
            self.note_read(range);
        }
    }

    fn note_read(&mut self, range: Range<u64>) {
        let touches = range.start > 0 && self.read.at(range.start - 1).is_some();
        if touches || self.read.len() < READ_STRETCHES {
            self.read.set(range, Some(()));
        }
    }

    /// They came by trying again, and are kept.
    pub(crate) fn kept(&mut self, range: Range<u64>) {
        self.came(range.clone());
        self.fates.set(range, Some(Fate::Kept));
        self.is_fresh = true;
    }

    /// They came by trying again, and there was no room to keep them: if they fail once more, that was all.
    pub(crate) fn came_again(&mut self, range: Range<u64>) {
        self.came(range.clone());
        self.fates.set(range, Some(Fate::Spent(0)));
        self.is_fresh = true;
    }

    /// They did not come; without another their fate stays.
    pub(crate) fn failed(&mut self, range: Range<u64>, status: Status, fate: Option<Fate>) {
        self.doubted.push(Before {
            failing: self.failing.pieces(range.clone()),
            read: self.read.pieces(range.clone()),
            fates: self.fates.pieces(range.clone()),
        });
        self.set_failing(range.clone(), status);
        if fate.is_some() {
            self.fates.set(range, fate);
        }
    }

    /// They did not come, together with what somebody may ask for: they are tried once less when that is done.
    pub(crate) fn failed_lightly(&mut self, range: Range<u64>) {
        self.together.set(range, Some(()));
    }

    /// Whether some of a range failed so.
    pub(crate) fn failed_together(&self, range: Range<u64>) -> bool {
        self.together.within(range).next().is_some()
    }

    /// Says of what was not read how it stands, without a read that failed.
    pub(crate) fn set_failing(&mut self, range: Range<u64>, status: Status) {
        self.read.set(range.clone(), None);
        self.failing.set(range, Some(status));
        self.is_fresh = true;
    }

    /// Nobody asks for what failed there, or was skipped.
    pub(crate) fn disclaimed(&mut self, range: Range<u64>) {
        self.failing.set(range, None);
        self.is_fresh = true;
    }

    /// Skips behind an error, twice as far as behind the last one.
    pub(crate) fn skip_from(&mut self, at: u64) {
        self.skip.over = at..at.saturating_add(self.skip.next);
        self.skip.next = (self.skip.next * 2).min(self.skip.largest);
    }

    /// How many errors wait for a sign that the device lives.
    pub(crate) fn doubts(&self) -> usize {
        self.doubted.len()
    }

    /// It lives.
    pub(crate) fn believe(&mut self) {
        self.doubted.clear();
    }

    /// It does not: its last errors said nothing.
    pub(crate) fn take_back(&mut self) {
        for before in std::mem::take(&mut self.doubted).into_iter().rev() {
            restore(&mut self.failing, before.failing);
            restore(&mut self.read, before.read);
            restore(&mut self.fates, before.fates);
        }
    }

    /// The stretches with a status that are still tried in this attempt.
    pub(crate) fn pending(&self, status: Status) -> Vec<Range<u64>> {
        let mut pending = Vec::new();
        for range in self.failing.of(status) {
            for (piece, fate) in self.fates.pieces(range) {
                match fate {
                    Some(Fate::GivenUp | Fate::Spent(_)) => {}
                    Some(Fate::Kept | Fate::Retried(_)) | None => push(&mut pending, piece),
                }
            }
        }
        pending
    }

    /// How many areas are bad, sector by sector.
    pub(crate) fn bad_areas(&self) -> usize {
        let bad = self
            .failing
            .iter()
            .filter(|(_, status)| *status == Status::Bad);
        bad.count()
    }

    /// Nothing that is failing now is tried again in this attempt. What was retried as often as was asked for, which is
    /// all that is bad if the passes came to their end, in no other either.
    pub(crate) fn give_up(&mut self, is_at_end: bool) {
        let failing: Vec<_> = self.failing.iter().collect();
        for (range, status) in failing {
            for (piece, fate) in self.fates.pieces(range) {
                let fate = match fate {
                    Some(fate @ (Fate::GivenUp | Fate::Spent(_))) => fate,
                    _ if is_at_end && status == Status::Bad => Fate::GivenUp,
                    Some(Fate::Retried(times)) => Fate::Spent(times),
                    Some(Fate::Kept) | None => Fate::Spent(0),
                };
                self.fates.set(piece, Some(fate));
            }
        }
        self.position.phase = Phase::Finished;
        self.is_fresh = true;
    }

    /// What outlives this attempt.
    pub(crate) fn lasting(&self) -> Listed {
        let (marks, fates) = (self.marks.clone(), self.fates.clone());
        Listed { marks, fates }
    }

    /// Whether there is anything here that must not be said of another device.
    pub(crate) fn is_of_one_device(&self) -> bool {
        self.failing.len() > 0 || !self.fates.of(Fate::Kept).is_empty()
    }
}

fn restore<T: Copy + PartialEq>(spans: &mut Spans<T>, before: Vec<(Range<u64>, Option<T>)>) {
    for (range, value) in before {
        spans.set(range, value);
    }
}
