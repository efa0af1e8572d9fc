//! The bytes of a folder, entry by entry.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use crate::clusters::chain::Run;
use crate::clusters::heap::Heap;
use crate::clusters::item::{ENTRY, Entries, Found};
use crate::clusters::metadata::{Metadata, PIECE};
use crate::reader::Refusal;

/// Where runs are, of which at most `bytes` are of the folder: offset in the volume and length, in bytes.
pub(crate) fn pieces(heap: &Heap, runs: &[Run], bytes: Option<u64>) -> Vec<(u64, u64)> {
    let mut left = bytes.unwrap_or(u64::MAX);
    let mut pieces = Vec::new();
    for run in runs {
        let Some(place) = heap.place(run.first) else {
            break;
        };
        let length = (u64::from(run.count) * u64::from(heap.cluster)).min(left);
        left -= length;
        pieces.push((place, length));
    }
    pieces
}

/// A folder that is listed piece by piece, so that what it holds is never all in memory.
pub(crate) struct Listing {
    /// What is not read yet.
    pieces: VecDeque<(u64, u64)>,
    sector: usize,
    has_ended: bool,
}

impl Listing {
    /// Of a folder that lies in these pieces (offset and length in bytes).
    pub(crate) fn new(pieces: Vec<(u64, u64)>, sector: u32) -> Self {
        Self {
            pieces: pieces.into(),
            sector: usize::try_from(sector).unwrap_or(PIECE),
            has_ended: false,
        }
    }

    /// What the next piece holds, of at most 256 KiB; `None` once the folder has ended.
    ///
    /// # Errors
    ///
    /// If the device is gone, a limit is met, or what is found makes the whole volume unreadable.
    pub(crate) fn next(
        &mut self,
        metered: &mut Metadata,
        entries: &mut dyn Entries,
    ) -> Result<Option<Vec<Found>>, Refusal> {
        if self.has_ended {
            return Ok(None);
        }
        let mut found = Vec::new();
        let goes_on = match self.pieces.pop_front() {
            Some((place, length)) => {
                let wanted = usize::try_from(length).unwrap_or(PIECE).min(PIECE);
                if wanted as u64 != length {
                    let rest = (place + wanted as u64, length - wanted as u64);
                    self.pieces.push_front(rest);
                }
                self.read(metered, entries, (place, wanted), &mut found)?
            }
            None => ControlFlow::Break(()),
        };
        if goes_on.is_break() {
            self.has_ended = true;
            entries.interrupt(&mut found);
        }
        Ok(Some(found))
    }

    /// Reads a piece, by sectors where that fails.
    fn read(
        &self,
        metered: &mut Metadata,
        entries: &mut dyn Entries,
        (place, wanted): (u64, usize),
        found: &mut Vec<Found>,
    ) -> Result<ControlFlow<()>, Refusal> {
        let mut room = vec![0; wanted];
        if metered.read(place, &mut room)? {
            return take(entries, place, &room, found);
        }
        let mut at = place;
        for sector in room.chunks_mut(self.sector) {
            if !metered.read(at, sector)? {
                entries.interrupt(found);
                let why = format!("{} bytes of it at {at} cannot be read", sector.len());
                found.push(Found::Gap(why));
            } else if take(entries, at, sector, found)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            at += sector.len() as u64;
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn take(
    entries: &mut dyn Entries,
    place: u64,
    from: &[u8],
    found: &mut Vec<Found>,
) -> Result<ControlFlow<()>, Refusal> {
    let (all, _) = from.as_chunks::<ENTRY>();
    for (index, raw) in all.iter().enumerate() {
        let at = place + (index * ENTRY) as u64;
        if entries.take(at, raw, found)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}
