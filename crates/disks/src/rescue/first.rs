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
        let step = |at: u64| {
            let end = range.end.min(at + READ_BYTES);
            (end, self.skip(at, end, is_known) > 0)
        };
        in_steps(range.clone(), buffer, step, |step, is_skipped, into| {
            // What failed with all around it is not read so a second time.
            let came = match is_skipped || self.ledger().failed_together(step.clone()) {
                true => 0,
                false => self.attempt(step.start, into)?,
            };
            let (_, failed) = into.split_at_mut(super::index(came));
            self.go_in_clusters(step.start + came..step.end, is_known, failed, unread)
        })
    }

    fn go_in_clusters(
        &self,
        range: Range<u64>,
        is_known: bool,
        buffer: &mut [u8],
        unread: &mut Vec<Range<u64>>,
    ) -> Result<(), DeviceGone> {
        let step = |at: u64| match self.skip(at, range.end, is_known) {
            0 => {
                let cluster = (at / CLUSTER_BYTES + 1) * CLUSTER_BYTES;
                (range.end.min(cluster), false)
            }
            skipped => (at + skipped, true),
        };
        in_steps(range.clone(), buffer, step, |step, is_skipped, into| {
            if is_skipped {
                self.ledger().set_failing(step.clone(), Status::Untried);
                leave(step, into, unread);
                return Ok(());
            }
            let came = self.attempt(step.start, into)?;
            let (_, failed) = into.split_at_mut(super::index(came));
            self.leave_failed(step.start + came..step.end, failed, unread)
        })
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

/// Goes over a range in steps, each with its part of the buffer. `next` says of where one begins where it ends, and
/// whether it begins with what is skipped.
fn in_steps(
    range: Range<u64>,
    buffer: &mut [u8],
    next: impl Fn(u64) -> (u64, bool),
    mut go: impl FnMut(Range<u64>, bool, &mut [u8]) -> Result<(), DeviceGone>,
) -> Result<(), DeviceGone> {
    let (mut at, mut rest) = (range.start, buffer);
    while at < range.end {
        let (end, is_skipped) = next(at);
        let (into, behind) = rest.split_at_mut(length(&(at..end)));
        go(at..end, is_skipped, into)?;
        (at, rest) = (end, behind);
    }
    Ok(())
}

fn leave(range: Range<u64>, buffer: &mut [u8], unread: &mut Vec<Range<u64>>) {
    buffer.fill(0);
    push(unread, range);
}
