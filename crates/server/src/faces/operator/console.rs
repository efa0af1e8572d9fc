//! `/operator/v1/console`: who is let in at the console, and who is signed in there.

use axum::http::Method;
use model::operator::console::{LinkFor, NewLink, SessionLine, SessionList};

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::jobstore::StoredSession;
use crate::ops::sign_ins;

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
        _ => Err(OperatorFault::NoSuchPath),
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
