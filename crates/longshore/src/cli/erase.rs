//! What is said of a device that is to be erased.

use std::path::PathBuf;

use clap::Args;
use model::erasure::Technique;
use model::ids::JobId;

use super::ServerArgs;

/// `longshore device erase`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "The server decides whether it may be: all conditions of docs/erasing.md must hold. What a person \
    confirms is the job and the last four characters of the serial number, scanned or typed; where a device tells none, \
    those of its WWN, or of the device id in the manifest.\n\nEnds with exit code 4 if it may not be, and nothing was \
    touched, with 1 if it could not be erased, and with 130 if it was interrupted: the same command goes on with it."
)]
pub(crate) struct EraseArgs {
    /// The block device itself, or an image file
    #[arg(value_name = "DEVICE")]
    pub(crate) device: PathBuf,
    /// The job whose device it is
    #[arg(long, value_name = "JOBID")]
    pub(crate) job: JobId,
    /// The last four characters of its serial number. Default: you are asked
    #[arg(long, value_name = "XXXX")]
    pub(crate) serial_end: Option<String>,
    /// How it is erased: the best that the device offers, or one that does less
    #[arg(long, value_name = "NAME")]
    pub(crate) technique: Option<Technique>,
    /// Do not ask before erasing
    #[arg(long, requires = "serial_end")]
    pub(crate) yes: bool,
    /// Only say what would be done, and what stands against it; nothing is touched
    #[arg(long, conflicts_with = "yes")]
    pub(crate) dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: ServerArgs,
}
