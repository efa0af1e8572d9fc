//! `longshore backup` and `longshore restore`.

use anyhow::Context as _;
use model::time::{Clock as _, SystemClock};
use server::backup::{self, BackupScope, DumpError, NotBackedUp, NotRestored, Part};
use server::config::Config;

use crate::cli::{BackupArgs, BackupPlaceArgs, RestoreBackupArgs};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::passphrase::{Typed, passphrase};
use crate::settings::{self, Listen};

/// Makes a backup.
///
/// # Errors
/// Why there is none.
pub(crate) fn back_up(args: &BackupArgs) -> Result<Exit, Failure> {
    let config = config(&args.place)?;
    let passphrase = passphrase(args.place.passphrase_file.as_deref(), Typed::Twice)?;
    let scope = match args.without_jobs {
        true => BackupScope::WithoutJobs,
        false => BackupScope::Whole,
    };
    let now = SystemClock.now();
    let made = backup::back_up(&config, scope, &passphrase, now, &args.file);
    let list = runtime()?.block_on(made).map_err(not_made)?;
    let parts: Vec<&str> = list.files.iter().map(|file| named(file.part)).collect();
    output::note(&format!("Sealed: {}.", parts.join(", ")));
    if let Some(key) = config.server.secret_key_file {
        output::note(&format!("The secret key is that of `{}`.", key.display()));
    }
    Ok(Exit::Ok)
}

/// Makes an installation from a backup.
///
/// # Errors
/// Why nothing was made.
pub(crate) fn restore(args: &RestoreBackupArgs) -> Result<Exit, Failure> {
    let config = config(&args.place)?;
    let passphrase = passphrase(args.place.passphrase_file.as_deref(), Typed::Once)?;
    let restored = backup::restore(&args.file, &passphrase, &config);
    let restored = runtime()?.block_on(restored).map_err(not_restored)?;
    let parts = restored.list.files.iter().map(|file| named(file.part));
    output::note(&format!(
        "Restored into {} what was there at {}: {}.",
        config.server.data.display(),
        restored.list.made,
        parts.collect::<Vec<_>>().join(", ")
    ));
    if let Some(settings) = restored.settings {
        output::note(&format!(
            "The settings of that time are {}: `longshore serve --config` reads them. Look at what they name first.",
            output::word(&settings)
        ));
    }
    Ok(Exit::Ok)
}

fn config(place: &BackupPlaceArgs) -> Result<Config, Failure> {
    let data = place.data.data.as_deref();
    settings::load(place.config.as_deref(), data, Listen::default())
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    Ok(built.context("could not start the runtime")?)
}

fn named(part: Part) -> &'static str {
    match part {
        Part::SecretKey => "the secret key",
        Part::Settings => "the settings",
        Part::Sqlite | Part::PgDump => "the jobs",
    }
}

fn not_made(error: NotBackedUp) -> Failure {
    let (exit, hint) = match &error {
        NotBackedUp::NoInstallation(_) => (Exit::Usage, "name its --config or --data"),
        NotBackedUp::Exists(_) => (Exit::Usage, "name a file that is not there yet"),
        NotBackedUp::JobsAreHere => (Exit::Usage, ""),
        NotBackedUp::Dump(DumpError::Missing(_)) => (
            Exit::Error,
            "install it; or back up the database by its own means, and leave it out here: --without-jobs",
        ),
        NotBackedUp::MasterKey(_)
        | NotBackedUp::JobStore(_)
        | NotBackedUp::Dump(_)
        | NotBackedUp::Io { .. } => (Exit::Error, ""),
    };
    Failure::new(exit, error).hint(hint)
}

fn not_restored(error: NotRestored) -> Failure {
    let (exit, hint) = match &error {
        NotRestored::NotEmpty { .. } => (Exit::Refused, "name an empty folder: --data"),
        NotRestored::DatabaseNotEmpty => (Exit::Refused, "name an empty database in the settings"),
        NotRestored::OtherKey(_) => (
            Exit::Refused,
            "name no secret_key_file, or one that is not there",
        ),
        NotRestored::OtherDatabase { .. } => {
            (Exit::Refused, "name settings of that kind: --config")
        }
        NotRestored::Backup { .. } => (Exit::Refused, ""),
        NotRestored::MasterKey(_)
        | NotRestored::JobStore(_)
        | NotRestored::Dump(_)
        | NotRestored::Io { .. } => (Exit::Error, ""),
    };
    Failure::new(exit, error).hint(hint)
}
