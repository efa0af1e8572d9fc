//! By what a device without a serial number is known again: the numbers that were drawn when its partition table and its
//! file systems were made. A clone has the same; anything else that was made with the same tools has others.
//!
//! Nothing is understood of what lies there: fields at known places are copied, and what is not there has no mark.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use filesystems::fields::{be64, bytes, guid, le16, le32, le64, uuid};

/// Bytes of a volume's beginning in which all its numbers are.
const HEAD: usize = 72 << 10;

/// Sizes of sectors at which the second one is looked for.
const SECTORS: [usize; 2] = [512, 4096];

/// Entries of the table in the first sector (UEFI 2.10, section 5.2.1), and bytes of one.
const ENTRIES: usize = 4;
const ENTRY: usize = 16;
const TABLE: usize = 446;

/// Where Btrfs has its superblock (`BTRFS_SUPER_INFO_OFFSET`).
const BTRFS: usize = 64 << 10;

/// The marks of an open device or image, as one text such as `gpt:…` or `dos:1a2b3c4d ntfs:…`; `None` where nothing is known
/// by which it could be told from another.
#[must_use]
pub fn mark(file: &File) -> Option<String> {
    let head = read(file, 0)?;
    let mut marks: Vec<String> = table(&head).into_iter().chain(volume(&head)).collect();
    if !marks.iter().any(|mark| mark.starts_with("gpt:")) {
        // What is in the partitions too: cameras leave the number of the table at nought.
        let volumes = partitions(&head).filter_map(|at| volume(&read(file, at)?));
        marks.extend(volumes);
    }
    marks.dedup();
    (!marks.is_empty()).then(|| marks.join(" "))
}

/// As much of the beginning of a volume as there is.
fn read(file: &File, at: u64) -> Option<Vec<u8>> {
    let mut head = vec![0; HEAD];
    let mut have = 0;
    while have < HEAD {
        match file.read_at(&mut head[have..], at.checked_add(have as u64)?) {
            Ok(0) => break,
            Ok(more) => have += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // A bad place behind the numbers does not hide them.
            Err(_) if have > 0 => break,
            Err(_) => return None,
        }
    }
    head.truncate(have);
    Some(head)
}

/// The number of a partition table.
fn table(head: &[u8]) -> Option<String> {
    let gpt = SECTORS.iter().find_map(|sector| {
        // UEFI 2.10, table 5.5: the header is in the second block, `DiskGUID` at 56.
        let is_header = bytes::<8>(head, *sector)? == *b"EFI PART";
        is_header.then(|| bytes::<16>(head, sector + 56))?
    });
    if let Some(gpt) = gpt {
        return Some(format!("gpt:{}", guid(&gpt)));
    }
    let number = le32(head, 440)?;
    (has_table(head) && number != 0).then(|| format!("dos:{number:08x}"))
}

/// Whether the first sector ends as one with a table does, and is not that of a volume.
fn has_table(head: &[u8]) -> bool {
    le16(head, 510) == Some(0xAA55) && volume(head).is_none()
}

/// Where partitions of the first sector's table begin, in bytes. Tables count in sectors of 512 bytes on all but a few devices.
fn partitions(head: &[u8]) -> impl Iterator<Item = u64> {
    let starts = (0..ENTRIES).map_while(|entry| le32(head, TABLE + entry * ENTRY + 8));
    let starts: Vec<u32> = match has_table(head) {
        true => starts.filter(|start| *start != 0).collect(),
        false => Vec::new(),
    };
    starts.into_iter().map(|start| u64::from(start) * 512)
}

