//! The files below the root: the one recipe for durable writes, and nothing about what they mean.
//!
//! Contents arrive in `.incoming`, are synced there, and get their own name by a hard link, which
//! never replaces anything. The name in `.incoming` stays until the index knows the new one, so that
//! after a crash a file with two names is one whose row may be missing, and can be found.
//! Only the index's writer places and removes files; everyone may create `Incoming` ones and read.

use crate::error::{OpenError, StoreError};
use crate::{Durability, limits, naming};
use rustix::fs::{CWD, FlockOperation, RenameFlags};
use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const INCOMING: &str = ".incoming";
pub(crate) const UPLOADS: &str = ".uploads";

/// How often a taken name is varied before giving up: two random tails of 32 bits hardly ever meet.
const VARIANTS: usize = 16;

/// The store's folder.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    durability: Durability,
    /// Folders, relative to the root, that exist and whose own entry is synced.
    settled: Mutex<HashSet<String>>,
    /// Held for as long as the store is open, so that no second process cleans up our files.
    _lock: File,
}

/// A file on its way in; removed from `.incoming` when dropped.
#[derive(Debug)]
pub(crate) struct Incoming {
    path: PathBuf,
    pub(crate) file: File,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.path.display(), %error, "incoming file left behind");
        }
    }
}

