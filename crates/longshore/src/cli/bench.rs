//! What is said of devices that are noticed by themselves.

use std::path::PathBuf;

use clap::Args;

use super::ServerArgs;

/// Folders that are bays.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct InboxArgs {
    /// Load the images and folders that are laid down in this folder and carry the SIGNATURE of a job, as devices that are
    /// plugged in; nothing is written there. May be said again
    #[arg(long, value_name = "FOLDER")]
    pub(crate) inbox: Vec<PathBuf>,
}

/// `longshore station run`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Without --server it is the station of the service that runs on the data folder, with that \
    service's settings. Which ports are bays, how many devices are loaded at a time and whether that begins by itself \
    stands in the table `[station]` of the settings. SIGTERM stops in order; what was not loaded yet goes on at the next \
    start."
)]
pub(crate) struct StationRunArgs {
    #[command(flatten)]
    pub(crate) inbox: InboxArgs,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
