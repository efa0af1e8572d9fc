//! FAT volumes, written.

use std::ops::Range;

use crate::disk::Disk;

/// Attributes.
pub(crate) const LABEL: u8 = 0x08;
pub(crate) const FOLDER: u8 = 0x10;
pub(crate) const FILE: u8 = 0x20;

/// A FAT volume over stale bytes, with two tables.
pub(crate) struct FatVolume {
    pub(crate) disk: Disk,
    /// Where the entries of the root are.
    pub(crate) root: Range<usize>,
}

/// How a volume is made.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) width: u32,
    pub(crate) sector: usize,
    pub(crate) per_cluster: usize,
    pub(crate) clusters: usize,
}

impl Shape {
    pub(crate) const FAT12: Self = Self {
        width: 12,
        sector: 512,
        per_cluster: 4,
        clusters: 100,
    };
    pub(crate) const FAT16: Self = Self {
        width: 16,
        sector: 512,
        per_cluster: 1,
        clusters: 4200,
    };
    pub(crate) const FAT32: Self = Self {
        width: 32,
        sector: 512,
        per_cluster: 4,
        clusters: 100,
    };
}

impl FatVolume {
    /// An empty volume. The root of FAT32 is cluster 2.
    pub(crate) fn new(shape: Shape) -> Self {
        let Shape {
            width,
            sector,
            per_cluster,
            clusters,
        } = shape;
        let reserved = if width == 32 { 32 } else { 1 };
        let bits = (clusters + 2) * width as usize;
        let table_sectors = bits.div_ceil(8).div_ceil(sector);
        let root_sectors = if width == 32 {
            0
        } else {
            (64usize * 32).div_ceil(sector)
        };
        let heap_sector = reserved + 2 * table_sectors + root_sectors;
        let sectors = heap_sector + clusters * per_cluster;
        let table = reserved * sector;
        let tables = vec![table, table + table_sectors * sector];
        let root = tables[1] + table_sectors * sector;
        let mut disk = Disk {
            bytes: Disk::stale(sectors * sector),
            heap: heap_sector * sector,
            cluster: sector * per_cluster,
            tables,
            width,
        };
        disk.bytes[..heap_sector * sector].fill(0);
        disk.put(0, &[0xEB, 0x3C, 0x90]);
        let le16 = |number: usize| u16::try_from(number).unwrap().to_le_bytes();
        let le32 = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        disk.put(11, &le16(sector));
        disk.put(13, &[u8::try_from(per_cluster).unwrap()]);
        disk.put(14, &le16(reserved));
        disk.put(16, &[2]);
        disk.put(21, &[0xF8]);
        disk.put(32, &le32(sectors));
        disk.put(510, &[0x55, 0xAA]);
        let extra = if width == 32 {
            disk.put(36, &le32(table_sectors));
            disk.put(44, &le32(2));
            disk.put(50, &le16(6));
            64
        } else {
            disk.put(17, &le16(64));
            disk.put(22, &le16(table_sectors));
            36
        };
        disk.put(extra + 2, &[0x29]);
        disk.put(extra + 3, &0x1234_ABCDu32.to_le_bytes());
        disk.put(extra + 7, b"IN BOOT    ");
        disk.link(0, 0xFFFF_FFF8);
        disk.link(1, u32::MAX);
        let mut root = root..root + 64 * 32;
        if width == 32 {
            disk.blank(&[2]);
            root = disk.place(2)..disk.place(2) + disk.cluster;
            let first = disk.bytes[..512].to_vec();
            disk.put(6 * sector, &first);
        }
        Self { disk, root }
    }

    /// Adds a file with a short name to the root.
    pub(crate) fn file(&mut self, short: &[u8; 11], clusters: &[u32], content: &[u8]) -> usize {
        self.disk.fill(clusters, content);
        let first = clusters.first().copied().unwrap_or(0);
        let bytes = u32::try_from(content.len()).unwrap();
        self.disk
            .add(self.root.clone(), &entry(short, FILE, first, bytes))
    }

    /// Adds a folder to the root; gives where its entries are, in its first cluster.
    pub(crate) fn folder(&mut self, short: &[u8; 11], clusters: &[u32]) -> Range<usize> {
        let root = self.root.clone();
        self.folder_in(root, short, clusters)
    }

    pub(crate) fn folder_in(
        &mut self,
        parent: Range<usize>,
        short: &[u8; 11],
        clusters: &[u32],
    ) -> Range<usize> {
        self.disk.blank(clusters);
        self.disk.add(parent, &entry(short, FOLDER, clusters[0], 0));
        let place = self.disk.place(clusters[0]);
        let region = place..place + self.disk.cluster;
        self.disk.add(
            region.clone(),
            &entry(b".          ", FOLDER, clusters[0], 0),
        );
        self.disk
            .add(region.clone(), &entry(b"..         ", FOLDER, 0, 0));
        region
    }
}

/// An entry that was changed on 2001-02-03 at 04:05:06.
pub(crate) fn entry(short: &[u8; 11], attributes: u8, first: u32, bytes: u32) -> [u8; 32] {
    let mut raw = [0; 32];
    raw[..11].copy_from_slice(short);
    raw[11] = attributes;
    raw[20..22].copy_from_slice(&first.to_le_bytes()[2..]);
    raw[22..24].copy_from_slice(&(4u16 << 11 | 5 << 5 | 3).to_le_bytes());
    raw[24..26].copy_from_slice(&(21u16 << 9 | 2 << 5 | 3).to_le_bytes());
    raw[26..28].copy_from_slice(&first.to_le_bytes()[..2]);
    raw[28..].copy_from_slice(&bytes.to_le_bytes());
    raw
}

/// The entries of a long name for a short one.
pub(crate) fn long(name: impl IntoIterator<Item = u16>, short: &[u8; 11]) -> Vec<u8> {
    let sum = short
        .iter()
        .fold(0u8, |sum, &byte| sum.rotate_right(1).wrapping_add(byte));
    let units: Vec<u16> = name.into_iter().collect();
    let mut entries = Vec::new();
    for (index, piece) in units.chunks(13).enumerate() {
        let mut piece = piece.to_vec();
        if piece.len() < 13 {
            piece.push(0);
            piece.resize(13, 0xFFFF);
        }
        let bytes: Vec<u8> = piece.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let ordinal = u8::try_from(index + 1).unwrap();
        let mut raw = vec![ordinal];
        raw.extend(&bytes[..10]);
        raw.extend([0x0F, 0, sum]);
        raw.extend(&bytes[10..22]);
        raw.extend([0, 0]);
        raw.extend(&bytes[22..]);
        entries.push(raw);
    }
    entries.last_mut().unwrap()[0] |= 0x40;
    entries.reverse();
    entries.concat()
}
