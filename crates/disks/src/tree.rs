//! What a device holds, seen as a tree of entries.
//!
//! Today a mounted folder ([`folder::Folder`]); tests and simulations use [`memory::Memory`].

use std::io;
use std::ops::ControlFlow;

use model::entry::{Entry, EntryPath};
use model::file_time::FileTime;
use model::outcome::Changed;

pub mod block;
pub mod file;
pub mod folder;
pub mod memory;

/// A name that could not be looked at, or is not what it claims. Data, not an error: it becomes a
/// line of the report.
#[derive(Debug)]
pub struct BadEntry {
    /// Which name; the folder's own where the folder cannot be listed.
    pub path: EntryPath,
    /// Its size in bytes, if it is a file.
    pub bytes: u64,
    /// Why.
    pub cause: BadCause,
}

/// What is wrong with a name.
#[derive(Debug, thiserror::Error)]
pub enum BadCause {
    /// It cannot be looked at or listed.
    #[error("{0}")]
    Unreadable(io::Error),
    /// Folders within folders without end.
    #[error("folders are nested deeper than {}", model::limits::TREE_DEPTH)]
    TooDeep,
    /// A folder that has other names above: walking it again would not end.
    #[error("the folder was met before under another name: the file system is damaged")]
    MetBefore,
    /// What is mounted over it is of another device.
    #[error("another file system is mounted here, which is not of this device")]
    OtherMount,
    /// More folders than the file system has room for.
    #[error("the file system has more folders than there is room for on it: it is damaged")]
    TooMany,
    /// A name that no folder can hold.
    #[error("the folder has an entry of this name: the file system is damaged")]
    NoName,
    /// A file that claims more than the device holds.
    #[error("the file claims {bytes} bytes, and its file system holds {capacity}")]
    LargerThanDevice {
        /// What it claims.
        bytes: u64,
        /// What the file system holds.
        capacity: u64,
    },
    /// A file with holes, after others whose holes together are many times what the device holds.
    #[error(
        "the file claims {bytes} bytes, most of them holes, and with the files before it \
         {} times what its file system holds ({capacity})",
        model::limits::HOLES_TIMES
    )]
    TooManyHoles {
        /// What it claims.
        bytes: u64,
        /// What the file system holds.
        capacity: u64,
    },
}

/// How sure it is that a device answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Places all over it were read just now, and none of them from memory.
    Sound,
    /// It could not be asked, or some of the places did not answer.
    Doubtful,
}

