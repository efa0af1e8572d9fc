//! A mounted file system, written to below one folder.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use model::ids::JobId;
use model::plan::SIGNATURE_NAME;
use rustix::fs::{
    Advice, AtFlags, CWD, FallocateFlags, FileType, FsWord, Mode, OFlags, RenameFlags, Timespec,
    Timestamps,
};
use rustix::io::Errno;
use time::OffsetDateTime;

use super::{Occupied, Staged, Target};
use disks::aligned::Buffers;
use disks::tree::block::BlockDevice;
use disks::tree::file::ALIGNMENT;
use disks::tree::{DeviceGone, Health, fill_by, folder};

/// Mode of folders and files on the device: whoever gets it may read them.
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o755);
const FILE_MODE: Mode = Mode::from_raw_mode(0o644);

/// Flags of every open: do not follow a link, do not wait on a pipe, do not leak to children.
const HARMLESS: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// Writes of at least so many bytes go past the page cache where they can.
const LARGE_BYTES: usize = 1 << 20;

/// What a file system made by a program in user space calls itself (`statfs(2)`). Such a program is
/// not told to sync as a whole.
const FUSE_SUPER_MAGIC: FsWord = 0x6573_5546;

/// Folders that may lie in the root of a device that counts as empty: what file systems and their
/// makers put there.
const NOBODYS: [&str; 4] = [
    "lost+found",
    "System Volume Information",
    "$RECYCLE.BIN",
    ".Trash-0",
];

/// A mounted file system.
#[derive(Debug)]
pub struct Folder {
    root: Arc<OwnedFd>,
    /// How the names of staged files begin.
    staged: String,
    /// The block device under it, where there is one.
    device: Option<BlockDevice>,
    /// Whether every file has to be synced for itself.
    syncs_each: bool,
    /// The block device or image under a file system in user space, whose memory is in the way of
    /// reading back.
    backing: Option<File>,
    /// The folder that was opened last: most files follow others of theirs.
    last_folder: Mutex<(String, Arc<OwnedFd>)>,
}

/// How the names of all staged files begin: nothing else on a device that is filled may.
pub const STAGED: &str = ".longshore-";

/// How the names of a job's staged files begin.
fn staging_name(job: JobId) -> String {
    format!("{STAGED}{job}")
}

/// The first name in the root at `path` that belongs to somebody: an export fills a device that is
/// empty. What an earlier attempt at `job` has staged is nobody's.
///
/// # Errors
/// The system's error.
pub fn foreign_name(path: &Path, job: JobId) -> io::Result<Option<OsString>> {
    let staged = staging_name(job);
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        // Of the entry itself: a link is never nobody's.
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let is_staged = kind.is_file() && name.as_encoded_bytes().starts_with(staged.as_bytes());
        let is_signature = kind.is_file() && name == SIGNATURE_NAME;
        let is_nobodys = kind.is_dir() && NOBODYS.iter().any(|nobodys| name == **nobodys);
        if !(is_staged || is_signature || is_nobodys) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

impl Folder {
    /// Opens the file system at `path` to write files of `job` to it. `backing` is the block device
    /// or image it is on, where that is known.
    ///
    /// # Errors
    /// The system's error.
    pub fn open(path: &Path, job: JobId, backing: Option<&Path>) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = Arc::new(rustix::fs::openat(CWD, path, flags, Mode::empty())?);
        let kind = rustix::fs::fstatfs(&root)?.f_type;
        Ok(Self {
            device: BlockDevice::under(&root),
            syncs_each: kind == FUSE_SUPER_MAGIC,
            backing: backing.map(File::open).transpose()?,
            last_folder: Mutex::new((String::new(), Arc::clone(&root))),
            root,
            staged: staging_name(job),
        })
    }

    /// The name under which the file `number` is staged.
    fn staged(&self, number: u64) -> String {
        format!("{}-{number}", self.staged)
    }

    /// The folder that `path` is in, opened one part after the other without following a link, and
    /// the name there.
    fn place<'p>(&self, path: &'p str, absent: Absent) -> io::Result<(Arc<OwnedFd>, &'p str)> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        Ok((self.folder(parent, absent)?, name))
    }

    fn folder(&self, path: &str, absent: Absent) -> io::Result<Arc<OwnedFd>> {
        if path.is_empty() {
            return Ok(Arc::clone(&self.root));
        }
        let last = || {
            self.last_folder
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        {
            let last = last();
            if last.0 == path {
                return Ok(Arc::clone(&last.1));
            }
        }
        let mut here = Arc::clone(&self.root);
        for part in path.split('/') {
            if absent == Absent::Make {
                make_one(&here, part)?;
            }
            here = Arc::new(open_one(&here, part)?);
        }
        *last() = (path.to_owned(), Arc::clone(&here));
        Ok(here)
    }
}

/// What becomes of a folder that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absent {
    /// It is made.
    Make,
    /// It is an error.
    Fail,
}

