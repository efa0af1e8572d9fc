//! A folder or mounted file system as a tree.
//!
//! A shipped disk is hostile input: every name is opened relative to the root's own descriptor,
//! symbolic links are refused by the kernel at every step of the path, and what is not a regular
//! file is never opened. Nothing is written to it, not even when it was last read, where that can be
//! helped.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use model::entry::{Entry, EntryPath};
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, FsWord, Mode, OFlags, ResolveFlags, StatVfsMountFlags,
    StatxAttributes, StatxFlags, fstat, statx,
};
use rustix::io::Errno;

use super::block::BlockDevice;
use super::file::FolderFile;
use super::{Content, DeviceGone, Health, LOST_AND_FOUND, Totals, Tree, Walked};
use look::Look;
use walk::{Room, Walk};

mod look;
mod walk;

/// What FAT and exFAT call themselves (`statfs(2)`).
const OF_FAT: [FsWord; 2] = [0x4d44, 0x2011_bab0];

/// Flags of every open: read, do not follow, do not wait on a pipe, do not leak to children.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// Flags of an open that does nothing to what it opens: a name can be looked at so, and a link read.
const LOOK: OFlags = OFlags::PATH.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A folder or mounted file system.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    root: OwnedFd,
    /// The block device under it, where there is one.
    device: Option<BlockDevice>,
    /// Whether reading changes the times of last access, once that has shown.
    is_touched: AtomicBool,
    /// Whether files may claim more than the device holds.
    may_claim: bool,
}

