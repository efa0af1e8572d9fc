//! A device read raw: no file system, no names, only bytes at offsets.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::aligned::Buffers;
use crate::facts;
use crate::fault::Fault;
use crate::tree::block::sample;
use crate::tree::file::FolderFile;
use crate::tree::{Content as _, DeviceGone, Health, Shape};

pub mod apart;
pub mod counted;
pub mod memory;
pub mod unlocked;

/// What a device may be read in at its finest: sectors of 4096 bytes, or eight of 512.
pub const SECTOR_BYTES: u64 = 4096;

/// The logical sector of an image file, which does not say in what its tables count: that of nearly all disks.
const IMAGE_SECTOR: u32 = 512;

/// A device read raw.
///
/// # Contract
/// It is never written to, and its size stays. The same place gives the same bytes, or an error.
/// Reads do not move anything: many may run at once.
pub trait Device: Send + Sync {
    /// Its size in bytes.
    fn bytes(&self) -> u64;

    /// The size of its logical sectors in bytes: what its tables count in, and what a read past every memory is a
    /// multiple of. 512 or 4096.
    fn sector(&self) -> u32;

    /// Reads at `offset`, at most `buffer.len()` bytes; 0 only at the end, or from a device that was pulled.
    ///
    /// # Errors
    /// [`Fault`], which says what the system's error means.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault>;

    /// Where the next bytes may be that are not zero, from `offset` on; the size if there are none.
    /// Answering `offset` is always right.
    fn next_data(&self, offset: u64) -> u64;

    /// Whether the device still answers, asked after an error to tell a bad sector from a bad device.
    ///
    /// # Errors
    /// [`DeviceGone`] if it does not.
    fn check(&self) -> Result<(), DeviceGone>;
}

/// A device that cannot be read raw.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is none, or we may not read it.
    #[error("could not open the device `{path}`")]
    Io {
        /// What was given.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A block device that is mounted, or part of a volume.
    #[error("the block device `{0}` is in use: it is mounted, or part of a volume")]
    InUse(PathBuf),
    /// The same, as the kernel tells it; or an image that is mounted, and changes while it is read.
    #[error("`{path}` is in use: {what}")]
    Used {
        /// Which.
        path: PathBuf,
        /// By what.
        what: facts::Use,
    },
    /// A folder, a pipe, a terminal.
    #[error("`{0}` is neither a block device nor an image file")]
    NotADevice(PathBuf),
}

/// A block device, or a file that holds an image.
#[derive(Debug)]
pub struct RawDevice {
    source: Source,
    bytes: u64,
    sector: u32,
    /// How often places were read to see whether it answers: never twice the same.
    turn: AtomicU64,
    /// A place that was read well, the last one.
    well: AtomicU64,
}

/// No place was read well yet.
const NOWHERE: u64 = u64::MAX;

#[derive(Debug)]
enum Source {
    /// Read past the page cache: what the kernel reads ahead of a bad sector would be bad as well.
    Block(File),
    Image {
        file: File,
        content: FolderFile,
        /// Its size and times when it was opened; that of the last change of anything too, since programs that write to
        /// images may set their dates back.
        opened: Shape,
    },
}

impl RawDevice {
    /// Opens a device, for reading only. A block device is held so that nobody can mount it meanwhile.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let io = |source| OpenError::Io {
            path: path.to_owned(),
            source,
        };
        let kind = std::fs::metadata(path).map_err(io)?.file_type();
        if !kind.is_file() && !kind.is_block_device() {
            return Err(OpenError::NotADevice(path.to_owned()));
        }
        if let Some(what) = facts::in_use_to_read(path).map_err(io)? {
            let path = path.to_owned();
            return Err(OpenError::Used { path, what });
        }
        if kind.is_block_device() {
            return Self::open_block(path);
        }
        let file = open_quietly(path).map_err(io)?;
        let content = FolderFile::new(file.try_clone().map_err(io)?);
        let opened = content.shape().map_err(io)?;
        let image = Source::Image {
            file,
            content,
            opened,
        };
        Ok(Self::new(image, opened.bytes, IMAGE_SECTOR))
    }

    fn new(source: Source, bytes: u64, sector: u32) -> Self {
        Self {
            source,
            bytes,
            sector,
            turn: AtomicU64::new(0),
            well: AtomicU64::new(NOWHERE),
        }
    }

    fn open_block(path: &Path) -> Result<Self, OpenError> {
        let flags = [OFlags::EXCL | OFlags::DIRECT, OFlags::EXCL];
        let mut opened = open_with(path, flags[0]);
        if opened
            .as_ref()
            .is_err_and(|e| e.kind() == io::ErrorKind::InvalidInput)
        {
            opened = open_with(path, flags[1]);
        }
        let mut file = opened.map_err(|source| match Errno::from_io_error(&source) {
            Some(Errno::BUSY) => OpenError::InUse(path.to_owned()),
            _ => OpenError::Io {
                path: path.to_owned(),
                source,
            },
        })?;
        let end = file
            .seek(SeekFrom::End(0))
            .map_err(|source| OpenError::Io {
                path: path.to_owned(),
                source,
            })?;
        // `BLKSSZGET`; what does not answer it counts as nearly all devices do.
        let sector = rustix::fs::ioctl_blksszget(&file).unwrap_or(IMAGE_SECTOR);
        Ok(Self::new(Source::Block(file), end, sector))
    }
}

