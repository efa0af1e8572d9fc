//! Opens the job store for commands that change accounts, keys and stations. A service may run on
//! it at the same time.

use std::path::Path;

use anyhow::Context as _;
use model::time::{Clock as _, SystemClock, Timestamp};
use server::config::{Config, DatabaseConfig};
use server::data_dir::room::Room;
use server::jobstore::{Account, JobStore, JobStoreError, PostgresJobStore, SqliteJobStore};
use server::keys::KeyError;
use server::sealing::MasterKey;
use server::service::StartError;

use crate::cli::StoreArgs;
use crate::exit::{Exit, Failure};
use crate::serve;
use crate::settings::{self, Listen};

/// Opens the job store, does something with it, and closes it.
///
/// # Errors
/// If the store cannot be opened, and whatever `work` fails with.
pub(crate) fn with<T>(
    args: &StoreArgs,
    work: impl AsyncFnOnce(&dyn JobStore) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let data = args.data.data.as_deref();
    let config = settings::load(args.config.as_deref(), data, Listen::default())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime
        .context("could not start the runtime")?
        .block_on(async {
            let data = &config.server.data;
            let key = master_key(&config, data)?;
            match &config.database {
                DatabaseConfig::Sqlite => {
                    let _room = Room::make(data);
                    let store = open_sqlite(data, &key).await?;
                    let done = work(&store).await;
                    store.close().await;
                    done
                }
                DatabaseConfig::Postgres(url) => {
                    let store = PostgresJobStore::connect(url.expose(), key.sealer()).await;
                    let store = store.map_err(failed)?;
                    let done = work(&store).await;
                    store.close().await;
                    done
                }
            }
        })
}

/// Made here, a key or a store would look like an installation that nobody has started: both are
/// only opened.
fn master_key(config: &Config, data: &Path) -> Result<MasterKey, Failure> {
    let own_key = data.join("secret.key");
    let key = config.server.secret_key_file.as_deref().unwrap_or(&own_key);
    if !key.is_file() {
        return Err(no_installation(data));
    }
    MasterKey::load(key).map_err(|error| Failure::new(Exit::Error, error))
}

async fn open_sqlite(data: &Path, key: &MasterKey) -> Result<SqliteJobStore, Failure> {
    let path = data.join("longshore.db");
    if !path.is_file() {
        return Err(no_installation(data));
    }
    SqliteJobStore::open(&path, key.sealer())
        .await
        .map_err(|error| match StartError::from(error).named(data) {
            StartError::JobStore(error) => failed(error),
            error => serve::not_started(error),
        })
}

fn no_installation(data: &Path) -> Failure {
    let message = format!(
        "there is no installation in the data folder `{}`",
        data.display()
    );
    Failure::usage(message).hint("start `longshore serve` once, or name another --data")
}

/// What a job store says, in the user's terms.
pub(crate) fn failed(error: JobStoreError) -> Failure {
    let exit = match &error {
        JobStoreError::Exists(_)
        | JobStoreError::Missing(_)
        | JobStoreError::Conflict
        | JobStoreError::QuotaExceeded => Exit::Refused,
        JobStoreError::Unavailable(_) => Exit::Unavailable,
        JobStoreError::WrongKey | JobStoreError::Corrupt(_) | JobStoreError::Migration(_) => {
            Exit::Error
        }
    };
    Failure::new(exit, error)
}

/// The same for accounts and keys.
pub(crate) fn key_failed(error: KeyError) -> Failure {
    match error {
        KeyError::Store(error) => failed(error),
        error @ (KeyError::Name(_) | KeyError::Right(_)) => Failure::new(Exit::Usage, error),
    }
}

/// Finds an account by name or number.
///
/// # Errors
/// If there is none.
pub(crate) async fn account(store: &dyn JobStore, wanted: &str) -> Result<Account, Failure> {
    let accounts = store.accounts().await.map_err(failed)?;
    accounts
        .into_iter()
        .find(|account| account.name == wanted || account.id.as_str() == wanted)
        .ok_or_else(|| {
            Failure::refused(format!("there is no account `{wanted}`"))
                .hint("`longshore account list` shows them")
        })
}

/// The time now.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}
