//! What is said of bays.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use model::ids::{BayName, StationName};

use super::{BayEraseArgs, DataArgs, ServerArgs, StoreArgs};

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
    /// Open what is encrypted in a bay with a password that is typed, and load it
    Unlock(UnlockBayArgs),
    /// Erase the device of a job that is in a bay, if nothing stands against it
    Erase(BayEraseArgs),
    /// Print tags to stick beside bays, whose codes a scanner reads
    Tags {
        /// Only of the bays of this station
        station: Option<StationName>,
        /// Write them to this file, a PDF, which must not exist
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Print command cards: scanned behind the tag of a bay, that does what the card says
    Cards {
        /// Write them to this file, a PDF, which must not exist
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Find out which port a bay is, by plugging something in
    Teach(TeachArgs),
    /// Print the rules by which udev leaves alone what is plugged into bays
    Rules(BayRulesArgs),
    /// Print the port of a device, for these rules
    #[command(hide = true)]
    Port {
        /// Only if it is a bay by these settings
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Its folder in /sys
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
}

/// `longshore bay teach`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "What it prints is a table for the settings. Anything will do to be plugged in: a disk, a card, or an \
    image that is attached to a loop device. What is on it is not read."
)]
pub(crate) struct TeachArgs {
    /// What stands on the bay's sticker
    #[arg(value_name = "NAME")]
    pub(crate) name: BayName,
    /// How many ports the bay is: 2 for a socket of USB, into which a fast and then a slow device is plugged, since the
    /// two are ports of their own
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) ports: NonZeroUsize,
}

/// `longshore bay rules`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Write what it prints to /etc/udev/rules.d/60-longshore-bays.rules, and let udev read it: \
    udevadm control --reload. What is plugged into other ports of the host is none of these rules' business."
)]
pub(crate) struct BayRulesArgs {
    /// The settings that name the bays
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where this program is installed, for udev to run. Default: where it is
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
    /// Have udev ask the settings whenever something is plugged in, so that the rules stay when bays change
    #[arg(long, requires = "config")]
    pub(crate) ask: bool,
    /// The user that the station runs as, if that is not root: it gets what is plugged in
    #[arg(long, value_name = "NAME", value_parser = user)]
    pub(crate) user: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
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

/// `longshore bay unlock`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Asks for the password at a terminal, without showing what is typed, and else reads one line from standard \
    input: a secret is never an argument. It is tried once on the device that is in the bay, and kept by nobody: `longshore \
    device secret` keeps one with a job. Until its station has heard of it, or for ten minutes, the service keeps it sealed. At \
    most five are taken in a minute."
)]
pub(crate) struct UnlockBayArgs {
    #[command(flatten)]
    pub(crate) order: OrderArgs,
}

/// A name as useradd(8) takes it.
fn user(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    match text.chars().all(is_plain) && !text.is_empty() && !text.starts_with('-') {
        true => Ok(text.to_owned()),
        false => Err("expected the name of a user".to_owned()),
    }
}
