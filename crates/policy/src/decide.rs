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

/// The statement by which a request was decided: of several that allow it the first, and the first that denies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecidedBy {
    /// The place of its policy among those that were given, from zero.
    pub policy: usize,
    /// Its place in that policy, from zero.
    pub statement: usize,
}

/// Decides a request by all policies that its user has (IAM user guide, *Policy evaluation logic*).
pub fn decide<'a>(
    policies: impl IntoIterator<Item = &'a Policy>,
    request: &Request<'_>,
) -> Decision {
    explain(policies, request).0
}

/// The same, with the statement that decided it; none where no statement is about it.
pub fn explain<'a>(
    policies: impl IntoIterator<Item = &'a Policy>,
    request: &Request<'_>,
) -> (Decision, Option<DecidedBy>) {
    let mut allowed = None;
    for (policy, of_policy) in policies.into_iter().enumerate() {
        let statements = of_policy.statements.iter().enumerate();
        for (statement, told) in statements.filter(|(_, told)| told.is_about(request)) {
            let by = DecidedBy { policy, statement };
            match told.effect {
                Effect::Deny => return (Decision::Denied, Some(by)),
                Effect::Allow => allowed = allowed.or(Some(by)),
            }
        }
    }
    match allowed {
        Some(by) => (Decision::Allowed, Some(by)),
        None => (Decision::NotAllowed, None),
    }
}
