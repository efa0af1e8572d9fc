//! What is asked of the audit.

use clap::{Args, Subcommand};
use model::actor::Actor;
use model::ids::JobId;
use model::time::Timestamp;

use super::StoreArgs;

/// `longshore audit`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List what was done, the newest first, and what was refused
    List(AuditArgs),
}

/// `longshore audit list`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "An act is written down before it is begun. One with no outcome was cut off: whether it was done \
    is not known. What customers and stations do by themselves stands in the histories of their jobs. Twenty are shown; \
    the last line says how to get more."
)]
pub(crate) struct AuditArgs {
    /// Only those of this actor, such as person:jane or station:dock-1
    #[arg(long, value_name = "WHO")]
    pub(crate) actor: Option<Actor>,
    /// Only those that took this right, such as AbortJob
    #[arg(long, value_name = "RIGHT")]
    pub(crate) action: Option<String>,
    /// Only those to this job
    #[arg(long, value_name = "JOBID")]
    pub(crate) job: Option<JobId>,
    /// Only those at this time or later, such as 2026-01-02T03:04:05Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,
    /// Only those behind this one in the list
    #[arg(long, value_name = "NUMBER")]
    pub(crate) before: Option<i64>,
    /// At most so many, up to 1000. Default: 20
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) limit: Option<u32>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
