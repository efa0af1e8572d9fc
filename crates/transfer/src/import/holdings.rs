//! What the bucket of an import holds: one listing, kept on disk and indexed, so that memory does not grow
//! with the number of objects.
//!
//! A page names a thousand objects, so that a million of them cost a thousand requests, which is less
//! than asking for each of a thousand files; whatever is not in a listing is asked for by itself. The listing
//! of the first attempt is kept until the import is done: it says what was there before the job, however
//! often the job is interrupted.

use std::fs;
use std::io;
use std::path::Path;

use model::ids::ObjectKey;
use objectstore::object::Listed;
use objectstore::{Bucket, StoreError};
use redb::{Database, Durability, ReadableDatabase, TableDefinition};

use crate::import::takeover::Era;
use crate::journal::JournalError;
use crate::stop::{Halt, Stop};

/// Key of an object → its size in bytes and its entity tag.
const OBJECTS: TableDefinition<'_, &str, (u64, &str)> = TableDefinition::new("objects");

/// Keys of objects that earlier attempts of the job have put, where this host lists for the first time and others have been
/// at the job before: they were not there before it.
const OWN: TableDefinition<'_, &str, ()> = TableDefinition::new("own");

/// Memory that a listing may use, in bytes: the pages of a few thousand keys.
const CACHE_BYTES: usize = 8 << 20;

/// Objects of one page: as many as any store gives.
const PAGE: u16 = 1000;

/// Pages at most: of more than ten million objects, which take some minutes to list and a gigabyte to keep,
/// those that come later are asked for one by one.
const PAGES: u32 = 10_000;

/// Pages that go into one transaction.
const PAGES_PER_COMMIT: u32 = 20;

/// What is under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Held {
    /// An object.
    Object {
        /// Its size in bytes.
        size: u64,
        /// Its entity tag without quotes.
        etag: String,
    },
    /// Nothing.
    Nothing,
    /// The listing does not say.
    Unknown,
}

/// What a bucket that does not exist is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MissingBucket {
    /// Nothing can be loaded into it.
    Stops,
    /// It holds nothing, and nothing is to be loaded.
    IsEmpty,
}

/// The prefix of what is listed, and what a bucket that does not exist is taken for.
type Sought<'a> = (&'a str, MissingBucket);

/// A listing.
#[derive(Debug)]
struct Listing {
    database: Database,
    is_complete: bool,
    /// Whether it is known to name nothing, as of most buckets that are loaded: then nothing is read.
    is_empty: bool,
}

/// What the bucket holds now, and held before the job.
#[derive(Debug)]
pub(crate) struct Holdings {
    now: Listing,
    /// `None` where this attempt is the first: it is the same.
    before: Option<Listing>,
}

impl Holdings {
    /// Lists the objects whose keys begin with the prefix of `what`, where a bucket that is not there is as it says.
    /// `folder` is that of the job, which was done before in the era `earlier`, if it was.
    ///
    /// # Errors
    /// [`Halt`]: the store does not list, or this station's disk does not take it.
    pub(crate) fn look(
        folder: &Path,
        bucket: &dyn Bucket,
        what: Sought<'_>,
        earlier: Option<Era>,
        stop: &Stop,
    ) -> Result<Self, Halt> {
        let (before, now) = (folder.join(BEFORE), folder.join(NOW));
        if before.exists() {
            return Ok(Self {
                before: Some(Listing::open(&before)?),
                now: Listing::make(&now, bucket, what, None, stop)?,
            });
        }
        let listing = Listing::make(&now, bucket, what, earlier, stop)?;
        if stop.is_set() {
            return Ok(Self {
                now: listing,
                before: None,
            });
        }
        let (is_complete, is_empty) = (listing.is_complete, listing.is_empty);
        // Closed first: its name says that it is whole.
        drop(listing);
        fs::rename(&now, &before).map_err(disk)?;
        Ok(Self {
            now: Listing {
                is_complete,
                is_empty,
                ..Listing::open(&before)?
            },
            before: None,
        })
    }

    /// What is under a key now.
    pub(crate) fn now(&self, key: &ObjectKey) -> Result<Held, JournalError> {
        self.now.get(key)
    }

