//! What is said on the command line of stations and their bays.

use clap::{Args, Subcommand};
use model::ids::{BayName, StationName};

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

/// `longshore bay`.
#[derive(Debug, Subcommand)]
pub(crate) enum BayCommand {
    /// List the bays of a station, or of all, and what is in each
    List {
        /// Only those of this station
        station: Option<StationName>,
        /// Show it again whenever it changes
        #[arg(long)]
        watch: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Find out again whose the device in a bay is
    Look(OrderArgs),
    /// Load what is in a bay, before others that wait
    Load(OrderArgs),
    /// Stop what is at work in a bay, in order; it can be gone on with
    Stop(OrderArgs),
    /// Make what is in a bay safe to take out
    Release(OrderArgs),
    /// Show which bay it is, where it has a light
    Blink(OrderArgs),
}

/// A bay of which something is ordered.
#[derive(Debug, Args)]
pub(crate) struct OrderArgs {
    /// The station
    pub(crate) station: StationName,
    /// The bay
    pub(crate) bay: BayName,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
