//! A file of which the device has given up some: it reads as it is, with zeros in the place of what is missing.

use std::io;
use std::ops::Range;

use disks::layout::Layout;
use disks::tree::{Content, Shape};
use model::missing::Missing;

/// A file with zeros where bytes are missing. What is missing is never asked for.
pub(crate) struct Salvaged {
    inner: Box<dyn Content>,
    missing: Missing,
}

impl Salvaged {
    /// The file without what is missing.
    pub(crate) fn new(inner: Box<dyn Content>, missing: Missing) -> Self {
        Self { inner, missing }
    }

    /// The bytes that are asked for at `offset` up to where they begin or end to be missing, and whether they are
    /// missing.
    fn stretch(&self, offset: u64, asked: usize) -> (usize, bool) {
        let until = |place: u64| {
            let bytes = usize::try_from(place.saturating_sub(offset));
            bytes.unwrap_or(asked).min(asked)
        };
        match self.missing.next(offset) {
            Some(range) if range.start <= offset => (until(range.end), true),
            Some(range) => (until(range.start), false),
            None => (asked, false),
        }
    }
}

impl Content for Salvaged {
    fn shape(&self) -> io::Result<Shape> {
        self.inner.shape()
    }

    fn layout(&self) -> Option<&Layout> {
        self.inner.layout()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let (length, is_missing) = self.stretch(offset, buffer.len());
        if is_missing {
            buffer[..length].fill(0);
            return Ok(length);
        }
        self.inner.read_at(offset, &mut buffer[..length])
    }

    /// Of a place that is missing nothing can be said.
    fn read_afresh(&self, offset: u64) -> io::Result<bool> {
        self.inner.read_afresh(offset)
    }

    fn may_come(&self) -> bool {
        self.inner.may_come()
    }

    fn missing(&self) -> Vec<Range<u64>> {
        self.missing.ranges().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use disks::tree::faulty::{Access, FaultyTree, InjectedFault};
    use disks::tree::memory::{Memory, Node};
    use disks::tree::{Tree, fill};
    use model::entry::EntryPath;
    use rustix::io::Errno;

    /// Whatever is read of it, what is missing is zeros and nothing else is touched.
    #[test]
    fn a_file_reads_with_zeros_in_the_place_of_what_is_missing() {
        let bad = [10..20, 30..31, 90..100];
        let content: Vec<u8> = (1..=100).collect();
        let mut tree = FaultyTree::new(Memory::new([("a", Node::File(content.clone()))]));
        for range in bad.clone() {
            let fault = InjectedFault::at(Access::Read).within(range);
            tree = tree.with(fault.fails(Errno::IO));
        }
        let entry = tree.find(&EntryPath::new("a")).unwrap().unwrap();
        let missing = Missing::of(bad.to_vec()).unwrap();
        let mut expected = content;
        missing.blank(0, &mut expected);
        let file = Salvaged::new(tree.open(&entry).unwrap(), missing);
        for start in 0..100 {
            for length in 0..=100 - start {
                let mut read = vec![7; length];
                let filled = fill(&file, start as u64, &mut read).unwrap();
                assert_eq!(read[..filled], expected[start..start + filled]);
                assert_eq!(filled, length);
            }
        }
        assert_eq!(file.read_at(100, &mut [0; 5]).unwrap(), 0);
    }
}
