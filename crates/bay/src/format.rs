//! Makes a file system on a whole device or image. What was on it is lost.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use disks::facts::{BLKID, Contents, Facts, Identity, ProbeError, edges, in_use};
use disks::tool::{STDIN, Tool, ToolError};
use model::ids::JobId;
use model::manifest::FileSystem;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::driver::{can_be_mounted, hint};
use super::lock::{alone, lock, nobody_locks};
use super::luks::LuksError;
use super::mkfs;
use super::refused::{Refused, may_be_formatted};

pub(super) const WIPEFS: Tool = Tool {
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
    /// The kernel opens no encrypted devices. Nothing was written.
    #[error(
        "`{path}` is not formatted, and nothing was written to it: this system's kernel opens no encrypted device \
         (device-mapper with `dm_crypt`)"
    )]
    NoMapper {
        /// The device.
        path: PathBuf,
        /// What `cryptsetup` said of a trial that only reads.
        source: LuksError,
    },
    /// It was encrypted, and cannot be opened or closed.
    #[error("`{path}` was encrypted, and is not formatted")]
    Encrypted {
        /// The device.
        path: PathBuf,
        /// Why.
        source: LuksError,
    },
    /// Another program has it.
    #[error("`{path}` is in use by another program")]
    Busy {
        /// The device.
        path: PathBuf,
    },
    /// By this name there is another device or image than the one that was agreed to, or it holds
    /// something else.
    #[error("`{path}` is not formatted: it is not what it was when you agreed")]
    Changed {
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
        found: Contents,
    },
}

/// Makes a file system on a device or image, labelled with the job's id. Gives what the device
/// holds then: one that is found to hold the same later has been formatted for the job already.
///
/// # Errors
/// [`FormatError`]; with `Refused`, `NoDriver`, `Busy`, `Changed`, or a missing program nothing was
/// written.
pub fn format(facts: &Facts, file_system: FileSystem, job: JobId) -> Result<Contents, FormatError> {
    may_be_formatted(facts, file_system)?;
    all_there(facts, file_system, &[])?;
    let locked = claim(facts)?;
    wipe(&facts.path, &locked)?;
    make(&facts.path, &locked, file_system, job)
}

/// Makes sure that the driver and the programs are there, and `more` of them.
pub(super) fn all_there(
    facts: &Facts,
    file_system: FileSystem,
    more: &[Tool],
) -> Result<(), FormatError> {
    let path = facts.path.clone();
    let kind = mkfs::kind(file_system);
    if !can_be_mounted(kind) {
        return Err(FormatError::NoDriver { path, kind });
    }
    let tools = [mkfs::tool(file_system), WIPEFS, BLKID];
    let missing = tools.iter().chain(more).find(|tool| !tool.is_there());
    let missing = missing.map(|tool| tool.missing());
    missing.map_or(Ok(()), |source| Err(FormatError::Tool { path, source }))
}

/// Takes away what other systems left on a device that we have: a signature elsewhere on it would make it ambiguous.
pub(super) fn wipe(path: &Path, held: &File) -> Result<(), FormatError> {
    let words = ["--all", "--quiet", STDIN];
    let wiped = WIPEFS.run(words, shared(held, path)?);
    wiped.map(drop).map_err(|source| FormatError::Tool {
        path: path.to_owned(),
        source,
    })
}

/// Runs the program that makes the file system on a device that we have; says what the device holds then.
///
/// The programs get the device as their standard input, and open it by that: no name can lead them
/// elsewhere. A block device each of them takes for itself alone, which fails if it was mounted after
/// our last look; after the first there is nothing on it that could be.
pub(super) fn make(
    path: &Path,
    held: &File,
    file_system: FileSystem,
    job: JobId,
) -> Result<Contents, FormatError> {
    let failed = |source| FormatError::Tool {
        path: path.to_owned(),
        source,
    };
    let arguments = mkfs::arguments(file_system, job, Path::new(STDIN));
    mkfs::tool(file_system)
        .run(arguments, shared(held, path)?)
        .map_err(failed)?;
    held.sync_all().map_err(|e| unwritable(path, e))?;
    let found = Contents::probe_held(path, shared(held, path)?)?;
    match is_as_made(&found, file_system, job) {
        true => Ok(found),
        false => Err(FormatError::NotAsMade {
            path: path.to_owned(),
            found,
        }),
    }
}

/// Makes sure of the device: that it is the one, that it holds what was agreed to lose, and that nobody
/// uses it. The programs that format it get the lock as their standard input: should we be killed, it
/// lasts until the last of them is done, and keeps a second docking away.
pub(super) fn claim(facts: &Facts) -> Result<File, FormatError> {
    let path = &facts.path;
    let io = |errno: Errno| match errno {
        Errno::BUSY | Errno::WOULDBLOCK | Errno::TXTBSY => FormatError::Busy { path: path.clone() },
        errno => unwritable(path, errno.into()),
    };
    let alone = match facts.is_image() {
        true => None,
        false => Some(alone(path).map_err(io)?),
    };
    let locked = lock(path, OFlags::RDWR).map_err(io)?;
    nobody_locks(&locked).map_err(io)?;
    if !is_agreed(&locked, facts).map_err(|e| unwritable(path, e))? {
        return Err(FormatError::Changed { path: path.clone() });
    }
    if let Some(what) = in_use(path).map_err(|e| unwritable(path, e))? {
        let path = path.clone();
        return Err(Refused::InUse { path, what }.into());
    }
    drop(alone);
    Ok(locked)
}

/// Whether what is open is what the facts are of.
fn is_agreed(file: &File, facts: &Facts) -> io::Result<bool> {
    let bytes = rustix::fs::seek(file, rustix::fs::SeekFrom::End(0))?;
    Ok(Identity::of(&file.metadata()?) == facts.identity
        && bytes == facts.bytes
        && edges(file, bytes) == facts.edges)
}

pub(super) fn shared(file: &File, path: &Path) -> Result<Stdio, FormatError> {
    let file = file.try_clone().map_err(|e| unwritable(path, e))?;
    Ok(file.into())
}

pub(super) fn unwritable(path: &Path, source: io::Error) -> FormatError {
    FormatError::Unwritable {
        path: path.to_owned(),
        source,
    }
}

fn is_as_made(found: &Contents, file_system: FileSystem, job: JobId) -> bool {
    found.kind.as_deref() == Some(mkfs::kind(file_system))
        && found.label.as_deref() == Some(job.as_str())
        && found.uuid.is_some()
}
