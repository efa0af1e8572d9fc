//! From the command line and the environment to the service's settings and its data folder.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use server::config::{Config, ConfigError, ConsoleListen, Overrides};

use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::output;

/// Addresses that outrank those of the file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Listen {
    /// The API's.
    pub(crate) api: Option<SocketAddr>,
    /// The embedded store's.
    pub(crate) s3: Option<SocketAddr>,
    /// The console's.
    pub(crate) console: Option<ConsoleListen>,
}

impl Listen {
    /// Any ports of this host, and nothing for browsers: a service that one command needs for itself.
    pub(crate) fn any_port() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            api: Some(any),
            s3: Some(any),
            console: Some(ConsoleListen(None)),
        }
    }
}

/// The data folder that is meant if there is no file of settings.
///
/// # Errors
/// If there is no home to have it in.
pub(crate) fn data_folder(
    environment: &Environment,
    given: Option<&Path>,
) -> Result<PathBuf, Failure> {
    environment
        .data_folder(given)
        .ok_or_else(|| Failure::usage("there is no home folder").hint("name a data folder: --data"))
}

/// The data folder that was named, by option or environment: part of a command that goes on with
/// something in it.
pub(crate) fn named_data_folder(given: Option<&Path>) -> Option<PathBuf> {
    let environment = Environment::of_process();
    given
        .map(Path::to_owned)
        .or_else(|| environment.path("LONGSHORE_DATA"))
}

/// Reads the settings. The data folder is the one given, else the file's, else the default one.
///
/// # Errors
/// If the file is wrong; all that is wrong with it is told at once.
pub(crate) fn load(
    file: Option<&Path>,
    data: Option<&Path>,
    listen: Listen,
) -> Result<Config, Failure> {
    let environment = Environment::of_process();
    let data = match file {
        Some(_) => data.map(Path::to_owned),
        None => Some(data_folder(&environment, data)?),
    };
    let overrides = Overrides {
        data,
        listen: listen.api,
        embedded_listen: listen.s3,
        console_listen: listen.console,
        network_variables: Some(environment.of_network()),
        ..Overrides::default()
    };
    let config = Config::load(file, &overrides);
    let config = config.map_err(|error: ConfigError| Failure::new(Exit::Usage, error))?;
    if let Some(file) = file {
        warn_of_secrets(file);
    }
    Ok(config)
}

/// Warns of a file with secrets that others may read. It is no error, as it is with a file that is a
/// secret and nothing else: who runs the service in a container may not be able to say otherwise.
fn warn_of_secrets(file: &Path) {
    if is_exposed(file) {
        output::note(&format!(
            "Warning: `{}` has secrets in it and others may read it; `chmod 600` it, or name files of their \
             own.",
            file.display()
        ));
    }
}

/// Whether a file of settings has secrets in it and everybody may read it, or whoever is in its group may write to it.
pub(crate) fn is_exposed(file: &Path) -> bool {
    // It was read before; what cannot be read now is not worth a word.
    let (Ok(meta), Ok(text)) = (file.metadata(), std::fs::read_to_string(file)) else {
        return false;
    };
    // Its group may be the service's own.
    let mode = meta.permissions().mode() & 0o027;
    mode != 0 && has_secrets(&text)
}

/// Whether settings have a secret in them: a key, or a password within an URL.
fn has_secrets(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start();
        let Some((name, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            return false;
        };
        match name.trim() {
            "secret_access_key" => true,
            "url" => value.split_once("://").is_some_and(|(_, rest)| {
                rest.split_once('@')
                    .is_some_and(|(user, _)| user.contains(':'))
            }),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_passwords_are_secrets_and_files_of_their_own_are_not() {
        for text in [
            "[[stores]]\n  secret_access_key = \"x\"",
            "[database]\nurl = \"postgres://u:p@h/d\"",
        ] {
            assert!(has_secrets(text), "{text}");
        }
        for text in [
            "secret_access_key_file = \"/x\"",
            "# secret_access_key = \"x\"",
            "url = \"postgres://h/d\"",
            "url = \"postgres://u@h:5432/d\"",
            "",
        ] {
            assert!(!has_secrets(text), "{text}");
        }
    }
}
