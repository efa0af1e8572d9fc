//! A folder or mounted file system as a tree.
//!
//! A shipped disk is hostile input: every name is opened relative to the root's own descriptor,
//! symbolic links are refused by the kernel at every step of the path, and what is not a regular
//! file is never opened.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use model::entry::{Entry, EntryKind, EntryPath};
use model::limits;
use model::time::Timestamp;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Statx, StatxFlags};
use rustix::io::Errno;

use super::file::FolderFile;
use super::{BadEntry, Content, DeviceGone, Found, Tree, is_starved};

/// Names of one folder that are held and sorted at once. A folder with more is handed out in
/// sorted runs of this length, so that memory stays flat.
const SORTED_RUN: usize = 16 << 10;

/// The same below [`DEEP`] levels, where many folders are open at once.
const SORTED_RUN_DEEP: usize = 1 << 10;

/// From this depth on, runs are short.
const DEEP: usize = 8;

/// Flags of every open: read, do not follow, do not wait on a pipe, do not leak to children.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// A folder or mounted file system.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    root: OwnedFd,
    /// The kernel's folder of the block device under it, where there is one.
    device: Option<PathBuf>,
}

impl Folder {
    /// Opens a folder as the root of a tree. `path` itself may be a symbolic link.
    ///
    /// # Errors
    /// The system's error, `NotADirectory` if it is no folder.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
        Ok(Self {
            path: path.to_owned(),
            device: block_device(&root),
            root,
        })
    }

    /// Where it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The root's names, read through a descriptor of their own: two walks at once do not share
    /// a place in them.
    fn open_root(&self) -> rustix::io::Result<Dir> {
        names(&self.root)
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
    fn walk(&self, visit: &mut dyn FnMut(Found) -> ControlFlow<()>) -> Result<(), DeviceGone> {
        let root = self.open_root().map_err(|e| DeviceGone(e.into()))?;
        let mut walk = Walk {
            visit,
            starved: None,
        };
        let _stopped = walk.folder(root, &mut Vec::new(), 0);
        match walk.starved {
            Some(error) => Err(DeviceGone(error.into())),
            None => self.check(),
        }
    }

    fn open(&self, path: &EntryPath) -> io::Result<Box<dyn Content>> {
        let file = File::from(self.open_beneath(path, READ)?);
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        Ok(Box::new(FolderFile::new(file)))
    }

    fn check(&self) -> Result<(), DeviceGone> {
        check(&self.root, self.device.as_deref())
    }

    fn spins(&self) -> bool {
        self.device.as_deref().and_then(spins).unwrap_or(false)
    }
}

/// The names of the folder `root`, through a descriptor of their own.
fn names(root: &OwnedFd) -> rustix::io::Result<Dir> {
    rustix::fs::openat(root, ".", READ | OFlags::DIRECTORY, Mode::empty()).and_then(Dir::new)
}

/// Whether the file system with this root still answers; `device` is the kernel's folder of it.
pub(crate) fn check(root: &OwnedFd, device: Option<&Path>) -> Result<(), DeviceGone> {
    // A pulled device still answers from memory, even with names: the kernel's folder of it is
    // what goes.
    if device.is_some_and(|device| !device.exists()) {
        return Err(DeviceGone(Errno::NODEV.into()));
    }
    let mut names = names(root).map_err(|e| DeviceGone(e.into()))?;
    match names.read() {
        Some(Err(e)) => Err(DeviceGone(e.into())),
        _ => Ok(()),
    }
}

/// The kernel's folder of the block device under a file system; others have none.
pub(crate) fn block_device(root: &OwnedFd) -> Option<PathBuf> {
    let device = rustix::fs::fstat(root).ok()?.st_dev;
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let folder = PathBuf::from(format!("/sys/dev/block/{major}:{minor}"));
    folder.exists().then_some(folder)
}

/// Whether the disk under a file system spins, as the kernel has it: asked of the partition's own
/// folder and of the one above it, which is the disk's.
pub(crate) fn spins(device: &Path) -> Option<bool> {
    let told = ["queue/rotational", "../queue/rotational"]
        .iter()
        .find_map(|name| std::fs::read(device.join(name)).ok())?;
    Some(told.starts_with(b"1"))
}

