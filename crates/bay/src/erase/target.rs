//! The device or image that is open to be erased, and what must hold of it before a byte is written.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use disks::aligned::Buffers;
use disks::facts::{Facts, FactsError, Kind, Marks, Seal, Use, in_use};
use disks::fault::Fault;
use rustix::fs::{Advice, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::surface::Surface;
use crate::lock::{nobody_locks, patiently};

/// What a write past every memory of the host is a multiple of.
const ALIGNMENT: u64 = 4096;

/// How the memory lies that devices write into themselves.
const MEMORY_ALIGNMENT: usize = 4096;

/// A device or image that is open to be erased, alone.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    seal: Seal,
    /// Past the page cache, where the file system lets us.
    direct: File,
    is_direct: bool,
    /// For whoever gives memory that does not lie as devices need it.
    stock: Arc<Buffers>,
    /// Of an image: what is not a multiple of pages, and what is shared with nobody's cache.
    plain: Option<File>,
}

/// A device that is not to be erased.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// It cannot be looked at.
    #[error(transparent)]
    Facts(#[from] FactsError),
    /// It is in use.
    #[error("`{path}` is not erased: {what}")]
    InUse {
        /// The device.
        path: PathBuf,
        /// By what.
        what: Use,
    },
    /// It is a part of a disk: a device is erased as a whole.
    #[error("`{path}` is not erased: it is a partition of `{disk}`")]
    Partition {
        /// The partition.
        path: PathBuf,
        /// The disk.
        disk: PathBuf,
    },
    /// It cannot be written to: it is kept so while it is loaded, or by a switch of its own.
    #[error("`{path}` is not erased: it is read-only")]
    ReadOnly {
        /// The device.
        path: PathBuf,
    },
    /// The system lets this process read devices, and write to none: rules of a unit or of a container.
    #[error("`{path}` is not erased: this process may write to no device")]
    MayNotWrite {
        /// The device.
        path: PathBuf,
    },
    /// This process has no right to write to it.
    #[error("`{path}` is not erased: this process has no right to write to it")]
    NoRight {
        /// The device.
        path: PathBuf,
    },
    /// It has no bytes.
    #[error("`{path}` is not erased: it has no bytes")]
    Empty {
        /// The device.
        path: PathBuf,
    },
    /// Another program has it.
    #[error("`{path}` is not erased: another program has it")]
    Busy {
        /// The device.
        path: PathBuf,
    },
    /// By this name there is another device than the one that was looked at.
    #[error("`{path}` is not erased: it is not the device that was looked at")]
    Changed {
        /// The device.
        path: PathBuf,
    },
    /// It cannot be opened.
    #[error("could not open `{path}` to erase it")]
    Io {
        /// The device.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl Target {
    /// Opens a device or image alone. `needed` are paths whose disks must not be lost, beside those of the system: the
    /// station's own folders. Nothing is written.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn open(path: &Path, needed: &[&Path]) -> Result<Self, TargetError> {
        let facts = Facts::without_content(path, needed)?;
        must_be_free(&facts)?;
        let target = Self::open_as(&facts)?;
        // What was mounted or attached between the look and the lock is seen now, and nothing can be after it.
        let used = in_use(&facts.path).map_err(|source| target.io(source))?;
        match used {
            Some(what) => Err(TargetError::InUse {
                path: target.path,
                what,
            }),
            None => Ok(target),
        }
    }

    fn open_as(facts: &Facts) -> Result<Self, TargetError> {
        let path = facts.path.clone();
        let is_image = facts.is_image();
        let failed = |errno: Errno| not_opened(errno, &path, is_image);
        let (direct, is_direct) = open_direct(&path, is_image).map_err(failed)?;
        let exclusive = FlockOperation::NonBlockingLockExclusive;
        patiently(|| rustix::fs::flock(&direct, exclusive)).map_err(failed)?;
        nobody_locks(&direct).map_err(failed)?;
        let plain = match is_image {
            true => Some(open(&path, OFlags::empty()).map_err(failed)?),
            false => None,
        };
        let io = |source| TargetError::Io {
            path: path.clone(),
            source,
        };
        let seal = Seal::of(&direct).map_err(io)?;
        let plain_is_same = match &plain {
            Some(plain) => Seal::of(plain).map_err(io)?.is_same(&seal),
            None => true,
        };
        let is_meant = plain_is_same
            && seal.identity == facts.identity
            && seal.marks.bytes == facts.bytes
            && seal.marks.serial == facts.serial
            && seal.marks.model == facts.model;
        if !is_meant {
            return Err(TargetError::Changed { path });
        }
        Ok(Self {
            path,
            seal,
            direct,
            is_direct,
            stock: Arc::default(),
            plain,
        })
    }

    fn io(&self, source: io::Error) -> TargetError {
        TargetError::Io {
            path: self.path.clone(),
            source,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is.
    #[must_use]
    pub fn seal(&self) -> &Seal {
        &self.seal
    }

    /// By what its content is known again.
    #[must_use]
    pub fn mark(&self) -> Option<String> {
        disks::facts::mark(self.plain())
    }

    /// Whether it is the device of these marks.
    #[must_use]
    pub fn has(&self, marks: &Marks) -> bool {
        self.seal.marks == *marks
    }

    /// Sees once more that it is what was opened, and that nothing uses it. `needed` are paths whose disks must not be
    /// lost.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn must_be_free(&self, needed: &[&Path]) -> Result<(), TargetError> {
        let path = self.path.clone();
        let facts = Facts::without_content(&path, needed)?;
        must_be_free(&facts)?;
        let is_same = facts.identity == self.seal.identity;
        match self.check().is_ok() && is_same {
            true => Ok(()),
            false => Err(TargetError::Changed { path }),
        }
    }

    /// Whether a range cannot be written past the page cache: the end of an image of any length.
    fn odd(&self, offset: u64, length: usize) -> bool {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let step = match self.plain {
            Some(_) => ALIGNMENT,
            None => u64::from(self.seal.sector),
        };
        !self.is_direct || !offset.is_multiple_of(step) || !length.is_multiple_of(step)
    }

    fn plain(&self) -> &File {
        self.plain.as_ref().unwrap_or(&self.direct)
    }
}

/// Whether devices can read and write this memory themselves.
fn is_aligned(memory: &[u8]) -> bool {
    memory.as_ptr().align_offset(MEMORY_ALIGNMENT) == 0
}

/// Whether erasing a device would take it from nobody.
fn must_be_free(facts: &Facts) -> Result<(), TargetError> {
    let path = facts.path.clone();
    if let Some(what) = facts.uses.first() {
        let what = what.clone();
        return Err(TargetError::InUse { path, what });
    }
    match &facts.kind {
        Kind::Partition { of } => Err(TargetError::Partition {
            path,
            disk: of.clone(),
        }),
        Kind::Disk | Kind::Image if facts.read_only => Err(TargetError::ReadOnly { path }),
        Kind::Disk | Kind::Image if facts.bytes == 0 => Err(TargetError::Empty { path }),
        Kind::Disk | Kind::Image => Ok(()),
    }
}

/// Why a device or image was not opened to be written to, or not locked.
fn not_opened(errno: Errno, path: &Path, is_image: bool) -> TargetError {
    let path = path.to_owned();
    match errno {
        Errno::BUSY | Errno::WOULDBLOCK | Errno::TXTBSY => TargetError::Busy { path },
        Errno::ROFS => TargetError::ReadOnly { path },
        // A file that nobody may change (chattr(1)).
        Errno::PERM if is_image => TargetError::ReadOnly { path },
        // The owner of a device is never told this: who is kept from it is its group of processes (`DeviceAllow=`).
        Errno::PERM => TargetError::MayNotWrite { path },
        Errno::ACCESS => TargetError::NoRight { path },
        errno => TargetError::Io {
            path,
            source: errno.into(),
        },
    }
}

/// Opens it past the page cache, or, where the file system has no such way, without. A block device nobody else has then,
/// and none can be mounted that is on it.
fn open_direct(path: &Path, is_image: bool) -> rustix::io::Result<(File, bool)> {
    let alone = match is_image {
        true => OFlags::empty(),
        false => OFlags::EXCL,
    };
    match patiently(|| open(path, alone | OFlags::DIRECT)) {
        Err(Errno::INVAL) => Ok((patiently(|| open(path, alone))?, false)),
        opened => Ok((opened?, true)),
    }
}

fn open(path: &Path, flags: OFlags) -> rustix::io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC | flags;
    rustix::fs::open(path, flags, Mode::empty()).map(File::from)
}

