//! Puts words on the screen: data on stdout, everything else on stderr.
//!
//! Bytes and rates are rounded here; reports and `--json` have them exact.

use std::io::{self, IsTerminal as _, Write as _};

use model::readable;
pub(crate) use model::readable::{bytes, plays_with_terminals};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::screen;

/// Prints data. A reader that has gone away (`| head`) is no error.
///
/// # Errors
/// If stdout cannot be written.
pub(crate) fn data(text: &str) -> Result<(), Failure> {
    let written = screen::aside(|| {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    });
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let error = anyhow::Error::new(error).context("could not write to stdout");
            Err(Failure::new(Exit::Error, error))
        }
        _ => Ok(()),
    }
}

/// Prints a value as JSON.
///
/// # Errors
/// If stdout cannot be written.
pub(crate) fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|e| anyhow::Error::new(e).context("could not write JSON"))?;
    data(&(text + "\n"))
}

/// Tells the user something that is not data.
pub(crate) fn note(text: &str) {
    // If stderr is gone there is nobody left to tell.
    let _ = screen::aside(|| writeln!(io::stderr().lock(), "{text}"));
}

/// Prints an error once, with its causes, and what can be done about it.
pub(crate) fn failure(failure: &Failure) {
    let (red, bold, plain) = if wants_colour() {
        ("\x1b[31m", "\x1b[1m", "\x1b[0m")
    } else {
        ("", "", "")
    };
    note(&format!(
        "{red}error:{plain} {}",
        printable(&chain(&failure.error))
    ));
    if let Some(hint) = &failure.hint {
        note(&format!("{bold}hint:{plain} {}", printable(hint)));
    }
}

/// Whether errors may be coloured: on a terminal, unless somebody says otherwise (<https://no-color.org>).
fn wants_colour() -> bool {
    let is_set =
        |name| std::env::var_os(name).is_some_and(|value: std::ffi::OsString| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stderr().is_terminal() && !is_set("NO_COLOR") && !is_dumb
}

/// An error and its causes, joined by `: `. A cause that its parent has already said in full is
/// left out.
pub(crate) fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Lines of names and values, the values below each other. Further lines of a value are indented
/// alike. Pairs without a value are left out.
pub(crate) fn fields<'a>(pairs: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let pairs: Vec<(&str, &str)> = pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let width = pairs
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or_default()
        + 2;
    let indent = format!("\n{:width$}", "");
    let line = |(name, value): &(&str, &str)| {
        let value = printable(value.trim_end()).replace('\n', &indent);
        format!("{name:width$}{value}\n")
    };
    pairs.iter().map(line).collect()
}

/// A table with a header; columns are as wide as they need to be.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = header.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: [&str; N]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", printable(padded.join("  ").trim_end()))
    };
    let body = rows
        .iter()
        .map(|row| line(row.each_ref().map(String::as_str)));
    std::iter::once(line(header)).chain(body).collect()
}

/// Text without the characters that would let a file's name or a server's answer play with the
/// terminal. Line ends stay.
pub(crate) fn printable(text: &str) -> String {
    let shown = |c| {
        if c == '\n' || !plays_with_terminals(c) {
            c
        } else {
            '\u{fffd}'
        }
    };
    text.chars().map(shown).collect()
}

