//! `/operator/v1/console`: who is let in at the console, by which passkeys, and who is signed in there.

use axum::http::Method;
use model::actor::Actor;
use model::ids::PersonName;
use model::operator::console::{
    LinkFor, NewLink, PasskeyLine, PasskeyList, SessionLine, SessionList,
};

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::jobstore::{PasskeyHolder, StoredPasskey, StoredSession};
use crate::ops::{passkeys, sign_ins};

/// Answers what is asked for below `console`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Inquiry<'_>, path: &[&str]) -> Document {
    let is_post = asked.is(&Method::POST);
    match path {
        ["link"] if is_post => link(desk, asked).await,
        ["sessions"] if asked.is(&Method::GET) => sessions(desk).await,
        ["sessions", number, "end"] if is_post => {
            let number = number.parse().map_err(|_| OperatorFault::NoSuchPath)?;
            document(&sign_ins::end(desk.admin, desk.caller, number).await?)
        }
        ["passkeys"] if asked.is(&Method::GET) => list_passkeys(desk, asked).await,
        ["passkeys", number, "remove"] if is_post => {
            let number = number.parse().map_err(|_| OperatorFault::NoSuchPath)?;
            document(&passkeys::remove(desk.admin, desk.caller, number).await?)
        }
        _ => Err(OperatorFault::NoSuchPath),
    }
}

/// All that the caller may see, or those of one person.
async fn list_passkeys(desk: &Desk<'_>, asked: &Inquiry<'_>) -> Document {
    let person = asked.query.iter().find(|(name, _)| name == "person");
    let person = person.map(|(name, value)| {
        PersonName::new(value.clone()).map_err(|_| OperatorFault::Query {
            name: name.clone(),
            value: value.clone(),
        })
    });
    let person = person.transpose()?.map(Actor::Person);
    let mut all = passkeys::passkeys(desk.admin, desk.caller).await?;
    all.retain(|one| {
        person
            .as_ref()
            .is_none_or(|person| passkeys::actor(one) == *person)
    });
    document(&PasskeyList {
        passkeys: all.into_iter().map(passkey_line).collect(),
    })
}

fn passkey_line(stored: StoredPasskey) -> PasskeyLine {
    let actor = passkeys::actor(&stored);
    let passkey = stored.passkey;
    PasskeyLine {
        number: stored.number,
        actor,
        access_key_id: match passkey.holder {
            PasskeyHolder::Key(key) => Some(key),
            PasskeyHolder::Person(_) => None,
        },
        name: passkey.name,
        site: passkey.site,
        added: passkey.added,
        used: stored.used,
        copied: stored.copied,
    }
}

async fn link(desk: &Desk<'_>, asked: &Inquiry<'_>) -> Document {
    let console = desk.console.ok_or(OperatorFault::NoConsole)?;
    let link = match asked.message()? {
        LinkFor {
            account: None,
            name,
        } => sign_ins::link(desk.admin, desk.caller, name.as_ref()).await?,
        LinkFor {
            account: Some(account),
            name: None,
        } => sign_ins::link_for_account(desk.admin, desk.caller, &account).await?,
        LinkFor { .. } => {
            let wrong = "a link is for a person or for an account, not for both";
            return Err(OperatorFault::Unreadable(wrong.to_owned()));
        }
    };
    document(&NewLink {
        url: link.url(console),
        actor: link.actor,
        until: link.until,
    })
}

async fn sessions(desk: &Desk<'_>) -> Document {
    let line = |session: StoredSession| SessionLine {
        number: session.number,
        actor: sign_ins::holder(&session),
        address: session.address,
        began: session.began,
        seen: session.seen,
        until: session.until,
    };
    let sessions = sign_ins::sessions(desk.admin, desk.caller).await?;
    document(&SessionList {
        sessions: sessions.into_iter().map(line).collect(),
    })
}
