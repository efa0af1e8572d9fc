//! What is asked of policies.

use std::path::PathBuf;

use ::policy::{ActionName, Key};
use clap::{Args, Subcommand};
use model::ids::IdentityName;

use super::StoreArgs;

/// `longshore policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Read policies as they are read when a user gets them, and tell every fault with its place
    Check {
        /// The policies: files of JSON
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Decide a request by policies: allowed, implicitDeny (nothing allows it) or explicitDeny
    Simulate(Box<SimulateArgs>),
}

/// `longshore policy simulate`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "With --cases each line of the file is a JSON object with `Policies` (a list of the texts of policies), \
    `Action`, and perhaps `Resource` and `Context` (an object); a line is printed for each."
)]
pub(crate) struct SimulateArgs {
    /// A policy that the user has; several may be named
    #[arg(long = "file", value_name = "FILE", required_unless_present_any = ["cases", "user"])]
    pub(crate) files: Vec<PathBuf>,
    /// What is asked for, such as importexport:CreateJob
    #[arg(long, required_unless_present = "cases")]
    pub(crate) action: Option<ActionName>,
    /// What it is done to: `*`, or the ARN of a bucket
    #[arg(long, value_name = "ARN", default_value = "*")]
    pub(crate) resource: String,
    /// What else is known of the request, such as aws:SourceIp=203.0.113.7
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) context: Vec<(Key, String)>,
    /// Decide many requests
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "action", "context", "json"])]
    pub(crate) cases: Option<PathBuf>,
    /// Decide by the policies that this user has at this moment; of the context, address and transport count
    #[arg(long, value_name = "NAME", conflicts_with_all = ["files", "cases"])]
    pub(crate) user: Option<IdentityName>,
    /// The account of the user, by name or number
    #[arg(long, default_value = "default", requires = "user")]
    pub(crate) account: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

fn pair(text: &str) -> Result<(Key, String), String> {
    let Some((key, value)) = text.split_once('=') else {
        return Err("it is no key and value with `=` between".to_owned());
    };
    let key: Key = key
        .parse()
        .map_err(|error: ::policy::UnknownKey| error.to_string())?;
    Ok((key, value.to_owned()))
}
