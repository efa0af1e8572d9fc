//! exFAT volumes, written.

use std::ops::Range;

use crate::disk::Disk;

const SECTOR: usize = 512;
/// Clusters of a volume: 2 is the bitmap, 3 the root.
pub(crate) const CLUSTERS: usize = 200;
const CLUSTER: usize = 2048;

/// An exFAT volume over stale bytes.
pub(crate) struct ExfatVolume {
    pub(crate) disk: Disk,
    /// Where the entries of the root are.
    pub(crate) root: Range<usize>,
}

/// What a file is made of.
#[derive(Clone)]
pub(crate) struct Stream {
    pub(crate) flags: u8,
    pub(crate) first: u32,
    pub(crate) valid: u64,
    pub(crate) bytes: u64,
}

impl Stream {
    /// In a chain.
    pub(crate) fn chained(first: u32, bytes: usize) -> Self {
        Self {
            flags: 1,
            first,
            valid: bytes as u64,
            bytes: bytes as u64,
        }
    }

    /// In clusters that follow each other.
    pub(crate) fn contiguous(first: u32, bytes: usize) -> Self {
        Self {
            flags: 3,
            ..Self::chained(first, bytes)
        }
    }

    /// Nowhere.
    pub(crate) fn empty() -> Self {
        Self::chained(0, 0)
    }
}

impl ExfatVolume {
    /// An empty volume with `tables` tables, of which the last counts.
    pub(crate) fn new(tables: usize) -> Self {
        let table_sectors = ((CLUSTERS + 2) * 4).div_ceil(SECTOR);
        let heap = (24 + tables * table_sectors) * SECTOR;
        let mut disk = Disk {
            bytes: Disk::stale(heap + CLUSTERS * CLUSTER),
            heap,
            cluster: CLUSTER,
            tables: (0..tables)
                .map(|table| (24 + table * table_sectors) * SECTOR)
                .collect(),
            width: 32,
        };
        disk.bytes[..heap].fill(0);
        disk.put(0, &[0xEB, 0x76, 0x90]);
        disk.put(3, b"EXFAT   ");
        let le32 = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        disk.put(
            72,
            &((heap + CLUSTERS * CLUSTER) as u64 / SECTOR as u64).to_le_bytes(),
        );
        disk.put(80, &le32(24));
        disk.put(84, &le32(table_sectors));
        disk.put(88, &le32(heap / SECTOR));
        disk.put(92, &le32(CLUSTERS));
        disk.put(96, &le32(3));
        disk.put(100, &0x1234_ABCDu32.to_le_bytes());
        disk.put(104, &[0, 1, u8::from(tables == 2)]);
        disk.put(108, &[9, 2, u8::try_from(tables).unwrap()]);
        disk.put(510, &[0x55, 0xAA]);
        disk.blank(&[2]);
        disk.blank(&[3]);
        let root = disk.place(3)..disk.place(3) + CLUSTER;
        let mut volume = Self { disk, root };
        let mut bitmap = [0; 32];
        (bitmap[0], bitmap[1], bitmap[20]) = (0x81, u8::from(tables == 2), 2);
        bitmap[24] = u8::try_from(CLUSTERS.div_ceil(8)).unwrap();
        volume.disk.add(volume.root.clone(), &bitmap);
        volume.take(&[2, 3]);
        volume.seal();
        volume
    }

    /// Writes the checksum of the boot region, and its copy.
    pub(crate) fn seal(&mut self) {
        let mut sum = 0u32;
        for (index, &byte) in self.disk.bytes[..11 * SECTOR].iter().enumerate() {
            if !matches!(index, 106 | 107 | 112) {
                sum = sum.rotate_right(1).wrapping_add(u32::from(byte));
            }
        }
        for at in (11 * SECTOR..12 * SECTOR).step_by(4) {
            self.disk.put(at, &sum.to_le_bytes());
        }
        self.disk.bytes.copy_within(..12 * SECTOR, 12 * SECTOR);
    }

