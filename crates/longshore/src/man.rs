//! `longshore man`: the manual pages, made from the same definitions as the help, with what the help
//! has no room for: examples, files and variables ([`text`]).

mod text;

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::cli::Cli;
use crate::exit::{Exit, Failure};
use crate::output;

/// Prints the main page, or writes all pages into a folder.
///
/// # Errors
/// If a page cannot be written.
pub(crate) fn run(out: Option<&Path>) -> Result<Exit, Failure> {
    let Some(folder) = out else {
        let page = page(&whole()).context("could not make the manual page")?;
        output::data(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Ok);
    };
    fs::create_dir_all(folder)
        .and_then(|()| write(&whole(), folder))
        .with_context(|| format!("could not write manual pages to `{}`", folder.display()))?;
    Ok(Exit::Ok)
}

/// Every command, with the names that its page has.
fn whole() -> Command {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    command
}

/// One page for every command: `longshore-job-create.1`.
fn write(command: &Command, folder: &Path) -> std::io::Result<()> {
    for below in command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
    {
        write(below, folder)?;
    }
    let name = format!("{}.1", name(command));
    fs::write(folder.join(name), page(command)?)
}

fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

fn page(command: &Command) -> std::io::Result<Vec<u8>> {
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if command.get_after_long_help().is_some() || command.get_after_help().is_some() {
        man.render_extra_section(&mut page)?;
    }
    for (heading, entries) in text::sections(name(command)) {
        page.extend(section(heading, entries).into_bytes());
    }
    if command.get_version().is_some() {
        man.render_version_section(&mut page)?;
    }
    Ok(page)
}

/// A section of terms, each with what it means below it.
fn section(heading: &str, entries: &[(&str, &str)]) -> String {
    let entry = |(term, meaning): &(&str, &str)| {
        format!(".TP\n\\fB{}\\fR\n{}\n", escaped(term), escaped(meaning))
    };
    let entries: String = entries.iter().map(entry).collect();
    format!(".SH {heading}\n{entries}")
}

/// Text without what roff would take for itself (groff(7), *Escape sequences*; a line that begins
/// with a full stop or a quote is a request).
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    match text.starts_with(['.', '\'']) {
        true => format!("\\&{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_cannot_become_requests() {
        assert_eq!(
            section("FILES", &[(".x-y", "a \\ b")]),
            ".SH FILES\n.TP\n\\fB\\&.x\\-y\\fR\na \\e b\n"
        );
    }

    /// Examples are typed as they stand: each must at least be understood.
    #[test]
    fn every_example_is_a_command_that_is_understood() {
        let mut examples = 0;
        let mut open = vec![whole()];
        while let Some(command) = open.pop() {
            open.extend(command.get_subcommands().cloned());
            for (heading, entries) in text::sections(name(&command)) {
                for (example, _) in entries.iter().filter(|_| heading == "EXAMPLES") {
                    let words = example.split_whitespace();
                    let parsed = Cli::command().try_get_matches_from(words);
                    assert!(parsed.is_ok(), "{example}: {parsed:?}");
                    examples += 1;
                }
            }
        }
        assert!(examples > 15, "{examples}");
    }
}
