//! The map of what could not be read of a device: the tree's own text, kept in the folder of the job until it is
//! delivered beside the report.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What it is called in the folder of the job.
const NAME: &str = "report-map";

/// Keeps a map for the report, in the place of an earlier one; without one none is delivered.
///
/// # Errors
/// The system's error.
pub(crate) fn keep(folder: &Path, map: Option<&str>) -> io::Result<()> {
    let path = folder.join(NAME);
    match map {
        Some(map) => durable::replace(&path, map.as_bytes()),
        None => match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
    }
}

/// The map that is kept in the folder of a job.
pub(super) fn kept(folder: &Path) -> Option<PathBuf> {
    let path = folder.join(NAME);
    path.is_file().then_some(path)
}
