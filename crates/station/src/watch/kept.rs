//! Which disks were taken at ports that no bay is named for, kept for the next start: without it a disk that is there then
//! is none of ours, since it may be the host's own.
//!
//! While the host is up a disk is known by the kernel's number of its medium. After it was down only one that has a serial
//! number is known, at the same port and in everything else the same: it is looked at then, and no more follows of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use disks::facts::Present;
use model::device::DeviceFacts;
use serde::{Deserialize, Serialize};

use super::PortId;

/// The first line of the file.
const FORMAT: &str = "longshore-taken 1";

/// Disks that were taken.
#[derive(Debug)]
pub(super) struct TakenBefore {
    file: PathBuf,
    boot: Option<String>,
    disks: Vec<KeptDisk>,
}

/// A disk, as it is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptDisk {
    /// The kernel's name of the time since the host was started.
    boot: Option<String>,
    name: String,
    diskseq: Option<u64>,
    port: PortId,
    facts: Option<DeviceFacts>,
}

impl TakenBefore {
    /// What an earlier start has kept in a file; of one that cannot be read, nothing. `root` is that of the host.
    pub(super) fn open(file: PathBuf, root: &Path) -> Self {
        let boot = fs::read_to_string(root.join("proc/sys/kernel/random/boot_id"));
        let boot = boot.ok().map(|boot| boot.trim().to_owned());
        let disks = match read(&file) {
            Ok(disks) => disks,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                let file = file.display();
                tracing::warn!(%file, %error, "which disks were taken before is not known");
                Vec::new()
            }
        };
        Self { file, boot, disks }
    }

    /// Whether a disk at a port was taken before.
    pub(super) fn has(&self, disk: &Present, port: &PortId) -> bool {
        let found = self.as_kept(disk, port);
        self.disks.iter().any(|kept| kept.is_same(&found))
    }

    /// Keeps what is taken now.
    pub(super) fn keep<'a>(&mut self, taken: impl Iterator<Item = (&'a Present, &'a PortId)>) {
        let now: Vec<_> = taken.map(|(disk, port)| self.as_kept(disk, port)).collect();
        if now == self.disks {
            return;
        }
        if let Err(error) = write(&self.file, &now) {
            let file = self.file.display();
            tracing::warn!(%file, %error, "a start after a crash leaves alone what is plugged in");
        }
        self.disks = now;
    }

    fn as_kept(&self, disk: &Present, port: &PortId) -> KeptDisk {
        KeptDisk {
            boot: self.boot.clone(),
            name: disk.name.clone(),
            diskseq: disk.diskseq,
            port: port.clone(),
            facts: disk.shipped(),
        }
    }
}

impl KeptDisk {
    fn is_same(&self, found: &Self) -> bool {
        let is_numbered = self.boot.is_some() && self.diskseq.is_some();
        if is_numbered && self.boot == found.boot {
            return (&self.name, self.diskseq, &self.port)
                == (&found.name, found.diskseq, &found.port);
        }
        let has_serial = self.facts.as_ref().is_some_and(|it| it.serial.is_some());
        has_serial && self.facts == found.facts && self.port == found.port
    }
}

fn read(file: &Path) -> io::Result<Vec<KeptDisk>> {
    let text = fs::read_to_string(file)?;
    let mut lines = text.lines();
    if lines.next() != Some(FORMAT) {
        return Err(io::Error::other(format!(
            "it does not begin with `{FORMAT}`"
        )));
    }
    lines
        .map(|line| serde_json::from_str(line).map_err(io::Error::from))
        .collect()
}

fn write(file: &Path, disks: &[KeptDisk]) -> io::Result<()> {
    let mut text = format!("{FORMAT}\n");
    for disk in disks {
        text.push_str(&serde_json::to_string(disk)?);
        text.push('\n');
    }
    durable::replace(file, text.as_bytes())
}
