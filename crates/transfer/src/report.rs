//! Renders the three forms of the report from the journal and puts them into the log bucket.
//!
//! A function of the journal and the job alone: the same journal gives the same report, after any
//! number of crashes. The map of a device that could not be read everywhere is not made here: it lies beside the journal. Lines are in the order of the paths' bytes; memory does not grow with their
//! number.

mod delivery;
mod entries;
mod forms;
pub(crate) mod map;

use std::path::{Path, PathBuf};

use model::control::Tally;
use model::proof::Attempt;
use model::report::Keys;
use model::report::lines::{About, Head};
use model::report::summary::Summary;

use crate::journal::JournalError;

pub use delivery::{DeliveryError, deliver, write_to};

/// A rendered report.
#[derive(Debug, Clone)]
pub struct Report {
    /// Where AWS's form lies on this station.
    pub csv: PathBuf,
    /// Where the form for programs lies.
    pub lines: PathBuf,
    /// Where the form for people lies.
    pub summary: PathBuf,
    /// Where the map of what could not be read of the device lies, if there is one.
    pub map: Option<PathBuf>,
    /// What the last form says of the entries.
    pub findings: Summary,
    /// Every attempt, with what the store was found to do.
    pub attempts: Vec<Attempt>,
    /// Where all of them go in the log bucket.
    pub keys: Keys,
    /// The type of the first: the log of a Glacier import is no table.
    pub log_type: &'static str,
}

impl Report {
    /// How many errors it tells of.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.findings.totals.errors()
    }

    /// What it says, counted.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let totals = self.findings.totals;
        Tally {
            stored: totals.stored,
            bytes: totals.bytes,
            ignored: totals.ignored,
            failed: totals.failed,
        }
    }
}

/// Renders the report of the job that `about` names from the journal in `folder`.
///
/// # Errors
/// [`JournalError`].
pub fn render(folder: &Path, about: &About) -> Result<Report, JournalError> {
    let entries = entries::sorted(folder)?;
    let head = Head {
        about: about.clone(),
        attempts: entries.attempts().to_vec(),
    };
    forms::render(folder, head, entries)
}
