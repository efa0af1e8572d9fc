//! Mounts a device or image, and puts the mount away again.
//!
//! What is on a shipped device is hostile input: nothing on it is a device, gives a right or is
//! executed, only kinds that devices are documented to have are mounted, and one that is only read
//! is not written to, not even to finish its journal.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::thread;
use std::time::Duration;

use disks::facts::{Contents, ProbeError, Use, mount_points, uses_of};
use disks::tool::{Tool, ToolError};
use rustix::fs::{OFlags, StatVfsMountFlags};
use rustix::io::Errno;

use super::driver::{Access, Driver, drivers, hint};
use super::lock::lock;

const MOUNT: Tool = Tool {
    name: "mount",
    package: "mount",
};

const UMOUNT: Tool = Tool {
    name: "umount",
    package: "mount",
};

/// How often, and how long apart, something is tried that stands in the way of somebody who may be
/// gone soon: one who is just looking, a program that has not quite ended.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// What programs say of such.
const SOON_GONE: [&str; 2] = ["busy", "temporarily unavailable"];

/// What `mount` says where neither the kernel nor a program knows the file system.
const UNKNOWN: &str = "unknown filesystem type";

/// Why a device is not mounted, or not put away.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// What it holds cannot be found out.
    #[error(transparent)]
    Probe(#[from] ProbeError),
    /// It holds no file system that we mount.
    #[error("cannot mount `{path}`: it holds {found}")]
    NoFileSystem {
        /// The device.
        path: PathBuf,
        /// What it holds.
        found: Contents,
    },
    /// Another program has it.
    #[error("`{path}` is in use by another program")]
    Busy {
        /// The device.
        path: PathBuf,
    },
    /// It cannot be opened.
    #[error("could not open `{path}`")]
    Unreadable {
        /// The device.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder it is mounted at cannot be made or looked at.
    #[error("could not mount at `{at}`")]
    Folder {
        /// The folder.
        at: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Neither the kernel nor a program knows the file system.
    #[error("this system cannot mount {kind}{}", hint(kind))]
    NoDriver {
        /// The file system.
        kind: String,
    },
    /// The system's program did not mount it.
    #[error("could not mount `{path}`")]
    Mount {
        /// The device.
        path: PathBuf,
        /// What it said.
        source: ToolError,
    },
    /// It was to be written to and came as one that can only be read.
    #[error("`{path}` can only be mounted to be read")]
    CameReadOnly {
        /// The device.
        path: PathBuf,
    },
    /// The system's program did not unmount it.
    #[error("could not unmount `{at}`")]
    Unmount {
        /// Where it is mounted.
        at: PathBuf,
        /// What it said.
        source: ToolError,
    },
    /// What was written did not all reach the device.
    #[error("not everything that was written reached `{path}`")]
    Unsynced {
        /// The device.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A mounted device or image. Dropping it unmounts it too, and can tell nobody of failures but the
/// log.
#[derive(Debug)]
pub struct Mounted {
    device: PathBuf,
    at: PathBuf,
    is_mounted: bool,
    /// Nobody else of ours mounts or formats the device while we have this.
    lock: File,
}

impl Mounted {
    /// Mounts a device or image at a folder of the station's own, which is made if need be and
    /// removed afterwards. What killed runs have left mounted is put away first: anything there,
    /// and this device anywhere in the folder above.
    ///
    /// # Errors
    /// [`MountError`]; nothing is mounted then.
    pub fn mount(device: &Path, at: &Path, access: Access) -> Result<Self, MountError> {
        let lock = lock(device, OFlags::RDONLY).map_err(|errno| not_locked(device, errno))?;
        let content = Contents::probe(device)?;
        let drivers = drivers(content.kind.as_deref().unwrap_or_default());
        if drivers.is_empty() {
            return Err(MountError::NoFileSystem {
                path: device.to_owned(),
                found: content,
            });
        }
        let at = mount_point(device, at, &lock)?;
        mount_by_first(drivers, device, &at, access, &lock)
            .inspect_err(|_| drop(std::fs::remove_dir(&at)))?;
        let mounted = Self {
            device: device.to_owned(),
            at,
            is_mounted: true,
            lock,
        };
        mounted.check(access)?;
        Ok(mounted)
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.at
    }

    /// Writes out everything and unmounts it. When this has succeeded the device may be unplugged.
    ///
    /// # Errors
    /// `Unmount` if it stays mounted, `Unsynced` if something was lost on the way.
    pub fn unmount(mut self) -> Result<(), MountError> {
        let unsynced = |source| MountError::Unsynced {
            path: self.device.clone(),
            source,
        };
        let synced = sync_file_system(&self.at).map_err(unsynced);
        let unmounted = umount(&self.at, TRIES, &self.lock);
        self.is_mounted = unmounted.is_err();
        unmounted?;
        synced?;
        // A write that failed while it was unmounted is told here and nowhere else.
        self.lock.sync_all().map_err(unsynced)?;
        let _may_stay = std::fs::remove_dir(&self.at);
        Ok(())
    }

    /// A driver may mount what it finds in disorder so that it can only be read, and succeed.
    fn check(&self, access: Access) -> Result<(), MountError> {
        let failed = |errno: rustix::io::Errno| MountError::Folder {
            at: self.at.clone(),
            source: errno.into(),
        };
        let flags = rustix::fs::statvfs(&self.at).map_err(failed)?.f_flag;
        if access == Access::ReadWrite && flags.contains(StatVfsMountFlags::RDONLY) {
            return Err(MountError::CameReadOnly {
                path: self.device.clone(),
            });
        }
        Ok(())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if !self.is_mounted {
            return;
        }
        match umount(&self.at, 1, &self.lock) {
            Ok(()) => drop(std::fs::remove_dir(&self.at)),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(at = %self.at.display(), error, "device stays mounted");
            }
        }
    }
}

fn not_locked(device: &Path, errno: Errno) -> MountError {
    let path = device.to_owned();
    match errno {
        Errno::WOULDBLOCK => MountError::Busy { path },
        errno => MountError::Unreadable {
            path,
            source: errno.into(),
        },
    }
}

/// Makes the folder, free of earlier mounts. It may not answer itself: its device may be gone.
fn mount_point(device: &Path, given: &Path, lock: &File) -> Result<PathBuf, MountError> {
    let failed = |source| MountError::Folder {
        at: given.to_owned(),
        source,
    };
    let at = std::path::absolute(given).map_err(failed)?;
    let (Some(above), Some(name)) = (at.parent(), at.file_name()) else {
        return Err(failed(io::ErrorKind::InvalidInput.into()));
    };
    std::fs::create_dir_all(above).map_err(failed)?;
    let above = std::fs::canonicalize(above).map_err(failed)?;
    let at = above.join(name);
    for left in left_mounted(device, &above, &at).map_err(failed)? {
        umount(&left, TRIES, lock)?;
        let _may_stay = std::fs::remove_dir(&left);
    }
    match std::fs::create_dir(&at) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(at),
    }
}

/// What killed runs have left: mounts at `at`, and of the device in the folder `above`.
fn left_mounted(device: &Path, above: &Path, at: &Path) -> io::Result<Vec<PathBuf>> {
    let mut left = mount_points()?;
    left.retain(|mount| mount == at);
    for found in uses_of(device)? {
        match found {
            Use::Mounted { at: elsewhere, .. }
                if elsewhere != at && elsewhere.parent() == Some(above) =>
            {
                left.push(elsewhere);
            }
            _ => {}
        }
    }
    Ok(left)
}

/// Unmounts what a killed run has left mounted of a device, and removes the folder.
///
/// # Errors
/// [`MountError`]
pub(super) fn put_away(at: &Path, device: &Path) -> Result<(), Box<MountError>> {
    let held = File::open(device).map_err(|source| MountError::Unreadable {
        path: device.to_owned(),
        source,
    })?;
    umount(at, TRIES, &held)?;
    let _may_stay = std::fs::remove_dir(at);
    Ok(())
}

/// Mounts it by the first driver that the system has.
fn mount_by_first(
    drivers: &[Driver],
    device: &Path,
    at: &Path,
    access: Access,
    lock: &File,
) -> Result<(), MountError> {
    let mut kind = "";
    for driver in drivers {
        kind = driver.kind;
        let options = driver.options(access, device.is_file());
        let words = ["-t", kind, "-o", &options, "--"].map(AsRef::as_ref);
        let words = [&words[..], &[device.as_os_str(), at.as_os_str()]].concat();
        match patiently(TRIES, || MOUNT.run(&words, held(lock))) {
            Ok(()) => return Ok(()),
            Err(error) if error.says(UNKNOWN) => {}
            Err(source) => {
                let path = device.to_owned();
                return Err(MountError::Mount { path, source });
            }
        }
    }
    Err(MountError::NoDriver { kind: kind.into() })
}

fn umount(at: &Path, tries: u32, lock: &File) -> Result<(), MountError> {
    let words = ["--".as_ref(), at.as_os_str()];
    patiently(tries, || UMOUNT.run(words, held(lock))).map_err(|source| MountError::Unmount {
        at: at.to_owned(),
        source,
    })
}

/// The lock as a program's standard input: should we be killed, it lasts until the program is done,
/// and whoever comes next finds the device mounted or not, and nothing between.
fn held(lock: &File) -> Stdio {
    lock.try_clone().map_or_else(|_| Stdio::null(), Stdio::from)
}

fn patiently(tries: u32, attempt: impl Fn() -> Result<Output, ToolError>) -> Result<(), ToolError> {
    let is_soon_gone = |error: &ToolError| SOON_GONE.iter().any(|words| error.says(words));
    for _ in 1..tries {
        match attempt() {
            Err(error) if is_soon_gone(&error) => thread::sleep(PAUSE),
            done => return done.map(drop),
        }
    }
    attempt().map(drop)
}

fn sync_file_system(at: &Path) -> io::Result<()> {
    let folder = File::open(at)?;
    Ok(rustix::fs::syncfs(folder)?)
}
