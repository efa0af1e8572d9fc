//! Metadata that is read, and how much of it may be.

use crate::blocks::{Blocks, Fault};
use crate::limits::Limits;
use crate::reader::Refusal;

/// Bytes that are read at a time, where they lie in one piece.
pub(crate) const PIECE: usize = 256 << 10;

/// The metadata of a volume, of which only so much is read.
pub(crate) struct Metadata<'a> {
    blocks: &'a mut dyn Blocks,
    left: u64,
}

impl<'a> Metadata<'a> {
    /// All that the limits allow: so many bytes and an eighth of the volume.
    pub(crate) fn new(blocks: &'a mut dyn Blocks, limits: &Limits) -> Self {
        let left = limits.metadata_bytes.saturating_add(blocks.bytes() / 8);
        Self { blocks, left }
    }

    /// The size of the volume that is there, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.blocks.bytes()
    }

    /// Fills `into`, and tells whether that could be read.
    ///
    /// # Errors
    ///
    /// If the device is gone, or more was read than is allowed.
    pub(crate) fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<bool, Refusal> {
        let left = self.left.checked_sub(into.len() as u64);
        self.left = left.ok_or_else(|| Refusal::Limit("more metadata than is read".to_owned()))?;
        match self.blocks.read(offset, into) {
            Ok(()) => Ok(true),
            Err(Fault::Bad) => Ok(false),
            Err(Fault::Ended) => Err(Refusal::Ended),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::MemoryBlocks;

    #[test]
    fn no_more_is_read_than_is_allowed() {
        let mut blocks = MemoryBlocks::new(vec![1; 80]);
        let limits = Limits {
            metadata_bytes: 10,
            ..Limits::default()
        };
        let mut metered = Metadata::new(&mut blocks, &limits);
        assert_eq!(metered.read(72, &mut [0; 10]), Ok(false));
        assert_eq!(metered.read(0, &mut [0; 10]), Ok(true));
        assert!(matches!(
            metered.read(0, &mut [0; 1]),
            Err(Refusal::Limit(_))
        ));
    }
}
