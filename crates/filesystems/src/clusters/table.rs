//! The file allocation table: for each cluster, the one that follows it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::clusters::chain::ChainFlaw;
use crate::clusters::heap::Heap;
use crate::clusters::metadata::Metadata;
use crate::fields;
use crate::reader::Refusal;

/// Bytes of a table that are read at a time. A multiple of every sector, and more than all of a FAT12.
const PAGE: u64 = 64 << 10;

/// Pages that are kept: 64 MiB, which is all of the table of a volume of 512 GiB in clusters of 32 KiB.
const PAGES: usize = 1024;

/// How entries are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// FAT12: 12 bits, two entries in three bytes.
    Twelve,
    /// FAT16.
    Sixteen,
    /// FAT32: 32 bits, of which the upper four mean nothing.
    TwentyEight,
    /// exFAT: all 32 bits.
    ThirtyTwo,
}

impl Width {
    /// All ones: the last of the values that end a chain.
    fn ones(self) -> u32 {
        match self {
            Self::Twelve => 0xFFF,
            Self::Sixteen => 0xFFFF,
            Self::TwentyEight => 0x0FFF_FFFF,
            Self::ThirtyTwo => u32::MAX,
        }
    }

    /// How many entries so many bytes have.
    pub(crate) fn entries(self, bytes: u64) -> u64 {
        match self {
            Self::Twelve => bytes.saturating_mul(2) / 3,
            Self::Sixteen => bytes / 2,
            Self::TwentyEight | Self::ThirtyTwo => bytes / 4,
        }
    }

    /// Where the entry of a cluster begins, in bytes from the start of the table.
    fn place(self, cluster: u32) -> u64 {
        let cluster = u64::from(cluster);
        match self {
            Self::Twelve => cluster + cluster / 2,
            Self::Sixteen => cluster * 2,
            Self::TwentyEight | Self::ThirtyTwo => cluster * 4,
        }
    }

    /// The value of the entry of a cluster, that begins at `at` of these bytes.
    fn value(self, cluster: u32, bytes: &[u8], at: usize) -> Option<u32> {
        match self {
            Self::Twelve if cluster.is_multiple_of(2) => {
                fields::le16(bytes, at).map(|value| u32::from(value & 0xFFF))
            }
            Self::Twelve => fields::le16(bytes, at).map(|value| u32::from(value >> 4)),
            Self::Sixteen => fields::le16(bytes, at).map(u32::from),
            Self::TwentyEight => fields::le32(bytes, at).map(|value| value & self.ones()),
            Self::ThirtyTwo => fields::le32(bytes, at),
        }
    }
}

/// What a table says of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// Another follows.
    Next(u32),
    /// It is the last.
    Last,
    /// It is nobody's.
    Free,
    /// It must not be used, since it cannot be written.
    Spoiled,
    /// No cluster has this number.
    Outside(u32),
    /// No copy of the table can be read there.
    Unreadable,
}

/// Where a table lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TablePlace {
    /// How entries are written.
    pub(crate) width: Width,
    /// Where its copies begin, in bytes: first the one that counts, then those that say the same.
    pub(crate) copies: Vec<u64>,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// The size of a sector in bytes.
    pub(crate) sector: u32,
}

/// A table that is read as it is needed.
#[derive(Debug)]
pub(crate) struct Table {
    place: TablePlace,
    heap: Heap,
    pages: BTreeMap<u64, Page>,
    order: VecDeque<u64>,
    copied: bool,
}

/// A piece of a table; sectors that no copy has are named by their first bytes.
#[derive(Debug)]
struct Page {
    bytes: Vec<u8>,
    unreadable: BTreeSet<u64>,
}

impl Table {
    pub(crate) fn new(place: TablePlace, heap: Heap) -> Self {
        Self {
            place,
            heap,
            pages: BTreeMap::new(),
            order: VecDeque::new(),
            copied: false,
        }
    }

    /// Whether there is such a cluster.
    pub(crate) fn has(&self, cluster: u32) -> bool {
        self.heap.index(cluster).is_some()
    }

