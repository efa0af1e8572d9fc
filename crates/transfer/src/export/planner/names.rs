//! Which names of a device are given away, kept on disk, so that memory does not grow with the
//! number of objects.

use std::path::{Path, PathBuf};

use model::export::{self, Unfit};
use model::manifest::FileSystem;
use redb::{Database, Durability, ReadableTable as _, TableDefinition};

use super::PlanFailure;

/// Folded path → what is there: the last part of a directory's name as it was first given, or
/// nothing for a file.
const NAMES: TableDefinition<'_, &str, &str> = TableDefinition::new("names");

/// Folded directory → entries of 32 bytes that it has, where there is a limit to them.
const ENTRIES: TableDefinition<'_, &str, u64> = TableDefinition::new("entries");

/// Entries of a directory on FAT32, which has 2 MiB at most (Microsoft, *FAT32 File System
/// Specification*), without its own two, and without those of files on their way to their names,
/// which are some thousand, with three entries each, and leave holes.
const FAT_ENTRIES: u64 = 65_534 - 15_000;

/// Memory the names may use, in bytes.
const CACHE_BYTES: usize = 24 << 20;

/// Names that go into one transaction.
const NAMES_PER_COMMIT: usize = 10_000;

/// The names of a device.
pub(super) struct Names {
    file_system: FileSystem,
    path: PathBuf,
    /// Closed before the database is.
    open: Option<redb::WriteTransaction>,
    database: Database,
    pending: usize,
    /// The directory of the last name, as it was asked for and as it is on the device: names come in
    /// order, and most have the directory of the one before.
    last: Option<(String, String)>,
}

/// A name that may be taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Free {
    /// The path as it is on the device: where case does not count, with its directories written
    /// as they were at first.
    pub(super) path: String,
    /// Directories above it that are not there yet, the uppermost first.
    pub(super) directories: Vec<String>,
}

impl Names {
    /// Makes an empty memory at `path`, in the place of whatever is there.
    pub(super) fn create(file_system: FileSystem, path: &Path) -> Result<Self, PlanFailure> {
        let kept = |error: redb::Error| failed(path, error);
        match std::fs::remove_file(path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(kept(e.into())),
            _ => {}
        }
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create(path)
            .map_err(|error| kept(error.into()))?;
        Ok(Self {
            file_system,
            path: path.to_owned(),
            open: None,
            database,
            pending: 0,
            last: None,
        })
    }

    /// Takes the name `path` for a file if it is free and `afford` agrees. `Ok(None)` if that
    /// does not; then nothing is taken.
    pub(super) fn file(
        &mut self,
        path: &str,
        afford: &mut dyn FnMut(&Free) -> bool,
    ) -> Result<Result<Option<Free>, Unfit>, PlanFailure> {
        let last = self.last.take();
        self.write(|names| {
            let (parent, name) = split(path);
            let free = match names.below(parent, last)? {
                Ok(above) => above.join(name),
                Err(unfit) => return Ok((Err(unfit), None)),
            };
            let unfit = match names.get(&free.path)? {
                None => None,
                Some(there) if there.is_empty() => Some(Unfit::Taken(free.path.clone())),
                Some(_) => Some(Unfit::IsDirectory(free.path.clone())),
            };
            if let Some(unfit) = unfit.or(names.full(&free, NameKind::File)?) {
                return Ok((Err(unfit), None));
            }
            if !afford(&free) {
                return Ok((Ok(None), None));
            }
            names.insert_directories(&free.directories)?;
            names.insert(&free.path, "")?;
            let last = (parent.to_owned(), split(&free.path).0.to_owned());
            Ok((Ok(Some(free)), Some(last)))
        })
    }

