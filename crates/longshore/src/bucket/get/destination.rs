//! The folder that files are fetched into. Every name is opened relative to its descriptor and no link
//! below it is followed, so that nothing is written elsewhere.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RenameFlags, Timespec, Timestamps};
use rustix::io::Errno;

/// Flags of a folder that is opened.
const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// What a new file and a new folder may be for others, less what the user's mask takes away.
const FILE_MODE: Mode = Mode::from_raw_mode(0o666);
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o777);

/// The root.
#[derive(Debug)]
pub(super) struct Destination {
    root: OwnedFd,
    count: AtomicU64,
}

/// What is at a place already.
#[derive(Debug)]
pub(super) enum Existing {
    /// Nothing.
    Nothing,
    /// A file, open for reading, and its size in bytes.
    File(File, u64),
    /// A folder, which no file replaces.
    Folder,
    /// A link, a pipe, a device.
    Other,
}

impl Destination {
    /// Opens the folder, which is made if it is missing. `path` itself may be a link.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
        Ok(Self {
            root,
            count: AtomicU64::new(0),
        })
    }

    /// Opens a folder below the root; those that are missing are made.
    ///
    /// # Errors
    /// The system's; `NotADirectory` or a loop if a name on the way is no folder or a link.
    pub(super) fn folder(&self, names: &[&str]) -> io::Result<OwnedFd> {
        let mut here = rustix::fs::openat(&self.root, ".", FOLDER, Mode::empty())?;
        for name in names {
            here = match rustix::fs::openat(&here, *name, FOLDER, Mode::empty()) {
                Err(Errno::NOENT) => {
                    match rustix::fs::mkdirat(&here, *name, FOLDER_MODE) {
                        // Another thread was quicker.
                        Ok(()) | Err(Errno::EXIST) => {}
                        Err(error) => return Err(error.into()),
                    }
                    rustix::fs::openat(&here, *name, FOLDER, Mode::empty())?
                }
                opened => opened?,
            };
        }
        Ok(here)
    }

    /// What `folder` has under a name.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn existing(&self, folder: &OwnedFd, name: &str) -> io::Result<Existing> {
        let found = match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(Existing::Nothing),
            found => found?,
        };
        Ok(match FileType::from_raw_mode(found.st_mode) {
            FileType::Directory => Existing::Folder,
            FileType::RegularFile => {
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let file = File::from(rustix::fs::openat(folder, name, flags, Mode::empty())?);
                let bytes = file.metadata()?.len();
                Existing::File(file, bytes)
            }
            _ => Existing::Other,
        })
    }

    /// Begins a file in `folder` that has no name of its own yet.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn begin<'a>(&self, folder: &'a OwnedFd) -> io::Result<Unnamed<'a>> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        loop {
            let count = self.count.fetch_add(1, Ordering::Relaxed);
            let name = format!(".longshore-get-{}-{count}", std::process::id());
            match rustix::fs::openat(folder, name.as_str(), flags, FILE_MODE) {
                Err(Errno::EXIST) => {}
                opened => {
                    return Ok(Unnamed {
                        file: File::from(opened?),
                        folder,
                        name: Some(name),
                    });
                }
            }
        }
    }

    /// Waits until everything is on the disk.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(self.root.as_fd())?)
    }
}

/// A file that is being written; gone when dropped, unless it was given its name.
pub(super) struct Unnamed<'a> {
    file: File,
    folder: &'a OwnedFd,
    name: Option<String>,
}

impl Unnamed<'_> {
    /// Writes at an offset. Blocks of zeros stay holes, as they were on the disk they come from.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if bytes.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        self.file.write_all_at(bytes, offset)
    }

    /// Gives the file its length, its time and its name, in the place of a file of that name only if
    /// `replace`.
    ///
    /// # Errors
    /// The system's; `AlreadyExists` if there is one and it may not be replaced.
    pub(super) fn name(
        mut self,
        name: &str,
        bytes: u64,
        modified: Option<Timespec>,
        replace: bool,
    ) -> io::Result<()> {
        self.file.set_len(bytes)?;
        if let Some(modified) = modified {
            let times = Timestamps {
                last_access: modified,
                last_modification: modified,
            };
            rustix::fs::futimens(&self.file, &times)?;
        }
        let temporary = self.name.as_deref().unwrap_or_default();
        let flags = if replace {
            RenameFlags::empty()
        } else {
            RenameFlags::NOREPLACE
        };
        let renamed =
            match rustix::fs::renameat_with(self.folder, temporary, self.folder, name, flags) {
                // File systems that cannot tell; that nothing was there was looked at before.
                Err(Errno::INVAL | Errno::NOSYS) => {
                    rustix::fs::renameat(self.folder, temporary, self.folder, name)
                }
                done => done,
            };
        renamed?;
        self.name = None;
        Ok(())
    }
}

impl Drop for Unnamed<'_> {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            // A leftover harms nobody.
            let _ = rustix::fs::unlinkat(self.folder, name.as_str(), AtFlags::empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt as _;

    #[test]
    fn no_link_below_the_folder_is_followed() {
        let world = tempfile::tempdir().unwrap();
        let (inside, outside) = (world.path().join("in"), world.path().join("out"));
        std::fs::create_dir(&outside).unwrap();
        let destination = Destination::open(&inside).unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link")).unwrap();
        assert!(destination.folder(&["link"]).is_err());
        assert!(destination.folder(&["link", "deeper"]).is_err());
        let root = destination.folder(&[]).unwrap();
        assert!(matches!(
            destination.existing(&root, "link").unwrap(),
            Existing::Other
        ));
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    }

    #[test]
    fn a_file_has_its_name_when_it_is_whole_and_leaves_nothing_else() {
        let world = tempfile::tempdir().unwrap();
        let destination = Destination::open(&world.path().join("new/folder")).unwrap();
        let folder = destination.folder(&["a", "b"]).unwrap();
        let dropped = destination.begin(&folder).unwrap();
        dropped.write(0, b"half").unwrap();
        drop(dropped);
        let file = destination.begin(&folder).unwrap();
        file.write(0, b"begin").unwrap();
        file.write(5, &[0; 100]).unwrap();
        let modified = Timespec {
            tv_sec: -5,
            tv_nsec: 7,
        };
        file.name("f", 105, Some(modified), false).unwrap();
        let there = world.path().join("new/folder/a/b/f");
        assert_eq!(std::fs::read(&there).unwrap().len(), 105);
        let meta = there.metadata().unwrap();
        assert_eq!((meta.mtime(), meta.mtime_nsec()), (-5, 7));
        assert_eq!(
            std::fs::read_dir(there.parent().unwrap()).unwrap().count(),
            1
        );

        let again = destination.begin(&folder).unwrap();
        let kept = again.name("f", 0, None, false).unwrap_err();
        assert_eq!(kept.kind(), io::ErrorKind::AlreadyExists);
        destination
            .begin(&folder)
            .unwrap()
            .name("f", 0, None, true)
            .unwrap();
        assert_eq!(there.metadata().unwrap().len(), 0);
        assert_eq!(
            std::fs::read_dir(there.parent().unwrap()).unwrap().count(),
            1
        );
    }
}
