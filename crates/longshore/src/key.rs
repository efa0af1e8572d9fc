//! `longshore key`: access keys.

use model::operator::{KeyFor, KeyLine, KeyList, NewKey};

use crate::cli::KeyCommand;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::way::Way;

/// Runs a `longshore key` command.
///
/// # Errors
/// If the operation is refused, or the service cannot be asked.
pub(crate) fn run(command: &KeyCommand) -> Result<Exit, Failure> {
    match command {
        KeyCommand::Create {
            account,
            user,
            json,
            store,
        } => {
            let (account, user) = (account.clone(), user.clone());
            tell_new(
                &Way::open(store)?.post("keys", &KeyFor { account, user })?,
                *json,
            )
        }
        KeyCommand::List { json, store } => tell_all(&Way::open(store)?.get("keys", &[])?, *json),
        KeyCommand::Revoke { key, store } => {
            Way::open(store)?.post::<()>(&format!("keys/{key}/revoke"), &())?;
            output::note(&format!("Key {key} is revoked."));
            Ok(Exit::Ok)
        }
    }
}

fn tell_new(new: &NewKey, json: bool) -> Result<Exit, Failure> {
    if json {
        output::json(new)?;
        return Ok(Exit::Ok);
    }
    output::data(&format!(
        "[{}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        profile(new),
        new.access_key_id,
        new.secret_access_key
    ))?;
    output::note("The secret is shown this once. Put the lines into an AWS credentials file.");
    Ok(Exit::Ok)
}

/// What the profile is called: as the account, or as the user in it.
fn profile(new: &NewKey) -> String {
    match &new.user {
        Some(user) => format!("{}-{user}", new.account_name),
        None => new.account_name.clone(),
    }
}

fn tell_all(list: &KeyList, json: bool) -> Result<Exit, Failure> {
    if json {
        output::json(list)?;
        return Ok(Exit::Ok);
    }
    let row = |key: &KeyLine| {
        let revoked = key.revoked.map(|at| at.to_string()).unwrap_or_default();
        [
            key.access_key_id.to_string(),
            key.account_name.clone(),
            key.user
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            key.created.to_string(),
            revoked,
        ]
    };
    let rows: Vec<[String; 5]> = list.keys.iter().map(row).collect();
    output::data(&output::table(
        ["KEY", "ACCOUNT", "USER", "CREATED", "REVOKED"],
        &rows,
    ))?;
    Ok(Exit::Ok)
}
