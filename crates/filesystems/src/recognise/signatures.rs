//! The magics of what is not read, and the sentences for them.

use super::{Class, Foreign};

/// A magic and where it lies.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) class: Class,
    pub(super) name: &'static str,
    pub(super) magic: &'static [u8],
    pub(super) places: &'static [Place],
}

/// A place of a volume, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Start(u64),
    /// So many before the end.
    End(u64),
    /// Inside the last whole sector of 512.
    LastSector(u64),
}

use Class::{Array, Container, Encrypted, FileSystem, Manager, NoData, Table};
use Place::{End, LastSector, Start};

const fn new(
    class: Class,
    name: &'static str,
    magic: &'static [u8],
    places: &'static [Place],
) -> Signature {
    Signature {
        class,
        name,
        magic,
        places,
    }
}

/// Where swap space has its magic: ten bytes before the end of a page of 4 to 64 KiB.
const SWAP: &[Place] = &[
    Start(4086),
    Start(8182),
    Start(16374),
    Start(32758),
    Start(65526),
];
const OCFS: &[Place] = &[Start(1024), Start(2048), Start(4096), Start(8192)];
const UFS: &[Place] = &[Start(1372), Start(9564), Start(66908), Start(263_516)];
const VOLUME_LABEL: &[Place] = &[Start(1024), Start(2048), Start(4096), Start(8192)];
/// The first sectors of a UDF or ISO 9660 volume recognition sequence.
const RECOGNITION: &[Place] = &[
    Start(32769),
    Start(34817),
    Start(36865),
    Start(38913),
    Start(40961),
    Start(45057),
    Start(49153),
];

