//! What is asked of a day.

use clap::Args;

use super::StoreArgs;

/// `longshore today`.
#[derive(Debug, Args)]
#[command(
    after_long_help = "A day is one of UTC. What lies in the room is what lies there now, whatever day is asked for. A job counts once for each \
    thing that happened to it."
)]
pub(crate) struct TodayArgs {
    /// Another day, such as 2026-11-30
    #[arg(long, value_name = "DATE")]
    pub(crate) day: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