impl Surface for Target {
    fn bytes(&self) -> u64 {
        self.seal.marks.bytes
    }

    fn sector(&self) -> u64 {
        u64::from(self.seal.sector)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), Fault> {
        if self.odd(offset, data.len()) {
            return Ok(self.plain().write_all_at(data, offset)?);
        }
        if is_aligned(data) {
            return Ok(self.direct.write_all_at(data, offset)?);
        }
        let mut aligned = self.stock.take(data.len() as u64);
        aligned.copy_from_slice(data);
        Ok(self.direct.write_all_at(&aligned, offset)?)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
        let is_odd = self.odd(offset, buffer.len());
        if !is_odd && is_aligned(buffer) {
            return Ok(self.direct.read_exact_at(buffer, offset)?);
        }
        if !is_odd {
            let mut aligned = self.stock.take(buffer.len() as u64);
            self.direct.read_exact_at(&mut aligned, offset)?;
            buffer.copy_from_slice(&aligned);
            return Ok(());
        }
        let plain = self.plain();
        // What is not yet on the medium stays in the cache, and would be what is read.
        plain.sync_data()?;
        rustix::fs::fadvise(plain, 0, None, Advice::DontNeed).map_err(Fault::of)?;
        Ok(plain.read_exact_at(buffer, offset)?)
    }

