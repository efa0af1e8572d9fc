//! Opens the installation on this host for commands that change accounts, keys and stations. A service
//! may run on it at the same time. What the commands do is in `server::ops`.

use std::sync::Arc;

use anyhow::Context as _;
use model::time::SystemClock;
use server::installation::{Installation, NotOpened};
use server::jobstore::JobStoreError;
use server::ops::{AccountFault, Admin, Refused};

use crate::cli::StoreArgs;
use crate::exit::{Exit, Failure};
use crate::settings::{self, Listen};

/// Opens the installation, does something with it, and closes it.
///
/// # Errors
/// If it cannot be opened, and whatever `work` is refused.
pub(crate) fn with<T>(
    args: &StoreArgs,
    work: impl AsyncFnOnce(&Admin) -> Result<T, Refused>,
) -> Result<T, Failure> {
    let data = args.data.data.as_deref();
    let config = settings::load(args.config.as_deref(), data, Listen::default())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.context("could not start the runtime")?;
    runtime.block_on(async {
        let opened = Installation::open(&config, Arc::new(SystemClock)).await;
        let installation = opened.map_err(not_opened)?;
        let done = work(installation.admin()).await;
        installation.close().await;
        done.map_err(refused)
    })
}

/// An installation that cannot be opened, in the user's terms.
fn not_opened(error: NotOpened) -> Failure {
    match error {
        NotOpened::NoInstallation(_) => Failure::usage(error.to_string())
            .hint("start `longshore serve` once, or name another --data"),
        NotOpened::DiskFull { .. } => Failure::new(Exit::Unavailable, error)
            .hint("make room for some MiB on that disk, and start again"),
        NotOpened::JobStore(error) => store_failed(error),
        NotOpened::MasterKey(error) => Failure::new(Exit::Error, error),
    }
}

/// What an operation is refused for, in the user's terms.
fn refused(refused: Refused) -> Failure {
    match refused {
        Refused::Store(error) => store_failed(error),
        Refused::Account(fault) => {
            let (exit, hint) = match &fault {
                AccountFault::Name(_) | AccountFault::Right(_) => (Exit::Usage, ""),
                AccountFault::NoSuchAccount(_) => {
                    (Exit::Refused, "`longshore account list` shows them")
                }
                AccountFault::NoSuchKey(_) => (Exit::Refused, "`longshore key list` shows them"),
                AccountFault::Exists(_)
                | AccountFault::NoSuchRight { .. }
                | AccountFault::NoSuchStation(_)
                | AccountFault::StationRevoked(_)
                | AccountFault::NoSuchBay { .. } => (Exit::Refused, ""),
            };
            Failure::new(exit, fault).hint(hint)
        }
        Refused::Busy(_) => Failure::new(Exit::Unavailable, refused),
        Refused::Internal => Failure::new(Exit::Error, refused),
        Refused::Denied(_)
        | Refused::NoSuchJob(_)
        | Refused::State { .. }
        | Refused::Submission(_)
        | Refused::Docking(_) => Failure::new(Exit::Refused, refused),
    }
}

/// What a job store says, in the user's terms.
fn store_failed(error: JobStoreError) -> Failure {
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
