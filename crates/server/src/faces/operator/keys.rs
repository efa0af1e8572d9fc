//! `/operator/v1/keys`: access keys of customers.

use axum::http::Method;
use model::ids::AccessKeyId;
use model::operator::{KeyFor, KeyLine, KeyList, NewKey};

use super::fault::OperatorFault;
use super::{Desk, Document, Inquiry, document};
use crate::ops::keys::{self, ListedKey};

/// Answers what is asked for below `keys`.
pub(super) async fn answer(desk: &Desk<'_>, asked: &Inquiry<'_>, path: &[&str]) -> Document {
    let is_post = asked.is(&Method::POST);
    match path {
        [] if asked.is(&Method::GET) => list(desk).await,
        [] if is_post => create(desk, asked).await,
        [id, "revoke"] if is_post => {
            let id = AccessKeyId::new(*id).map_err(|_| OperatorFault::NoSuchPath)?;
            document(&keys::revoke(desk.admin, desk.caller, &id).await?)
        }
        _ => Err(OperatorFault::NoSuchPath),
    }
}

async fn list(desk: &Desk<'_>) -> Document {
    let keys = keys::list(desk.admin, desk.caller).await?;
    document(&KeyList {
        keys: keys.into_iter().map(line).collect(),
    })
}

fn line(ListedKey { key, account_name }: ListedKey) -> KeyLine {
    KeyLine {
        access_key_id: key.id,
        account: key.account,
        account_name,
        user: key.user.map(|user| user.name),
        created: key.created,
        revoked: key.revoked,
    }
}

async fn create(desk: &Desk<'_>, asked: &Inquiry<'_>) -> Document {
    let KeyFor { account, user } = asked.message()?;
    let new = keys::create(desk.admin, desk.caller, &account, user.as_ref()).await?;
    document(&NewKey {
        access_key_id: new.key.id,
        secret_access_key: new.secret.expose().to_owned(),
        account: new.account.id,
        account_name: new.account.name,
        user: new.key.user.map(|user| user.name),
    })
}
