//! The job store in a PostgreSQL, by PostgreSQL's own programs: they know what their release needs.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use percent_encoding::percent_decode_str;
use url::Url;

use crate::config::DatabaseUrl;

/// A program of PostgreSQL that did not do it.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// It is not there.
    #[error("`{0}` is not there, which is of the package `postgresql-client`")]
    Missing(&'static str),
    /// It cannot be run.
    #[error("could not run `{program}`")]
    NotRun {
        /// Which.
        program: &'static str,
        /// What the operating system says.
        source: io::Error,
    },
    /// It failed.
    #[error("`{program}` failed: {said}")]
    Failed {
        /// Which.
        program: &'static str,
        /// What it said.
        said: String,
    },
}

/// Writes the database to a file.
///
/// # Errors
/// [`DumpError`].
pub(super) fn dump(url: &DatabaseUrl, to: &Path) -> Result<(), DumpError> {
    let mut command = client("pg_dump", url);
    command
        .args(["--format=custom", "--no-owner", "--no-privileges", "--file"])
        .arg(to);
    run("pg_dump", command)
}

/// Fills the database, which is empty, from a file: with all of it or nothing.
///
/// # Errors
/// [`DumpError`].
pub(super) fn load(url: &DatabaseUrl, from: &Path) -> Result<(), DumpError> {
    let mut command = client("pg_restore", url);
    command
        .args([
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            "--single-transaction",
        ])
        .arg(from);
    run("pg_restore", command)
}

/// The program with the way to the database. A password goes through its environment: words of a command are read by
/// everybody on the host.
fn client(program: &'static str, url: &DatabaseUrl) -> Command {
    let mut url = Url::parse(url.expose()).expect("the settings have been checked");
    let mut command = Command::new(program);
    command.arg("--no-password");
    if let Some(password) = url.password() {
        let password = percent_decode_str(password).decode_utf8_lossy();
        command.env("PGPASSWORD", password.as_ref());
        url.set_password(None)
            .expect("what has a password has a host");
    }
    command.arg(format!("--dbname={url}"));
    command
}

fn run(program: &'static str, mut command: Command) -> Result<(), DumpError> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => DumpError::Missing(program),
        _ => DumpError::NotRun { program, source },
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr)
        .trim()
        .replace('\n', "; ");
    Err(DumpError::Failed { program, said })
}
