//! A folder of this program's own, for as long as something is worked on.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Gone when dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one in `base` that nobody else may look into; `what` is a part of its name.
    ///
    /// # Errors
    /// The system's error.
    pub fn new(base: &Path, what: &str) -> io::Result<Self> {
        let mut count = 0_u32;
        loop {
            let path = base.join(format!("longshore-{what}-{}-{count}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => count += 1,
                made => return made.map(|()| Self(path)),
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
