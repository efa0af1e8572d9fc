//! What is said of parcels, and what a scanner types.

use clap::{Args, Subcommand};
use model::ids::JobId;
use model::parcel::{Direction, ParcelCondition, ParcelNumber};

use super::{ServerArgs, StoreArgs, UnerasedArgs};

/// `longshore parcel`.
#[derive(Debug, Subcommand)]
pub(crate) enum ParcelCommand {
    /// Book a box as here, and the devices of the jobs that are in it
    Receive(ReceiveArgs),
    /// List the boxes that came and went, the newest first
    List(ParcelListArgs),
    /// Show what is known of a number
    Show {
        /// What stands on the box
        number: ParcelNumber,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Book the devices that came in a box as sent back
    Return(SendBackArgs),
}

/// `longshore parcel receive`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "A box may hold the devices of several jobs. Those that are named are here from now on; name a job when \
    you have read its slip, for a number on a box proves nothing."
)]
pub(crate) struct ReceiveArgs {
    /// What stands on the box
    pub(crate) number: ParcelNumber,
    /// The jobs whose slips are in it
    #[arg(value_name = "JOBID")]
    pub(crate) jobs: Vec<JobId>,
    /// Who brought it
    #[arg(long, value_name = "NAME")]
    pub(crate) carrier: Option<String>,
    /// What is to be known of it
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// How it looks: intact, damaged, opened or wet
    #[arg(long, value_name = "HOW")]
    pub(crate) condition: Option<ParcelCondition>,
    /// What stands on its seal
    #[arg(long, value_name = "TEXT")]
    pub(crate) seal: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `longshore parcel list`.
#[derive(Debug, Args)]
pub(crate) struct ParcelListArgs {
    /// Only those that came (in), or that went (out)
    #[arg(long, value_name = "WAY")]
    pub(crate) direction: Option<Direction>,
    /// Only those whose number begins like this
    #[arg(long, value_name = "NUMBER")]
    pub(crate) number: Option<ParcelNumber>,
    /// Only those with the device of this job
    #[arg(long, value_name = "JOBID")]
    pub(crate) job: Option<JobId>,
    /// Only those behind this place in the list
    #[arg(long, value_name = "PLACE")]
    pub(crate) before: Option<i64>,
    /// At most so many, up to 200. Default: 20
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) limit: Option<u32>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `longshore parcel return`.
#[derive(Debug, Args)]
pub(crate) struct SendBackArgs {
    /// What stood on the box in which the devices came
    pub(crate) number: ParcelNumber,
    /// Those of its jobs whose devices go back. Default: all
    #[arg(value_name = "JOBID")]
    pub(crate) jobs: Vec<JobId>,
    /// Who carries them
    #[arg(long, value_name = "NAME")]
    pub(crate) carrier: String,
    /// The carrier's number for the parcel in which they go
    #[arg(long, value_name = "NUMBER")]
    pub(crate) tracking: ParcelNumber,
    #[command(flatten)]
    pub(crate) word: UnerasedArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

/// `longshore scan`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "A carrier's number opens a parcel; the slips that follow are those of the devices in it, and each is \
    booked as here. A sheet or slip and the tag of a bay, in either order and within half a minute, have what is in the bay \
    loaded. Every code gets one line of answer. What is not known does nothing."
)]
pub(crate) struct ScanArgs {
    /// What the scanner reads; - reads codes from the standard input, one a line
    #[arg(value_name = "CODE", required = true)]
    pub(crate) codes: Vec<String>,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
