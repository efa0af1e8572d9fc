//! `/operator/v1/custody`: who signs receipts.

use axum::http::Method;
use model::operator::custody::{CustodyFacts, CustodyKeyLine, RotateCustodyKey};

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::ops::ledger::{self, Signing};

/// Answers what is asked for below `custody`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Inquiry<'_>, path: &[&str]) -> Document {
    match path {
        [] if asked.is(&Method::GET) => show(desk).await,
        ["rotate"] if asked.is(&Method::POST) => rotate(desk, asked).await,
        _ => Err(OperatorFault::NoSuchPath),
    }
}

async fn show(desk: &Desk<'_>) -> Document {
    let Signing { installation, keys } = ledger::signing(desk.admin).await?;
    let line = |key: ledger::Key| CustodyKeyLine {
        fingerprint: key.fingerprint,
        public_key: key.public,
        since: key.since,
        until: key.until,
        revoked: key.is_revoked,
    };
    document(&CustodyFacts {
        installation,
        keys: keys.into_iter().map(line).collect(),
        checkpoint: ledger::checkpoint(desk.admin).await?.to_string(),
    })
}

async fn rotate(desk: &Desk<'_>, asked: &Inquiry<'_>) -> Document {
    let RotateCustodyKey { lost_because } = asked.message()?;
    ledger::rotate(desk.admin, desk.caller, lost_because.as_deref()).await?;
    show(desk).await
}