    /// Takes the name `path` for a directory, which it may be already, as [`Names::file`] does.
    pub(super) fn directory(
        &mut self,
        path: &str,
        afford: &mut dyn FnMut(&Free) -> bool,
    ) -> Result<Result<Option<Free>, Unfit>, PlanFailure> {
        self.write(|names| {
            let free = match names.below(path, None)? {
                Ok(free) => free,
                Err(unfit) => return Ok((Err(unfit), None)),
            };
            if let Some(full) = names.full(&free, NameKind::Directory)? {
                return Ok((Err(full), None));
            }
            if !afford(&free) {
                return Ok((Ok(None), None));
            }
            names.insert_directories(&free.directories)?;
            Ok((Ok(Some(free)), None))
        })
    }

    fn write<T>(
        &mut self,
        work: impl FnOnce(&mut Table<'_>) -> Result<(T, Option<(String, String)>), redb::Error>,
    ) -> Result<T, PlanFailure> {
        let done = self.transact(work);
        done.map_err(|error| failed(&self.path, error))
    }

    fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Table<'_>) -> Result<(T, Option<(String, String)>), redb::Error>,
    ) -> Result<T, redb::Error> {
        let transaction = match self.open.take() {
            Some(open) => open,
            None => {
                let mut begun = self.database.begin_write()?;
                begun.set_durability(Durability::None)?;
                begun
            }
        };
        let (done, last) = work(&mut Table {
            file_system: self.file_system,
            names: transaction.open_table(NAMES)?,
            entries: transaction.open_table(ENTRIES)?,
        })?;
        self.last = last;
        self.pending += 1;
        if self.pending == NAMES_PER_COMMIT {
            self.pending = 0;
            transaction.commit()?;
        } else {
            self.open = Some(transaction);
        }
        Ok(done)
    }
}

/// What a name is taken for.
#[derive(Debug, Clone, Copy)]
enum NameKind {
    File,
    Directory,
}

/// The names within a transaction.
struct Table<'a> {
    file_system: FileSystem,
    names: redb::Table<'a, &'static str, &'static str>,
    entries: redb::Table<'a, &'static str, u64>,
}

impl Table<'_> {
    fn get(&self, path: &str) -> Result<Option<String>, redb::Error> {
        let folded = export::fold(self.file_system, path);
        let there = self.names.get(folded.as_str())?;
        Ok(there.map(|there| there.value().to_owned()))
    }

    fn insert(&mut self, path: &str, what: &str) -> Result<(), redb::Error> {
        let folded = export::fold(self.file_system, path);
        self.names.insert(folded.as_str(), what)?;
        if self.file_system == FileSystem::Fat32 {
            let (directory, name) = split(&folded);
            let entries = self.entries(directory)? + fat_entries(name);
            self.entries.insert(directory, entries)?;
        }
        Ok(())
    }

    /// The entries a directory has, where they are counted.
    fn entries(&self, folded: &str) -> Result<u64, redb::Error> {
        let entries = self.entries.get(folded)?;
        Ok(entries.map_or(0, |entries| entries.value()))
    }

    /// Why what is new of `free` does not go into its directory, if it does not: the uppermost new
    /// directory, or else the file. What is below a new directory is the first there.
    fn full(&self, free: &Free, kind: NameKind) -> Result<Option<Unfit>, redb::Error> {
        let new = match (free.directories.first(), kind) {
            _ if self.file_system != FileSystem::Fat32 => return Ok(None),
            (Some(directory), _) => directory,
            (None, NameKind::File) => &free.path,
            (None, NameKind::Directory) => return Ok(None),
        };
        let (directory, name) = split(new);
        let folded = export::fold(self.file_system, directory);
        let entries = self.entries(&folded)? + fat_entries(name);
        Ok((entries > FAT_ENTRIES).then(|| Unfit::DirectoryFull(directory.to_owned())))
    }

    fn insert_directories(&mut self, directories: &[String]) -> Result<(), redb::Error> {
        directories
            .iter()
            .try_for_each(|directory| self.insert(directory, split(directory).1))
    }

    /// The directory at `path` as it is, or would be, on the device. `last` is one that is there.
    fn below(
        &self,
        path: &str,
        last: Option<(String, String)>,
    ) -> Result<Result<Free, Unfit>, redb::Error> {
        if let Some((_, found)) = last.filter(|(asked, _)| asked == path) {
            return Ok(Ok(Free {
                path: found,
                directories: Vec::new(),
            }));
        }
        let mut above = Free {
            path: String::new(),
            directories: Vec::new(),
        };
        for part in path.split('/').filter(|part| !part.is_empty()) {
            let here = above.join(part);
            // Below what is not there nothing is.
            let there = match here.directories.is_empty() {
                true => self.get(&here.path)?,
                false => None,
            };
            above = match there {
                Some(spelled) if !spelled.is_empty() => Free {
                    path: within(&above.path, &spelled),
                    directories: above.directories,
                },
                Some(_) => return Ok(Err(Unfit::BelowFile(here.path))),
                None => here.with_itself(),
            };
        }
        Ok(Ok(above))
    }
}

