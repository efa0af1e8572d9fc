//! A mounted file system, written to below one folder.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::num::NonZeroU64;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use model::ids::JobId;
use rustix::fs::{
    Advice, AtFlags, CWD, FallocateFlags, FileType, Mode, OFlags, RenameFlags, ResolveFlags,
    Timespec, Timestamps,
};
use rustix::io::Errno;
use time::OffsetDateTime;

use super::{Existing, Staged, Target};
use crate::tree::file::ALIGNMENT;
use crate::tree::folder::{block_device, spins};
use crate::tree::{DeviceGone, folder};

/// Mode of folders and files on the device: whoever gets it may read them.
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o755);
const FILE_MODE: Mode = Mode::from_raw_mode(0o644);

/// Beneath the root, and nowhere else.
const BENEATH: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS);

/// Writes of at least so many bytes go past the page cache where they can.
const LARGE_BYTES: usize = 1 << 20;

/// What a file system made by a program in user space calls itself (`statfs(2)`). Such a program is
/// not told to sync as a whole.
const FUSE_SUPER_MAGIC: i64 = 0x6573_5546;

/// What may lie in the root of a device that counts as empty: what file systems and their makers
/// put there, and the device's own SIGNATURE.
const NOBODYS: [&str; 5] = [
    "SIGNATURE",
    "lost+found",
    "System Volume Information",
    "$RECYCLE.BIN",
    ".Trash-0",
];

/// A mounted file system.
#[derive(Debug)]
pub struct Folder {
    root: OwnedFd,
    /// How the names of staged files begin.
    staged: String,
    /// The kernel's folder of the block device under it, where there is one.
    device: Option<PathBuf>,
    /// Whether every file has to be synced for itself.
    syncs_each: bool,
    /// The folder that was made or found last: most files follow others of theirs.
    last_folder: Mutex<String>,
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
    let staging = staging_name(job);
    for entry in std::fs::read_dir(path)? {
        let name = entry?.file_name();
        let is_ours = name.as_encoded_bytes().starts_with(staging.as_bytes())
            || NOBODYS.iter().any(|nobodys| name == **nobodys);
        if !is_ours {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

impl Folder {
    /// Opens the file system at `path` to write files of `job` to it.
    ///
    /// # Errors
    /// The system's error.
    pub fn open(path: &Path, job: JobId) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
        let kind = rustix::fs::fstatfs(&root)?.f_type;
        Ok(Self {
            device: block_device(&root),
            syncs_each: i64::try_from(kind).is_ok_and(|kind| kind == FUSE_SUPER_MAGIC),
            root,
            staged: staging_name(job),
            last_folder: Mutex::default(),
        })
    }

    fn last_folder(&self) -> MutexGuard<'_, String> {
        self.last_folder
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the file `number` is staged beside `path`.
    fn staged(&self, number: u64, path: &str) -> String {
        let folder = path.rfind('/').map_or("", |end| &path[..=end]);
        format!("{folder}{}-{number}", self.staged)
    }

    /// Makes the folder that `path` is in.
    fn make_parent(&self, path: &str) -> io::Result<()> {
        let Some((parent, _)) = path.rsplit_once('/') else {
            return Ok(());
        };
        if *self.last_folder() == parent {
            return Ok(());
        }
        self.make_folder(parent)
    }
}

impl Target for Folder {
    fn stage(&self, number: u64, path: &str) -> io::Result<Box<dyn Staged>> {
        self.make_parent(path)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.root, self.staged(number, path), flags, FILE_MODE)?;
        Ok(Box::new(FolderFile {
            cached: File::from(file),
            direct: OnceLock::new(),
            syncs_each: self.syncs_each,
        }))
    }

    fn read_back(&self, number: u64, path: &str, buffer: &mut [u8]) -> io::Result<usize> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let staged = self.staged(number, path);
        let open = |flags| rustix::fs::openat(&self.root, &*staged, flags, Mode::empty());
        if is_aligned(0, buffer) && buffer.len().is_multiple_of(ALIGNMENT) {
            let direct = open(flags | OFlags::DIRECT).map_err(io::Error::from);
            match direct.and_then(|file| read_whole(&File::from(file), 0, buffer)) {
                Err(e) if cannot_direct(&e) => {}
                read => return read,
            }
        }
        read_dropped(&File::from(open(flags)?), 0, buffer)
    }

    fn discard(&self, number: u64, path: &str) -> io::Result<()> {
        let staged = self.staged(number, path);
        absent_is_fine(rustix::fs::unlinkat(&self.root, staged, AtFlags::empty()))
    }

    fn publish(&self, number: u64, path: &str, existing: Existing) -> io::Result<()> {
        let (root, staged) = (&self.root, self.staged(number, path));
        if existing == Existing::Replace {
            return Ok(rustix::fs::renameat(root, staged, root, path)?);
        }
        let keep = RenameFlags::NOREPLACE;
        match rustix::fs::renameat_with(root, &*staged, root, path, keep) {
            Err(Errno::INVAL | Errno::NOSYS) => match self.size(path)? {
                Some(_) => Err(Errno::EXIST.into()),
                None => Ok(rustix::fs::renameat(root, staged, root, path)?),
            },
            moved => Ok(moved?),
        }
    }

    fn make_folder(&self, path: &str) -> io::Result<()> {
        let mut end = 0;
        while end < path.len() {
            end = path[end + 1..]
                .find('/')
                .map_or(path.len(), |at| end + 1 + at);
            make_one(&self.root, &path[..end])?;
        }
        open_folder(&self.root, path)?;
        path.clone_into(&mut self.last_folder());
        Ok(())
    }

    fn size(&self, path: &str) -> io::Result<Option<u64>> {
        match rustix::fs::statat(&self.root, path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::RegularFile => {
                Ok(Some(found.st_size.unsigned_abs()))
            }
            Ok(_) | Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        absent_is_fine(rustix::fs::unlinkat(&self.root, path, AtFlags::empty()))
    }

    fn sync(&self) -> io::Result<()> {
        rustix::fs::syncfs(&self.root)?;
        // Tells a program in user space to write what it holds of the folder.
        if self.syncs_each {
            rustix::fs::fsync(&self.root)?;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), DeviceGone> {
        folder::check(&self.root, self.device.as_deref())
    }

    fn spins(&self) -> bool {
        self.device.as_deref().and_then(spins).unwrap_or(false)
    }
}

fn make_one(root: &OwnedFd, path: &str) -> io::Result<()> {
    match rustix::fs::mkdirat(root, path, FOLDER_MODE) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn open_folder(root: &OwnedFd, path: &str) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match rustix::fs::openat2(root, path, flags, Mode::empty(), BENEATH) {
        Err(Errno::NOSYS) => Ok(rustix::fs::openat(root, path, flags, Mode::empty())?),
        opened => Ok(opened?),
    }
}

fn absent_is_fine(removed: rustix::io::Result<()>) -> io::Result<()> {
    match removed {
        Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
        Err(error) => Err(error.into()),
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
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

fn is_aligned(offset: u64, bytes: &[u8]) -> bool {
    bytes.as_ptr().align_offset(ALIGNMENT) == 0 && offset.is_multiple_of(ALIGNMENT as u64)
}

fn cannot_direct(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::INVAL | Errno::OPNOTSUPP))
}