    /// What was under a key before the job.
    pub(crate) fn before(&self, key: &ObjectKey) -> Result<Held, JournalError> {
        let before = self.before.as_ref().unwrap_or(&self.now);
        match before.is_own(key)? {
            true => Ok(Held::Nothing),
            false => before.get(key),
        }
    }
}

/// What the listing of the first attempt is called in the folder of the job.
const BEFORE: &str = "before";

/// What the listing of a later attempt is called there.
const NOW: &str = "now";

/// Removes the listings of an import that is done.
pub(crate) fn forget(folder: &Path) {
    for name in [BEFORE, NOW] {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(name, %error, "a listing is left in the folder of the job");
            }
            _ => {}
        }
    }
}

impl Listing {
    fn make(
        path: &Path,
        bucket: &dyn Bucket,
        what: Sought<'_>,
        earlier: Option<Era>,
        stop: &Stop,
    ) -> Result<Self, Halt> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(disk(error)),
            _ => {}
        }
        let mut listing = Self {
            database: builder().create(path).map_err(disk)?,
            is_complete: false,
            is_empty: false,
        };
        (listing.is_complete, listing.is_empty) = listing.fill(bucket, what, earlier, stop)?;
        Ok(listing)
    }

    /// Opens the listing of an earlier attempt; nobody knows whether it is complete.
    fn open(path: &Path) -> Result<Self, Halt> {
        Ok(Self {
            database: builder().open(path).map_err(disk)?,
            is_complete: false,
            is_empty: false,
        })
    }

    /// Lists; says whether nothing is left out, and whether there is nothing.
    fn fill(
        &self,
        bucket: &dyn Bucket,
        what: Sought<'_>,
        earlier: Option<Era>,
        stop: &Stop,
    ) -> Result<(bool, bool), Halt> {
        let (prefix, missing) = what;
        let (mut last, mut token): (Option<ObjectKey>, Option<String>) = (None, None);
        let (mut pages, mut open, mut is_empty) = (0, self.begin()?, true);
        // Made here, so that it is there also if nothing is listed.
        add(&open, &[], earlier)?;
        let is_complete = loop {
            // By the store's own word where it gives one: not every store lists in the order of keys.
            let listed = match token.as_deref() {
                Some(token) => bucket.list_on(prefix, token, PAGE),
                None => bucket.list(prefix, last.as_ref(), PAGE),
            };
            let page = match listed {
                Ok(page) => page,
                // Who may write need not be allowed to list.
                Err(error @ (StoreError::AccessDenied(_) | StoreError::Refused(_))) => {
                    tracing::warn!(%error, "the store does not list the bucket");
                    break false;
                }
                Err(StoreError::NoSuchBucket(_)) if missing == MissingBucket::IsEmpty => {
                    break true;
                }
                Err(error) => return Err(Halt::Store(error)),
            };
            add(&open, &page.objects, earlier)?;
            is_empty &= page.objects.is_empty();
            let next = page.objects.last().map(|object| object.key.clone());
            let has_come_on = match &page.next {
                Some(next) => token.as_ref() != Some(next),
                None => next.is_some() && next != last,
            };
            if stop.is_set() || !page.more || !has_come_on {
                break !stop.is_set() && !page.more;
            }
            (last, token, pages) = (next, page.next, pages + 1);
            if pages == PAGES {
                break false;
            }
            if pages % PAGES_PER_COMMIT == 0 {
                open.commit().map_err(disk)?;
                open = self.begin()?;
            }
        };
        open.set_durability(Durability::Immediate).map_err(disk)?;
        open.commit().map_err(disk)?;
        Ok((is_complete, is_empty))
    }

    fn begin(&self) -> Result<redb::WriteTransaction, Halt> {
        let mut open = self.database.begin_write().map_err(disk)?;
        open.set_durability(Durability::None).map_err(disk)?;
        Ok(open)
    }

    fn get(&self, key: &ObjectKey) -> Result<Held, JournalError> {
        let absent = match self.is_complete {
            true => Held::Nothing,
            false => Held::Unknown,
        };
        if self.is_empty {
            return Ok(absent);
        }
        let read = || -> Result<Held, redb::Error> {
            let open = self.database.begin_read()?;
            let objects = open.open_table(OBJECTS)?;
            let found = objects.get(key.as_str())?;
            Ok(match found.as_ref().map(|found| found.value()) {
                Some((size, etag)) => Held::Object {
                    size,
                    etag: etag.to_owned(),
                },
                None => absent,
            })
        };
        read().map_err(|error| JournalError::Index(Box::new(error)))
    }

    /// Whether an earlier attempt has put the object under a key, at another host.
    fn is_own(&self, key: &ObjectKey) -> Result<bool, JournalError> {
        let read = || -> Result<bool, redb::Error> {
            let open = self.database.begin_read()?;
            match open.open_table(OWN) {
                Ok(own) => Ok(own.get(key.as_str())?.is_some()),
                // A listing that an earlier release has made.
                Err(redb::TableError::TableDoesNotExist(_)) => Ok(false),
                Err(error) => Err(error.into()),
            }
        };
        match self.is_empty {
            true => Ok(false),
            false => read().map_err(|error| JournalError::Index(Box::new(error))),
        }
    }
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

