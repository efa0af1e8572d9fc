//! A folder of this program's own, for as long as something is worked on.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::Errno;

/// Gone when dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    /// Locked as long as its process lives, where the file system knows locks.
    _locked: Option<File>,
}

impl Scratch {
    /// Makes one in `base` that nobody else may look into; `what` is a part of its name.
    ///
    /// # Errors
    /// The system's error.
    pub fn new(base: &Path, what: &str) -> io::Result<Self> {
        let mut count = 0_u32;
        loop {
            let path = base.join(format!("{}{}-{count}", prefix(what), std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(()) => match lock(&path) {
                    // It was swept in the moment in which it was made.
                    Err(Errno::WOULDBLOCK | Errno::NOENT) => {}
                    locked => {
                        let _locked = locked.ok();
                        return Ok(Self { path, _locked });
                    }
                },
            }
            count += 1;
        }
    }

    /// Removes those in `base` that processes have left which were killed.
    pub fn sweep(base: &Path, what: &str) {
        let prefix = prefix(what);
        let entries = std::fs::read_dir(base).into_iter().flatten().flatten();
        let named = entries.filter(|it| it.file_name().to_string_lossy().starts_with(&prefix));
        for left in named.map(|entry| entry.path()) {
            if let Ok(_nobody_has_it) = lock(&left) {
                drop(Self {
                    path: left,
                    _locked: None,
                });
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it harms nobody.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn prefix(what: &str) -> String {
    format!("longshore-{what}-")
}

/// Locks a folder that nobody has locked.
fn lock(folder: &Path) -> rustix::io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let file = open(folder, flags, Mode::empty())?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    Ok(file.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_is_swept_and_nothing_else() {
        let base = tempfile::tempdir().unwrap();
        let held = Scratch::new(base.path(), "look").unwrap();
        let left = base.path().join("longshore-look-1-0");
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("list"), "of a million files").unwrap();
        let other = base.path().join("jobs");
        std::fs::create_dir(&other).unwrap();
        Scratch::sweep(base.path(), "look");
        assert!(held.path().exists() && other.exists() && !left.exists());
        let path = held.path().to_owned();
        drop(held);
        assert!(!path.exists());
    }
}
