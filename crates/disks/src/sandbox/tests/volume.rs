//! Small disks, written.

use filesystems::blocks::MemoryBlocks;

const SECTOR: usize = 512;
const CLUSTERS: usize = 4200;
const TABLE_SECTORS: usize = 17;
const ROOT_ENTRIES: usize = 512;

/// Where the entries of the root lie.
pub(super) const ROOT: u64 = (1 + TABLE_SECTORS as u64) * SECTOR as u64;

/// A FAT16 of 2 MiB whose root has so many files, each one cluster of its number.
pub(super) fn fat(files: usize) -> MemoryBlocks {
    let root = (1 + TABLE_SECTORS) * SECTOR;
    let heap = root + ROOT_ENTRIES * 32;
    let mut bytes = vec![0; heap + CLUSTERS * SECTOR];
    let sectors = u32::try_from(bytes.len() / SECTOR).unwrap();
    let mut put = |at: usize, held: &[u8]| bytes[at..at + held.len()].copy_from_slice(held);
    put(0, &[0xEB, 0x3C, 0x90]);
    put(11, &[0, 2, 1, 1, 0, 1, 0, 2, 0, 0, 0xF8, 17, 0]);
    put(32, &sectors.to_le_bytes());
    put(510, &[0x55, 0xAA]);
    put(SECTOR, &[0xF8, 0xFF, 0xFF, 0xFF]);
    for file in 0..files {
        let cluster = u16::try_from(file + 2).unwrap();
        put(SECTOR + usize::from(cluster) * 2, &[0xFF, 0xFF]);
        let mut entry = [0; 32];
        entry[..11].copy_from_slice(format!("FILE{file:04}BIN").as_bytes());
        entry[11] = 0x20;
        entry[26..28].copy_from_slice(&cluster.to_le_bytes());
        entry[28..30].copy_from_slice(&500_u16.to_le_bytes());
        put(root + file * 32, &entry);
        put(
            heap + file * SECTOR,
            &[u8::try_from(file % 256).unwrap(); SECTOR],
        );
    }
    MemoryBlocks::new(bytes)
}

/// A disk with an MBR whose first partition is `volume`, and whose second is empty.
pub(super) fn partitioned(mut volume: MemoryBlocks) -> MemoryBlocks {
    let volume = std::mem::take(volume.content());
    let sectors = u32::try_from(volume.len() / SECTOR).unwrap();
    let mut bytes = vec![0; 1 << 20];
    for (index, (kind, first, count)) in [(6, 2048, sectors), (0x83, 2048 + sectors, 2048)]
        .into_iter()
        .enumerate()
    {
        let entry = &mut bytes[446 + index * 16..][..16];
        entry[4] = kind;
        entry[8..12].copy_from_slice(&u32::to_le_bytes(first));
        entry[12..].copy_from_slice(&u32::to_le_bytes(count));
    }
    bytes[510..512].copy_from_slice(&[0x55, 0xAA]);
    bytes.extend(volume);
    bytes.extend(vec![0; 1 << 20]);
    MemoryBlocks::new(bytes)
}
