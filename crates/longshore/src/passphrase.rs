//! A passphrase from a file, or from whoever is at the terminal.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use anyhow::Context as _;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use server::backup::Passphrase;

use crate::exit::Failure;
use crate::output;

/// How often a person types it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    /// Once: if it is wrong, nothing opens.
    Once,
    /// Twice: a slip of the finger would be found when it is too late.
    Twice,
}

/// The passphrase in `file`, else as it is typed.
///
/// # Errors
/// If there is none, or it was typed in two ways.
pub(crate) fn passphrase(file: Option<&Path>, typed: Typed) -> Result<Passphrase, Failure> {
    let text = match file {
        Some(file) => {
            let read = std::fs::read_to_string(file);
            let read = read.with_context(|| format!("could not read `{}`", file.display()))?;
            read.trim_end_matches(['\r', '\n']).to_owned()
        }
        None => asked(typed)?,
    };
    match text.is_empty() {
        true => Err(Failure::usage("the passphrase is empty")),
        false => Ok(Passphrase::new(text)),
    }
}

fn asked(typed: Typed) -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return Err(
            Failure::usage("there is no terminal to ask for the passphrase")
                .hint("--passphrase-file names a file that holds it"),
        );
    }
    let first = unseen("Passphrase:").context("could not ask for the passphrase")?;
    if typed == Typed::Twice {
        let again = unseen("Again:").context("could not ask for the passphrase")?;
        if first != again {
            return Err(Failure::usage("the two are not the same"));
        }
    }
    Ok(first)
}

/// A line that is typed and not shown.
pub(crate) fn unseen(question: &str) -> io::Result<String> {
    output::note(question);
    let stdin = io::stdin();
    let shown = tcgetattr(&stdin)?;
    let mut hidden = shown.clone();
    hidden.local_modes -= LocalModes::ECHO;
    tcsetattr(&stdin, OptionalActions::Flush, &hidden)?;
    let mut line = String::new();
    let read = stdin.read_line(&mut line);
    tcsetattr(&stdin, OptionalActions::Flush, &shown)?;
    read?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_end_of_a_file_is_no_part_of_it_and_nothing_is_no_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passphrase");
        std::fs::write(&file, "\n").unwrap();
        assert!(passphrase(Some(&file), Typed::Once).is_err());
        std::fs::write(&file, " open \n").unwrap();
        assert!(passphrase(Some(&file), Typed::Twice).is_ok());
        assert!(passphrase(Some(Path::new("/nonexistent")), Typed::Once).is_err());
    }
}
