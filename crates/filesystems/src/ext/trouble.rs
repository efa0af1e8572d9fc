//! What may go wrong below a file: with it alone, or with the volume.

use crate::blocks::Fault;
use crate::reader::Refusal;
use crate::told::Unloadable;

/// Why something of the metadata is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It is damaged or cannot be read: so is what hangs on it, and nothing else.
    Damaged(String),
    /// It uses what is not known here: what hangs on it cannot be told.
    Unknown(String),
    /// Nothing more can be read of the whole volume.
    Whole(Refusal),
}

impl Trouble {
    pub(super) fn damaged(why: impl Into<String>) -> Self {
        Self::Damaged(why.into())
    }

    /// Of a fault in reading `what`.
    pub(super) fn of(fault: Fault, what: &str) -> Self {
        match fault {
            Fault::Bad => Self::Damaged(format!("{what} cannot be read")),
            Fault::Ended => Self::Whole(Refusal::Ended),
        }
    }

    /// Why a file cannot be loaded.
    ///
    /// # Errors
    ///
    /// If the trouble is that of the whole volume.
    pub(super) fn of_file(self) -> Result<Unloadable, Refusal> {
        match self {
            Self::Damaged(why) => Ok(Unloadable::Damaged(why)),
            Self::Unknown(what) => Ok(Unloadable::UnknownFeature(what)),
            Self::Whole(refusal) => Err(refusal),
        }
    }

    /// The words for it.
    ///
    /// # Errors
    ///
    /// If the trouble is that of the whole volume.
    pub(super) fn words(self) -> Result<String, Refusal> {
        match self {
            Self::Damaged(why) | Self::Unknown(why) => Ok(why),
            Self::Whole(refusal) => Err(refusal),
        }
    }

    /// The refusal of a volume that cannot be read without it.
    pub(super) fn refusal(self) -> Refusal {
        match self {
            Self::Damaged(why) => Refusal::Damaged(why),
            Self::Unknown(what) => Refusal::Unsupported(what),
            Self::Whole(refusal) => refusal,
        }
    }
}
