//! What is said on the command line of backups.

use std::path::PathBuf;

use clap::Args;

use super::DataArgs;

/// Which installation a backup is of, and what opens it.
#[derive(Debug, Clone, Args)]
pub(crate) struct BackupPlaceArgs {
    /// The settings of the service. Unless --data is given, the data folder is the one they name
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// A file that holds the passphrase and nothing else. Default: it is asked for
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// `longshore backup`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "The file opens with the passphrase alone: keep that elsewhere. A job store in PostgreSQL is copied by \
    `pg_dump`. Objects of the embedded store are not in it; docs/operating.md says what to keep of them."
)]
pub(crate) struct BackupArgs {
    /// The file, which is not there yet
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Leave out a job store in PostgreSQL, which has backups of its own
    #[arg(long)]
    pub(crate) without_jobs: bool,
    #[command(flatten)]
    pub(crate) place: BackupPlaceArgs,
}

/// `longshore restore`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "The data folder is empty or not there, and so is the job store of a PostgreSQL that the settings name. \
    If the file is torn, was changed or does not open, nothing is made."
)]
pub(crate) struct RestoreBackupArgs {
    /// The file that `longshore backup` made
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) place: BackupPlaceArgs,
}
