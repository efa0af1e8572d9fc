//! Why a device was not erased.

use std::io;
use std::path::PathBuf;

use bay::erase::{EraseError, JournalError, NotOffered, TargetError};
use disks::facts::FactsError;
use model::disposal::messages::EraseRefusal;
use model::erasure::{ErasureMethod, Technique};
use model::ids::JobId;
use transfer::stop::Halt;

use crate::control::ControlError;
use crate::dock::DockError;

/// Why a device was not erased. Where it was begun, its journal is here and it can be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum NotErased {
    /// Something that is seen of the device itself.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Nothing is known of it.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// Its job is worked on, or this station's folder cannot be used.
    #[error(transparent)]
    Job(#[from] DockError),
    /// The station's folder cannot be used.
    #[error("could not make `{path}`")]
    Folder {
        /// Which.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The server could not be asked or told.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The server does not let it.
    #[error("the device of job {job} may not be erased: {}", list(.refusals))]
    Refused {
        /// Whose it is.
        job: JobId,
        /// Everything that stands against it.
        refusals: Vec<EraseRefusal>,
    },
    /// The server answered something else than it was asked.
    #[error("the server did not say whether the device may be erased")]
    Unclear,
    /// It is not the device that was loaded.
    #[error("it is not the device that was loaded: {what}")]
    Other {
        /// What is another.
        what: String,
    },
    /// What is wanted, the device does not offer.
    #[error(transparent)]
    NotOffered(#[from] NotOffered),
    /// It would do less than is asked for.
    #[error("`{technique}` is not enough: the job asks for {at_least}")]
    TooLittle {
        /// How it would have been erased.
        technique: Technique,
        /// What is asked for.
        at_least: ErasureMethod,
    },
    /// There is nothing by which a key could be made.
    #[error("no bytes could be drawn by chance")]
    Chance(#[source] io::Error),
    /// The right to erase was taken back.
    #[error("the erasing of the device of job {job} was stopped")]
    Stopped {
        /// Whose it is.
        job: JobId,
        /// Why.
        why: Halt,
    },
    /// It could not be gone on with.
    #[error(transparent)]
    Erase(#[from] EraseError),
    /// Its journal cannot be kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// What lets a station erase whose unit keeps it from writing.
const LET_IT_WRITE: &str = "the unit of a station only reads devices: `longshore setup station --erase`, and a restart of it, \
     let it erase; or erase the device by hand, as root";

impl NotErased {
    /// What mends it, where that is no matter of the device but of who may write to it.
    #[must_use]
    pub fn of_rights(&self) -> Option<&'static str> {
        let rights = matches!(
            self,
            Self::Target(TargetError::MayNotWrite { .. } | TargetError::NoRight { .. })
        );
        rights.then_some(LET_IT_WRITE)
    }
}

fn list(refusals: &[EraseRefusal]) -> String {
    let told = refusals.iter().map(|it| it.message.as_str());
    told.collect::<Vec<_>>().join(" ")
}
