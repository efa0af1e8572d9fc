//! An index on disk of what a journal holds, so that memory does not grow with the number of
//! files. Derived from the journal, made anew whenever it is needed, worth nothing alone.

use std::path::Path;

use model::entry::EntryPath;
use model::key_space::KeySpace;
use model::outcome::{EntryRecord, Failure, FailureCode, Outcome};
use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
};

use crate::journal::JournalError;

/// What an entry is filed under: its path on the device, or its place in the plan of an export, big
/// end first → the offset of its last record, whether that says stored, its bytes, and when it was last
/// changed: its content and anything of it, in nanoseconds since 1970.
const ENTRIES: TableDefinition<'_, &[u8], Filed> = TableDefinition::new("entries");

/// What stands in [`ENTRIES`].
type Filed = (u64, bool, u64, Option<(i64, i64)>);

/// Paths of files that the journal says are stored, and whose objects are not there any more.
const LOST: TableDefinition<'_, &[u8], ()> = TableDefinition::new("lost");

/// Paths that earlier attempts have begun or failed to load, and that this attempt has not met yet → their
/// bytes, whether it was known already that their objects are gone, and whether they may be of folders.
const AWAITED: TableDefinition<'_, &[u8], (u64, u8)> = TableDefinition::new("awaited");

/// The form under which the store files a key → the path that has it.
const KEYS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("keys");

/// Memory the index may use, in bytes: entries come nearly in the order in which they are filed, so that
/// few pages are at work, and the system keeps the file in its own cache.
const CACHE_BYTES: usize = 8 << 20;

/// Claims of keys that go into one transaction.
const CLAIMS_PER_COMMIT: usize = 10_000;

/// An index of a journal.
#[derive(Debug)]
pub struct Index {
    database: Database,
}

impl Index {
    /// Makes an empty index at `path`, in the place of whatever is there.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn create(path: &Path) -> Result<Self, JournalError> {
        match std::fs::remove_file(path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(index(e)),
            _ => {}
        }
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create(path)
            .map_err(index)?;
        Ok(Self { database })
    }

    /// Begins to file entries by their paths; the last record of a path counts.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn filling(&self, keep: Keep) -> Result<Filling, JournalError> {
        let transaction = self.begin()?;
        // Made here, so that it is there also if nothing is filed.
        drop(transaction.open_table(ENTRIES).map_err(index)?);
        drop(transaction.open_table(LOST).map_err(index)?);
        drop(transaction.open_table(AWAITED).map_err(index)?);
        Ok(Filling { transaction, keep })
    }

    /// What is known of the file that was stored from `path`, if one was.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn stored(&self, path: &EntryPath) -> Result<Option<StoredFile>, JournalError> {
        self.stored_under(path.as_bytes())
    }

    /// The bytes of the file that was written for this place in the plan of an export, if one was.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn written(&self, ordinal: u64) -> Result<Option<u64>, JournalError> {
        let stored = self.stored_under(&ordinal.to_be_bytes())?;
        Ok(stored.map(|file| file.bytes))
    }

    fn stored_under(&self, id: &[u8]) -> Result<Option<StoredFile>, JournalError> {
        let transaction = self.database.begin_read().map_err(index)?;
        let entries = transaction.open_table(ENTRIES).map_err(index)?;
        let found = entries.get(id).map_err(index)?.map(|found| found.value());
        Ok(found.and_then(|(_, is_stored, bytes, times)| {
            is_stored.then_some(StoredFile { bytes, times })
        }))
    }

    /// Whether the journal says behind `offset` what became of an entry.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn is_known_since(&self, offset: u64, path: &EntryPath) -> Result<bool, JournalError> {
        let transaction = self.database.begin_read().map_err(index)?;
        let entries = transaction.open_table(ENTRIES).map_err(index)?;
        let found = entries.get(path.as_bytes()).map_err(index)?;
        Ok(found.is_some_and(|found| found.value().0 > offset))
    }

    /// Hands the offset of the record of every entry that is stored to `visit`.
    ///
    /// # Errors
    /// [`JournalError`]; also whatever `visit` returns.
    pub fn for_each_stored(
        &self,
        visit: &mut dyn FnMut(u64) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let transaction = self.database.begin_read().map_err(index)?;
        let entries = transaction.open_table(ENTRIES).map_err(index)?;
        for entry in entries.iter().map_err(index)? {
            let (_, value) = entry.map_err(index)?;
            if let (offset, true, ..) = value.value() {
                visit(offset)?;
            }
        }
        Ok(())
    }

    /// Notes that the objects of these files are not there any more.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn lose(&self, paths: &[EntryPath]) -> Result<(), JournalError> {
        let transaction = self.begin()?;
        {
            let mut lost = transaction.open_table(LOST).map_err(index)?;
            for path in paths {
                lost.insert(path.as_bytes(), ()).map_err(index)?;
            }
        }
        transaction.commit().map_err(index)
    }

    fn begin(&self) -> Result<redb::WriteTransaction, JournalError> {
        let mut transaction = self.database.begin_write().map_err(index)?;
        transaction
            .set_durability(Durability::None)
            .map_err(index)?;
        Ok(transaction)
    }

    /// Whether the object of a file is not there any more.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn is_lost(&self, path: &EntryPath) -> Result<bool, JournalError> {
        let transaction = self.database.begin_read().map_err(index)?;
        let lost = transaction.open_table(LOST).map_err(index)?;
        Ok(lost.get(path.as_bytes()).map_err(index)?.is_some())
    }

    /// Hands the paths of lost files that were not found again to `visit`.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn for_each_lost(&self, visit: &mut dyn FnMut(EntryPath)) -> Result<(), JournalError> {
        let transaction = self.database.begin_read().map_err(index)?;
        let lost = transaction.open_table(LOST).map_err(index)?;
        for entry in lost.iter().map_err(index)? {
            let (path, _) = entry.map_err(index)?;
            visit(EntryPath::new(path.value()));
        }
        Ok(())
    }

    /// Whether earlier attempts have begun or failed to load anything that was not met yet.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn awaits_any(&self) -> Result<bool, JournalError> {
        let transaction = self.database.begin_read().map_err(index)?;
        let awaited = transaction.open_table(AWAITED).map_err(index)?;
        awaited.is_empty().map(|empty| !empty).map_err(index)
    }

    /// Hands the files that earlier attempts have begun or failed to load, and that were not met since, to
    /// `visit`.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn for_each_awaited(&self, visit: &mut dyn FnMut(Awaited)) -> Result<(), JournalError> {
        let transaction = self.database.begin_read().map_err(index)?;
        let awaited = transaction.open_table(AWAITED).map_err(index)?;
        for entry in awaited.iter().map_err(index)? {
            let (path, value) = entry.map_err(index)?;
            let (bytes, why) = value.value();
            visit(Awaited {
                path: EntryPath::new(path.value()),
                bytes,
                why: Why::of_number(why),
            });
        }
        Ok(())
    }

    /// Begins to note which path has which key.
    #[must_use]
    pub fn claims(&self) -> Claims<'_> {
        Claims {
            index: self,
            open: None,
            pending: 0,
        }
    }
}

