//! The boot region of exFAT (Microsoft's *exFAT file system specification*, 3).

use crate::clusters::heap::{FIRST, Heap};
use crate::clusters::metadata::Metadata;
use crate::clusters::table::{TablePlace, Width};
use crate::fields::{bytes, le16, le32, le64};
use crate::reader::Refusal;

/// What is read of the first sector, in bytes: all that means something, whatever the size of sectors.
const BOOT: usize = 512;

/// Sectors of a boot region, the last of which holds the checksum of the others.
const SECTORS: u64 = 12;

/// Where the copy of the boot region begins, in sectors.
const BACKUP: u64 = SECTORS;

/// Logarithms of the smallest and largest sector.
const SECTOR_SHIFTS: std::ops::RangeInclusive<u8> = 9..=12;

/// The logarithm of the largest cluster: 32 MiB.
const CLUSTER_SHIFT: u8 = 25;

/// The most clusters.
const MOST_CLUSTERS: u32 = u32::MAX - 10;

/// What the boot region says, proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExfatBoot {
    /// The size of a sector in bytes.
    pub(crate) sector: u32,
    /// The size of the volume in bytes.
    pub(crate) bytes: u64,
    /// Where clusters are.
    pub(crate) heap: Heap,
    /// Where the table that counts is.
    pub(crate) table: TablePlace,
    /// The first cluster of the root.
    pub(crate) root: u32,
    /// The number that was made up when it was formatted.
    pub(crate) serial: u32,
    /// Whether the second table and the second bitmap count (TexFAT).
    pub(crate) is_second_active: bool,
    /// Whether it says that it is in use, or that the medium failed.
    pub(crate) is_dirty: bool,
    /// Whether the copy of the region was taken.
    pub(crate) is_backup: bool,
}

impl ExfatBoot {
    /// Reads the boot region, or its copy if that cannot be read or its checksum is wrong.
    ///
    /// # Errors
    ///
    /// [`Refusal::Other`] if there is none; otherwise what about it cannot be.
    pub(crate) fn read(metered: &mut Metadata, device_sector: u32) -> Result<Self, Refusal> {
        let mut raw = [0; BOOT];
        if metered.read(0, &mut raw)? {
            let sector = sector_of(&raw).ok_or(Refusal::Other)?;
            if let Some(raw) = region(metered, 0, sector)? {
                return Self::parse(&raw);
            }
        }
        let stated = sector_of(&raw).unwrap_or(device_sector);
        for sector in [stated, 512, 1024, 2048, 4096] {
            if let Some(raw) = region(metered, BACKUP, sector)? {
                let boot = Self::parse(&raw)?;
                return Ok(Self {
                    is_backup: true,
                    ..boot
                });
            }
        }
        match sector_of(&raw) {
            Some(_) => Err(damaged(
                "has a wrong checksum or cannot be read, and so has its copy",
            )),
            None => Err(Refusal::Other),
        }
    }

    fn parse(raw: &[u8]) -> Result<Self, Refusal> {
        let fault = || damaged("is too short");
        let version = le16(raw, 104).ok_or_else(fault)?;
        if version >> 8 != 1 {
            return Err(Refusal::Unsupported(format!(
                "version {} of exFAT",
                version >> 8
            )));
        }
        let sector = sector_of(raw).ok_or(Refusal::Other)?;
        let cluster = cluster_of(raw).ok_or_else(|| damaged("has clusters of an odd size"))?;
        let count = le32(raw, 92).ok_or_else(fault)?;
        if !(1..=MOST_CLUSTERS).contains(&count) {
            return Err(damaged("has an odd number of clusters"));
        }
        let flags = le16(raw, 106).ok_or_else(fault)?;
        let is_second_active = flags & 1 != 0;
        let in_sectors = |at| le32(raw, at).map(|sectors| u64::from(sectors) * u64::from(sector));
        let volume = le64(raw, 72).ok_or_else(fault)?;
        let heap = Heap {
            offset: in_sectors(88).ok_or_else(fault)?,
            cluster,
            count,
        };
        let boot = Self {
            sector,
            bytes: volume
                .checked_mul(u64::from(sector))
                .ok_or_else(|| damaged("has a volume beyond all bounds"))?,
            heap,
            table: table(raw, sector, is_second_active)?,
            root: le32(raw, 96).ok_or_else(fault)?,
            serial: le32(raw, 100).ok_or_else(fault)?,
            is_second_active,
            is_dirty: flags & 6 != 0,
            is_backup: false,
        };
        boot.prove()?;
        Ok(boot)
    }