/// The number of a file system or encrypted volume.
fn volume(head: &[u8]) -> Option<String> {
    let says = |at: usize, magic: &[u8]| head.get(at..)?.starts_with(magic).then_some(());
    let of_uuid = |name: &str, at: usize| Some(format!("{name}:{}", uuid(&bytes(head, at)?)));
    let luks = || {
        says(0, b"LUKS\xba\xbe")?;
        let text: Vec<u8> = bytes::<40>(head, 168)?
            .into_iter()
            .take_while(|byte| *byte != 0)
            .collect();
        let is_uuid = text.len() == 36
            && text
                .iter()
                .all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
        is_uuid.then(|| format!("luks:{}", String::from_utf8_lossy(&text)))
    };
    let bitlocker = || {
        says(3, b"-FVE-FS-").and_then(|()| Some(format!("bitlocker:{}", guid(&bytes(head, 160)?))))
    };
    let ntfs =
        || says(3, b"NTFS    ").and_then(|()| Some(format!("ntfs:{:016X}", le64(head, 72)?)));
    let exfat =
        || says(3, b"EXFAT   ").and_then(|()| Some(format!("exfat:{:08X}", le32(head, 100)?)));
    let fat32 =
        || says(82, b"FAT32   ").and_then(|()| Some(format!("fat:{:08X}", le32(head, 67)?)));
    let fat16 = || says(54, b"FAT1").and_then(|()| Some(format!("fat:{:08X}", le32(head, 39)?)));
    let ext = || says(1024 + 56, &[0x53, 0xEF]).and_then(|()| of_uuid("ext", 1024 + 104));
    let xfs = || says(0, b"XFSB").and_then(|()| of_uuid("xfs", 32));
    let btrfs = || says(BTRFS + 64, b"_BHRfS_M").and_then(|()| of_uuid("btrfs", BTRFS + 32));
    let apfs = || says(32, b"NXSB").and_then(|()| of_uuid("apfs", 72));
    let hfs = || {
        says(1024, b"H+").or_else(|| says(1024, b"HX"))?;
        // `finderInfo[6]` and `[7]` (TN1150).
        Some(format!("hfs:{:016x}", be64(head, 1024 + 104)?))
    };
    luks()
        .or_else(bitlocker)
        .or_else(ntfs)
        .or_else(exfat)
        .or_else(fat32)
        .or_else(fat16)
        .or_else(xfs)
        .or_else(apfs)
        .or_else(ext)
        .or_else(hfs)
        .or_else(btrfs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::process::Command;

    fn image(pieces: &[(usize, &[u8])]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        let mut bytes = vec![0; 4 << 20];
        for (at, piece) in pieces {
            bytes[*at..at + piece.len()].copy_from_slice(piece);
        }
        file.write_all(&bytes).unwrap();
        file
    }

    #[test]
    fn what_nothing_tells_apart_has_no_mark() {
        assert_eq!(mark(&image(&[])), None);
        assert_eq!(mark(&tempfile::tempfile().unwrap()), None, "of no bytes");
        // A table whose number is nought, with nothing known in its partitions.
        let entry = [0, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0];
        assert_eq!(mark(&image(&[(TABLE, &entry), (510, &[0x55, 0xAA])])), None);
    }

    #[test]
    fn tables_and_volumes_tell_their_numbers() {
        let header = [b"EFI PART".as_slice(), &[0; 48], &[1; 16]].concat();
        let gpt = "gpt:01010101-0101-0101-0101-010101010101";
        for sector in SECTORS {
            let found = mark(&image(&[(sector, &header), (510, &[0x55, 0xAA])]));
            assert_eq!(found.as_deref(), Some(gpt));
        }
        let entry = [0, 0, 0, 0, 7, 0, 0, 0, 0, 8, 0, 0, 8, 0, 0, 0];
        let found = mark(&image(&[
            (440, &[4, 3, 2, 1]),
            (TABLE, &entry),
            (510, &[0x55, 0xAA]),
            ((1 << 20) + 3, b"EXFAT   "),
            ((1 << 20) + 100, &[0xD, 0xC, 0xB, 0xA]),
        ]));
        assert_eq!(found.as_deref(), Some("dos:01020304 exfat:0A0B0C0D"));
        for (at, magic, number, wanted) in [
            (3, b"NTFS    ".as_slice(), 72, "ntfs:0908070605040302"),
            (82, b"FAT32   ", 67, "fat:05040302"),
            (54, b"FAT16   ", 39, "fat:05040302"),
            (0, b"XFSB", 32, "xfs:02030405-0607-0809-0a0b-0c0d0e0f1011"),
            (
                1080,
                &[0x53, 0xEF],
                1128,
                "ext:02030405-0607-0809-0a0b-0c0d0e0f1011",
            ),
            (1024, b"HX", 1128, "hfs:0203040506070809"),
            (
                BTRFS + 64,
                b"_BHRfS_M",
                BTRFS + 32,
                "btrfs:02030405-0607-0809-0a0b-0c0d0e0f1011",
            ),
        ] {
            // No longer than the number is: the magic of FAT32 follows soon behind it.
            let bytes = if wanted.starts_with("fat:") { 4 } else { 16 };
            let numbers: Vec<u8> = (2..2 + bytes).collect();
            let found = mark(&image(&[(at, magic), (number, &numbers)]));
            assert_eq!(found.as_deref(), Some(wanted));
        }
    }

    /// Two of one size that one tool has made a moment after the other.
    #[test]
    fn what_a_tool_makes_twice_is_told_apart_and_a_copy_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let path = folder.path().join(name);
            File::create(&path).unwrap().set_len(8 << 20).unwrap();
            let made = Command::new("mkfs.ext4").arg("-q").arg(&path).status();
            made.is_ok_and(|status| status.success()).then_some(path)
        };
        let (Some(one), Some(other)) = (make("one"), make("other")) else {
            println!("there is no mkfs.ext4");
            return;
        };
        let of = |path| mark(&File::open(path).unwrap());
        assert!(of(&one).is_some_and(|mark| mark.starts_with("ext:")));
        assert_ne!(of(&one), of(&other));
        let copy = folder.path().join("copy");
        std::fs::copy(&one, &copy).unwrap();
        assert_eq!(of(&one), of(&copy));
    }
}
