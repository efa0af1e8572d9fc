//! A disk that a station sees and leaves alone: it is no bay, nothing can be ordered of it, and a person is told why.

use serde::{Deserialize, Serialize};

use crate::ids::PortId;
use crate::readable;

/// Most disks that a station tells of: more than a host has beside its bays, in a tenth of a heartbeat if they are called as usual.
pub const OTHER_DISKS: usize = 24;

/// Most characters of why, and of what mends it.
const WHY_CHARS: usize = 200;

/// Most characters of what a disk is called.
const MEDIUM_CHARS: usize = 40;

/// A disk that is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherDisk {
    /// What the kernel calls it.
    pub medium: String,
    /// Where it is plugged in.
    pub port: PortId,
    /// Its size in bytes.
    pub bytes: u64,
    /// Why it is left alone, in one sentence.
    pub why: String,
    /// What a person can do so that it is not, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl OtherDisk {
    /// The same in words that fit on a screen, whatever is mounted where.
    #[must_use]
    pub fn tidied(self) -> Self {
        Self {
            medium: readable::name(&self.medium, MEDIUM_CHARS),
            why: readable::name(&self.why, WHY_CHARS),
            remedy: self.remedy.map(|text| readable::name(&text, WHY_CHARS)),
            ..self
        }
    }
}
