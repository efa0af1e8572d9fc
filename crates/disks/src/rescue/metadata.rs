//! A failing device as a reader of file systems sees it.
//!
//! All hangs on metadata, so that its blocks are tried three times at once: together with what was asked for around
//! them, and then twice sector by sector. The first sector that does not come ends it; what lies behind it is left to
//! whoever asks for less. What is read around them is tried once, and is nobody's wish: where that fails, the blocks
//! have had the first of their tries.

use std::ops::Range;
use std::sync::Arc;

use filesystems::blocks::{Blocks, Fault};

use super::kept::Fate;
use super::limits::SECTOR_TRIES;
use super::map::Status;
use super::{Rescue, index, length};
use crate::tree::DeviceGone;

/// A way to fill whole sectors; `false` if some of them did not come.
type ReadSectors = fn(&Rescue, Range<u64>, &mut [u8]) -> Result<bool, DeviceGone>;

/// The bytes of a device, all that were asked for or none.
pub struct RescueBlocks {
    rescue: Arc<Rescue>,
    gone: Option<DeviceGone>,
}

impl RescueBlocks {
    pub(super) fn new(rescue: Arc<Rescue>) -> Self {
        Self { rescue, gone: None }
    }

    /// Why a read ended with [`Fault::Ended`], asked once after it.
    pub fn gone(&mut self) -> Option<DeviceGone> {
        self.gone.take()
    }
}

impl Blocks for RescueBlocks {
    fn bytes(&self) -> u64 {
        self.rescue.device.bytes()
    }

    fn sector(&self) -> u32 {
        self.rescue.device.sector()
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Fault> {
        self.fill(offset, into, Rescue::read_hard)
    }

    fn read_lightly(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Fault> {
        self.fill(offset, into, Rescue::read_lightly)
    }
}

impl RescueBlocks {
    /// Fills `into` by a way to read whole sectors.
    fn fill(&mut self, offset: u64, into: &mut [u8], read: ReadSectors) -> Result<(), Fault> {
        let end = offset.checked_add(into.len() as u64).ok_or(Fault::Bad)?;
        if end > self.bytes() {
            return Err(Fault::Bad);
        }
        let covered = self.rescue.covering(offset..end);
        let mut whole = self.rescue.buffers.take(covered.end - covered.start);
        match read(&self.rescue, covered.clone(), &mut whole) {
            Ok(true) => {
                let from = index(offset - covered.start);
                into.copy_from_slice(&whole[from..from + into.len()]);
                Ok(())
            }
            Ok(false) => Err(Fault::Bad),
            Err(gone) => {
                self.gone = Some(gone);
                Err(Fault::Ended)
            }
        }
    }
}

impl Rescue {
    /// Fills the sectors of `range`, if all of them can be read.
    fn read_hard(&self, range: Range<u64>, buffer: &mut [u8]) -> Result<bool, DeviceGone> {
        let pieces = self.ledger().failing.pieces(range);
        if pieces
            .iter()
            .any(|(_, status)| *status == Some(Status::Bad))
        {
            return Ok(false);
        }
        let mut rest = buffer;
        for (piece, status) in pieces {
            let (into, behind) = rest.split_at_mut(length(&piece));
            rest = behind;
            let has_failed = status.is_some() || self.ledger().failed_together(piece.clone());
            let is_read = match has_failed {
                false => self.read_well(piece, into)?,
                true => self.read_sectors(piece, into)?,
            };
            if !is_read {
                self.settle(0)?;
                return Ok(false);
            }
        }
        self.settle(0)?;
        Ok(true)
    }

    /// The same in one try, of what did not fail before; nothing of it is asked for.
    fn read_lightly(&self, range: Range<u64>, buffer: &mut [u8]) -> Result<bool, DeviceGone> {
        let has_failed = {
            let ledger = self.ledger();
            let is_failing = ledger.failing.within(range.clone()).next().is_some();
            is_failing || ledger.failed_together(range.clone())
        };
        if has_failed {
            return Ok(false);
        }
        self.read_pieces(range, buffer, |failed, _| {
            self.ledger().failed_lightly(failed);
            Ok(false)
        })
    }

    /// Of what did not fail before.
    fn read_well(&self, range: Range<u64>, buffer: &mut [u8]) -> Result<bool, DeviceGone> {
        self.read_pieces(range, buffer, |failed, into| {
            self.ledger()
                .failed(failed.clone(), Status::Unscraped, None);
            self.after_error()?;
            self.read_sectors(failed, into)
        })
    }

    /// Reads what was kept from there, and all else in one go; what of it fails is up to `rest`.
    fn read_pieces(
        &self,
        range: Range<u64>,
        buffer: &mut [u8],
        rest: impl Fn(Range<u64>, &mut [u8]) -> Result<bool, DeviceGone>,
    ) -> Result<bool, DeviceGone> {
        let (mut left, fates) = (buffer, self.ledger().fates.pieces(range));
        for (piece, fate) in fates {
            let (into, behind) = left.split_at_mut(length(&piece));
            left = behind;
            if fate == Some(Fate::Kept) {
                self.read_kept(piece.start, into)?;
                continue;
            }
            let came = self.attempt(piece.start, into)?;
            let failed = piece.start + came..piece.end;
            if !failed.is_empty() && !rest(failed, &mut into[index(came)..])? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Of what failed together with more, or was skipped: sector by sector, up to the first that does not come.
    fn read_sectors(&self, range: Range<u64>, buffer: &mut [u8]) -> Result<bool, DeviceGone> {
        let mut at = range.start;
        for into in buffer.chunks_mut(index(self.sector)) {
            let end = at + into.len() as u64;
            if !self.read_sector(at..end, into)? {
                return Ok(false);
            }
            at = end;
        }
        Ok(true)
    }

    fn read_sector(&self, sector: Range<u64>, into: &mut [u8]) -> Result<bool, DeviceGone> {
        for _ in 0..SECTOR_TRIES {
            if self.attempt(sector.start, into)? == sector.end - sector.start {
                self.keep(sector.start, into);
                return Ok(true);
            }
            self.ledger().failed(sector.clone(), Status::Bad, None);
            self.after_error()?;
        }
        Ok(false)
    }
}
