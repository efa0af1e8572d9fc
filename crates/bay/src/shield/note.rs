//! Which devices the kernel was asked to let nobody write to: a process that is killed takes nothing back, and the kernel
//! keeps to it until the device is unplugged.
//!
//! A note is a file that is locked as long as its process lives, so that whoever comes later sees which are left over. It
//! names a medium by the kernel's number of it, which is given once while the host is up: nothing else is written to again.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::blockdev;

/// The first line of a note.
const FORMAT: &str = "longshore-read-only 1";

/// Longest note that is read: a disk has 256 partitions at most, of some twenty bytes each.
const NOTE_BYTES: u64 = 64 << 10;

/// A note, as long as what it says is so.
#[derive(Debug)]
pub(super) struct Note {
    path: PathBuf,
    _locked: File,
}

/// What a note says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Noted {
    /// The kernel's name of the time since the host was started.
    boot: String,
    /// The kernel's number of the medium.
    diskseq: u64,
    /// The device that is read, and its partitions.
    devices: Vec<PathBuf>,
}

impl Note {
    /// Notes in `folder` that these devices, of which the first is the one that is read, can be written to when it is
    /// gone.
    ///
    /// # Errors
    /// The system's error, also where the kernel does not number its media.
    pub(super) fn leave(folder: &Path, devices: &[PathBuf]) -> io::Result<Self> {
        let device = devices.first().ok_or(io::ErrorKind::InvalidInput)?;
        let noted = Noted {
            boot: boot()?,
            diskseq: diskseq(device)?,
            devices: devices.to_vec(),
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let name = device.file_name().unwrap_or_default().to_string_lossy();
        let path = folder.join(format!("{name}-{}", noted.diskseq));
        let mut file = locked(&path)?;
        file.set_len(0)?;
        file.write_all(noted.text().as_bytes())?;
        // Whoever swept the folder in the same moment has removed it.
        match fs::metadata(&path)?.ino() == file.metadata()?.ino() {
            true => Ok(Self {
                path,
                _locked: file,
            }),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        // What is left of it says of a medium what is not so any more, and changes nothing.
        let _ = fs::remove_file(&self.path);
    }
}

/// Lets devices be written to again that a process which is gone has left read-only; `folder` has its notes. What somebody
/// uses is let be, and tried the next time.
pub(super) fn give_back(folder: &Path) {
    let notes = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in notes.map(|entry| entry.path()) {
        if let Err(error) = give_back_one(&path) {
            let note = path.display();
            tracing::warn!(%note, %error, "a device stays read-only until it is unplugged, or this is tried again");
        }
    }
}

fn give_back_one(path: &Path) -> io::Result<()> {
    // Whoever holds it is at work.
    let Ok(file) = locked(path) else {
        return Ok(());
    };
    let mut text = String::new();
    file.take(NOTE_BYTES).read_to_string(&mut text)?;
    if let Some(noted) = Noted::parse(&text).filter(Noted::is_there) {
        // As long as this is open nobody else begins to use it.
        let Ok(_alone) = alone(&noted.devices[0]) else {
            return Ok(());
        };
        let mut devices = noted.devices.clone();
        devices.retain(|device| diskseq(device).is_ok_and(|it| it == noted.diskseq));
        blockdev("--setrw", &devices).map_err(io::Error::other)?;
        let device = noted.devices[0].display();
        tracing::info!(%device, "was left read-only by a process that has gone, and is not any more");
    }
    fs::remove_file(path)
}

impl Noted {
    fn text(&self) -> String {
        let devices = self.devices.iter().map(|it| it.display().to_string());
        let head = [
            FORMAT.to_owned(),
            self.boot.clone(),
            self.diskseq.to_string(),
        ];
        head.into_iter()
            .chain(devices)
            .map(|line| line + "\n")
            .collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != FORMAT {
            return None;
        }
        let noted = Self {
            boot: lines.next()?.to_owned(),
            diskseq: lines.next()?.parse().ok()?,
            devices: lines.map(PathBuf::from).collect(),
        };
        (!noted.devices.is_empty()).then_some(noted)
    }

    /// Whether the medium is still plugged in.
    fn is_there(&self) -> bool {
        let same_boot = boot().is_ok_and(|boot| boot == self.boot);
        same_boot && diskseq(&self.devices[0]).is_ok_and(|it| it == self.diskseq)
    }
}

/// Opens a note, or makes it, and locks it if nobody has it locked.
fn locked(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    let file = options.mode(0o600).open(path)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    Ok(file)
}

fn alone(device: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::EXCL.bits()).map_err(io::Error::other)?;
    File::options().read(true).custom_flags(flags).open(device)
}

fn boot() -> io::Result<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(boot.trim().to_owned())
}

