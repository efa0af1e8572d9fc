//! What is said on the command line of the key that receipts are signed with.

use clap::Subcommand;

use super::StoreArgs;

/// `longshore custody`.
#[derive(Debug, Subcommand)]
pub(crate) enum CustodyCommand {
    /// Show under which name and with which keys receipts are signed, and the head of the log
    Show {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Sign with another key from now on
    #[command(
        after_long_help = "What the old key signed stays good, unless it is lost: then nothing of it counts, and receipts that \
        were given out before are worth what a checkpoint in other hands says of them."
    )]
    Rotate {
        /// The key may be in wrong hands: it counts no more, and why
        #[arg(long, value_name = "REASON")]
        lost: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
}