/// A file that an earlier attempt has stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredFile {
    /// Its size.
    pub bytes: u64,
    /// When its content, and when anything of it, was last changed, in nanoseconds since 1970; early
    /// journals do not say.
    pub times: Option<(i64, i64)>,
}

/// A file that an earlier attempt has begun or failed to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// Its path.
    pub path: EntryPath,
    /// Its size when it was met.
    pub bytes: u64,
    /// Why it is not loaded.
    pub why: Why,
}

/// Why a file is to be met again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Why {
    /// It was begun, or could not be read or sent.
    Unsent = 0,
    /// It was known already that neither bucket nor device have it.
    Lost = 1,
    /// It may be a folder that could not be listed, which is met again as what it holds.
    Unlisted = 2,
    /// Its name alone was in the way, which another name mends.
    Name = 3,
}

impl Why {
    fn of(record: &EntryRecord, failure: &Failure) -> Self {
        if failure.code == FailureCode::ObjectLost {
            Self::Lost
        } else if record.bytes == 0 && failure.is_unreadable_name() {
            Self::Unlisted
        } else if failure.code.is_of_name() {
            Self::Name
        } else {
            Self::Unsent
        }
    }

    fn of_number(number: u8) -> Self {
        [Self::Lost, Self::Unlisted, Self::Name]
            .into_iter()
            .find(|why| *why as u8 == number)
            .unwrap_or(Self::Unsent)
    }
}

impl Awaited {
    /// A file that an earlier attempt has stored, and whose object is gone.
    pub(crate) fn lost(path: EntryPath) -> Self {
        Self {
            path,
            bytes: 0,
            why: Why::Lost,
        }
    }
}

/// What an index is filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// The entries.
    Entries,
    /// Also which stored file has which key, where two files may come to one: an object that is
    /// there is not replaced by a file that was not first. Which keys are one the store decides.
    EntriesAndKeys(KeySpace),
}

/// An index that is being filled.
pub struct Filling {
    transaction: redb::WriteTransaction,
    keep: Keep,
}

