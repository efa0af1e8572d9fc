//! What a device or image is used for at the moment, which formatting it would destroy.

use std::fmt;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::kernel::{Block, Kernel, Loop};
use super::mountinfo::{self, DeviceNumber, Mount};
use super::openers::writers;

/// Paths that the system cannot lose.
const SYSTEM: [&str; 5] = ["/", "/boot", "/boot/efi", "/usr", "/var"];

/// One use of a device, its partitions, or the disk it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Use {
    /// A path that the system or this station cannot lose is on the same disk.
    Needed {
        /// The path.
        path: PathBuf,
    },
    /// The same disk, or the image, is swapped to.
    Swap {
        /// What the kernel swaps to.
        device: PathBuf,
    },
    /// It or one of its partitions is mounted.
    Mounted {
        /// Which of them.
        device: PathBuf,
        /// Where.
        at: PathBuf,
    },
    /// The same where this station does not see it: in the mount namespace of a process.
    MountedElsewhere {
        /// Which of them.
        device: PathBuf,
        /// A process that sees it.
        pid: u32,
    },
    /// It or one of its partitions is part of another device: a volume, an array, an encrypted one.
    Held {
        /// Which of them.
        device: PathBuf,
        /// The other device.
        by: PathBuf,
    },
    /// The image, or what is behind a loop device, is attached to another loop device.
    Attached {
        /// The loop device.
        to: PathBuf,
    },
    /// Another process has it open to write to it: a virtual machine, for instance.
    Written {
        /// The process.
        pid: u32,
        /// What it calls itself.
        by: String,
    },
}

impl Use {
    /// Whether its content changes by that while it is read.
    fn changes_it(&self) -> bool {
        match self {
            Self::Swap { .. }
            | Self::Mounted { .. }
            | Self::MountedElsewhere { .. }
            | Self::Held { .. }
            | Self::Written { .. } => true,
            Self::Needed { .. } | Self::Attached { .. } => false,
        }
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Needed { path } => write!(f, "its disk holds `{}`", path.display()),
            Self::Swap { device } => write!(f, "the system swaps to `{}`", device.display()),
            Self::Mounted { device, at } => {
                write!(f, "`{}` is mounted at `{}`", device.display(), at.display())
            }
            Self::MountedElsewhere { device, pid } => {
                let device = device.display();
                write!(
                    f,
                    "`{device}` is mounted out of sight, where process {pid} sees it"
                )
            }
            Self::Held { device, by } => {
                write!(f, "`{}` is part of `{}`", device.display(), by.display())
            }
            Self::Attached { to } => write!(f, "it is attached to `{}`", to.display()),
            Self::Written { pid, by } => {
                write!(f, "process {pid} (`{by}`) has it open to write to it")
            }
        }
    }
}

/// What a device or image is used for, if for anything: by which it must not be written to.
///
/// # Errors
/// The system's error.
pub fn in_use(path: &Path) -> io::Result<Option<Use>> {
    let mut uses = of_path(&Kernel::running(), path, &[])?;
    uses.extend(writers(path)?);
    Ok(uses.into_iter().next())
}

/// The same, if it is used so that its content changes while it is read.
///
/// # Errors
/// The system's error.
pub fn in_use_to_read(path: &Path) -> io::Result<Option<Use>> {
    let uses = of_path(&Kernel::running(), path, &[])?;
    Ok(uses.into_iter().find(Use::changes_it))
}

/// Everything that a device or image is used for, as far as the kernel knows it, the gravest first.
///
/// # Errors
/// The system's error.
pub fn uses_of(path: &Path) -> io::Result<Vec<Use>> {
    of_path(&Kernel::running(), path, &[])
}

/// The uses of a block device or image, as far as the kernel knows them.
pub(super) fn of_path(kernel: &Kernel, path: &Path, needed: &[&Path]) -> io::Result<Vec<Use>> {
    let metadata = std::fs::metadata(path)?;
    if metadata.file_type().is_block_device() {
        let block = kernel.block(DeviceNumber::of(metadata.rdev()))?;
        of_block(kernel, &block, path, needed)
    } else {
        of_image(kernel, path)
    }
}

/// The uses of a block device, the gravest first. `needed` are paths of this station.
pub(super) fn of_block(
    kernel: &Kernel,
    block: &Block,
    path: &Path,
    needed: &[&Path],
) -> io::Result<Vec<Use>> {
    Moment::of(kernel)?.uses_of_block(block, path, needed)
}

/// What is mounted and attached at one moment.
pub(super) struct Moment<'a> {
    kernel: &'a Kernel,
    mounts: Mounts,
    loops: Vec<Loop>,
}

impl<'a> Moment<'a> {
    pub(super) fn of(kernel: &'a Kernel) -> io::Result<Self> {
        Ok(Self {
            kernel,
            mounts: Mounts::of(kernel)?,
            loops: kernel.loops(),
        })
    }

