//! A device while an attempt fills it: every step may be its last, and writes may rot.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use disks::tree::{DeviceGone, Health};
use model::ids::JobId;
use rustix::io::Errno;
use time::OffsetDateTime;
use transfer::destination::folder::{Folder, STAGED};
use transfer::destination::{Occupied, Staged, Target};

use crate::connection::Connection;
use crate::filled::{Change, Filled, Write};

/// A device that is filled by one attempt.
pub struct Filling {
    folder: Folder,
    job: JobId,
    line: Arc<Line>,
}

struct Line {
    device: Arc<Filled>,
    connection: Connection,
}

impl Line {
    /// Does something to the device while nobody else does, unless it is gone; says what was changed.
    fn change<T>(&self, act: impl FnOnce(&mut Vec<Change>) -> io::Result<T>) -> io::Result<T> {
        self.connection.access()?;
        let mut unsynced = self.device.unsynced();
        // It may have gone while others were at it.
        let attempt = &self.connection.attempt;
        if attempt.is_dead() || attempt.is_unplugged() {
            return Err(Errno::NODEV.into());
        }
        let done = act(&mut unsynced);
        drop(unsynced);
        attempt
            .step("the end of a change of the device")
            .map_err(|_| Errno::NODEV)?;
        done
    }
}

impl Filling {
    /// The device of `connection`, to be filled for `job`.
    ///
    /// # Errors
    /// The system's error.
    pub fn open(device: Arc<Filled>, connection: Connection, job: JobId) -> io::Result<Self> {
        connection.access()?;
        connection.attempt.fills(Arc::clone(&device));
        Ok(Self {
            folder: Folder::open(&device.root, job, None)?,
            job,
            line: Arc::new(Line { device, connection }),
        })
    }

    fn path(&self, path: &str) -> PathBuf {
        self.line.device.root.join(path)
    }

    /// Where a file is before it has its name.
    fn staged(&self, number: u64, path: &str) -> PathBuf {
        let name = format!("{STAGED}{}-{number}", self.job);
        self.path(path).with_file_name(name)
    }

    fn make_folders(&self, unsynced: &mut Vec<Change>, path: &str) -> io::Result<()> {
        let ends = path.match_indices('/').map(|(end, _)| end);
        let new: Vec<PathBuf> = ends
            .chain([path.len()])
            .map(|end| self.path(&path[..end]))
            .filter(|path| !path.exists())
            .collect();
        self.folder.make_folder(path)?;
        unsynced.extend(new.into_iter().map(Change::MadeFolder));
        Ok(())
    }

    fn remove_at(
        &self,
        path: PathBuf,
        remove: impl FnOnce(&Folder) -> io::Result<()>,
    ) -> io::Result<()> {
        self.line.change(|unsynced| {
            let bytes = path.is_file().then(|| fs::read(&path)).transpose()?;
            remove(&self.folder)?;
            unsynced.extend(bytes.map(|bytes| Change::Removed { path, bytes }));
            Ok(())
        })
    }
}

#[deny(clippy::missing_trait_methods)]
impl Target for Filling {
    fn stage(&self, number: u64, path: &str) -> io::Result<Box<dyn Staged>> {
        let staged = self.staged(number, path);
        let file = self.line.change(|unsynced| {
            if let Some((parent, _)) = path.rsplit_once('/') {
                self.make_folders(unsynced, parent)?;
            }
            let is_new = !staged.exists();
            drop(self.folder.stage(number, path)?);
            if is_new {
                unsynced.push(Change::Made(staged.clone()));
            }
            File::options().read(true).write(true).open(&staged)
        })?;
        Ok(Box::new(FillingFile {
            file: Arc::new(file),
            number,
            line: Arc::clone(&self.line),
        }))
    }

    fn read_back(&self, number: u64, path: &str, buffer: &mut [u8]) -> io::Result<usize> {
        self.line.connection.read()?;
        read_whole(&File::open(self.staged(number, path))?, 0, buffer)
    }

    fn discard(&self, number: u64, path: &str) -> io::Result<()> {
        let staged = self.staged(number, path);
        self.remove_at(staged, |folder| folder.discard(number, path))
    }

