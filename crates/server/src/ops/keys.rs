//! Access keys: what customers sign with.

use std::collections::BTreeMap;

use awsproto::secret::SecretKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::ids::{AccessKeyId, AccountId, IdentityName};
use model::time::Timestamp;
use zeroize::Zeroizing;

use super::base32::base32;
use super::{AccountFault, Admin, Refused, accounts, users};
use crate::access::{Action, Caller, Resource, authorize};
use crate::jobstore::{AccessKey, Account, IdentityKind, KeyUser};
use crate::sealing::random;

/// What stands before an access key id of ours, as `AKIA` does before one of AWS.
const KEY_PREFIX: &str = "LSIA";

/// A key that was just made. Its secret is not shown again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Whose it is.
    pub account: Account,
    /// The key.
    pub key: AccessKey,
    /// The secret half, which is shown this once.
    pub secret: SecretKey,
}

/// A key in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// The key.
    pub key: AccessKey,
    /// What its account is called.
    pub account_name: String,
}

/// Makes an access key for an account, named by its name or number, or for a user of it.
///
/// # Errors
/// [`AccountFault::NoSuchAccount`], [`AccountFault::NoSuchIdentity`].
pub async fn create(
    admin: &Admin,
    caller: &Caller,
    account: &str,
    user: Option<&IdentityName>,
) -> Result<NewKey, Refused> {
    authorize(caller, Action::ManageKeys, Resource::Service)?;
    let account = accounts::find(admin, account).await?;
    let mut key = new_key(key_id(random()), &account.id, admin.clock.now());
    if let Some(name) = user {
        let user = users::find(admin, &account, IdentityKind::User, name).await?;
        key.user = Some(KeyUser {
            id: user.id,
            name: user.name,
        });
    }
    let secret = draw_secret();
    admin.jobs.insert_key(&key, &secret).await?;
    tracing::info!(actor = %caller.actor(), account = %account.id, key = %key.id, "access key created");
    Ok(NewKey {
        account,
        key,
        secret,
    })
}

/// All access keys, oldest first, those that were revoked among them.
///
/// # Errors
/// [`Refused`] if the caller has no right to see them, or the job store fails.
pub async fn list(admin: &Admin, caller: &Caller) -> Result<Vec<ListedKey>, Refused> {
    authorize(caller, Action::ManageKeys, Resource::Service)?;
    let keys = admin.jobs.keys().await?;
    let accounts = admin.jobs.accounts().await?;
    let names: BTreeMap<AccountId, String> = accounts
        .into_iter()
        .map(|account| (account.id, account.name))
        .collect();
    let listed = |key: AccessKey| ListedKey {
        account_name: names.get(&key.account).cloned().unwrap_or_default(),
        key,
    };
    Ok(keys.into_iter().map(listed).collect())
}

/// Revokes a key. Revoking twice keeps the first time.
///
/// # Errors
/// [`AccountFault::NoSuchKey`].
pub async fn revoke(admin: &Admin, caller: &Caller, key: &AccessKeyId) -> Result<(), Refused> {
    authorize(caller, Action::ManageKeys, Resource::Service)?;
    if !admin.jobs.revoke_key(key, admin.clock.now()).await? {
        return Err(AccountFault::NoSuchKey(key.clone()).into());
    }
    tracing::info!(actor = %caller.actor(), %key, "access key revoked");
    Ok(())
}

pub(super) fn new_key(id: AccessKeyId, account: &AccountId, now: Timestamp) -> AccessKey {
    AccessKey {
        id,
        account: account.clone(),
        user: None,
        created: now,
        revoked: None,
    }
}

/// `LSIA` and sixteen characters of base32: twenty in all, as AWS's.
pub(super) fn key_id(entropy: [u8; 10]) -> AccessKeyId {
    let text = base32(entropy);
    AccessKeyId::new(format!("{KEY_PREFIX}{text}")).expect("base32 is letters and digits")
}

/// Thirty random bytes in base64: forty characters, as AWS's.
pub(super) fn draw_secret() -> SecretKey {
    let entropy = Zeroizing::new(random::<30>());
    SecretKey::new(STANDARD.encode(*entropy))
}

#[cfg(test)]
mod tests;
