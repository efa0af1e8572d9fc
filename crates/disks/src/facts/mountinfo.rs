//! What is mounted and what is swapped to, as the kernel lists it in `/proc/self/mountinfo` and
//! `/proc/swaps` (`man 5 proc`).

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The kernel's number of a block device. Major 0 is no device: file systems without one have it,
/// and those that span several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DeviceNumber {
    pub major: u32,
    pub minor: u32,
}

impl DeviceNumber {
    /// Takes the kernel's own form apart.
    pub(super) fn of(number: u64) -> Self {
        Self {
            major: rustix::fs::major(number),
            minor: rustix::fs::minor(number),
        }
    }
}

impl FromStr for DeviceNumber {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (major, minor) = text.trim().split_once(':').ok_or(())?;
        let number = |text: &str| text.parse().map_err(drop);
        Ok(Self {
            major: number(major)?,
            minor: number(minor)?,
        })
    }
}

impl fmt::Display for DeviceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.major, self.minor)
    }
}

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// The kernel's number of it.
    pub id: u64,
    /// Of what device.
    pub device: DeviceNumber,
    /// Where.
    pub at: PathBuf,
    /// What was named when it was mounted: often a path below `/dev`.
    pub source: PathBuf,
}

/// Reads `mountinfo`. A line that is not understood is passed over.
pub(super) fn mounts(text: &[u8]) -> Vec<Mount> {
    text.split(|b| *b == b'\n').filter_map(mount).collect()
}

fn mount(line: &[u8]) -> Option<Mount> {
    let mut words = line.split(|b| *b == b' ');
    let id = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    let device = std::str::from_utf8(words.nth(1)?).ok()?.parse().ok()?;
    let at = unescaped(words.nth(1)?);
    // Any number of optional fields, a dash, the file system's kind, the source.
    let source = words.skip_while(|word| *word != b"-").nth(2)?;
    Some(Mount {
        id,
        device,
        at,
        source: unescaped(source),
    })
}

/// The mount that a path is on: the last one that was made at the path or nearest above it.
pub(super) fn mount_of<'a>(mounts: &'a [Mount], path: &Path) -> Option<&'a Mount> {
    let above = mounts.iter().filter(|mount| path.starts_with(&mount.at));
    above.max_by_key(|mount| mount.at.components().count())
}

/// Reads `swaps`: devices and files that are swapped to.
pub(super) fn swaps(text: &[u8]) -> Vec<PathBuf> {
    let lines = text.split(|b| *b == b'\n').skip(1);
    lines
        .filter_map(|line| line.split(|b| b.is_ascii_whitespace()).next())
        .filter(|path| !path.is_empty())
        .map(unescaped)
        .collect()
}

/// A path as the kernel prints it: white space and backslashes are `\` and three octal digits.
fn unescaped(text: &[u8]) -> PathBuf {
    let mut path = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        match (first, octal(after)) {
            (b'\\', Some(byte)) => {
                path.push(byte);
                rest = &after[3..];
            }
            _ => {
                path.push(*first);
                rest = after;
            }
        }
    }
    OsString::from_vec(path).into()
}

fn octal(text: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(text.get(..3)?).ok()?;
    u8::from_str_radix(digits, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTINFO: &str = r"22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,discard
28 27 254:2 / /usr rw shared:2 master:1 propagate_from:2 - ext4 /dev/vda2 rw
41 27 0:40 /@home /home rw - btrfs /dev/sdb2 rw,subvol=/@home
42 41 8:17 / /home/a\040disk\134n\011ew\012 ro,nosuid - fuseblk /dev/sdb1 rw,user_id=0
nonsense
43 27 8:x / /mnt rw - ext4 /dev/sdc rw
44 27 8:33 / /data rw - ext4 /dev/sdc1 rw
45 44 8:49 / /data rw - ext4 /dev/sdd1 rw
";

    #[test]
    fn mounts_are_read() {
        let found = mounts(MOUNTINFO.as_bytes());
        let table: Vec<(String, &str, &str)> = found
            .iter()
            .map(|m| {
                (
                    m.device.to_string(),
                    m.at.to_str().unwrap(),
                    m.source.to_str().unwrap(),
                )
            })
            .collect();
        let expected = [
            ("0:21", "/proc", "proc"),
            ("254:1", "/", "/dev/vda1"),
            ("254:2", "/usr", "/dev/vda2"),
            ("0:40", "/home", "/dev/sdb2"),
            ("8:17", "/home/a disk\\n\tew\n", "/dev/sdb1"),
            ("8:33", "/data", "/dev/sdc1"),
            ("8:49", "/data", "/dev/sdd1"),
        ];
        assert_eq!(
            table,
            expected.map(|(device, at, source)| (device.to_owned(), at, source))
        );
    }

    #[test]
    fn a_path_is_on_the_nearest_mount_above_it_and_there_on_the_last() {
        let found = mounts(MOUNTINFO.as_bytes());
        let on = |path: &str| {
            mount_of(&found, Path::new(path))
                .unwrap()
                .device
                .to_string()
        };
        assert_eq!(on("/"), "254:1");
        assert_eq!(on("/usr"), "254:2");
        assert_eq!(on("/usrs/x"), "254:1");
        assert_eq!(on("/home/me"), "0:40");
        assert_eq!(on("/data/longshore"), "8:49");
        assert_eq!(mount_of(&[], Path::new("/")), None);
    }

    #[test]
    fn swaps_are_read() {
        let text = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n\
            /dev/dm-1                               partition\t8388604\t\t0\t\t-2\n\
            /swap\\040file                           file\t\t1048572\t\t0\t\t-3\n";
        assert_eq!(
            swaps(text.as_bytes()),
            [PathBuf::from("/dev/dm-1"), PathBuf::from("/swap file")]
        );
        assert!(swaps(b"Filename\tType\n").is_empty());
    }
}
