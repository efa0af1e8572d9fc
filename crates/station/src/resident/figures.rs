//! What is counted of bays, for whoever watches: bounded by how many bays there are, and by nothing that is plugged in.

use std::collections::BTreeMap;
use std::time::Duration;

use disks::device::counted::Reads;
use model::bay::{BayName, BayStatus};
use model::timings::Timings;
use transfer::progress::{Progress, Snapshot};

use super::places::MAX_BAYS;
use super::visit::Condition;

/// Most names of bays that are told apart: as many as a host has ports, where ports have names and not bays.
const NAMES: usize = 4 * MAX_BAYS;

/// Bounds of how long it takes to find out whose a device is: an image is looked at in moments, a disk that spins up and
/// has a million files in minutes.
const BOUNDS: &[Duration] = &[
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(300),
    Duration::from_secs(1800),
];

/// All that is told of the bays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BenchFigures {
    /// How each bay is.
    pub bays: Vec<BayStatus>,
    /// Ranges of the device in a bay that could not be read when they were last tried.
    pub bad_ranges: BTreeMap<BayName, u64>,
    /// What was done in each bay since the station was started; also in one that is not there any more.
    pub counts: BTreeMap<BayName, BayCounts>,
    /// How often the device in a bay has gone while it was at work.
    pub resets: BTreeMap<BayName, u64>,
    /// How the device in a bay is, where anything is known of that.
    pub conditions: BTreeMap<BayName, DiskFigures>,
    /// How long it took from an event of the kernel until it was known whose a device is.
    pub named: Timings,
}

/// How the device in a bay is, each where it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DiskFigures {
    /// Whether it is failing: not known of one that does not say, and of which few ranges are bad.
    pub is_failing: Option<bool>,
    /// Its temperature in degrees Celsius.
    pub temperature: Option<i64>,
}

/// What is told of how a device is.
pub(super) fn of_condition((bay, condition): (BayName, Condition)) -> (BayName, DiskFigures) {
    let Condition { health, failing } = condition;
    let says = health.as_ref().and_then(|health| health.passed);
    let figures = DiskFigures {
        is_failing: failing.map(|_| true).or(says.map(|passed| !passed)),
        temperature: health.and_then(|health| health.temperature),
    };
    (bay, figures)
}

/// What was done in a bay since the station was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BayCounts {
    /// Bytes that were read of devices and images.
    pub read_bytes: u64,
    /// Reads of them that failed.
    pub read_errors: u64,
    /// Bytes that stores have confirmed.
    pub sent_bytes: u64,
    /// Files that were stored.
    pub stored: u64,
    /// Files that were in the bucket already.
    pub unchanged: u64,
    /// Files that failed.
    pub failed: u64,
    /// Names that rules left out.
    pub ignored: u64,
}

impl BayCounts {
    /// What one attempt has done: what an earlier one had stored is none of it.
    pub(super) fn of(progress: &Progress, reads: &Reads) -> Self {
        let Snapshot {
            tally,
            resumed,
            unchanged,
            sent_bytes,
            ..
        } = progress.snapshot();
        let before = resumed.saturating_add(unchanged);
        Self {
            read_bytes: reads.bytes(),
            read_errors: reads.errors(),
            sent_bytes,
            stored: tally.stored.saturating_sub(before),
            unchanged,
            failed: tally.failed,
            ignored: tally.ignored,
        }
    }

    fn and(self, more: Self) -> Self {
        Self {
            read_bytes: self.read_bytes.saturating_add(more.read_bytes),
            read_errors: self.read_errors.saturating_add(more.read_errors),
            sent_bytes: self.sent_bytes.saturating_add(more.sent_bytes),
            stored: self.stored.saturating_add(more.stored),
            unchanged: self.unchanged.saturating_add(more.unchanged),
            failed: self.failed.saturating_add(more.failed),
            ignored: self.ignored.saturating_add(more.ignored),
        }
    }
}

/// What was done in all bays.
#[derive(Debug, Default)]
pub(super) struct DoneInBays(BTreeMap<BayName, BayCounts>);

impl DoneInBays {
    /// Adds what is over.
    pub(super) fn add(&mut self, bay: &BayName, counts: BayCounts) {
        add(&mut self.0, bay, counts);
    }

    /// The same with what is not over yet.
    pub(super) fn with(
        &self,
        going: impl Iterator<Item = (BayName, BayCounts)>,
    ) -> BTreeMap<BayName, BayCounts> {
        let mut all = self.0.clone();
        going.for_each(|(bay, counts)| add(&mut all, &bay, counts));
        all
    }
}

fn add(to: &mut BTreeMap<BayName, BayCounts>, bay: &BayName, counts: BayCounts) {
    if let Some(before) = entry(to, bay) {
        *before = before.and(counts);
    }
}

/// What is kept under a name; none for one that is too many.
fn entry<'a, T: Default>(of: &'a mut BTreeMap<BayName, T>, bay: &BayName) -> Option<&'a mut T> {
    let has_room = of.len() < NAMES || of.contains_key(bay);
    has_room.then(|| of.entry(bay.clone()).or_default())
}

/// What the board has counted.
#[derive(Debug, Clone)]
pub(super) struct Noted {
    pub(super) named: Timings,
    pub(super) resets: BTreeMap<BayName, u64>,
}

impl Default for Noted {
    fn default() -> Self {
        Self {
            named: Timings::new(BOUNDS),
            resets: BTreeMap::new(),
        }
    }
}

impl Noted {
    /// Counts a device of which it is known whose it is.
    pub(super) fn named(&mut self, took: Duration) {
        self.named.add(took);
    }

    /// Counts one that has gone while it was at work.
    pub(super) fn reset(&mut self, bay: &BayName) {
        if let Some(resets) = entry(&mut self.resets, bay) {
            *resets += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> BayName {
        BayName::new(text).unwrap()
    }

    #[test]
    fn what_is_over_and_what_is_not_are_counted_together_and_names_have_an_end() {
        let mut done = DoneInBays::default();
        let three = BayCounts {
            stored: 3,
            sent_bytes: 30,
            ..BayCounts::default()
        };
        for number in 0..NAMES + 5 {
            done.add(&name(&format!("B{number}")), three);
        }
        done.add(&name("B1"), three);
        let all = done.with([(name("B1"), three), (name("new"), three)].into_iter());
        assert_eq!(all.len(), NAMES);
        assert_eq!(
            (all[&name("B1")].stored, all[&name("B1")].sent_bytes),
            (9, 90)
        );
    }

    #[test]
    fn what_an_earlier_attempt_had_stored_is_not_counted_again() {
        let progress = Progress::default();
        progress.resumed(10);
        progress.done(5);
        progress.sent(5);
        let counts = BayCounts::of(&progress, &Reads::default());
        assert_eq!((counts.stored, counts.sent_bytes), (1, 5));
    }
}
