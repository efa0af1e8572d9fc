//! From the command line and the environment to the service's settings and its data folder.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use server::config::{Config, ConfigError, Overrides};

use crate::environment::Environment;
use crate::exit::{Exit, Failure};

/// Addresses that outrank those of the file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Listen {
    /// The API's.
    pub(crate) api: Option<SocketAddr>,
    /// The embedded store's.
    pub(crate) s3: Option<SocketAddr>,
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
        network_variables: Some(environment.of_network()),
        ..Overrides::default()
    };
    Config::load(file, &overrides).map_err(|error: ConfigError| Failure::new(Exit::Usage, error))
}