/// One walk. Descends depth first, with one descriptor for each folder on the way; every folder's
/// names in sorted runs.
struct Walk<'a> {
    visit: &'a mut dyn FnMut(Found) -> ControlFlow<()>,
    /// What this host ran out of. That is nobody's fault on the device, and ends the walk.
    starved: Option<Errno>,
}

impl Walk<'_> {
    /// Hands out a folder's entries. `path` is the folder's own path, `/` at its end unless it is
    /// the root; it is the same again when this returns.
    fn folder(&mut self, mut folder: Dir, path: &mut Vec<u8>, depth: usize) -> ControlFlow<()> {
        let run_length = if depth < DEEP {
            SORTED_RUN
        } else {
            SORTED_RUN_DEEP
        };
        loop {
            let (mut run, end) = next_run(&mut folder, run_length);
            run.sort_unstable();
            for name in &run {
                self.name(&folder, path, name, depth)?;
            }
            match end {
                RunEnd::More => {}
                RunEnd::Last => return ControlFlow::Continue(()),
                RunEnd::Failed(e) => return self.bad(path, e),
            }
        }
    }

    fn name(
        &mut self,
        folder: &Dir,
        path: &mut Vec<u8>,
        name: &CString,
        depth: usize,
    ) -> ControlFlow<()> {
        let before = path.len();
        path.extend_from_slice(name.as_bytes());
        let flow = match look_at(folder, name) {
            Err(e) => self.bad(path, e),
            Ok(found) if FileType::from_raw_mode(found.stx_mode.into()) == FileType::Directory => {
                self.descend(folder, path, name, depth)
            }
            Ok(found) => (self.visit)(Ok(entry(path, &found))),
        };
        path.truncate(before);
        flow
    }

    fn descend(
        &mut self,
        parent: &Dir,
        path: &mut Vec<u8>,
        name: &CString,
        depth: usize,
    ) -> ControlFlow<()> {
        if depth + 1 >= limits::TREE_DEPTH {
            let reason = format!("folders are nested deeper than {}", limits::TREE_DEPTH);
            let path = EntryPath::new(path.clone());
            return (self.visit)(Err(BadEntry { path, reason }));
        }
        let opened = parent.fd().and_then(|parent| {
            rustix::fs::openat(parent, name, READ | OFlags::DIRECTORY, Mode::empty())
        });
        match opened.and_then(Dir::new) {
            Err(e) => self.bad(path, e),
            Ok(folder) => {
                path.push(b'/');
                self.folder(folder, path, depth + 1)
            }
        }
    }

    fn bad(&mut self, path: &[u8], error: Errno) -> ControlFlow<()> {
        let error = io::Error::from(error);
        if is_starved(&error) {
            self.starved = Errno::from_io_error(&error);
            return ControlFlow::Break(());
        }
        let (path, reason) = (EntryPath::new(path), error.to_string());
        (self.visit)(Err(BadEntry { path, reason }))
    }
}

enum RunEnd {
    More,
    Last,
    Failed(Errno),
}

/// The next names of a folder, as many as one run holds.
fn next_run(names: &mut Dir, length: usize) -> (Vec<CString>, RunEnd) {
    let mut run = Vec::new();
    while run.len() < length {
        match names.read() {
            None => return (run, RunEnd::Last),
            Some(Err(e)) => return (run, RunEnd::Failed(e)),
            Some(Ok(found)) => {
                let name = found.file_name();
                if !matches!(name.to_bytes(), b"." | b"..") {
                    run.push(name.to_owned());
                }
            }
        }
    }
    (run, RunEnd::More)
}

fn look_at(folder: &Dir, name: &CString) -> rustix::io::Result<Statx> {
    let wanted = StatxFlags::TYPE | StatxFlags::SIZE | StatxFlags::MTIME;
    rustix::fs::statx(folder.fd()?, name, AtFlags::SYMLINK_NOFOLLOW, wanted)
}

fn entry(path: &[u8], found: &Statx) -> Entry {
    let kind = match FileType::from_raw_mode(found.stx_mode.into()) {
        FileType::RegularFile => EntryKind::File {
            bytes: found.stx_size,
        },
        FileType::Symlink => EntryKind::SymbolicLink,
        _ => EntryKind::Special,
    };
    let modified = Some(Timestamp::from_unix(found.stx_mtime.tv_sec));
    Entry {
        path: EntryPath::new(path),
        kind,
        modified,
    }
}
