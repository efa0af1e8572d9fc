//! A volume that is open: a device below `/dev/mapper`, until it is closed.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use disks::facts::{Use, uses_of};
use model::ids::JobId;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::key_file::KeyFile;
use super::{CRYPTSETUP, LuksError, Password, WRONG, words};
use crate::lock::lock;
use crate::mount::put_away;

/// Where device-mapper has its devices.
pub(super) const MAPPER: &str = "/dev/mapper";

/// How the names of ours begin.
const OURS: &str = "longshore-";

/// How often, and how long apart, it is tried to close what somebody has who may be gone soon: udev looks at whatever
/// appears.
pub(super) const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// An encrypted device or image that is open. Dropping it closes it too, and can tell nobody of failures but the log.
#[derive(Debug)]
pub struct OpenDevice {
    device: PathBuf,
    name: String,
    is_open: bool,
    /// Nobody else of ours opens or formats the device while we have this.
    lock: File,
}

impl OpenDevice {
    /// Opens the volume of a job on a device or image.
    ///
    /// # Errors
    /// [`LuksError`]; it is not open then.
    pub fn open(device: &Path, job: JobId, password: &Password) -> Result<Self, LuksError> {
        let locked = lock(device, OFlags::RDWR).map_err(|errno| not_locked(device, errno))?;
        Self::open_held(device, locked, (&name(job), password))
    }

    /// The same of a device that we have, and on which nothing is left.
    pub(super) fn open_held(
        device: &Path,
        lock: File,
        (name, password): (&str, &Password),
    ) -> Result<Self, LuksError> {
        let key = KeyFile::of(password.bytes()).map_err(LuksError::Key)?;
        let held = lock.try_clone().map_err(LuksError::Key)?;
        let output = CRYPTSETUP.output(words::open(name, key.name()), held.into())?;
        match output.status.code() {
            Some(0) => Ok(Self {
                device: device.to_owned(),
                name: name.to_owned(),
                is_open: true,
                lock,
            }),
            Some(WRONG) => Err(LuksError::Wrong {
                path: device.to_owned(),
            }),
            _ => Err(CRYPTSETUP.failed(&output).into()),
        }
    }

    /// The device on which the plain bytes are.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        Path::new(MAPPER).join(&self.name)
    }

    /// Closes it. When this has succeeded all that was written to it is on the device.
    ///
    /// # Errors
    /// [`LuksError`] if it stays open, or something was lost on the way.
    pub fn close(mut self) -> Result<(), LuksError> {
        self.is_open = false;
        close(&self.name, TRIES)?;
        self.lock.sync_all().map_err(|source| LuksError::Unsynced {
            path: self.device.clone(),
            source,
        })
    }
}

impl Drop for OpenDevice {
    fn drop(&mut self) {
        if !self.is_open {
            return;
        }
        if let Err(error) = close(&self.name, 1) {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(name = self.name, error, "encrypted device stays open");
        }
    }
}

/// What the volume of a job is called.
pub(super) fn name(job: JobId) -> String {
    format!("{OURS}{job}")
}

/// The job whose volume, or trial, is called so.
pub(super) fn job(name: &str) -> Option<JobId> {
    let job = name.strip_prefix(OURS)?;
    JobId::new(job.strip_suffix("-trial").unwrap_or(job)).ok()
}

/// Closes what killed runs have left open by a name. What is mounted elsewhere than at `at` is somebody's, and stays.
pub(super) fn put_away_left(name: &str, at: &Path) -> Result<(), LuksError> {
    let left = Path::new(MAPPER).join(name);
    if !left.exists() {
        return Ok(());
    }
    let told = |source: io::Error| LuksError::Unreadable {
        path: left.clone(),
        source,
    };
    let at = std::path::absolute(at).map_err(told)?;
    for found in uses_of(&left).map_err(told)? {
        match found {
            Use::Mounted { at: there, .. } if there == at => put_away(&there, &left)?,
            _ => return Err(LuksError::Busy { path: left }),
        }
    }
    close(name, TRIES)
}

pub(super) fn close(name: &str, tries: u32) -> Result<(), LuksError> {
    let attempt = || CRYPTSETUP.run(words::close(name), std::process::Stdio::null());
    for _ in 1..tries {
        match attempt() {
            Err(error) if error.says("in use") => thread::sleep(PAUSE),
            done => return Ok(done.map(drop)?),
        }
    }
    Ok(attempt().map(drop)?)
}

fn not_locked(device: &Path, errno: Errno) -> LuksError {
    let path = device.to_owned();
    match errno {
        Errno::WOULDBLOCK | Errno::BUSY => LuksError::Busy { path },
        errno => LuksError::Unreadable {
            path,
            source: errno.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_whose_it_is() {
        let whose = JobId::new("3Q5KT").unwrap();
        assert_eq!(job(&name(whose)), Some(whose));
        assert_eq!(job("longshore-3Q5KT-trial"), Some(whose));
        for other in [
            "control",
            "longshore-",
            "longshore-backup",
            "3Q5KT",
            "cr-3Q5KT",
        ] {
            assert_eq!(job(other), None, "{other}");
        }
    }
}