impl Filling {
    /// Files the outcome of an entry, whose record begins at `offset` of its journal.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn take(&mut self, offset: u64, record: &EntryRecord) -> Result<(), JournalError> {
        if record.source.is_none() {
            self.await_failed(record)?;
        }
        let mut entries = self.transaction.open_table(ENTRIES).map_err(index)?;
        let path = record.path();
        let times = record.times.map(|at| (at.modified_ns, at.changed_ns));
        let value = (offset, is_stored(record), record.bytes, times);
        let place = record
            .source
            .as_ref()
            .map(|source| source.ordinal.to_be_bytes());
        let id = place.as_ref().map_or(path.as_bytes(), |place| place);
        entries.insert(id, value).map_err(index)?;
        if let (Keep::EntriesAndKeys(names), Outcome::Stored(stored)) =
            (&self.keep, &record.outcome)
        {
            let mut keys = self.transaction.open_table(KEYS).map_err(index)?;
            let form = names.form(stored.key.as_str());
            keys.insert(form.as_str(), path.as_bytes()).map_err(index)?;
        }
        Ok(())
    }

    /// What failed is to be met again; what was stored or left out is not.
    fn await_failed(&mut self, record: &EntryRecord) -> Result<(), JournalError> {
        let mut awaited = self.transaction.open_table(AWAITED).map_err(index)?;
        let path = record.path();
        match &record.outcome {
            Outcome::Failed(failure) => {
                let value = (record.bytes, Why::of(record, failure) as u8);
                awaited.insert(path.as_bytes(), value).map_err(index)?;
            }
            Outcome::Stored(_) | Outcome::Ignored { .. } => {
                awaited.remove(path.as_bytes()).map_err(index)?;
            }
        }
        Ok(())
    }

    /// Files that an upload of a file of `bytes` was begun: it is to be met again, unless what it was before is
    /// stored.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn begun(&mut self, path: &EntryPath, bytes: u64) -> Result<(), JournalError> {
        let entries = self.transaction.open_table(ENTRIES).map_err(index)?;
        let entry = entries.get(path.as_bytes()).map_err(index)?;
        if entry.is_some_and(|entry| entry.value().1) {
            return Ok(());
        }
        let mut awaited = self.transaction.open_table(AWAITED).map_err(index)?;
        let value = (bytes, Why::Unsent as u8);
        awaited.insert(path.as_bytes(), value).map_err(index)?;
        Ok(())
    }

    /// Makes what was filed visible.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn finish(self) -> Result<(), JournalError> {
        self.transaction.commit().map_err(index)
    }
}

/// Who has which key: the first path that asks.
pub struct Claims<'a> {
    index: &'a Index,
    open: Option<redb::WriteTransaction>,
    pending: usize,
}

impl Claims<'_> {
    /// Gives a key to `path` unless another path has it; says whether `path` has it. The key is in the form
    /// under which the store files it.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn claim(&mut self, form: &str, path: &EntryPath) -> Result<bool, JournalError> {
        self.change(|transaction| {
            let mut keys = transaction.open_table(KEYS).map_err(index)?;
            let owner = keys
                .get(form)
                .map_err(index)?
                .map(|o| o.value() == path.as_bytes());
            if owner.is_none() {
                keys.insert(form, path.as_bytes()).map_err(index)?;
            }
            Ok(owner.unwrap_or(true))
        })
    }

    /// Notes that a lost file is on the device still. An index has one writer, so that this is done
    /// here.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn find_lost(&mut self, path: &EntryPath) -> Result<(), JournalError> {
        self.change(|transaction| {
            let mut lost = transaction.open_table(LOST).map_err(index)?;
            lost.remove(path.as_bytes()).map(drop).map_err(index)
        })
    }

    /// Notes that a file that earlier attempts have begun or failed to load was met.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn meet(&mut self, path: &EntryPath) -> Result<(), JournalError> {
        self.change(|transaction| {
            let mut awaited = transaction.open_table(AWAITED).map_err(index)?;
            awaited.remove(path.as_bytes()).map(drop).map_err(index)
        })
    }

    /// Makes what was noted visible to all.
    ///
    /// # Errors
    /// [`JournalError::Index`].
    pub fn settle(&mut self) -> Result<(), JournalError> {
        let open = self.open.take();
        open.map_or(Ok(()), |open| open.commit().map_err(index))
    }

    fn change<T>(
        &mut self,
        change: impl FnOnce(&redb::WriteTransaction) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let transaction = match self.open.take() {
            Some(open) => open,
            None => self.index.begin()?,
        };
        let changed = change(&transaction)?;
        self.open = Some(transaction);
        self.pending += 1;
        if self.pending == CLAIMS_PER_COMMIT {
            self.pending = 0;
            self.settle()?;
        }
        Ok(changed)
    }
}

fn is_stored(record: &EntryRecord) -> bool {
    matches!(record.outcome, Outcome::Stored(_))
}

fn index(error: impl Into<redb::Error>) -> JournalError {
    JournalError::Index(Box::new(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_path_has_the_key_and_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::create(&folder.path().join("index")).unwrap();
        let mut claims = index.claims();
        let key = |i: usize| format!("key-{}", i / 2);
        let path = |i: usize| EntryPath::new(format!("path-{i}"));
        for i in 0..25_000 {
            assert_eq!(claims.claim(&key(i), &path(i)).unwrap(), i % 2 == 0, "{i}");
        }
        assert!(claims.claim(&key(0), &path(0)).unwrap());
    }
}
