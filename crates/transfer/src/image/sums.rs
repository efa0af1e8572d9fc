//! The sums of an image: of the whole, and of each of its objects, chained in the order of the device.

use bytes::Bytes;
use lanes::Both;
use serde::{Deserialize, Serialize};

use super::Halted;
use super::steps::{Begun, ImageMark, Ledger, Step};
use crate::pipeline::hash_state::{MarkRecord, Sums};

/// So many stretches lie between two marks: what a crash costs in reading again, and what a mark costs in
/// the journal.
const MARK_EVERY: u64 = 16;

/// MD5 and SHA-256 of a whole image, lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WholeSums {
    /// MD5.
    pub md5: String,
    /// SHA-256.
    pub sha256: String,
}

/// Both chains, as far as they are made. A chain is missing from where the device would not give
/// again what was sent before.
#[derive(Debug)]
pub(crate) struct Chains {
    whole: Option<Sums>,
    /// Of the object that is open; missing too where the image is one object.
    object: Option<Sums>,
    stretches: u64,
}

impl Chains {
    /// The chains after so many stretches, where there is a mark.
    pub(crate) fn go_on(begun: &Begun, stretches: u64, mark: Option<&ImageMark>) -> Self {
        let from = |record: Option<&MarkRecord>| match record {
            Some(record) => record.mark().and_then(|mark| Sums::new(Some(mark))),
            None => None,
        };
        let mut chains = Self {
            whole: match stretches {
                0 => Sums::new(None),
                _ => from(mark.map(|mark| &mark.whole)),
            },
            object: from(mark.and_then(|mark| mark.object.as_ref())),
            stretches,
        };
        chains.open_object(begun);
        chains
    }

    fn open_object(&mut self, begun: &Begun) {
        if begun.objects() > 1 && self.stretches.is_multiple_of(begun.per_object()) {
            self.object = Sums::new(None);
        }
    }

    /// Takes in the next stretch, or passes over it where it is not known, and notes what is known now.
    pub(crate) fn push(
        &mut self,
        begun: &Begun,
        ledger: &Ledger,
        bytes: Option<&Bytes>,
    ) -> Result<(), Halted> {
        match bytes {
            Some(bytes) => self.update(bytes),
            None => (self.whole, self.object) = (None, None),
        }
        self.stretches += 1;
        let is_end = self.stretches == begun.stretches();
        if is_end || self.stretches.is_multiple_of(begun.per_object()) {
            self.close_object(begun, ledger)?;
        }
        if is_end || self.stretches.is_multiple_of(MARK_EVERY) {
            self.mark(ledger)?;
        }
        Ok(())
    }

    fn update(&mut self, bytes: &[u8]) {
        let chains = self.whole.iter_mut().chain(&mut self.object);
        let mut chains: Vec<_> = chains
            .map(|sums| Both {
                md5: &mut sums.md5,
                sha256: &mut sums.sha256,
                bytes,
            })
            .collect();
        lanes::update_both(&mut chains, &mut []);
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

    fn mark(&self, ledger: &Ledger) -> Result<(), Halted> {
        let Some(whole) = self.whole.as_ref().and_then(Sums::mark) else {
            return Ok(());
        };
        let object = self.object.as_ref().and_then(Sums::mark);
        ledger.note(Step::Hashed {
            stretches: self.stretches,
            whole: whole.into(),
            object: object.map(MarkRecord::from),
        })
    }

    /// The sums of the whole, if every stretch is in them.
    pub(crate) fn finish(self) -> Option<WholeSums> {
        let Sums { md5, sha256 } = self.whole?;
        Some(WholeSums {
            md5: hex::encode(md5.finish()),
            sha256: hex::encode(sha256.finish()),
        })
    }
}
