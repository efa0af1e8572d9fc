//! The records of an import of files.

use model::capabilities::PartCheck;
use model::entry::EntryPath;
use model::ids::ObjectKey;
use model::missing::Missing;
use model::outcome::{EntryRecord, Stored};
use model::proof::Attempt;
use serde::{Deserialize, Serialize};

use super::{HashCheckpointRecord, JobRecord};

/// A record of the journal of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum ImportRecord {
    /// An attempt began: what the store was found to do, before the first byte.
    Attempt(Attempt),
    /// A multipart upload was begun. Journaled and synced before its first part: an upload whose
    /// id we forgot cannot be abandoned.
    Intent {
        /// The key.
        key: ObjectKey,
        /// The store's id for the upload.
        upload: String,
        /// What it takes to go on with it; early journals have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<IntentFile>,
    },
    /// The store confirmed a part.
    Part {
        /// The upload.
        upload: String,
        /// What it confirmed.
        #[serde(flatten)]
        receipt: ReceiptRecord,
    },
    /// The hashes of a whole file are known up to the end of a part.
    Hashed {
        /// The upload.
        upload: String,
        /// The last part that is in them.
        number: u64,
        /// Their state.
        #[serde(flatten)]
        checkpoint: HashCheckpointRecord,
    },
    /// A multipart upload is about to be completed. Journaled and synced before: whether it was
    /// completed can be seen, but not what it was completed from.
    Review {
        /// The upload.
        upload: String,
        /// What the object will be.
        stored: Stored,
    },
    /// The outcome of an entry is known.
    Entry(EntryRecord),
    /// A record of another kind of job, which the job may have been before.
    #[serde(other, skip_serializing)]
    Other,
}

impl JobRecord for ImportRecord {
    fn entry(&self) -> Option<&EntryRecord> {
        match self {
            Self::Entry(record) => Some(record),
            _ => None,
        }
    }
}

impl From<Attempt> for ImportRecord {
    fn from(attempt: Attempt) -> Self {
        Self::Attempt(attempt)
    }
}

impl From<EntryRecord> for ImportRecord {
    fn from(record: EntryRecord) -> Self {
        Self::Entry(record)
    }
}

/// The file of an upload, as it was when the upload was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntentFile {
    /// Its path, as the report prints it.
    pub file: String,
    /// The raw bytes of the path in base64, where they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_path: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// When its content was last changed, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// When anything of it was last changed, in nanoseconds since 1970.
    pub changed_ns: i64,
    /// Bytes of each part but the last.
    pub part_bytes: u64,
    /// The type the object is given.
    pub content_type: String,
    /// What of the file the device had given up by then: zeros in the object.
    #[serde(default, skip_serializing_if = "Missing::is_empty")]
    pub missing: Missing,
    /// By which sum its parts are sent. Early journals do not say, and then it is MD5.
    #[serde(default, skip_serializing_if = "PartCheck::is_md5")]
    pub check: PartCheck,
    /// Whether another host began the upload, and this one goes on with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_over: bool,
}

impl IntentFile {
    /// Its path; `None` if the record is of none.
    #[must_use]
    pub fn path(&self) -> Option<EntryPath> {
        EntryPath::from_record(&self.file, self.raw_path.as_deref())
    }
}

/// A part the store confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptRecord {
    /// Which part, from 1.
    pub number: u64,
    /// The part's entity tag.
    pub etag: String,
    /// Its size.
    pub bytes: u64,
    /// Its sum in hexadecimal, where it was sent by another than MD5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
}