/// Opens an image file so that the time of its last access stays, where we have the right to.
fn open_quietly(path: &Path) -> io::Result<File> {
    match open_with(path, OFlags::NOATIME) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => File::open(path),
        opened => opened,
    }
}

fn open_with(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

impl Device for RawDevice {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn sector(&self) -> u32 {
        self.sector
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
        let read = self.read_raw(offset, buffer)?;
        if read > 0 {
            self.well.store(offset, Ordering::Relaxed);
        }
        Ok(read)
    }

    fn next_data(&self, offset: u64) -> u64 {
        let Source::Image { file, .. } = &self.source else {
            return offset;
        };
        match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(offset)) {
            Ok(found) => found.max(offset),
            // There is no data behind it, unless the file is not as long any more as it was.
            Err(Errno::NXIO) if self.check().is_ok() => self.bytes.max(offset),
            // A file system that does not tell.
            Err(_) => offset,
        }
    }

    fn check(&self) -> Result<(), DeviceGone> {
        let file = match &self.source {
            Source::Block(file) | Source::Image { file, .. } => file,
        };
        // A device that was pulled has no size any more.
        let end = rustix::fs::seek(file, rustix::fs::SeekFrom::End(0));
        match end.map_err(|e| DeviceGone(e.into()))? {
            end if end == self.bytes => {}
            end => {
                let had = self.bytes;
                let why = format!("it has {end} bytes now, and had {had}");
                return Err(DeviceGone(io::Error::other(why)));
            }
        }
        self.is_unchanged()?;
        self.must_answer()
    }
}

impl RawDevice {
    /// Whether it still is what was opened: an image file may be written to, a block device is held alone.
    fn is_unchanged(&self) -> Result<(), DeviceGone> {
        let Source::Image {
            content, opened, ..
        } = &self.source
        else {
            return Ok(());
        };
        match content.shape().map_err(DeviceGone)? == *opened {
            true => Ok(()),
            false => Err(DeviceGone(io::Error::other(
                "the image file was written to while it was read",
            ))),
        }
    }

    fn read_raw(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.source {
            Source::Block(file) => Ok(rustix::io::pread(file, buffer, offset)?),
            Source::Image { content, .. } => content.read_at(offset, buffer),
        }
    }

    /// A disk that the kernel has given up keeps its name and its size, and gives nothing any more: most
    /// places all over it have to be readable, or the one that was read last.
    fn must_answer(&self) -> Result<(), DeviceGone> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        match sample(self.bytes, turn, |at, sector| self.read_raw(at, sector)) {
            Ok(Health::Sound) => Ok(()),
            Ok(Health::Doubtful) => self.must_give_again(),
            Err(gone) => Err(gone),
        }
    }

    fn must_give_again(&self) -> Result<(), DeviceGone> {
        let well = self.well.load(Ordering::Relaxed);
        if well == NOWHERE {
            return Ok(());
        }
        let mut sector = Arc::new(Buffers::default()).take(SECTOR_BYTES);
        let at = well / SECTOR_BYTES * SECTOR_BYTES;
        self.read_raw(at, &mut sector).map(drop).map_err(DeviceGone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt as _;

    #[test]
    fn an_image_file_is_a_device_and_its_holes_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.img");
        let file = File::create(&path).unwrap();
        file.set_len(64 << 20).unwrap();
        file.write_all_at(b"data", 40 << 20).unwrap();
        let device = RawDevice::open(&path).unwrap();
        assert_eq!((device.bytes(), device.sector()), (64 << 20, 512));
        let data = device.next_data(0);
        assert!(data <= 40 << 20, "{data}");
        assert!(device.next_data(48 << 20) >= 48 << 20);
        let mut buffer = [9; 8];
        assert_eq!(device.read_at((40 << 20) - 2, &mut buffer).unwrap(), 8);
        assert_eq!(&buffer, b"\0\0data\0\0");
        assert_eq!(device.read_at(64 << 20, &mut buffer).unwrap(), 0);
        device.check().unwrap();
        file.set_len(1 << 20).unwrap();
        assert!(device.check().is_err());
    }

    #[test]
    fn an_image_file_that_is_written_to_is_noticed_also_if_its_size_and_its_date_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.img");
        std::fs::write(&path, vec![7; 1 << 20]).unwrap();
        let device = RawDevice::open(&path).unwrap();
        let mut buffer = [0; 4096];
        device.read_at(0, &mut buffer).unwrap();
        device.is_unchanged().unwrap();
        device.check().unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        // The clock of a file system may stand still for a moment.
        while device.is_unchanged().is_ok() {
            file.write_all_at(b"other", 8192).unwrap();
            file.set_modified(modified).unwrap();
        }
        let DeviceGone(why) = device.check().unwrap_err();
        assert!(why.to_string().contains("was written to"), "{why}");
        // Who opens it then reads what it is then.
        RawDevice::open(&path).unwrap().check().unwrap();
    }

    #[test]
    fn what_is_no_device_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let of_folder = RawDevice::open(folder.path());
        assert!(matches!(of_folder, Err(OpenError::NotADevice(_))));
        let missing = RawDevice::open(&folder.path().join("none"));
        assert!(matches!(missing, Err(OpenError::Io { .. })));
        let special = RawDevice::open(Path::new("/dev/null"));
        assert!(matches!(special, Err(OpenError::NotADevice(_))));
    }
}