    fn publish(&self, number: u64, path: &str, existing: Occupied) -> io::Result<()> {
        let (from, to) = (self.staged(number, path), self.path(path));
        self.line.change(|unsynced| {
            let replaced = to.is_file().then(|| fs::read(&to)).transpose()?;
            self.folder.publish(number, path, existing)?;
            unsynced.push(Change::Renamed { from, to, replaced });
            Ok(())
        })
    }

    fn is_same(&self, number: u64, path: &str) -> io::Result<bool> {
        self.line.connection.read()?;
        self.folder.is_same(number, path)
    }

    fn make_folder(&self, path: &str) -> io::Result<()> {
        self.line
            .change(|unsynced| self.make_folders(unsynced, path))
    }

    fn size(&self, path: &str) -> io::Result<Option<u64>> {
        self.line.connection.access()?;
        self.folder.size(path)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.remove_at(self.path(path), |folder| folder.remove(path))
    }

    fn sync(&self) -> io::Result<()> {
        self.line.change(|unsynced| {
            unsynced.clear();
            Ok(())
        })
    }

    fn read_afresh(&self, path: &str) -> io::Result<bool> {
        self.line.connection.read()?;
        Ok(read_whole(&File::open(self.path(path))?, 0, &mut [0])? == 1)
    }

    /// One that is to die cannot be asked from the beginning on: as one behind a bridge.
    fn check(&self) -> Result<Health, DeviceGone> {
        self.line.connection.access().map_err(DeviceGone)?;
        match self.line.connection.attempt.trouble.dies {
            Some(_) => Ok(Health::Doubtful),
            None => Ok(Health::Sound),
        }
    }

    fn is_rotational(&self) -> bool {
        false
    }
}

/// A file that is written.
struct FillingFile {
    file: Arc<File>,
    number: u64,
    line: Arc<Line>,
}

impl FillingFile {
    /// What comes out of a write: now and then not what went in.
    fn rotten(&self, offset: u64, bytes: &[u8]) -> Vec<u8> {
        let attempt = &self.line.connection.attempt;
        let chance = attempt.chance.of(("rot", self.number, offset));
        let mut bytes = bytes.to_vec();
        if !bytes.is_empty() && chance.below(1000) < attempt.trouble.rot {
            let at = chance.of("where").index(bytes.len());
            bytes[at] ^= 1;
            attempt.note(format_args!("file {} rots at {offset} + {at}", self.number));
        }
        bytes
    }
}

#[deny(clippy::missing_trait_methods)]
impl Staged for FillingFile {
    fn bytes(&self) -> io::Result<u64> {
        self.line.connection.access()?;
        Ok(self.file.metadata()?.len())
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        self.line.change(|unsynced| {
            let behind = self.file.metadata()?.len().saturating_sub(bytes);
            if behind > 0 {
                let cut = usize::try_from(behind).map_err(io::Error::other)?;
                unsynced.push(Change::Wrote(Write::before(&self.file, bytes, cut)?));
                self.file.set_len(bytes)?;
            }
            Ok(())
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let rotten = self.rotten(offset, bytes);
        self.line.change(|unsynced| {
            let before = Write::before(&self.file, offset, bytes.len())?;
            unsynced.push(Change::Wrote(before));
            self.file.write_all_at(&rotten, offset)
        })
    }

    fn date(&self, _modified: OffsetDateTime) {}

    fn is_written(&self) -> io::Result<()> {
        self.line.connection.access()
    }

    /// Its bytes stay; that it has a name at all is another matter.
    fn sync(&self) -> io::Result<()> {
        self.line.change(|unsynced| {
            let is_ours =
                |change: &Change| matches!(change, Change::Wrote(w) if Arc::ptr_eq(&w.file, &self.file));
            unsynced.retain(|change| !is_ours(change));
            Ok(())
        })
    }

    fn read_back(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.line.connection.read()?;
        read_whole(&self.file, offset, buffer)
    }
}

fn read_whole(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match file.read_at(&mut buffer[read..], offset + read as u64)? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}
