//! The operator API about devices after they were loaded.

use serde::{Deserialize, Serialize};

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
