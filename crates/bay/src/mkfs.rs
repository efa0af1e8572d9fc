//! How each file system is made: the program and its arguments. Pure.
//!
//! What a host's own configuration would decide is named outright, so that a device is the same
//! wherever it is formatted, and kernels of ten years ago can read it.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use model::ids::JobId;
use model::manifest::FileSystem;

use disks::tool::Tool;

const E2FSPROGS: &str = "e2fsprogs";

/// Features of ext2 on their own; `none` takes away the host's defaults.
const EXT2: &str = "none,ext_attr,resize_inode,dir_index,filetype,sparse_super,large_file";

/// What ext3 adds.
const EXT3: &str = "has_journal";

/// What ext4 adds. Checksums of metadata are read by kernels since 3.18; `orphan_file` and
/// `metadata_csum_seed`, the defaults of newer programs, ask for more and are left out.
const EXT4: &str = "extent,64bit,flex_bg,huge_file,dir_nlink,extra_isize,metadata_csum";

/// Blocks of 4 KiB also on a small device, an inode for 16 KiB also on a huge one.
const EXT_LAYOUT: [&str; 6] = ["-b", "4096", "-i", "16384", "-I", "256"];

/// Inode tables are written when they are used: at once would be hours on a large disk. Without
/// checksums (ext2 and ext3) the program writes them all the same.
const EXT_LATER: &str = "lazy_itable_init=1,lazy_journal_init=1";

/// The program that makes a file system.
pub(super) fn tool(file_system: FileSystem) -> Tool {
    let (name, package) = match file_system {
        FileSystem::Ext2 => ("mkfs.ext2", E2FSPROGS),
        FileSystem::Ext3 => ("mkfs.ext3", E2FSPROGS),
        FileSystem::Ext4 => ("mkfs.ext4", E2FSPROGS),
        FileSystem::Ntfs => ("mkfs.ntfs", "ntfs-3g"),
        FileSystem::Fat32 => ("mkfs.vfat", "dosfstools"),
        FileSystem::ExFat => ("mkfs.exfat", "exfatprogs"),
    };
    Tool { name, package }
}

/// Its arguments. The label is the job's id: five letters and digits, which every file system takes.
pub(super) fn arguments(file_system: FileSystem, job: JobId, path: &Path) -> Vec<OsString> {
    let label = job.as_str();
    let mut words: Vec<&str> = Vec::new();
    let features: String;
    match file_system {
        FileSystem::Ext2 | FileSystem::Ext3 | FileSystem::Ext4 => {
            features = ext_features(file_system);
            // No blocks are kept back for root: the device is data.
            words.extend(["-F", "-q", "-m", "0", "-O", &features]);
            words.extend(EXT_LAYOUT);
            words.extend(["-E", EXT_LATER, "-L", label]);
        }
        // Quick: the clusters are not written over; forced: a device without partitions.
        FileSystem::Ntfs => words.extend(["-Q", "-F", "-q", "-L", label]),
        FileSystem::Fat32 => words.extend(["-F", "32", "-I", "-n", label]),
        FileSystem::ExFat => words.extend(["-L", label]),
    }
    let words = words.into_iter().map(OsStr::new).chain([path.as_os_str()]);
    words.map(OsStr::to_owned).collect()
}

fn ext_features(file_system: FileSystem) -> String {
    match file_system {
        FileSystem::Ext4 => [EXT2, EXT3, EXT4].join(","),
        FileSystem::Ext3 => [EXT2, EXT3].join(","),
        _ => EXT2.to_owned(),
    }
}

/// What `blkid` and `mount` call a file system.
pub(super) fn kind(file_system: FileSystem) -> &'static str {
    match file_system {
        FileSystem::Ntfs => "ntfs",
        FileSystem::Ext4 => "ext4",
        FileSystem::Ext3 => "ext3",
        FileSystem::Ext2 => "ext2",
        FileSystem::Fat32 => "vfat",
        FileSystem::ExFat => "exfat",
    }
}

/// The smallest device it is made on. FAT32 has to have 65,525 clusters, 32 MiB of the smallest
/// and their tables; the others have some room left at 16 MiB.
pub(super) fn least_bytes(file_system: FileSystem) -> u64 {
    match file_system {
        FileSystem::Fat32 => 64 << 20,
        FileSystem::Ntfs
        | FileSystem::Ext4
        | FileSystem::Ext3
        | FileSystem::Ext2
        | FileSystem::ExFat => 16 << 20,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_system_has_its_program_and_arguments() {
        let ext =
            "-b 4096 -i 16384 -I 256 -E lazy_itable_init=1,lazy_journal_init=1 -L 3Q5KT /dev/s b";
        let ext2 = "none,ext_attr,resize_inode,dir_index,filetype,sparse_super,large_file";
        let ext3 = format!("{ext2},has_journal");
        let ext4 = "extent,64bit,flex_bg,huge_file,dir_nlink,extra_isize,metadata_csum";
        let table = [
            (
                FileSystem::Ext2,
                format!("mkfs.ext2 -F -q -m 0 -O {ext2} {ext}"),
            ),
            (
                FileSystem::Ext3,
                format!("mkfs.ext3 -F -q -m 0 -O {ext3} {ext}"),
            ),
            (
                FileSystem::Ext4,
                format!("mkfs.ext4 -F -q -m 0 -O {ext3},{ext4} {ext}"),
            ),
            (
                FileSystem::Ntfs,
                "mkfs.ntfs -Q -F -q -L 3Q5KT /dev/s b".to_owned(),
            ),
            (
                FileSystem::Fat32,
                "mkfs.vfat -F 32 -I -n 3Q5KT /dev/s b".to_owned(),
            ),
            (FileSystem::ExFat, "mkfs.exfat -L 3Q5KT /dev/s b".to_owned()),
        ];
        let job = JobId::new("3Q5KT").unwrap();
        for (file_system, expected) in table {
            let arguments = arguments(file_system, job, Path::new("/dev/s b"));
            // A name with a space stays one argument.
            assert_eq!(arguments.last().unwrap(), "/dev/s b");
            let words: Vec<&str> = arguments
                .iter()
                .map(|word| word.to_str().unwrap())
                .collect();
            let line = format!("{} {}", tool(file_system).name, words.join(" "));
            assert_eq!(line, expected);
        }
    }
}
