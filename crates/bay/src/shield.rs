//! What keeps a block device from being written to while it is only read, by whomever: layers, of which none holds alone.
//!
//! The station itself opens such a device to read it, and alone, so that the kernel lets nobody mount it. Beyond that the
//! kernel is asked to refuse every write to the device and its partitions, and the whole disk is locked as systemd and
//! udev have it, which then neither look at it nor mount it. The first needs root, and drivers have been known to
//! disregard it; only a write blocker between host and disk is proof. It outlives the process that asks for it: what one
//! leaves that is killed, [`give_back`] takes back.

mod note;

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use disks::facts::{Facts, Kind, attached};
use disks::tool::{Tool, ToolError};
use model::device::Connector;
use rustix::fs::OFlags;

use super::lock::lock;
use note::Note;

const BLOCKDEV: Tool = Tool {
    name: "blockdev",
    package: "util-linux",
};

/// A device that is only read, as long as this lives.
#[derive(Debug, Default)]
pub struct Shield {
    /// The whole disk, locked.
    lock: Option<File>,
    /// What the kernel lets nobody write to since we asked for it.
    read_only: Vec<PathBuf>,
    layers: Vec<Layer>,
    /// Gone after that is taken back.
    note: Option<Note>,
}

/// One of the ways in which a device is kept from being written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// The kernel refuses to write to it.
    ReadOnly,
    /// Who heeds locks of whole disks keeps away: udev, and all that is started by it.
    Locked,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadOnly => "read-only for the kernel",
            Self::Locked => "locked",
        })
    }
}

impl Shield {
    /// Raises what can be raised over a block device that we have open and alone. What cannot be is told to the log, and
    /// is no error. An image needs none. `notes` is the folder that [`give_back`] is told of.
    #[must_use]
    pub fn raise(facts: &Facts, notes: &Path) -> Self {
        if facts.is_image() {
            return Self::default();
        }
        let mut shield = Self::default();
        shield.refuse_writes(facts, notes);
        // Of a disk that is built in, others than udev's programs need to hear: the system may be on it.
        let disk = match &facts.kind {
            Kind::Partition { of } if facts.removable => Some(of.as_path()),
            Kind::Disk => Some(facts.path.as_path()),
            Kind::Partition { .. } | Kind::Image => None,
        };
        if let Some(disk) = disk {
            shield.lock(disk);
        }
        shield
    }

    /// Which layers there are.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    fn refuse_writes(&mut self, facts: &Facts, notes: &Path) {
        // What is asked of a loop device outlives the image that is attached, and meets whoever attaches the next.
        let connector = attached(&facts.path).and_then(|it| it.connector);
        if connector == Some(Connector::Image) {
            return;
        }
        if facts.read_only {
            self.layers.push(Layer::ReadOnly);
            return;
        }
        // Of a partition only itself: the others of its disk are not ours.
        let whole = [facts.path.clone()];
        let all: Vec<PathBuf> = whole.iter().chain(&facts.partitions).cloned().collect();
        self.set_read_only(all, notes);
    }

    fn set_read_only(&mut self, devices: Vec<PathBuf>, notes: &Path) {
        let noted = Note::leave(notes, &devices);
        let told = |error: std::io::Error| tracing::debug!(%error, "not noted as read-only");
        self.note = noted.map_err(told).ok();
        match blockdev("--setro", &devices) {
            Ok(()) => {
                self.read_only = devices;
                self.layers.push(Layer::ReadOnly);
            }
            Err(error) => {
                // Some of them may be so by now.
                self.read_only = devices;
                let error: &dyn std::error::Error = &error;
                tracing::debug!(error, "the kernel is not asked to refuse writes");
            }
        }
    }

    fn lock(&mut self, disk: &Path) {
        match lock(disk, OFlags::RDONLY) {
            Ok(locked) => {
                self.lock = Some(locked);
                self.layers.push(Layer::Locked);
            }
            Err(errno) => tracing::debug!(disk = %disk.display(), %errno, "disk is not locked"),
        }
    }
}

impl Drop for Shield {
    fn drop(&mut self) {
        if self.read_only.is_empty() {
            return;
        }
        // A disk that was pulled has none of them any more.
        self.read_only.retain(|device| device.exists());
        if let Err(error) = blockdev("--setrw", &self.read_only) {
            let error: &dyn std::error::Error = &error;
            tracing::debug!(error, "device stays read-only until it is unplugged");
        }
    }
}