impl Target for Folder {
    fn stage(&self, number: u64, path: &str) -> io::Result<Box<dyn Staged>> {
        let (folder, _) = self.place(path, Absent::Make)?;
        let flags = OFlags::RDWR | OFlags::CREATE | HARMLESS;
        let file = rustix::fs::openat(&folder, self.staged(number), flags, FILE_MODE)?;
        let found = rustix::fs::fstat(&file)?;
        let is_file = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
        if !is_file || found.st_nlink != 1 {
            let message = "something else has the name of a file that is to be written";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        Ok(Box::new(FolderFile {
            cached: File::from(file),
            direct: OnceLock::new(),
            syncs_each: self.syncs_each,
        }))
    }

    fn read_back(&self, number: u64, path: &str, buffer: &mut [u8]) -> io::Result<usize> {
        let (folder, _) = self.place(path, Absent::Fail)?;
        read_device(&folder, &self.staged(number), buffer)
    }

    fn read_afresh(&self, path: &str) -> io::Result<bool> {
        let (folder, name) = self.place(path, Absent::Fail)?;
        let mut buffer = Arc::new(Buffers::default()).take(ALIGNMENT as u64);
        Ok(read_device(&folder, name, &mut buffer)? > 0)
    }

    fn discard(&self, number: u64, path: &str) -> io::Result<()> {
        let removed = self.place(path, Absent::Fail).and_then(|(folder, _)| {
            let staged = self.staged(number);
            Ok(rustix::fs::unlinkat(&folder, staged, AtFlags::empty())?)
        });
        absent_is_fine(removed)
    }

    fn publish(&self, number: u64, path: &str, existing: Occupied) -> io::Result<()> {
        let (folder, name) = self.place(path, Absent::Fail)?;
        let staged = self.staged(number);
        if existing == Occupied::Replace {
            return Ok(rustix::fs::renameat(&folder, staged, &folder, name)?);
        }
        let keep = RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(&folder, &*staged, &folder, name, keep) {
            Err(Errno::INVAL | Errno::NOSYS) => match self.size(path)? {
                Some(_) => Err(Errno::EXIST.into()),
                None => Ok(rustix::fs::renameat(&folder, staged, &folder, name)?),
            },
            moved => Ok(moved?),
        }
    }

    fn is_same(&self, number: u64, path: &str) -> io::Result<bool> {
        let (folder, name) = self.place(path, Absent::Fail)?;
        let open = |name: &str| -> io::Result<File> {
            let flags = OFlags::RDONLY | HARMLESS;
            let file = rustix::fs::openat(&folder, name, flags, Mode::empty())?;
            Ok(File::from(file))
        };
        have_same_content(&open(&self.staged(number))?, &open(name)?)
    }

    fn make_folder(&self, path: &str) -> io::Result<()> {
        self.folder(path, Absent::Make).map(drop)
    }

    fn size(&self, path: &str) -> io::Result<Option<u64>> {
        let found = self.place(path, Absent::Fail).and_then(|(folder, name)| {
            Ok(rustix::fs::statat(
                &folder,
                name,
                AtFlags::SYMLINK_NOFOLLOW,
            )?)
        });
        match found {
            Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::RegularFile => {
                Ok(Some(found.st_size.unsigned_abs()))
            }
            Ok(_) => Ok(None),
            Err(error) => absent_is_fine(Err(error)).map(|()| None),
        }
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let removed = self
            .place(path, Absent::Fail)
            .and_then(|(folder, name)| Ok(rustix::fs::unlinkat(&folder, name, AtFlags::empty())?));
        absent_is_fine(removed)
    }

    fn sync(&self) -> io::Result<()> {
        rustix::fs::syncfs(&self.root)?;
        // Tells a program in user space to write what it holds of the folder.
        if self.syncs_each {
            rustix::fs::fsync(&self.root)?;
            if let Some(backing) = &self.backing {
                // It reads through the host's memory of the device, which has to forget.
                backing.sync_all()?;
                let _hint = rustix::fs::fadvise(backing, 0, None, Advice::DontNeed);
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<Health, DeviceGone> {
        folder::check(&self.root, self.device.as_ref())
    }

    fn is_rotational(&self) -> bool {
        let told = self.device.as_ref().and_then(BlockDevice::is_rotational);
        told.unwrap_or(false)
    }
}

/// Whether two files are regular and have the same bytes.
///
/// # Errors
/// The system's error.
pub fn have_same_content(one: &File, two: &File) -> io::Result<bool> {
    let (one_is, two_is) = (one.metadata()?, two.metadata()?);
    if !one_is.is_file() || !two_is.is_file() || one_is.len() != two_is.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (vec![0; LARGE_BYTES], vec![0; LARGE_BYTES]);
    let mut offset = 0;
    loop {
        let read = read_whole(one, offset, &mut left)?;
        if read_whole(two, offset, &mut right)? != read || left[..read] != right[..read] {
            return Ok(false);
        }
        if read == 0 {
            return Ok(true);
        }
        offset += read as u64;
    }
}

/// Reads the start of a file past this host's memory of it, as far as that can be done.
fn read_device(folder: &OwnedFd, name: &str, buffer: &mut [u8]) -> io::Result<usize> {
    let open = |flags| rustix::fs::openat(folder, name, flags, Mode::empty());
    let flags = OFlags::RDONLY | HARMLESS;
    if is_aligned(0, buffer) && buffer.len().is_multiple_of(ALIGNMENT) {
        let direct = open(flags | OFlags::DIRECT).map_err(io::Error::from);
        match direct.and_then(|file| read_whole(&File::from(file), 0, buffer)) {
            Err(e) if cannot_direct(&e) => {}
            read => return read,
        }
    }
    read_dropped(&File::from(open(flags)?), 0, buffer)
}

fn make_one(folder: &OwnedFd, name: &str) -> io::Result<()> {
    match rustix::fs::mkdirat(folder, name, FOLDER_MODE) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Opens a folder within another; `name` is one part of a path.
fn open_one(folder: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
    if matches!(name, "" | "." | "..") {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | HARMLESS;
    match rustix::fs::openat(folder, name, flags, Mode::empty()) {
        // A link is as much in the way as a file.
        Err(Errno::LOOP) => Err(io::ErrorKind::NotADirectory.into()),
        opened => Ok(opened?),
    }
}

fn absent_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(())
        }
        done => done,
    }
}

/// A staged file. Large writes, and what is read back, go past the page cache where the file system
/// lends itself to that.
#[derive(Debug)]
struct FolderFile {
    cached: File,
    /// The same file past the page cache, if that can be done; opened when it is first wanted.
    direct: OnceLock<Option<File>>,
    syncs_each: bool,
}

impl FolderFile {
    fn direct(&self) -> Option<&File> {
        let open = || open_again(&self.cached, OFlags::RDWR | OFlags::DIRECT).ok();
        self.direct.get_or_init(open).as_ref()
    }

    fn write_some(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() >= LARGE_BYTES && is_aligned(offset, bytes) {
            let whole = &bytes[..bytes.len() - bytes.len() % ALIGNMENT];
            match self.direct().map(|file| file.write_at(whole, offset)) {
                Some(Err(e)) if cannot_direct(&e) => {}
                None => {}
                Some(written) => return written,
            }
        }
        self.cached.write_at(bytes, offset)
    }
}

impl Staged for FolderFile {
    fn bytes(&self) -> io::Result<u64> {
        Ok(self.cached.metadata()?.len())
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        if self.bytes()? > bytes {
            self.cached.set_len(bytes)?;
        }
        if bytes == 0 {
            return Ok(());
        }
        let keep_size = FallocateFlags::KEEP_SIZE;
        match rustix::fs::fallocate(&self.cached, keep_size, 0, bytes) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn write_at(&self, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write_some(offset, bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    offset += written as u64;
                    bytes = &bytes[written..];
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn date(&self, modified: OffsetDateTime) {
        let modified = Timespec {
            tv_sec: modified.unix_timestamp(),
            tv_nsec: modified.nanosecond().into(),
        };
        let times = Timestamps {
            last_access: modified,
            last_modification: modified,
        };
        // The content is what counts.
        let _not_on_every_file_system = rustix::fs::futimens(&self.cached, &times);
    }

    fn is_written(&self) -> io::Result<()> {
        if self.syncs_each {
            self.cached.sync_all()?;
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.cached.sync_data()
    }

    fn read_back(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        read_past_cache(self.direct(), &self.cached, offset, buffer)
    }
}

/// Opens a file again that is open, with other flags.
fn open_again(file: &File, flags: OFlags) -> rustix::io::Result<File> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty()).map(File::from)
}

/// Reads until `buffer` is full or the file ends.
fn read_past_cache(
    direct: Option<&File>,
    cached: &File,
    offset: u64,
    buffer: &mut [u8],
) -> io::Result<usize> {
    if let Some(direct) = direct.filter(|_| is_aligned(offset, buffer)) {
        // The end of a file need not be aligned, but where reading ends has to be.
        let aligned = buffer.len() - buffer.len() % ALIGNMENT;
        match read_whole(direct, offset, &mut buffer[..aligned]) {
            Err(e) if cannot_direct(&e) => {}
            Ok(read) if read == aligned && aligned < buffer.len() => {
                let (from, rest) = (offset + read as u64, &mut buffer[read..]);
                return Ok(read + read_dropped(cached, from, rest)?);
            }
            read => return read,
        }
    }
    read_dropped(cached, offset, buffer)
}

/// Reads through the page cache, after it was told to forget: all was synced, so nothing is lost.
fn read_dropped(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let length = NonZeroU64::new(buffer.len() as u64);
    let _hint = rustix::fs::fadvise(file, offset, length, Advice::DontNeed);
    read_whole(file, offset, buffer)
}

fn read_whole(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let filled = fill_by(offset, buffer, |at, rest| file.read_at(rest, at));
    filled.map_err(|bad| bad.source)
}

fn is_aligned(offset: u64, bytes: &[u8]) -> bool {
    bytes.as_ptr().align_offset(ALIGNMENT) == 0 && offset.is_multiple_of(ALIGNMENT as u64)
}

fn cannot_direct(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::INVAL | Errno::OPNOTSUPP))
}
