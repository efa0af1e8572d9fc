//! What is said on the command line of looking after a host.

use std::path::PathBuf;

use clap::Args;

use super::{DataArgs, service_url};

/// `longshore doctor`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Looks at the settings, the secret key, the job store, the stores, the room, and at who else on this \
    host could take a disk that is plugged into a bay; with --server at a station in the place of a service. Changes \
    nothing. The exit code is 1 if anything is a fault, and 0 if nothing is, or only warnings are."
)]
pub(crate) struct DoctorArgs {
    /// The settings of the service, or of the station
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Look at a station of this server
    #[arg(long, value_name = "URL", value_parser = service_url)]
    pub(crate) server: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
