//! What is plugged in at the moment, and when to look again.
//!
//! A [`Watch`] tells all that is there, whatever was told before: who asks compares. It decides nothing about a medium but
//! whether it must be left alone, and opens none.

mod host;
mod inbox;
mod kept;
mod measure;
mod overseen;
mod teaching;
mod uevents;
mod unusable;
mod wanted;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use disks::facts::Use;
use transfer::stop::Stop;

use crate::port::PortId;

pub use host::{HostWatch, STILL_FOR, Watched};
pub use teaching::Teaching;
pub use unusable::UnusableFolder;
pub use wanted::{Others, WantedPorts};

/// A disk, card, image or folder that is plugged in or laid down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Medium {
    /// What the kernel calls it, `sdb`; of what lies in an inbox its file name, and not fit for a terminal as it is.
    pub name: String,
    /// What is docked: the block device, the image or the folder.
    pub path: PathBuf,
    /// Where it is plugged in or laid down.
    pub port: PortId,
    /// The kernel's number of the medium, never given twice while the host is up; none of what lies in an inbox and on
    /// kernels before 5.15.
    pub diskseq: Option<u64>,
    /// Which file or folder it is; only of what lies in an inbox.
    pub laid: Option<Laid>,
    /// Its size; 0 of a folder.
    pub bytes: u64,
    /// Whether it can be taken out or unplugged, as far as the kernel knows.
    pub is_removable: bool,
    /// Why it is none of ours, if so.
    pub left_alone: Option<LeftAlone>,
}

/// Which file or folder lies in an inbox. An image that was written to since is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Laid {
    /// The number of the device it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// When it was last written to, in seconds and nanoseconds of Unix time; 0 of a folder, whose files are not looked
    /// at once it is complete.
    pub modified: (i64, i64),
}

/// Which medium it is, as long as it is plugged in: a name that is given again is another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediumId {
    name: String,
    diskseq: Option<u64>,
    laid: Option<Laid>,
}

/// Why a medium is neither shown as a bay nor ever opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeftAlone {
    /// Something has it: the system, a mount, swap, an array, a virtual machine.
    #[error("{0}")]
    Used(Use),
    /// The kernel hides it, or lets nobody read it.
    #[error("the kernel hides it")]
    Hidden,
    /// It is made of other devices or of memory.
    #[error("it is no device of its own: it is made of others, or of memory")]
    Made,
    /// A loop device whose image lies in no folder that is a bay.
    #[error("its image lies in no folder that is a bay")]
    OtherImage,
    /// It was there when the station started, and its port is no bay.
    #[error("it was there when the station started, and its port is no bay")]
    ThereBefore,
    /// Its port is no bay.
    #[error("its port is no bay")]
    NoBay,
    /// It cannot be found out what it is used for.
    #[error("it cannot be found out what it is used for: {0}")]
    NotKnown(String),
}

/// What is to be known of a port at which nothing is that could be docked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortNote {
    /// Something is laid down there, and not complete yet.
    Arriving {
        /// Its name, not fit for a terminal as it is.
        name: String,
        /// How long it has to stand still.
        still_for: Duration,
    },
    /// Nothing can be laid down there.
    Unusable(UnusableFolder),
}

impl Medium {
    /// Which medium it is.
    #[must_use]
    pub fn id(&self) -> MediumId {
        MediumId {
            name: self.name.clone(),
            diskseq: self.diskseq,
            laid: self.laid,
        }
    }

    /// A number by which it is told from the next one in the same bay; the same for every process while it is there.
    #[must_use]
    pub fn stay(&self) -> u32 {
        let mut hasher = DefaultHasher::new();
        (self.id(), self.bytes).hash(&mut hasher);
        // As much of it as is enough for two.
        (hasher.finish() >> 32) as u32
    }
}

/// What watches for media.
///
/// # Contract
/// A scan tells what is there now, each medium once, whether or not any event came. What was not told in one scan and is
/// told in the next was plugged in between. Nothing is opened that is left alone.
pub trait Watch: Send {
    /// What is plugged in at the moment.
    ///
    /// # Errors
    /// The system's error: nothing is known then, and what was there may still be.
    fn scan(&mut self) -> io::Result<Vec<Medium>>;

    /// What the last scan has seen at ports at which nothing is that could be docked.
    fn notes(&self) -> BTreeMap<PortId, PortNote> {
        BTreeMap::new()
    }

    /// Returns when something may have changed, after `timeout`, or soon after `stop` is set.
    fn wait(&mut self, timeout: Duration, stop: &Stop);
}
