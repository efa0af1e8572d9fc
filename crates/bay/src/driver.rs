//! By what driver, and with which options, each kind of file system is mounted, and whether this
//! system has one.

use std::process::Stdio;

use disks::tool::{Tool, is_installed};

const MODPROBE: Tool = Tool {
    name: "modprobe",
    package: "kmod",
};

/// Options of every mount: nothing on the device is a device, gives a right or is executed.
const EVERY: &str = "nodev,nosuid,noexec,noatime";

/// Whether a mount may be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It may not, not even by the file system itself.
    ReadOnly,
    /// It may.
    ReadWrite,
}

/// A way to mount a kind of file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Driver {
    /// What `mount` calls it.
    pub kind: &'static str,
    /// Options, beside those of every mount, to only read.
    read: &'static str,
    /// The same to write.
    write: &'static str,
}

const fn driver(kind: &'static str, read: &'static str, write: &'static str) -> Driver {
    Driver { kind, read, write }
}

// A file system that finds an error in itself is not written to any more. The inode tables that
// formatting has left out are not written while we write: the disk has one head.
const EXT4: &[Driver] = &[driver("ext4", "noload", "errors=remount-ro,noinit_itable")];
const EXT3: &[Driver] = &[driver("ext3", "noload", "errors=remount-ro")];
const EXT2: &[Driver] = &[driver("ext2", "", "errors=remount-ro")];
// The program first: what a hostile device makes it do, it does outside the kernel.
const NTFS: &[Driver] = &[
    driver("ntfs-3g", "norecover", "big_writes"),
    driver("ntfs3", "iocharset=utf8", "iocharset=utf8"),
];
const VFAT: &[Driver] = &[driver("vfat", "utf8", "utf8,errors=remount-ro")];
const EXFAT: &[Driver] = &[driver(
    "exfat",
    "iocharset=utf8",
    "iocharset=utf8,errors=remount-ro",
)];
const HFSPLUS: &[Driver] = &[driver("hfsplus", "", "")];

/// The ways to mount a kind of file system, in the order in which they are tried.
pub(super) fn drivers(kind: &str) -> &'static [Driver] {
    match kind {
        "ext4" => EXT4,
        "ext3" => EXT3,
        "ext2" => EXT2,
        "ntfs" => NTFS,
        "vfat" => VFAT,
        "exfat" => EXFAT,
        "hfsplus" => HFSPLUS,
        _ => &[],
    }
}

/// Whether this system can mount a kind of file system.
pub(super) fn can_be_mounted(kind: &str) -> bool {
    let known = std::fs::read_to_string("/proc/filesystems").unwrap_or_default();
    drivers(kind).iter().any(|driver| {
        is_listed(&known, driver.kind)
            || is_installed(&format!("mount.{}", driver.kind))
            || can_be_loaded(driver.kind)
    })
}

/// Whether the kernel lists a kind: the last word of a line, after `nodev` or nothing.
fn is_listed(known: &str, kind: &str) -> bool {
    let mut kinds = known
        .lines()
        .filter_map(|line| line.split('\t').next_back());
    kinds.any(|known| known == kind)
}

/// Whether the kernel would load a driver when it is first asked for.
fn can_be_loaded(kind: &str) -> bool {
    let module = format!("fs-{kind}");
    let arguments = ["--dry-run", "--quiet", &module];
    MODPROBE.run(arguments, Stdio::null()).is_ok()
}

/// What an operator may do where a kind cannot be mounted.
pub(super) fn hint(kind: &str) -> &'static str {
    match kind {
        "ntfs" | "ntfs-3g" | "ntfs3" => "; Debian has a driver in the package `ntfs-3g`",
        _ => ": its kernel has no driver",
    }
}

impl Driver {
    /// The options of a mount.
    pub(super) fn options(self, access: Access, is_image: bool) -> String {
        let (first, own) = match access {
            Access::ReadOnly => ("ro", self.read),
            Access::ReadWrite => ("rw", self.write),
        };
        let of_image = if is_image { "loop" } else { "" };
        let all = [first, EVERY, own, of_image];
        let all: Vec<&str> = all.into_iter().filter(|part| !part.is_empty()).collect();
        all.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_system_is_mounted_with_its_options() {
        use Access::{ReadOnly, ReadWrite};
        let table = [
            (
                "ext4",
                0,
                ReadOnly,
                false,
                "ro,nodev,nosuid,noexec,noatime,noload",
            ),
            (
                "ext4",
                0,
                ReadWrite,
                true,
                "rw,nodev,nosuid,noexec,noatime,errors=remount-ro,noinit_itable,loop",
            ),
            (
                "ext3",
                0,
                ReadOnly,
                true,
                "ro,nodev,nosuid,noexec,noatime,noload,loop",
            ),
            ("ext2", 0, ReadOnly, false, "ro,nodev,nosuid,noexec,noatime"),
            (
                "ntfs",
                0,
                ReadOnly,
                false,
                "ro,nodev,nosuid,noexec,noatime,norecover",
            ),
            (
                "ntfs",
                0,
                ReadWrite,
                true,
                "rw,nodev,nosuid,noexec,noatime,big_writes,loop",
            ),
            (
                "ntfs",
                1,
                ReadWrite,
                false,
                "rw,nodev,nosuid,noexec,noatime,iocharset=utf8",
            ),
            (
                "vfat",
                0,
                ReadOnly,
                false,
                "ro,nodev,nosuid,noexec,noatime,utf8",
            ),
            (
                "exfat",
                0,
                ReadWrite,
                false,
                "rw,nodev,nosuid,noexec,noatime,iocharset=utf8,errors=remount-ro",
            ),
            (
                "hfsplus",
                0,
                ReadOnly,
                false,
                "ro,nodev,nosuid,noexec,noatime",
            ),
        ];
        for (kind, way, access, is_image, expected) in table {
            assert_eq!(drivers(kind)[way].options(access, is_image), expected);
        }
    }

    #[test]
    fn what_no_device_is_documented_to_hold_is_not_mounted() {
        for kind in ["", "btrfs", "crypto_LUKS", "swap", "squashfs", "ext4dev"] {
            assert!(drivers(kind).is_empty(), "{kind}");
        }
    }

    #[test]
    fn what_the_kernel_lists_is_known() {
        let known = "nodev\tsysfs\n\text4\n\tfuseblk\nnodev\tfuse\n";
        assert!(is_listed(known, "ext4") && is_listed(known, "fuse"));
        assert!(!is_listed(known, "ext") && !is_listed(known, "vfat") && !is_listed("", ""));
        assert!(!can_be_mounted("of the day"));
    }

    #[test]
    fn what_cannot_be_mounted_says_what_helps() {
        assert_eq!(
            hint("ntfs3"),
            "; Debian has a driver in the package `ntfs-3g`"
        );
        assert_eq!(hint("vfat"), ": its kernel has no driver");
    }
}
