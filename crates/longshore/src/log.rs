//! Sends what the crates log to stderr, for people or for machines.

use std::io;

use server::config::{LogConfig, LogFormat};
use tracing_subscriber::EnvFilter;

use crate::cli::{self, LogArgs};
use crate::exit::Failure;

/// Starts logging. The command line outranks `config`.
///
/// # Errors
/// If the level is none.
pub(crate) fn start(args: &LogArgs, config: LogConfig) -> Result<(), Failure> {
    let directives = args.log.as_deref().filter(|text| !text.is_empty());
    let directives = directives.unwrap_or(config.level.as_str());
    let filter = EnvFilter::try_new(directives).map_err(|_| {
        Failure::usage(format!("`{directives}` is not a log level"))
            .hint("error, warn, info, debug or trace")
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let format = match args.log_format {
        Some(cli::LogFormat::Text) => LogFormat::Text,
        Some(cli::LogFormat::Json) => LogFormat::Json,
        None => config.format,
    };
    match format {
        LogFormat::Text => lines
            .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
            .init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}
