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
    /// It is ours. What was there stays beside it, since somebody may have changed it.
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
    /// It was written, and what was there has the same name with `.old` behind it: nobody reads that.
    Replaced,
    /// Nothing: it is as it should be, or somebody's.
    AsItWas,
}

impl Done {
    /// How it is told.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Replaced => "replaced",
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
    let done = match fs::read(&path) {
        Ok(_) if file.if_there == IfThere::Stays => return Ok(Done::AsItWas),
        Ok(there) if there == file.content.as_bytes() => {
            // Who was killed between content and mode has the mode wrong.
            set_mode(&path, file.mode)?;
            return Ok(Done::AsItWas);
        }
        Ok(_) => {
            keep_old(&path)?;
            Done::Replaced
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Done::Written,
        Err(error) => return Err(error),
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    durable::replace(&path, file.content.as_bytes())?;
    set_mode(&path, file.mode)?;
    Ok(done)
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Gives what is there a second name, under which it stays when it is replaced.
fn keep_old(path: &Path) -> io::Result<()> {
    let mut old = path.as_os_str().to_owned();
    old.push(".old");
    match fs::remove_file(&old) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    fs::hard_link(path, &old)
}
