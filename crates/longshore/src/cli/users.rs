//! What is asked of users and groups of accounts.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use model::ids::{IdentityName, PolicyName};

use super::StoreArgs;

/// `longshore user`.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Make a user of an account, who may nothing until a policy allows it
    Create(IdentityArgs),
    /// List the users of an account
    List(IdentitiesArgs),
    /// Show a user's policies, groups and keys
    Show(IdentityArgs),
    /// Remove a user, and revoke all keys of that user
    Delete(IdentityArgs),
    /// Give a user a policy, or take one away
    Policy(GivePolicyArgs),
}

/// `longshore group`.
#[derive(Debug, Subcommand)]
pub(crate) enum GroupCommand {
    /// Make a group, whose policies all users have that are in it
    Create(IdentityArgs),
    /// List the groups of an account
    List(IdentitiesArgs),
    /// Show a group's policies and users
    Show(IdentityArgs),
    /// Remove a group; its users stay
    Delete(IdentityArgs),
    /// Give a group a policy, or take one away
    Policy(GivePolicyArgs),
    /// Put a user into a group
    Add(MemberArgs),
    /// Take a user out of a group
    Remove(MemberArgs),
}

/// A user or a group.
#[derive(Debug, Args)]
pub(crate) struct IdentityArgs {
    /// What it is called: letters, digits and `+=,.@_-`
    pub(crate) name: IdentityName,
    #[command(flatten)]
    pub(crate) of: IdentitiesArgs,
}

/// All of an account.
#[derive(Debug, Args)]
pub(crate) struct IdentitiesArgs {
    /// The account, by name or number
    #[arg(long, default_value = "default")]
    pub(crate) account: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `longshore user policy` and `longshore group policy`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("what").required(true).args(["file", "attach", "remove"]),
    after_long_help = "A policy that is not understood in all its parts is refused, with every fault and its place; \
    `longshore policy check FILE` tells the same beforehand."
)]
pub(crate) struct GivePolicyArgs {
    /// Who
    pub(crate) name: IdentityName,
    /// Give the policy in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// What it is called. Default: as the file, without its ending
    #[arg(long = "name", value_name = "POLICY", requires = "file")]
    pub(crate) policy: Option<PolicyName>,
    /// Give a policy that is ready: AWSImportExportReadOnlyAccess or AWSImportExportFullAccess
    #[arg(long, value_name = "POLICY")]
    pub(crate) attach: Option<PolicyName>,
    /// Take a policy away
    #[arg(long, value_name = "POLICY")]
    pub(crate) remove: Option<PolicyName>,
    /// The account, by name or number
    #[arg(long, default_value = "default")]
    pub(crate) account: String,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `longshore group add` and `longshore group remove`.
#[derive(Debug, Args)]
pub(crate) struct MemberArgs {
    /// The group
    pub(crate) group: IdentityName,
    /// The user
    pub(crate) user: IdentityName,
    /// The account, by name or number
    #[arg(long, default_value = "default")]
    pub(crate) account: String,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
