//! A user of an account at one request: what its policies say of what it asks for.
//!
//! An account bounds its users: what it may not, they may not. Actions of Import/Export and our own need a policy that
//! allows them. The buckets of a job need none, since they are the account's, but a policy can deny them; a key that is
//! used at the embedded store needs one that allows them.

use std::net::IpAddr;

use model::ids::{BucketName, IdentityId, IdentityName};
use model::time::Timestamp;
use policy::{
    ActionName, Context, DecidedBy, Decision, Key, Managed, Policy, Request, Size, explain,
};

use super::{Action, Resource};
use crate::jobstore::{Identity, JobStoreError, StoredPolicy};

/// The region of Import/Export, whatever region a client signs for (AWS General Reference, *Endpoints*).
const REGION: &str = "us-east-1";

/// How a request came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// From where; `None` if that is not known.
    pub address: Option<IpAddr>,
    /// Whether by TLS, all the way from the client.
    pub is_secure: bool,
    /// What the client says it is.
    pub user_agent: Option<String>,
}

/// A user, with its policies and what is known of its request.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    identity: Identity,
    policies: Vec<Policy>,
    context: Context,
}

/// A user has no right to what it asks for, in AWS's words (IAM user guide, *Troubleshoot access denied error messages*).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("User: {arn} is not authorized to perform: {action} {}", because(.decision, .action))]
pub struct AccessDenied {
    arn: String,
    action: ActionName,
    decision: Decision,
}

fn because(decision: &Decision, action: &ActionName) -> String {
    match decision {
        Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
        Decision::NotAllowed | Decision::Allowed => {
            format!("because no identity-based policy allows the {action} action")
        }
    }
}

impl User {
    /// The user with these policies, at a request that came so.
    ///
    /// # Errors
    /// `Corrupt` if a policy is not understood: what it may deny must not be passed over.
    pub(crate) fn new(
        identity: Identity,
        policies: Vec<StoredPolicy>,
        origin: &Origin,
        now: Timestamp,
    ) -> Result<Self, JobStoreError> {
        let context = context(&identity, origin, now);
        let policies = read_policies(policies)?;
        Ok(Self {
            identity,
            policies,
            context,
        })
    }

    /// What the user is called.
    #[must_use]
    pub fn name(&self) -> &IdentityName {
        &self.identity.name
    }

    /// Which user it is.
    #[must_use]
    pub fn id(&self) -> &IdentityId {
        &self.identity.id
    }

    /// Whether the user may ask for something at all; before anything of it is looked at.
    ///
    /// # Errors
    /// [`AccessDenied`].
    pub fn may(&self, action: ActionName) -> Result<(), AccessDenied> {
        match self.decide(action, "*") {
            Decision::Allowed => Ok(()),
            decision => Err(AccessDenied {
                arn: self.identity.arn(),
                action,
                decision,
            }),
        }
    }

    /// Whether the user may use a bucket at the embedded store. Nothing is known there of where a request comes from, so
    /// who has a policy that asks for it may nothing.
    pub(crate) fn may_open(&self, action: ActionName, bucket: &BucketName) -> bool {
        const UNKNOWN: [Key; 3] = [Key::SourceIp, Key::SecureTransport, Key::UserAgent];
        let asks = |policy: &Policy| UNKNOWN.iter().any(|key| policy.asks_for(key));
        !self.policies.iter().any(asks) && self.decide(action, &arn(bucket)) == Decision::Allowed
    }

    /// Whether the user's policies stand against what its account may do.
    pub(super) fn takes(&self, action: Action, resource: Resource<'_>) -> bool {
        let Some(name) = action_name(action) else {
            return false;
        };
        match resource {
            Resource::Bucket(bucket) => self.decide(name, &arn(bucket)) != Decision::Denied,
            Resource::JobsOf(_) | Resource::Job(_) => self.may(name).is_ok(),
            Resource::Station(_) | Resource::Lease(_) | Resource::Service => false,
        }
    }

    /// What the policies say.
    pub(crate) fn decide(&self, action: ActionName, resource: &str) -> Decision {
        self.explain(action, resource).0
    }

    /// The same, with the statement that decided, of the policies in their order.
    pub(crate) fn explain(
        &self,
        action: ActionName,
        resource: &str,
    ) -> (Decision, Option<DecidedBy>) {
        let request = Request {
            action,
            resource,
            context: &self.context,
        };
        explain(&self.policies, &request)
    }
}

/// A bucket as policies name it.
fn arn(bucket: &BucketName) -> String {
    format!("arn:aws:s3:::{bucket}")
}

/// What policies call what users do; `None` of what no user does.
fn action_name(action: Action) -> Option<ActionName> {
    match action {
        Action::CreateJob => Some(ActionName::CreateJob),
        Action::ListJobs => Some(ActionName::ListJobs),
        Action::GetStatus => Some(ActionName::GetStatus),
        Action::UpdateJob => Some(ActionName::UpdateJob),
        Action::CancelJob => Some(ActionName::CancelJob),
        Action::PrintLabel => Some(ActionName::GetShippingLabel),
        Action::Import | Action::Report => Some(ActionName::Import),
        Action::Export => Some(ActionName::Export),
        Action::ReleaseDevice => Some(ActionName::ReleaseDevice),
        Action::HoldDevice => Some(ActionName::HoldDevice),
        // A receipt is the history with its proofs.
        Action::ReadHistory | Action::MakeReceipt => Some(ActionName::GetReceipt),
        Action::OpenConsole => Some(ActionName::OpenConsole),
        Action::GiveSecret => Some(ActionName::GiveSecret),
        Action::HoldJob | Action::ResumeJob => Some(ActionName::HoldJob),
        // Whatever is not named here no user may, what comes later too.
        _ => None,
    }
}

/// What is known of a user's request, under the names of conditions.
fn context(identity: &Identity, origin: &Origin, now: Timestamp) -> Context {
    let always = [
        (Key::SecureTransport, origin.is_secure.to_string()),
        (Key::CurrentTime, now.to_string()),
        (Key::EpochTime, now.unix().to_string()),
        (Key::UserName, identity.name.to_string()),
        (Key::UserId, identity.id.to_string()),
        (Key::PrincipalArn, identity.arn()),
        (Key::PrincipalAccount, identity.account.to_string()),
        (Key::PrincipalType, "User".to_owned()),
        (Key::RequestedRegion, REGION.to_owned()),
    ];
    let address = origin
        .address
        .map(|address| address.to_canonical().to_string());
    let perhaps = [
        (Key::SourceIp, address),
        (Key::UserAgent, origin.user_agent.clone()),
    ];
    let known = perhaps
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)));
    always.into_iter().chain(known).collect()
}

/// Reads what was understood when it was attached.
fn read_policies(stored: Vec<StoredPolicy>) -> Result<Vec<Policy>, JobStoreError> {
    let read = |StoredPolicy { name, document }| match document {
        Some(document) => Policy::parse(&document, Size::Policy)
            .map_err(|faults| JobStoreError::corrupt(format!("policy `{name}`: {faults}"))),
        None => match name.as_str().parse::<Managed>() {
            Ok(managed) => Ok(managed.policy()),
            Err(unknown) => Err(JobStoreError::corrupt(unknown)),
        },
    };
    stored.into_iter().map(read).collect()
}
