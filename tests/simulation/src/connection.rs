//! The line between a device and the process that has it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::io::Errno;

use crate::attempt::Attempt;

/// A device that is connected for one attempt.
pub struct Connection {
    /// The attempt.
    pub attempt: Arc<Attempt>,
    accesses: AtomicU64,
    is_dead: AtomicBool,
}

impl Connection {
    /// The device of an attempt.
    #[must_use]
    pub fn new(attempt: Arc<Attempt>) -> Self {
        Self {
            attempt,
            accesses: AtomicU64::new(0),
            is_dead: AtomicBool::new(false),
        }
    }

    /// One access, at which the device may be pulled.
    ///
    /// # Errors
    /// `ENODEV` if it is gone, or the process is.
    pub fn access(&self) -> io::Result<()> {
        let access = self.accesses.fetch_add(1, Ordering::SeqCst);
        let alive = self.attempt.step("an access to the device");
        if self.attempt.trouble.pull == Some(access) {
            self.attempt.note("the device is pulled");
            self.attempt.unplug();
        }
        if self.attempt.trouble.dies == Some(access) {
            self.attempt.note("the device dies where it is");
            self.is_dead.store(true, Ordering::SeqCst);
        }
        match alive {
            Ok(()) if !self.attempt.is_unplugged() => Ok(()),
            _ => Err(Errno::NODEV.into()),
        }
    }

    /// A read of the device itself, which one that has died does not give.
    ///
    /// # Errors
    /// `EIO` if it has died; as [`Connection::access`].
    pub fn read(&self) -> io::Result<()> {
        self.access()?;
        match self.is_dead.load(Ordering::SeqCst) {
            true => Err(Errno::IO.into()),
            false => Ok(()),
        }
    }
}