/// The kernel's number of the medium of a disk, or of a partition's; kernels before 5.15 give none.
fn diskseq(device: &Path) -> io::Result<u64> {
    let name = device.file_name().unwrap_or_default();
    let folder = Path::new("/sys/class/block").join(name).canonicalize()?;
    let is_partition = folder.join("partition").exists();
    let disk = match folder.parent() {
        Some(disk) if is_partition => disk.to_owned(),
        _ => folder,
    };
    let text = fs::read_to_string(disk.join("diskseq"))?;
    text.trim().parse().map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::super::tests::Attached;
    use super::*;

    fn notes(folder: &Path) -> usize {
        fs::read_dir(folder).map_or(0, Iterator::count)
    }

    /// Leaves a device as a process leaves it that is killed.
    fn left_read_only(folder: &Path, device: &Path) -> PathBuf {
        let note = Note::leave(folder, &[device.to_owned()]).unwrap();
        blockdev("--setro", &[device.to_owned()]).unwrap();
        let path = note.path.clone();
        let text = fs::read(&path).unwrap();
        drop(note);
        fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn what_a_process_left_that_was_killed_can_be_written_to_again() {
        let (Some(attached), folder) = (Attached::new(), tempfile::tempdir().unwrap()) else {
            return;
        };
        left_read_only(folder.path(), &attached.device);
        assert!(attached.writes().is_err());
        give_back(folder.path());
        assert_eq!(attached.writes(), Ok(512));
        assert_eq!(notes(folder.path()), 0);
    }

    #[test]
    fn what_somebody_else_has_made_read_only_stays_so() {
        let (Some(attached), folder) = (Attached::new(), tempfile::tempdir().unwrap()) else {
            return;
        };
        let path = left_read_only(folder.path(), &attached.device);
        let text = fs::read_to_string(&path).unwrap();
        let noted = Noted::parse(&text).unwrap();
        assert_eq!(noted.text(), text);
        for other in [
            Noted {
                diskseq: noted.diskseq + 1,
                ..noted.clone()
            },
            Noted {
                boot: "00000000-0000-4000-8000-000000000000".to_owned(),
                ..noted.clone()
            },
        ] {
            fs::write(&path, other.text()).unwrap();
            give_back(folder.path());
            assert!(attached.writes().is_err(), "{other:?}");
            assert_eq!(notes(folder.path()), 0, "it says nothing any more");
        }
        fs::write(&path, "something else").unwrap();
        give_back(folder.path());
        assert!(attached.writes().is_err());
        blockdev("--setrw", std::slice::from_ref(&attached.device)).unwrap();
    }

    #[test]
    fn what_is_read_by_a_process_that_lives_stays_read_only() {
        let (Some(attached), folder) = (Attached::new(), tempfile::tempdir().unwrap()) else {
            return;
        };
        let note = Note::leave(folder.path(), std::slice::from_ref(&attached.device)).unwrap();
        blockdev("--setro", std::slice::from_ref(&attached.device)).unwrap();
        give_back(folder.path());
        assert!(attached.writes().is_err(), "its process lives");
        assert!(Note::leave(folder.path(), std::slice::from_ref(&attached.device)).is_err());
        drop(note);
        let path = left_read_only(folder.path(), &attached.device);
        let reads = alone(&attached.device).unwrap();
        give_back(folder.path());
        assert!(
            attached.writes().is_err(),
            "another has it, and relies on it"
        );
        assert!(path.exists(), "it is tried again");
        drop(reads);
        give_back(folder.path());
        assert_eq!(attached.writes(), Ok(512));
    }
}
