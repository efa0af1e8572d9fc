//! The arguments of `longshore console`.

use clap::Subcommand;
use model::ids::PersonName;

use super::{ApiArgs, StoreArgs};

/// `longshore console`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConsoleCommand {
    /// Print a link that lets you in, once
    #[command(
        after_long_help = "On the host of the service the link is for whoever may read its secret key, who may do \
        everything; with --server and --token-file it is for the person whose token it is. With --for it is for \
        somebody else who runs the service, and with --account for a customer, who sees nothing but the jobs \
        of that account; it ends with the newest access key of the account."
    )]
    Open {
        /// Whom it lets in, if not you
        #[arg(long = "for", value_name = "NAME")]
        name: Option<PersonName>,
        /// The account of the customer whom it lets in, by name or number
        #[arg(long, value_name = "NAME", conflicts_with = "name")]
        account: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Print a link that lets you in as a customer, once
    #[command(
        after_long_help = "For whoever has an access key: the request is signed with it, and the link lets in whom the \
        key speaks for. What is signed in ends when the key is revoked."
    )]
    SignIn {
        #[command(flatten)]
        api: ApiArgs,
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
    /// List the passkeys that people and customers sign in with
    #[command(
        after_long_help = "Who manages the people who run the service sees all of them, others their own. A passkey is \
        added in a browser, on the page behind one's name."
    )]
    Passkeys {
        /// Print JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Remove a passkey that is lost: who signed in by it is signed out
    Forget {
        /// The number of the passkey
        number: i64,
        #[command(flatten)]
        store: StoreArgs,
    },
}