    /// Whether the entry of a cluster begins within the table and a device of so many bytes, in any copy. If not, that is
    /// true of the clusters behind it as well.
    pub(crate) fn lies_within(&self, device: u64, cluster: u32) -> bool {
        let place = self.place.width.place(cluster);
        let is_within = |copy: &u64| copy.checked_add(place).is_some_and(|at| at < device);
        place < self.place.bytes && self.place.copies.iter().any(is_within)
    }

    /// More steps than a chain can have that claims each cluster once, and comes back to each once.
    pub(crate) fn most_steps(&self) -> u64 {
        u64::from(self.heap.count) * 2 + 1
    }

    /// Whether some of it was taken from another copy than the one that counts.
    pub(crate) fn was_copied(&self) -> bool {
        self.copied
    }

    /// What follows a cluster.
    ///
    /// # Errors
    ///
    /// If the device is gone, or a limit is met.
    pub(crate) fn link(&mut self, metered: &mut Metadata, cluster: u32) -> Result<Link, Refusal> {
        let ones = self.place.width.ones();
        Ok(match self.value(metered, cluster)? {
            None => Link::Unreadable,
            Some(0) => Link::Free,
            Some(next) if self.heap.index(next).is_some() => Link::Next(next),
            // Seven values of eight end a chain (fatgen103); of exFAT, only all ones.
            Some(last) if last == ones => Link::Last,
            Some(last) if last > ones - 8 && self.place.width != Width::ThirtyTwo => Link::Last,
            Some(spoiled) if spoiled == ones - 8 => Link::Spoiled,
            Some(other) => Link::Outside(other),
        })
    }

    /// The entry of a cluster, or of what stands before the clusters (0 and 1); `None` if it cannot be read.
    ///
    /// # Errors
    ///
    /// If the device is gone, or a limit is met.
    pub(crate) fn value(
        &mut self,
        metered: &mut Metadata,
        cluster: u32,
    ) -> Result<Option<u32>, Refusal> {
        let (width, sector) = (self.place.width, u64::from(self.place.sector));
        let place = width.place(cluster);
        let page = self.page(metered, place / PAGE)?;
        let at = place % PAGE;
        // An entry of FAT12 may lie in two sectors.
        let sectors = [at, at + 1].map(|byte| byte / sector * sector);
        if sectors.iter().any(|first| page.unreadable.contains(first)) {
            return Ok(None);
        }
        let at = usize::try_from(at).ok();
        Ok(at.and_then(|at| width.value(cluster, &page.bytes, at)))
    }

    fn page(&mut self, metered: &mut Metadata, number: u64) -> Result<&Page, Refusal> {
        if !self.pages.contains_key(&number) {
            let page = self.load(metered, number * PAGE)?;
            if self.order.len() >= PAGES {
                let oldest = self.order.pop_front();
                oldest.and_then(|oldest| self.pages.remove(&oldest));
            }
            self.order.push_back(number);
            self.pages.insert(number, page);
        }
        Ok(&self.pages[&number])
    }

    /// The page from byte `from` of the table on: at once if that can be read, else by sectors.
    fn load(&mut self, metered: &mut Metadata, from: u64) -> Result<Page, Refusal> {
        let length = self.place.bytes.saturating_sub(from).min(PAGE);
        let mut page = Page {
            bytes: vec![0; usize::try_from(length).unwrap_or(0)],
            unreadable: BTreeSet::new(),
        };
        let first = self.place.copies.first().copied();
        let first = first.and_then(|first| first.checked_add(from));
        if let Some(first) = first
            && metered.read(first, &mut page.bytes)?
        {
            return Ok(page);
        }
        let sector = usize::try_from(self.place.sector).unwrap_or(usize::MAX);
        let mut at = 0;
        for piece in page.bytes.chunks_mut(sector) {
            if !self.load_sector(metered, from + at, piece)? {
                page.unreadable.insert(at);
            }
            at += piece.len() as u64;
        }
        Ok(page)
    }