/// All magics but those that need more than a look: see the module above.
pub(super) const SIGNATURES: &[Signature] = &[
    new(Encrypted, "LUKS", b"LUKS\xBA\xBE", &[Start(0)]),
    new(
        Encrypted,
        "LUKS",
        b"SKUL\xBA\xBE",
        &[
            Start(0x4000),
            Start(0x8000),
            Start(0x10000),
            Start(0x20000),
            Start(0x40000),
            Start(0x80000),
        ],
    ),
    new(Encrypted, "BitLocker", b"-FVE-FS-", &[Start(3)]),
    new(
        Encrypted,
        "BitLocker To Go",
        b"\x3B\xD6\x67\x49\x29\x2E\xD8\x4A",
        &[Start(424)],
    ),
    new(
        Manager,
        "LVM2",
        b"LVM2 001",
        &[Start(24), Start(536), Start(1048), Start(1560)],
    ),
    new(
        Manager,
        "Windows dynamic disk",
        b"PRIVHEAD",
        &[Start(3072), LastSector(0)],
    ),
    new(
        Manager,
        "Storage Spaces",
        b"SPACEDB ",
        &[Start(0), Start(4096)],
    ),
    new(Manager, "CoreStorage", b"CS", &[Start(88)]),
    new(Manager, "VDO", b"dmvdo001", &[Start(0)]),
    new(
        Manager,
        "Stratis",
        b"!Stra0tis\x86\xFF\x02^\x41rh",
        &[Start(528), Start(5136)],
    ),
    new(Manager, "drbdmanage", b"$DRBDmgr=q", &[Start(0)]),
    new(Array, "a DRBD mirror", b"\x83\x74\x02\x67", &[End(4036)]),
    new(Array, "a DRBD mirror", b"\x83\x74\x02\x6B", &[End(4036)]),
    new(Array, "a DRBD mirror", b"\x83\x74\x02\x6D", &[End(4036)]),
    new(
        Array,
        "a DRBD mirror",
        b"\x83\x74\x02\x73",
        &[End(4036), LastSector(0)],
    ),
    new(
        Array,
        "a hardware RAID array (DDF)",
        b"\xDE\x11\xDE\x11",
        &[LastSector(0), End(131_072)],
    ),
    new(
        Array,
        "an Intel RAID array",
        b"Intel Raid ISM Cfg Sig. ",
        &[End(1024)],
    ),
    new(
        Array,
        "a Promise RAID array",
        b"Promise Technology, Inc.",
        &[
            End(63 * 512),
            End(255 * 512),
            End(256 * 512),
            End(16 * 512),
            End(399 * 512),
            End(591 * 512),
            End(675 * 512),
            End(735 * 512),
            End(911 * 512),
            End(974 * 512),
            End(991 * 512),
            End(951 * 512),
            End(3087 * 512),
        ],
    ),
    new(Array, "an LSI RAID array", b"$XIDE$", &[LastSector(0)]),
    new(Array, "an NVIDIA RAID array", b"NVIDIA", &[End(1024)]),
    new(Array, "an Adaptec RAID array", b"DPTM", &[LastSector(256)]),
    new(
        Array,
        "a HighPoint RAID array",
        b"\xF3\x16\x78\x5A",
        &[End(11 * 512)],
    ),
    new(
        Array,
        "a HighPoint RAID array",
        b"\xF0\x16\x78\x5A",
        &[Start(4640), Start(4608)],
    ),
    new(
        Array,
        "a JMicron RAID array",
        b"JM\x01\x00",
        &[LastSector(0)],
    ),
    new(
        Array,
        "a Silicon Image RAID array",
        b"\0\0\0\x2F",
        &[LastSector(96)],
    ),
    new(FileSystem, "HFS+", b"H+\0\x04", &[Start(1024)]),
    new(FileSystem, "HFSX", b"HX\0\x05", &[Start(1024)]),
    new(FileSystem, "HFS", b"BD", &[Start(1024)]),
    new(FileSystem, "APFS", b"NXSB", &[Start(32)]),
    new(FileSystem, "XFS", b"XFSB", &[Start(0)]),
    new(FileSystem, "ReFS", b"ReFS\0\0\0\0", &[Start(3)]),
    new(FileSystem, "UDF", b"NSR0", RECOGNITION),
    new(
        FileSystem,
        "ISO 9660",
        b"CD001",
        &[Start(32769), Start(34817)],
    ),
    new(FileSystem, "SquashFS", b"hsqs", &[Start(0)]),
    new(FileSystem, "SquashFS", b"sqsh", &[Start(0)]),
    new(
        FileSystem,
        "cramfs",
        b"\x45\x3D\xCD\x28",
        &[Start(0), Start(512)],
    ),
    new(
        FileSystem,
        "cramfs",
        b"\x28\xCD\x3D\x45",
        &[Start(0), Start(512)],
    ),
    new(FileSystem, "romfs", b"-rom1fs-", &[Start(0)]),
    new(FileSystem, "EROFS", b"\xE2\xE1\xF5\xE0", &[Start(1024)]),
    new(
        FileSystem,
        "F2FS",
        b"\x10\x20\xF5\xF2",
        &[Start(1024), Start(5120)],
    ),
    new(FileSystem, "JFS", b"JFS1", &[Start(32768)]),
    new(
        FileSystem,
        "ReiserFS",
        b"ReIsErFs",
        &[Start(8244), Start(65588)],
    ),
    new(
        FileSystem,
        "ReiserFS",
        b"ReIsEr2Fs",
        &[Start(8244), Start(65588)],
    ),
    new(
        FileSystem,
        "ReiserFS",
        b"ReIsEr3Fs",
        &[Start(8244), Start(65588)],
    ),
    new(FileSystem, "Reiser4", b"ReIsEr4", &[Start(65536)]),
    new(FileSystem, "NILFS2", b"\x34\x34", &[Start(1030)]),
    new(FileSystem, "OCFS2", b"OCFSV2", OCFS),
    new(FileSystem, "OCFS", b"OracleCFS", &[Start(8)]),
    new(FileSystem, "GFS2", b"\x01\x16\x19\x70", &[Start(65536)]),
    new(FileSystem, "Minix", b"\x7F\x13", &[Start(1040)]),
    new(FileSystem, "Minix", b"\x8F\x13", &[Start(1040)]),
    new(FileSystem, "Minix", b"\x68\x24", &[Start(1040)]),
    new(FileSystem, "Minix", b"\x78\x24", &[Start(1040)]),
    new(FileSystem, "Minix", b"\x5A\x4D", &[Start(1048)]),
    new(FileSystem, "BFS", b"\xCE\xFA\xAD\x1B", &[Start(0)]),
    new(FileSystem, "HPFS", b"\x49\xE8\x95\xF9", &[Start(8192)]),
    new(FileSystem, "VxFS", b"\xF5\xFC\x01\xA5", &[Start(1024)]),
    new(FileSystem, "VxFS", b"\xA5\x01\xFC\xF5", &[Start(8192)]),
    new(FileSystem, "UFS", b"\x54\x19\x01\x00", UFS),
    new(FileSystem, "UFS", b"\x00\x01\x19\x54", UFS),
    new(FileSystem, "UFS2", b"\x19\x01\x54\x19", UFS),
    new(FileSystem, "UFS2", b"\x19\x54\x01\x19", UFS),
    new(FileSystem, "VMFS", b"\x5E\xF1\xAB\x2F", &[Start(0x20_0000)]),
    new(FileSystem, "VMFS", b"\x0D\xD0\x01\xC0", &[Start(0x10_0000)]),
    new(
        FileSystem,
        "bcachefs",
        b"\xC6\x85\x73\xF6\x66\xCE\x90\xA9\xD9\x6A\x60\xCF\x80\x3D\xF7\xEF",
        &[Start(4120)],
    ),
    new(FileSystem, "ScoutFS", b"\x8B\x42\x3C\x10", &[Start(65540)]),
    new(FileSystem, "mpool", b"mpoolDev", &[Start(0)]),
    new(FileSystem, "UBI", b"UBI#", &[Start(0)]),
    new(FileSystem, "UBIFS", b"\x31\x18\x10\x06", &[Start(0)]),
    new(FileSystem, "ZoneFS", b"SFOZ", &[Start(0)]),
    new(
        FileSystem,
        "Ceph BlueStore",
        b"bluestore block device",
        &[Start(0)],
    ),
    new(
        Manager,
        "bcache",
        b"\xC6\x85\x73\xF6\x4E\x1A\x45\xCA\x82\x65\xF5\x7F\x48\xBA\x6D\x81",
        &[Start(4120)],
    ),
    new(
        Manager,
        "bcache",
        b"\xD5\x33\xB4\x9A\x5B\x8D\x45\xCA",
        &[Start(0)],
    ),
    new(NoData, "swap space", b"SWAPSPACE2", SWAP),
    new(NoData, "swap space", b"SWAP-SPACE", SWAP),
    new(NoData, "a suspended system", b"S1SUSPEND", SWAP),
    new(
        NoData,
        "a suspended system",
        b"\xED\xC3\x02\xE9\x98\x56\xE5\x0C",
        &[Start(0)],
    ),
    new(
        NoData,
        "the log of an XFS",
        b"\xFE\xED\xBA\xBE",
        &[Start(0)],
    ),
    new(Container, "qcow2", b"QFI\xFB", &[Start(0)]),
    new(Container, "VMDK", b"KDMV", &[Start(0)]),
    new(Container, "VMDK", b"# Disk DescriptorFile", &[Start(0)]),
    new(Container, "VHD", b"conectix", &[Start(0)]),
    new(Container, "VHDX", b"vhdxfile", &[Start(0)]),
    new(Container, "VDI", b"\x7F\x10\xDA\xBE", &[Start(64)]),
    new(Container, "E01", b"EVF\x09\x0D\x0A\xFF\0", &[Start(0)]),
    new(Container, "DMG", b"koly", &[End(512)]),
    new(Container, "gzip", b"\x1F\x8B\x08", &[Start(0)]),
    new(Container, "xz", b"\xFD7zXZ\0", &[Start(0)]),
    new(Container, "zstd", b"\x28\xB5\x2F\xFD", &[Start(0)]),
    new(Container, "bzip2", b"BZh", &[Start(0)]),
    new(Container, "ZIP", b"PK\x03\x04", &[Start(0)]),
    new(Container, "7z", b"7z\xBC\xAF\x27\x1C", &[Start(0)]),
    new(Table, "SGI", b"\x0B\xE5\xA9\x41", &[Start(0)]),
    new(Table, "Sun", b"\xDA\xBE", &[Start(508)]),
    new(
        Table,
        "Apple partition map",
        b"PM\0\0",
        &[Start(512), Start(2048)],
    ),
    new(
        Table,
        "BSD label",
        b"\x57\x45\x56\x82",
        &[Start(0), Start(64), Start(512)],
    ),
    new(Table, "IBM DASD", b"\xE5\xD6\xD3\xF1", VOLUME_LABEL),
    new(Table, "IBM DASD", b"\xD3\xD5\xE7\xF1", VOLUME_LABEL),
];