/// A device that does not work any more.
#[derive(Debug, thiserror::Error)]
#[error("the device cannot be read any more")]
pub struct DeviceGone(#[source] pub io::Error);

/// What a walk hands out.
pub type Found = Result<Entry, BadEntry>;

/// A device's content.
///
/// # Contract
/// A tree is read-only and nothing in it is followed: no symbolic link, no `..`. The same device
/// gives the same entries in the same order as long as it is not written to.
pub trait Tree: Send + Sync {
    /// Hands every entry but folders that hold something to `visit`, in an order of the tree's own choice, until it
    /// says stop. Memory does not grow with the number of entries. What cannot be looked at is
    /// handed out as a [`BadEntry`]; it never ends the walk.
    ///
    /// # Errors
    /// [`DeviceGone`] if the device as a whole does not answer.
    fn walk(&self, visit: &mut dyn FnMut(Found) -> ControlFlow<()>) -> Result<(), DeviceGone>;

    /// Opens a regular file.
    ///
    /// # Errors
    /// The system's error; [`io::ErrorKind::InvalidInput`] if it is no regular file any more.
    fn open(&self, path: &EntryPath) -> io::Result<Box<dyn Content>>;

    /// Where a symbolic link leads, as it stands there. It is not followed.
    ///
    /// # Errors
    /// The system's error; `Unsupported` where a tree cannot tell.
    fn target(&self, path: &EntryPath) -> io::Result<Vec<u8>> {
        let _ = path;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Whether the device still answers, asked after an error to tell a bad file from a bad
    /// device. What this host has in memory of it does not count.
    ///
    /// # Errors
    /// [`DeviceGone`] if it does not.
    fn check(&self) -> Result<Health, DeviceGone>;

    /// Whether reading in two places at once costs time, as on a disk that spins.
    fn spins(&self) -> bool;
}

/// An open file of a device.
///
/// # Contract
/// Reads do not move anything: many may run at once.
pub trait Content: Send + Sync {
    /// Size and time of change as they are now: what must be the same before and after reading.
    ///
    /// # Errors
    /// The system's error.
    fn shape(&self) -> io::Result<Shape>;

    /// Reads at `offset`, at most `buffer.len()` bytes; 0 only at the end.
    ///
    /// # Errors
    /// The system's error.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Reads one byte at `offset` from the device itself, not from what this host has in memory of
    /// it, as far as that can be told. Says whether there was one.
    ///
    /// # Errors
    /// The system's error.
    fn read_afresh(&self, offset: u64) -> io::Result<bool>;
}

/// A read that failed.
#[derive(Debug)]
pub struct BadRead {
    /// The offset in bytes.
    pub at: u64,
    /// The system's error.
    pub source: io::Error,
}

/// Reads from `offset` on until `buffer` is full or the file ends; says how many bytes came.
///
/// # Errors
/// [`BadRead`].
pub fn fill(file: &dyn Content, offset: u64, buffer: &mut [u8]) -> Result<usize, BadRead> {
    fill_by(offset, buffer, |at, rest| file.read_at(at, rest))
}

/// The same by whatever reads at an offset.
pub fn fill_by(
    offset: u64,
    buffer: &mut [u8],
    read_at: impl Fn(u64, &mut [u8]) -> io::Result<usize>,
) -> Result<usize, BadRead> {
    let mut filled = 0;
    while filled < buffer.len() {
        let at = offset + filled as u64;
        match read_at(at, &mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(BadRead { at, source }),
        }
    }
    Ok(filled)
}

/// What shows that a file was changed while it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Size in bytes.
    pub bytes: u64,
    /// Time of the last change of its content, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// Time of the last change of anything, in nanoseconds since 1970: unlike the other it cannot
    /// be set back.
    pub changed_ns: i64,
}

impl Shape {
    /// Time of the last change of its content.
    #[must_use]
    pub fn modified(&self) -> FileTime {
        FileTime::from_ns(self.modified_ns)
    }

    /// The times as the journal keeps them.
    #[must_use]
    pub fn times(&self) -> Changed {
        Changed {
            modified_ns: self.modified_ns,
            changed_ns: self.changed_ns,
        }
    }
}

/// Whether an error is about a name or a right to it, which a dead device does not give.
#[must_use]
pub fn is_of_name(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let of_name = [
        Errno::ACCESS,
        Errno::PERM,
        Errno::NOENT,
        Errno::NOTDIR,
        Errno::ISDIR,
        Errno::LOOP,
        Errno::XDEV,
        Errno::NAMETOOLONG,
        Errno::INVAL,
        Errno::OPNOTSUPP,
        Errno::OVERFLOW,
        Errno::TXTBSY,
        // Encrypted, and the kernel has no key.
        Errno::NOKEY,
    ];
    match Errno::from_io_error(error) {
        Some(errno) => of_name.contains(&errno),
        None => matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::InvalidInput
        ),
    }
}

/// Whether an error of writing is of the whole device: it is gone, or the kernel has found its file
/// system in disorder and takes nothing for it any more.
#[must_use]
pub fn is_refused_for_good(error: &io::Error) -> bool {
    block::is_of_device(error) || error.kind() == io::ErrorKind::ReadOnlyFilesystem
}

/// Whether an error says that this host ran out of something, not that the device is bad.
#[must_use]
pub fn is_starved(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let starved = [Errno::MFILE, Errno::NFILE, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| starved.contains(&errno))
}
