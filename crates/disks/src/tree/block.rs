//! The block device under a file system: what is asked when something on it cannot be read.
//!
//! A disk that is dying or gone goes on answering from this host's memory: names, sizes, whole
//! files. So the kernel's own word about the disk is asked for, and places all over it are read past
//! every memory of this host. Only reads.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{Advice, AtFlags, FsWord, OFlags, StatxFlags};
use rustix::io::Errno;

use super::{DeviceGone, Health};
use crate::aligned::Buffers;
use crate::facts;
use crate::fault::{is_of_device, is_of_sector};

/// Places that are read to see whether a device answers. A quarter of the surface that does not is
/// met by one of 16 but once in a hundred times; on a disk that spins they take a fifth of a second.
const PLACES: u64 = 16;

/// What is read at a place: a sector of the largest kind in use.
const SECTOR_BYTES: u64 = 4096;

/// What the kernel calls the state of a SCSI, ATA or NVMe disk that it has given up.
const GIVEN_UP: [&str; 6] = [
    "offline",
    "transport-offline",
    "cancel",
    "deleted",
    "dead",
    "deleting",
];

/// What a file system made by a program in user space calls itself (`statfs(2)`). Such a program
/// reads the device through this host's memory of it.
const FUSE_SUPER_MAGIC: FsWord = 0x6573_5546;

/// The block device under a file system.
#[derive(Debug)]
pub struct BlockDevice {
    /// The kernel's folder of it.
    folder: PathBuf,
    /// Its number.
    number: u64,
    /// Its size when it was found, in the kernel's sectors of 512 bytes.
    sectors: u64,
    /// Whether the file system reads it through this host's memory of the device.
    is_remembered: bool,
    /// How often places were read: never twice the same, which the device itself may remember.
    turn: AtomicU64,
}

impl BlockDevice {
    /// The device under the file system with this root; some have none.
    pub fn under(root: &OwnedFd) -> Option<Self> {
        let number = rustix::fs::fstat(root).ok()?.st_dev;
        let found = kernels_folder(number).map(|folder| (folder, number));
        // Btrfs gives a file system a number that is no device's; what was mounted says it then.
        let (folder, number) = found.or_else(|| {
            let number = std::fs::metadata(mounted_from(root)?).ok()?;
            let number = Some(number).filter(|it| it.file_type().is_block_device())?;
            Some((kernels_folder(number.rdev())?, number.rdev()))
        })?;
        let kind = rustix::fs::fstatfs(root).ok()?.f_type;
        Some(Self {
            sectors: sectors(&folder).unwrap_or(0),
            is_remembered: kind == FUSE_SUPER_MAGIC,
            folder,
            number,
            turn: AtomicU64::new(0),
        })
    }

    /// Whether the disk is rotational; `None` where nobody knows.
    pub fn is_rotational(&self) -> Option<bool> {
        facts::is_rotational(&self.folder)
    }

    /// Whether it still answers.
    ///
    /// # Errors
    /// [`DeviceGone`] if the kernel has given it up, it has become smaller, or more than half of the
    /// places that were tried cannot be read.
    pub fn check(&self) -> Result<Health, DeviceGone> {
        if !self.folder.exists() {
            return Err(DeviceGone(Errno::NODEV.into()));
        }
        let state = self.attribute(&["device/state", "../device/state"]);
        if let Some(state) = state.filter(|state| GIVEN_UP.contains(&state.as_str())) {
            let words = format!("the kernel has given it up: its state is `{state}`");
            return Err(DeviceGone(io::Error::other(words)));
        }
        match sectors(&self.folder) {
            Some(now) if now < self.sectors => {
                let words = format!("it has {now} sectors now, and had {}", self.sectors);
                return Err(DeviceGone(io::Error::other(words)));
            }
            _ => {}
        }
        match self.open() {
            Ok(Some(node)) => {
                if self.is_remembered {
                    let _hint = rustix::fs::fadvise(&node, 0, None, Advice::DontNeed);
                }
                let bytes = self.sectors.saturating_mul(512);
                let turn = self.turn.fetch_add(1, Ordering::Relaxed);
                sample(bytes, turn, |offset, sector| {
                    rustix::io::pread(&node, sector, offset).map_err(io::Error::from)
                })
            }
            Ok(None) => Ok(Health::Doubtful),
            Err(error) => Err(DeviceGone(error)),
        }
    }

