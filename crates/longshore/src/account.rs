//! `longshore account`: who may use which buckets.

use model::operator::{AccountLimit, AccountLine, AccountList, AccountRights};
use model::readable;

use crate::cli::{AccountCommand, ChangeRightsArgs, RightsArgs};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Runs a `longshore account` command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run(command: &AccountCommand) -> Result<Exit, Failure> {
    match command {
        AccountCommand::Create {
            name,
            rights,
            store,
        } => tell(&Way::open(store)?.post("accounts", &message(name, rights))?),
        AccountCommand::List { json, store } => {
            tell_all(&Way::open(store)?.get("accounts", &[])?, *json)
        }
        AccountCommand::Allow(args) => change("accounts/allow", args),
        AccountCommand::Deny(args) => change("accounts/deny", args),
        AccountCommand::Limit {
            account,
            most,
            store,
        } => {
            let message = AccountLimit {
                name: account.clone(),
                most: most.clone(),
            };
            tell(&Way::open(store)?.post("accounts/limit", &message)?)
        }
    }
}

fn message(name: &str, RightsArgs { import, export }: &RightsArgs) -> AccountRights {
    AccountRights {
        name: name.to_owned(),
        import: import.clone(),
        export: export.clone(),
    }
}

/// Changes rights, of which there must be one.
fn change(path: &str, args: &ChangeRightsArgs) -> Result<Exit, Failure> {
    if args.rights.import.is_empty() && args.rights.export.is_empty() {
        return Err(Failure::usage("name a bucket with --import or --export"));
    }
    tell(&Way::open(&args.store)?.post(path, &message(&args.account, &args.rights))?)
}

fn tell_all(list: &AccountList, json: bool) -> Result<Exit, Failure> {
    if json {
        output::json(list)?;
    } else {
        output::data(&table(&list.accounts))?;
    }
    Ok(Exit::Ok)
}

fn tell(account: &AccountLine) -> Result<Exit, Failure> {
    output::data(&table(std::slice::from_ref(account)))?;
    Ok(Exit::Ok)
}

fn table(accounts: &[AccountLine]) -> String {
    let row = |line: &AccountLine| {
        let AccountLine {
            account,
            name,
            import,
            export,
            job_bytes,
        } = line;
        [
            name.clone(),
            account.to_string(),
            import.join(" "),
            export.join(" "),
            job_bytes.map(readable::bytes).unwrap_or_default(),
        ]
    };
    let rows: Vec<[String; 5]> = accounts.iter().map(row).collect();
    output::table(
        ["NAME", "ACCOUNT", "IMPORT TO", "EXPORT FROM", "A JOB LOADS"],
        &rows,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::ids::AccountId;

    #[test]
    fn accounts_are_a_table() {
        let account = AccountLine {
            account: AccountId::new("123456789012").unwrap(),
            name: "studio".into(),
            import: vec!["photos".into(), "raw-*".into()],
            export: Vec::new(),
            job_bytes: Some(5_000_000_000_000),
        };
        assert_eq!(
            table(&[account]),
            "NAME    ACCOUNT       IMPORT TO     EXPORT FROM  A JOB LOADS\n\
             studio  123456789012  photos raw-*               5.0 TB\n"
        );
    }
}
