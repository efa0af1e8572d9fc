//! `/operator/v1/accounts`: customers, and the buckets that they may use.

use std::collections::HashMap;

use axum::http::Method;
use model::amount::{self, BadAmount};
use model::ids::AccountId;
use model::operator::{AccountLimit, AccountLine, AccountList, AccountRights};

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::jobstore::{Account, JobLimit};
use crate::ops::{DockingFault, Refused, Rights, accounts};

/// Answers what is asked for below `accounts`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Inquiry<'_>, path: &[&str]) -> Document {
    let is_post = asked.is(&Method::POST);
    match path {
        [] if asked.is(&Method::GET) => list(desk).await,
        [] if is_post => {
            let (name, rights) = read(asked)?;
            told(
                desk,
                accounts::create(desk.admin, desk.caller, &name, rights).await?,
            )
            .await
        }
        ["allow"] if is_post => {
            let (name, rights) = read(asked)?;
            told(
                desk,
                accounts::allow(desk.admin, desk.caller, &name, &rights).await?,
            )
            .await
        }
        ["deny"] if is_post => {
            let (name, rights) = read(asked)?;
            told(
                desk,
                accounts::deny(desk.admin, desk.caller, &name, &rights).await?,
            )
            .await
        }
        ["limit"] if is_post => {
            let AccountLimit { name, most } = asked.message()?;
            let bytes = most_of(&most)?;
            told(
                desk,
                accounts::limit(desk.admin, desk.caller, &name, bytes).await?,
            )
            .await
        }
        _ => Err(OperatorFault::NoSuchPath),
    }
}

async fn list(desk: &Desk<'_>) -> Document {
    let accounts = accounts::list(desk.admin, desk.caller).await?;
    let limits = accounts::limits(desk.admin, desk.caller).await?;
    document(&AccountList {
        accounts: accounts.into_iter().map(|it| line(it, &limits)).collect(),
    })
}

fn read(asked: &Inquiry<'_>) -> Result<(String, Rights), OperatorFault> {
    let AccountRights {
        name,
        import,
        export,
    } = asked.message()?;
    Ok((name, Rights { import, export }))
}

/// Reads how much may be loaded.
fn most_of(text: &str) -> Result<Option<u64>, OperatorFault> {
    if text.trim() == "none" {
        return Ok(None);
    }
    let wrong = |error: BadAmount| DockingFault::Field {
        field: "Most",
        wrong: format!("cannot be: {error}, or `none`"),
    };
    Ok(Some(
        amount::bytes(text).map_err(wrong).map_err(Refused::from)?,
    ))
}

async fn told(desk: &Desk<'_>, account: Account) -> Document {
    let limits = accounts::limits(desk.admin, desk.caller).await?;
    document(&line(account, &limits))
}

fn line(account: Account, limits: &HashMap<AccountId, JobLimit>) -> AccountLine {
    let Account {
        id,
        name,
        import,
        export,
    } = account;
    AccountLine {
        job_bytes: limits.get(&id).and_then(|limit| limit.bytes),
        account: id,
        name,
        import,
        export,
    }
}