    /// Opens it to be read past the host's memory; `None` if that may not be done.
    fn open(&self) -> io::Result<Option<File>> {
        let Some(node) = node(&self.folder) else {
            return Ok(None);
        };
        let flags = i32::try_from(OFlags::DIRECT.bits()).map_err(io::Error::other)?;
        match OpenOptions::new().read(true).custom_flags(flags).open(node) {
            // By that name there may be another device by now.
            Ok(file) if file.metadata()?.rdev() == self.number => Ok(Some(file)),
            Ok(_) => Ok(None),
            Err(error) if is_of_device(&error) => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn attribute(&self, names: &[&str]) -> Option<String> {
        let told = names
            .iter()
            .find_map(|name| std::fs::read_to_string(self.folder.join(name)).ok())?;
        Some(told.trim().to_owned())
    }
}

/// Reads places all over a device of `bytes`, each turn others. The last sector is always one of
/// them: a device that was cut off has its beginning.
///
/// # Errors
/// [`DeviceGone`] with the last error if more than half of the places cannot be read.
pub fn sample(
    bytes: u64,
    turn: u64,
    mut read: impl FnMut(u64, &mut [u8]) -> io::Result<usize>,
) -> Result<Health, DeviceGone> {
    let sectors = bytes / SECTOR_BYTES;
    let places = PLACES.min(sectors);
    let mut sector = Arc::new(Buffers::default()).take(SECTOR_BYTES);
    let (mut unread, mut last) = (0, None);
    for place in 0..places {
        let (from, to) = (place * sectors / places, (place + 1) * sectors / places);
        let at = match place + 1 == places {
            true => sectors - 1,
            false => from + scattered(turn, place) % (to - from),
        };
        let answer = match read(at * SECTOR_BYTES, &mut sector) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            answer => answer,
        };
        match answer {
            Err(error) if !is_of_sector(&error) => (unread, last) = (unread + 1, Some(error)),
            _ => {}
        }
        if unread > places / 2 {
            break;
        }
    }
    match last {
        Some(error) if unread > places / 2 => Err(DeviceGone(error)),
        Some(_) => Ok(Health::Doubtful),
        None if places == 0 => Ok(Health::Doubtful),
        None => Ok(Health::Sound),
    }
}

/// A number that looks like chance and is the same each time (the finalizer of SplitMix64).
fn scattered(turn: u64, place: u64) -> u64 {
    let mut mixed = (turn * PLACES + place + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn kernels_folder(number: u64) -> Option<PathBuf> {
    let (major, minor) = (rustix::fs::major(number), rustix::fs::minor(number));
    let folder = PathBuf::from(format!("/sys/dev/block/{major}:{minor}"));
    folder.exists().then_some(folder)
}

fn sectors(folder: &Path) -> Option<u64> {
    let size = std::fs::read_to_string(folder.join("size")).ok()?;
    size.trim().parse().ok()
}

/// Its node, by the name the kernel has given it.
fn node(folder: &Path) -> Option<PathBuf> {
    let facts = std::fs::read_to_string(folder.join("uevent")).ok()?;
    let name = facts
        .lines()
        .find_map(|line| line.strip_prefix("DEVNAME="))?;
    Some(Path::new("/dev").join(name))
}

/// What was named when the file system was mounted.
fn mounted_from(root: &OwnedFd) -> Option<PathBuf> {
    let found = rustix::fs::statx(root, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID).ok()?;
    facts::mounted_from(found.stx_mnt_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECTORS: u64 = 1000;

    /// Samples a device of which `answers` tells what becomes of each sector.
    fn sampled(turn: u64, answers: impl Fn(u64) -> Result<usize, Errno>) -> Result<Health, ()> {
        let bytes = SECTORS * SECTOR_BYTES;
        sample(bytes, turn, |offset, _| {
            assert!(offset % SECTOR_BYTES == 0 && offset < bytes);
            Ok(answers(offset / SECTOR_BYTES)?)
        })
        .map_err(drop)
    }

    #[test]
    fn a_device_is_as_sound_as_the_places_that_answer() {
        for turn in 0..50 {
            assert_eq!(sampled(turn, |_| Ok(4096)), Ok(Health::Sound));
            assert_eq!(sampled(turn, |_| Err(Errno::IO)), Err(()));
            // Reads that return nothing.
            assert_eq!(sampled(turn, |_| Ok(0)), Err(()));
            // Cut off: its beginning answers, its end never does.
            let cut = |end| move |at| if at < end { Ok(4096) } else { Err(Errno::IO) };
            assert_eq!(sampled(turn, cut(100)), Err(()));
            assert_eq!(sampled(turn, cut(999)), Ok(Health::Doubtful));
            // A disk that names its bad sectors lives.
            assert_eq!(sampled(turn, |_| Err(Errno::NODATA)), Ok(Health::Sound));
        }
        let none = sample(1000, 0, |_, _| Ok(1)).map_err(drop);
        assert_eq!(none, Ok(Health::Doubtful));
    }

    #[test]
    fn each_turn_reads_other_places() {
        let places = |turn| {
            let mut places = Vec::new();
            let _health = sample(SECTORS * SECTOR_BYTES, turn, |offset, _| {
                places.push(offset);
                Ok(1)
            });
            places
        };
        let [one, other] = [places(1), places(2)];
        assert_eq!(one, places(1));
        assert!(one.iter().filter(|at| other.contains(at)).count() < 5);
    }
}
