//! `/operator/v1/accounts`: customers, and the buckets that they may use.

use std::collections::HashMap;

use axum::http::Method;
use model::ids::AccountId;
use model::operator::{AccountLimit, AccountLine, AccountList, AccountRights};

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::jobstore::{Account, JobLimit};
use crate::ops::{Rights, accounts};

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
            told(
                desk,
                accounts::limit(desk.admin, desk.caller, &name, &most).await?,
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
