//! What the parts of a run share, and what becomes of one stretch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use model::image::BadRange;

use super::steps::Ledger;
use super::target::ImageSink;
use super::{Halted, ImageImport, reading};
use crate::journal::records::image::{Begun, Sent, Step};
use crate::pipeline::budget::{BudgetShare, Permit};
use crate::stop::Halt;
use disks::aligned::Buffers;
use disks::rescue::Rescue;

/// At how many stretches to look, to see whether a device is the one that was begun with.
const LOOKS: usize = 4;

/// What every thread of a run shares.
pub(crate) struct ImageRun<'a> {
    pub(crate) import: &'a ImageImport<'a>,
    /// The device, and what is known of its bad places.
    pub(crate) rescue: &'a Rescue,
    /// How the image is cut.
    pub(crate) begun: Begun,
    pub(crate) ledger: Ledger,
    memory: Arc<BudgetShare>,
    buffers: Arc<Buffers>,
    /// A stretch of zeros.
    zeros: Bytes,
    sent_bytes: AtomicU64,
}

/// A stretch of the device, read.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    /// Which, from 0.
    pub(crate) index: u64,
    pub(crate) bytes: Bytes,
    pub(crate) is_zero: bool,
    /// Whether the service may have other bytes of it, zeros of ours in their place included.
    pub(crate) is_again: bool,
    /// Its share of the byte budget; zeros have none.
    _permit: Option<Arc<Permit>>,
}

/// What is to be done with a stretch.
pub(crate) enum Taken {
    /// Send it.
    Send(Stretch),
    /// The service has it already.
    Keep(Stretch),
    /// The service has it, and the device does not give it a second time.
    Lost,
}

impl<'a> ImageRun<'a> {
    pub(crate) fn new(
        import: &'a ImageImport<'a>,
        rescue: &'a Rescue,
        begun: Begun,
        ledger: Ledger,
    ) -> Self {
        let zeros = usize::try_from(begun.stretch_bytes.min(begun.bytes)).unwrap_or(usize::MAX);
        Self {
            import,
            rescue,
            begun,
            ledger,
            memory: import.resources.memory(import.stop),
            buffers: import.resources.buffers(),
            zeros: Bytes::from(vec![0; zeros]),
            sent_bytes: AtomicU64::new(0),
        }
    }

    /// Bytes sent in this attempt.
    pub(crate) fn sent_bytes(&self) -> u64 {
        self.sent_bytes.load(Ordering::Relaxed)
    }

    /// So many zeros, at most a stretch.
    pub(crate) fn zeros(&self, bytes: u64) -> Bytes {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.zeros.slice(..bytes.min(self.zeros.len()))
    }

    /// Reads a stretch and decides what is to be done with it; what the device does not give is noted.
    pub(crate) fn take(&self, target: &dyn ImageSink, index: u64) -> Result<Taken, Halted> {
        let (mut stretch, bad) = self.read(index)?;
        let (known, before) = {
            let state = self.ledger.state();
            let known = state.bad.get(&index).cloned().unwrap_or_default();
            (known, state.sent.get(&index).map(|sent| sent.sum.clone()))
        };
        if before.is_some() && !reading::are_known(&bad, &known) {
            tracing::warn!(stretch = index, "read before, and not any more");
            return Ok(Taken::Lost);
        }
        let is_the_same = before
            .as_ref()
            .is_some_and(|sum| *sum == target.sum(&stretch.bytes));
        if before.is_some() && !is_the_same {
            self.ledger.note_now(Step::Again { stretch: index })?;
        }
        stretch.is_again = self.ledger.state().again.contains(&index);
        if bad != known {
            let ranges = bad;
            self.ledger.note(Step::Bad {
                stretch: index,
                ranges,
            })?;
        }
        Ok(match is_the_same {
            true => Taken::Keep(stretch),
            false => Taken::Send(stretch),
        })
    }

    fn read(&self, index: u64) -> Result<(Stretch, Vec<BadRange>), Halted> {
        let range = self.begun.range(index);
        let length = range.end - range.start;
        let mut stretch = Stretch {
            index,
            bytes: self.zeros(length),
            is_zero: true,
            is_again: false,
            _permit: None,
        };
        if self.import.device.next_data(range.start) >= range.end {
            return Ok((stretch, Vec::new()));
        }
        let permit = self.memory.take(length)?;
        let mut buffer = self.buffers.take(length);
        let bad = reading::read(self.rescue, range.start, &mut buffer, self.import.stop)?;
        if !reading::is_zero(&buffer) {
            stretch.bytes = buffer.into_bytes();
            stretch.is_zero = false;
            stretch._permit = Some(Arc::new(permit));
        }
        Ok((stretch, bad))
    }

    /// Whether the device has other bytes than those that were sent of it: it is another one. Looks
    /// at stretches from all over what was sent; if none of them tells anything, it may be.
    pub(crate) fn is_other_device(&self, target: &dyn ImageSink) -> Result<bool, Halted> {
        let looked_at: Vec<(u64, String)> = {
            let state = self.ledger.state();
            let good = |stretch: &u64| !state.bad.contains_key(stretch);
            let sent: Vec<u64> = state.sent.keys().copied().filter(good).collect();
            let step = (sent.len() / LOOKS).max(1);
            let chosen = sent.iter().step_by(step).chain(sent.last());
            let sum = |stretch: &u64| Some((*stretch, state.sent.get(stretch)?.sum.clone()));
            chosen.filter_map(sum).collect()
        };
        let (mut is_told, mut is_empty) = (false, true);
        for (index, sum) in looked_at {
            is_empty = false;
            let (stretch, bad) = self.read(index)?;
            if !bad.is_empty() {
                continue;
            }
            if sum != target.sum(&stretch.bytes) {
                return Ok(true);
            }
            is_told = true;
        }
        Ok(!is_told && !is_empty)
    }

    /// What is known of the bad places of another device says nothing of this one.
    pub(crate) fn forget_rescued(&self) -> Result<(), Halted> {
        self.rescue.forget().map_err(|error| {
            self.import.stop.halt(Halt::Rescue(error));
            Halted
        })
    }

    /// Sends a stretch and notes that.
    pub(crate) fn send(&self, target: &dyn ImageSink, stretch: &Stretch) -> Result<(), Halted> {
        if self.import.stop.is_set() {
            return Err(Halted);
        }
        let sent = target.put(self, stretch)?;
        if sent.puts > 0 {
            let bytes = stretch.bytes.len() as u64;
            self.sent_bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        self.count(stretch.index);
        self.note_sent(stretch.index, sent)
    }

    /// Counts a stretch for those who look.
    pub(crate) fn count(&self, stretch: u64) {
        let range = self.begun.range(stretch);
        self.import.progress.sent(range.end - range.start);
    }

    pub(crate) fn note_sent(&self, stretch: u64, sent: Sent) -> Result<(), Halted> {
        self.ledger.note(Step::Sent { stretch, sent })
    }
}
