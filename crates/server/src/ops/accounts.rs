//! Accounts: who may use which buckets.

use std::collections::HashMap;

use model::amount;
use model::ids::AccountId;

use super::{AccountFault, Admin, DockingFault, Refused};
use crate::access::{Action, Caller, Resource, authorize};
use crate::jobstore::{Account, JobLimit, JobStoreError};
use crate::sealing::random;

/// Longest account name in characters: it has to fit into a line of a table.
const NAME_CHARS: usize = 64;

/// How often a number is drawn at most, if those drawn before are taken. Of a million accounts among 10^12 numbers
/// a draw meets one with a probability of 10^-6.
const DRAWS: u32 = 8;

/// Longest right in bytes: that of a bucket's name.
const RIGHT_BYTES: usize = 255;

/// Buckets that an account is given, or that are taken from it: names, or beginnings of names followed
/// by `*`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rights {
    /// To import to.
    pub import: Vec<String>,
    /// To export from.
    pub export: Vec<String>,
}

impl Rights {
    /// The right to every bucket.
    #[must_use]
    pub fn everything() -> Self {
        let every = || vec!["*".to_owned()];
        Self {
            import: every(),
            export: every(),
        }
    }

    fn check(&self) -> Result<(), AccountFault> {
        let all = self.import.iter().chain(&self.export);
        all.map(String::as_str).try_for_each(check_right)
    }
}

/// Makes an account with a new number.
///
/// # Errors
/// [`AccountFault`] if name or rights are none, or the name is taken.
pub async fn create(
    admin: &Admin,
    caller: &Caller,
    name: &str,
    rights: Rights,
) -> Result<Account, Refused> {
    authorize(caller, Action::ManageAccounts, Resource::Service)?;
    let account = insert(admin, name, rights).await?;
    tracing::info!(actor = %caller.actor(), account = %account.id, "account created");
    Ok(account)
}

/// All accounts by name.
///
/// # Errors
/// [`Refused`] if the caller has no right to see them, or the job store fails.
pub async fn list(admin: &Admin, caller: &Caller) -> Result<Vec<Account>, Refused> {
    authorize(caller, Action::ManageAccounts, Resource::Service)?;
    Ok(admin.jobs.accounts().await?)
}

/// Gives rights to an account, named by its name or number. One that it has already stays as it is.
///
/// # Errors
/// [`AccountFault`] if there is no such account, or a right is none.
pub async fn allow(
    admin: &Admin,
    caller: &Caller,
    account: &str,
    rights: &Rights,
) -> Result<Account, Refused> {
    authorize(caller, Action::ManageAccounts, Resource::Service)?;
    rights.check()?;
    let mut account = find(admin, account).await?;
    add(&mut account.import, &rights.import);
    add(&mut account.export, &rights.export);
    change(admin, caller, account).await
}

/// Takes rights from an account, named by its name or number.
///
/// # Errors
/// [`AccountFault`] if there is no such account, or it has no such right: nothing was taken then.
pub async fn deny(
    admin: &Admin,
    caller: &Caller,
    account: &str,
    rights: &Rights,
) -> Result<Account, Refused> {
    authorize(caller, Action::ManageAccounts, Resource::Service)?;
    let mut account = find(admin, account).await?;
    remove(&account.name, &mut account.import, &rights.import)?;
    remove(&account.name, &mut account.export, &rights.export)?;
    change(admin, caller, account).await
}

/// Says how much a job of an account may load: an [amount], or `none` for as much as there is. Jobs that are on hold for it
/// are tried again.
///
/// # Errors
/// [`DockingFault::Field`] if `most` is neither, and [`AccountFault`] if there is no such account.
pub async fn limit(
    admin: &Admin,
    caller: &Caller,
    account: &str,
    most: &str,
) -> Result<Account, Refused> {
    authorize(caller, Action::ManageAccounts, Resource::Service)?;
    let wrong = |error| DockingFault::Field {
        field: "Most",
        wrong: format!("cannot be: {error}, or `none`"),
    };
    let bytes = amount::limit(most).map_err(wrong)?;
    let account = find(admin, account).await?;
    let since = admin.clock.now();
    admin
        .jobs
        .limit_jobs(&account.id, JobLimit { bytes, since })
        .await?;
    tracing::info!(actor = %caller.actor(), account = %account.id, bytes, "jobs of an account limited");
    Ok(account)
}

