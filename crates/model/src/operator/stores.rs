//! The S3 stores of an installation, for the people who run it.

use serde::{Deserialize, Serialize};

use crate::capabilities::Capabilities;
use crate::ids::BucketName;
use crate::operator::stations::ShareLine;
use crate::request_rate::RequestRate;

/// `GET /operator/v1/stores`: all stores, in the order in which they are asked for a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StoreList {
    /// The stores.
    pub stores: Vec<StoreLine>,
}

/// A store in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StoreLine {
    /// What the operator calls it; `embedded` is the service's own.
    pub name: String,
    /// Where it is.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether a bucket goes into the path.
    pub path_style: bool,
    /// Patterns of the buckets that it has; none if it has all that no other has.
    pub buckets: Option<Vec<String>>,
    /// How it was found to be.
    #[serde(flatten)]
    pub heard: SignOfLife,
    /// How many jobs are on hold because of its buckets, of those that were looked at.
    pub held: u64,
    /// Bytes per second that all stations together may send to it and receive from it at this hour, if that has a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_second: Option<u64>,
    /// Requests per second that all stations together may ask of it, if that has a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<RequestRate>,
    /// What stations have of that at present.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<ShareLine>,
}

/// Whether a store answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SignOfLife {
    /// Whether it gives any answer of a store.
    pub answers: bool,
    /// After how many milliseconds it did.
    pub milliseconds: Option<u64>,
    /// What came in the place of an answer.
    pub trouble: Option<String>,
}

/// `POST /operator/v1/stores/probe`: what is to be probed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProbeFor {
    /// The name of a store, or a bucket.
    pub of: String,
}

/// What a probe has found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StoreProbe {
    /// Which store.
    pub store: String,
    /// Where it is.
    pub endpoint: String,
    /// Which bucket, if one was probed.
    pub bucket: Option<BucketName>,
    /// Whether it answers.
    #[serde(flatten)]
    pub heard: SignOfLife,
    /// What keeps the bucket from being loaded into.
    pub refuses: Option<String>,
    /// What the store does with objects in the bucket, if it takes them.
    pub capabilities: Option<Capabilities>,
}
