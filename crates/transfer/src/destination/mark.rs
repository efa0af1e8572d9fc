//! A mark by which a device that is being filled is known again.
//!
//! Identifiers of file systems do not tell one device from another: some have none, and sticks of one
//! make come with the same. So the job leaves a file with a number of its own in the root of the
//! device for as long as it fills it, and the station keeps the same number. Its name begins as those of
//! staged files do, which nothing else on such a device may.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use model::ids::JobId;

use super::folder::STAGED;

/// Random bytes of a mark: no two are alike.
const BYTES: usize = 16;

/// How the text begins.
const FORMAT: &str = "longshore-mark-1 ";

/// A number of one device of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceMark(String);

impl DeviceMark {
    /// A mark that no device has.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn new() -> io::Result<Self> {
        let mut bytes = [0; BYTES];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(Self(format!("{FORMAT}{}", hex::encode(bytes))))
    }

    /// The mark that a text is; `None` if it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.trim_end().strip_prefix(FORMAT)?;
        let is_one = number.len() == 2 * BYTES && hex::decode(number).is_ok();
        is_one.then(|| Self(text.trim_end().to_owned()))
    }

    /// The text that is kept.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the mark of `job` in the root of the device at `root`, if it has one.
    ///
    /// # Errors
    /// The system's error.
    pub fn read(root: &Path, job: JobId) -> io::Result<Option<Self>> {
        let path = path(root, job);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Ok(None),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        }
        let mut text = Vec::new();
        let file = options().read(true).open(&path)?;
        file.take(256).read_to_end(&mut text)?;
        Ok(std::str::from_utf8(&text).ok().and_then(Self::parse))
    }

    /// Leaves the mark on the device, to stay. One that is there goes.
    ///
    /// # Errors
    /// The system's error.
    pub fn leave(&self, root: &Path, job: JobId) -> io::Result<()> {
        durable::remove(&path(root, job))?;
        let mut file = options()
            .write(true)
            .create_new(true)
            .mode(0o644)
            .open(path(root, job))?;
        file.write_all(self.0.as_bytes())?;
        file.sync_all()?;
        File::open(root)?.sync_all()
    }

    /// Takes the mark of `job` from the device.
    ///
    /// # Errors
    /// The system's error.
    pub fn take(root: &Path, job: JobId) -> io::Result<()> {
        durable::remove(&path(root, job))
    }
}

fn path(root: &Path, job: JobId) -> PathBuf {
    root.join(format!("{STAGED}{job}"))
}

/// Follows no link and waits for nobody.
fn options() -> fs::OpenOptions {
    let mut options = File::options();
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    options.custom_flags(i32::try_from(flags.bits()).expect("flags fit their type"));
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_known_by_its_mark_alone() {
        let job = JobId::new("ABCDE").unwrap();
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mark = DeviceMark::new().unwrap();
        assert_ne!(mark, DeviceMark::new().unwrap());
        assert_eq!(DeviceMark::parse(mark.as_str()), Some(mark.clone()));
        assert_eq!(DeviceMark::read(one.path(), job).unwrap(), None);
        mark.leave(one.path(), job).unwrap();
        mark.leave(one.path(), job).unwrap();
        assert_eq!(DeviceMark::read(one.path(), job).unwrap(), Some(mark));
        assert_eq!(DeviceMark::read(two.path(), job).unwrap(), None);
        // A link leads to another device.
        let link = two.path().join(format!("{STAGED}{job}"));
        std::os::unix::fs::symlink(one.path().join(format!("{STAGED}{job}")), link).unwrap();
        assert_eq!(DeviceMark::read(two.path(), job).unwrap(), None);
        DeviceMark::take(one.path(), job).unwrap();
        DeviceMark::take(one.path(), job).unwrap();
        assert_eq!(fs::read_dir(one.path()).unwrap().count(), 0);
        assert_eq!(DeviceMark::parse("0123456789abcdef"), None);
    }
}