    /// Everything has its place: the table before the clusters, those within the volume, and entries for all.
    fn prove(&self) -> Result<(), Refusal> {
        let heap = &self.heap;
        let heap_end = u64::from(heap.count)
            .checked_mul(u64::from(heap.cluster))
            .and_then(|bytes| bytes.checked_add(heap.offset));
        let table_begin = self.table.copies.first().copied().unwrap_or(0);
        let room = self.table.width.entries(self.table.bytes);
        let is_in_order = table_begin >= SECTORS * 2 * u64::from(self.sector)
            && table_begin + self.table.bytes <= heap.offset
            && heap_end.is_some_and(|end| end <= self.bytes);
        if !is_in_order {
            Err(damaged("lets its parts lie in each other"))
        } else if room < u64::from(heap.count) + u64::from(FIRST) {
            Err(damaged("has a table too short for its clusters"))
        } else if heap.index(self.root).is_none() {
            Err(damaged("names a root that is no cluster"))
        } else {
            Ok(())
        }
    }
}

/// The table that counts: the second of two only if the volume says so.
fn table(raw: &[u8], sector: u32, is_second_active: bool) -> Result<TablePlace, Refusal> {
    let in_sectors = |at| le32(raw, at).map(|sectors| u64::from(sectors) * u64::from(sector));
    let place = in_sectors(80).zip(in_sectors(84));
    let (first, bytes) = place.ok_or_else(|| damaged("is too short"))?;
    let tables = raw.get(110).copied().unwrap_or(0);
    if !(1..=2).contains(&tables) || (is_second_active && tables < 2) {
        return Err(damaged("has an odd number of tables"));
    }
    Ok(TablePlace {
        width: Width::ThirtyTwo,
        copies: vec![if is_second_active {
            first + bytes
        } else {
            first
        }],
        bytes,
        sector,
    })
}

/// The size of a sector, if this is the first of exFAT: the name is there, and nothing where FAT has its numbers.
fn sector_of(raw: &[u8]) -> Option<u32> {
    let is_exfat = bytes(raw, 3).as_ref() == Some(b"EXFAT   ")
        && raw.get(11..64)?.iter().all(|&byte| byte == 0)
        && bytes(raw, 510) == Some([0x55, 0xAA]);
    let shift = *raw.get(108)?;
    (is_exfat && SECTOR_SHIFTS.contains(&shift)).then(|| 1 << shift)
}

fn cluster_of(raw: &[u8]) -> Option<u32> {
    let shift = raw.get(108)?.checked_add(*raw.get(109)?)?;
    (shift <= CLUSTER_SHIFT).then(|| 1 << shift)
}

/// The first sector of the region that begins at sector `first`, if all of the region can be read and its checksum is
/// right.
fn region(metered: &mut Metadata, first: u64, sector: u32) -> Result<Option<Vec<u8>>, Refusal> {
    let size = usize::try_from(sector).unwrap_or(BOOT);
    let mut raw = vec![0; size * 12];
    if !metered.read(first * u64::from(sector), &mut raw)? || sector_of(&raw) != Some(sector) {
        return Ok(None);
    }
    let (summed, sums) = raw.split_at(size * 11);
    let expected = checksum(summed).to_le_bytes();
    let is_right = sums.chunks(4).all(|sum| sum == expected);
    raw.truncate(size);
    Ok(is_right.then_some(raw))
}

/// The checksum of a boot region (3.4): without the volume's flags (106, 107) and how much of it is used (112), which
/// change while it is in use.
pub(crate) fn checksum(sectors: &[u8]) -> u32 {
    let mut sum = 0u32;
    for (index, &byte) in sectors.iter().enumerate() {
        if !matches!(index, 106 | 107 | 112) {
            sum = sum.rotate_right(1).wrapping_add(u32::from(byte));
        }
    }
    sum
}

fn damaged(why: &str) -> Refusal {
    Refusal::Damaged(format!("its boot region {why}"))
}