/// Lets devices be written to again that a process which was killed has left read-only while it read them: those of which
/// `notes`, the folder that it was given, says so, and which are the same medium still. What somebody uses is let be.
pub fn give_back(notes: &Path) {
    note::give_back(notes);
}

fn blockdev(what: &str, devices: &[PathBuf]) -> Result<(), ToolError> {
    if devices.is_empty() {
        return Ok(());
    }
    let words = devices.iter().map(|device| device.as_os_str());
    let words = std::iter::once(what.as_ref()).chain(words);
    BLOCKDEV.run(words, Stdio::null()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use disks::facts::Facts;
    use rustix::fs::{FlockOperation, Mode, flock, open};
    use rustix::io::Errno;
    use std::process::Command;

    /// An image that is attached as long as this lives; none where that cannot be.
    pub(super) struct Attached {
        folder: tempfile::TempDir,
        pub(super) device: PathBuf,
    }

    impl Attached {
        pub(super) fn new() -> Option<Self> {
            let folder = tempfile::tempdir().unwrap();
            let image = folder.path().join("disk.img");
            File::create(&image).unwrap().set_len(1 << 20).unwrap();
            let command = ["--find", "--show"];
            let attached = Command::new("losetup").args(command).arg(&image).output();
            let attached = attached.ok().filter(|it| it.status.success());
            let Some(attached) = attached else {
                eprintln!("not tried: loop devices need root");
                return None;
            };
            let device = String::from_utf8(attached.stdout).unwrap();
            Some(Self {
                folder,
                device: device.trim().into(),
            })
        }

        pub(super) fn writes(&self) -> Result<usize, Errno> {
            let file = open(&self.device, OFlags::RDWR, Mode::empty())?;
            rustix::io::pwrite(file, &[0; 512], 0)
        }

        fn notes(&self) -> PathBuf {
            self.folder.path().join("notes")
        }

        fn locks(&self) -> Result<(), Errno> {
            let file = open(&self.device, OFlags::RDONLY, Mode::empty()).unwrap();
            flock(file, FlockOperation::NonBlockingLockExclusive)
        }
    }

    impl Drop for Attached {
        fn drop(&mut self) {
            let detached = Command::new("losetup").arg("-d").arg(&self.device).status();
            assert!(detached.unwrap().success());
        }
    }

    #[test]
    fn a_device_is_locked_as_long_as_the_shield_is_up() {
        let Some(attached) = Attached::new() else {
            return;
        };
        let facts = Facts::without_content(&attached.device, &[]).unwrap();
        let shield = Shield::raise(&facts, &attached.notes());
        // What would outlive the image is not asked of a loop device.
        assert_eq!(shield.layers(), [Layer::Locked]);
        assert_eq!(attached.locks(), Err(Errno::WOULDBLOCK));
        assert_eq!(attached.writes(), Ok(512));
        drop(shield);
        assert_eq!(attached.locks(), Ok(()));
    }

    #[test]
    fn nobody_writes_to_a_device_as_long_as_the_shield_is_up() {
        let Some(attached) = Attached::new() else {
            return;
        };
        let mut shield = Shield::default();
        shield.set_read_only(vec![attached.device.clone()], &attached.notes());
        assert_eq!(shield.layers(), [Layer::ReadOnly]);
        assert!(attached.writes().is_err());
        let facts = Facts::without_content(&attached.device, &[]).unwrap();
        assert!(facts.read_only);
        give_back(&attached.notes());
        assert!(attached.writes().is_err(), "the shield is up");
        drop(shield);
        assert_eq!(attached.writes(), Ok(512));
        assert_eq!(std::fs::read_dir(attached.notes()).unwrap().count(), 0);
    }

    #[test]
    fn what_cannot_be_raised_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("disk.img");
        std::fs::write(&image, [0; 4096]).unwrap();
        let facts = Facts::without_content(&image, &[]).unwrap();
        let notes = folder.path().join("notes");
        assert_eq!(Shield::raise(&facts, &notes).layers(), []);
        let mut shield = Shield::default();
        shield.set_read_only(vec![folder.path().join("none")], &notes);
        shield.lock(&folder.path().join("none"));
        assert_eq!(shield.layers(), []);
    }
}
