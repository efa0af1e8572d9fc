//! The one decision: may this be done?

use crate::action::ActionName;
use crate::context::Context;
use crate::document::{Effect, Policy};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What is to be done.
    pub action: ActionName,
    /// To what: `*` for all actions of Import/Export, which have no resources; the ARN of a bucket for those that are
    /// about one.
    pub resource: &'a str,
    /// What else is known of the request.
    pub context: &'a Context,
}

/// What policies say of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// A statement allows it, and none denies it.
    Allowed,
    /// No statement is about it: nothing is allowed by being forgotten.
    NotAllowed,
    /// A statement denies it, whatever others say.
    Denied,
}

/// Decides a request by all policies that its user has (IAM user guide, *Policy evaluation logic*).
pub fn decide<'a>(
    policies: impl IntoIterator<Item = &'a Policy>,
    request: &Request<'_>,
) -> Decision {
    let statements = policies.into_iter().flat_map(|policy| &policy.statements);
    let mut decision = Decision::NotAllowed;
    for statement in statements.filter(|statement| statement.is_about(request)) {
        match statement.effect {
            Effect::Deny => return Decision::Denied,
            Effect::Allow => decision = Decision::Allowed,
        }
    }
    decision
}
