//! The records of an export.

use model::outcome::EntryRecord;
use model::proof::Attempt;
use serde::{Deserialize, Serialize};

use super::{HashCheckpointRecord, JobRecord};

/// A record of the journal of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum ExportRecord {
    /// An attempt began.
    Attempt(Attempt),
    /// The beginning of a large file is on the device and was read back.
    Written {
        /// The file's place in the plan.
        ordinal: u64,
        /// Which version of the object it is.
        etag: String,
        /// The state of the file's hashes there, which says how far it is.
        #[serde(flatten)]
        checkpoint: HashCheckpointRecord,
    },
    /// The device is full: what has this place in the plan, and all that follows, is not on it.
    Full {
        /// The first place that is not on the device.
        ordinal: u64,
    },
    /// The outcome of an entry is known.
    Entry(EntryRecord),
    /// A record of another kind of job, which the job may have been before.
    #[serde(other, skip_serializing)]
    Other,
}

impl JobRecord for ExportRecord {
    fn entry(&self) -> Option<&EntryRecord> {
        match self {
            Self::Entry(record) => Some(record),
            _ => None,
        }
    }
}

impl From<Attempt> for ExportRecord {
    fn from(attempt: Attempt) -> Self {
        Self::Attempt(attempt)
    }
}

impl From<EntryRecord> for ExportRecord {
    fn from(record: EntryRecord) -> Self {
        Self::Entry(record)
    }
}
