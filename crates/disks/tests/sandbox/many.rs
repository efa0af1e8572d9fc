//! A volume with very many names, written.

const SECTOR: usize = 512;
const CLUSTER: usize = 4096;
const RESERVED: usize = 32;

/// The bytes of a FAT32 up to its folders, and the size of all of it: so many folders in the root, each with so many
/// files of one cluster behind all that.
pub(crate) fn fat32(folders: usize, files: usize) -> (Vec<u8>, u64) {
    let of_root = (folders * 32).div_ceil(CLUSTER);
    let of_folder = ((files + 2) * 32).div_ceil(CLUSTER);
    let first_file = 2 + of_root + folders * of_folder;
    let clusters = first_file + folders * files;
    let table_sectors = (clusters * 4).div_ceil(SECTOR);
    let heap = (RESERVED + table_sectors) * SECTOR;
    let place = |cluster: usize| heap + (cluster - 2) * CLUSTER;
    let mut disk = Written(vec![0; place(first_file)]);
    let size = place(clusters);
    disk.put(0, &[0xEB, 0x58, 0x90]);
    disk.put(11, &[0, 2, 8, 32, 0, 1, 0, 0, 0, 0, 0xF8]);
    disk.number(32, size / SECTOR);
    disk.number(36, table_sectors);
    disk.number(44, 2);
    disk.put(510, &[0x55, 0xAA]);
    disk.put(
        RESERVED * SECTOR,
        &[0xF8, 0xFF, 0xFF, 0x0F, 0xFF, 0xFF, 0xFF, 0x0F],
    );
    disk.chain(2, of_root);
    for folder in 0..folders {
        let first = 2 + of_root + folder * of_folder;
        disk.chain(first, of_folder);
        disk.entry(
            place(2) + folder * 32,
            &format!("D{folder:010}"),
            0x10,
            first,
        );
        disk.entry(place(first), ".          ", 0x10, first);
        disk.entry(place(first) + 32, "..         ", 0x10, 0);
        for file in 0..files {
            let cluster = first_file + folder * files + file;
            disk.chain(cluster, 1);
            disk.entry(
                place(first) + (file + 2) * 32,
                &format!("F{file:010}"),
                0x20,
                cluster,
            );
        }
    }
    (disk.0, size as u64)
}

struct Written(Vec<u8>);

impl Written {
    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn number(&mut self, at: usize, number: usize) {
        self.put(at, &u32::try_from(number).unwrap().to_le_bytes());
    }

    /// Clusters one after the other.
    fn chain(&mut self, first: usize, count: usize) {
        let table = RESERVED * SECTOR;
        for cluster in first..first + count - 1 {
            self.number(table + cluster * 4, cluster + 1);
        }
        self.number(table + (first + count - 1) * 4, 0x0FFF_FFFF);
    }

    /// An entry of 4,000 bytes, or of a folder.
    fn entry(&mut self, at: usize, name: &str, attributes: u8, cluster: usize) {
        let cluster = u32::try_from(cluster).unwrap().to_le_bytes();
        self.put(at, name.as_bytes());
        self.put(at + 11, &[attributes]);
        self.put(at + 20, &cluster[2..]);
        self.put(at + 26, &cluster[..2]);
        if attributes == 0x20 {
            self.number(at + 28, 4000);
        }
    }
}
