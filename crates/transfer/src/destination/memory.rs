//! A device in memory, for tests: it can fill up, lie about what it holds, and lose what was not
//! synced.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

use super::{Occupied, Staged, Target};
use disks::tree::{DeviceGone, Health};

/// A device in memory. Clones are the same device.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    disk: Arc<Mutex<MemoryDisk>>,
}

#[derive(Debug, Default)]
struct MemoryDisk {
    now: Content,
    /// What a crash leaves.
    durable: Content,
    room: Option<u64>,
    /// Calls that change something, until the device answers no more.
    calls_left: Option<u64>,
    /// Reads of staged files, until the device answers no more.
    reads_left: Option<u64>,
    /// Whether it cannot be asked, and reads of all but these staged files fail.
    fails_but: Option<BTreeSet<u64>>,
    /// The staged files that read back otherwise than they were written.
    lies_about: BTreeSet<u64>,
}

#[derive(Debug, Default, Clone)]
struct Content {
    staged: BTreeMap<u64, Vec<u8>>,
    files: BTreeMap<String, Vec<u8>>,
    folders: BTreeSet<String>,
}

impl Memory {
    /// A device that takes so many bytes of files.
    #[must_use]
    pub fn with_room(bytes: u64) -> Self {
        let memory = Self::default();
        memory.lock().room = Some(bytes);
        memory
    }

    /// Lets the device answer no more after so many changes; `None` mends it.
    pub fn break_after(&self, calls: Option<u64>) {
        self.lock().calls_left = calls;
    }

    /// Lets the device answer no more once so many blocks were read back.
    pub fn break_after_reads(&self, reads: u64) {
        self.lock().reads_left = Some(reads);
    }

    /// Lets the staged file `number` read back otherwise than it was written.
    pub fn lie_about(&self, number: u64) {
        self.lock().lies_about.insert(number);
    }

    /// Lets every read fail but those of the staged files `these`, of a device that cannot be asked; without any it
    /// is dead. `None` mends it.
    pub fn fail_reads_but(&self, these: Option<&[u64]>) {
        self.lock().fails_but = these.map(|these| these.iter().copied().collect());
    }

    /// Loses what was not synced.
    pub fn crash(&self) {
        let mut disk = self.lock();
        disk.now = disk.durable.clone();
    }

    /// The files and their content.
    #[must_use]
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.lock().now.files.clone()
    }

    /// The numbers that have a staged file.
    #[must_use]
    pub fn staged(&self) -> Vec<u64> {
        self.lock().now.staged.keys().copied().collect()
    }

    /// The folders that were made.
    #[must_use]
    pub fn folders(&self) -> BTreeSet<String> {
        self.lock().now.folders.clone()
    }

    fn lock(&self) -> MutexGuard<'_, MemoryDisk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut MemoryDisk) -> io::Result<T>) -> io::Result<T> {
        let mut disk = self.lock();
        if let Some(left) = &mut disk.calls_left {
            *left = left.checked_sub(1).ok_or_else(gone)?;
        }
        change(&mut disk)
    }
}

impl MemoryDisk {
    fn used(&self) -> u64 {
        let staged = self.now.staged.values();
        let files = staged.chain(self.now.files.values());
        files.map(|file| file.len() as u64).sum()
    }
}

fn gone() -> io::Error {
    io::Error::other("the device does not answer")
}