impl Free {
    fn join(&self, name: &str) -> Self {
        Self {
            path: within(&self.path, name),
            directories: self.directories.clone(),
        }
    }

    fn with_itself(mut self) -> Self {
        self.directories.push(self.path.clone());
        self
    }
}

/// Entries a name takes on FAT: its own, and one for each 13 units.
fn fat_entries(name: &str) -> u64 {
    1 + (name.encode_utf16().count() as u64).div_ceil(13)
}

/// Directory and name of a path; the directory is empty in the root.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn within(directory: &str, name: &str) -> String {
    if directory.is_empty() {
        name.to_owned()
    } else {
        format!("{directory}/{name}")
    }
}

fn failed(path: &Path, source: redb::Error) -> PlanFailure {
    PlanFailure::Names {
        path: path.to_owned(),
        source: Box::new(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(file_system: FileSystem) -> (tempfile::TempDir, Names) {
        let folder = tempfile::tempdir().unwrap();
        let names = Names::create(file_system, &folder.path().join("names")).unwrap();
        (folder, names)
    }

    #[test]
    fn a_directory_of_fat_takes_no_more_than_it_has_entries_for() {
        // Each name of 247 units has 20 entries.
        let path = |number: u64| format!("dir/{}{number:07}", "n".repeat(240));
        for (file_system, holds) in [
            (FileSystem::Fat32, FAT_ENTRIES / 20),
            (FileSystem::ExFat, 3_400),
        ] {
            let (_folder, mut names) = names(file_system);
            let mut taken = 0;
            while taken < 3_400 && names.file(&path(taken), &mut |_| true).unwrap().is_ok() {
                taken += 1;
            }
            assert_eq!(taken, holds, "{file_system:?}");
        }
        let (_folder, mut names) = names(FileSystem::Fat32);
        for number in 0..FAT_ENTRIES / 20 {
            names.file(&path(number), &mut |_| true).unwrap().unwrap();
        }
        let full = Unfit::DirectoryFull("dir".into());
        let long = format!("dir/{}", "s".repeat(247));
        assert_eq!(
            names.directory(&long, &mut |_| true).unwrap(),
            Err(full.clone())
        );
        assert_eq!(
            names.file(&format!("{long}/x"), &mut |_| true).unwrap(),
            Err(full)
        );
        assert!(names.file("dir/short", &mut |_| true).unwrap().is_ok());
        assert!(names.directory("dir", &mut |_| true).unwrap().is_ok());
    }

    #[test]
    fn a_name_that_is_not_afforded_stays_free() {
        let (_folder, mut names) = names(FileSystem::Ntfs);
        let refused = names.file("a/b/c", &mut |free| {
            assert_eq!(free.directories, ["a", "a/b"]);
            false
        });
        assert_eq!(refused.unwrap(), Ok(None));
        let taken = names
            .directory("A/B/C", &mut |_| true)
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!(taken.directories, ["A", "A/B", "A/B/C"]);
        let below = names
            .file("a/b/c/d", &mut |_| true)
            .unwrap()
            .unwrap()
            .unwrap();
        assert_eq!((&*below.path, below.directories.len()), ("A/B/C/d", 0));
    }
}
