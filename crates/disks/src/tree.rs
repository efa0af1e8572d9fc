//! What a device holds, seen as a tree of entries.
//!
//! A mounted folder ([`folder::Folder`]), or a device that is read without being mounted ([`raw::RawTree`]); tests and simulations use [`memory::Memory`], and break either with
//! [`faulty::FaultyTree`].

use std::io;
use std::ops::{ControlFlow, Range};

use model::entry::{Damage, Entry, EntryPath, Unloadable};
use model::file_time::FileTime;
use model::outcome::Changed;

use crate::fault;
use crate::layout::Layout;

pub mod apart;
pub mod block;
pub mod faulty;
pub mod file;
pub mod folder;
pub mod memory;
pub mod raw;
pub mod suite;

/// The folder that ext file systems have in their root for themselves: empty, it says nothing.
pub(crate) const LOST_AND_FOUND: &[u8] = b"lost+found";

/// A name that could not be looked at, or cannot be loaded whatever becomes of the rest. Data, not an error: it
/// becomes a line of the report.
#[derive(Debug)]
pub struct BadEntry {
    /// Which name; the folder's own where the folder cannot be listed.
    pub path: EntryPath,
    /// Its size in bytes, if it is a file.
    pub bytes: u64,
    /// Why.
    pub why: Unloadable,
    /// The system's error, where that is the reason: it may be the device's fault and not the name's.
    pub error: Option<io::Error>,
}

impl BadEntry {
    /// A name of `bytes` that the system does not give.
    #[must_use]
    pub fn unreadable(path: EntryPath, bytes: u64, error: io::Error) -> Self {
        Self {
            path,
            bytes,
            why: unloadable(&error),
            error: Some(error),
        }
    }

    /// A name of `bytes` that is what it is, whatever is asked of the device.
    #[must_use]
    pub fn unloadable(path: EntryPath, bytes: u64, why: Unloadable) -> Self {
        Self {
            path,
            bytes,
            why,
            error: None,
        }
    }
}

/// What an error of a mounted file system says of the name it is about.
#[must_use]
pub fn unloadable(error: &io::Error) -> Unloadable {
    use rustix::io::Errno;
    match Errno::from_io_error(error) {
        // An encrypted file whose key is not in this kernel's keyring (Documentation/filesystems/fscrypt.rst).
        Some(Errno::NOKEY) => Unloadable::Encrypted("by its file system".to_owned()),
        // `EFSCORRUPTED` and `EFSBADCRC`, as ext4 and XFS have them.
        Some(Errno::UCLEAN | Errno::BADMSG) => Unloadable::Damaged(Damage::Told(error.to_string())),
        _ => Unloadable::Unreadable(error.to_string()),
    }
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
pub type Walked = Result<Entry, BadEntry>;

/// What a walk hands out, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Entries, those that cannot be loaded too.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Totals {
    /// Counts one that was handed out.
    pub fn add(&mut self, walked: &Walked) {
        self.entries += 1;
        let bytes = walked.as_ref().map_or_else(|bad| bad.bytes, Entry::bytes);
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// A device's content.
///
/// # Contract
/// A tree is read-only and nothing in it is followed: no symbolic link, no `..`. The same device
/// gives the same entries in the same order as long as it is not written to. [`suite::run`] holds all of it.
pub trait Tree: Send + Sync {
    /// Hands every entry but folders that hold something to `visit`, in an order of the tree's own choice (that of
    /// the names, or that in which the files lie), until it says stop. Memory does not grow with the number of
    /// entries. What cannot be looked at or loaded is handed out as a [`BadEntry`]; it never ends the walk.
    ///
    /// # Errors
    /// [`DeviceGone`] if the device as a whole does not answer.
    fn walk(&self, visit: &mut dyn FnMut(Walked) -> ControlFlow<()>) -> Result<(), DeviceGone>;

    /// The entry that a walk hands out for `path`, found without one; `None` if nothing has the path.
    ///
    /// # Errors
    /// The system's error; [`io::ErrorKind::IsADirectory`] for a folder that holds something, which is no entry.
    fn find(&self, path: &EntryPath) -> io::Result<Option<Entry>>;

    /// Opens the regular file of an entry that this tree gave.
    ///
    /// # Errors
    /// The system's error; [`io::ErrorKind::InvalidInput`] if it is no regular file, or not any more;
    /// [`io::ErrorKind::NotFound`] if nothing has its path any more.
    fn open(&self, entry: &Entry) -> io::Result<Box<dyn Content>>;

    /// How much a walk will hand out, where that is known without one: of a tree that keeps a catalogue.
    fn totals(&self) -> Option<Totals>;

    /// Whether the device still answers, asked after an error to tell a bad file from a bad
    /// device. What this host has in memory of it does not count.
    ///
    /// # Errors
    /// [`DeviceGone`] if it does not.
    fn check(&self) -> Result<Health, DeviceGone>;

    /// Whether reading in two places at once costs time, as on a disk that rotates.
    fn is_rotational(&self) -> bool;

    /// How many entries it is to be told of by [`Tree::expect`] before the first of them is read, at most: those that it
    /// can read together in the order in which they lie. 0 of a tree that reads what it is asked for.
    fn reads_ahead(&self) -> usize {
        0
    }

    /// Says that an entry that this tree gave will be opened and read from its beginning to its end, and in which
    /// order: behind those that were expected before. Whoever expects an entry keeps the answer until it was read, or
    /// is not to be read any more; what was read ahead for it goes with it.
    fn expect(&self, _entry: &Entry) -> Option<Expected> {
        None
    }

    /// Reads again, in the places that could not be read and may be with patience, until they gave their bytes, or were given
    /// up, or `is_stopped` says so. Whatever [`Content::may_come`] was true of before it is either to be read afterwards, or
    /// it is not any more.
    ///
    /// # Errors
    /// [`DeviceGone`] if the device as a whole does not answer.
    fn retry(&self, _is_stopped: &dyn Fn() -> bool) -> Result<(), DeviceGone> {
        Ok(())
    }

    /// Which places of the device were read and which were not, as GNU ddrescue writes it; `None` where all that was
    /// asked for was read, or nobody knows.
    fn map(&self) -> Option<String> {
        None
    }
}

/// What a tree holds for an entry that is expected; it is let go with this.
pub type Expected = Box<dyn Send + Sync>;

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

    /// Where on the device its bytes lie; `None` where a tree does not know, and it is read in its own order.
    fn layout(&self) -> Option<&Layout>;

    /// Reads at `offset`, at most `buffer.len()` bytes; 0 only at the end, or for an empty buffer.
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

    /// Whether bytes that cannot be read now may still be read after [`Tree::retry`].
    fn may_come(&self) -> bool {
        false
    }

    /// The ranges that were given up: they cannot be read, and reading them fails. In order, apart from each other, in
    /// bytes of the file.
    fn missing(&self) -> Vec<Range<u64>> {
        Vec::new()
    }
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
    fault::is_of_device(error) || error.kind() == io::ErrorKind::ReadOnlyFilesystem
}
