//! `longshore man`: the manual pages, made from the same definitions as the help.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
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
        let page = page(Cli::command()).context("could not make the manual page")?;
        output::data(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Ok);
    };
    write_all(folder)
        .with_context(|| format!("could not write manual pages to `{}`", folder.display()))?;
    Ok(Exit::Ok)
}

/// One page for every command: `longshore-job-create.1`.
fn write_all(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command().disable_help_subcommand(true), folder)
}

fn page(command: clap::Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(page)
}
