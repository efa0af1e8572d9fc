//! The records of the image of a device: its steps.

use model::image::BadRange;
use model::outcome::EntryRecord;
use model::proof::Attempt;
use serde::{Deserialize, Serialize};

use super::{HashCheckpointRecord, JobRecord};

/// A record of the journal of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum ImageRecord {
    /// An attempt began.
    Attempt(Attempt),
    /// A step on the way of the image.
    Image(Step),
    /// The outcome of the one entry is known.
    Entry(EntryRecord),
    /// A record of another kind of job, which the job may have been before.
    #[serde(other, skip_serializing)]
    Other,
}

impl JobRecord for ImageRecord {
    fn entry(&self) -> Option<&EntryRecord> {
        match self {
            Self::Entry(record) => Some(record),
            _ => None,
        }
    }
}

impl From<Attempt> for ImageRecord {
    fn from(attempt: Attempt) -> Self {
        Self::Attempt(attempt)
    }
}

impl From<EntryRecord> for ImageRecord {
    fn from(record: EntryRecord) -> Self {
        Self::Entry(record)
    }
}

/// A step on the way of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// An image was begun; what an earlier beginning left is of no use any more. Synced before
    /// anything is asked of a service.
    Begun(Begun),
    /// The service's name for it: of the snapshot, or of the upload of an archive. Synced.
    Named {
        /// The name.
        name: String,
    },
    /// The upload of an object was begun. Synced before its first part.
    Upload {
        /// Which object, from 0.
        object: u64,
        /// The store's id for the upload.
        upload: String,
    },
    /// The upload of an object is gone, and its parts with it.
    UploadLost {
        /// Which object.
        object: u64,
    },
    /// A stretch is where it should be, as far as the service says.
    Sent {
        /// Which stretch, from 0.
        stretch: u64,
        /// What it was.
        #[serde(flatten)]
        sent: Sent,
    },
    /// A stretch is to be sent again, with other bytes. Synced before.
    Again {
        /// Which stretch.
        stretch: u64,
    },
    /// The sums are known up to a stretch.
    Hashed {
        /// So many stretches are in them.
        stretches: u64,
        /// The sums of the whole image.
        whole: HashCheckpointRecord,
        /// The sums of the object that is open there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        object: Option<HashCheckpointRecord>,
    },
    /// The SHA-256 of an object is known, lower-case hex.
    Object {
        /// Which object.
        object: u64,
        /// Its SHA-256.
        sha256: String,
    },
    /// What of a stretch the device would not give, in the place of what was known of it.
    Bad {
        /// Which stretch.
        stretch: u64,
        /// The ranges; none if all of it was read.
        ranges: Vec<BadRange>,
    },
    /// The service is about to be told that all is there. Synced before: what became of that cannot
    /// always be seen.
    Completing {
        /// The sums of the whole image, if they are known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sums: Option<WholeSums>,
    },
    /// The image is where it should be; the entry follows.
    Done(Done),
}

/// What an image was begun with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// Where it goes: `snapshot`, `vault`, `objects`.
    pub to: String,
    /// Size of the device in bytes.
    pub bytes: u64,
    /// Bytes of each stretch but the last.
    pub stretch_bytes: u64,
    /// Bytes of each object but the last, where it goes to objects; otherwise the size of the device.
    pub object_bytes: u64,
    /// By which a service knows that the same is meant.
    pub token: String,
}

/// A stretch that is where it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The sum of its bytes that the target goes by, lower-case hex.
    pub sum: String,
    /// How many blocks or parts the service has of it: none where zeros need not be sent.
    pub puts: u32,
    /// What the store called the part, where that is not the sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// How an image ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The id of the archive, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    /// Bucket and key of the object that takes the place of an archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// What the customer should know.
    pub remark: String,
}

/// MD5 and SHA-256 of a whole image, lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WholeSums {
    /// MD5.
    pub md5: String,
    /// SHA-256.
    pub sha256: String,
}
