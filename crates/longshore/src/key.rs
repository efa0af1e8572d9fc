//! `longshore key`: access keys.

use serde_json::json;
use server::ops::keys::{self, ListedKey, NewKey};
use server::ops::{Admin, Caller};

use crate::cli::KeyCommand;
use crate::exit::{Exit, Failure};
use crate::{installation, output};

/// Runs a `longshore key` command.
///
/// # Errors
/// If the operation is refused, or the installation cannot be opened.
pub(crate) fn run(command: &KeyCommand) -> Result<Exit, Failure> {
    match command {
        KeyCommand::Create {
            account,
            json,
            store,
        } => {
            let create =
                async |admin: &Admin| keys::create(admin, &Caller::Operator, account).await;
            tell_new(&installation::with(store, create)?, *json)
        }
        KeyCommand::List { json, store } => {
            let list = async |admin: &Admin| keys::list(admin, &Caller::Operator).await;
            tell_all(&installation::with(store, list)?, *json)
        }
        KeyCommand::Revoke { key, store } => {
            let revoke = async |admin: &Admin| keys::revoke(admin, &Caller::Operator, key).await;
            installation::with(store, revoke)?;
            output::note(&format!("Key {key} is revoked."));
            Ok(Exit::Ok)
        }
    }
}

fn tell_new(new: &NewKey, json: bool) -> Result<Exit, Failure> {
    let NewKey {
        account,
        key,
        secret,
    } = new;
    if json {
        output::json(&json!({
            "AccessKeyId": key.id,
            "SecretAccessKey": secret.expose(),
            "Account": account.id,
            "AccountName": account.name,
        }))?;
        return Ok(Exit::Ok);
    }
    output::data(&format!(
        "[{}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        account.name,
        key.id,
        secret.expose()
    ))?;
    output::note("The secret is shown this once. Put the lines into an AWS credentials file.");
    Ok(Exit::Ok)
}

fn tell_all(keys: &[ListedKey], json: bool) -> Result<Exit, Failure> {
    if json {
        let keys: Vec<_> = keys
            .iter()
            .map(|ListedKey { key, account_name }| {
                json!({
                    "AccessKeyId": key.id,
                    "Account": key.account,
                    "AccountName": account_name,
                    "Created": key.created,
                    "Revoked": key.revoked,
                })
            })
            .collect();
        output::json(&json!({ "Keys": keys }))?;
        return Ok(Exit::Ok);
    }
    let row = |ListedKey { key, account_name }: &ListedKey| {
        let revoked = key.revoked.map(|at| at.to_string()).unwrap_or_default();
        [
            key.id.to_string(),
            account_name.clone(),
            key.created.to_string(),
            revoked,
        ]
    };
    let rows: Vec<[String; 4]> = keys.iter().map(row).collect();
    output::data(&output::table(
        ["KEY", "ACCOUNT", "CREATED", "REVOKED"],
        &rows,
    ))?;
    Ok(Exit::Ok)
}
