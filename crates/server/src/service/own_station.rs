//! The station of this host, which the service registers at its start.

use std::io;
use std::path::{Path, PathBuf};

use model::ids::StationName;

use super::StartError;
use crate::access::BearerToken;
use crate::app::Admin;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::ops::stations;

/// Registers it under the token in its file, making that as needed; what it is called.
///
/// One that no settings name is called what it was called before: the host may have got another name, or the data folder
/// lie on another host. Settings that name it otherwise than before give it a new token.
///
/// # Errors
/// [`StartError::StationName`] if it is to be called what another is called that is heard: two hosts of one name would
/// take the right from each other with each start.
pub(super) async fn register(
    admin: &Admin,
    config: &Config,
    data: &DataDir,
) -> Result<(StationName, PathBuf), StartError> {
    let path = data.station().join("token");
    let failed = |source| StartError::File {
        path: path.clone(),
        source,
    };
    let mut token = in_file(&path).map_err(failed)?;
    let name = &config.station.name;
    let known = stations::known_by(admin, &token).await?;
    // Most starts find it registered, and write nothing.
    let before = match known {
        Some(known) if known == *name => return Ok((known, path)),
        Some(known) if !config.station.is_named => {
            tracing::info!(station = %known, host = %name, "the station of this data folder keeps its name");
            return Ok((known, path));
        }
        before => before,
    };
    if stations::is_heard(admin, name).await? {
        return Err(StartError::StationName { name: name.clone() });
    }
    if let Some(before) = &before {
        tracing::warn!(station = %name, %before, "the station of this host has another name");
        token = BearerToken::draw();
        let line = zeroize::Zeroizing::new(format!("{}\n", token.expose()));
        durable::replace(&path, line.as_bytes()).map_err(failed)?;
    }
    stations::register(admin, name, &token).await?;
    if let Some(before) = &before {
        stations::rename(admin, before).await?;
    }
    Ok((name.clone(), path))
}

fn in_file(path: &Path) -> io::Result<BearerToken> {
    let bytes = zeroize::Zeroizing::new(durable::read_or_create(path, || {
        zeroize::Zeroizing::new(format!("{}\n", BearerToken::draw().expose()))
    })?);
    match std::str::from_utf8(&bytes).map(str::trim) {
        Ok("") | Err(_) => Err(io::ErrorKind::InvalidData.into()),
        Ok(token) => Ok(BearerToken::new(token)),
    }
}
