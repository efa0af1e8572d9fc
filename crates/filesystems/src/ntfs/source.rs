//! Reads of metadata, which are counted: what a volume says of itself must not make a reader read for ever.

use crate::blocks::{Blocks, Fault};
use crate::reader::Refusal;
use crate::told::Unloadable;

/// Why something was not had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// It concerns one file.
    File(Unloadable),
    /// It concerns everything.
    Volume(Refusal),
}

impl Stop {
    /// Of what is damaged in one file.
    pub(super) fn damaged(why: impl Into<String>) -> Self {
        Self::File(Unloadable::Damaged(why.into()))
    }
}

/// Where metadata is read from, and how much of it may still be.
pub(super) struct Metered<'a> {
    blocks: &'a mut dyn Blocks,
    left: u64,
}

impl<'a> Metered<'a> {
    /// At most an eighth of the volume and `metadata_bytes` are read.
    pub(super) fn new(blocks: &'a mut dyn Blocks, metadata_bytes: u64) -> Self {
        let left = (blocks.bytes() / 8).saturating_add(metadata_bytes);
        Self { blocks, left }
    }

    /// Fills `into` from `offset` on.
    ///
    /// # Errors
    ///
    /// [`Stop::File`] if this place cannot be read, [`Stop::Volume`] if nothing can, or too much was read.
    pub(super) fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Stop> {
        self.left = self
            .left
            .checked_sub(into.len() as u64)
            .ok_or_else(|| Stop::Volume(Refusal::Limit("the bytes of metadata".to_owned())))?;
        self.read_uncounted(offset, into)
    }

    /// The same for what is read once by its nature.
    pub(super) fn read_uncounted(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Stop> {
        self.blocks.read(offset, into).map_err(|fault| match fault {
            Fault::Bad => Stop::damaged("its metadata cannot be read"),
            Fault::Ended => Stop::Volume(Refusal::Ended),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::MemoryBlocks;

    #[test]
    fn so_much_is_read_and_no_more() {
        let mut blocks = MemoryBlocks::new(vec![1; 800]);
        let mut source = Metered::new(&mut blocks, 50);
        let mut into = [0; 100];
        assert_eq!(source.read(0, &mut into), Ok(()));
        assert!(matches!(source.read(701, &mut into[..20]), Ok(())));
        assert!(matches!(
            source.read(799, &mut into[..2]),
            Err(Stop::File(_))
        ));
        assert!(matches!(source.read(0, &mut into), Err(Stop::Volume(_))));
        assert_eq!(source.read_uncounted(0, &mut into), Ok(()));
    }
}
