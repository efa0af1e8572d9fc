//! What a device holds: entries with raw names, before anything is decided about them.

mod path;
mod unloadable;

pub use path::EntryPath;
pub use unloadable::{Damage, Unloadable};

use crate::device::DeviceOffset;
use crate::file_time::FileTime;

/// One name on a device. Folders are no entries, for they have no object; one with nothing in it is,
/// because nothing else would say that it was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which file it is of.
    pub id: EntryId,
    /// Where it is.
    pub path: EntryPath,
    /// What it is.
    pub kind: EntryKind,
    /// Its times.
    pub times: EntryTimes,
    /// Whose it is, and what they may do with it, where its file system knows that.
    pub owner: Option<Owner>,
    /// How many names its file has, as its file system counts them; 1 where it does not.
    pub links: u32,
    /// Streams beside its content, where a file system has such (NTFS) and tells them.
    pub streams: Vec<NamedStream>,
    /// Where on the device its content begins; `None` if it lies nowhere (empty, a hole, kept with its name) or
    /// nobody knows.
    pub place: Option<DeviceOffset>,
}

impl Entry {
    /// An entry of which no more is known.
    #[must_use]
    pub fn new(id: EntryId, path: EntryPath, kind: EntryKind) -> Self {
        Self {
            id,
            path,
            kind,
            times: EntryTimes::default(),
            owner: None,
            links: 1,
            streams: Vec::new(),
            place: None,
        }
    }

    /// The logical size of its content in bytes: 0 of what is no regular file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self.kind {
            EntryKind::File { bytes } => bytes,
            EntryKind::SymbolicLink { .. }
            | EntryKind::Special
            | EntryKind::EmptyFolder
            | EntryKind::Volume(_) => 0,
        }
    }
}

/// The number by which a tree knows a file, whatever names it has: two entries with one id are two names of one
/// file.
///
/// It is the tree's own: numbers of two trees have nothing to do with each other. As long as nothing is written to
/// the device a tree that reads it by itself gives the same number at every attempt. A mounted folder gives the
/// inode's, which is as lasting where the file system keeps inodes; those without (FAT, exFAT, most programs in
/// user space) are given numbers by the kernel that end with the mount. So whatever outlives an attempt is kept by
/// path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(u64);

impl EntryId {
    /// Wraps the tree's number.
    #[must_use]
    pub fn new(number: u64) -> Self {
        Self(number)
    }

    /// The tree's number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

/// What a name on a device stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file of so many logical bytes (holes included).
    File {
        /// Size in bytes when it was looked at.
        bytes: u64,
    },
    /// A symbolic link. Never followed.
    SymbolicLink {
        /// Where it leads, raw, as it stands there; `None` where a tree cannot tell.
        target: Option<Vec<u8>>,
    },
    /// A device node, socket or pipe. Never opened.
    Special,
    /// A folder with nothing in it.
    EmptyFolder,
    /// No name on the device, but a whole volume of it, of which something is to be said.
    Volume(VolumeNote),
}

/// What is to be said of a volume of a device as a whole, in words for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolumeNote {
    /// It is left out: it holds nothing of a customer's, or others were chosen.
    LeftOut(String),
    /// It is loaded, and there is something to know about it.
    Remark(String),
}

impl VolumeNote {
    /// The words.
    #[must_use]
    pub fn words(&self) -> &str {
        let (Self::LeftOut(words) | Self::Remark(words)) = self;
        words
    }
}

/// The times of an entry, each where its file system knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EntryTimes {
    /// When its content was last changed.
    pub modified: Option<FileTime>,
    /// When anything of it was last changed: unlike the others it cannot be set back.
    pub changed: Option<FileTime>,
    /// When it was last read.
    pub accessed: Option<FileTime>,
    /// When it was made.
    pub created: Option<FileTime>,
}

/// Whose an entry is. The numbers are those of the host that wrote the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The permission bits, as `chmod` has them: the lower twelve.
    pub mode: u16,
    /// The user's number.
    pub user: u32,
    /// The group's number.
    pub group: u32,
}

/// A stream that a file has beside its content. It is not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedStream {
    /// Its raw name.
    pub name: Vec<u8>,
    /// Its size in bytes.
    pub bytes: u64,
}
