//! Encrypts a whole device or image with LUKS2, opens it, and makes a file system in it.
//!
//! `cryptsetup` does it, without a shell; the kernel's device-mapper deciphers and enciphers what is read and written from
//! then on. That it can is tried before a byte is written: nobody gets a device without encryption, or one that was wiped in vain.

mod key_file;
mod opened;
mod words;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use disks::facts::{Contents, Facts};
use disks::tool::{Tool, ToolError};
use model::ids::JobId;
use model::manifest::FileSystem;
use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use super::format::{FormatError, all_there, claim, make, shared, unwritable, wipe};
use super::mount::MountError;
use super::refused::{Refused, may_be_formatted};
use key_file::KeyFile;
pub use opened::OpenDevice;

const CRYPTSETUP: Tool = Tool {
    name: "cryptsetup",
    package: "cryptsetup-bin",
};

/// How `cryptsetup` ends when no slot takes the password (`man cryptsetup`, RETURN CODES).
const WRONG: i32 = 2;

/// What the form is called, as the receipt has it.
pub const METHOD: &str = "LUKS2";

/// Bytes of the device before the encrypted ones: two headers and the key slots.
pub const HEADER_BYTES: u64 = 16 << 20;

/// What `blkid` calls such a device.
const KIND: &str = "crypto_LUKS";

