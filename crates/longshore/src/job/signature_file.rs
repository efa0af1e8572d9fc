//! Writes the SIGNATURE file to the root of a device: whole or not at all, and never in the place of
//! another job's.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use model::ids::JobId;
use model::limits;
use model::plan::SIGNATURE_NAME;
use model::signature::SignatureFile;

/// What to do with another job's SIGNATURE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overwrite {
    /// Leave it: the device may belong to somebody else.
    Refuse,
    /// Replace it.
    Force,
}

impl Overwrite {
    /// As `--force` says.
    pub(crate) fn from_flag(force: bool) -> Self {
        if force { Self::Force } else { Self::Refuse }
    }
}

/// A SIGNATURE that cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignError {
    /// No folder.
    #[error("`{}` is not a folder", .0.display())]
    NoFolder(PathBuf),
    /// Something else has the name.
    #[error("`{}` is there and is not a file", .0.display())]
    NoFile(PathBuf),
    /// It belongs to another job.
    #[error("`{}` is the SIGNATURE of job {job}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        job: JobId,
    },
    /// It cannot be read, so nobody knows whose it is.
    #[error("`{}` is there and is not a SIGNATURE file", .0.display())]
    Unknown(PathBuf),
    /// The system refuses.
    #[error("could not write `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Checks whether a device can take the SIGNATURE of `job`, or of a new job if there is no id yet.
/// Asked before the job is made, so that no job is left without its device.
///
/// # Errors
/// [`SignError`].
pub(crate) fn check(
    device: &Path,
    job: Option<JobId>,
    overwrite: Overwrite,
) -> Result<(), SignError> {
    if !device.is_dir() {
        return Err(SignError::NoFolder(device.to_owned()));
    }
    let path = device.join(SIGNATURE_NAME);
    // Not followed: a link could lead anywhere.
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(SignError::Io { path, source }),
        Ok(metadata) if !metadata.is_file() => return Err(SignError::NoFile(path)),
        Ok(_) => {}
    }
    if overwrite == Overwrite::Force {
        return Ok(());
    }
    match SignatureFile::parse(&start_of(&path)?) {
        Ok(found) if Some(found.job) == job => Ok(()),
        Ok(found) => Err(SignError::Foreign {
            path,
            job: found.job,
        }),
        Err(_) => Err(SignError::Unknown(path)),
    }
}

/// Writes the SIGNATURE and gives its path. After a crash the old file is there or the new one.
///
/// # Errors
/// [`SignError`].
pub(crate) fn write(
    device: &Path,
    job: Option<JobId>,
    contents: &str,
    overwrite: Overwrite,
) -> Result<PathBuf, SignError> {
    check(device, job, overwrite)?;
    let path = device.join(SIGNATURE_NAME);
    match replace(&path, contents.as_bytes()) {
        Ok(()) => Ok(path),
        Err(source) => Err(SignError::Io { path, source }),
    }
}

/// Through a temporary file of its own: the device is the customer's, and no file of hers may be
/// taken for ours.
fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let temporary = path.with_file_name(format!(".{SIGNATURE_NAME}.{}", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary)?;
    let written = file
        .write_all(contents)
        .and_then(|()| durable::commit(&file, &temporary, path));
    if written.is_err() {
        // Whatever kept us from writing may keep us from clearing up; the first error counts.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn start_of(path: &Path) -> Result<Vec<u8>, SignError> {
    let mut bytes = Vec::new();
    fs::File::open(path)
        .and_then(|file| {
            file.take(limits::SIGNATURE_FILE_BYTES)
                .read_to_end(&mut bytes)
        })
        .map_err(|source| SignError::Io {
            path: path.to_owned(),
            source,
        })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENTS: &str = "version:2.0\nsigningMethod:HmacSHA1\njobId:ABCDE\nsignature:DV+TpDfx1/TdSE9ktyK9k/bDTVI=\n";

    fn job(id: &str) -> Option<JobId> {
        Some(JobId::new(id).unwrap())
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn the_file_is_written_to_the_byte_and_alone() {
        let device = tempfile::tempdir().unwrap();
        let path = write(device.path(), job("ABCDE"), CONTENTS, Overwrite::Refuse).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), CONTENTS);
        assert_eq!(names(device.path()), ["SIGNATURE"]);
        write(device.path(), job("ABCDE"), CONTENTS, Overwrite::Refuse).unwrap();
    }

    #[test]
    fn another_jobs_signature_stays_unless_forced() {
        let device = tempfile::tempdir().unwrap();
        write(device.path(), job("ABCDE"), CONTENTS, Overwrite::Refuse).unwrap();
        for other in [job("ZZZZZ"), None] {
            let refused = check(device.path(), other, Overwrite::Refuse);
            assert!(
                matches!(refused, Err(SignError::Foreign { .. })),
                "{refused:?}"
            );
        }
        write(device.path(), job("ZZZZZ"), "new", Overwrite::Force).unwrap();
        let unknown = check(device.path(), job("ZZZZZ"), Overwrite::Refuse);
        assert!(matches!(unknown, Err(SignError::Unknown(_))));
    }

    #[test]
    fn links_and_missing_devices_are_refused() {
        let device = tempfile::tempdir().unwrap();
        let elsewhere = device.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, device.path().join("SIGNATURE")).unwrap();
        let refused = write(device.path(), None, CONTENTS, Overwrite::Force);
        assert!(matches!(refused, Err(SignError::NoFile(_))));
        assert!(!elsewhere.exists());
        let refused = check(&elsewhere, None, Overwrite::Force);
        assert!(matches!(refused, Err(SignError::NoFolder(_))));
    }
}
