//! `/operator/v1/accounts`: customers, and the buckets that they may use.

use axum::http::Method;
use model::operator::{AccountLine, AccountList, AccountRights};

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::jobstore::Account;
use crate::ops::{Rights, accounts};

/// Answers what is asked for below `accounts`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Inquiry<'_>, path: &[&str]) -> Document {
    let is_post = asked.is(&Method::POST);
    match path {
        [] if asked.is(&Method::GET) => list(desk).await,
        [] if is_post => {
            let (name, rights) = read(asked)?;
            told(accounts::create(desk.admin, desk.caller, &name, rights).await?)
        }
        ["allow"] if is_post => {
            let (name, rights) = read(asked)?;
            told(accounts::allow(desk.admin, desk.caller, &name, &rights).await?)
        }
        ["deny"] if is_post => {
            let (name, rights) = read(asked)?;
            told(accounts::deny(desk.admin, desk.caller, &name, &rights).await?)
        }
        _ => Err(OperatorFault::NoSuchPath),
    }
}

async fn list(desk: &Desk<'_>) -> Document {
    let accounts = accounts::list(desk.admin, desk.caller).await?;
    document(&AccountList {
        accounts: accounts.into_iter().map(line).collect(),
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

fn told(account: Account) -> Document {
    document(&line(account))
}

fn line(account: Account) -> AccountLine {
    let Account {
        id,
        name,
        import,
        export,
    } = account;
    AccountLine {
        account: id,
        name,
        import,
        export,
    }
}
