//! The first pass: what is well is read, and a bad place is left as fast as it can be.
//!
//! A read that failed is read once more in clusters. The first of them that fails is behind it a stretch that is not
//! touched now, twice as long after each error until something is read again. So the head never goes back.

use std::ops::Range;

use super::ledger::Whence;
use super::limits::{CLUSTER_BYTES, READ_BYTES};
use super::map::Status;
use super::spans::push;
use super::{Rescue, length};
use crate::tree::DeviceGone;

impl Rescue {
    /// Fills the sectors of `range`, and gives those that were not read, zeroed.
    pub(super) fn read_first(
        &self,
        range: Range<u64>,
        buffer: &mut [u8],
    ) -> Result<Vec<Range<u64>>, DeviceGone> {
        let mut unread = Vec::new();
        let (mut rest, sources) = (buffer, self.ledger().sources(range));
        for (piece, source) in sources {
            let (into, behind) = rest.split_at_mut(length(&piece));
            rest = behind;
            match source {
                Whence::Kept => self.read_kept(piece.start, into)?,
                Whence::Nowhere => leave(piece, into, &mut unread),
                Whence::Device { is_known } => self.go(piece, is_known, into, &mut unread)?,
            }
        }
        self.settle(0)?;
        Ok(unread)
    }

    /// Reads in large steps, and where one fails in clusters.
    fn go(
        &self,
        range: Range<u64>,
        is_known: bool,
        buffer: &mut [u8],
        unread: &mut Vec<Range<u64>>,
    ) -> Result<(), DeviceGone> {
        let (mut at, mut rest) = (range.start, buffer);
        while at < range.end {
            let step = at..range.end.min(at + READ_BYTES);
            let (into, behind) = rest.split_at_mut(length(&step));
            rest = behind;
            let skipped = self.skip(at, step.end, is_known);
            let came = match skipped {
                0 => self.attempt(at, into)?,
                _ => 0,
            };
            if came < step.end - at {
                let (_, failed) = into.split_at_mut(super::index(came));
                self.go_in_clusters(at + came..step.end, is_known, failed, unread)?;
            }
            at = step.end;
        }
        Ok(())
    }

    fn go_in_clusters(
        &self,
        range: Range<u64>,
        is_known: bool,
        buffer: &mut [u8],
        unread: &mut Vec<Range<u64>>,
    ) -> Result<(), DeviceGone> {
        let (mut at, mut rest) = (range.start, buffer);
        while at < range.end {
            let skipped = self.skip(at, range.end, is_known);
            let end = match skipped {
                0 => range.end.min((at / CLUSTER_BYTES + 1) * CLUSTER_BYTES),
                _ => at + skipped,
            };
            let (into, behind) = rest.split_at_mut(length(&(at..end)));
            rest = behind;
            if skipped > 0 {
                self.ledger().set_failing(at..end, Status::Untried);
                leave(at..end, into, unread);
            } else {
                let came = self.attempt(at, into)?;
                let (_, failed) = into.split_at_mut(super::index(came));
                self.leave_failed(at + came..end, failed, unread)?;
            }
            at = end;
        }
        Ok(())
    }

    /// How much from `at` on is skipped now; nothing of what was read before.
    fn skip(&self, at: u64, end: u64, is_known: bool) -> u64 {
        match is_known {
            true => 0,
            false => self.ledger().skipped(at, end),
        }
    }

    /// Leaves what is left of a cluster that failed, and what lies behind it.
    fn leave_failed(
        &self,
        failed: Range<u64>,
        buffer: &mut [u8],
        unread: &mut Vec<Range<u64>>,
    ) -> Result<(), DeviceGone> {
        if failed.is_empty() {
            return Ok(());
        }
        {
            let mut ledger = self.ledger();
            ledger.failed(failed.clone(), Status::Untrimmed, None);
            ledger.skip_from(failed.end);
        }
        leave(failed, buffer, unread);
        self.after_error()
    }
}

fn leave(range: Range<u64>, buffer: &mut [u8], unread: &mut Vec<Range<u64>>) {
    buffer.fill(0);
    push(unread, range);
}