/// What was said of how much jobs may load, by account.
///
/// # Errors
/// [`Refused`] if the caller has no right to see it, or the job store fails.
pub async fn limits(
    admin: &Admin,
    caller: &Caller,
) -> Result<HashMap<AccountId, JobLimit>, Refused> {
    authorize(caller, Action::ManageAccounts, Resource::Service)?;
    Ok(admin.jobs.job_limits().await?.into_iter().collect())
}

/// The account with this name or number.
pub(super) async fn find(admin: &Admin, wanted: &str) -> Result<Account, Refused> {
    let accounts = admin.jobs.accounts().await?;
    let found = accounts
        .into_iter()
        .find(|account| account.name == wanted || account.id.as_str() == wanted);
    found.ok_or_else(|| AccountFault::NoSuchAccount(wanted.to_owned()).into())
}

/// Stores a new account.
pub(super) async fn insert(admin: &Admin, name: &str, rights: Rights) -> Result<Account, Refused> {
    check_name(name)?;
    rights.check()?;
    let mut account = Account {
        id: draw_id(),
        name: name.to_owned(),
        import: rights.import,
        export: rights.export,
    };
    for _ in 0..DRAWS {
        match admin.jobs.insert_account(&account).await {
            Err(JobStoreError::Exists(taken)) if taken == account.id.as_str() => {
                account.id = draw_id();
            }
            Err(JobStoreError::Exists(name)) => return Err(AccountFault::Exists(name).into()),
            Err(error) => return Err(error.into()),
            Ok(()) => return Ok(account),
        }
    }
    tracing::error!("no free account number found");
    Err(Refused::Internal)
}

async fn change(admin: &Admin, caller: &Caller, account: Account) -> Result<Account, Refused> {
    admin.jobs.update_account(&account).await?;
    tracing::info!(actor = %caller.actor(), account = %account.id, "rights changed");
    Ok(account)
}

fn add(rights: &mut Vec<String>, more: &[String]) {
    for right in more {
        if !rights.contains(right) {
            rights.push(right.clone());
        }
    }
}

/// A right that is not there is an error: `photos` takes nothing from `*`, and must not look as if it
/// did.
fn remove(account: &str, rights: &mut Vec<String>, less: &[String]) -> Result<(), AccountFault> {
    for right in less {
        let place = rights.iter().position(|found| found == right);
        let place = place.ok_or_else(|| AccountFault::NoSuchRight {
            account: account.to_owned(),
            right: right.clone(),
            rights: rights.clone(),
        })?;
        rights.remove(place);
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), AccountFault> {
    let chars = name.chars().count();
    let printable = !name.chars().any(char::is_control) && name.trim() == name;
    if printable && (1..=NAME_CHARS).contains(&chars) {
        return Ok(());
    }
    Err(AccountFault::Name(name.to_owned()))
}

/// A right is a bucket's name, or the beginning of one followed by `*`; `*` alone is every bucket.
fn check_right(right: &str) -> Result<(), AccountFault> {
    let start = right.strip_suffix('*').unwrap_or(right);
    let letters = start
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    if letters && (1..=RIGHT_BYTES).contains(&right.len()) {
        return Ok(());
    }
    Err(AccountFault::Right(right.to_owned()))
}

fn draw_id() -> AccountId {
    account_id(random())
}

/// Eight bytes give a bias below one in ten million.
fn account_id(entropy: [u8; 8]) -> AccountId {
    let number = u64::from_le_bytes(entropy) % 1_000_000_000_000;
    AccountId::new(format!("{number:012}")).expect("twelve digits")
}

#[cfg(test)]
mod tests;
