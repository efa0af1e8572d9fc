//! Where a rebuilt image goes: a new file, put in its place when it is whole, or a block device.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::image::reading::is_zero;

/// Zeros of so many bytes and more become holes of a file.
const HOLE_BYTES: usize = 64 << 10;

/// An output that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// It cannot be opened, made or written.
    #[error("could not write `{path}`")]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// There is something already, and nobody said that it may be overwritten.
    #[error("`{0}` exists already")]
    Exists(PathBuf),
    /// A block device that is mounted, or part of a volume.
    #[error("the block device `{0}` is in use: it is mounted, or part of a volume")]
    InUse(PathBuf),
    /// It is mounted, attached or written to by somebody else.
    #[error("`{path}` is in use: {what}")]
    Used {
        /// Which.
        path: PathBuf,
        /// By what.
        what: disks::facts::Use,
    },
    /// A block device that cannot hold the image.
    #[error("the block device `{path}` has {bytes} bytes, and the image {image}")]
    TooSmall {
        /// Which.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// Size of the image.
        image: u64,
    },
    /// A folder, a pipe, a terminal.
    #[error("`{0}` is neither a block device nor a file")]
    Unsuited(PathBuf),
}

/// A file or block device that takes an image.
#[derive(Debug)]
pub struct Output {
    file: File,
    path: PathBuf,
    /// The name of a file until it is whole.
    temporary: Option<PathBuf>,
}

/// Whether an output that exists may be overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// No.
    Never,
    /// Yes.
    Allowed,
}

impl Output {
    /// Opens a place for an image of `bytes`. A block device exists, and so needs leave to be overwritten.
    ///
    /// # Errors
    /// [`OutputError`]; nothing was changed then.
    pub fn open(path: &Path, bytes: u64, overwrite: Overwrite) -> Result<Self, OutputError> {
        let io = |source| OutputError::Io {
            path: path.to_owned(),
            source,
        };
        let kind = match std::fs::metadata(path) {
            Ok(meta) => meta.file_type(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Self::create(path, bytes),
            Err(error) => return Err(io(error)),
        };
        if !kind.is_file() && !kind.is_block_device() {
            return Err(OutputError::Unsuited(path.to_owned()));
        }
        if overwrite == Overwrite::Never {
            return Err(OutputError::Exists(path.to_owned()));
        }
        // Also a file: what is mounted from it would go on without its name, and be lost.
        if let Some(what) = disks::facts::in_use(path).map_err(io)? {
            let path = path.to_owned();
            return Err(OutputError::Used { path, what });
        }
        match kind.is_block_device() {
            true => Self::open_block(path, bytes),
            false => Self::create(path, bytes),
        }
    }

    fn create(path: &Path, bytes: u64) -> Result<Self, OutputError> {
        let io = |source| OutputError::Io {
            path: path.to_owned(),
            source,
        };
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        let temporary = PathBuf::from(name);
        let file = OpenOptions::new()
            .write(true)
            // Never through a link, nor into what another restore writes.
            .create_new(true)
            .mode(durable::OWNER_ONLY)
            .open(&temporary)
            .map_err(io)?;
        file.set_len(bytes).map_err(io)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            temporary: Some(temporary),
        })
    }

    fn open_block(path: &Path, image: u64) -> Result<Self, OutputError> {
        let io = |source: io::Error| match Errno::from_io_error(&source) {
            Some(Errno::BUSY) => OutputError::InUse(path.to_owned()),
            _ => OutputError::Io {
                path: path.to_owned(),
                source,
            },
        };
        let exclusive = i32::try_from(OFlags::EXCL.bits()).map_err(|e| io(io::Error::other(e)))?;
        let mut options = OpenOptions::new();
        let opened = options.write(true).custom_flags(exclusive).open(path);
        let mut file = opened.map_err(io)?;
        let bytes = file.seek(SeekFrom::End(0)).map_err(io)?;
        if bytes < image {
            return Err(OutputError::TooSmall {
                path: path.to_owned(),
                bytes,
                image,
            });
        }
        Ok(Self {
            file,
            path: path.to_owned(),
            temporary: None,
        })
    }

    /// Writes a stretch. Zeros in a file become holes.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), OutputError> {
        if self.temporary.is_none() {
            return self.put(offset, bytes);
        }
        let mut at = offset;
        for chunk in bytes.chunks(HOLE_BYTES) {
            if !is_zero(chunk) {
                self.put(at, chunk)?;
            }
            at += chunk.len() as u64;
        }
        Ok(())
    }

    /// The same of zeros: a file has them already.
    pub(super) fn write_zeros(&mut self, offset: u64, zeros: &[u8]) -> Result<(), OutputError> {
        match self.temporary {
            Some(_) => Ok(()),
            None => self.put(offset, zeros),
        }
    }

    fn put(&self, offset: u64, bytes: &[u8]) -> Result<(), OutputError> {
        let put = self.file.write_all_at(bytes, offset);
        put.map_err(|source| self.io(source))
    }

    /// Makes it durable, and puts a file in its place.
    pub(super) fn finish(mut self) -> Result<(), OutputError> {
        let finished = match &self.temporary {
            Some(temporary) => durable::commit(&self.file, temporary, &self.path),
            None => self.file.sync_all(),
        };
        finished.map_err(|source| self.io(source))?;
        self.temporary = None;
        Ok(())
    }

    fn io(&self, source: io::Error) -> OutputError {
        OutputError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // What is not whole is of no use; if it stays, its name says so.
            let _may_stay = std::fs::remove_file(temporary);
        }
    }
}
