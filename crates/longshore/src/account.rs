//! `longshore account`: who may use which buckets.

use serde_json::json;
use server::jobstore::{Account, JobStore};
use server::keys;

use crate::cli::{AccountCommand, ChangeRightsArgs, RightsArgs};
use crate::exit::{Exit, Failure};
use crate::{job_store, output};

/// Runs a `longshore account` command.
///
/// # Errors
/// If the job store refuses or cannot be opened.
pub(crate) fn run(command: &AccountCommand) -> Result<Exit, Failure> {
    match command {
        AccountCommand::Create {
            name,
            rights,
            store,
        } => job_store::with(store, async |store| create(store, name, rights).await),
        AccountCommand::List { json, store } => {
            job_store::with(store, async |store| list(store, *json).await)
        }
        AccountCommand::Allow(args) => change(args, allow),
        AccountCommand::Deny(args) => change(args, deny),
    }
}

async fn create(store: &dyn JobStore, name: &str, rights: &RightsArgs) -> Result<Exit, Failure> {
    let RightsArgs { import, export } = rights.clone();
    let account = keys::create_account(store, name, import, export).await;
    tell(&account.map_err(job_store::key_failed)?)
}

async fn list(store: &dyn JobStore, json: bool) -> Result<Exit, Failure> {
    let accounts = store.accounts().await.map_err(job_store::failed)?;
    if json {
        let accounts: Vec<_> = accounts
            .iter()
            .map(
                |Account {
                     id,
                     name,
                     import,
                     export,
                 }| {
                    json!({ "Account": id, "Name": name, "Import": import, "Export": export })
                },
            )
            .collect();
        output::json(&json!({ "Accounts": accounts }))?;
    } else {
        output::data(&table(&accounts))?;
    }
    Ok(Exit::Ok)
}

fn tell(account: &Account) -> Result<Exit, Failure> {
    output::data(&table(std::slice::from_ref(account)))?;
    Ok(Exit::Ok)
}

fn table(accounts: &[Account]) -> String {
    let row = |account: &Account| {
        let Account {
            id,
            name,
            import,
            export,
        } = account;
        [
            name.clone(),
            id.to_string(),
            import.join(" "),
            export.join(" "),
        ]
    };
    let rows: Vec<[String; 4]> = accounts.iter().map(row).collect();
    output::table(["NAME", "ACCOUNT", "IMPORT TO", "EXPORT FROM"], &rows)
}

fn change(
    args: &ChangeRightsArgs,
    decide: fn(&mut Account, &RightsArgs) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    if args.rights.import.is_empty() && args.rights.export.is_empty() {
        return Err(Failure::usage("name a bucket with --import or --export"));
    }
    job_store::with(&args.store, async |store| {
        let mut account = job_store::account(store, &args.account).await?;
        decide(&mut account, &args.rights)?;
        store
            .update_account(&account)
            .await
            .map_err(job_store::failed)?;
        tell(&account)
    })
}

fn allow(account: &mut Account, rights: &RightsArgs) -> Result<(), Failure> {
    let named = rights.import.iter().chain(&rights.export);
    named
        .clone()
        .try_for_each(|right| keys::check_right(right))
        .map_err(job_store::key_failed)?;
    add(&mut account.import, &rights.import);
    add(&mut account.export, &rights.export);
    Ok(())
}

fn deny(account: &mut Account, rights: &RightsArgs) -> Result<(), Failure> {
    remove(&account.name, &mut account.import, &rights.import)?;
    remove(&account.name, &mut account.export, &rights.export)
}

fn add(rights: &mut Vec<String>, more: &[String]) {
    for right in more {
        if !rights.contains(right) {
            rights.push(right.clone());
        }
    }
}

/// A right that is not there is an error: `deny --import photos` takes nothing from `*`, and must
/// not look as if it did.
fn remove(account: &str, rights: &mut Vec<String>, less: &[String]) -> Result<(), Failure> {
    for right in less {
        let place = rights
            .iter()
            .position(|found| found == right)
            .ok_or_else(|| {
                Failure::refused(format!("account `{account}` has no right `{right}`")).hint(
                    format!(
                        "its rights are: {}",
                        if rights.is_empty() {
                            "none".to_owned()
                        } else {
                            rights.join(" ")
                        }
                    ),
                )
            })?;
        rights.remove(place);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ids::AccountId;

    fn account() -> Account {
        Account {
            id: AccountId::new("123456789012").unwrap(),
            name: "studio".into(),
            import: vec!["photos".into(), "raw-*".into()],
            export: Vec::new(),
        }
    }

    fn rights(import: &[&str], export: &[&str]) -> RightsArgs {
        let owned = |rights: &[&str]| rights.iter().map(|&right| right.to_owned()).collect();
        RightsArgs {
            import: owned(import),
            export: owned(export),
        }
    }

    #[test]
    fn rights_are_added_once_and_checked() {
        let mut account = account();
        allow(&mut account, &rights(&["photos", "film"], &["film"])).unwrap();
        assert_eq!(account.import, ["photos", "raw-*", "film"]);
        assert_eq!(account.export, ["film"]);
        let failure = allow(&mut account, &rights(&["a*b"], &[])).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
    }

    #[test]
    fn a_right_that_is_not_there_cannot_be_taken() {
        let mut account = account();
        let failure = deny(&mut account, &rights(&["raw-1"], &[])).unwrap_err();
        assert_eq!(
            failure.hint.as_deref(),
            Some("its rights are: photos raw-*")
        );
        deny(&mut account, &rights(&["raw-*"], &[])).unwrap();
        assert_eq!(account.import, ["photos"]);
    }

    #[test]
    fn accounts_are_a_table() {
        assert_eq!(
            table(&[account()]),
            "NAME    ACCOUNT       IMPORT TO     EXPORT FROM\n\
             studio  123456789012  photos raw-*\n"
        );
    }
}
