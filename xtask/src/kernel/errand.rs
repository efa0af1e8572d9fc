//! What the command and the machine say to each other: errands go in, entries and outcomes come out.

use serde::{Deserialize, Serialize};

use super::acts::Act;

/// A driver of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Driver {
    /// FAT12, FAT16 and FAT32.
    Vfat,
    /// exFAT.
    Exfat,
    /// NTFS.
    Ntfs3,
    /// ext2, ext3 and ext4.
    Ext4,
}

impl Driver {
    /// The driver for what our readers call a file system.
    pub(crate) fn of(kind: &str) -> Option<Self> {
        Some(match kind {
            "FAT12" | "FAT16" | "FAT32" => Self::Vfat,
            "exFAT" => Self::Exfat,
            "NTFS" => Self::Ntfs3,
            "ext2" | "ext3" | "ext4" => Self::Ext4,
            _ => return None,
        })
    }

    /// Its name, which is also that of its module.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Vfat => "vfat",
            Self::Exfat => "exfat",
            Self::Ntfs3 => "ntfs3",
            Self::Ext4 => "ext4",
        }
    }

    /// Options under which it shows what our readers show: names as UTF-8, local times as UTC.
    pub(crate) fn options(self) -> &'static str {
        match self {
            Self::Vfat => "utf8=1,codepage=437,iocharset=iso8859-1,tz=UTC",
            Self::Exfat | Self::Ntfs3 => "iocharset=utf8",
            Self::Ext4 => "",
        }
    }
}

/// Something to do with one disk of the machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Errand {
    /// The serial number by which the machine finds the disk.
    pub(crate) disk: String,
    /// What mounts it.
    pub(crate) driver: Driver,
    /// What to do.
    pub(crate) work: Work,
}

/// What is done with a disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Work {
    /// Mount it to be read, and tell all that is there.
    List,
    /// Mount it to be written, and do this.
    Fill { acts: Vec<Act>, ending: Ending },
}

/// How a disk is let go.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Ending {
    /// It is unmounted.
    Unmounted,
    /// Everything is written, and the machine goes off while it is mounted.
    Synced,
    /// Everything is written, then this is done, and the machine goes off while it is mounted.
    Pulled(Vec<Act>),
}

impl Work {
    /// Whether it changes the disk.
    pub(crate) fn writes(&self) -> bool {
        match self {
            Self::List => false,
            Self::Fill { .. } => true,
        }
    }
}

/// A line of the machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Said {
    /// It goes to this disk.
    Begun { disk: String },
    /// It has done so many acts on it: it does not hang.
    Done { disk: String, acts: usize },
    /// A name on it.
    Entry { disk: String, entry: Entry },
    /// It is through with it; what went wrong with the whole of it.
    Ended { disk: String, fault: Option<String> },
}

/// A name in a file system, as one of the two sides sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Its path without a leading `/`, in printable ASCII: [`filesystems::content::printable`].
    pub(crate) path: String,
    /// What it is.
    pub(crate) what: Thing,
    /// When it was last modified: seconds since 1970 and nanoseconds.
    pub(crate) modified: Option<(i64, u32)>,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Thing {
    /// A folder.
    Folder,
    /// A file, with the SHA-256 of its content.
    File { bytes: u64, sum: String },
    /// A symbolic link, with its target in printable ASCII.
    Link { target: String },
    /// A device node, socket or pipe.
    Special,
    /// It is there and cannot be read: why.
    Unread { why: String },
}
