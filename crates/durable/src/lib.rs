//! The one recipe for files that must survive a crash whole: a temporary file in the same folder,
//! write, sync, move into place, sync the folder.
//!
//! A reader sees the old file or the new one, never a part of either. All functions fail with the
//! system's error, and then leave what was there.
//!
//! Beside it, [`reserve`]: room kept aside for the day when the disk is full; and [`unnamed`], for what need not survive.

pub mod reserve;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Mode of a file that holds secrets.
pub const OWNER_ONLY: u32 = 0o600;

/// Puts `content` in the place of whatever is at `path`, readable by the owner alone.
///
/// # Errors
/// The system's.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = Temporary::write(path, content)?;
    std::fs::rename(&temporary.0, path)?;
    sync_folder(path)
}

/// Puts `content` at `path`, readable by the owner alone, if nothing is there; says whether it
/// did. Of several that try at once, one succeeds.
///
/// # Errors
/// The system's.
pub fn create(path: &Path, content: &[u8]) -> io::Result<bool> {
    let temporary = Temporary::write(path, content)?;
    // Unlike a rename, a link never takes the place of a file that is there.
    match std::fs::hard_link(&temporary.0, path) {
        Ok(()) => sync_folder(path).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// An empty file on the disk of `folder` that has no name, for the owner alone: it goes with the value, however the
/// process ends.
///
/// # Errors
/// The system's.
pub fn unnamed(folder: &Path) -> io::Result<File> {
    let (temporary, file) = Temporary::open(&folder.join("unnamed"))?;
    std::fs::remove_file(&temporary.0)?;
    Ok(file)
}

/// Reads the file at `path`; if nothing is there, puts there what `fresh` makes first. A file that is
/// there is only read, which a full disk does not hinder.
///
/// # Errors
/// The system's.
pub fn read_or_create<C: AsRef<[u8]>>(
    path: &Path,
    fresh: impl FnOnce() -> C,
) -> io::Result<Vec<u8>> {
    match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    create(path, fresh().as_ref())?;
    std::fs::read(path)
}

/// Moves a `temporary` file, written through `file`, to `path` in the same folder.
///
/// # Errors
/// The system's.
pub fn commit(file: &File, temporary: &Path, path: &Path) -> io::Result<()> {
    file.sync_all()?;
    std::fs::rename(temporary, path)?;
    sync_folder(path)
}

/// Removes the file at `path`, if there is one.
///
/// # Errors
/// The system's.
pub fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Ok(()) => sync_folder(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// A file beside its destination; gone when dropped, unless it was moved.
struct Temporary(PathBuf);

impl Temporary {
    fn write(path: &Path, content: &[u8]) -> io::Result<Self> {
        let (temporary, mut file) = Self::open(path)?;
        file.write_all(content)?;
        file.sync_all()?;
        Ok(temporary)
    }

    /// A name that another process has is passed over: it may be that process's, half written.
    fn open(path: &Path) -> io::Result<(Self, File)> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = path
            .file_name()
            .ok_or(io::ErrorKind::InvalidInput)?
            .to_string_lossy();
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let other = path.with_file_name(format!(".{name}.{}.{count}", std::process::id()));
            let mut options = OpenOptions::new();
            options.read(true).write(true);
            options.create_new(true).mode(OWNER_ONLY);
            match options.open(&other) {
                Ok(file) => return Ok((Self(other), file)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove; a leftover harms nobody.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Makes the name `path` durable in its folder, not just its content.
///
/// # Errors
/// The system's.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn files_without_a_name_are_each_its_own() {
        use std::os::unix::fs::FileExt as _;
        let folder = tempfile::tempdir().unwrap();
        let files = [(), ()].map(|()| unnamed(folder.path()).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        files[0].write_all_at(b"first", 0).unwrap();
        files[1].write_all_at(b"other", 0).unwrap();
        let mut read = [0; 5];
        files[0].read_exact_at(&mut read, 0).unwrap();
        assert_eq!(&read, b"first");
        assert_eq!(
            files[1].metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn replacing_leaves_one_file_that_the_owner_alone_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "old").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_there_is_read_and_nothing_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert_eq!(read_or_create(&path, || b"first").unwrap(), b"first");
        let again = read_or_create(&path, || -> Vec<u8> { unreachable!("it is there") });
        assert_eq!(again.unwrap(), b"first");
    }

    #[test]
    fn of_many_that_create_a_file_one_succeeds_and_its_content_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let winners: Vec<u8> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8_u8)
                .map(|n| {
                    scope.spawn({
                        let path = &path;
                        move || create(path, &[n]).unwrap().then_some(n)
                    })
                })
                .collect();
            threads
                .into_iter()
                .filter_map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(winners.len(), 1);
        assert_eq!(std::fs::read(&path).unwrap(), winners);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
