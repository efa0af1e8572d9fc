//! Makes a disk safe to take out: nothing is on its way to it, nobody has it, and the kernel has let go of it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use disks::facts::{Facts, FactsError, Kind, Use};
use rustix::fs::OFlags;
use rustix::io::Errno;

/// How far a disk was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetGo {
    /// The kernel knows it no more: its heads are parked, and it comes back only when it is plugged in again.
    Deleted,
    /// Nothing is on its way to it and nobody has it. It stays known: it is an image, or a disk that is not made to be
    /// taken out.
    Stays,
}

/// Why a disk cannot be taken out.
#[derive(Debug, thiserror::Error)]
pub enum EjectError {
    /// Nothing is known of it.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// It is a part of a disk.
    #[error("`{path}` is a partition of `{disk}`, which is what is taken out")]
    Partition {
        /// The partition.
        path: PathBuf,
        /// The disk.
        disk: PathBuf,
    },
    /// Something uses it.
    #[error("`{path}` is in use: {what}")]
    InUse {
        /// The disk.
        path: PathBuf,
        /// By what.
        what: Use,
    },
    /// Another program has it open alone.
    #[error("`{path}` is in use by another program")]
    Busy {
        /// The disk.
        path: PathBuf,
    },
    /// What was written may not all be on it.
    #[error("not everything that was written reached `{path}`")]
    Unsynced {
        /// The disk.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The kernel did not let it go.
    #[error("the kernel did not let go of `{path}`")]
    Kept {
        /// The disk.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// Makes a disk safe to take out. What may be taken out is deleted from the kernel; images and disks that are built in
/// only have nobody.
///
/// # Errors
/// [`EjectError`]; it is not safe then.
pub fn eject(device: &Path) -> Result<LetGo, EjectError> {
    let facts = Facts::without_content(device, &[])?;
    let path = || facts.path.clone();
    if let Kind::Partition { of } = &facts.kind {
        let disk = of.clone();
        return Err(EjectError::Partition { path: path(), disk });
    }
    if let Some(what) = first_in_the_way(&facts.uses) {
        return Err(EjectError::InUse { path: path(), what });
    }
    must_be_written(&facts)?;
    if facts.is_image() || !facts.removable {
        return Ok(LetGo::Stays);
    }
    let name = facts.path.file_name().unwrap_or_default();
    let folder = Path::new("/sys/class/block").join(name);
    let_go(&folder).map_err(|source| EjectError::Kept {
        path: path(),
        source,
    })
}

/// Another loop device on an image is nothing that taking out would interrupt.
fn first_in_the_way(uses: &[Use]) -> Option<Use> {
    let mut uses = uses.iter();
    uses.find(|used| !matches!(used, Use::Attached { .. }))
        .cloned()
}

/// Nobody has it, and nothing is on its way to it.
fn must_be_written(facts: &Facts) -> Result<(), EjectError> {
    let path = || facts.path.clone();
    let file = open(facts).map_err(|source| match Errno::from_io_error(&source) {
        Some(Errno::BUSY) => EjectError::Busy { path: path() },
        _ => EjectError::Unsynced {
            path: path(),
            source,
        },
    })?;
    file.sync_all().map_err(|source| EjectError::Unsynced {
        path: path(),
        source,
    })
}

fn open(facts: &Facts) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    if !facts.is_image() {
        let alone = i32::try_from(OFlags::EXCL.bits()).map_err(io::Error::other)?;
        options.custom_flags(alone);
    }
    options.open(&facts.path)
}

/// Asks the kernel to let go of the disk whose folder in `/sys` this is: of the disk itself, which then parks its heads,
/// and where it has a device of USB to itself of that too, so that its bridge is at rest as well.
fn let_go(disk: &Path) -> io::Result<LetGo> {
    let folder = disk.canonicalize()?;
    let delete = folder.join("device/delete");
    if !delete.exists() {
        return Ok(LetGo::Stays);
    }
    let bridge = bridge(&folder);
    fs::write(delete, "1")?;
    if let Some(remove) = bridge {
        // The disk is gone all the same, and the bridge with it where that is what comes of it.
        let _ = fs::write(remove, "1");
    }
    Ok(LetGo::Deleted)
}

/// The file by which the USB device of a disk is removed, if that has no other disk.
fn bridge(disk: &Path) -> Option<PathBuf> {
    let device = disk.ancestors().find(|it| it.join("idVendor").exists())?;
    let remove = device.join("remove");
    (remove.exists() && disks_below(device) == 1).then_some(remove)
}

/// How many disks there are below a device of USB: in folders called `block`.
fn disks_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders
        .map(|entry| match entry.file_name() == "block" {
            true => fs::read_dir(entry.path()).map_or(0, Iterator::count),
            false => disks_below(&entry.path()),
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const USB: &str = "devices/pci0000:00/0000:00:14.0/usb4/4-2";

    /// A disk behind a bridge of USB, and its folder.
    fn disk(root: &Path, unit: u32) -> PathBuf {
        let device = format!("{USB}/4-2:1.0/host6/target6:0:0/6:0:0:{unit}");
        let disk = root.join(&device).join(format!("block/sd{unit}"));
        fs::create_dir_all(&disk).unwrap();
        std::os::unix::fs::symlink(root.join(&device), disk.join("device")).unwrap();
        for name in [
            format!("{device}/delete"),
            format!("{USB}/remove"),
            format!("{USB}/idVendor"),
        ] {
            fs::write(root.join(name), "").unwrap();
        }
        disk
    }

    fn read(root: &Path, name: &str) -> String {
        fs::read_to_string(root.join(USB).join(name)).unwrap()
    }

    #[test]
    fn a_disk_of_its_own_is_let_go_with_its_bridge() {
        let root = tempfile::tempdir().unwrap();
        let disk = disk(root.path(), 0);
        assert_eq!(let_go(&disk).unwrap(), LetGo::Deleted);
        assert_eq!(
            read(root.path(), "4-2:1.0/host6/target6:0:0/6:0:0:0/delete"),
            "1"
        );
        assert_eq!(read(root.path(), "remove"), "1");
    }

    #[test]
    fn a_bridge_with_another_disk_stays() {
        let root = tempfile::tempdir().unwrap();
        let [first, _second] = [0, 1].map(|unit| disk(root.path(), unit));
        assert_eq!(let_go(&first).unwrap(), LetGo::Deleted);
        assert_eq!(
            read(root.path(), "4-2:1.0/host6/target6:0:0/6:0:0:0/delete"),
            "1"
        );
        assert_eq!(
            read(root.path(), "4-2:1.0/host6/target6:0:0/6:0:0:1/delete"),
            ""
        );
        assert_eq!(read(root.path(), "remove"), "");
    }

    #[test]
    fn what_the_kernel_cannot_let_go_stays() {
        let root = tempfile::tempdir().unwrap();
        let card = root.path().join("mmcblk0");
        fs::create_dir_all(card.join("device")).unwrap();
        assert_eq!(let_go(&card).unwrap(), LetGo::Stays);
        let image = root.path().join("disk.img");
        fs::write(&image, "x").unwrap();
        assert_eq!(eject(&image).unwrap(), LetGo::Stays);
        let none = root.path().join("none");
        assert!(matches!(eject(&none), Err(EjectError::Facts(_))));
    }

    #[test]
    fn only_what_would_be_interrupted_is_in_the_way() {
        let attached = Use::Attached {
            to: "/dev/loop1".into(),
        };
        let mounted = Use::Mounted {
            device: "/dev/sdb1".into(),
            at: "/media".into(),
        };
        assert_eq!(first_in_the_way(std::slice::from_ref(&attached)), None);
        assert_eq!(
            first_in_the_way(&[attached, mounted.clone()]),
            Some(mounted)
        );
    }
}
