//! Why a name on a device cannot be loaded, as far as the device itself is the reason.

use crate::limits;

/// Why a name cannot be loaded. What it says stands in the report; [`crate::outcome::Failure::unloadable`] gives
/// each its status and code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unloadable {
    /// It cannot be looked at, listed or read; the system's words.
    #[error("{0}")]
    Unreadable(String),
    /// Its file system has encrypted it, and there is no key; by which means.
    #[error("the file is encrypted ({0}), and no key came with the device")]
    Encrypted(String),
    /// Its content is not on the device but in the cloud: what is there is a placeholder.
    #[error(
        "the file is a placeholder: its content is in a cloud drive and was never on this device"
    )]
    CloudPlaceholder,
    /// Its content lies in a store of deduplicated chunks that only its own system reads.
    #[error("the file is deduplicated: its content can be read by the system that wrote it only")]
    Deduplicated,
    /// It uses something that nothing here can read; what it is called.
    #[error("the file uses {0}, which cannot be read here")]
    UnknownFeature(String),
    /// What describes it contradicts itself.
    #[error("{0}: the file system is damaged")]
    Damaged(Damage),
    /// It is a whole volume, of a kind that is not read; what it is, and what can be done.
    #[error("{0}")]
    Volume(String),
    /// Folders within folders without end.
    #[error("folders are nested deeper than {}", limits::TREE_DEPTH)]
    TooDeep,
    /// What is mounted over it is of another device.
    #[error("another file system is mounted here, which is not of this device")]
    OtherMount,
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
        limits::HOLES_TIMES
    )]
    TooManyHoles {
        /// What it claims.
        bytes: u64,
        /// What the file system holds.
        capacity: u64,
    },
}

/// What is wrong with the file system at a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// A folder that has other names above: walking it again would not end.
    #[error("the folder was met before under another name")]
    MetBefore,
    /// More folders than the file system has room for.
    #[error("the file system has more folders than there is room for on it")]
    TooManyFolders,
    /// The folder in which it lies is not there.
    #[error("the folder in which it lies is not there, or lies in itself")]
    Lost,
    /// A name that a folder has twice: the other file has it.
    #[error("the folder has this name twice, and another file was loaded by it")]
    NamedTwice,
    /// A name that no folder can hold.
    #[error("the folder has an entry of this name")]
    ImpossibleName,
    /// What whoever reads the file system says of it.
    #[error("{0}")]
    Told(String),
}
