//! What a device or image is: size, maker's names, content, and what it is used for.
//!
//! What the kernel tells of a device is read from its own files. Nothing here decides for the operator.

mod content;
mod covered;
mod identity;
mod kernel;
mod mark;
mod mountinfo;
mod openers;
mod present;
mod seal;
mod shipped;
mod uses;

use std::fmt;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use model::readable;
use rustix::fs::Access;

pub use content::{BLKID, Contents, ProbeError};
pub use covered::{MappedVolume, encrypted_under};
pub use identity::{Identity, edges};
pub use kernel::{is_rotational, mount_points, mounted_from};
pub use mark::mark;
pub use openers::is_written_below;
pub use present::{BlockDevices, Present};
pub use seal::{Marks, Seal};
pub use shipped::{attached, shipped};
pub use uses::{Use, in_use, in_use_to_read, uses_of};

use kernel::{Block, Kernel};
use mountinfo::DeviceNumber;
use openers::writers;

/// Characters of a maker's name that are shown.
const SHOWN: usize = 64;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A block device that is no partition.
    Disk,
    /// A partition of a disk.
    Partition {
        /// The disk.
        of: PathBuf,
    },
    /// A regular file that holds what a device would.
    Image,
}

/// What is known of a device or image. The maker's names are as the device tells them, and not fit
/// for a terminal as they are; `Display` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its path, links followed.
    pub path: PathBuf,
    /// Which it is, whatever it is called.
    pub identity: Identity,
    /// What it is.
    pub kind: Kind,
    /// Its size.
    pub bytes: u64,
    /// The maker.
    pub vendor: Option<String>,
    /// The maker's name of it.
    pub model: Option<String>,
    /// The maker's number of it.
    pub serial: Option<String>,
    /// Whether it can be taken out or unplugged, as far as the kernel knows.
    pub removable: bool,
    /// Whether it is known to be rotational.
    pub rotational: bool,
    /// Whether it cannot be written to.
    pub read_only: bool,
    /// The partitions the kernel has found on it.
    pub partitions: Vec<PathBuf>,
    /// What it is used for, the gravest first.
    pub uses: Vec<Use>,
    /// What it holds.
    pub content: Contents,
    /// SHA-256 of its first and last mebibyte, where they can be read.
    pub edges: Option<[u8; 32]>,
}

/// A path is no device, or one that cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// It cannot be looked at.
    #[error("could not look at `{path}`")]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is a folder, a terminal, a pipe.
    #[error("`{path}` is neither a block device nor an image file")]
    NoDevice {
        /// The path.
        path: PathBuf,
    },
    /// What it holds cannot be found out.
    #[error(transparent)]
    Probe(#[from] ProbeError),
}

impl Facts {
    /// Looks at a block device or image file; only reads. `needed` are absolute paths whose disk
    /// must not be lost, beside those of the system: the station's own folders.
    ///
    /// # Errors
    /// [`FactsError`] if it is no device or cannot be looked at.
    pub fn of(path: &Path, needed: &[&Path]) -> Result<Self, FactsError> {
        let facts = Self::without_content(path, needed)?;
        let file = std::fs::File::open(&facts.path);
        let edges = file.ok().and_then(|file| edges(&file, facts.bytes));
        let content = match Contents::probe(&facts.path) {
            // That it is in use is the graver fact, and is not kept back for this.
            Err(_) if !facts.uses.is_empty() => Contents::default(),
            probed => probed?,
        };
        Ok(Self {
            content,
            edges,
            ..facts
        })
    }

    /// The same without a look at what it holds: nothing is read from the device, and no program of the system is
    /// let near it.
    ///
    /// # Errors
    /// [`FactsError`]; never that it cannot be probed.
    pub fn without_content(path: &Path, needed: &[&Path]) -> Result<Self, FactsError> {
        let unreadable = |source| FactsError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        let path = std::fs::canonicalize(path).map_err(unreadable)?;
        let kernel = Kernel::running();
        let facts = if metadata.file_type().is_block_device() {
            let number = DeviceNumber::of(metadata.rdev());
            Self::of_block(&kernel, path, number, needed)
        } else if metadata.is_file() {
            Self::of_image(&kernel, path, metadata.len())
        } else {
            return Err(FactsError::NoDevice { path });
        };
        let mut facts = facts.map_err(unreadable)?;
        facts.uses.extend(writers(&facts.path).map_err(unreadable)?);
        Ok(facts)
    }

    /// Whether `found` is the device or image that this was, and holds what it held. What it is called
    /// and used for does not count.
    #[must_use]
    pub fn is_same(&self, found: &Self) -> bool {
        let traits = |facts: &Self| {
            let Self {
                identity,
                bytes,
                model,
                serial,
                content,
                edges,
                ..
            } = facts.clone();
            (identity, bytes, model, serial, content, edges)
        };
        traits(self) == traits(found)
    }

