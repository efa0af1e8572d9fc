//! `longshore key`: access keys.

use std::collections::BTreeMap;

use model::ids::{AccessKeyId, AccountId};
use serde_json::json;
use server::jobstore::{AccessKey, JobStore};
use server::keys;

use crate::cli::KeyCommand;
use crate::exit::{Exit, Failure};
use crate::{job_store, output};

/// Runs a `longshore key` command.
///
/// # Errors
/// If the job store refuses or cannot be opened.
pub(crate) fn run(command: &KeyCommand) -> Result<Exit, Failure> {
    match command {
        KeyCommand::Create {
            account,
            json,
            store,
        } => job_store::with(store, async |store| create(store, account, *json).await),
        KeyCommand::List { json, store } => {
            job_store::with(store, async |store| list(store, *json).await)
        }
        KeyCommand::Revoke { key, store } => {
            job_store::with(store, async |store| revoke(store, key).await)
        }
    }
}

async fn create(store: &dyn JobStore, account: &str, json: bool) -> Result<Exit, Failure> {
    let account = job_store::account(store, account).await?;
    let (key, secret) = keys::create_key(store, &account.id, job_store::now())
        .await
        .map_err(job_store::failed)?;
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

async fn list(store: &dyn JobStore, json: bool) -> Result<Exit, Failure> {
    let keys = store.keys().await.map_err(job_store::failed)?;
    let accounts = store.accounts().await.map_err(job_store::failed)?;
    let names: BTreeMap<AccountId, String> = accounts
        .into_iter()
        .map(|account| (account.id, account.name))
        .collect();
    let name = |key: &AccessKey| names.get(&key.account).cloned().unwrap_or_default();
    if json {
        let keys: Vec<_> = keys
            .iter()
            .map(|key| {
                json!({
                    "AccessKeyId": key.id,
                    "Account": key.account,
                    "AccountName": name(key),
                    "Created": key.created,
                    "Revoked": key.revoked,
                })
            })
            .collect();
        output::json(&json!({ "Keys": keys }))?;
        return Ok(Exit::Ok);
    }
    let row = |key: &AccessKey| {
        let revoked = key.revoked.map(|at| at.to_string()).unwrap_or_default();
        [
            key.id.to_string(),
            name(key),
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

async fn revoke(store: &dyn JobStore, key: &AccessKeyId) -> Result<Exit, Failure> {
    if !store
        .revoke_key(key, job_store::now())
        .await
        .map_err(job_store::failed)?
    {
        return Err(Failure::refused(format!("there is no access key `{key}`"))
            .hint("`longshore key list` shows them"));
    }
    output::note(&format!("Key {key} is revoked."));
    Ok(Exit::Ok)
}
