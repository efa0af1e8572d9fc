//! The files below the root: the one recipe for durable writes, and nothing about what they mean.
//!
//! Contents arrive in `.incoming`, are synced there, and get their own name in one of two ways. A name
//! that is free they get at once, by a hard link, which never replaces anything; the name in
//! `.incoming` stays until the index knows the new one, so that after a crash a file with two names is
//! one whose row may be missing, and can be found. A name that the object they replace has already
//! they get by a rename *after* the index has said so, and noted what is to be renamed; until then
//! the name counts as [moving](Tree::begin_moves), and readers wait.
//! Only the index's writer places and removes files; everyone may create `Incoming` ones and read.

use crate::error::{OpenError, StoreError};
use crate::{Durability, limits, naming};
use durable::reserve::Reserve;
use rustix::fs::{CWD, FlockOperation, RenameFlags};
use std::collections::{BTreeSet, HashSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const INCOMING: &str = ".incoming";
pub(crate) const UPLOADS: &str = ".uploads";

/// How often a taken name is varied before giving up: two random tails of 32 bits hardly ever meet.
const VARIANTS: usize = 16;

/// Folders and files are their owner's alone, whatever the umask says.
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// The store's folder.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    durability: Durability,
    reserve: Reserve,
    /// Folders, relative to the root, that exist and whose own entry is synced.
    settled: Mutex<HashSet<String>>,
    /// Names whose file is about to be replaced, or may have been.
    moving: Mutex<HashSet<String>>,
    moved: tokio::sync::Notify,
    /// Held for as long as the store is open, so that no second process cleans up our files.
    _lock: File,
}

/// How contents come to the name they are to have, relative to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// They have it.
    Named(String),
    /// The file that they replace has it; they get it when the index says so.
    Replacing {
        /// The name.
        path: String,
        /// Where they are until then.
        source: String,
    },
}

