//! The kernel's own files about block devices: `/sys/class/block`, `/sys/dev/block`, and the lists
//! in `/proc`.
//!
//! Everything is read below a root, which is `/` but for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::identity::Identity;
use super::mountinfo::{self, DeviceNumber, Mount};
use crate::tool::Tool;

const LOSETUP: Tool = Tool {
    name: "losetup",
    package: "mount",
};

/// What the kernel counts a device's size in, whatever its sectors are.
const SECTOR: u64 = 512;

/// Where the kernel's files are.
#[derive(Debug, Clone)]
pub(super) struct Kernel {
    root: PathBuf,
    /// Whether it is the one that runs, which programs can ask.
    is_running: bool,
}

/// A loop device.
#[derive(Debug, Clone)]
pub(super) struct Loop {
    /// The device.
    pub block: Block,
    /// The name of what is behind it, as it was when it was attached, and where.
    name: PathBuf,
    /// What is behind it, where the kernel told.
    identity: Option<Identity>,
}

impl Loop {
    /// Whether this is behind it. Its name is asked only where nothing better is known: names are
    /// those of another time and place.
    pub(super) fn is_on(&self, path: &Path) -> bool {
        let Ok(metadata) = std::fs::metadata(path) else {
            return false;
        };
        let wanted = Identity::of(&metadata);
        let named = || {
            std::fs::metadata(&self.name)
                .ok()
                .map(|it| Identity::of(&it))
        };
        match (wanted, self.identity) {
            (Identity::File { .. }, Some(found)) => found == wanted,
            // Of a node, the kernel tells where the node is.
            (Identity::Block { .. }, Some(found)) => {
                found == node(&metadata) || named() == Some(wanted)
            }
            (_, None) => named() == Some(wanted),
        }
    }

    /// Whether the same is behind both.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.block != other.block
            && match (self.identity, other.identity) {
                (Some(one), Some(two)) => one == two,
                _ => self.name == other.name,
            }
    }
}

/// A file by its place, also if it is a device's node.
fn node(metadata: &std::fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    Identity::File {
        device: metadata.dev(),
        inode: metadata.ino(),
    }
}

impl Kernel {
    /// The kernel that runs.
    pub(super) fn running() -> Self {
        Self {
            is_running: true,
            ..Self::at("/")
        }
    }

