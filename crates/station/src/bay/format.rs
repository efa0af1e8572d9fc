//! Makes a file system on a whole device or image. What was on it is lost.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use model::ids::JobId;
use model::manifest::FileSystem;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::content::{BLKID, Content, ProbeError};
use super::driver::{can_be_mounted, hint};
use super::facts::Facts;
use super::lock::{lock, nobody_has};
use super::mkfs;
use super::refused::Refused;
use super::tool::{Tool, ToolError};

const WIPEFS: Tool = Tool {
    name: "wipefs",
    package: "util-linux",
};

/// Why a device was not formatted.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It may not be.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It could not be mounted afterwards.
    #[error(
        "`{path}` is not formatted: this system cannot mount {kind}{}",
        hint(kind)
    )]
    NoDriver {
        /// The device.
        path: PathBuf,
        /// The file system.
        kind: &'static str,
    },
    /// Another program has it.
    #[error("`{path}` is in use by another program")]
    Busy {
        /// The device.
        path: PathBuf,
    },
    /// It cannot be opened, or what was written did not reach it.
    #[error("could not write to `{path}`")]
    Unwritable {
        /// The device.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program of the system is missing or failed.
    #[error("could not format `{path}`")]
    Tool {
        /// The device.
        path: PathBuf,
        /// What it said.
        source: ToolError,
    },
    /// What was made cannot be looked at.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// The device does not hold what was made: it does not keep what is written to it.
    #[error("`{path}` was formatted, and now holds {found}")]
    NotAsMade {
        /// The device.
        path: PathBuf,
        /// What it holds.
        found: Content,
    },
}

/// Makes a file system on a device or image, labelled with the job's id. Gives what the device
/// holds then: one that is found to hold the same later has been formatted for the job already.
///
/// # Errors
/// [`FormatError`]; with `Refused`, `NoDriver`, `Busy`, or a missing program nothing was written.
pub fn format(facts: &Facts, file_system: FileSystem, job: JobId) -> Result<Content, FormatError> {
    facts.may_be_formatted(file_system)?;
    let path = &facts.path;
    let kind = mkfs::kind(file_system);
    if !can_be_mounted(kind) {
        let path = path.clone();
        return Err(FormatError::NoDriver { path, kind });
    }
    make(
        facts,
        mkfs::tool(file_system),
        mkfs::arguments(file_system, job, path),
    )?;
    let found = Content::probe(path)?;
    if is_as_made(&found, file_system, job) {
        Ok(found)
    } else {
        let path = path.clone();
        Err(FormatError::NotAsMade { path, found })
    }
}

/// Runs the program that makes the file system, once all is there and the device is ours.
fn make(facts: &Facts, mkfs: Tool, arguments: Vec<OsString>) -> Result<(), FormatError> {
    let path = &facts.path;
    let failed = |source| FormatError::Tool {
        path: path.clone(),
        source,
    };
    all_there(&[mkfs, WIPEFS, BLKID]).map_err(failed)?;
    let locked = claim(facts).map_err(|errno| match errno {
        Errno::BUSY | Errno::WOULDBLOCK => FormatError::Busy { path: path.clone() },
        errno => unwritable(path, errno.into()),
    })?;
    // A signature that another system left elsewhere on the device would make it ambiguous.
    let wipe = ["--all".as_ref(), "--quiet".as_ref(), path.as_os_str()];
    WIPEFS.run(wipe, shared(&locked, path)?).map_err(failed)?;
    mkfs.run(arguments, shared(&locked, path)?)
        .map_err(failed)?;
    locked.sync_all().map_err(|e| unwritable(path, e))
}

fn all_there(tools: &[Tool]) -> Result<(), ToolError> {
    match tools.iter().find(|tool| !tool.is_there()) {
        Some(tool) => Err(tool.missing()),
        None => Ok(()),
    }
}

/// Makes sure of the device. The programs that format it get the lock as their standard input:
/// should we be killed, it lasts until the last of them is done, and keeps a second docking away.
fn claim(facts: &Facts) -> rustix::io::Result<File> {
    if !facts.is_image() {
        nobody_has(&facts.path)?;
    }
    lock(&facts.path, OFlags::RDWR)
}

fn shared(file: &File, path: &Path) -> Result<Stdio, FormatError> {
    let file = file.try_clone().map_err(|e| unwritable(path, e))?;
    Ok(file.into())
}

fn unwritable(path: &Path, source: io::Error) -> FormatError {
    FormatError::Unwritable {
        path: path.to_owned(),
        source,
    }
}

fn is_as_made(found: &Content, file_system: FileSystem, job: JobId) -> bool {
    found.kind.as_deref() == Some(mkfs::kind(file_system))
        && found.label.as_deref() == Some(job.as_str())
        && found.uuid.is_some()
}
