//! The operator API about devices after they were loaded.

use serde::{Deserialize, Serialize};

use crate::delivered::Sha256Hex;
use crate::ids::JobId;

/// `POST /operator/v1/jobs/JOBID/release`: the device may be erased, says the account by somebody who runs the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReleaseFor {
    /// Why, in a sentence that the customer reads in the receipt.
    pub because: String,
}

/// `POST /operator/v1/jobs/JOBID/object`: the device is not to be erased, says the account by somebody who runs the
/// service. `…/withdraw` takes it back, and has no document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ObjectFor {
    /// Why, in a sentence that the customer reads in the receipt.
    pub because: String,
}

/// `POST /operator/v1/jobs/JOBID/destroyed`: somebody has destroyed the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Ruin {
    /// Who answers for it.
    pub authority: String,
    /// Why.
    pub reason: String,
}

/// `POST /operator/v1/jobs/JOBID/verified`: the whole bucket, or the whole device, was compared with the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ComparedWhole {
    /// What was compared.
    pub what: ComparedSide,
    /// Entries that are not as the report says.
    pub differences: u64,
    /// Of the form of the report for programs, with which it was compared.
    pub report_sha256: Sha256Hex,
}

/// What a report was compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComparedSide {
    /// The objects.
    Bucket,
    /// The files of the device.
    Device,
}

/// That it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ToldOf {
    /// The job whose receipt tells it.
    pub job_id: JobId,
}