impl Tree {
    /// Makes the folders and takes the lock.
    ///
    /// # Errors
    /// [`OpenError::Root`] if the folder cannot be used, [`OpenError::InUse`] if someone else has it.
    pub(crate) fn open(root: &Path, durability: Durability) -> Result<Self, OpenError> {
        let fail = |path: &Path| {
            let path = path.to_owned();
            |source| OpenError::Root { path, source }
        };
        for folder in [root, &root.join(INCOMING), &root.join(UPLOADS)] {
            fs::create_dir_all(folder).map_err(fail(folder))?;
        }
        let root = root.canonicalize().map_err(fail(root))?;
        let path = root.join(".lock");
        let lock = File::create(&path).map_err(fail(&path))?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(OpenError::InUse { path: root }),
            Err(error) => return Err(fail(&path)(error.into())),
        }
        let settled = Mutex::default();
        Ok(Self {
            root,
            durability,
            settled,
            _lock: lock,
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The absolute path of a stored file.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Begins a file with a name of its own.
    pub(crate) fn incoming(&self) -> Result<Incoming, StoreError> {
        let name = uuid::Uuid::new_v4().simple().to_string();
        let path = self.root.join(INCOMING).join(name);
        let file = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(StoreError::disk("create a file"))?;
        Ok(Incoming { path, file })
    }

    /// Waits until the contents are on the disk.
    pub(crate) fn sync(&self, incoming: &Incoming) -> Result<(), StoreError> {
        match self.durability {
            Durability::Full => incoming
                .file
                .sync_data()
                .map_err(StoreError::disk("sync a file")),
            Durability::Relaxed => Ok(()),
        }
    }

    /// Gives contents the name that fits the key best, and returns it relative to the root.
    pub(crate) fn place_object(
        &self,
        incoming: &Incoming,
        bucket: &str,
        key: &str,
    ) -> Result<String, StoreError> {
        let mut components = naming::components(key);
        let name = components.pop().unwrap_or_default();
        self.place(incoming, bucket, &components, &name)
    }

    /// Gives contents a name among the parts of an upload.
    pub(crate) fn place_part(
        &self,
        incoming: &Incoming,
        upload: &str,
        number: i32,
    ) -> Result<String, StoreError> {
        self.place(incoming, UPLOADS, &[upload.to_owned()], &number.to_string())
    }

    fn place(
        &self,
        incoming: &Incoming,
        top: &str,
        folders: &[String],
        name: &str,
    ) -> Result<String, StoreError> {
        let folder = self
            .folder(top, folders)
            .map_err(StoreError::disk("create a folder"))?;
        let mut candidate = format!("{folder}/{name}");
        for _ in 0..VARIANTS {
            match link(&incoming.path, &self.path(&candidate)) {
                Ok(()) => return Ok(candidate),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    candidate = format!("{folder}/{}", naming::variant(name, chance()?));
                }
                Err(error) => return Err(StoreError::disk("name a file")(error)),
            }
        }
        Err(StoreError::disk("name a file")(
            io::ErrorKind::AlreadyExists.into(),
        ))
    }

    /// Makes the folders of a path, with a variant wherever a file has the name.
    fn folder(&self, top: &str, folders: &[String]) -> io::Result<String> {
        let mut whole = top.to_owned();
        for folder in folders {
            whole.push('/');
            whole.push_str(folder);
        }
        if self.settled().contains(&whole) {
            return Ok(whole);
        }
        let mut made = top.to_owned();
        self.make_folder(&made)?;
        for name in folders {
            let wish = format!("{made}/{name}");
            made = match self.make_folder(&wish)? {
                Made::Folder => wish,
                Made::TakenByFile => {
                    let second = naming::variant(&wish, naming::folder_tail(&wish));
                    match self.make_folder(&second)? {
                        Made::Folder => second,
                        Made::TakenByFile => return Err(io::ErrorKind::NotADirectory.into()),
                    }
                }
            };
        }
        Ok(made)
    }

    fn make_folder(&self, relative: &str) -> io::Result<Made> {
        let path = self.path(relative);
        match fs::create_dir(&path) {
            Ok(()) => Ok(Made::Folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let found = fs::symlink_metadata(&path)?;
                Ok(if found.is_dir() {
                    Made::Folder
                } else {
                    Made::TakenByFile
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Waits until the names of placed files are on the disk, each folder once.
    pub(crate) fn settle<'a>(
        &self,
        placed: impl Iterator<Item = &'a str>,
    ) -> Result<(), StoreError> {
        let mut to_sync = BTreeSet::new();
        let mut fresh = Vec::new();
        {
            let settled = self.settled();
            for path in placed {
                let mut folder = parent(path);
                to_sync.insert(folder);
                while !folder.is_empty() && !settled.contains(folder) {
                    fresh.push(folder.to_owned());
                    folder = parent(folder);
                    to_sync.insert(folder);
                }
            }
        }
        if self.durability == Durability::Full {
            for folder in to_sync {
                File::open(self.path(folder))
                    .and_then(|folder| folder.sync_all())
                    .map_err(StoreError::disk("sync a folder"))?;
            }
        }
        let mut settled = self.settled();
        if settled.len() > limits::KNOWN_FOLDERS {
            settled.clear();
        }
        settled.extend(fresh);
        Ok(())
    }

    /// Removes a file, or a folder with all it holds, and the folders this leaves empty below the top one.
    pub(crate) fn remove(&self, relative: &str) -> io::Result<()> {
        let path = self.path(relative);
        let removed = match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => {
                self.settled().remove(relative);
                fs::remove_dir_all(&path)
            }
            Ok(_) => fs::remove_file(&path),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut folder = parent(relative);
        while folder.contains('/') && fs::remove_dir(self.path(folder)).is_ok() {
            self.settled().remove(folder);
            folder = parent(folder);
        }
        Ok(())
    }

    /// Makes a bucket's folder.
    pub(crate) fn make_bucket(&self, bucket: &str) -> Result<(), StoreError> {
        match self
            .make_folder(bucket)
            .map_err(StoreError::disk("create a folder"))?
        {
            Made::Folder => self.settle(std::iter::once(bucket)),
            Made::TakenByFile => Err(StoreError::disk("create a folder")(
                io::ErrorKind::NotADirectory.into(),
            )),
        }
    }

    /// Removes a bucket's folder if it is empty; a folder with files of someone else's stays.
    pub(crate) fn remove_bucket(&self, bucket: &str) {
        if fs::remove_dir(self.path(bucket)).is_ok() {
            self.settled().remove(bucket);
        }
    }

    /// The files left in `.incoming`.
    pub(crate) fn leftovers(&self) -> io::Result<Vec<PathBuf>> {
        entries(&self.root.join(INCOMING))
    }

    fn settled(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        // The set is only ever grown or shrunk by whole entries, so a poisoned one is still right.
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Made {
    Folder,
    TakenByFile,
}

/// The paths directly inside a folder.
pub(crate) fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect()
}

/// A second name for a file; a move where the file system knows no second names. Never replaces.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error)
            if matches!(
                error
                    .raw_os_error()
                    .map(rustix::io::Errno::from_raw_os_error),
                Some(rustix::io::Errno::PERM | rustix::io::Errno::OPNOTSUPP)
            ) =>
        {
            Ok(rustix::fs::renameat_with(
                CWD,
                from,
                CWD,
                to,
                RenameFlags::NOREPLACE,
            )?)
        }
        other => other,
    }
}

fn parent(relative: &str) -> &str {
    relative.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn chance() -> Result<u32, StoreError> {
    getrandom::u32().map_err(|error| StoreError::Disk {
        action: "draw a random name",
        source: Arc::new(io::Error::other(error)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn tree() -> (tempfile::TempDir, Tree) {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::open(folder.path(), Durability::Relaxed).unwrap();
        (folder, tree)
    }

    fn put(tree: &Tree, key: &str) -> String {
        let mut incoming = tree.incoming().unwrap();
        incoming.file.write_all(key.as_bytes()).unwrap();
        tree.sync(&incoming).unwrap();
        let path = tree.place_object(&incoming, "bucket", key).unwrap();
        tree.settle(std::iter::once(path.as_str())).unwrap();
        path
    }

    #[test]
    fn a_taken_name_gets_a_variant_and_nothing_is_replaced() {
        let (_folder, tree) = tree();
        let first = put(&tree, "a/b");
        let second = put(&tree, "a/b");
        assert_eq!(first, "bucket/a/b");
        assert!(second.starts_with("bucket/a/b~"), "{second}");
        assert!(tree.leftovers().unwrap().is_empty());
    }

    #[test]
    fn a_file_and_a_folder_of_one_name_live_side_by_side() {
        let (_folder, tree) = tree();
        assert_eq!(put(&tree, "a"), "bucket/a");
        let below = put(&tree, "a/b");
        let sibling = put(&tree, "a/c");
        assert_ne!(below, "bucket/a/b");
        assert_eq!(parent(&below), parent(&sibling));
        assert_eq!(put(&tree, "x/y"), "bucket/x/y");
        assert!(put(&tree, "x").starts_with("bucket/x~"));
    }

    #[test]
    fn removing_the_last_file_removes_its_folders_but_not_the_bucket() {
        let (_folder, tree) = tree();
        let path = put(&tree, "a/b/c");
        tree.remove(&path).unwrap();
        assert!(!tree.path("bucket/a").exists());
        assert!(tree.path("bucket").exists());
        assert_eq!(put(&tree, "a/b/c"), "bucket/a/b/c");
    }

    #[test]
    fn a_second_opening_is_refused() {
        let (folder, _tree) = tree();
        assert!(matches!(
            Tree::open(folder.path(), Durability::Full),
            Err(OpenError::InUse { .. })
        ));
    }
}
