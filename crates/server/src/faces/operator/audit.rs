//! `/operator/v1/audit`: what people have done, or tried to.

use axum::http::Method;
use model::ids::JobId;
use model::operator::audit::AuditPage;

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::access::Action;
use crate::ops::audit::{self, Acts, MOST_ACTS};

/// Answers what is asked for below `audit`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Inquiry<'_>, path: &[&str]) -> Document {
    match path {
        [] if asked.is(&Method::GET) => {
            let wanted = read(asked.query)?;
            let (acts, next) = audit::list(desk.admin, desk.caller, wanted).await?;
            document(&AuditPage { acts, next })
        }
        _ => Err(OperatorFault::NoSuchPath),
    }
}

/// Reads what is wanted. A name that is not known is refused: a filter that does nothing shows too much.
fn read(query: &[(String, String)]) -> Result<Acts, OperatorFault> {
    let mut acts = Acts::default();
    for (name, value) in query {
        let wrong = || OperatorFault::Query {
            name: name.clone(),
            value: value.clone(),
        };
        match name.as_str() {
            "actor" => acts.actor = Some(value.parse().map_err(|_| wrong())?),
            "action" => acts.action = Some(action(value).ok_or_else(wrong)?),
            "job" => acts.job = Some(JobId::new(value).map_err(|_| wrong())?),
            "since" => acts.since = Some(value.parse().map_err(|_| wrong())?),
            "before" => acts.before = Some(value.parse().map_err(|_| wrong())?),
            "limit" => {
                let limit = value.parse().ok();
                let limit = limit.filter(|limit| (1..=MOST_ACTS).contains(limit));
                acts.limit = Some(limit.ok_or_else(wrong)?);
            }
            _ => return Err(wrong()),
        }
    }
    Ok(acts)
}

/// A right by its name, in any case.
fn action(text: &str) -> Option<Action> {
    let mut found = Action::ALL.into_iter();
    found.find(|action| action.name().eq_ignore_ascii_case(text))
}