/// A path as a word of a shell command, in quotes if it needs them.
pub(crate) fn word(path: &std::path::Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=:@,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A shell command: its beginning, and the options that have a value.
pub(crate) fn command(start: String, options: &[(&str, Option<&std::path::Path>)]) -> String {
    options
        .iter()
        .fold(start, |command, (option, value)| match value {
            Some(value) => format!("{command} {option} {}", word(value)),
            None => command,
        })
}

/// Bytes per second over a time, for the screen. Of no time there is no rate: it counts as a tenth
/// of a second.
pub(crate) fn rate(count: u64, time: std::time::Duration) -> String {
    let micros = time.as_micros().max(100_000);
    let per_second = u128::from(count) * 1_000_000 / micros;
    format!("{}/s", bytes(u64::try_from(per_second).unwrap_or(u64::MAX)))
}

/// Bytes per second as `--rate` takes them, exactly and in the largest unit that allows it: `10MB`.
pub(crate) fn exact_rate(bytes_per_second: u64) -> String {
    let units = [
        (1_000_000_000, "GB"),
        (1 << 30, "GiB"),
        (1_000_000, "MB"),
        (1 << 20, "MiB"),
    ];
    let smaller = [(1_000, "kB"), (1 << 10, "KiB")];
    let mut units = units.into_iter().chain(smaller);
    let fits =
        units.find(|(unit, _)| bytes_per_second > 0 && bytes_per_second.is_multiple_of(*unit));
    match fits {
        Some((unit, name)) => format!("{}{name}", bytes_per_second / unit),
        None => format!("{bytes_per_second}B"),
    }
}

/// A time span for the screen: `0.3 s`, `42 s`, `3 min 20 s`, `2 h 5 min`.
pub(crate) fn span(time: std::time::Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time.subsec_millis() < 100 => "under 0.1 s".to_owned(),
        0..10 => format!("{seconds}.{} s", time.subsec_millis() / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// `1 file`, `2,000 files`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", readable::number(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn rates_and_spans_have_their_units() {
        assert_eq!(rate(1_400_000, Duration::from_millis(500)), "2.8 MB/s");
        assert_eq!(rate(5, Duration::ZERO), "50 B/s");
        assert_eq!(span(Duration::from_millis(340)), "0.3 s");
        assert_eq!(span(Duration::from_millis(40)), "under 0.1 s");
        assert_eq!(count(1, "error"), "1 error");
        assert_eq!(count(10_206, "file"), "10,206 files");
        assert_eq!(span(Duration::from_secs(200)), "3 min 20 s");
        assert_eq!(span(Duration::from_secs(7_500)), "2 h 5 min");
    }

    #[test]
    fn a_rate_is_told_as_it_was_asked_for() {
        for text in ["10MB", "50MiB", "1GB", "2GiB", "850kB", "3KiB", "999B"] {
            let rate = objectstore::paced::parse_rate(text).unwrap();
            assert_eq!(exact_rate(rate), text);
        }
        assert_eq!(exact_rate(0), "0B");
    }

    #[test]
    fn tables_align_and_hold_back_control_characters() {
        let rows = [
            ["ABCDE".to_owned(), "Import".to_owned()],
            ["Z\x1b[2J".to_owned(), String::new()],
        ];
        assert_eq!(
            table(["JOB", "TYPE"], &rows),
            "JOB    TYPE\nABCDE  Import\nZ\u{fffd}[2J\n"
        );
    }

    #[test]
    fn fields_without_a_value_are_left_out_and_long_ones_indented() {
        let text = fields([
            ("Job", Some("ABCDE")),
            ("Carrier", None),
            ("Ship to", Some("A\nB\n")),
        ]);
        assert_eq!(text, "Job      ABCDE\nShip to  A\n         B\n");
    }

    #[test]
    fn paths_are_quoted_where_a_shell_needs_it() {
        let word = |path: &str| word(path.as_ref());
        assert_eq!(word("/mnt/disk-1"), "/mnt/disk-1");
        assert_eq!(word("my disk"), "'my disk'");
        assert_eq!(word("it's"), r"'it'\''s'");
        let options = [("--data", Some("my data".as_ref())), ("--config", None)];
        assert_eq!(
            command("dock X".to_owned(), &options),
            "dock X --data 'my data'"
        );
    }

    #[test]
    fn causes_are_joined_and_not_said_twice() {
        let error = anyhow::anyhow!("no such file")
            .context("could not read `m`")
            .context("sorry");
        assert_eq!(chain(&error), "sorry: could not read `m`: no such file");
        let repeated = anyhow::anyhow!("bad").context("it is bad");
        assert_eq!(chain(&repeated), "it is bad");
    }
}