/// A password. It has no face, and is wiped when it is dropped.
pub struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// Takes a password to the byte.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Why a volume is not opened or not closed.
#[derive(Debug, thiserror::Error)]
pub enum LuksError {
    /// The password opens no slot of it.
    #[error("the password of the job does not open the encrypted device `{path}`")]
    Wrong {
        /// The device.
        path: PathBuf,
    },
    /// Another program has it.
    #[error("`{path}` is in use by another program")]
    Busy {
        /// The device.
        path: PathBuf,
    },
    /// It cannot be opened or looked at.
    #[error("could not open `{path}`")]
    Unreadable {
        /// The device.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The password cannot be handed to the program.
    #[error("could not hand a password to `cryptsetup`")]
    Key(#[source] io::Error),
    /// The program is missing or failed.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// What was left mounted of it stays so.
    #[error(transparent)]
    Mounted(#[from] Box<MountError>),
    /// What was written did not all reach the device.
    #[error("not everything that was written reached `{path}`")]
    Unsynced {
        /// The device.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Whether a device holds such a volume.
#[must_use]
pub fn is_there(content: &Contents) -> bool {
    content.kind.as_deref() == Some(KIND)
}

/// Whether encrypting and formatting the device would destroy nothing that is in use, and leave room for the file system.
///
/// # Errors
/// [`Refused`], with the gravest reason.
pub fn may_be_encrypted(facts: &Facts, file_system: FileSystem) -> Result<(), Refused> {
    let within = Facts {
        bytes: facts.bytes.saturating_sub(HEADER_BYTES),
        ..facts.clone()
    };
    may_be_formatted(&within, file_system).map_err(|refused| match refused {
        Refused::TooSmall {
            path,
            bytes: _,
            file_system,
            least,
        } => Refused::TooSmall {
            path,
            bytes: facts.bytes,
            file_system,
            least: least + HEADER_BYTES,
        },
        other => other,
    })
}

/// Makes a volume of a device or image, labelled with the job's id and opened by `password`, and a file system in it. Gives what the
/// device holds then, which tells the volume from others.
///
/// # Errors
/// [`FormatError`]; with `Refused`, `NoDriver`, `NoMapper`, `Busy`, `Changed`, or a missing program nothing was written.
pub fn format_encrypted(
    facts: &Facts,
    file_system: FileSystem,
    (job, password): (JobId, &Password),
) -> Result<Contents, FormatError> {
    let path = &facts.path;
    may_be_encrypted(facts, file_system)?;
    all_there(facts, file_system, &[CRYPTSETUP])?;
    let locked = claim(facts)?;
    rehearse(&locked, job).map_err(|source| FormatError::NoMapper {
        path: path.clone(),
        source,
    })?;
    wipe(path, &locked)?;
    encrypt(path, &locked, (job, password))?;
    let encrypted = |source| FormatError::Encrypted {
        path: path.clone(),
        source,
    };
    let again = locked.try_clone().map_err(|e| unwritable(path, e))?;
    let name = opened::name(job);
    let open = OpenDevice::open_held(path, again, (&name, password)).map_err(encrypted)?;
    let inner = open.path();
    let plain = rustix::fs::open(&inner, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty());
    let plain = plain.map_err(|errno| unwritable(&inner, errno.into()))?;
    make(&inner, &File::from(plain), file_system, job)?;
    open.close().map_err(encrypted)?;
    holds(path, &locked, job)
}

/// Writes the header, and says what the device holds then.
fn encrypt(
    path: &Path,
    held: &File,
    (job, password): (JobId, &Password),
) -> Result<Contents, FormatError> {
    let key = KeyFile::of(password.bytes()).map_err(|source| FormatError::Encrypted {
        path: path.to_owned(),
        source: LuksError::Key(source),
    })?;
    let words = words::format(job, key.name());
    let made = CRYPTSETUP.run(words, shared(held, path)?);
    made.map_err(|source| FormatError::Tool {
        path: path.to_owned(),
        source,
    })?;
    held.sync_all().map_err(|e| unwritable(path, e))?;
    holds(path, held, job)
}

fn holds(path: &Path, held: &File, job: JobId) -> Result<Contents, FormatError> {
    let found = Contents::probe_held(path, shared(held, path)?)?;
    let is_as_made =
        is_there(&found) && found.label.as_deref() == Some(job.as_str()) && found.uuid.is_some();
    match is_as_made {
        true => Ok(found),
        false => Err(FormatError::NotAsMade {
            path: path.to_owned(),
            found,
        }),
    }
}

/// Opens the device as if it were encrypted already, by a key of chance and only to read, and closes it again.
fn rehearse(held: &File, job: JobId) -> Result<(), LuksError> {
    let name = format!("{}-trial", opened::name(job));
    let mut chance = [0; 64];
    let random = File::open("/dev/urandom").map_err(LuksError::Key)?;
    io::Read::read_exact(&mut { random }, &mut chance).map_err(LuksError::Key)?;
    let key = KeyFile::of(&chance).map_err(LuksError::Key)?;
    let held = held.try_clone().map_err(LuksError::Key)?;
    CRYPTSETUP.run(words::rehearse(&name, key.name()), held.into())?;
    opened::close(&name, opened::TRIES)
}

/// Closes what a killed run has left open for a job, so that its device can be looked at again: a volume that may be mounted at
/// `at`, or a trial.
///
/// # Errors
/// [`LuksError`]; `Busy` if somebody else uses it.
pub fn close_left(job: JobId, at: &Path) -> Result<(), LuksError> {
    let name = opened::name(job);
    opened::put_away_left(&format!("{name}-trial"), at)?;
    opened::put_away_left(&name, at)
}

/// The jobs for which something is open on this host.
#[must_use]
pub fn left_open() -> Vec<JobId> {
    let names = std::fs::read_dir(opened::MAPPER).into_iter().flatten();
    let names = names
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    let mut jobs: Vec<JobId> = names.filter_map(|name| opened::job(&name)).collect();
    jobs.dedup();
    jobs
}

/// Whether a password opens the LUKS volume on a device.
///
/// # Errors
/// [`LuksError`] if that cannot be found out.
pub fn opens(device: &Path, password: &Password) -> Result<bool, LuksError> {
    let unreadable = |source| LuksError::Unreadable {
        path: device.to_owned(),
        source,
    };
    let file = File::open(device).map_err(unreadable)?;
    let key = KeyFile::of(password.bytes()).map_err(LuksError::Key)?;
    let output = CRYPTSETUP.output(words::try_password(key.name()), file.into())?;
    match output.status.code() {
        Some(0) => Ok(true),
        Some(WRONG) => Ok(false),
        _ => Err(CRYPTSETUP.failed(&output).into()),
    }
}

#[cfg(test)]
#[path = "luks_tests.rs"]
mod tests;
