//! `longshore ls`, `longshore get` and `longshore rm`.

use std::path::PathBuf;

use clap::Args;

use super::{DataArgs, ReachArgs};
use crate::place::Place;

/// `longshore ls`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "One line for each object: when it was stored, its size and its key. With --json \
    every line is an object with the exact figures.\n\nWithout --endpoint-url the service's own store is \
    looked at, which is started for as long as it takes if it is not running."
)]
pub(crate) struct LsArgs {
    /// The bucket, and what the keys begin with. Default: list the buckets
    #[arg(value_name = "BUCKET[/PREFIX]", value_parser = Place::parse)]
    pub(crate) place: Option<Place>,
    /// Print JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `longshore get`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "KEY is an object, or a folder with all that is below it; with a star at its end it \
    is every key that begins so. Each object becomes a file below DEST, under what follows the last slash \
    of KEY: `get photos/2019/ here` writes here/a.jpg, `get photos/2019 here` writes here/2019/a.jpg, and \
    `get 'photos/2019*' here` here/2019-best/b.jpg too. Where nothing is the exit code is 3.\n\nA file gets its name only when all of it was read and had the MD5 or \
    SHA-256 that the store keeps; its time is the one it had on the disk it came from (the metadata \
    `mtime`, as rclone and `import` write it), else the time it was stored. Files that are there already \
    and equal are left alone, so that the same command goes on with what was interrupted; files that \
    differ are left alone too and listed, unless --overwrite is given.\n\nNothing is written outside \
    DEST. Keys that no file can have (`..`, an empty name, names of more than 255 bytes) are listed, one \
    line each, and the exit code is 3.\n\nWithout --endpoint-url the service's own store is read, which \
    is started for as long as it takes if it is not running."
)]
pub(crate) struct GetArgs {
    /// The bucket, and an object or a folder in it; `KEY*` is every key that begins so
    #[arg(value_name = "BUCKET[/KEY]", value_parser = Place::parse)]
    pub(crate) place: Place,
    /// The folder to write to; made if it is missing
    #[arg(value_name = "DEST")]
    pub(crate) destination: PathBuf,
    /// Replace files that are there and differ
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Print JSON, one object a line; the last one is the summary
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `longshore rm`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "There is no way back: the embedded store keeps no versions. More than one object \
    is asked about first. With --recursive `photos/2019` is that object and all below `photos/2019/`; \
    `'photos/2019*'` is every key that begins so, `photos/2019-best/b.jpg` too.\n\nWithout --endpoint-url the objects are those of the service's own store, \
    which is started for as long as it takes if it is not running."
)]
pub(crate) struct RmArgs {
    /// The objects; with --recursive, folders too, and `KEY*` for every key that begins so
    #[arg(value_name = "BUCKET/KEY", required = true, value_parser = Place::parse)]
    pub(crate) places: Vec<Place>,
    /// Remove what is below a folder too; a bucket alone is all of it
    #[arg(long, short)]
    pub(crate) recursive: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: ReachArgs,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}
