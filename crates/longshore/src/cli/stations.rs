//! What is said on the command line of stations.

use clap::Subcommand;
use model::ids::StationName;

use super::{StationRunArgs, StoreArgs};

/// `longshore station`.
#[derive(Debug, Subcommand)]
pub(crate) enum StationCommand {
    /// Admit a station, or give it a new token, and print the token
    Token {
        /// Its name
        name: StationName,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Watch the bays of this host, and load what is plugged in
    Run(StationRunArgs),
    /// List the stations, and how each is
    List {
        /// Show it again whenever it changes
        #[arg(long)]
        watch: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Show a station, its bays and what was ordered of it
    Show {
        /// Its name
        name: StationName,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Void a station's token and end its leases; its disks are loaded wherever they are docked next
    Revoke {
        /// Its name
        name: StationName,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Let a station begin nothing new, and end what it has begun
    Drain {
        /// Its name
        name: StationName,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Let a station that was drained begin again
    Undrain {
        /// Its name
        name: StationName,
        #[command(flatten)]
        store: StoreArgs,
    },
}
