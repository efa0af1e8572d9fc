//! What stands in a journal: plain values, as `docs/formats.md` has them. What they mean, those know who write
//! and read them.
//!
//! Each kind of job has records of its own; attempts and the outcomes of entries stand in all journals.

pub mod export;
pub mod image;
pub mod import;

use model::outcome::EntryRecord;
use model::proof::Attempt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A record of one kind of job's journals.
///
/// # Contract
/// As JSON it is an object whose field `record` names what it is, and never `opened`, which is the journal's own.
/// `From` makes the records that stand in all journals; `entry` gives back what was made of an [`EntryRecord`].
pub trait JobRecord:
    Serialize + DeserializeOwned + From<Attempt> + From<EntryRecord> + Send
{
    /// The outcome of an entry, if it is that.
    fn entry(&self) -> Option<&EntryRecord>;
}

/// The state of the hashes of a file or image up to some place: words in hexadecimal, big end first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashCheckpointRecord {
    /// Bytes hashed so far, a multiple of 64.
    pub bytes: u64,
    /// The four words of MD5.
    pub md5: String,
    /// The eight words of SHA-256.
    pub sha256: String,
}

/// What is asked of a journal whatever its kind of job: what the report needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum AnyRecord {
    /// An attempt began: what the store was found to do, before the first byte.
    Attempt(Attempt),
    /// The device of an export is full, as in [`export::ExportRecord::Full`].
    Full {
        /// The first place that is not on the device.
        ordinal: u64,
    },
    /// The outcome of an entry is known.
    Entry(EntryRecord),
    /// What is some kind of job's own.
    #[serde(other, skip_serializing)]
    Other,
}

#[cfg(test)]
mod tests;