/// Whether a name stands for a magic so short that it may lie there by chance.
pub(super) fn is_weak(name: &str) -> bool {
    let magics = SIGNATURES.iter().filter(|signature| signature.name == name);
    let longest = magics.map(|signature| signature.magic.len()).max();
    longest.is_some_and(|bytes| bytes <= 2)
}

impl Signature {
    pub(super) fn foreign(&self) -> Foreign {
        foreign(self.class, self.name)
    }
}

fn foreign(class: Class, name: &str) -> Foreign {
    let sentence = match class {
        Array => format!("is one disk of {name}: send a copy of its files, or all disks as images"),
        Encrypted => format!("is encrypted with {name}, and no password came with the job"),
        Manager => format!(
            "belongs to {name}, which is not read: send a copy of the files on a plain partition"
        ),
        FileSystem => {
            format!("holds {name}, which is not read: send the files on ext4, NTFS, exFAT or FAT")
        }
        Table => format!(
            "has a partition table of another kind ({name}), which is not read: send the files on a disk with GPT"
        ),
        NoData => format!("holds {name} and no files: nothing of it is loaded"),
        Container => format!(
            "is a file of the kind {name}, which holds something else packed: unpack it to the raw image of a disk"
        ),
    };
    Foreign {
        class,
        name: name.to_owned(),
        sentence,
    }
}

