//! `/operator/v1/custody`: who signs receipts.

use axum::http::Method;
use model::operator::custody::{CustodyFacts, CustodyKeyLine, RotateCustodyKey, WitnessLine};

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::app::Context;
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
        checkpoint: ledger::checkpoint(desk.admin, desk.service)
            .await?
            .to_string(),
        witnesses: desk.service.map_or_else(Vec::new, witnesses),
    })
}

/// What is known of each witness; nothing without a service that asks them.
fn witnesses(context: &Context) -> Vec<WitnessLine> {
    let line = |witness: ledger::WitnessState| WitnessLine {
        key: witness.key,
        size: witness.size,
        signed: witness.signed,
        trouble: witness.trouble,
    };
    ledger::witnesses(context).into_iter().map(line).collect()
}

async fn rotate(desk: &Desk<'_>, asked: &Inquiry<'_>) -> Document {
    let RotateCustodyKey { lost_because } = asked.message()?;
    ledger::rotate(desk.admin, desk.caller, lost_because.as_deref()).await?;
    show(desk).await
}
