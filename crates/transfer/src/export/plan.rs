//! The plan of a device: every object in its order, and where each of them goes.
//!
//! It is made once, before the first byte, and kept as a file: JSON Lines, the first of which says
//! what it is, the last counts and sums up what stands before it (`docs/formats.md`). The file is
//! there whole or not at all, and it is checked whole before anything is done by it. It is read a
//! line at a time, so that memory does not grow with the number of objects.

mod reading;
mod writer;

pub use reading::Items;
pub use writer::Writer;

use std::io;
use std::path::{Path, PathBuf};

use model::ids::{BucketName, JobId, ObjectKey};
use model::outcome::Failure;
use serde::{Deserialize, Serialize};

use reading::PlanReader;

/// The name of the format, in its first line.
const FORMAT: &str = "longshore-export-plan";

/// The version that is written, and the only one there is.
const VERSION: u32 = 1;

/// One object of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its place in the plan, from 0 without a gap.
    pub ordinal: u64,
    /// Which of the manifest's `operations` selects it, from 0.
    pub operation: u32,
    /// The bucket it is in.
    pub bucket: BucketName,
    /// Its key.
    pub key: ObjectKey,
    /// Its size in bytes when it was listed.
    pub bytes: u64,
    /// Its entity tag when it was listed, without quotes.
    pub etag: String,
    /// What becomes of it.
    pub to: To,
}

/// What becomes of an object. Paths are relative to the root of the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum To {
    /// A file under its own name.
    File {
        /// Where.
        path: String,
    },
    /// A numbered file of the recovery directory.
    Recovered {
        /// Where.
        path: String,
        /// Why not under its own name.
        why: String,
    },
    /// A directory.
    Directory {
        /// Where.
        path: String,
    },
    /// Nothing: it cannot be written, and this is what the report says.
    Nowhere(Failure),
}

/// The last line, without its sum.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct End {
    /// Objects in the plan.
    pub items: u64,
    /// Bytes of those that become files.
    pub bytes: u64,
    /// Where the next device goes on, if this one does not hold all.
    pub next: Option<Next>,
}

/// Where the next device goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// In which of the manifest's `operations`, from 0.
    pub operation: u32,
    /// Its bucket.
    pub bucket: BucketName,
    /// The last of its keys that this device holds, which is the next one's `beginMarker`; `None`
    /// if it holds none of this operation's.
    pub after: Option<ObjectKey>,
    /// The first key that this device does not hold.
    pub first: ObjectKey,
}

/// A plan that cannot be used. It can be made anew.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file cannot be read or written.
    #[error("could not use the export plan `{path}`")]
    Io {
        /// Which file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// It is something else.
    #[error("`{path}` is not an export plan")]
    NotAPlan {
        /// Which file.
        path: PathBuf,
    },
    /// It is of a later version of this program.
    #[error("`{path}` is an export plan of version {version}, and this program reads {VERSION}")]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// It is of another job.
    #[error("`{path}` is the export plan of job `{job}`")]
    OtherJob {
        /// Which file.
        path: PathBuf,
        /// Whose it is.
        job: JobId,
    },
    /// A line is not what a plan has there.
    #[error("line {line} of the export plan `{path}` is damaged")]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
    },
    /// The last line does not sum up those before it, or is not there, or is not the last.
    #[error("the export plan `{path}` is not whole")]
    NotWhole {
        /// Which file.
        path: PathBuf,
    },
}

/// A plan that is whole.
#[derive(Debug)]
pub struct Plan {
    path: PathBuf,
    end: End,
}

impl Plan {
    /// Reads the plan of `job` at `path` to its end and checks it; `None` if there is no such
    /// file.
    ///
    /// # Errors
    /// [`PlanError`].
    pub fn open(path: &Path, job: JobId) -> Result<Option<Self>, PlanError> {
        let Some(mut reading) = PlanReader::open(path)? else {
            return Ok(None);
        };
        let found = reading.head()?;
        if found != job {
            return Err(PlanError::OtherJob {
                path: path.to_owned(),
                job: found,
            });
        }
        Ok(Some(Self {
            path: path.to_owned(),
            end: reading.check()?,
        }))
    }

    /// What the plan adds up to, and where the next device goes on.
    #[must_use]
    pub fn end(&self) -> &End {
        &self.end
    }

    /// The objects in their order.
    ///
    /// # Errors
    /// [`PlanError`] if the file cannot be opened any more; of an object, if it has changed.
    pub fn items(&self) -> Result<Items, PlanError> {
        let mut reading = PlanReader::open(&self.path)?.ok_or_else(|| PlanError::Io {
            path: self.path.clone(),
            source: io::ErrorKind::NotFound.into(),
        })?;
        reading.head()?;
        Ok(Items::of(reading, self.end.items))
    }
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u32,
    job: JobId,
}

/// What every version has in its first line.
#[derive(Deserialize)]
struct Marker {
    format: String,
    version: u32,
}

/// The last line.
#[derive(Serialize, Deserialize)]
struct EndLine {
    end: Sealed,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    #[serde(flatten)]
    end: End,
    /// SHA-256 of all lines before, with their line ends, and of `end` as JSON without this, in
    /// lower-case hex.
    sha256: String,
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts and numbers have a JSON form")
}

impl End {
    /// Counts an item.
    fn count(&mut self, item: &Item) {
        self.items += 1;
        if matches!(item.to, To::File { .. } | To::Recovered { .. }) {
            self.bytes = self.bytes.saturating_add(item.bytes);
        }
    }
}

#[cfg(test)]
mod tests;
