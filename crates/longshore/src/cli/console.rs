//! The arguments of `longshore console`.

use clap::Subcommand;
use model::ids::PersonName;

use super::StoreArgs;

/// `longshore console`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConsoleCommand {
    /// Print a link that lets you in, once
    #[command(
        after_long_help = "On the host of the service the link is for whoever may read its secret key, who may do \
        everything; with --server and --token-file it is for the person whose token it is. With --for it is for \
        somebody else who runs the service."
    )]
    Open {
        /// Whom it lets in, if not you
        #[arg(long = "for", value_name = "NAME")]
        name: Option<PersonName>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// List who is signed in
    Sessions {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Sign somebody out
    End {
        /// The number of the session
        number: i64,
        #[command(flatten)]
        store: StoreArgs,
    },
}
