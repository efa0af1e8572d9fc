//! A device that is written to.
//!
//! Today a mounted folder ([`folder::Folder`]); tests use [`memory::Memory`], which can lose what was
//! not synced.
//!
//! A file is written beside its place under a name of the job's, and gets its own only when all of it
//! is on the device and was read back. So whatever has its name is whole.

pub mod folder;
pub mod mark;
pub mod memory;

use std::io;

use time::OffsetDateTime;

use disks::tree::{DeviceGone, Health};

/// A device that is written to.
///
/// # Contract
/// Paths are relative to the device's root, their parts joined by `/`; none of them leaves the
/// device, and no symbolic link is followed. What was done is durable once a later
/// [`Target::sync`] has returned. Calls may come from any number of threads.
pub trait Target: Send + Sync {
    /// Opens the file `number`, staged beside `path`, for writing; makes it, and the folders above
    /// it, if there is none. What an earlier attempt has written of it stays.
    ///
    /// # Errors
    /// The system's error; `NotADirectory` if something else is in the way.
    fn stage(&self, number: u64, path: &str) -> io::Result<Box<dyn Staged>>;

    /// Fills `buffer` with what the device itself holds of the start of a staged file, not what
    /// memory has of it; says how many bytes came. Only after a sync.
    ///
    /// # Errors
    /// The system's error.
    fn read_back(&self, number: u64, path: &str, buffer: &mut [u8]) -> io::Result<usize>;

    /// Whether the device itself, not what memory has of it, gives the first byte of the file at `path`.
    ///
    /// # Errors
    /// The system's error.
    fn read_afresh(&self, path: &str) -> io::Result<bool>;

    /// Removes a staged file, if there is one.
    ///
    /// # Errors
    /// The system's error.
    fn discard(&self, number: u64, path: &str) -> io::Result<()>;

    /// Gives the staged file `number` its name.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if something is there and `existing` says to keep it; the
    /// system's error.
    fn publish(&self, number: u64, path: &str, existing: Occupied) -> io::Result<()>;

    /// Whether the file at `path` has the very bytes of the staged file `number`.
    ///
    /// # Errors
    /// The system's error.
    fn is_same(&self, number: u64, path: &str) -> io::Result<bool>;

    /// Makes the folder `path` and those above it.
    ///
    /// # Errors
    /// The system's error; `NotADirectory` or `AlreadyExists` if something else is in the way.
    fn make_folder(&self, path: &str) -> io::Result<()>;

    /// The bytes of the regular file at `path`; `None` if there is none.
    ///
    /// # Errors
    /// The system's error.
    fn size(&self, path: &str) -> io::Result<Option<u64>>;

    /// Removes the file at `path`, if there is one.
    ///
    /// # Errors
    /// The system's error.
    fn remove(&self, path: &str) -> io::Result<()>;

    /// Makes everything durable that was written or named so far.
    ///
    /// # Errors
    /// The system's error; nothing is known then of what was not synced before.
    fn sync(&self) -> io::Result<()>;

    /// Whether the device still answers; what this host has in memory of it does not count.
    ///
    /// # Errors
    /// [`DeviceGone`] if it does not.
    fn check(&self) -> Result<Health, DeviceGone>;

    /// Whether writing in two places at once costs time, as on a disk that rotates.
    fn is_rotational(&self) -> bool;
}

/// What becomes of a file that is in the place of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occupied {
    /// It stays: it may be somebody's.
    Keep,
    /// It goes: this job put it there.
    Replace,
}

/// A file while it is written.
pub trait Staged: Send + Sync {
    /// The bytes it has.
    ///
    /// # Errors
    /// The system's error.
    fn bytes(&self) -> io::Result<u64>;

    /// Makes room for so many bytes in one stretch, if that can be done, and cuts it to no more.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`]; the system's error.
    fn reserve(&self, bytes: u64) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`]; the system's error. Any part may have been written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Gives it the time at which its content was last changed, if the file system keeps such.
    fn date(&self, modified: OffsetDateTime);

    /// Says that all of it is written, so that the next [`Target::sync`] makes it durable.
    ///
    /// # Errors
    /// The system's error.
    fn is_written(&self) -> io::Result<()>;

    /// Makes its bytes durable.
    ///
    /// # Errors
    /// The system's error.
    fn sync(&self) -> io::Result<()>;

    /// Fills `buffer` with what the device itself holds at `offset`, as [`Target::read_back`].
    ///
    /// # Errors
    /// The system's error.
    fn read_back(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}
