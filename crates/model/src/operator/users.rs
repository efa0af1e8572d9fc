//! Users and groups of accounts, and their policies. The messages are the same for both.

use serde::{Deserialize, Serialize};

use crate::ids::{AccessKeyId, AccountId, IdentityId, IdentityName, PolicyName};
use crate::time::Timestamp;

/// `POST /operator/v1/users` and `groups`: one for the account of this name or number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewIdentity {
    /// Which account.
    pub account: String,
    /// What it is to be called.
    pub name: IdentityName,
}

/// `POST /operator/v1/users/NAME/delete`, and of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OfAccount {
    /// Which account.
    pub account: String,
}

/// `GET /operator/v1/users` and `groups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct IdentityList {
    /// All of the account, by name.
    pub members: Vec<IdentityLine>,
}

/// A user or a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct IdentityLine {
    /// Whose.
    pub account: AccountId,
    /// What it is called.
    pub name: IdentityName,
    /// What no other ever is.
    pub id: IdentityId,
    /// Account and name in one, as AWS writes it.
    pub arn: String,
    /// When it was made.
    pub created: Timestamp,
}

/// `GET /operator/v1/users/NAME` and `groups/NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct IdentityDetail {
    /// As a list has it.
    #[serde(flatten)]
    pub line: IdentityLine,
    /// What it may do by itself.
    pub policies: Vec<PolicyLine>,
    /// The groups that a user is in, or the users that a group has.
    pub beside: Vec<IdentityName>,
    /// The access keys of a user.
    pub keys: Vec<AccessKeyId>,
}

/// A policy that a user or a group has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyLine {
    /// What it is called.
    pub name: PolicyName,
    /// Whether the service brings it.
    pub managed: bool,
    /// What it says.
    pub document: String,
}

/// `POST /operator/v1/users/NAME/policy`, and of a group: a policy that it is to have, in the place of one of this name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GivePolicy {
    /// Which account.
    pub account: String,
    /// What the policy is called.
    pub policy: PolicyName,
    /// What it says; none of one that the service brings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

/// `POST /operator/v1/users/NAME/take-policy`, and of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TakePolicy {
    /// Which account.
    pub account: String,
    /// What the policy is called.
    pub policy: PolicyName,
}

/// `POST /operator/v1/groups/NAME/add` and `remove`: who is in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Member {
    /// Which account.
    pub account: String,
    /// Which user.
    pub user: IdentityName,
}

/// `GET /operator/v1/users/NAME/simulate`: what a request of a user would be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Simulated {
    /// What is asked for.
    pub action: String,
    /// What it is done to.
    pub resource: String,
    /// `allowed`, `implicitDeny` or `explicitDeny`.
    pub decision: String,
    /// The policy that decided it; none if no statement is about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Which of its statements, from 1: of several that allow it the first, and the first that denies it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
}
