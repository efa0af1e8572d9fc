//! What every reader of a file system can do.

use std::ops::ControlFlow;

use thiserror::Error;

use crate::blocks::{Blocks, Fault};
use crate::limits::Limits;
use crate::told::{Facts, Summary, Told};

/// A file system that was opened. It is read once, in the order of its metadata.
pub trait Reader {
    /// What it says of itself.
    fn facts(&self) -> Facts;

    /// Tells everything that it holds, deleted files and its own files left out. `tell` may end it.
    ///
    /// # Errors
    ///
    /// What concerns the whole volume; what concerns a file or a folder is told.
    fn catalogue(
        &mut self,
        blocks: &mut dyn Blocks,
        tell: &mut dyn FnMut(Told) -> ControlFlow<()>,
    ) -> Result<Summary, Refusal>;
}

/// What a reader is told by whoever asks.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Minutes east of UTC of the clock by which a file system that keeps local time was written.
    pub zone_minutes: i16,
    /// How short names of FAT are encoded.
    pub code_page: CodePage,
    /// What may be used.
    pub limits: Limits,
}

/// The encoding of short names of FAT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CodePage {
    /// United States.
    #[default]
    Cp437,
    /// Western Europe.
    Cp850,
    /// Central Europe.
    Cp852,
    /// Cyrillic.
    Cp866,
    /// Japanese.
    Cp932,
}

/// Why a volume is not read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It is no file system of this kind.
    #[error("it holds no file system of this kind")]
    Other,
    /// It is something else, or nothing that is known: a fragment that goes on from "the volume …", of what was found and
    /// what the customer can do.
    #[error("the volume {0}")]
    Foreign(String),
    /// It is one, and its metadata is damaged or cannot be read.
    #[error("its metadata is damaged: {0}")]
    Damaged(String),
    /// It is one, with something that no reader here knows.
    #[error("it uses what is not known here: {0}")]
    Unsupported(String),
    /// It would take more than a limit allows.
    #[error("it goes beyond a limit: {0}")]
    Limit(String),
    /// The device answers no more, or whoever asked has stopped: nothing is known to be wrong with the volume.
    #[error("the device answers no more")]
    Ended,
}

impl Refusal {
    /// Of a fault in metadata without which nothing can be told; `what` was to be read.
    #[must_use]
    pub fn of(fault: Fault, what: &str) -> Self {
        match fault {
            Fault::Bad => Self::Damaged(format!("{what} cannot be read")),
            Fault::Ended => Self::Ended,
        }
    }
}