fn add(open: &redb::WriteTransaction, listed: &[Listed], earlier: Option<Era>) -> Result<(), Halt> {
    let mut objects = open.open_table(OBJECTS).map_err(disk)?;
    let mut own = open.open_table(OWN).map_err(disk)?;
    for object in listed {
        let value = (object.size, object.etag.as_str());
        objects.insert(object.key.as_str(), value).map_err(disk)?;
        if earlier.is_some_and(|era| era.has_object(object.last_modified)) {
            own.insert(object.key.as_str(), ()).map_err(disk)?;
        }
    }
    Ok(())
}

fn disk(error: impl Into<redb::Error>) -> Halt {
    Halt::Journal(JournalError::Index(Box::new(error.into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use objectstore::Checksums;
    use objectstore::memory::MemoryBucket;
    use objectstore::object::Attributes;

    fn put(bucket: &MemoryBucket, key: &str, content: &'static [u8]) {
        let (key, sums) = (ObjectKey::new(key).unwrap(), Checksums::of(content));
        let put = bucket.put(&key, content.into(), &Attributes::default(), &sums);
        put.unwrap();
    }

    fn size(held: Held) -> Option<u64> {
        match held {
            Held::Object { size, .. } => Some(size),
            Held::Nothing | Held::Unknown => None,
        }
    }

    /// What was there before the job is still known in its later attempts; what is there now as well.
    #[test]
    fn before_stays_and_now_is_new() {
        let (folder, bucket) = (tempfile::tempdir().unwrap(), MemoryBucket::new());
        for number in 0..2500 {
            put(&bucket, &format!("p/{number}"), b"1");
        }
        put(&bucket, "other", b"1");
        let (key, gone) = (
            ObjectKey::new("p/7").unwrap(),
            ObjectKey::new("p/8").unwrap(),
        );
        let other = ObjectKey::new("other").unwrap();
        let look = || {
            Holdings::look(
                folder.path(),
                &bucket,
                ("p/", MissingBucket::Stops),
                None,
                &Stop::default(),
            )
            .unwrap()
        };
        let first = look();
        assert_eq!(size(first.now(&key).unwrap()), Some(1));
        assert_eq!(size(first.before(&key).unwrap()), Some(1));
        assert_eq!(first.now(&other).unwrap(), Held::Nothing);
        drop(first);
        put(&bucket, "p/7", b"twelve bytes");
        bucket.delete(&gone).unwrap();
        let second = look();
        assert_eq!(size(second.now(&key).unwrap()), Some(12));
        assert_eq!(size(second.before(&key).unwrap()), Some(1));
        assert_eq!(second.now(&gone).unwrap(), Held::Nothing);
        assert_eq!(size(second.before(&gone).unwrap()), Some(1));
        drop(second);
        forget(folder.path());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(size(look().before(&key).unwrap()), Some(12));
    }
}
