//! What is said on the command line of stores.

use clap::Subcommand;

use super::StoreArgs;

/// `longshore store`.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// List the S3 stores, whether each answers, and how many jobs are on hold because of it
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Find out whether a store answers, or what it does with objects in a bucket; what is written there is removed
    Probe {
        /// The name of a store, or a bucket
        of: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
}
