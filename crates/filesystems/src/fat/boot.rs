//! The first sector of a FAT volume (fatgen103, "Boot Sector and BPB").

use crate::clusters::heap::{FIRST, Heap};
use crate::clusters::survey::Root;
use crate::clusters::table::{TablePlace, Width};
use crate::fields::{bytes, le16, le32};
use crate::reader::Refusal;

/// What is read of it, in bytes: all that means something, whatever the size of sectors.
pub(crate) const BOOT: usize = 512;

/// What the first sector says, proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FatBoot {
    /// `FAT12`, `FAT16` or `FAT32`.
    pub(crate) kind: &'static str,
    /// The size of a sector in bytes.
    pub(crate) sector: u32,
    /// The size of the volume in bytes.
    pub(crate) bytes: u64,
    /// Where clusters are.
    pub(crate) heap: Heap,
    /// Where the tables are.
    pub(crate) table: TablePlace,
    /// Where the root is.
    pub(crate) root: Root,
    /// The number that was made up when it was formatted.
    pub(crate) serial: Option<u32>,
    /// The label that is kept here, which few keep true.
    pub(crate) label: Option<[u8; 11]>,
    /// Whether it says that it is in use, or that its surface is to be tested.
    pub(crate) is_dirty: bool,
    /// Whether the table has less room than the clusters need.
    pub(crate) is_table_short: bool,
}

/// The numbers as they stand there.
struct Numbers {
    sector: u32,
    per_cluster: u32,
    reserved: u64,
    tables: u64,
    root_entries: u64,
    sectors: u64,
    table_sectors: u64,
    /// Of FAT32; there is one, 0.
    version: u16,
    /// The table's size stands where only FAT32 has it.
    is_large: bool,
}

impl FatBoot {
    /// Proves what the first 512 bytes say.
    ///
    /// The kind follows from the number of clusters alone: below 4085 FAT12, below 65525 FAT16, else FAT32; but a
    /// volume that gives the size of its table in 32 bits, and so has its root in clusters, is FAT32 however small, as
    /// the drivers of Windows and Linux take it: nothing else can be read of it.
    ///
    /// # Errors
    ///
    /// [`Refusal::Other`] if it is no such sector; otherwise what about it cannot be.
    pub(crate) fn parse(raw: &[u8]) -> Result<Self, Refusal> {
        let numbers = Numbers::parse(raw).ok_or(Refusal::Other)?;
        let sector = u64::from(numbers.sector);
        let tables_end = numbers.reserved + numbers.tables * numbers.table_sectors;
        let heap_sector = tables_end + (numbers.root_entries * 32).div_ceil(sector);
        let data = numbers.sectors.checked_sub(heap_sector);
        let data = data.ok_or_else(|| damaged("has no room for clusters"))?;
        let count = data / u64::from(numbers.per_cluster);
        let (kind, width) = kind(&numbers, count)?;
        let room = width.entries(numbers.table_sectors * sector);
        let usable = count.min(room.saturating_sub(u64::from(FIRST)));
        let heap = Heap {
            offset: heap_sector * sector,
            cluster: numbers.sector * numbers.per_cluster,
            count: u32::try_from(usable)
                .ok()
                .filter(|&count| count < MOST_CLUSTERS)
                .ok_or_else(|| damaged("has more clusters than a FAT32 can have"))?,
        };
        let root = if numbers.is_large {
            Root::Chain(le32(raw, 44).ok_or(Refusal::Other)? & 0x0FFF_FFFF)
        } else {
            Root::Region(tables_end * sector, numbers.root_entries * 32)
        };
        let extra = if numbers.is_large { 64 } else { 36 };
        let signature = raw.get(extra + 2).copied().unwrap_or(0);
        Ok(Self {
            kind,
            sector: numbers.sector,
            bytes: numbers.sectors * sector,
            heap,
            table: numbers.table(raw, width)?,
            root,
            serial: le32(raw, extra + 3).filter(|_| matches!(signature, 0x28 | 0x29)),
            label: bytes(raw, extra + 7).filter(|_| signature == 0x29),
            is_dirty: raw.get(extra + 1).is_some_and(|state| state & 3 != 0),
            is_table_short: usable < count,
        })
    }
}

/// Numbers of clusters from here on mean something else (fatgen103, "FAT Data Structure").
const MOST_CLUSTERS: u32 = 0x0FFF_FFF5;

impl Numbers {
    /// `None` if it is no boot sector of FAT.
    fn parse(raw: &[u8]) -> Option<Self> {
        let small = u64::from(le16(raw, 22)?);
        let sectors = match le16(raw, 19)? {
            0 => u64::from(le32(raw, 32)?),
            sectors => u64::from(sectors),
        };
        let table_sectors = match small {
            0 => u64::from(le32(raw, 36)?),
            small => small,
        };
        let numbers = Self {
            sector: u32::from(le16(raw, 11)?),
            per_cluster: u32::from(*raw.get(13)?),
            reserved: u64::from(le16(raw, 14)?),
            tables: u64::from(*raw.get(16)?),
            root_entries: u64::from(le16(raw, 17)?),
            sectors,
            table_sectors,
            version: le16(raw, 42)?,
            is_large: small == 0,
        };
        (has_mark(raw) && numbers.are_sane(*raw.get(21)?)).then_some(numbers)
    }

