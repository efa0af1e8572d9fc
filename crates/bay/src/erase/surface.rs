//! What is written over and read.

use std::io;

use disks::fault::Fault;

/// Blocks at places.
///
/// # Contract
/// Its size stays. What was written may be lost until `sync` has succeeded, then it stays. A read gives what the medium
/// has, and nothing that its host remembers. After an error nothing is known of the place.
pub trait Surface: Send + Sync {
    /// Its size in bytes.
    fn bytes(&self) -> u64;

    /// The size of its sectors in bytes: what can be written at its finest.
    fn sector(&self) -> u64;

    /// Writes all of `data` at `offset`.
    ///
    /// # Errors
    /// [`Fault`]; any part of it may have been written.
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), Fault>;

    /// Reads `buffer.len()` bytes at `offset`.
    ///
    /// # Errors
    /// [`Fault`].
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Fault>;

    /// Makes everything durable that was written.
    ///
    /// # Errors
    /// [`Fault`].
    fn sync(&self) -> Result<(), Fault>;

    /// Sees that it is what it was when it was opened, and answers.
    ///
    /// # Errors
    /// What is not as it was.
    fn check(&self) -> io::Result<()>;
}