impl Folder {
    /// Opens a folder as the root of a tree. `path` itself may be a symbolic link.
    ///
    /// # Errors
    /// The system's error, `NotADirectory` if it is no folder.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = |flags| rustix::fs::openat(CWD, path, flags, Mode::empty());
        let root = match open(flags | OFlags::NOATIME) {
            Err(Errno::PERM) => open(flags)?,
            opened => opened?,
        };
        Ok(Self {
            path: path.to_owned(),
            device: BlockDevice::under(&root),
            root,
            is_touched: AtomicBool::new(false),
            may_claim: false,
        })
    }

    /// Lets files claim more than the device holds: with holes, or compressed, they may be just that.
    #[must_use]
    pub fn with_claims(mut self, may_claim: bool) -> Self {
        self.may_claim = may_claim;
        self
    }

    /// Where it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens without a mark of when that was, where we have the right to; else says once that the
    /// device is not as it came.
    fn quietly<T>(
        &self,
        flags: OFlags,
        open: impl Fn(OFlags) -> rustix::io::Result<T>,
    ) -> rustix::io::Result<T> {
        match open(flags | OFlags::NOATIME) {
            Err(Errno::PERM) => {
                self.tell_touched();
                open(flags)
            }
            opened => opened,
        }
    }

    /// Whether nothing that is read here is marked with when that was.
    fn keeps_access_times(&self) -> bool {
        let keeps = StatVfsMountFlags::RDONLY | StatVfsMountFlags::NOATIME;
        let mount = rustix::fs::fstatvfs(&self.root).map(|it| it.f_flag);
        mount.is_ok_and(|flags| flags.intersects(keeps))
    }

    /// Whether the root is that of a mounted file system: a device, and not a folder of somebody's own.
    fn is_mounted(&self) -> bool {
        let found = statx(&self.root, "", AtFlags::EMPTY_PATH, StatxFlags::INO);
        found.is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
    }

    fn tell_touched(&self) {
        if !self.keeps_access_times() && !self.is_touched.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                path = %self.path.display(),
                "reading changes when files here were last read: it is mounted to be written to, \
                 and they are not ours; mount it read-only"
            );
        }
    }

    /// How much the file system has room for, as far as it says so.
    fn room(&self) -> Room {
        let Ok(room) = rustix::fs::fstatfs(&self.root) else {
            return Room::default();
        };
        let block_bytes = u64::try_from(room.f_bsize).unwrap_or(0);
        let bytes = room.f_blocks.saturating_mul(block_bytes);
        let folders = match OF_FAT.contains(&room.f_type) {
            // A folder has a cluster at least.
            true => room.f_blocks,
            // The smallest inode of any file system has 128 bytes.
            false => bytes / 128,
        };
        Room {
            device: fstat(&self.root).map_or(0, |root| root.st_dev),
            folders: Some(folders).filter(|folders| *folders > 0),
            bytes: Some(bytes).filter(|bytes| *bytes > 0 && !self.may_claim),
        }
    }

    /// A regular file. Its kind is looked at before it is opened: to open a device, or a pipe, is
    /// to do something to it.
    fn open_file(&self, path: &EntryPath) -> io::Result<File> {
        let seen = self.open_beneath(path, LOOK)?;
        let found = fstat(&seen)?;
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            let message = "not a regular file";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let same = format!("/proc/self/fd/{}", seen.as_raw_fd());
        let opened = self.quietly(READ - OFlags::NOFOLLOW, |flags| {
            rustix::fs::open(&same, flags, Mode::empty())
        });
        let file = match opened {
            // Without `/proc`: once more by its name, which must still be that of the same.
            Err(Errno::NOENT) => self.quietly(READ, |flags| self.open_beneath(path, flags))?,
            opened => opened?,
        };
        let now = fstat(&file)?;
        if (now.st_dev, now.st_ino) != (found.st_dev, found.st_ino) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(file.into())
    }

    /// Whether a folder holds nothing, as a walk has it.
    fn is_empty(&self, path: &EntryPath) -> io::Result<bool> {
        if path.as_bytes() == LOST_AND_FOUND {
            return Ok(false);
        }
        let opened = self.quietly(READ | OFlags::DIRECTORY, |flags| {
            self.open_beneath(path, flags)
        });
        for name in Dir::new(opened?)? {
            if !matches!(name?.file_name().to_bytes(), b"." | b"..") {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn open_beneath(&self, path: &EntryPath, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(&self.root, path.as_bytes(), flags, Mode::empty(), resolve) {
            Err(Errno::NOSYS) => self.open_step_by_step(path, flags),
            done => done,
        }
    }

    /// For kernels before 5.6: the same by opening one folder after the other.
    fn open_step_by_step(&self, path: &EntryPath, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let mut parts = path.as_bytes().split(|b| *b == b'/').peekable();
        let mut here = self.root.try_clone().map_err(|_| Errno::MFILE)?;
        while let Some(part) = parts.next() {
            if matches!(part, b"" | b"." | b"..") {
                return Err(Errno::INVAL);
            }
            let flags = if parts.peek().is_some() {
                READ | OFlags::DIRECTORY
            } else {
                flags
            };
            here = rustix::fs::openat(&here, part, flags, Mode::empty())?;
        }
        Ok(here)
    }
}

impl Tree for Folder {
    fn walk(&self, visit: &mut dyn FnMut(Walked) -> ControlFlow<()>) -> Result<(), DeviceGone> {
        let root = self
            .quietly(READ | OFlags::DIRECTORY, |flags| {
                rustix::fs::openat(&self.root, ".", flags, Mode::empty())
            })
            .and_then(Dir::new)
            .map_err(|e| DeviceGone(e.into()))?;
        Walk::new(self, self.room(), visit).run(root)?;
        self.check().map(drop)
    }

    fn find(&self, path: &EntryPath) -> io::Result<Option<Entry>> {
        if !path.is_plain() {
            return Ok(None);
        }
        let seen = match self.open_beneath(path, LOOK) {
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
            seen => seen?,
        };
        let look = Look::of(self);
        let found = statx(&seen, "", AtFlags::EMPTY_PATH, look::WANTED)?;
        let target = || rustix::fs::readlinkat(&seen, "", Vec::new());
        match FileType::from_raw_mode(found.stx_mode.into()) {
            FileType::Directory if !self.is_empty(path)? => Err(Errno::ISDIR.into()),
            _ => Ok(Some(look.entry(path.as_bytes(), &found, target))),
        }
    }

    fn open(&self, entry: &Entry) -> io::Result<Box<dyn Content>> {
        Ok(Box::new(FolderFile::new(self.open_file(&entry.path)?)))
    }

    fn totals(&self) -> Option<Totals> {
        None
    }

    fn check(&self) -> Result<Health, DeviceGone> {
        check(&self.root, self.device.as_ref())
    }

    fn is_rotational(&self) -> bool {
        let told = self.device.as_ref().and_then(BlockDevice::is_rotational);
        told.unwrap_or(false)
    }
}

/// Whether the file system with this root, on `device`, still answers.
pub fn check(root: &OwnedFd, device: Option<&BlockDevice>) -> Result<Health, DeviceGone> {
    // A pulled device still answers from memory, even with names: the device itself is asked.
    let health = device.map_or(Ok(Health::Doubtful), BlockDevice::check)?;
    let flags = READ | OFlags::DIRECTORY;
    let open = |flags| rustix::fs::openat(root, ".", flags, Mode::empty());
    let opened = match open(flags | OFlags::NOATIME) {
        Err(Errno::PERM) => open(flags),
        opened => opened,
    };
    let mut names = opened
        .and_then(Dir::new)
        .map_err(|e| DeviceGone(e.into()))?;
    match names.read() {
        Some(Err(e)) => Err(DeviceGone(e.into())),
        _ => Ok(health),
    }
}