    /// The kernel whose files are below `root`.
    pub(super) fn at(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            is_running: false,
        }
    }

    /// What is mounted, in the order in which it was.
    pub(super) fn mounts(&self) -> io::Result<Vec<Mount>> {
        let text = std::fs::read(self.root.join("proc/self/mountinfo"))?;
        Ok(mountinfo::mounts(&text))
    }

    /// What is mounted where we cannot see it: in the mount namespaces of other processes, each with
    /// one of its processes.
    pub(super) fn mounts_elsewhere(&self) -> Vec<(u32, Mount)> {
        let space = |process: &str| {
            let link = self.root.join("proc").join(process).join("ns/mnt");
            std::fs::read_link(link).ok()
        };
        let mut known: BTreeSet<PathBuf> = space("self").into_iter().collect();
        let processes = std::fs::read_dir(self.root.join("proc"));
        let mut found = Vec::new();
        for entry in processes.into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(pid) = name.parse() else { continue };
            if space(&name).is_none_or(|space| !known.insert(space)) {
                continue;
            }
            let text = std::fs::read(entry.path().join("mountinfo")).unwrap_or_default();
            found.extend(mountinfo::mounts(&text).into_iter().map(|it| (pid, it)));
        }
        found
    }

    /// What is swapped to. A kernel without swap has no list of it.
    pub(super) fn swaps(&self) -> io::Result<Vec<PathBuf>> {
        match std::fs::read(self.root.join("proc/swaps")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => Ok(mountinfo::swaps(&read?)),
        }
    }

    /// Every block device that is no partition, by name. What goes meanwhile is left out.
    pub(super) fn disks(&self) -> io::Result<Vec<Block>> {
        let listed = std::fs::read_dir(self.root.join("sys/block"))?;
        let links: Vec<PathBuf> = listed
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        let folders = links.iter().flat_map(std::fs::canonicalize);
        let mut disks: Vec<Block> = folders.map(|folder| Block { folder }).collect();
        disks.sort_unstable_by(|one, other| one.folder.file_name().cmp(&other.folder.file_name()));
        Ok(disks)
    }

    /// The block device of this number.
    pub(super) fn block(&self, number: DeviceNumber) -> io::Result<Block> {
        let link = format!("sys/dev/block/{number}");
        let folder = std::fs::canonicalize(self.root.join(link))?;
        Ok(Block { folder })
    }

    /// The block device that a path below `/dev` is, links followed; `None` if it is none.
    pub(super) fn block_at(&self, path: &Path) -> Option<Block> {
        let below = path.strip_prefix("/").ok()?;
        path.strip_prefix("/dev").ok()?;
        let node = std::fs::canonicalize(self.root.join(below)).ok()?;
        let link = self.root.join("sys/class/block").join(node.file_name()?);
        let folder = std::fs::canonicalize(link).ok()?;
        Some(Block { folder })
    }

    /// The block device under a mount, if there is one.
    pub(super) fn block_of(&self, mount: &Mount) -> Option<Block> {
        // Btrfs gives a mount a number that is no device's; what was mounted says it then.
        self.block(mount.device)
            .ok()
            .or_else(|| self.block_at(&mount.source))
    }

    /// The file behind a loop device, or behind the one that a partition is on.
    pub(super) fn behind(&self, device: &std::fs::Metadata) -> Option<Identity> {
        let Identity::Block { number } = Identity::of(device) else {
            return None;
        };
        let disk = self.block(DeviceNumber::of(number)).ok()?.disk();
        let own = self.loops().into_iter().find(|it| it.block == disk)?;
        own.identity
    }

    /// Loop devices and what is behind each.
    pub(super) fn loops(&self) -> Vec<Loop> {
        let identities = self.identities_behind_loops();
        let all = folders(&self.root.join("sys/class/block"));
        all.into_iter()
            .filter_map(|folder| {
                let folder = std::fs::canonicalize(folder).ok()?;
                let block = Block { folder };
                Some(Loop {
                    identity: identities.get(&block.path()).copied(),
                    name: block.behind()?,
                    block,
                })
            })
            .collect()
    }

    /// The files behind loop devices, as `LOOP_GET_STATUS64` tells `losetup`: device and inode.
    fn identities_behind_loops(&self) -> BTreeMap<PathBuf, Identity> {
        let columns = "NAME,BACK-MAJ:MIN,BACK-INO";
        let words = ["--list", "--noheadings", "--raw", "--output", columns];
        let listed = self
            .is_running
            .then(|| LOSETUP.run(words, Stdio::null()).ok())
            .flatten();
        let text = listed.map_or_else(Vec::new, |output| output.stdout);
        let text = String::from_utf8_lossy(&text).replace("\\x20", " ");
        text.lines().filter_map(behind_loop).collect()
    }
}

/// A line of `losetup`: the device, and the device and inode of what is behind it.
fn behind_loop(line: &str) -> Option<(PathBuf, Identity)> {
    let mut words = line.split_whitespace();
    let name = words.next()?;
    let on: DeviceNumber = words.next()?.parse().ok()?;
    let inode = words.next()?.parse().ok()?;
    let device = rustix::fs::makedev(on.major, on.minor);
    Some((name.into(), Identity::File { device, inode }))
}

/// Where something is mounted, as far as this process sees it.
///
/// # Errors
/// The system's error.
pub fn mount_points() -> io::Result<Vec<PathBuf>> {
    let mounts = Kernel::running().mounts()?;
    Ok(mounts.into_iter().map(|mount| mount.at).collect())
}

/// What was named when the mount of this number was made.
pub fn mounted_from(id: u64) -> Option<PathBuf> {
    let mounts = Kernel::running().mounts().ok()?;
    let mount = mounts.into_iter().find(|mount| mount.id == id)?;
    Some(mount.source)
}

