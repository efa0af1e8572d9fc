//! What is said on the command line of setting a host up.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use model::ids::StationName;

use super::service_url;

/// `longshore setup`.
#[derive(Debug, Subcommand)]
pub(crate) enum SetupCommand {
    /// Set this host up for the service
    Server(SetupServerArgs),
    /// Set this host up as a station of a server
    Station(SetupStationArgs),
}

/// `longshore setup server`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Writes a unit for systemd, the users of the units and settings to begin with; where the Debian package is \
    installed, which has the rest, only those. What is there stays: a second run changes nothing. Nothing is started."
)]
pub(crate) struct SetupServerArgs {
    /// Where this program is installed, for the unit. Default: where it is
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
    /// The root of the system that is set up
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,
}

/// `longshore setup station`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Writes the server and the token, and settings to begin with; where the Debian package is not installed also \
    a unit for systemd, its user, and rules by which udev leaves bays alone. Settings that are there stay: a second run changes \
    nothing. Nothing is started. In the end it says what `longshore doctor` finds wrong with this host as a station."
)]
pub(crate) struct SetupStationArgs {
    /// URL of the server
    #[arg(long, value_name = "URL", value_parser = service_url)]
    pub(crate) server: String,
    /// A file with this station's token, as `longshore station token` printed it
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: PathBuf,
    /// The name of this station: the one its token was made for. Default: the host's name
    #[arg(long, value_name = "NAME")]
    pub(crate) station: Option<StationName>,
    /// Let the station's unit write to block devices, so that it can erase. Without it the unit reads them and no more;
    /// where it was said before it stays so until the file is removed
    #[arg(long)]
    pub(crate) erase: bool,
    /// Where this program is installed, for the unit and the rules. Default: where it is
    #[arg(long, value_name = "FILE")]
    pub(crate) program: Option<PathBuf>,
    /// The root of the system that is set up
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,
}
