//! $Volume: label, version, and whether it was ejected cleanly.
//!
//! Source: libyal libfsntfs, *Volume information*.

use super::attribute::{VOLUME_INFORMATION, VOLUME_NAME};
use super::names::wtf8;
use super::node::Node;
use super::stream::{DataStream, Held};
use crate::fields::le16;
use crate::reader::Refusal;

/// The record of $Volume.
pub(super) const VOLUME: u64 = 3;
const DIRTY: u16 = 1;

/// What $Volume says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct VolumeState {
    /// The label, as WTF-8.
    pub(super) label: Option<Vec<u8>>,
    /// Whether it was not ejected cleanly.
    pub(super) is_dirty: bool,
    /// Whether version and state are not known.
    pub(super) is_unknown: bool,
}

impl VolumeState {
    /// Of a volume whose $Volume cannot be had.
    pub(super) fn unknown() -> Self {
        Self {
            is_unknown: true,
            ..Self::default()
        }
    }

    /// Reads $Volume.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unsupported`] for a version of NTFS that is not known: 1.2, 3.0 and 3.1 are.
    pub(super) fn of(node: &Node) -> Result<Self, Refusal> {
        let label = resident(node, VOLUME_NAME).map(wtf8);
        let label = label.filter(|label| !label.is_empty());
        let Some((version, flags)) = resident(node, VOLUME_INFORMATION).and_then(information)
        else {
            return Ok(Self {
                label,
                ..Self::unknown()
            });
        };
        if !matches!(version, [1, 2] | [3, 0 | 1]) {
            let [major, minor] = version;
            return Err(Refusal::Unsupported(format!("NTFS {major}.{minor}")));
        }
        Ok(Self {
            label,
            is_dirty: flags & DIRTY != 0,
            is_unknown: false,
        })
    }
}

fn resident(node: &Node, kind: u32) -> Option<&[u8]> {
    match node.stream(kind, b"") {
        Some(DataStream {
            held: Held::Resident(bytes),
            ..
        }) => Some(bytes),
        _ => None,
    }
}

/// Version and flags.
fn information(value: &[u8]) -> Option<([u8; 2], u16)> {
    let version = value.get(8..)?.first_chunk()?;
    Some((*version, le16(value, 10)?))
}
