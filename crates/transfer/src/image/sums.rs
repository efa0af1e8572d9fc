//! The sums of an image: of the whole, and of each of its objects, chained in the order of the device.

use bytes::Bytes;

use super::Halted;
use super::steps::{ImageCheckpoint, Ledger};
use crate::journal::records::HashCheckpointRecord;
use crate::journal::records::image::{Begun, Step, WholeSums};
use crate::pipeline::hash_state::{HashCheckpoint, HashState};
use crate::pipeline::hashing::HashingPool;

/// So many stretches lie between two checkpoints: what a crash costs in reading again, and what a checkpoint costs in
/// the journal.
const CHECKPOINT_EVERY: u64 = 16;

/// Bytes that one hash takes in before the other does, so that the second finds them in the processor's cache.
const STRIDE: usize = 128 << 10;

/// Both chains, as far as they are made. A chain is missing from where the device would not give
/// again what was sent before.
#[derive(Debug)]
pub(crate) struct Chains {
    whole: Option<HashState>,
    /// Of the object that is open; missing too where the image is one object.
    object: Option<HashState>,
    stretches: u64,
}

impl Chains {
    /// The chains after so many stretches, where there is a checkpoint.
    pub(crate) fn go_on(
        begun: &Begun,
        stretches: u64,
        checkpoint: Option<&ImageCheckpoint>,
    ) -> Self {
        let from = |record: Option<&HashCheckpointRecord>| match record {
            Some(record) => HashCheckpoint::of(record).and_then(|from| HashState::new(Some(from))),
            None => None,
        };
        let mut chains = Self {
            whole: match stretches {
                0 => HashState::new(None),
                _ => from(checkpoint.map(|checkpoint| &checkpoint.whole)),
            },
            object: from(checkpoint.and_then(|checkpoint| checkpoint.object.as_ref())),
            stretches,
        };
        chains.open_object(begun);
        chains
    }

    fn open_object(&mut self, begun: &Begun) {
        if begun.objects() > 1 && self.stretches.is_multiple_of(begun.per_object()) {
            self.object = HashState::new(None);
        }
    }

    /// Takes in the next stretch, or passes over it where it is not known, and notes what is known now.
    pub(crate) fn push(
        &mut self,
        begun: &Begun,
        ledger: &Ledger,
        bytes: Option<&Bytes>,
        cores: &HashingPool,
    ) -> Result<(), Halted> {
        match bytes {
            Some(bytes) => cores.here(|| self.update(bytes)),
            None => (self.whole, self.object) = (None, None),
        }
        self.stretches += 1;
        let is_end = self.stretches == begun.stretches();
        if is_end || self.stretches.is_multiple_of(begun.per_object()) {
            self.close_object(begun, ledger)?;
        }
        if is_end || self.stretches.is_multiple_of(CHECKPOINT_EVERY) {
            self.checkpoint(ledger)?;
        }
        Ok(())
    }

    fn update(&mut self, bytes: &[u8]) {
        let chains = self.whole.iter_mut().chain(&mut self.object);
        let (mut md5, mut sha256): (Vec<_>, Vec<_>) =
            chains.map(|sums| (&mut sums.md5, &mut sums.sha256)).unzip();
        for stride in bytes.chunks(STRIDE) {
            let of_md5 = md5.iter_mut().map(|sum| (&mut **sum, stride));
            lanes::md5_update(&mut of_md5.collect::<Vec<_>>());
            let of_sha256 = sha256.iter_mut().map(|sum| (&mut **sum, stride));
            lanes::sha256_update(&mut of_sha256.collect::<Vec<_>>());
        }
    }

    fn close_object(&mut self, begun: &Begun, ledger: &Ledger) -> Result<(), Halted> {
        let number = (self.stretches - 1) / begun.per_object();
        let open = match begun.objects() {
            1 => self.whole.as_ref().map(|sums| sums.sha256.clone()),
            _ => self.object.take().map(|sums| sums.sha256),
        };
        if let Some(sha256) = open {
            let sha256 = hex::encode(sha256.finish());
            ledger.note(Step::Object {
                object: number,
                sha256,
            })?;
        }
        self.open_object(begun);
        Ok(())
    }

    fn checkpoint(&self, ledger: &Ledger) -> Result<(), Halted> {
        let Some(whole) = self.whole.as_ref().and_then(HashState::checkpoint) else {
            return Ok(());
        };
        let object = self.object.as_ref().and_then(HashState::checkpoint);
        ledger.note(Step::Hashed {
            stretches: self.stretches,
            whole: whole.into(),
            object: object.map(HashCheckpointRecord::from),
        })
    }

    /// The sums of the whole, if every stretch is in them.
    pub(crate) fn finish(self) -> Option<WholeSums> {
        let HashState { md5, sha256 } = self.whole?;
        Some(WholeSums {
            md5: hex::encode(md5.finish()),
            sha256: hex::encode(sha256.finish()),
        })
    }
}