    fn sync(&self) -> Result<(), Fault> {
        Ok(self.plain().sync_all()?)
    }

    fn check(&self) -> io::Result<()> {
        match Seal::of(&self.direct)?.is_same(&self.seal) {
            true => Ok(()),
            false => Err(io::Error::other("it is not what it was when it was opened")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn image(bytes: u64) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.img");
        let mut text = vec![7_u8; usize::try_from(bytes).unwrap()];
        text[0] = 1;
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn an_image_of_any_length_is_written_to_its_last_byte() {
        let (_folder, path) = image(3 * 4096 + 77);
        let target = Target::open(&path, &[]).unwrap();
        let whole = vec![0; 3 * 4096];
        target.write_at(0, &whole).unwrap();
        target.write_at(3 * 4096, &[0; 77]).unwrap();
        target.sync().unwrap();
        let mut read = vec![9; 3 * 4096 + 77];
        target.read_at(0, &mut read).unwrap();
        assert!(read.iter().all(|byte| *byte == 0));
        assert!(std::fs::read(&path).unwrap().iter().all(|byte| *byte == 0));
        target.check().unwrap();
    }

    #[test]
    fn what_somebody_has_or_cannot_lose_is_not_opened() {
        let (folder, path) = image(8192);
        let busy = |found: Result<Target, TargetError>| found.unwrap_err().to_string();
        let held = Target::open(&path, &[]).unwrap();
        let second = busy(Target::open(&path, &[]));
        assert!(second.contains("another program has it"), "{second}");
        drop(held);
        let writer = std::fs::File::options().append(true).open(&path).unwrap();
        let mut other = Command::new("sleep")
            .arg("30")
            .stdout(Stdio::from(writer))
            .spawn()
            .unwrap();
        let written = busy(Target::open(&path, &[]));
        other.kill().unwrap();
        other.wait().unwrap();
        assert!(written.contains("has it open to write"), "{written}");
        let empty = folder.path().join("empty");
        std::fs::write(&empty, b"").unwrap();
        let empty = busy(Target::open(&empty, &[]));
        assert!(empty.contains("it has no bytes"), "{empty}");
        assert!(Target::open(folder.path(), &[]).is_err(), "a folder");
        assert!(Target::open(Path::new("/dev/null"), &[]).is_err());
        Target::open(&path, &[]).unwrap();
    }

    #[test]
    fn who_may_not_write_is_told_so_and_not_that_the_device_is_read_only() {
        let text = |errno, is_image| not_opened(errno, Path::new("/dev/sdb"), is_image).to_string();
        assert_eq!(
            text(Errno::PERM, false),
            "`/dev/sdb` is not erased: this process may write to no device"
        );
        assert_eq!(
            text(Errno::ACCESS, false),
            "`/dev/sdb` is not erased: this process has no right to write to it"
        );
        for (errno, is_image) in [
            (Errno::ROFS, false),
            (Errno::ROFS, true),
            (Errno::PERM, true),
        ] {
            assert_eq!(
                text(errno, is_image),
                "`/dev/sdb` is not erased: it is read-only"
            );
        }
    }

    /// A group of processes that reads block devices and writes to none, as a unit with `DeviceAllow=block-* r` is one.
    struct Readers(PathBuf);

    impl Readers {
        /// Makes it and puts this thread into it; none where this host has no such groups, or lets us make none.
        fn join() -> Option<Self> {
            let name = format!("longshore-readers-{}", std::process::id());
            let group = Self(Path::new("/sys/fs/cgroup/devices").join(name));
            std::fs::create_dir(&group.0).ok()?;
            for (file, text) in [("devices.deny", "b *:* w"), ("tasks", "0")] {
                std::fs::write(group.0.join(file), text).ok()?;
            }
            Some(group)
        }
    }

    impl Drop for Readers {
        fn drop(&mut self) {
            let _ = std::fs::write("/sys/fs/cgroup/devices/tasks", "0");
            let _ = std::fs::remove_dir(&self.0);
        }
    }

    #[test]
    fn a_unit_that_only_reads_devices_is_told_that_it_may_write_to_none() {
        let (_folder, path) = image(1 << 20);
        let losetup = |words: &[&str]| Command::new("losetup").args(words).output();
        let attached = losetup(&["--find", "--show", path.to_str().unwrap()]);
        let Some(attached) = attached.ok().filter(|it| it.status.success()) else {
            eprintln!("not tried: loop devices need root");
            return;
        };
        let device = String::from_utf8(attached.stdout).unwrap();
        let device = device.trim();
        let readers = Readers::join();
        let was_tried = readers.is_some();
        let opened = Target::open(Path::new(device), &[]).map(drop);
        let read = File::open(device).map(drop);
        drop(readers);
        losetup(&["-d", device]).unwrap();
        if !was_tried {
            eprintln!("not tried: this host has no groups for devices that can be made here");
            return;
        }
        read.unwrap();
        let refused = opened.unwrap_err();
        assert!(
            matches!(refused, TargetError::MayNotWrite { .. }),
            "{refused}"
        );
    }

    #[test]
    fn an_image_that_is_attached_is_in_use_and_one_that_changes_is_noticed() {
        let (_folder, path) = image(1 << 20);
        let target = Target::open(&path, &[]).unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_len(8192).unwrap();
        assert!(target.check().is_err());
        file.set_len(1 << 20).unwrap();
        target.check().unwrap();
        drop(target);
        let attached = Command::new("losetup")
            .args(["--find", "--show"])
            .arg(&path)
            .output();
        let Some(attached) = attached.ok().filter(|it| it.status.success()) else {
            eprintln!("not tried: loop devices need root");
            return;
        };
        let device = String::from_utf8(attached.stdout).unwrap();
        let device = device.trim();
        let refused = Target::open(&path, &[]).map(drop);
        let opened = Target::open(Path::new(device), &[]).map(|target| {
            target.write_at(0, &[0; 4096]).unwrap();
            target.sync().unwrap();
            (target.bytes(), target.sector())
        });
        let detached = Command::new("losetup").args(["-d", device]).status();
        assert!(detached.unwrap().success());
        assert!(refused.unwrap_err().to_string().contains("is attached to"));
        assert_eq!(opened.unwrap(), (1 << 20, 512));
    }
}