    /// What the kernel knows of a block device; its content stays unknown.
    fn of_block(
        kernel: &Kernel,
        path: PathBuf,
        number: DeviceNumber,
        needed: &[&Path],
    ) -> io::Result<Self> {
        let block = kernel.block(number)?;
        let disk = block.disk();
        let bytes = block
            .bytes()
            .ok_or_else(|| io::Error::other("the kernel does not tell its size"))?;
        Ok(Self {
            kind: if block == disk {
                Kind::Disk
            } else {
                Kind::Partition { of: disk.path() }
            },
            bytes,
            vendor: vendor(&disk),
            model: model(&disk),
            serial: serial(&disk),
            removable: disk.flag("removable") == Some(true) || usb(&disk).is_some(),
            rotational: kernel::is_rotational(disk.folder()) == Some(true),
            read_only: block.flag("ro") == Some(true) || disk.flag("ro") == Some(true),
            partitions: block.partitions().iter().map(Block::path).collect(),
            uses: uses::of_block(kernel, &block, &path, needed)?,
            content: Contents::default(),
            edges: None,
            identity: Identity::Block {
                number: rustix::fs::makedev(number.major, number.minor),
            },
            path,
        })
    }

    /// What is known of an image; its content stays unknown.
    fn of_image(kernel: &Kernel, path: PathBuf, bytes: u64) -> io::Result<Self> {
        let writable = rustix::fs::access(&path, Access::WRITE_OK).is_ok();
        Ok(Self {
            identity: Identity::of(&std::fs::metadata(&path)?),
            edges: None,
            kind: Kind::Image,
            bytes,
            vendor: None,
            model: None,
            serial: None,
            removable: false,
            rotational: false,
            read_only: !writable,
            partitions: Vec::new(),
            uses: uses::of_image(kernel, &path)?,
            content: Contents::default(),
            path,
        })
    }

    /// Whether it is a file rather than a device.
    #[must_use]
    pub fn is_image(&self) -> bool {
        self.kind == Kind::Image
    }
}

/// For the operator: what it is, maker's names, size, content, in one line.
impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: ", self.path.display())?;
        match &self.kind {
            Kind::Disk if self.removable => f.write_str("removable disk")?,
            Kind::Disk => f.write_str("disk")?,
            Kind::Partition { of } => write!(f, "partition of `{}`", of.display())?,
            Kind::Image => f.write_str("image file")?,
        }
        let names = [
            ("", &self.vendor),
            ("", &self.model),
            ("serial ", &self.serial),
        ];
        for (what, name) in names {
            if let Some(name) = name {
                write!(f, ", {what}{}", readable::name(name, SHOWN))?;
            }
        }
        let (bytes, rounded) = (self.bytes, readable::bytes(self.bytes));
        write!(f, ", {bytes} bytes ({rounded}), holds {}", self.content)?;
        match self.partitions.len() {
            0 => Ok(()),
            1 => f.write_str(", 1 partition"),
            many => write!(f, ", {many} partitions"),
        }
    }
}

/// The maker, where it is a name and not a number of a bus.
fn vendor(disk: &Block) -> Option<String> {
    let vendor = disk.attribute("device/vendor");
    vendor.filter(|vendor| !vendor.starts_with("0x"))
}

fn model(disk: &Block) -> Option<String> {
    // SCSI, ATA and NVMe; memory cards; volumes and encrypted devices.
    let names = ["device/model", "device/name", "dm/name"];
    names.iter().find_map(|name| disk.attribute(name))
}

fn serial(disk: &Block) -> Option<String> {
    let names = ["device/serial", "serial", "dm/uuid"];
    let told = names.iter().find_map(|name| disk.attribute(name));
    told.or_else(|| unit_serial(disk))
        .or_else(|| attribute(&usb(disk)?, "serial"))
        .or_else(|| wwn(disk))
}

/// The name that no other device of the world has, as NVMe and SCSI devices tell it.
fn wwn(disk: &Block) -> Option<String> {
    let names = ["wwid", "device/wwid"];
    names.iter().find_map(|name| disk.attribute(name))
}

/// A SCSI device's own number: page 80h of its vital product data, four bytes before the text.
fn unit_serial(disk: &Block) -> Option<String> {
    let page = std::fs::read(disk.folder().join("device/vpd_pg80")).ok()?;
    let text = String::from_utf8_lossy(page.get(4..)?);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.to_owned())
}

/// The folder of the USB device that a disk is behind.
fn usb(disk: &Block) -> Option<PathBuf> {
    let mut above = disk.folder().ancestors();
    let found = above.find(|folder| folder.join("idVendor").exists());
    found.map(Path::to_owned)
}

fn attribute(folder: &Path, name: &str) -> Option<String> {
    let value = std::fs::read_to_string(folder.join(name)).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests;
