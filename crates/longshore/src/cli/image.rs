//! `longshore image`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use model::ids::BucketName;

use super::{DataArgs, ReachArgs};

/// `longshore image`.
#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    /// Rebuild the image of a device from its objects
    Restore(RestoreArgs),
}

/// `longshore image restore`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "Every object is compared with its SHA-256 in the index, and the whole image with \
    its own. A file appears under its name only when all agree; zeros become holes. On a block device \
    everything is written.\n\nWithout --endpoint-url the bucket is looked for in the service's own \
    store, which is started for as long as it takes if it is not running."
)]
pub(crate) struct RestoreArgs {
    /// The index of the image: s3://BUCKET/KEY, a key of --bucket, or a file
    pub(crate) index: String,
    /// Where to rebuild it: a file, or a block device that is not mounted
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// The bucket that has the objects. Default: the one of s3://BUCKET/KEY
    #[arg(long, short)]
    pub(crate) bucket: Option<BucketName>,
    /// Overwrite an output that exists, as a block device does
    #[arg(long)]
    pub(crate) force: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}
