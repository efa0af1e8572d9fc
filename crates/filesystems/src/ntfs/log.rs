//! $LogFile: whether the volume was ejected cleanly. What it holds is not replayed.
//!
//! Source: libyal libfsntfs, *Transaction journal*; the flag is `RESTART_VOLUME_IS_CLEAN`. A log of nothing but `FF`
//! was emptied, and is clean.

use super::attribute::DATA;
use super::boot::NtfsGeometry;
use super::bytes::place_at;
use super::node::Node;
use super::source::{Metered, Stop};
use crate::fields::{le16, le64};
use crate::reader::Refusal;

/// The record of $LogFile.
pub(super) const LOG: u64 = 2;
/// The bytes of a restart page; there are two, of which the one written last counts.
const PAGE: usize = 4096;
/// No part of Windows uses the log.
const NOBODY: u16 = 0xFFFF;
const CLEAN: u16 = 2;

/// Whether the log says that something was under way. `false` as well if it cannot be read.
///
/// # Errors
///
/// What concerns the volume.
pub(super) fn is_unclean(
    source: &mut Metered<'_>,
    geometry: &NtfsGeometry,
    node: &Node,
) -> Result<bool, Refusal> {
    let Some(log) = node.stream(DATA, b"") else {
        return Ok(false);
    };
    let mut pages = [0; 2 * PAGE];
    match log.read(source, geometry, 0, &mut pages) {
        Ok(()) => Ok(newest(&pages).is_some_and(|state| !state.is_clean)),
        Err(Stop::File(_)) => Ok(false),
        Err(Stop::Volume(refusal)) => Err(refusal),
    }
}

/// What a restart page says.
struct LogState {
    /// When it was written, as a place in the log that only grows.
    written: u64,
    is_clean: bool,
}

fn newest(pages: &[u8]) -> Option<LogState> {
    let states = pages.chunks(PAGE).filter_map(state);
    states.max_by_key(|state| state.written)
}

fn state(page: &[u8]) -> Option<LogState> {
    if page.get(..4)? != b"RSTR" {
        return None;
    }
    let area = page.get(place_at(page, 24)?..)?;
    let is_clean = le16(area, 12)? == NOBODY || le16(area, 14)? & CLEAN != 0;
    Some(LogState {
        written: le64(area, 0)?,
        is_clean,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(written: u8, user: u16, flags: u8) -> Vec<u8> {
        let mut page = vec![0; PAGE];
        page[..4].copy_from_slice(b"RSTR");
        page[24] = 48;
        page[48] = written;
        page[60..62].copy_from_slice(&user.to_le_bytes());
        page[62] = flags;
        page
    }

    #[test]
    fn the_page_that_was_written_last_counts() {
        let is_clean = |one: Vec<u8>, other: Vec<u8>| {
            newest(&[one, other].concat()).map(|state| state.is_clean)
        };
        assert_eq!(is_clean(page(1, 0, 2), page(2, 0, 0)), Some(false));
        assert_eq!(is_clean(page(2, 0, 2), page(1, 0, 0)), Some(true));
        assert_eq!(is_clean(page(2, NOBODY, 0), page(1, 0, 0)), Some(true));
        assert_eq!(is_clean(vec![0xFF; PAGE], vec![0xFF; PAGE]), None);
    }
}
