//! Sends what the crates log to stderr, for people or for machines.
//!
//! Names from disks and texts of customers are in these lines: each line is written as one, with
//! whatever would play with a terminal or look like another line in its escaped form. A bar that is
//! drawn there makes room for them.

use std::io::{self, Write};

use server::config::{LogConfig, LogFormat};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::cli::{self, LogArgs};
use crate::exit::Failure;
use crate::output::plays_with_terminals;
use crate::screen;

/// Starts logging. The command line outranks `config`.
///
/// # Errors
/// If the level is none.
pub(crate) fn start(args: &LogArgs, config: LogConfig) -> Result<(), Failure> {
    let given = args.log.as_deref().filter(|text| !text.is_empty());
    // The S3 library calls every refused request an error; the answer says it to whom it concerns.
    let usual = || format!("{},s3s=off", config.level.as_str());
    let directives = given.map_or_else(usual, str::to_owned);
    let filter = EnvFilter::try_new(&directives).map_err(|_| {
        Failure::usage(format!("`{directives}` is not a log level"))
            .hint("error, warn, info, debug or trace")
    })?;
    let shown = filter.and(filter_fn(may_be_shown));
    let lines = fmt::layer()
        .with_ansi(false)
        .with_writer(|| OneLine(io::stderr()));
    let format = match args.log_format {
        Some(cli::LogFormat::Text) => LogFormat::Text,
        Some(cli::LogFormat::Json) => LogFormat::Json,
        None => config.format,
    };
    let lines = match format {
        LogFormat::Text => lines.with_filter(shown).boxed(),
        LogFormat::Json => lines.json().with_filter(shown).boxed(),
    };
    tracing_subscriber::registry().with(lines).init();
    Ok(())
}

/// The crates of this repository, which know what is secret.
const OURS: [&str; 23] = [
    "agefile",
    "awshttp",
    "awsproto",
    "bay",
    "custody",
    "disks",
    "durable",
    "encrypted",
    "filesystems",
    "imagestore",
    "lanes",
    "listen",
    "localstore",
    "longshore",
    "model",
    "objectstore",
    "paper",
    "passkey",
    "policy",
    "server",
    "spool",
    "station",
    "transfer",
];

/// Whether a line may be written whatever was asked for: libraries that speak HTTP, TLS or SQL write whole
/// messages below the level `info`, and with them tokens, passwords and PINs.
fn may_be_shown(line: &Metadata<'_>) -> bool {
    let library = line.target().split("::").next().unwrap_or_default();
    *line.level() <= Level::INFO || OURS.contains(&library)
}

/// Writes what comes in one piece as one line. The subscriber hands over a whole event at once.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let (line, end) = match text.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (&*text, ""),
        };
        let mut escaped = String::with_capacity(text.len());
        for c in line.chars() {
            if plays_with_terminals(c) {
                escaped.extend(c.escape_default());
            } else {
                escaped.push(c);
            }
        }
        escaped.push_str(end);
        screen::aside(|| self.0.write_all(escaped.as_bytes()))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_forge_a_line_or_paint_the_terminal() {
        let mut out = Vec::new();
        let event = "WARN not loaded file=a\x1b]0;OWNED\x07\nERROR forged \u{202e}gpj\n";
        assert_eq!(
            OneLine(&mut out).write(event.as_bytes()).unwrap(),
            event.len()
        );
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "WARN not loaded file=a\\u{1b}]0;OWNED\\u{7}\\nERROR forged \\u{202e}gpj\n"
        );
    }

    #[test]
    fn no_crate_of_ours_is_taken_for_a_library() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let crates = std::fs::read_dir(folder.unwrap()).unwrap();
        let names = crates.map(|it| it.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        assert_eq!(names, OURS);
    }
}
