//! One file that is set up: what it should be, and what becomes of one that is there.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// What becomes of a file that is there and is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IfThere {
    /// It is somebody's.
    Stays,
    /// It is ours.
    Replaced,
}

/// A file, as it should be.
pub(super) struct Placed {
    path: String,
    content: String,
    mode: u32,
    if_there: IfThere,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// It was written.
    Written,
    /// Nothing: it is as it should be, or somebody's.
    AsItWas,
}

impl Done {
    /// How it is told.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::AsItWas => "as it was",
        }
    }
}

impl Placed {
    /// A file below the root.
    pub(super) fn new(path: &str, content: &str, mode: u32, if_there: IfThere) -> Self {
        Self {
            path: path.to_owned(),
            content: content.to_owned(),
            mode,
            if_there,
        }
    }

    /// Where it is.
    pub(super) fn path(&self, root: &Path) -> PathBuf {
        root.join(&self.path)
    }
}

/// Puts a file in its place, whole and with its mode.
///
/// # Errors
/// The system's; what was there is there then.
pub(super) fn place(root: &Path, file: &Placed) -> io::Result<Done> {
    let path = file.path(root);
    match fs::read(&path) {
        Ok(_) if file.if_there == IfThere::Stays => return Ok(Done::AsItWas),
        Ok(there) if there == file.content.as_bytes() => return Ok(Done::AsItWas),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(_) | Err(_) => {}
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    durable::replace(&path, file.content.as_bytes())?;
    fs::set_permissions(&path, fs::Permissions::from_mode(file.mode))?;
    Ok(Done::Written)
}
