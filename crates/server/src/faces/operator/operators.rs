//! `/operator/v1/operators`: the people who run the service.

use axum::http::Method;
use model::ids::PersonName;
use model::operator::{NewPerson, NewToken, PersonLine, PersonList};

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::jobstore::StoredPerson;
use crate::ops::operators;

/// Answers what is asked for below `operators`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Inquiry<'_>, path: &[&str]) -> Document {
    let is_post = asked.is(&Method::POST);
    match path {
        [] if asked.is(&Method::GET) => list(desk).await,
        [] if is_post => add(desk, asked).await,
        [name, "revoke"] if is_post => {
            let name = PersonName::new(*name).map_err(|_| OperatorFault::NoSuchPath)?;
            document(&operators::revoke(desk.admin, desk.caller, &name).await?)
        }
        _ => Err(OperatorFault::NoSuchPath),
    }
}

async fn list(desk: &Desk<'_>) -> Document {
    let people = operators::list(desk.admin, desk.caller).await?;
    document(&PersonList {
        operators: people.into_iter().map(line).collect(),
    })
}

fn line(stored: StoredPerson) -> PersonLine {
    PersonLine {
        name: stored.person.name,
        role: stored.person.role,
        added: stored.added,
        revoked: stored.revoked,
    }
}

async fn add(desk: &Desk<'_>, asked: &Inquiry<'_>) -> Document {
    let NewPerson { name, role } = asked.message()?;
    let token = operators::add(desk.admin, desk.caller, &name, role).await?;
    document(&NewToken {
        name: name.to_string(),
        token: token.expose().to_owned(),
    })
}