    /// The uses of a block device, the gravest first. `needed` are paths of this station.
    pub(super) fn uses_of_block(
        &self,
        block: &Block,
        path: &Path,
        needed: &[&Path],
    ) -> io::Result<Vec<Use>> {
        let Self {
            kernel,
            mounts,
            loops,
        } = self;
        let mut uses = needed_by(kernel, block, &mounts.here, needed);
        uses.extend(swapped(kernel, block)?);
        for part in parts(block) {
            uses.extend(mounted(kernel, &part, mounts));
            uses.extend(held(&part));
        }
        let own = loops.iter().find(|it| it.block == block.disk());
        let others = loops
            .iter()
            .filter(|other| other.is_on(path) || own.is_some_and(|own| own.is_beside(other)));
        uses.extend(others.flat_map(|other| attached(kernel, other, mounts)));
        Ok(uses)
    }
}

/// The uses of an image, the gravest first.
pub(super) fn of_image(kernel: &Kernel, image: &Path) -> io::Result<Vec<Use>> {
    let mounts = Mounts::of(kernel)?;
    let swaps = kernel.swaps()?.into_iter();
    let swaps = swaps.filter(|swap| is_same_file(swap, image));
    let mut uses: Vec<Use> = swaps.map(|device| Use::Swap { device }).collect();
    let loops = kernel.loops().into_iter().filter(|it| it.is_on(image));
    uses.extend(loops.flat_map(|it| attached(kernel, &it, &mounts)));
    Ok(uses)
}

/// What is mounted, here and where we do not see it.
struct Mounts {
    here: Vec<Mount>,
    elsewhere: Vec<(u32, Mount)>,
}

impl Mounts {
    fn of(kernel: &Kernel) -> io::Result<Self> {
        Ok(Self {
            here: kernel.mounts()?,
            elsewhere: kernel.mounts_elsewhere(),
        })
    }
}

/// The uses of a loop device, and that it is there.
fn attached(kernel: &Kernel, found: &Loop, mounts: &Mounts) -> Vec<Use> {
    let mut uses = Vec::new();
    for part in parts(&found.block) {
        uses.extend(mounted(kernel, &part, mounts));
        uses.extend(held(&part));
    }
    let to = found.block.path();
    uses.push(Use::Attached { to });
    uses
}

/// A device and its partitions.
fn parts(block: &Block) -> impl Iterator<Item = Block> {
    std::iter::once(block.clone()).chain(block.partitions())
}

/// Which of the system's and the station's paths rest on a disk that `block` rests on too.
fn needed_by(kernel: &Kernel, block: &Block, mounts: &[Mount], needed: &[&Path]) -> Vec<Use> {
    let system = SYSTEM.iter().map(Path::new);
    system
        .chain(needed.iter().copied())
        .filter(|path| {
            let mount = mountinfo::mount_of(mounts, path);
            let under = mount.and_then(|mount| kernel.block_of(mount));
            under.is_some_and(|under| share_a_disk(block, &under))
        })
        .map(|path| Use::Needed { path: path.into() })
        .collect()
}

fn swapped(kernel: &Kernel, block: &Block) -> io::Result<Vec<Use>> {
    let swaps = kernel.swaps()?.into_iter();
    let same_disk = swaps.filter(|swap| {
        kernel
            .block_at(swap)
            .is_some_and(|swap| share_a_disk(block, &swap))
    });
    Ok(same_disk.map(|device| Use::Swap { device }).collect())
}

fn mounted(kernel: &Kernel, part: &Block, mounts: &Mounts) -> Vec<Use> {
    let is_of = |mount: &Mount| kernel.block_of(mount).as_ref() == Some(part);
    let here = mounts.here.iter().filter(|mount| is_of(mount));
    let uses: Vec<Use> = here
        .map(|mount| Use::Mounted {
            device: part.path(),
            at: mount.at.clone(),
        })
        .collect();
    if !uses.is_empty() {
        return uses;
    }
    let elsewhere = mounts.elsewhere.iter().find(|(_, mount)| is_of(mount));
    let elsewhere = elsewhere.map(|(pid, _)| Use::MountedElsewhere {
        device: part.path(),
        pid: *pid,
    });
    elsewhere.into_iter().collect()
}

fn held(part: &Block) -> Vec<Use> {
    let holders = part.holders().into_iter();
    let held = holders.map(|holder| Use::Held {
        device: part.path(),
        by: holder.path(),
    });
    held.collect()
}

fn share_a_disk(one: &Block, other: &Block) -> bool {
    let disks = other.disks();
    one.disks().iter().any(|disk| disks.contains(disk))
}

/// Whether two paths lead to one file.
fn is_same_file(one: &Path, other: &Path) -> bool {
    match (std::fs::metadata(one), std::fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}
