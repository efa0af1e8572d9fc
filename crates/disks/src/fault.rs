//! What an error of a device means: the one place where its number is judged.
//!
//! A block device has nine errors for what cannot be read, most of them not `EIO` (`blk_errors` in the kernel's
//! block/blk-core.c); a device that was pulled may give none at all, and no bytes.

use std::io;

use rustix::io::Errno;

/// A read of a device that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The place cannot be read; others may.
    #[error("the device cannot read this place: {0}")]
    Bad(Errno),
    /// No answer in time, or none on the way: the same place may answer later.
    #[error("the device did not answer in time: {0}")]
    Slow(Errno),
    /// The device is not there any more.
    #[error("the device is gone: {0}")]
    Gone(Errno),
    /// This host is short of something, or was disturbed: nothing is said of the device.
    #[error("this host could not read: {0}")]
    Host(Errno),
}

impl Fault {
    /// The fault that an error's number stands for.
    #[must_use]
    pub fn of(errno: Errno) -> Self {
        match errno {
            Errno::NODEV
            | Errno::NXIO
            | Errno::NOMEDIUM
            | Errno::SHUTDOWN
            // A file system in user space whose program is gone.
            | Errno::NOTCONN
            | Errno::STALE => Self::Gone(errno),
            // The disk or its bridge hangs; the cable, or the path to it.
            Errno::TIMEDOUT | Errno::TIME | Errno::NOLINK | Errno::BADE => Self::Slow(errno),
            Errno::NOMEM | Errno::MFILE | Errno::NFILE | Errno::AGAIN | Errno::INTR => {
                Self::Host(errno)
            }
            // ENODATA (medium), EIO, EREMOTEIO, EILSEQ, and whatever else: the place is bad until more is known.
            _ => Self::Bad(errno),
        }
    }

    /// The fault that an error stands for; one without a number of the system's is of a place.
    #[must_use]
    pub fn of_error(error: &io::Error) -> Self {
        Self::of(Errno::from_io_error(error).unwrap_or(Errno::IO))
    }

    /// The number.
    #[must_use]
    pub fn errno(self) -> Errno {
        let (Self::Bad(errno) | Self::Slow(errno) | Self::Gone(errno) | Self::Host(errno)) = self;
        errno
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::of_error(&error)
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        fault.errno().into()
    }
}

/// Whether an error says that there is no device any more.
#[must_use]
pub fn is_of_device(error: &io::Error) -> bool {
    matches!(Fault::of_error(error), Fault::Gone(_))
}

/// Whether an error is a living disk's word that this sector of it is bad.
#[must_use]
pub fn is_of_sector(error: &io::Error) -> bool {
    let of_sector = [Errno::NODATA, Errno::ILSEQ];
    Errno::from_io_error(error).is_some_and(|errno| of_sector.contains(&errno))
}

/// Whether an error says that this host ran out of something, not that the device is bad.
#[must_use]
pub fn is_starved(error: &io::Error) -> bool {
    let starved = [Errno::MFILE, Errno::NFILE, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| starved.contains(&errno))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_a_block_device_has_its_class() {
        for errno in [Errno::NODATA, Errno::IO, Errno::REMOTEIO, Errno::ILSEQ] {
            assert_eq!(Fault::of(errno), Fault::Bad(errno));
        }
        for errno in [Errno::TIMEDOUT, Errno::TIME, Errno::NOLINK, Errno::BADE] {
            assert_eq!(Fault::of(errno), Fault::Slow(errno));
        }
        for errno in [Errno::NODEV, Errno::NXIO, Errno::NOMEDIUM] {
            assert_eq!(Fault::of(errno), Fault::Gone(errno));
            assert!(is_of_device(&errno.into()));
        }
        for errno in [Errno::NOMEM, Errno::AGAIN, Errno::INTR] {
            assert_eq!(Fault::of(errno), Fault::Host(errno));
        }
    }

    #[test]
    fn an_error_keeps_its_number_on_the_way() {
        let error = io::Error::from(Fault::of(Errno::TIMEDOUT));
        assert_eq!(Fault::from(error), Fault::Slow(Errno::TIMEDOUT));
        let unnumbered = io::Error::other("bad");
        assert_eq!(Fault::from(unnumbered), Fault::Bad(Errno::IO));
    }
}