    /// A sector of the table from whichever copy has it; whether one has.
    fn load_sector(
        &mut self,
        metered: &mut Metadata,
        from: u64,
        into: &mut [u8],
    ) -> Result<bool, Refusal> {
        for (index, copy) in self.place.copies.iter().enumerate() {
            let Some(place) = copy.checked_add(from) else {
                continue;
            };
            if metered.read(place, into)? {
                self.copied |= index > 0;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What a chain that runs into this is; `None` if it goes on or ends.
pub(crate) fn flaw(cluster: u32, link: Link) -> Option<ChainFlaw> {
    match link {
        Link::Next(_) | Link::Last => None,
        Link::Free => Some(ChainFlaw::Free(cluster)),
        Link::Spoiled => Some(ChainFlaw::Spoiled(cluster)),
        Link::Outside(to) => Some(ChainFlaw::Outside(to)),
        Link::Unreadable => Some(ChainFlaw::Unreadable(cluster)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::MemoryBlocks;
    use crate::limits::Limits;

    const HEAP: Heap = Heap {
        offset: 1 << 20,
        cluster: 512,
        count: 500,
    };

    fn table(width: Width, copies: &[u64]) -> Table {
        let place = TablePlace {
            width,
            copies: copies.to_vec(),
            bytes: 2048,
            sector: 512,
        };
        Table::new(place, HEAP)
    }

    fn links(width: Width, content: &[u8], clusters: std::ops::Range<u32>) -> Vec<Link> {
        let mut content = content.to_vec();
        content.resize(2048, 0);
        let mut blocks = MemoryBlocks::new(content);
        let mut metered = Metadata::new(&mut blocks, &Limits::default());
        let mut table = table(width, &[0]);
        let links = clusters.map(|cluster| table.link(&mut metered, cluster).unwrap());
        links.collect()
    }

    #[test]
    fn two_entries_of_12_bits_share_three_bytes() {
        let content = [
            0xF8, 0xFF, 0xFF, 0x03, 0x80, 0xFF, 0xF7, 0x1F, 0x00, 0x00, 0xF0, 0xFF,
        ];
        let expected = [
            Link::Next(3),
            Link::Last,
            Link::Spoiled,
            Link::Outside(1),
            Link::Free,
            Link::Last,
        ];
        assert_eq!(links(Width::Twelve, &content, 2..8), expected);
    }

    #[test]
    fn the_upper_bits_of_fat32_mean_nothing_and_those_of_exfat_do() {
        let values = [
            0,
            0,
            0xF000_0003,
            0x0FFF_FFF8,
            0xFFFF_FFF7,
            0xF000_0000,
            u32::MAX,
        ];
        let content: Vec<u8> = values.into_iter().flat_map(u32::to_le_bytes).collect();
        let fat32 = [
            Link::Next(3),
            Link::Last,
            Link::Spoiled,
            Link::Free,
            Link::Last,
        ];
        assert_eq!(links(Width::TwentyEight, &content, 2..7), fat32);
        let exfat = [
            Link::Outside(0xF000_0003),
            Link::Outside(0x0FFF_FFF8),
            Link::Spoiled,
            Link::Outside(0xF000_0000),
            Link::Last,
        ];
        assert_eq!(links(Width::ThirtyTwo, &content, 2..7), exfat);
    }

    #[test]
    fn what_one_copy_has_not_another_may_have() {
        let mut content = vec![0; 4096];
        content[2048 + 600..2048 + 602].copy_from_slice(&7u16.to_le_bytes());
        let mut blocks = MemoryBlocks::new(content);
        blocks.break_range(600..601);
        blocks.break_range(1030..1031);
        blocks.break_range(2048 + 1030..2048 + 1031);
        let mut metered = Metadata::new(&mut blocks, &Limits::default());
        let mut mirrored = table(Width::Sixteen, &[0, 2048]);
        assert_eq!(mirrored.link(&mut metered, 100), Ok(Link::Free));
        assert_eq!(mirrored.link(&mut metered, 300), Ok(Link::Next(7)));
        assert_eq!(mirrored.link(&mut metered, 512), Ok(Link::Unreadable));
        assert!(mirrored.was_copied());
        let mut alone = table(Width::Sixteen, &[0]);
        assert_eq!(alone.link(&mut metered, 300), Ok(Link::Unreadable));
    }
}