impl Target for Memory {
    fn stage(&self, number: u64, path: &str) -> io::Result<Box<dyn Staged>> {
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.make_folder(parent)?;
        }
        self.change(|disk| {
            disk.now.staged.entry(number).or_default();
            Ok(())
        })?;
        Ok(Box::new(MemoryFile {
            memory: self.clone(),
            number,
        }))
    }

    fn read_back(&self, number: u64, _path: &str, buffer: &mut [u8]) -> io::Result<usize> {
        let file = MemoryFile {
            memory: self.clone(),
            number,
        };
        file.read_back(0, buffer)
    }

    fn discard(&self, number: u64, _path: &str) -> io::Result<()> {
        self.change(|disk| {
            disk.now.staged.remove(&number);
            Ok(())
        })
    }

    fn publish(&self, number: u64, path: &str, existing: Occupied) -> io::Result<()> {
        self.change(|disk| {
            if existing == Occupied::Keep && disk.now.files.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            let content = disk.now.staged.remove(&number);
            let content = content.ok_or(io::ErrorKind::NotFound)?;
            disk.now.files.insert(path.to_owned(), content);
            Ok(())
        })
    }

    fn is_same(&self, number: u64, path: &str) -> io::Result<bool> {
        let disk = self.lock();
        let (staged, file) = (disk.now.staged.get(&number), disk.now.files.get(path));
        Ok(staged.is_some() && staged == file)
    }

    fn make_folder(&self, path: &str) -> io::Result<()> {
        self.change(|disk| {
            for (end, _) in path.match_indices('/').chain([(path.len(), "")]) {
                if disk.now.files.contains_key(&path[..end]) {
                    return Err(io::ErrorKind::NotADirectory.into());
                }
                disk.now.folders.insert(path[..end].to_owned());
            }
            Ok(())
        })
    }

    fn size(&self, path: &str) -> io::Result<Option<u64>> {
        let disk = self.lock();
        Ok(disk.now.files.get(path).map(|file| file.len() as u64))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.change(|disk| {
            disk.now.files.remove(path);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.change(|disk| {
            disk.durable = disk.now.clone();
            Ok(())
        })
    }

    fn read_afresh(&self, path: &str) -> io::Result<bool> {
        let disk = self.lock();
        let is_dead = disk.fails_but.as_ref().is_some_and(BTreeSet::is_empty);
        if is_dead || disk.calls_left == Some(0) {
            return Err(gone());
        }
        let file = disk.now.files.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(!file.is_empty())
    }

    fn check(&self) -> Result<Health, DeviceGone> {
        let disk = self.lock();
        match (disk.calls_left, &disk.fails_but) {
            (Some(0), _) => Err(DeviceGone(gone())),
            (_, Some(_)) => Ok(Health::Doubtful),
            (_, None) => Ok(Health::Sound),
        }
    }

    fn is_rotational(&self) -> bool {
        false
    }
}

/// An open file: what is written to one that was removed meanwhile is nowhere, as with a real one.
struct MemoryFile {
    memory: Memory,
    number: u64,
}

impl Staged for MemoryFile {
    fn bytes(&self) -> io::Result<u64> {
        let disk = self.memory.lock();
        let file = disk.now.staged.get(&self.number);
        Ok(file.map_or(0, |file| file.len() as u64))
    }

    fn reserve(&self, bytes: u64) -> io::Result<()> {
        let length = usize::try_from(bytes).map_err(io::Error::other)?;
        self.memory.change(|disk| {
            let Some(file) = disk.now.staged.get_mut(&self.number) else {
                return Ok(());
            };
            file.truncate(length);
            let missing = bytes - file.len() as u64;
            match disk.room {
                Some(room) if disk.used() + missing > room => {
                    Err(io::ErrorKind::StorageFull.into())
                }
                _ => Ok(()),
            }
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.memory.change(|disk| {
            let (used, room) = (disk.used(), disk.room);
            let Some(file) = disk.now.staged.get_mut(&self.number) else {
                return Ok(());
            };
            let end = file.len().max(offset + bytes.len());
            let grown = (end - file.len()) as u64;
            if room.is_some_and(|room| used + grown > room) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            file.resize(end, 0);
            file[offset..offset + bytes.len()].copy_from_slice(bytes);
            Ok(())
        })
    }

    fn date(&self, _modified: OffsetDateTime) {}

    fn is_written(&self) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.memory.change(|disk| {
            let file = disk.now.staged.get(&self.number).cloned();
            disk.durable
                .staged
                .extend(file.map(|file| (self.number, file)));
            Ok(())
        })
    }

    fn read_back(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut disk = self.memory.lock();
        if disk.calls_left == Some(0) {
            return Err(gone());
        }
        let fails = disk.fails_but.as_ref();
        if fails.is_some_and(|but| !but.contains(&self.number)) {
            return Err(gone());
        }
        if let Some(left) = disk.reads_left.take() {
            disk.reads_left = left.checked_sub(1);
            if disk.reads_left.is_none() {
                disk.calls_left = Some(0);
                return Err(gone());
            }
        }
        let file = disk
            .now
            .staged
            .get(&self.number)
            .ok_or(io::ErrorKind::NotFound)?;
        let from = usize::try_from(offset)
            .map_err(io::Error::other)?
            .min(file.len());
        let count = buffer.len().min(file.len() - from);
        buffer[..count].copy_from_slice(&file[from..from + count]);
        if disk.lies_about.contains(&self.number) && count > 0 {
            buffer[0] ^= 1;
        }
        Ok(count)
    }
}
