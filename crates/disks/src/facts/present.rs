//! The block devices that are there at the moment, partitions apart, as the kernel lists them in `/sys/block`.

use std::io;
use std::path::{Path, PathBuf};

use model::device::DeviceFacts;

use super::kernel::{Block, Kernel};
use super::shipped::of_block;
use super::usb;
use super::uses::{Moment, Use};

/// The kernel's list of block devices.
#[derive(Debug, Clone)]
pub struct BlockDevices {
    kernel: Kernel,
}

/// A block device that is there.
#[derive(Debug, Clone)]
pub struct Present {
    /// What the kernel calls it.
    pub name: String,
    /// Its size; 0 of a reader with nothing in it.
    pub bytes: u64,
    /// The kernel's number of the medium, never given twice; none before Linux 5.15.
    pub diskseq: Option<u64>,
    /// Whether it can be taken out or unplugged, as far as the kernel knows.
    pub is_removable: bool,
    /// Whether the kernel keeps it from everybody.
    pub is_hidden: bool,
    /// The name of what is behind it, as it was when it was attached; of a loop device only.
    pub behind: Option<PathBuf>,
    block: Block,
}

impl BlockDevices {
    /// Those of this host.
    #[must_use]
    pub fn running() -> Self {
        let kernel = Kernel::running();
        Self { kernel }
    }

    /// Those of a host whose `/sys`, `/proc` and `/dev` are below `root`.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        let kernel = Kernel::at(root);
        Self { kernel }
    }

    /// All that are there, by name.
    ///
    /// # Errors
    /// The system's error. A device that goes meanwhile is none.
    pub fn list(&self) -> io::Result<Vec<Present>> {
        let disks = self.kernel.disks()?;
        Ok(disks.into_iter().filter_map(Present::of).collect())
    }

    /// What each of some is used for, as far as the kernel knows it, the gravest first. `needed` are paths whose disks
    /// must not be lost, beside those of the system.
    ///
    /// # Errors
    /// The system's error.
    pub fn uses(&self, of: &[&Present], needed: &[&Path]) -> io::Result<Vec<Vec<Use>>> {
        let moment = Moment::of(&self.kernel)?;
        let uses = |it: &&Present| moment.uses_of_block(&it.block, &it.path(), needed);
        of.iter().map(uses).collect()
    }
}

impl Present {
    fn of(block: Block) -> Option<Self> {
        Some(Self {
            name: block.folder().file_name()?.to_string_lossy().into_owned(),
            bytes: block.bytes()?,
            diskseq: block.attribute("diskseq").and_then(|it| it.parse().ok()),
            is_removable: block.flag("removable") == Some(true) || usb(&block).is_some(),
            is_hidden: block.flag("hidden") == Some(true),
            behind: block.behind(),
            block,
        })
    }

    /// Its path below `/dev`, as the kernel calls it.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.block.path()
    }

    /// What tells it from others of its kind.
    #[must_use]
    pub fn shipped(&self) -> Option<DeviceFacts> {
        of_block(&self.block)
    }

    /// Its folder in `/sys`, links followed: what it is plugged into stands in its path.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.block.folder()
    }
}
