//! A folder of our own among the temporary ones.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::exit::Failure;

/// Gone when dropped.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes one that nobody else may look into; `what` is a part of its name.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn new(what: &str) -> Result<Self, Failure> {
        let base = std::env::temp_dir();
        let mut count = 0_u32;
        loop {
            let path = base.join(format!("longshore-{what}-{}-{count}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => count += 1,
                made => {
                    let what = || format!("could not make the folder `{}`", path.display());
                    made.with_context(what)?;
                    return Ok(Self(path));
                }
            }
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