    /// Marks clusters as used in the bitmap.
    pub(crate) fn take(&mut self, clusters: &[u32]) {
        let bitmap = self.disk.place(2);
        for cluster in clusters {
            let bit = *cluster as usize - 2;
            self.disk.bytes[bitmap + bit / 8] |= 1 << (bit % 8);
        }
    }

    /// Writes content into clusters that are marked as used, and chains them if that is wanted.
    pub(crate) fn fill(&mut self, clusters: &[u32], content: &[u8], is_chained: bool) {
        self.take(clusters);
        if is_chained {
            self.disk.chain(clusters);
        }
        for (&cluster, piece) in clusters.iter().zip(content.chunks(CLUSTER)) {
            self.disk.put(self.disk.place(cluster), piece);
        }
    }

    /// Adds a file to the root.
    pub(crate) fn file(&mut self, name: &str, stream: &Stream) -> usize {
        self.disk
            .add(self.root.clone(), &set(name, 0x20, stream, &[]))
    }

    /// Adds a folder of one cluster; gives where its entries are.
    pub(crate) fn folder(
        &mut self,
        parent: Range<usize>,
        name: &str,
        cluster: u32,
    ) -> Range<usize> {
        self.take(&[cluster]);
        let place = self.disk.place(cluster);
        self.disk.bytes[place..place + CLUSTER].fill(0);
        let stream = Stream::contiguous(cluster, CLUSTER);
        self.disk.add(parent, &set(name, 0x10, &stream, &[]));
        place..place + CLUSTER
    }
}

/// The entries of a file, and further ones of kinds that are given, with their checksum.
pub(crate) fn set(name: &str, attributes: u8, stream: &Stream, further: &[u8]) -> Vec<u8> {
    let units: Vec<u16> = name.encode_utf16().collect();
    let names = units.len().div_ceil(15);
    let mut raw = vec![0; 64];
    raw[0] = 0x85;
    raw[1] = u8::try_from(1 + names + further.len()).unwrap();
    raw[4] = attributes;
    // 2001-02-03 04:05:06, and 150 hundredths, an hour east of UTC.
    raw[12..16].copy_from_slice(&stamp().to_le_bytes());
    (raw[21], raw[23]) = (150, 0x84);
    raw[32] = 0xC0;
    raw[33] = stream.flags;
    raw[35] = u8::try_from(units.len()).unwrap();
    raw[36..38].copy_from_slice(&name_hash(&units).to_le_bytes());
    raw[40..48].copy_from_slice(&stream.valid.to_le_bytes());
    raw[52..56].copy_from_slice(&stream.first.to_le_bytes());
    raw[56..64].copy_from_slice(&stream.bytes.to_le_bytes());
    for piece in units.chunks(15) {
        let mut entry = vec![0xC1, 0];
        entry.extend(piece.iter().flat_map(|unit| unit.to_le_bytes()));
        entry.resize(32, 0);
        raw.extend(entry);
    }
    for &kind in further {
        raw.push(kind);
        raw.extend([0; 31]);
    }
    resum(&mut raw);
    raw
}

/// The hash by which drivers look for a name: of its capitals, which here are those of ASCII.
fn name_hash(units: &[u16]) -> u16 {
    let capitals = units.iter().map(|&unit| match unit {
        0x61..=0x7A => unit - 0x20,
        other => other,
    });
    let bytes = capitals.flat_map(u16::to_le_bytes);
    bytes.fold(0, |hash: u16, byte| {
        hash.rotate_right(1).wrapping_add(byte.into())
    })
}

fn stamp() -> u32 {
    let (date, time) = (21u32 << 9 | 2 << 5 | 3, 4u32 << 11 | 5 << 5 | 3);
    date << 16 | time
}

/// Writes the checksum of a set.
pub(crate) fn resum(raw: &mut [u8]) {
    let mut sum = 0u16;
    for (index, &byte) in raw.iter().enumerate() {
        if !matches!(index, 2 | 3) {
            sum = sum.rotate_right(1).wrapping_add(u16::from(byte));
        }
    }
    raw[2..4].copy_from_slice(&sum.to_le_bytes());
}
