//! Why a device is not formatted: a decision on facts alone.

use std::path::PathBuf;

use disks::facts::{Facts, Use};
use model::manifest::FileSystem;

use super::mkfs;

/// Why a device may not be formatted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is in use.
    #[error("`{path}` is not formatted: {what}")]
    InUse {
        /// The device.
        path: PathBuf,
        /// By what.
        what: Use,
    },
    /// It cannot be written to.
    #[error("`{path}` is not formatted: it is read-only")]
    ReadOnly {
        /// The device.
        path: PathBuf,
    },
    /// The file system has no room on it.
    #[error(
        "`{path}` is not formatted: it has {bytes} bytes, and {} needs {least} at least",
        .file_system.as_str()
    )]
    TooSmall {
        /// The device.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// What it was to be formatted with.
        file_system: FileSystem,
        /// The smallest size for that.
        least: u64,
    },
}

/// Whether formatting the device would destroy nothing that is in use. What it holds otherwise
/// is for the operator to judge.
///
/// # Errors
/// [`Refused`], with the gravest reason.
pub fn may_be_formatted(facts: &Facts, file_system: FileSystem) -> Result<(), Refused> {
    let path = || facts.path.clone();
    let least = mkfs::least_bytes(file_system);
    if let Some(what) = facts.uses.first() {
        Err(Refused::InUse {
            path: path(),
            what: what.clone(),
        })
    } else if facts.read_only {
        Err(Refused::ReadOnly { path: path() })
    } else if facts.bytes < least {
        Err(Refused::TooSmall {
            path: path(),
            bytes: facts.bytes,
            file_system,
            least,
        })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use disks::facts::{Contents, Identity, Kind};

    fn device() -> Facts {
        Facts {
            path: "/dev/sdb".into(),
            identity: Identity::Block { number: 0x810 },
            kind: Kind::Disk,
            bytes: 64 << 20,
            vendor: None,
            model: None,
            serial: None,
            removable: false,
            rotational: true,
            read_only: false,
            partitions: vec!["/dev/sdb1".into()],
            uses: Vec::new(),
            content: Contents::default(),
            edges: None,
        }
    }

    fn used(what: Use) -> Facts {
        Facts {
            uses: vec![
                what,
                Use::Attached {
                    to: "/dev/loop7".into(),
                },
            ],
            ..device()
        }
    }

    #[test]
    fn each_reason_is_told() {
        let table = [
            (
                used(Use::Needed { path: "/".into() }),
                "`/dev/sdb` is not formatted: its disk holds `/`",
            ),
            (
                used(Use::Swap {
                    device: "/dev/sdb2".into(),
                }),
                "`/dev/sdb` is not formatted: the system swaps to `/dev/sdb2`",
            ),
            (
                used(Use::Mounted {
                    device: "/dev/sdb1".into(),
                    at: "/mnt/x".into(),
                }),
                "`/dev/sdb` is not formatted: `/dev/sdb1` is mounted at `/mnt/x`",
            ),
            (
                used(Use::Held {
                    device: "/dev/sdb1".into(),
                    by: "/dev/dm-0".into(),
                }),
                "`/dev/sdb` is not formatted: `/dev/sdb1` is part of `/dev/dm-0`",
            ),
            (
                used(Use::Attached {
                    to: "/dev/loop0".into(),
                }),
                "`/dev/sdb` is not formatted: it is attached to `/dev/loop0`",
            ),
            (
                used(Use::MountedElsewhere {
                    device: "/dev/loop0".into(),
                    pid: 77,
                }),
                "`/dev/sdb` is not formatted: `/dev/loop0` is mounted out of sight, where process 77 \
                 sees it",
            ),
            (
                used(Use::Written {
                    pid: 78,
                    by: "qemu".into(),
                }),
                "`/dev/sdb` is not formatted: process 78 (`qemu`) has it open to write to it",
            ),
            (
                Facts {
                    read_only: true,
                    ..device()
                },
                "`/dev/sdb` is not formatted: it is read-only",
            ),
            (
                Facts {
                    bytes: 1000,
                    ..device()
                },
                "`/dev/sdb` is not formatted: it has 1000 bytes, and FAT32 needs 67108864 at least",
            ),
        ];
        for (facts, why) in table {
            let refused = may_be_formatted(&facts, FileSystem::Fat32).unwrap_err();
            assert_eq!(refused.to_string(), why);
        }
    }

    #[test]
    fn a_device_that_nothing_uses_may_be_formatted() {
        assert_eq!(may_be_formatted(&device(), FileSystem::Fat32), Ok(()));
    }
}
