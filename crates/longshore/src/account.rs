//! `longshore account`: who may use which buckets.

use serde_json::json;
use server::jobstore::Account;
use server::ops::{Admin, Caller, Rights, accounts};

use crate::cli::{AccountCommand, ChangeRightsArgs, RightsArgs};
use crate::exit::{Exit, Failure};
use crate::{installation, output};

/// Runs a `longshore account` command.
///
/// # Errors
/// If the operation is refused, or the installation cannot be opened.
pub(crate) fn run(command: &AccountCommand) -> Result<Exit, Failure> {
    match command {
        AccountCommand::Create {
            name,
            rights,
            store,
        } => {
            let create = async |admin: &Admin| {
                accounts::create(admin, &Caller::Operator, name, rights.into()).await
            };
            tell(&installation::with(store, create)?)
        }
        AccountCommand::List { json, store } => {
            let list = async |admin: &Admin| accounts::list(admin, &Caller::Operator).await;
            tell_all(&installation::with(store, list)?, *json)
        }
        AccountCommand::Allow(args) => {
            let rights = named(args)?;
            let allow = async |admin: &Admin| {
                accounts::allow(admin, &Caller::Operator, &args.account, &rights).await
            };
            tell(&installation::with(&args.store, allow)?)
        }
        AccountCommand::Deny(args) => {
            let rights = named(args)?;
            let deny = async |admin: &Admin| {
                accounts::deny(admin, &Caller::Operator, &args.account, &rights).await
            };
            tell(&installation::with(&args.store, deny)?)
        }
    }
}

impl From<&RightsArgs> for Rights {
    fn from(RightsArgs { import, export }: &RightsArgs) -> Self {
        Self {
            import: import.clone(),
            export: export.clone(),
        }
    }
}

/// The rights that are to change, of which there must be one.
fn named(args: &ChangeRightsArgs) -> Result<Rights, Failure> {
    if args.rights.import.is_empty() && args.rights.export.is_empty() {
        return Err(Failure::usage("name a bucket with --import or --export"));
    }
    Ok((&args.rights).into())
}

fn tell_all(accounts: &[Account], json: bool) -> Result<Exit, Failure> {
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
        output::data(&table(accounts))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use model::ids::AccountId;

    #[test]
    fn accounts_are_a_table() {
        let account = Account {
            id: AccountId::new("123456789012").unwrap(),
            name: "studio".into(),
            import: vec!["photos".into(), "raw-*".into()],
            export: Vec::new(),
        };
        assert_eq!(
            table(&[account]),
            "NAME    ACCOUNT       IMPORT TO     EXPORT FROM\n\
             studio  123456789012  photos raw-*\n"
        );
    }
}