pub(super) fn zfs() -> Foreign {
    Foreign {
        sentence: "is part of ZFS, which is not read: send the files on ext4, NTFS, exFAT or FAT"
            .to_owned(),
        ..foreign(Array, "ZFS")
    }
}

/// What has no header and looks like bytes by chance.
pub(super) fn random() -> Foreign {
    Foreign {
        class: Encrypted,
        name: "random bytes".to_owned(),
        sentence: "holds nothing that is known, and looks like random bytes: it may be a VeraCrypt volume, or be \
                   encrypted by its enclosure, which its maker's program unlocks; no password came with the job"
            .to_owned(),
    }
}

pub(super) fn atari() -> Foreign {
    foreign(Table, "Atari")
}

/// Btrfs, which may lie on several devices.
pub(super) fn btrfs(device: u64, devices: u64, label: &[u8]) -> Foreign {
    let label = String::from_utf8_lossy(label);
    if devices <= 1 {
        return foreign(FileSystem, "Btrfs");
    }
    Foreign {
        sentence: format!(
            "is device {device} of {devices} of the Btrfs file system `{label}`: send a copy of its files, or all \
             devices as images"
        ),
        ..foreign(Array, "Btrfs")
    }
}

/// A disk of a Linux RAID array; what is known of it.
pub(super) fn linux_raid(known: &str) -> Foreign {
    Foreign {
        sentence: format!(
            "is one disk of a Linux RAID array ({known}): send a copy of its files, or all disks as images"
        ),
        ..foreign(Array, "Linux RAID")
    }
}
