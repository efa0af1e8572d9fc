//! What people have done to a service and its jobs, or tried to: the documents of `/operator/v1/audit`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::actor::Actor;
use crate::ids::JobId;
use crate::role::Role;
use crate::time::Timestamp;

/// The outcome of an act that was done.
pub const DONE: &str = "Done";

/// `GET /operator/v1/audit`: a page of what was done, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AuditPage {
    /// The acts.
    pub acts: Vec<AuditLine>,
    /// The `before` of the next page, where there are more.
    pub next: Option<i64>,
}

/// Something that somebody did, or tried to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AuditLine {
    /// Which: a number that no other act has.
    pub number: i64,
    /// When it was begun.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// The role of a person at that time.
    pub role: Option<Role>,
    /// What, in a word of `docs/roles.md`.
    pub action: String,
    /// To what.
    pub resource: String,
    /// The job, where it was one.
    pub job_id: Option<JobId>,
    /// What was said with it, by name: the reason, the role, the buckets. No secret is among them.
    pub said: Value,
    /// The address at the other end of the connection; none of what was done on the host of the service.
    pub address: Option<String>,
    /// [`DONE`], or why it was refused, in a word of `docs/operator-api.md`; none of an act of which nobody knows
    /// whether it was done, because the service ended meanwhile.
    pub outcome: Option<String>,
}
