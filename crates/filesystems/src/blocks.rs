//! What a reader reads from: a volume, as bytes at offsets.

use thiserror::Error;

/// A volume. In the child process these are questions to its parent; in tests, memory.
pub trait Blocks {
    /// Its size in bytes.
    fn bytes(&self) -> u64;

    /// The size of a logical sector of the device in bytes: 512 or 4096. Reads need not be aligned to it.
    fn sector(&self) -> u32;

    /// Fills `into` from `offset` on, all of it.
    ///
    /// # Errors
    ///
    /// [`Fault::Bad`] if some of it cannot be read or lies past the end, [`Fault::Ended`] if nothing can be
    /// read any more.
    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Fault>;

    /// The same for what nobody may ever need: more than was asked for, or ahead of it. What patience might still get
    /// from a device that fails is not got then.
    ///
    /// # Errors
    ///
    /// As [`Blocks::read`].
    fn read_lightly(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Fault> {
        self.read(offset, into)
    }
}

/// Why blocks were not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// These cannot be read; others may. What hangs on them is damaged.
    #[error("the device cannot read this place")]
    Bad,
    /// The device is gone, or whoever asked has stopped: nothing is known to be damaged.
    #[error("the device answers no more")]
    Ended,
}

/// A volume in memory. What lies past its end, or was broken, cannot be read.
#[derive(Debug, Clone)]
pub struct MemoryBlocks {
    content: Vec<u8>,
    sector: u32,
    broken: Vec<std::ops::Range<u64>>,
}

impl MemoryBlocks {
    /// A volume of these bytes, with sectors of 512.
    #[must_use]
    pub fn new(content: Vec<u8>) -> Self {
        Self {
            content,
            sector: 512,
            broken: Vec::new(),
        }
    }

    /// The same with sectors of `sector` bytes.
    #[must_use]
    pub fn with_sector(self, sector: u32) -> Self {
        Self { sector, ..self }
    }

    /// Lets reads that touch these bytes fail.
    pub fn break_range(&mut self, range: std::ops::Range<u64>) {
        self.broken.push(range);
    }

    /// The bytes, to be changed.
    pub fn content(&mut self) -> &mut Vec<u8> {
        &mut self.content
    }
}

impl Blocks for MemoryBlocks {
    fn bytes(&self) -> u64 {
        self.content.len() as u64
    }

    fn sector(&self) -> u32 {
        self.sector
    }

    fn read(&mut self, offset: u64, into: &mut [u8]) -> Result<(), Fault> {
        let end = offset.checked_add(into.len() as u64).ok_or(Fault::Bad)?;
        if self
            .broken
            .iter()
            .any(|range| range.start < end && offset < range.end)
        {
            return Err(Fault::Bad);
        }
        let from = usize::try_from(offset).map_err(|_| Fault::Bad)?;
        let until = usize::try_from(end).map_err(|_| Fault::Bad)?;
        let held = self.content.get(from..until).ok_or(Fault::Bad)?;
        into.copy_from_slice(held);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_or_past_the_end_is_bad() {
        let mut blocks = MemoryBlocks::new(vec![7; 1024]);
        let mut into = [0; 16];
        assert_eq!(blocks.read(1008, &mut into), Ok(()));
        assert_eq!(into, [7; 16]);
        assert_eq!(blocks.read(1009, &mut into), Err(Fault::Bad));
        assert_eq!(blocks.read(u64::MAX, &mut into), Err(Fault::Bad));
        blocks.break_range(512..513);
        assert_eq!(blocks.read(500, &mut into), Err(Fault::Bad));
        assert_eq!(blocks.read(513, &mut into), Ok(()));
    }
}
