//! What an installation begins with: one account and one access key, so that it can be used at once.

use awsproto::secret::SecretKey;
use model::ids::{AccessKeyId, AccountId};
use sha2::{Digest, Sha256};

use super::keys::{draw_secret, key_id, new_key};
use super::{AccountFault, Admin, Refused, Rights, accounts};
use crate::jobstore::{AccessKey, Account, JobStoreError};

/// The account that every installation begins with.
pub const FIRST_ACCOUNT: &str = "default";

/// What an installation begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstKey {
    /// The account `default`.
    pub account: Account,
    /// Its oldest key that is in force.
    pub id: AccessKeyId,
    /// The key's secret.
    pub secret: SecretKey,
}

/// Makes the account `default`, with the right to every bucket, and one access key for it, unless
/// they are there. Several servers may do this at once: there is one account and one key after.
///
/// Nobody asks for it, so nobody's right to it is asked: it is what a start does.
///
/// `None` if the operator has revoked every key of the account: that is not undone.
///
/// # Errors
/// [`Refused::Store`] if the job store fails.
pub(crate) async fn first_start(admin: &Admin) -> Result<Option<FirstKey>, Refused> {
    let account = first_account(admin).await?;
    if keys_of(admin, &account.id).await?.is_empty() {
        insert_first_key(admin, &account.id).await?;
    }
    let keys = keys_of(admin, &account.id).await?;
    let Some(in_force) = keys.into_iter().find(|key| key.revoked.is_none()) else {
        return Ok(None);
    };
    let found = admin.jobs.key(&in_force.id).await?;
    Ok(found.map(|(key, secret, account)| FirstKey {
        account,
        id: key.id,
        secret,
    }))
}

async fn first_account(admin: &Admin) -> Result<Account, Refused> {
    match accounts::find(admin, FIRST_ACCOUNT).await {
        Err(Refused::Account(AccountFault::NoSuchAccount(_))) => {}
        found => return found,
    }
    match accounts::insert(admin, FIRST_ACCOUNT, Rights::everything()).await {
        // Another server was faster.
        Err(Refused::Account(AccountFault::Exists(_))) => {
            accounts::find(admin, FIRST_ACCOUNT).await
        }
        made => made,
    }
}

/// The keys that are the account's own: one of a user may less.
async fn keys_of(admin: &Admin, account: &AccountId) -> Result<Vec<AccessKey>, JobStoreError> {
    let mut keys = admin.jobs.keys().await?;
    keys.retain(|key| &key.account == account && key.user.is_none());
    Ok(keys)
}

/// The id follows from the account's number, so that of two servers only one can insert it. Ids
/// are public; the secret is random.
async fn insert_first_key(admin: &Admin, account: &AccountId) -> Result<(), JobStoreError> {
    let digest = Sha256::digest(format!("longshore first key 1 {account}"));
    let mut entropy = [0; 10];
    entropy.copy_from_slice(&digest[..10]);
    let key = new_key(key_id(entropy), account, admin.clock.now());
    match admin.jobs.insert_key(&key, &draw_secret()).await {
        Err(JobStoreError::Exists(_)) => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests;