/// Whether a disk is rotational, by its own folder in `/sys` or that of a partition of it; `None` where nobody
/// knows. The disk of a virtual machine has no word for it, and the kernel then says that it is.
pub fn is_rotational(folder: &Path) -> Option<bool> {
    let folder = folder.canonicalize().ok()?;
    let is_virtual = folder.iter().any(|part| {
        let name = part.as_encoded_bytes();
        name.strip_prefix(b"virtio")
            .is_some_and(|number| number.first().is_some_and(u8::is_ascii_digit))
    });
    let told = ["queue/rotational", "../queue/rotational"]
        .iter()
        .find_map(|name| std::fs::read_to_string(folder.join(name)).ok())?;
    (!is_virtual).then(|| told.trim() != "0")
}

/// A disk, a partition, or a device made of others, by its folder in `/sys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    folder: PathBuf,
}

impl Block {
    /// Its path below `/dev`, as the kernel calls it.
    pub(super) fn path(&self) -> PathBuf {
        let name = self.folder.file_name().unwrap_or_default();
        // A slash in a device's name cannot be one in the name of a folder.
        let name = name.to_string_lossy().replace('!', "/");
        Path::new("/dev").join(name)
    }

    /// Its folder in `/sys`.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// One of its attributes, trimmed; `None` if it has no such or an empty one.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let value = std::fs::read(self.folder.join(name)).ok()?;
        let value = String::from_utf8_lossy(&value);
        let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// Whether an attribute is other than 0; `None` if it has no such.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.attribute(name).map(|value| value != "0")
    }

    /// Its size in bytes.
    pub(super) fn bytes(&self) -> Option<u64> {
        let sectors: u64 = self.attribute("size")?.parse().ok()?;
        sectors.checked_mul(SECTOR)
    }

    /// The name of what is behind a loop device, as it was when it was attached.
    pub(super) fn behind(&self) -> Option<PathBuf> {
        let mut name = std::fs::read(self.folder.join("loop/backing_file")).ok()?;
        // The kernel's own line end; others are of the name.
        name.pop_if(|last| *last == b'\n');
        Some(OsString::from_vec(name).into())
    }

    /// Whether it is a partition of a disk.
    pub(super) fn is_partition(&self) -> bool {
        self.folder.join("partition").exists()
    }

    /// The disk that a partition is on; itself if it is no partition.
    pub(super) fn disk(&self) -> Self {
        let above = self.folder.parent().filter(|_| self.is_partition());
        Self {
            folder: above.unwrap_or(&self.folder).to_owned(),
        }
    }

    /// Its partitions.
    pub(super) fn partitions(&self) -> Vec<Self> {
        let all = folders(&self.folder).into_iter();
        let all = all.map(|folder| Self { folder });
        all.filter(Self::is_partition).collect()
    }

    /// The devices that are made of it: volumes, arrays, encrypted ones.
    pub(super) fn holders(&self) -> Vec<Self> {
        self.linked("holders")
    }

    /// The devices that it is made of, where it is made of others.
    pub(super) fn parts(&self) -> Vec<Self> {
        self.linked("slaves")
    }

    /// The disks it rests on: of a volume or an array those of its parts, of a disk itself.
    pub(super) fn disks(&self) -> Vec<Self> {
        let disk = self.disk();
        let parts = disk.parts();
        if parts.is_empty() {
            vec![disk]
        } else {
            parts.iter().flat_map(Self::disks).collect()
        }
    }

    fn linked(&self, name: &str) -> Vec<Self> {
        let all = folders(&self.folder.join(name)).into_iter();
        all.filter_map(|link| std::fs::canonicalize(link).ok())
            .map(|folder| Self { folder })
            .collect()
    }
}

/// The folders, and links to folders, in a folder, by name.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir() && path.file_name() != Some(OsStr::new("subsystem")))
        .collect();
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_losetup_says_is_read() {
        let file = |inode| Identity::File {
            device: rustix::fs::makedev(254, 0),
            inode,
        };
        let told = behind_loop("/dev/loop1      254:0   10019081");
        assert_eq!(told, Some(("/dev/loop1".into(), file(10_019_081))));
        for line in ["", "/dev/loop1", "/dev/loop1 254:0", "/dev/loop1 x 3"] {
            assert_eq!(behind_loop(line), None, "{line}");
        }
    }
}
