//! The audit: who did what to the service and its jobs, or tried to, and from where.
//!
//! Every face that lets people act has an act written down before it is begun, and its outcome afterwards: an act that
//! cannot be written down is not done, and one that was cut off is there without an outcome. Acts are kept for ever: a
//! thousand of them a day, each of about half a kilobyte with its indices, are 200 MB a year.

use std::net::IpAddr;

use model::actor::Actor;
use model::ids::JobId;
use model::operator::audit::{AuditLine, DONE};
use model::role::Role;
use model::time::Timestamp;
use serde_json::Value;

use super::{Admin, Refused};
use crate::access::{Action, Caller, Resource, authorize};
use crate::jobstore::{Act, ActFilter};

/// Most acts of a page.
pub const MOST_ACTS: u32 = 1_000;

/// Acts of a page where nobody says how many.
pub const ACTS: u32 = 20;

/// What somebody is about to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// What, by the name of the right that it takes.
    pub action: String,
    /// To what.
    pub resource: String,
    /// The job, where it is one.
    pub job: Option<JobId>,
    /// What is said with it; no secret is among it.
    pub said: Value,
}

/// An act that is begun.
#[derive(Debug)]
#[must_use = "what came of it is to be written down"]
pub(crate) struct Begun(i64);

/// Has a deed written down before it is done.
///
/// # Errors
/// The job store's failure; the deed must not be done then.
pub(crate) async fn begin(
    admin: &Admin,
    caller: &Caller,
    address: Option<IpAddr>,
    deed: Deed,
) -> Result<Begun, Refused> {
    let Deed {
        action,
        resource,
        job,
        said,
    } = deed;
    let act = Act {
        at: admin.clock.now(),
        actor: caller.actor(),
        role: role(caller),
        action,
        resource,
        job,
        said,
        address: address.map(|address| address.to_canonical().to_string()),
    };
    Ok(Begun(admin.jobs.begin_act(&act).await?))
}

impl Begun {
    /// Has written down what came of it: that it was done, or the word for why not. `resource` is told better now, where
    /// the act made it.
    pub(crate) async fn end(
        self,
        admin: &Admin,
        outcome: Result<(), &'static str>,
        resource: Option<&str>,
    ) {
        let outcome = outcome.err().unwrap_or(DONE);
        // What was done stays done; the act is there without its outcome.
        if let Err(error) = admin.jobs.end_act(self.0, outcome, resource).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(
                error,
                act = self.0,
                outcome,
                "outcome of an act not written down"
            );
        }
    }
}

/// The role that a caller has; none of a station or a customer.
pub(crate) fn role(caller: &Caller) -> Option<Role> {
    match caller {
        Caller::Person(person) => Some(person.role),
        Caller::Operator => Some(Role::Admin),
        Caller::Customer(_) | Caller::Station(_) => None,
    }
}

/// A question for a page of acts. What is not said is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acts {
    /// Of this actor.
    pub actor: Option<Actor>,
    /// That took this right.
    pub action: Option<Action>,
    /// To this job.
    pub job: Option<JobId>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// The act behind which the page begins; the first page without one.
    pub before: Option<i64>,
    /// Most acts of the page.
    pub limit: Option<u32>,
}

/// Lists acts, the newest first; nothing behind an act that is not there. The number is that of the last, where there
/// are more.
///
/// # Errors
/// [`Refused`] if the caller has no right to it, or the job store fails.
pub async fn list(
    admin: &Admin,
    caller: &Caller,
    wanted: Acts,
) -> Result<(Vec<AuditLine>, Option<i64>), Refused> {
    authorize(caller, Action::ReadAudit, Resource::Service)?;
    let limit = wanted.limit.unwrap_or(ACTS).clamp(1, MOST_ACTS);
    let filter = ActFilter {
        actor: wanted.actor,
        action: wanted.action.map(Action::name),
        job: wanted.job,
        since: wanted.since,
        before: wanted.before,
    };
    // One more than asked for tells whether there are more.
    let mut found = admin.jobs.acts(&filter, limit + 1).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|act| act.number);
    Ok((found, last.filter(|_| more)))
}
