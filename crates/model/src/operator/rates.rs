//! How fast a job went: the document of `jobs/JOBID/rates`.

use serde::{Deserialize, Serialize};

use crate::ids::JobId;
use crate::pace::Stretch;
use crate::time::Timestamp;

/// `GET /operator/v1/jobs/JOBID/rates`: how fast a job went, as its stations told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobRates {
    /// Which job.
    pub job_id: JobId,
    /// Stretches of time, the oldest first; none of a job that was never at work, or a month ago.
    pub rates: Vec<RateLine>,
}

/// What was sent in a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RateLine {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// Bytes that were sent in between; none if nobody told.
    pub bytes: Option<u64>,
    /// The same a second.
    pub rate: Option<u64>,
}

impl From<&Stretch> for RateLine {
    fn from(stretch: &Stretch) -> Self {
        Self {
            from: stretch.from,
            until: stretch.until,
            bytes: stretch.bytes,
            rate: stretch.rate(),
        }
    }
}
