//! The three listings of each volume beside each other, told and counted: what must be on it, what the kernel shows,
//! and what our readers tell.

use std::collections::BTreeMap;

use super::errand::{Driver, Entry, Thing};
use super::machine::Answer;
use super::ours::Seen;
use super::verdict::{Difference, differences};

/// Differences of one volume that are printed.
const PRINTED: usize = 12;
/// Characters of a difference that are printed.
const WIDTH: usize = 400;

/// What was seen of a volume by others than the kernel.
pub(crate) struct Case {
    /// What it is called.
    pub(crate) name: String,
    /// What mounts it.
    pub(crate) driver: Driver,
    /// What our readers tell.
    pub(crate) seen: Seen,
    /// What must be on it, where that is known.
    pub(crate) wanted: Option<Vec<Entry>>,
}

/// All volumes that were judged.
#[derive(Default)]
pub(crate) struct Judge {
    volumes: u64,
    unmounted: u64,
    names: u64,
    files: u64,
    bytes: u64,
    faults: u64,
    /// Differences that are no fault, by their reasons.
    known: BTreeMap<&'static str, u64>,
}

impl Judge {
    /// Judges a volume, and prints what there is to say.
    pub(crate) fn judge(&mut self, case: &Case, answer: &Answer) {
        let seen = &case.seen;
        if let Some(fault) = &answer.fault {
            println!("unmounted  {} ({}): {fault}", case.name, seen.kind);
            self.unmounted += 1;
            self.faults += u64::from(case.wanted.is_some());
            return;
        }
        self.volumes += 1;
        self.count(&answer.entries);
        let found = differences(case.driver, &answer.entries, &seen.entries);
        let (known, mut faults): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|difference| difference.known.is_some());
        for why in known.iter().filter_map(|difference| difference.known) {
            *self.known.entry(why).or_default() += 1;
        }
        if let Some(wanted) = &case.wanted {
            faults.extend(beside_wanted(case, wanted, &answer.entries));
        }
        self.faults += faults.len() as u64;
        let word = if faults.is_empty() {
            "right"
        } else {
            "DIFFERS"
        };
        let lost = seen.lost.len();
        println!(
            "{word:<10} {}: {}, {} names, {} known differences, {lost} damaged, unaccounted {:?}",
            case.name,
            seen.kind,
            answer.entries.len(),
            known.len(),
            seen.unaccounted,
        );
        for difference in faults.iter().take(PRINTED) {
            let line = format!("           {}: {}", difference.path, difference.how);
            println!("{}", line.chars().take(WIDTH).collect::<String>());
        }
        for lost in seen.lost.iter().take(PRINTED) {
            println!("           damaged: {lost}");
        }
    }

    fn count(&mut self, entries: &[Entry]) {
        self.names += entries.len() as u64;
        for entry in entries {
            if let Thing::File { bytes, sum: _ } = &entry.what {
                self.files += 1;
                self.bytes += bytes;
            }
        }
    }

    /// Prints the sum; whether nothing differs but what may.
    pub(crate) fn sum_up(self) -> bool {
        println!();
        for (why, count) in &self.known {
            println!("{count:>6} known: {why}");
        }
        println!(
            "{} volumes, {} not mounted by the kernel, {} names, {} files of {} bytes; {} faults",
            self.volumes, self.unmounted, self.names, self.files, self.bytes, self.faults
        );
        self.faults == 0
    }
}

/// What is not as it was written: in our listing, which is a fault of ours or of the driver, or in that of the kernel.
/// On a volume that a kernel has filled nothing is damaged, and every cluster belongs to something.
fn beside_wanted(case: &Case, wanted: &[Entry], kernel: &[Entry]) -> Vec<Difference> {
    let mut found = Vec::new();
    for (who, entries) in [("kernel", kernel), ("ours", &case.seen.entries)] {
        let differing = differences(case.driver, wanted, entries);
        found.extend(
            differing
                .into_iter()
                .filter(|difference| difference.known.is_none())
                .map(|difference| Difference {
                    how: format!("as written, and then {who}: {}", difference.how),
                    ..difference
                }),
        );
    }
    let damage = case.seen.lost.iter().map(|lost| Difference {
        path: String::new(),
        how: format!("damaged: {lost}"),
        known: None,
    });
    found.extend(damage);
    found
}
