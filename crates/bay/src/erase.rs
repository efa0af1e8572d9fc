//! Erases a device: by what it can do itself, or by writing over it; then reads it, and says what was done.
//!
//! Whether a device may be erased is decided elsewhere. Whatever was decided, nothing is written before the device that is
//! open was seen to be the one that was meant, whole, unused and alone ([`Target::open`]), and that is seen again at every
//! new beginning. What was interrupted goes on from its [`Journal`].
//!
//! | file | what |
//! | --- | --- |
//! | `target.rs` | the device or image that is open to be erased, and what must hold of it |
//! | `surface.rs` | what is written over and read: blocks at places |
//! | `journal.rs` | how far it is, on the station's own disk |
//! | `course.rs` | from the first write to the account |
//! | `writing.rs`, `reading.rs`, `stream.rs`, `places.rs` | one pass; what is read of it; what is written; where samples lie |
//! | `ability.rs`, `drive.rs` | what a device says that it can do, and by which programs it is asked |
//! | `choice.rs`, `hardware.rs` | which technique it is, and how a device is let erase itself |

mod ability;
mod ahead;
mod choice;
mod course;
mod drive;
mod hardware;
mod journal;
mod journal_file;
mod limits;
mod places;
mod progress;
mod reading;
mod stream;
mod surface;
mod target;
mod writing;

pub use ability::{Abilities, Hidden};
pub use choice::{Chosen, NotOffered, choose};
pub use course::{Erasing, Means, erase};
pub use drive::{Drive, Program, Said, SystemTools};
pub use hardware::{HardwareError, commands};
pub use journal::{Beginning, Journal, JournalError};
pub use progress::{Doing, ErasingProgress, Figures};
pub use stream::Key;
pub use surface::Surface;
pub use target::{Target, TargetError};

use std::io;

use disks::fault::Fault;

/// Why erasing has stopped before its end. It can be gone on with: nothing is said of the device.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// Somebody stopped it.
    #[error("the erasing was stopped")]
    Interrupted,
    /// It is not the device that it was begun on: nothing was written to it.
    #[error("it is not the device on which the erasing was begun: {what}")]
    Changed {
        /// What is not as it was.
        what: String,
    },
    /// The device went away, or does not answer.
    #[error("the device is gone")]
    Gone {
        /// How that was seen.
        source: Fault,
    },
    /// This host is short of something.
    #[error("this host could not go on")]
    Host {
        /// Of what.
        source: io::Error,
    },
    /// The journal cannot be kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

#[cfg(test)]
mod fakes;
#[cfg(test)]
mod tests;