    fn are_sane(&self, media: u8) -> bool {
        matches!(self.sector, 512 | 1024 | 2048 | 4096)
            && self.per_cluster.is_power_of_two()
            && self.reserved > 0
            && (1..=4).contains(&self.tables)
            && self.table_sectors > 0
            && self.sectors > 0
            && (media == 0xF0 || media >= 0xF8)
            && self.is_large == (self.root_entries == 0)
    }

    /// FAT32 may name one table that counts alone; otherwise all say the same, and the first counts.
    fn table(&self, raw: &[u8], width: Width) -> Result<TablePlace, Refusal> {
        let flags = le16(raw, 40).filter(|_| self.is_large).unwrap_or(0);
        let (is_alone, active) = (flags & 0x80 != 0, u64::from(flags & 0x0F));
        if is_alone && active >= self.tables {
            return Err(damaged("names an active table that it does not have"));
        }
        let copies = if is_alone {
            active..active + 1
        } else {
            0..self.tables
        };
        let sector = u64::from(self.sector);
        let bytes = self.table_sectors * sector;
        Ok(TablePlace {
            width,
            copies: copies
                .map(|copy| self.reserved * sector + copy * bytes)
                .collect(),
            bytes,
            sector: self.sector,
        })
    }
}

/// The mark at the end of the sector, or the name of the kind, where those that leave out the mark write it.
fn has_mark(raw: &[u8]) -> bool {
    let is_named = |at| bytes::<3>(raw, at).as_ref() == Some(b"FAT");
    bytes(raw, 510) == Some([0x55, 0xAA]) || is_named(54) || is_named(82)
}

fn kind(numbers: &Numbers, clusters: u64) -> Result<(&'static str, Width), Refusal> {
    match clusters {
        _ if numbers.is_large && numbers.version != 0 => Err(Refusal::Unsupported(format!(
            "version {:x} of FAT32",
            numbers.version
        ))),
        _ if numbers.is_large => Ok(("FAT32", Width::TwentyEight)),
        0..4085 => Ok(("FAT12", Width::Twelve)),
        4085..65525 => Ok(("FAT16", Width::Sixteen)),
        _ => Err(damaged("has more clusters than a FAT16 can have")),
    }
}

fn damaged(why: &str) -> Refusal {
    Refusal::Damaged(format!("its first sector {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A first sector with so many clusters of one sector, and a table of 512 sectors.
    fn raw(clusters: u32, is_large: bool) -> Vec<u8> {
        let mut raw = vec![0; BOOT];
        let root_sectors = if is_large { 0 } else { 1 };
        let sectors = 1 + 512 + root_sectors + clusters;
        raw[12..17].copy_from_slice(&[2, 1, 1, 0, 1]);
        raw[21] = 0xF8;
        raw[32..36].copy_from_slice(&sectors.to_le_bytes());
        if is_large {
            raw[36..40].copy_from_slice(&512u32.to_le_bytes());
        } else {
            raw[17] = 16;
            raw[22..24].copy_from_slice(&512u16.to_le_bytes());
        }
        raw[510..].copy_from_slice(&[0x55, 0xAA]);
        raw
    }

    fn kind_of(clusters: u32, is_large: bool) -> Option<&'static str> {
        let boot = FatBoot::parse(&raw(clusters, is_large)).ok()?;
        assert_eq!(boot.heap.count, clusters);
        Some(boot.kind)
    }

    #[test]
    fn the_kind_follows_from_the_number_of_clusters() {
        assert_eq!(kind_of(1, false), Some("FAT12"));
        assert_eq!(kind_of(4084, false), Some("FAT12"));
        assert_eq!(kind_of(4085, false), Some("FAT16"));
        assert_eq!(kind_of(65524, false), Some("FAT16"));
        assert_eq!(kind_of(65525, false), None);
        assert_eq!(kind_of(100, true), Some("FAT32"));
        assert_eq!(kind_of(65534, true), Some("FAT32"));
    }

    #[test]
    fn clusters_that_the_table_has_no_room_for_are_none() {
        let boot = FatBoot::parse(&raw(65535, true)).unwrap();
        assert_eq!((boot.heap.count, boot.is_table_short), (65534, true));
    }

    #[test]
    fn a_sector_that_is_cut_is_of_no_fat() {
        let whole = raw(5000, false);
        for length in 0..BOOT {
            assert_eq!(FatBoot::parse(&whole[..length]), Err(Refusal::Other));
        }
    }
}
