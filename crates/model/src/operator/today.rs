//! What happened on a day, and what lies in the room: the document of `/operator/v1/today`.

use serde::{Deserialize, Serialize};

use super::JobLine;
use crate::parcel::Due;
use crate::time::Timestamp;

/// `GET /operator/v1/today`: a day, for whoever hands over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Today {
    /// The day, in UTC: `2026-11-30`.
    pub day: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// Counted.
    pub counts: TodayCounts,
    /// The jobs to which something happened, those of the last event first; at most 300.
    pub jobs: Vec<TodayJob>,
    /// The devices that lie in the room at this moment, at most 300.
    pub room: Vec<InRoom>,
    /// Whether there is more of one of the two than is told.
    pub is_cut: bool,
}

/// What a day came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TodayCounts {
    /// Boxes that came.
    pub parcels_in: u64,
    /// Boxes that went.
    pub parcels_out: u64,
    /// Devices that came.
    pub devices_in: u64,
    /// Jobs that were done without an error.
    pub loaded: u64,
    /// Jobs that were done with errors, or given up.
    pub failed: u64,
    /// Jobs that were put on hold.
    pub stopped: u64,
    /// Devices that went.
    pub devices_out: u64,
    /// Of what lies in the room: on hold now.
    pub held: u64,
    /// Of what is told of the room: nothing more is done with it, it waits to be sent back.
    pub shelved: u64,
    /// All that lies in the room.
    pub room: u64,
}

/// A job to which something happened on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TodayJob {
    /// The job as it stands now.
    #[serde(flatten)]
    pub job: JobLine,
    /// What happened, in order.
    pub happened: Vec<TodayDeed>,
    /// When the last of it did.
    pub last: Timestamp,
}

/// What a person who hands over tells of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TodayDeed {
    /// Its device came.
    In,
    /// It was done without an error.
    Loaded,
    /// It was done with errors, or given up.
    Failed,
    /// It was put on hold.
    Held,
    /// Its device was erased.
    Erased,
    /// Its device went.
    Out,
}

impl TodayDeed {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Loaded => "loaded",
            Self::Failed => "failed",
            Self::Held => "held",
            Self::Erased => "erased",
            Self::Out => "out",
        }
    }
}

/// A device that lies in the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InRoom {
    /// Its job.
    #[serde(flatten)]
    pub job: JobLine,
    /// Since when it is here.
    pub since: Option<Timestamp>,
    /// What is to become of it.
    pub due: Due,
    /// The same for a person.
    pub sentence: String,
}
