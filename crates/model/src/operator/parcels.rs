//! Boxes that came and went: the documents of `/operator/v1/parcels`, and of `jobs/JOBID/arrive`.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::ids::{JobId, StationName};
use crate::operator::JobLine;
use crate::parcel::{Direction, Due, ParcelCondition, ParcelNumber};
use crate::readable;
use crate::time::Timestamp;

/// Most characters of a name or sentence that are told.
const NAME_CHARS: usize = 400;

/// `POST /operator/v1/parcels`: a box has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Receive {
    /// What stands on it.
    pub number: ParcelNumber,
    /// Who brought it.
    #[serde(default)]
    pub carrier: Option<String>,
    /// What is to be known of it.
    #[serde(default)]
    pub note: Option<String>,
    /// How it looks.
    #[serde(default)]
    pub condition: Option<ParcelCondition>,
    /// What stands on its seal.
    #[serde(default)]
    pub seal: Option<String>,
    /// The station where it is; the only one, or that which says so, where this is not said.
    #[serde(default)]
    pub station: Option<StationName>,
    /// The jobs whose devices are seen to be in it.
    #[serde(default)]
    pub jobs: Vec<JobId>,
}

/// What is known of a box that has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Received {
    /// The box, with what was said of it before.
    pub parcel: ParcelLine,
    /// Jobs that have this number among their words. Whether their devices are in it is seen when it is opened.
    pub expected: Vec<JobId>,
    /// What is due for the devices that are seen to be in it.
    pub arrived: Vec<Arrived>,
}

/// `POST /operator/v1/jobs/JOBID/arrive`: a device is here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Arrive {
    /// The station where it is; the only one, or that which says so, where this is not said.
    #[serde(default)]
    pub station: Option<StationName>,
    /// The box in which it was.
    #[serde(default)]
    pub parcel: Option<ParcelNumber>,
}

/// A device that somebody has in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Arrived {
    /// Its job.
    pub job: JobLine,
    /// Whether it was known to be here before.
    pub was_here: bool,
    /// What is to become of it.
    pub due: Due,
    /// The same for a person.
    pub sentence: String,
}

/// `POST /operator/v1/parcels/NUMBER/return`: devices that came in this box have gone back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SendBack {
    /// Who carries them.
    pub carrier: String,
    /// The carrier's number for the parcel in which they go.
    pub tracking_number: ParcelNumber,
    /// The jobs whose devices are in it; all of the box where this is not said.
    #[serde(default)]
    pub jobs: Vec<JobId>,
    /// Why those go as they are that were to be erased and are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unerased: Option<String>,
    /// Who answers for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

/// `GET /operator/v1/parcels`: a page of boxes, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParcelsPage {
    /// The boxes.
    pub parcels: Vec<ParcelLine>,
    /// The `before` of the next page, where there are more.
    pub next: Option<i64>,
}

/// A box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParcelLine {
    /// The carrier's number.
    pub number: ParcelNumber,
    /// Whether it came or went.
    pub direction: Direction,
    /// Who carries it.
    pub carrier: Option<String>,
    /// What is to be known of it.
    pub note: Option<String>,
    /// How it looked.
    pub condition: Option<ParcelCondition>,
    /// What stood on its seal.
    pub seal: Option<String>,
    /// The station to which it came.
    pub station: Option<StationName>,
    /// When it was seen first.
    pub at: Timestamp,
    /// By whom.
    pub actor: Actor,
    /// The jobs whose devices are in it.
    pub jobs: Vec<ParcelJob>,
}

/// A job whose device is in a box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ParcelJob {
    /// Which.
    pub job_id: JobId,
    /// When it was seen to be in it, or put in.
    pub at: Timestamp,
    /// By whom.
    pub actor: Actor,
}

/// `GET /operator/v1/parcels/NUMBER`: the boxes with this number; one that came and one that went may have the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parcels {
    /// The boxes.
    pub parcels: Vec<ParcelLine>,
    /// Jobs that have this number among their words.
    pub expected: Vec<JobId>,
}

impl Received {
    /// A box that has come, and what is to be done with it.
    #[must_use]
    pub fn told(&self) -> String {
        let number = &self.parcel.number;
        let jobs: Vec<String> = self.expected.iter().map(ToString::to_string).collect();
        match jobs.as_slice() {
            [] => format!("Parcel {number}: unannounced. Scan the slip inside."),
            [job] => format!("Parcel {number}: received. It is known of job {job}; scan its slip."),
            jobs => format!(
                "Parcel {number}: received. It is known of jobs {}; scan their slips.",
                jobs.join(", ")
            ),
        }
    }
}

impl Arrived {
    /// A device that has come, and what is to be done with it.
    #[must_use]
    pub fn told(&self) -> String {
        let job = &self.job;
        let name = job.account_name.as_deref();
        let customer = match name {
            Some(name) => readable::name(name, NAME_CHARS),
            None => job.account.to_string(),
        };
        let here = match (&job.station, self.was_here) {
            (None, _) => "not booked".to_owned(),
            (Some(station), true) => format!("at {station} already"),
            (Some(station), false) => format!("received at {station}"),
        };
        format!(
            "Job {} ({} of {customer}): {here}. {}",
            job.job_id,
            job.job_type.as_str(),
            readable::name(&self.sentence, NAME_CHARS)
        )
    }
}
