//! What opens an encrypted device, from files and from whoever is asked. It is never an argument, nor in the environment.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use encrypted::limits::{KEY_FILE_BYTES, PASSPHRASE_BYTES};
use encrypted::secrets::{BadSecret, Secrets};
use model::secret::DeviceSecret;
use zeroize::Zeroizing;

use crate::cli::UnlockArgs;
use crate::exit::Failure;
use crate::passphrase::unseen;

/// The secrets that are said.
///
/// # Errors
/// If one cannot be read, or is none that a volume takes.
pub(crate) fn secrets(args: &UnlockArgs) -> Result<Secrets, Failure> {
    let mut secrets = Secrets::none();
    for path in &args.key_files {
        let content = read(path)?;
        secrets = secrets.with_key_file(&content).map_err(failure)?;
    }
    if let Some(pim) = args.pim {
        secrets = secrets.with_pim(pim).map_err(failure)?;
    }
    if args.unlock.is_some() {
        let passphrase = password()?;
        secrets = secrets
            .with_passphrase(passphrase.as_bytes())
            .map_err(failure)?;
    }
    Ok(secrets)
}

/// What a person types at a terminal without seeing it, and else what standard input has.
fn password() -> Result<Zeroizing<String>, Failure> {
    match io::stdin().is_terminal() {
        true => {
            let typed = unseen("Password of the device:");
            Ok(Zeroizing::new(
                typed.context("could not ask for the password")?,
            ))
        }
        false => from_input(io::stdin().lock()),
    }
}

/// The same, as it is sent to a service.
///
/// # Errors
/// If there is none, or it is none that a volume takes.
pub(crate) fn asked() -> Result<DeviceSecret, Failure> {
    let mut password = password()?;
    let secret = DeviceSecret::new(std::mem::take(&mut *password));
    secret.map_err(|why| Failure::usage(format!("the password {why}")))
}

/// The options of a command that says the same.
pub(crate) fn options(args: &UnlockArgs) -> Vec<(&'static str, Option<PathBuf>)> {
    let asked = args.unlock.map(|()| ("--unlock", Some("-".into())));
    let files = args.key_files.iter();
    let files = files.map(|file| ("--key-file", Some(file.clone())));
    let pim = args.pim.map(|pim| ("--pim", Some(pim.to_string().into())));
    asked.into_iter().chain(files).chain(pim).collect()
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut content = Zeroizing::new(Vec::new());
    File::open(path)
        .and_then(|file| {
            let most = KEY_FILE_BYTES as u64 + 1;
            file.take(most).read_to_end(&mut content)
        })
        .with_context(|| format!("could not read the key file `{}`", path.display()))?;
    Ok(content)
}

/// What comes from a pipe, without the end of its line.
fn from_input(input: impl io::Read) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::with_capacity(PASSPHRASE_BYTES + 3));
    let read = input
        .take(PASSPHRASE_BYTES as u64 + 3)
        .read_to_string(&mut text);
    read.context("could not read the password from standard input")?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    Ok(Zeroizing::new(line.to_owned()))
}

fn failure(error: BadSecret) -> Failure {
    Failure::usage(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_from_a_pipe_is_one_line_and_its_blanks_count() {
        for (input, password) in [
            ("open\n", "open"),
            (" open \r\n", " open "),
            ("o\np", "o\np"),
        ] {
            assert_eq!(*from_input(input.as_bytes()).unwrap(), password);
        }
    }

    #[test]
    fn the_options_name_no_secret() {
        let args = UnlockArgs {
            unlock: Some(()),
            key_files: vec!["/run/key".into()],
            pim: Some(7),
        };
        let said = options(&args);
        let said: Vec<_> = said
            .iter()
            .map(|(name, value)| (*name, value.as_deref().and_then(Path::to_str)))
            .collect();
        assert_eq!(
            said,
            [
                ("--unlock", Some("-")),
                ("--key-file", Some("/run/key")),
                ("--pim", Some("7"))
            ]
        );
    }
}