impl Place {
    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Named(path) | Self::Replacing { path, .. } => path,
        }
    }
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
            let made = DirBuilder::new()
                .recursive(true)
                .mode(FOLDER_MODE)
                .create(folder);
            made.map_err(fail(folder))?;
        }
        let root = root.canonicalize().map_err(fail(root))?;
        let path = root.join(".lock");
        let lock = private().open(&path).map_err(fail(&path))?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(OpenError::InUse { path: root }),
            Err(error) => return Err(fail(&path)(error.into())),
        }
        Ok(Self {
            reserve: reserve(&root),
            root,
            durability,
            settled: Mutex::default(),
            moving: Mutex::default(),
            moved: tokio::sync::Notify::new(),
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
    ///
    /// # Errors
    /// The disk's; one that is nearly full counts as full, so that there is room to delete.
    pub(crate) fn incoming(&self) -> Result<Incoming, StoreError> {
        if self
            .reserve
            .free()
            .is_some_and(|free| free < limits::RESERVE_BYTES / 2)
        {
            return Err(full("create a file"));
        }
        let name = uuid::Uuid::new_v4().simple().to_string();
        let path = self.root.join(INCOMING).join(name);
        let file = private()
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

    /// Finds the name that fits the key best. `present` is the name of the object to be replaced;
    /// `is_reserved` says that a row of another key has the best name, though its file may be gone.
    pub(crate) fn place_object(
        &self,
        incoming: &Incoming,
        (bucket, key): (&str, &str),
        present: Option<&str>,
        is_reserved: bool,
    ) -> Result<Place, StoreError> {
        let mut components = naming::components(key);
        let name = components.pop().unwrap_or_default();
        let wish = Wish {
            top: bucket,
            folders: &components,
            name: &name,
            present,
            is_reserved,
        };
        self.place(incoming, &wish)
    }

    /// Gives contents a name among the parts of an upload.
    pub(crate) fn place_part(
        &self,
        incoming: &Incoming,
        upload: &str,
        number: i32,
    ) -> Result<Place, StoreError> {
        // A name of its own each time: the part of the same number that is there keeps its file
        // until the index has the new one.
        let wish = Wish {
            top: UPLOADS,
            folders: &[upload.to_owned()],
            name: &naming::variant(&number.to_string(), chance()?),
            present: None,
            is_reserved: false,
        };
        self.place(incoming, &wish)
    }

    fn place(&self, incoming: &Incoming, wish: &Wish<'_>) -> Result<Place, StoreError> {
        match self.try_place(incoming, wish) {
            // Somebody removed a folder that we took for settled.
            Err(StoreError::Disk { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                self.settled().clear();
                self.try_place(incoming, wish)
            }
            placed => placed,
        }
    }

    fn try_place(&self, incoming: &Incoming, wish: &Wish<'_>) -> Result<Place, StoreError> {
        let folder = self
            .folder(wish.top, wish.folders)
            .map_err(StoreError::disk("create a folder"))?;
        let mut candidate = format!("{folder}/{}", wish.name);
        if wish.present == Some(candidate.as_str())
            && let Some(place) = self.replacing(incoming, &candidate, &folder)?
        {
            return Ok(place);
        }
        if wish.is_reserved {
            candidate = format!("{folder}/{}", naming::variant(wish.name, chance()?));
        }
        for _ in 0..VARIANTS {
            if wish.present != Some(candidate.as_str()) {
                match link(&incoming.path, &self.path(&candidate)) {
                    Ok(()) => return Ok(Place::Named(candidate)),
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(StoreError::disk("name a file")(error)),
                }
            }
            // The object had a second choice already, and its first is still taken.
            if let Some(present) = wish.present
                && parent(present) == folder
                && let Some(place) = self.replacing(incoming, present, &folder)?
            {
                return Ok(place);
            }
            candidate = format!("{folder}/{}", naming::variant(wish.name, chance()?));
        }
        Err(StoreError::disk("name a file")(
            io::ErrorKind::AlreadyExists.into(),
        ))
    }

    /// The place of the object that is replaced, if a file can be there.
    fn replacing(
        &self,
        incoming: &Incoming,
        path: &str,
        folder: &str,
    ) -> Result<Option<Place>, StoreError> {
        match fs::symlink_metadata(self.path(path)) {
            Ok(found) if found.is_dir() => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Its file is gone; it heals if at least the folder is there.
                fs::symlink_metadata(self.path(folder)).map_err(StoreError::disk("name a file"))?;
            }
            Ok(_) | Err(_) => {}
        }
        let source = incoming.path.file_name().unwrap_or_default();
        Ok(Some(Place::Replacing {
            path: path.to_owned(),
            source: format!("{INCOMING}/{}", source.to_string_lossy()),
        }))
    }

    /// Says that the files of these names are about to be replaced.
    pub(crate) fn begin_moves<'a>(&self, paths: impl Iterator<Item = &'a str>) {
        self.moving().extend(paths.map(ToOwned::to_owned));
    }

    /// Says that the files of these names are the ones that the index means.
    pub(crate) fn end_moves<'a>(&self, paths: impl Iterator<Item = &'a str>) {
        let mut moving = self.moving();
        for path in paths {
            moving.remove(path);
        }
        drop(moving);
        self.moved.notify_waiters();
    }

    /// Waits until the file of a name is the one that the index means.
    ///
    /// # Errors
    /// [`StoreError::Disk`] if that takes longer than [`limits::MOVE_TIMEOUT`].
    pub(crate) async fn at_rest(&self, path: &str) -> Result<(), StoreError> {
        let wait = async {
            loop {
                let moved = self.moved.notified();
                let mut moved = std::pin::pin!(moved);
                moved.as_mut().enable();
                if !self.moving().contains(path) {
                    return;
                }
                moved.await;
            }
        };
        tokio::time::timeout(limits::MOVE_TIMEOUT, wait)
            .await
            .map_err(|_| {
                StoreError::disk("put a file in its place")(io::ErrorKind::TimedOut.into())
            })
    }

    /// Gives contents that the index has their name; nothing to do if they have it.
    ///
    /// # Errors
    /// The operating system's; then the contents are where they were.
    pub(crate) fn finish_move(&self, source: &str, path: &str) -> io::Result<()> {
        let from = self.path(source);
        match fs::rename(&from, self.path(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && from.exists() => {
                // The folder went away meanwhile.
                DirBuilder::new()
                    .recursive(true)
                    .mode(FOLDER_MODE)
                    .create(self.path(parent(path)))?;
                fs::rename(&from, self.path(path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
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
                    let second = naming::folder_variant(&wish);
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
        match DirBuilder::new().mode(FOLDER_MODE).create(&path) {
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
        placed: impl Iterator<Item = &'a Place>,
    ) -> Result<(), StoreError> {
        self.settle_names(placed.map(|place| match place {
            Place::Named(path) => path.as_str(),
            Place::Replacing { source, .. } => source.as_str(),
        }))
    }

    /// Waits until the names of files are on the disk, each folder once.
    pub(crate) fn settle_names<'a>(
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
            Made::Folder => self.settle_names(std::iter::once(bucket)),
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

    /// Whether the file of a name is there.
    pub(crate) fn has(&self, path: &str) -> bool {
        fs::symlink_metadata(self.path(path)).is_ok_and(|found| found.is_file())
    }

    /// Bytes of the file at a path, if there is one.
    pub(crate) fn length(&self, path: &str) -> Option<u64> {
        self.found(path).ok()?
    }

    /// The same, apart from a disk that does not say.
    ///
    /// # Errors
    /// The operating system's.
    pub(crate) fn found(&self, path: &str) -> io::Result<Option<u64>> {
        match fs::symlink_metadata(self.path(path)) {
            Ok(found) => Ok(found.is_file().then_some(found.len())),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the file of a name is about to be replaced, or may have been.
    pub(crate) fn is_moving(&self, path: &str) -> bool {
        self.moving().contains(path)
    }

    /// Room kept aside, to be given up when the disk is full.
    pub(crate) fn reserve(&self) -> &Reserve {
        &self.reserve
    }

    /// The files left in `.incoming`.
    pub(crate) fn leftovers(&self) -> io::Result<Vec<PathBuf>> {
        entries(&self.root.join(INCOMING))
    }

    fn moving(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.moving.lock().unwrap_or_else(PoisonError::into_inner)
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

/// A name that contents would like to have.
struct Wish<'a> {
    top: &'a str,
    folders: &'a [String],
    name: &'a str,
    /// The name that the object to be replaced has.
    present: Option<&'a str>,
    /// Whether the name belongs to another key, though there may be no file.
    is_reserved: bool,
}

/// The room that the store in a folder keeps aside.
#[must_use]
pub fn reserve(root: &Path) -> Reserve {
    Reserve::new(root.join(".reserve"), limits::RESERVE_BYTES)
}

/// How the store opens files that it writes.
fn private() -> OpenOptions {
    let mut options = File::options();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE);
    options
}

/// Makes a file that another library is going to open, so that it has our mode.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    private().open(path).map(drop)
}

/// The failure of a disk without room.
pub(crate) fn full(action: &'static str) -> StoreError {
    StoreError::disk(action)(io::ErrorKind::StorageFull.into())
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
        let place = tree
            .place_object(&incoming, ("bucket", key), None, false)
            .unwrap();
        tree.settle(std::iter::once(&place)).unwrap();
        place.path().to_owned()
    }

    fn replace(tree: &Tree, key: &str, present: &str) -> Place {
        let incoming = tree.incoming().unwrap();
        tree.place_object(&incoming, ("bucket", key), Some(present), false)
            .unwrap()
    }

    /// What replaces an object waits for its name; nothing else has to take another.
    #[test]
    fn an_object_keeps_its_name_when_it_is_replaced() {
        let (_folder, tree) = tree();
        let first = put(&tree, "2019/IMG.JPG");
        let second = replace(&tree, "2019/IMG.JPG", &first);
        assert_eq!(second.path(), "bucket/2019/IMG.JPG");
        assert!(matches!(second, Place::Replacing { .. }));
        // From a folder of an older release, where names changed at every replacement.
        fs::rename(tree.path(&first), tree.path("bucket/2019/IMG.JPG~e528538b")).unwrap();
        let third = replace(&tree, "2019/IMG.JPG", "bucket/2019/IMG.JPG~e528538b");
        assert_eq!(third, Place::Named("bucket/2019/IMG.JPG".to_owned()));
    }

    /// Files and folders that went away by hand do not keep an object from coming back.
    #[test]
    fn what_vanished_heals() {
        let (_folder, tree) = tree();
        let first = put(&tree, "2019/a.jpg");
        fs::remove_file(tree.path(&first)).unwrap();
        assert!(matches!(
            replace(&tree, "2019/a.jpg", &first),
            Place::Replacing { path, .. } if path == first
        ));
        fs::remove_dir_all(tree.path("bucket")).unwrap();
        assert_eq!(replace(&tree, "2019/a.jpg", &first).path(), first);
        assert_eq!(put(&tree, "2019/b.jpg"), "bucket/2019/b.jpg");
        // A folder is in the way.
        fs::create_dir_all(tree.path(&first)).unwrap();
        let beside = replace(&tree, "2019/a.jpg", &first);
        assert!(beside.path().ends_with(".jpg") && beside.path() != first);
    }

    #[test]
    fn a_name_of_another_key_is_not_taken_though_its_file_is_gone() {
        let (_folder, tree) = tree();
        let incoming = tree.incoming().unwrap();
        let place = tree.place_object(&incoming, ("bucket", "a"), None, true);
        assert!(place.unwrap().path().starts_with("bucket/a~"));
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
